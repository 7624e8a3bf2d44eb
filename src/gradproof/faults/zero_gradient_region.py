"""The loss is computed where its gradient is exactly zero.

The path is recorded, the gradient is a tensor and not `None`, and every element
is 0: the values lie outside the range of a hard clip, below a ReLU, or where a
squashing function is flat, or they pass a softmax over a single value, which is
always 1. Nothing moves and nothing warns. A second derivative is
zero in the same way where the only activations are ReLUs: a network for a
differential equation that never feels its equation.

## Bad

```python
def step(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        prediction = tf.clip_by_value(model(x), 10.0, 20.0)
        loss = tf.reduce_mean(tf.square(prediction - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Good

```python
def step(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        prediction = 10.0 + 10.0 * tf.sigmoid(model(x))
        loss = tf.reduce_mean(tf.square(prediction - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Fix

Use a function that has a slope everywhere, and curvature if it is differentiated
twice; start inside the range, or clip in the forward pass only:
`v + tf.stop_gradient(tf.clip_by_value(v, low, high) - v)`.
Unsafe: it changes what is computed.

## Not this fault

- Zeros in part of a gradient: some ReLU units, a dropout mask, rows of an
  embedding that are not in the batch.
- A hinge loss that is satisfied, a clipped ratio, a loss that has reached zero.
- A factor that starts at zero, such as the scale of a residual branch: what is before
  it has a gradient from the second step on.
- A softmax over one value beside variables that move: attention to a single word, a
  gate with one expert.
- `unconnected-variable`: the gradient is `None`.
- `nondifferentiable-op`: `sign` gives zeros by definition.

## Sources

- TensorFlow 2.21.0, `python/ops/clip_ops.py`: the gradient of `clip_by_value` is zero
  where the value is below the minimum or above the maximum.
- https://github.com/tensorflow/tensorflow/issues/89110
- https://github.com/JooyoungLeeETRI/SCR/issues/5
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..evidence.operations import CLIPS
from ..fault import Fault
from ..finding import Finding, Fix, Related, listed, second_places

if TYPE_CHECKING:
    from ..evidence.loop import Loop
    from ..evidence.run import Run

_ONE_OUTPUT = "use a sigmoid, or one output for each class"
_BENDING = Fix("use an activation that bends, such as tanh or swish", safe=False)


def find(loop: Loop) -> Iterator[Finding]:
    """Variables that start where a clip is flat."""
    for lost, call, names in loop.breaks("zero"):
        yield Finding(
            f"{listed(names)} starts outside the bounds of `{lost.operation}`: "
            "its gradient is exactly 0 there",
            place=loop.place(lost.at),
            label="flat at the initial value",
            related=loop.related(call.at, "asked for gradients here"),
            variables=names,
            fix=Fix("use a smooth bound such as softplus, or start inside the bounds", safe=False),
        )
    for seen in loop.about("zero-gradient-region"):
        if seen.names == ("second",):
            yield Finding(
                "a derivative is taken twice by the same tensor, and the network between has no "
                f"activation that bends, {seen.words} being made of straight pieces: the second "
                "derivative is 0 everywhere",
                place=loop.place(seen.at),
                label="no second derivative",
                related=loop.others_of(seen),
                fix=_BENDING,
            )
            continue
        yield Finding(
            f"{seen.words} is always 1: the gradient of all that leads to it is exactly 0",
            place=loop.place(seen.at),
            label="always the same",
            variables=seen.names,
            fix=Fix(_ONE_OUTPUT, safe=False),
            title="a softmax over a single value passes no gradient",
        )


def prove(run: Run) -> Iterator[Finding]:
    """Find gradients that stay exactly zero behind a clip or a threshold."""
    from ..evidence.zeros import SATURATES, is_of_one, zeros

    yield from _second(run)
    yield from _fallen(run)
    for zero in zeros(run):
        of_one = is_of_one(zero.operation)
        full = zero.operation.type in SATURATES
        clips = zero.operation.type in CLIPS or of_one or full
        if clips and zero.steps >= 2 and zero.custom is None:
            how = "the same for every input, being over one value" if of_one else "flat on one side"
            mend = Fix(_ONE_OUTPUT, safe=False)
            if full:
                how = "flat, to the last digit, for values as large as these"
                mend = Fix("bring the inputs to about zero mean and unit variance", safe=False)
            yield Finding(
                f"in all {zero.steps} measured steps the gradient was exactly 0 (not None) for "
                f"{listed(zero.names)}: every way from there to the target goes through this "
                f"{zero.operation.type}, which is {how}"
                + (f"; so was that of {listed(zero.also)}, before it" if zero.also else ""),
                place=zero.made_at or zero.operation.place,
                label="always the same" if of_one else "flat where the value stands",
                related=(Related(zero.operation.place, "computed here"),)
                if zero.made_at is not None and zero.operation.place is not None
                else (),
                variables=zero.names + zero.also,
                step=1,
                evidence={"gradient_norm": 0.0, "steps": zero.steps},
                fix=mend if of_one or full else None,
            )


def _fallen(run: Run) -> Iterator[Finding]:
    """Find outputs that have all fallen below the threshold of the last layer."""
    from ..evidence.fallen import fallen

    for found in fallen(run):
        loss = found.steps[-1].loss
        yield Finding(
            f"the last {len(found.steps)} measured steps got gradients of exactly 0 for all of "
            f"{listed(found.names)}, at a loss of {loss:.4g}: every output has fallen below the "
            f"threshold of this {found.gate.type}, and nothing brings it back",
            place=found.made_at,
            label="flat where the outputs stand",
            variables=found.names,
            step=found.steps[0].index,
            evidence={"gradient_norm": 0.0, "steps": len(found.steps)},
            fix=Fix("no activation after the last layer, or one with a slope everywhere", False),
        )


def _second(run: Run) -> Iterator[Finding]:
    """Find second derivatives of a network whose activations have no curvature."""
    from ..evidence.curvature import flat_second_derivatives

    for found in flat_second_derivatives(run):
        piece = found.pieces[0]
        yield Finding(
            f"a derivative is taken twice by the same tensor, and between it and the target "
            f"nothing bends but {piece.type}, which is made of straight pieces: the second "
            "derivative is 0 everywhere",
            place=found.made_at or piece.place,
            label=f"{piece.type} has no second derivative",
            related=second_places((found.call.place, "the second derivative")),
            step=found.call.step + 1,
            evidence={"second_derivative": 0.0},
            fix=_BENDING,
        )


FAULT = Fault("GP302", "zero-gradient-region", __doc__, find=find, prove=prove)
