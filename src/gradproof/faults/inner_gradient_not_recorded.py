"""A gradient in the loss was taken where the outer tape did not record.

A penalty on a gradient has to be differentiated itself: the inner gradient must be
taken while the outer tape records. Taken before, it is a constant: the penalty is
printed and added, and moves nothing.

## Bad

```python
def slope_of(model, x):
    with tf.GradientTape() as inner:
        inner.watch(x)
        total = tf.reduce_sum(model(x))
    return inner.gradient(total, x)


def step(model, optimizer, x, y):
    slope = slope_of(model, x)
    with tf.GradientTape() as tape:
        penalty = tf.reduce_mean(tf.square(slope))
        loss = tf.reduce_mean(tf.square(model(x) - y)) + 0.1 * penalty
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Good

```python
def slope_of(model, x):
    with tf.GradientTape() as inner:
        inner.watch(x)
        total = tf.reduce_sum(model(x))
    return inner.gradient(total, x)


def step(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        penalty = tf.reduce_mean(tf.square(slope_of(model, x)))
        loss = tf.reduce_mean(tf.square(model(x) - y)) + 0.1 * penalty
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Fix

Take the inner gradient inside the `with` block of the outer tape.

## Not this fault

- First-order meta-learning, where the inner gradient is a constant on purpose.
- A weight made from gradients that scales a loss, as in loss balancing.
- A gradient that is only printed or watched.

## Sources

- TensorFlow 2.21.0, guide "Advanced automatic differentiation", higher-order gradients.
- https://github.com/tensorflow/tensorflow/issues/61285
- https://github.com/tensorflow/tensorflow/issues/53266
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault, Verdict
from ..finding import Finding, Fix, Related, listed

if TYPE_CHECKING:
    from ..evidence.loop import Loop
    from ..evidence.run import Run


def find(loop: Loop) -> Iterator[Finding]:
    """Terms of a loss that are gradients taken outside its tape."""
    for seen in loop.about("inner-gradient-not-recorded"):
        yield Finding(
            "a derivative is taken of this gradient, and the tape that is asked did not record "
            "when it was taken: the derivative is None"
            if seen.words == "again"
            else "this gradient is part of a loss, but was taken while the loss's tape did not "
            "record: the loss is not differentiated through it",
            place=loop.place(seen.at),
            label="a constant for the outer tape",
            related=loop.others_of(seen),
            variables=seen.names,
            fix=Fix("take the inner gradient inside the block of the outer tape", safe=False),
            symptoms=("forward-outside-tape",),
        )


def prove(run: Run) -> Iterator[Finding]:
    """Find gradients in a loss that its tape did not see being taken."""
    from ..evidence.penalties import unrecorded

    for found in unrecorded(run):
        tape = run.tape(found.outer.tape)
        opened = "the tape of the loss" if found.names else "the tape that is asked"
        yield Finding(
            f"the loss uses a gradient that was taken while its tape was not recording: no "
            f"derivative of this term reaches {listed(found.names)}"
            if found.names
            else "a derivative is taken of a gradient that its tape did not see being taken: "
            "it is None",
            place=found.place,
            label="a constant for the outer tape",
            related=tuple(
                Related(place, words)
                for place, words in (
                    (tape.place, opened),
                    (found.outer.place, "asked here"),
                )
                if place is not None
            ),
            variables=found.names,
            step=found.outer.step + 1,
            fix=Fix("take the inner gradient inside the block of the outer tape", safe=False),
        )


def settle(finding: Finding, run: Run) -> Verdict | None:
    """Clear it where the whole loss was computed off the tape, not this term alone."""
    from ..evidence.penalties import all_outside

    asked = [there.place for there in finding.related]
    return Verdict.CLEARED if all_outside(run, asked) else None


FAULT = Fault(
    "GP210",
    "inner-gradient-not-recorded",
    __doc__,
    find=find,
    prove=prove,
    settle=settle,
    symptoms=(
        "forward-outside-tape",
        "unconnected-variable",
    ),
)
