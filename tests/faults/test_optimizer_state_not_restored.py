"""Edge cases of optimizer-state-not-restored."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gradproof.evidence.applies import Pair
from gradproof.evidence.run import Run
from gradproof.evidence.saves import Save
from gradproof.evidence.variable import Variable
from gradproof.faults.optimizer_state_not_restored import prove
from records import BIAS, KERNEL, at, healthy
from snippets import assert_findings, assert_silent, mended_snippet

NEW_KERNEL, NEW_BIAS = 11, 12
OLD, NEW = frozenset({KERNEL, BIAS}), frozenset({NEW_KERNEL, NEW_BIAS})


def gone_on(saved: Save | None = None, loaded: Save | None = None, rate: float = 0.1) -> Run:
    """Training, a file, a new model with a new optimizer, and training again."""
    run = healthy()
    adam = replace(run.optimizers[0], name="Adam", state=4)
    variables = (Variable(NEW_KERNEL, "new/kernel"), Variable(NEW_BIAS, "new/bias"))
    again = replace(
        run.applies[0],
        key=2,
        optimizer=2,
        pairs=(Pair(NEW_KERNEL, name="new/kernel"), Pair(NEW_BIAS, name="new/bias")),
    )
    step = replace(run.steps[0], apply=2, learning_rate=rate, iterations=0)
    return replace(
        run,
        variables=(*run.variables, *variables),
        optimizers=(adam, replace(adam, key=2)),
        applies=(*run.applies, again),
        steps=(*run.steps, step),
        saves=(
            saved or Save("save", "run/ck", at(7), OLD, frozenset(), True),
            loaded or Save("load", "run/ck-1", at(8), NEW, frozenset(), True),
        ),
    )


def test_the_optimizer_was_left_behind():
    """The checkpoint that was loaded is the place, the new optimizer the other end."""
    (found,) = prove(gone_on())
    assert found.place == at(8)
    assert found.related[0].place == at(1)
    assert found.variables == ("new/kernel", "new/bias")


@pytest.mark.parametrize(
    "run",
    [
        gone_on(loaded=Save("load", "run/ck-1", at(8), NEW, frozenset({2}), True)),
        gone_on(loaded=Save("load", "run/other", at(8), NEW, frozenset(), True)),
        gone_on(loaded=Save("load", "run/ck-1", at(8), OLD, frozenset(), True)),
        gone_on(saved=Save("save", "run/ck", at(7), OLD, frozenset(), False)),
        gone_on(rate=0.001),
        healthy(),
    ],
    ids=["with it", "another file", "same model", "before training", "another rate", "no file"],
)
def test_right_programs(run):
    """Restored with the model, pretrained weights, best weights, first weights."""
    assert list(prove(run)) == []


def test_an_optimizer_that_keeps_nothing():
    """Plain SGD has nothing to restore."""
    run = gone_on()
    plain = tuple(replace(one, name="SGD", state=0) for one in run.optimizers)
    assert list(prove(replace(run, optimizers=plain))) == []


def test_a_counter_that_was_set():
    """The program set the counter by hand: it knows what it does."""
    run = gone_on()
    steps = (*run.steps[:-1], replace(run.steps[-1], iterations=40))
    assert list(prove(replace(run, steps=steps))) == []


RESUME = """
import os
net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
adam = keras.optimizers.{optimizer}
{prepare}
for epoch in range(20):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(net(x) - y))
    gradients = tape.gradient(loss, net.trainable_variables)
    adam.apply_gradients(zip(gradients, net.trainable_variables))
    {save}
{after}
"""


def resume(prepare: str, save: str, after: str = "", optimizer: str = "Adam(0.01)") -> str:
    """A program that resumes where it stopped."""
    return RESUME.format(prepare=prepare, save=save, after=after, optimizer=optimizer)


MANAGER = """
checkpoint = tf.train.Checkpoint({holds}){mark}
manager = tf.train.CheckpointManager(checkpoint, "./run", max_to_keep=3)
checkpoint.restore(manager.latest_checkpoint)
"""
LATEST = """
checkpoint = tf.train.Checkpoint({holds}){mark}
latest = tf.train.latest_checkpoint("run")
if latest:
    checkpoint.restore(latest)
"""
WEIGHTS = """
if os.path.exists("net.weights.h5"):
    net.load_weights("net.weights.h5"){mark}
"""
BY_MANAGER = "manager.save()"
MARK = "  # GP603"


@pytest.mark.parametrize(
    ("prepare", "save"),
    [
        (MANAGER.format(holds="model=net", mark=MARK), BY_MANAGER),
        (LATEST.format(holds="net=net", mark=MARK), "checkpoint.save('run/ckpt')"),
        (WEIGHTS.format(mark=MARK), "net.save_weights('net.weights.h5')"),
    ],
)
def test_resumed_in_source(prepare: str, save: str):
    """The program loads what it saves in training, and the optimizer is not in it."""
    assert_findings(resume(prepare, save))
    assert_silent(resume(prepare.replace(MARK, ""), save, optimizer="SGD(0.01)"))


def test_saved_together():
    """Model and optimizer are in one checkpoint; or nobody sees what is in it."""
    both = MANAGER.format(holds="model=net, optimizer=adam", mark="")
    assert_silent(resume(both, BY_MANAGER))
    assert_silent(resume(MANAGER.format(holds="**parts", mark=""), BY_MANAGER))


def test_not_a_resume():
    """Pretrained weights; the best ones in the end; what another program saved."""
    assert_silent(resume("net.load_weights('pretrained.weights.h5')", "net.save_weights('my.h5')"))
    best = "net.load_weights('best.weights.h5')\nprint(net(x))"
    assert_silent(resume("", "net.save_weights('best.weights.h5')", best))
    assert_silent(resume(MANAGER.format(holds="model=net", mark=""), "pass"))


def test_state_that_is_put_in_by_hand():
    """Who reads the variables of the optimizer may well restore them."""
    weights = WEIGHTS.format(mark="")
    slots = "    for slot, value in zip(adam.variables, np.load('slots.npy')): slot.assign(value)"
    assert_silent(resume(weights + slots, "net.save_weights('net.weights.h5')"))


HALVES = """
def make():
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])

def train(net, adam):
    for _ in range(20):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(net(x) - y))
        gradients = tape.gradient(loss, net.trainable_variables)
        adam.apply_gradients(zip(gradients, net.trainable_variables))

net, adam = make(), keras.optimizers.Adam(0.01)
train(net, adam)
path = tf.train.Checkpoint(net=net, adam=adam).save("./half")
again, fresh = make(), keras.optimizers.{fresh}
tf.train.Checkpoint(net=again{with_it}).restore(path){mark}
train(again, fresh)
"""


def test_saved_with_it_and_restored_without():
    """The same optimizer, made once more, leaves behind what the checkpoint has of it."""
    same = "Adam(0.01)"
    lost = HALVES.format(fresh=same, with_it="", mark=MARK)
    assert_findings(lost)
    assert "Checkpoint(net=again, adam=fresh).restore(path)" in mended_snippet(lost)
    assert_silent(HALVES.format(fresh=same, with_it=", adam=fresh", mark=""))
    assert_silent(HALVES.format(fresh="Adam(0.0001)", with_it="", mark=""))


OWN = """
def make():
    return keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(1)])

def train(net, adam):
    for _ in range(5):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(net(x) - y))
        gradients = tape.gradient(loss, net.trainable_variables)
        adam.apply_gradients(zip(gradients, net.trainable_variables))

net = make()
adam = keras.optimizers.Adam(0.01)
train(net, adam)
saved = {saved}
net = make()
net.set_weights(saved["net"])
train(net, keras.optimizers.Adam({rate}))
"""


def test_a_checkpoint_that_is_a_dict():
    """It says how far the training is, and has no state of the optimizer."""
    bare = '{"epoch": 5, "net": net.get_weights()}'
    assert_findings(OWN.format(saved=bare + "  # GP603", rate="0.01"))
    full = '{"epoch": 5, "net": net.get_weights(), "opt": [v.numpy() for v in adam.variables]}'
    assert_silent(OWN.format(saved=full, rate="0.01"))


def test_a_dict_of_weights_for_another_phase():
    """Another rate is another phase, and weights alone are no checkpoint."""
    assert_silent(OWN.format(saved='{"epoch": 5, "net": net.get_weights()}', rate="0.0001"))
    assert_silent(OWN.format(saved='{"net": net.get_weights()}', rate="0.01"))


PHASES = """
def make():
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])

def train(net, rate):
    adam = keras.optimizers.Adam(rate)
    for _ in range(20):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(net(x) - y))
        gradients = tape.gradient(loss, net.trainable_variables)
        adam.apply_gradients(zip(gradients, net.trainable_variables))

net = make()
train(net, 0.01)
path = tf.train.Checkpoint(net=net).save("./half")
again = make()
tf.train.Checkpoint(net=again).restore(path){mark}
train(again, {rate})
"""


def test_a_learning_rate_of_its_own():
    """One line makes both optimizers, the second for finer steps: another phase begins."""
    assert_findings(PHASES.format(rate=0.01, mark=MARK))
    assert_silent(PHASES.format(rate=0.001, mark=""))
