"""The data are used up: later epochs run no step.

A generator, `iter(...)`, `zip(...)` and `map(...)` give their items once. A loop over
them in the second epoch ends before it begins: no step, no error, and the printed
loss stays where it was.

## Bad

<!-- mode: eager -->
```python
def batches():
    rng = np.random.default_rng(0)
    for _ in range(3):
        yield tf.constant(rng.normal(size=(4, 4)), "float32")


data = batches()


@tf.function
def train(model, optimizer, batch):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(batch) - batch))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))


def step(model, optimizer):
    for batch in data:
        train(model, optimizer, batch)
```

## Good

<!-- mode: eager -->
```python
def batches():
    rng = np.random.default_rng(0)
    for _ in range(3):
        yield tf.constant(rng.normal(size=(4, 4)), "float32")


@tf.function
def train(model, optimizer, batch):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(batch) - batch))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))


def step(model, optimizer):
    for batch in batches():
        train(model, optimizer, batch)
```

## Fix

Make the generator anew in every epoch, or build a `tf.data.Dataset`, which starts
from the beginning each time it is looped over.

## Not this fault

- A generator that never ends, of which each epoch takes some items and breaks off.
- A `tf.data.Dataset`, a list, an object whose `__iter__` makes a new iterator.
- A generator that is looped over once.

## Sources

- Python 3, "Iterator types": an exhausted iterator stays exhausted.
- https://github.com/NVIDIA-Merlin/dataloader/pull/79
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from ..fault import Fault, Verdict
from ..finding import Finding, Fix

if TYPE_CHECKING:
    from ..evidence.loop import Loop
    from ..evidence.run import Run


def find(loop: Loop) -> Iterator[Finding]:
    """Loops that train over an iterator which an earlier loop used up."""
    for seen in loop.about("data-iterator-spent"):
        out = "handed out" in seen.names
        yield Finding(
            f"{seen.words} gives its items once, and each round of the data gets this same one: "
            "the first round uses them all up, every later one is empty"
            if out
            else f"{seen.words} gives its items once: the first time this loop runs, it uses "
            "them all up; every later time it runs no step",
            place=loop.place(seen.at),
            label="hands out the same one" if out else "empty from the second time on",
            related=loop.others_of(seen),
            fix=Fix("make the iterator anew for every epoch", safe=False),
        )


def settle(finding: Finding, run: Run) -> Finding | Verdict | None:
    """The generator of the loop was used up, or it still has items when all is over."""
    words = set(re.findall(r"\w+", finding.message))
    found = [one for one in run.generators if one.name in words or one.function in words]
    if len(found) != 1 or not run.finished or run.crash is not None:
        return None
    generator = found[0]
    if not generator.spent:
        return Verdict.CLEARED
    return replace(
        finding,
        message=f"{finding.message}; in this run it was used up, and {run.counted} steps were made",
        evidence={"steps": run.counted},
    )


FAULT = Fault("GP604", "data-iterator-spent", __doc__, find=find, settle=settle)
