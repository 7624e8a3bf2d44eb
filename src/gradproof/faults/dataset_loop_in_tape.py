"""A loop over a dataset inside the tape has no gradient when traced.

In a traced function such a loop becomes one operation of the dataset, which no
gradient passes. Eagerly the same code is right.

## Bad

<!-- mode: traced -->
```python
batches = tf.data.Dataset.from_tensor_slices((tf.ones((8, 4)), tf.zeros((8, 4)))).batch(4)


def step(model, optimizer):
    total = 0.0
    with tf.GradientTape() as tape:
        for x, y in batches:
            total += tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(total, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Good

<!-- mode: traced -->
```python
batches = tf.data.Dataset.from_tensor_slices((tf.ones((8, 4)), tf.zeros((8, 4)))).batch(4)


def step(model, optimizer):
    for x, y in batches:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Fix

Put the loop outside and the tape inside, or stack the batches into tensors.

## Not this fault

- The same loop run eagerly.
- A loop over a Python list or a range, which is unrolled.

## Sources

- TensorFlow 2.21.0, tried: None when traced, right when eager.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault
from ..finding import Finding, Fix, second_places

if TYPE_CHECKING:
    from ..evidence.loop import Loop
    from ..evidence.run import Run


def find(loop: Loop) -> Iterator[Finding]:
    """Loops over a dataset while a tape of the same traced function records."""
    for seen in loop.about("dataset-loop-in-tape"):
        yield Finding(
            "a loop over a dataset inside the tape: traced, no gradient passes through it",
            place=loop.place(seen.at),
            label="no gradient passes",
            related=loop.others_of(seen),
            fix=Fix("open the tape inside the loop", safe=False),
        )


def prove(run: Run) -> Iterator[Finding]:
    """Find a loop over a dataset on the only way to the target."""
    from ..evidence.paths import lost

    for found in lost(run, ("loop",)):
        tape = run.tape(found.call.tape)
        yield Finding(
            f"{found.words}; traced, the loop over the dataset is one operation without gradient",
            place=found.place,
            label="no gradient passes",
            related=second_places((tape.place, "recording since here")),
            variables=found.names,
            step=found.call.step + 1,
            evidence={"unconnected": len(found.names), "sources": len(found.call.sources)},
        )


FAULT = Fault(
    "GP211",
    "dataset-loop-in-tape",
    __doc__,
    find=find,
    prove=prove,
    symptoms=("unconnected-variable",),
)
