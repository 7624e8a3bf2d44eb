"""Edge cases of clipped-apart."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gradproof.evidence.ledger import Audit
from gradproof.evidence.run import Run
from gradproof.faults.clipped_apart import prove
from records import BIAS, KERNEL, at, healthy
from snippets import assert_findings, assert_silent


def clipped(run: Run, kernel: tuple[float, float], bias: tuple[float, float]) -> Run:
    """Norms of the gradients before and after clipping, at two steps."""
    return replace(
        run,
        audits=tuple(
            Audit(1, step, key, "SGD", gradient_norm=before, used_norm=after)
            for step in (1, 2)
            for key, (before, after) in ((KERNEL, kernel), (BIAS, bias))
        ),
    )


def test_proportions_are_lost():
    """A hundred to one becomes one to one."""
    (found,) = prove(clipped(healthy(), (10.0, 0.01), (0.1, 0.01)))
    assert found.place == at(6)
    assert "cosine between the step and the gradient is 0.71" in found.message


def test_steps_that_were_not_recorded():
    """Where the gradient as taken is known for some steps, the others say nothing."""
    run = clipped(healthy(), (10.0, 0.01), (0.1, 0.01))
    taken = [replace(one, taken_norm=one.gradient_norm, gradient_norm=0.01) for one in run.audits]
    later = [replace(one, step=9, taken_norm=None) for one in taken if one.step == 2]
    (found,) = prove(replace(run, audits=(*taken, *later)))
    assert found.step == 1


def test_clipped_together():
    """All gradients shrink alike."""
    assert not list(prove(clipped(healthy(), (10.0, 0.1), (1.0, 0.01))))


def test_a_bound_that_one_reaches():
    """One gradient is clipped, the other is below the bound."""
    assert not list(prove(clipped(healthy(), (10.0, 1.0), (0.1, 0.1))))


def test_nothing_is_clipped():
    """Gradients as they are."""
    assert not list(prove(clipped(healthy(), (10.0, 10.0), (0.1, 0.1))))


REPLICAS = """
strategy = tf.distribute.{kind}
with strategy.scope():
    net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
    sgd = keras.optimizers.SGD(0.1{option})


def update(x, y):
    with tf.GradientTape() as tape:
        loss = tf.nn.compute_average_loss(tf.reduce_mean(tf.square(net(x) - y), axis=-1))
    gradients = tape.gradient(loss, net.trainable_variables)
    {clip}
    sgd.apply_gradients(zip(gradients, net.trainable_variables)){mark}


strategy.run(update, args=(x, y))
"""
MIRRORED = "MirroredStrategy()"
BY_HAND = "gradients, _ = tf.clip_by_global_norm(gradients, 1.0)"


@pytest.mark.parametrize("keras", ["3", "2"])
def test_by_hand_in_a_replica(keras: str):
    """Each replica clips what it has."""
    text = REPLICAS.format(kind=MIRRORED, option="", clip=BY_HAND + "  # GP508", mark="")
    assert_findings(text, keras=keras)


def test_by_the_optimizer_in_a_replica():
    """Keras 3 clips before it sums up, tf-keras afterwards."""
    text = REPLICAS.format(kind=MIRRORED, option=", clipnorm=1.0", clip="", mark="  # GP508")
    assert_findings(text)
    assert_silent(text.replace("  # GP508", ""), keras="2")


def test_summed_up_first():
    """One device; or the sum over the replicas is what is clipped."""
    one = 'OneDeviceStrategy("CPU:0")'
    assert_silent(REPLICAS.format(kind=one, option="", clip=BY_HAND, mark=""))
    summed = "gradients = tf.distribute.get_replica_context().all_reduce('sum', gradients)\n    "
    assert_silent(REPLICAS.format(kind=MIRRORED, option="", clip=summed + BY_HAND, mark=""))
    assert_silent(REPLICAS.format(kind=MIRRORED, option="", clip="pass", mark=""))


ALONE = """
class Clip:
    def __init__(self, bound):
        self.bound = bound

    def __call__(self, gradients):
        return {clipped}


clip = Clip(0.5)
for _ in range(9):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = clip(tape.gradient(loss, model.trainable_variables))
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
"""


def test_a_global_norm_of_one_gradient():
    """Each of many is given alone; clipping each by its own norm says what it does."""
    text = "[tf.clip_by_global_norm([g], self.bound)[0][0] for g in gradients]"
    assert_findings(ALONE.format(clipped=f"{text}  # GP508"))
    assert_silent(ALONE.format(clipped="tf.clip_by_global_norm(gradients, self.bound)[0]"))
    assert_silent(ALONE.format(clipped="[tf.clip_by_norm(g, self.bound) for g in gradients]"))
