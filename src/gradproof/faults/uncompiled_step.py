"""A long loop runs its training step eagerly.

Each operation is dispatched by Python. For small models that is most of the
time; the same step in a `tf.function` runs several times faster.

## Bad

<!-- mode: eager -->
```python
def train(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))


def step(model, optimizer, x, y):
    for batch in range(20):
        train(model, optimizer, x, y)
```

## Good

<!-- mode: eager -->
```python
@tf.function
def train(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))


def step(model, optimizer, x, y):
    for batch in range(20):
        train(model, optimizer, x, y)
```

## Fix

`@tf.function` on the step.

## Not this fault

- Short loops, and code that is meant to be stepped through.
- A step that needs values in Python, such as an environment that acts.

## Sources

- TensorFlow 2.21.0, guide "Better performance with tf.function".
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import TYPE_CHECKING

from ..fault import Fault
from ..finding import Finding, Fix

if TYPE_CHECKING:
    from ..evidence.loop import Loop
    from ..evidence.run import Run


def find(loop: Loop) -> Iterator[Finding]:
    """Steps that run eagerly again and again."""
    for seen in loop.about("uncompiled-step"):
        yield Finding(
            f"{seen.words} runs eagerly, in "
            + (f"{seen.names[0]} rounds" if seen.names else "a loop within a loop"),
            place=loop.place(seen.at),
            label="not traced",
            fix=Fix("decorate the step with `@tf.function`", safe=False),
        )


_LONG = 64
"""Steps from which on a loop is long."""

_SMALL = 20_000
"""Elements an operation makes, on average, below which starting it takes longer."""


def prove(run: Run) -> Iterator[Finding]:
    """Find long loops whose eager steps spend their time on starting operations."""
    if any(conversion.tapes for one in run.recordings for conversion in one.conversions):
        return  # the step needs values in Python
    made = [
        prod(length or 1 for length in operation.shape or ())
        for one in run.recordings
        for operation in one.operations
        if one.function is None and operation.tapes
    ]
    small = bool(made) and sum(made) < _SMALL * len(made)
    for pace in run.paces:
        if pace.steps < _LONG or pace.operations < 20:
            continue
        if not small:
            continue  # the operations themselves take the time
        name = f"`{pace.function}`" if pace.function else "the loop"
        yield Finding(
            f"{name} ran {pace.steps} eager steps, each of {pace.operations} operations that "
            f"Python starts one by one: {1000 * pace.seconds:.2g} ms a step",
            place=pace.place,
            label="not traced",
            step=1,
            evidence={"milliseconds": round(1000 * pace.seconds, 3), "steps": pace.steps},
            fix=Fix("decorate the step with `@tf.function`", safe=False),
        )


FAULT = Fault("GP801", "uncompiled-step", __doc__, find=find, prove=prove, level="advice")
