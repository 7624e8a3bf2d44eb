"""Edge cases of clip-option-ignored."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gradproof.evidence.ledger import Audit
from gradproof.evidence.run import Run
from gradproof.faults.clip_option_ignored import prove
from records import KERNEL, at, healthy
from snippets import assert_findings, assert_silent


def audited(run: Run, steps: int = 2, **changes: Any) -> Run:
    """The kernel moves ten times as far as clipping would let it."""
    plain = Audit(
        1,
        1,
        KERNEL,
        "SGD",
        gradient_norm=0.8,
        used_norm=0.08,
        predicted_norm=0.008,
        change_norm=0.08,
        error=0.072,
        slack=1e-5,
        unclipped_error=0.0,
    )
    audits = tuple(replace(plain, step=index, **changes) for index in range(1, steps + 1))
    return replace(run, audits=audits)


def test_the_option_has_no_effect():
    """The change is what the rule says without clipping, at two steps."""
    (found,) = prove(audited(healthy()))
    assert found.place == at(6)
    assert "moved by 0.08 (norm)" in found.message
    assert "0.008" in found.message


def test_one_step():
    """One step may be anything."""
    assert not list(prove(audited(healthy(), steps=1)))


def test_clipped():
    """The change is what the rule says with clipping."""
    assert not list(prove(audited(healthy(), error=0.0, unclipped_error=0.072)))


def test_another_difference():
    """A change that neither rule explains is no matter of clipping."""
    assert not list(prove(audited(healthy(), unclipped_error=0.05)))


def test_a_small_gradient():
    """Below the bound there is nothing to clip: both rules say the same."""
    assert not list(prove(audited(healthy(), error=0.0, unclipped_error=0.0)))


SCALED = """
inner = keras.optimizers.SGD(0.1{inside})
scaled = keras.mixed_precision.LossScaleOptimizer(inner)
{option}
with tf.GradientTape() as tape:
    loss = scaled.scale_loss(tf.reduce_mean(tf.square(model(x) - y)))
gradients = tape.gradient(loss, model.trainable_variables)
scaled.apply_gradients(zip(gradients, model.trainable_variables))
"""


def test_written_to_the_wrapper():
    """The optimizer inside never hears of it."""
    for name in ("clipnorm", "clipvalue", "global_clipnorm"):
        assert_findings(SCALED.format(inside="", option=f"scaled.{name} = 1.0  # GP507"))


def test_given_to_the_optimizer():
    """When it is made, or afterwards; or switched off."""
    assert_silent(SCALED.format(inside=", clipnorm=1.0", option=""))
    assert_silent(SCALED.format(inside="", option="inner.clipnorm = 1.0"))
    assert_silent(SCALED.format(inside="", option="scaled.inner_optimizer.clipnorm = 1.0"))
    assert_silent(SCALED.format(inside="", option="scaled.clipnorm = None"))


LATE = """
sgd = keras.optimizers.SGD(0.1)

{decorator}
def train(x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    sgd.apply_gradients(zip(gradients, model.trainable_variables))

{before}
for epoch in range(3):
    train(x, y)
    {after}
"""


def test_set_after_the_trace():
    """The traced step goes on without it; an eager one reads it each time."""
    late = "sgd.global_clipnorm = 1.0"
    traced = {"decorator": "@tf.function", "before": "", "after": f"{late}  # GP507"}
    assert_findings(LATE.format(**traced))
    assert_silent(LATE.format(**{**traced, "before": late, "after": ""}))
    assert_silent(LATE.format(decorator="", before="", after=late))
