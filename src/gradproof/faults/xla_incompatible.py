"""XLA can't compile an operation of the step.

`jit_compile=True` needs every operation of the step compiled: no strings, no Python
functions, no shapes that depend on values. The first call then raises.

## Bad

<!-- mode: eager -->
```python
@tf.function(jit_compile=True)
def train(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        error = tf.square(model(x) - y)
        weight = tf.numpy_function(lambda part: np.float32(part.size), [x], tf.float32)
        loss = weight * tf.reduce_mean(error) * 0.01
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))


def step(model, optimizer, x, y):
    train(model, optimizer, x, y)
```

## Good

<!-- mode: eager -->
```python
@tf.function(jit_compile=True)
def train(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        error = tf.square(model(x) - y)
        weight = tf.cast(tf.size(x), tf.float32)
        loss = weight * tf.reduce_mean(error) * 0.01
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))


def step(model, optimizer, x, y):
    train(model, optimizer, x, y)
```

## Fix

Move the operation out of the step, write it with operations that XLA has, or give it a
shape that is known; else leave `jit_compile` out.

## Not this fault

- A step that compiles, and differs from the plain one in the last digits.
- `jit_compile="auto"` in Keras, which falls back by itself.

## Sources

- TensorFlow 2.21.0, tried on a CPU: "Detected unsupported operations when trying to
  compile graph", "must be a compile-time constant".
- https://github.com/tensorflow/tensorflow/issues/58135
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault
from ..finding import Finding, Fix, Related

if TYPE_CHECKING:
    from ..evidence.loop import Loop
    from ..evidence.run import Run

_WHY = {
    "kernel": "XLA has no such operation",
    "shape": "a shape is known only when the step runs, and XLA needs it before",
}


def find(loop: Loop) -> Iterator[Finding]:
    """Operations that XLA does not have, in a function with `jit_compile=True`."""
    for seen in loop.about("xla-incompatible"):
        yield Finding(
            f"`{seen.names[0]}` is compiled by XLA, which has no {seen.words}: the first call "
            "raises",
            place=loop.place(seen.at),
            label="can't be compiled",
            related=loop.others_of(seen),
            fix=Fix("use what XLA has, or leave `jit_compile` out", safe=False),
            level="warning",
        )


def prove(run: Run) -> Iterator[Finding]:
    """Find the operation that XLA refused to compile."""
    from ..evidence.compiled import refused

    found = refused(run)
    if found is None or run.crash is None:
        return
    name = f"`{found.operation}`" if found.operation not in ("", "_Arg") else "an argument"
    yield Finding(
        f"the step is compiled by XLA, and {name} can't be: {_WHY[found.why]}; the program "
        f"ended with {run.crash.kind}",
        place=found.place,
        label="can't be compiled",
        related=()
        if found.called == found.place
        else (Related(found.called, "the compiled function is called here"),),
        step=run.counted + 1,
        fix=Fix("use what XLA has, or leave `jit_compile` out", safe=False),
    )


FAULT = Fault("GP606", "xla-incompatible", __doc__, find=find, prove=prove)
