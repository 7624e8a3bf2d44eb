"""A function is traced again and again.

Every new Python number among the arguments, and every definition of the function
inside a loop, makes a new trace, which costs as much as many steps.

## Bad

<!-- mode: eager -->
```python
@tf.function
def train(model, optimizer, x, y, noise):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) + noise - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))


def step(model, optimizer, x, y):
    for turn in range(20):
        train(model, optimizer, x, y, 1.0 / (1 + turn))
```

## Good

<!-- mode: eager -->
```python
@tf.function
def train(model, optimizer, x, y, noise):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) + noise - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))


def step(model, optimizer, x, y):
    for turn in range(20):
        train(model, optimizer, x, y, tf.constant(1.0 / (1 + turn)))
```

## Fix

Hand tensors over, and define the function once.

## Not this fault

- A flag with two values, such as `training`.
- A new function for a new model.

## Sources

- TensorFlow 2.21.0, tried: 12 calls gave 12 traces.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault
from ..finding import Finding, Fix, Place, Related

if TYPE_CHECKING:
    from ..evidence.loop import Loop
    from ..evidence.run import Run
    from ..evidence.tracings import Retraced

_WORDS = {
    "number": "this Python number changes, and each value makes a new trace",
    "defined": "the traced function is defined anew in each round, and traced again",
}


def find(loop: Loop) -> Iterator[Finding]:
    """Functions that are traced again and again."""
    for seen in loop.about("tracing-cost"):
        yield Finding(
            _WORDS[seen.words],
            place=loop.place(seen.at),
            label="traced again",
            fix=Fix(
                "hand over a tensor: `tf.constant(...)`"
                if seen.words == "number"
                else "define it once, outside the loop",
                safe=False,
            ),
        )


def prove(run: Run) -> Iterator[Finding]:
    """Find functions that the run traced again and again."""
    from ..evidence.tracings import retraced

    for found in retraced(run.tracings):
        last = found.tracings[-1]
        place, other = _where(found)
        yield Finding(
            f"`{last.function}` was traced {len(found.tracings)} times in {found.calls} calls, "
            f"{found.seconds:.2g} s in all: {_why(found)}",
            place=place,
            label="traced again",
            related=()
            if other is None or other == place
            else (Related(other, "called here"),)
            if found.why == "defined"
            else (Related(other, "the traced function"),),
            step=None,
            evidence={"traces": len(found.tracings), "seconds": round(found.seconds, 3)},
            fix=Fix(_MENDS[found.why], safe=False),
        )


_MENDS = {
    "number": "hand over a tensor: `tf.constant(...)`",
    "shape": "give `input_signature`, or `reduce_retracing=True`",
    "object": "hand over tensors",
    "defined": "define it once, outside the loop",
}


def _where(found: Retraced) -> tuple[Place | None, Place | None]:
    """The line to change, and the other end of the story."""
    last = found.tracings[-1]
    called = last.stack[-1] if last.stack else None
    made = last.made or last.place or called
    return (made, called) if found.why == "defined" else (called, last.place)


def _why(found: Retraced) -> str:
    if found.why == "defined":
        count = len({tracing.number for tracing in found.tracings})
        return f"it was defined anew {count} times, for the same variables"
    shown = ", ".join(found.texts[:3])
    kind = {"number": "Python number", "shape": "tensor", "object": "Python object"}[found.why]
    return (
        f"its argument `{found.argument}` is a {kind} that was {len(found.texts)} different ones "
        f"({shown}, ...)"
    )


FAULT = Fault("GP802", "tracing-cost", __doc__, find=find, prove=prove, level="advice")
