"""The forward pass runs where the tape does not record it.

The prediction or the loss is computed before the tape opens, after it closes,
or under another tape. The tape has no path from the variables to the loss:
every gradient is `None`, and the optimizer stops with `No gradients provided
for any variable`.

## Bad

```python
def step(model, optimizer, x, y):
    prediction = model(x)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(prediction - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Good

```python
def step(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        prediction = model(x)
        loss = tf.reduce_mean(tf.square(prediction - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Fix

Move the forward pass and the loss into the block of the tape that is asked for
the gradient.

## Not this fault

- Work before the tape that needs no gradient: data, augmentation, targets of a
  second network, a frozen encoder whose features are precomputed.
- Metrics and logging after the tape.
- A tape that is opened inside a function called by the step.
- `numpy-on-loss-path`: the forward pass is inside, but leaves TensorFlow.

## Sources

- TensorFlow 2.21.0, `GradientTape`: operations are recorded if they run inside the
  context of the tape.
- Keras 3.15.1, `BaseOptimizer._filter_empty_gradients`, and tf-keras 2.21.0,
  `filter_empty_gradients`: ValueError if every gradient is `None`.
- https://github.com/tensorflow/tensorflow/issues/42167
- https://github.com/tensorflow/tensorflow/issues/27660
- https://github.com/keras-team/keras-io/issues/406
- https://github.com/tensorflow/tensorflow/issues/56909
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault
from ..finding import Finding, Fix, listed, second_places

if TYPE_CHECKING:
    from ..evidence.loop import Loop
    from ..evidence.run import Run


def find(loop: Loop) -> Iterator[Finding]:
    """Variables that were used, but not while the tape recorded."""
    for broken, call, names in loop.breaks("outside"):
        live = any(one.live for one in call.connections if one.lost == broken)
        yield Finding(
            f"{listed(names) or 'the variables'}: used outside the tape that is asked for "
            "the gradient, "
            + ("which sees a penalty on them only" if live else "so it gives None"),
            place=loop.place(broken.at),
            label="not recorded by the tape",
            related=(
                *loop.related(broken.inner, "used here"),
                *loop.related(call.tape, "the tape opens here"),
                *loop.related(broken.caller, "called here"),
            ),
            variables=names,
            fix=Fix(
                "run the forward pass and the loss inside the `with` block of the tape", safe=False
            ),
            symptoms=("unconnected-variable",),
        )


def prove(run: Run) -> Iterator[Finding]:
    """Find variables that the target depends on, read while the tape was off."""
    from ..evidence.paths import lost

    for found in lost(run, ("outside",)):
        tape = run.tape(found.call.tape)
        yield Finding(
            f"{found.words}; the target depends on values that were computed from "
            f"{'them' if found.names else 'it'} while the tape was not recording",
            place=found.place,
            label="runs while the tape is not recording",
            related=second_places((tape.place, "the tape that is asked")),
            variables=found.names,
            step=found.call.step + 1,
            evidence={"unconnected": len(found.names), "sources": len(found.call.sources)},
        )


FAULT = Fault("GP201", "forward-outside-tape", __doc__, find=find, prove=prove)
