"""A tensor that has no value yet is asked for `.numpy()`.

Inside `tf.function`, `fit`, or a loss that `fit` compiles, tensors are symbols:
`.numpy()`, NumPy functions, `float(...)` and formatting have no value to work
with. The program stops while tracing, with `object has no attribute 'numpy'` or
`Cannot convert a symbolic tf.Tensor to a numpy array`.

## Bad
<!-- mode: traced -->

```python
def step(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        error = tf.abs(model(x) - y)
        limit = np.percentile(error.numpy(), 90)
        loss = tf.reduce_mean(tf.minimum(error, limit))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Good

```python
def step(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        error = tf.abs(model(x) - y)
        limit = 0.9 * tf.reduce_max(error)
        loss = tf.reduce_mean(tf.minimum(error, limit))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Fix

Use operations of TensorFlow, `tf.print` to look at values. What has to be
Python belongs outside the traced function.

## Not this fault

- The same in eager code: it runs (and may be `numpy-on-loss-path`).
- `np` on shapes, constants and Python numbers while tracing.
- `model.compile(..., run_eagerly=True)`.
- `symbolic-tensor-leak`: the tensor was kept and is used after the trace.

## Sources

- TensorFlow 2.21.0, tried: `.numpy()`, `np.mean`, `float` and `%f` of a tensor in a
  traced function raise AttributeError, NotImplementedError and TypeError.
- https://github.com/tensorflow/tensorflow/issues/40508
- https://github.com/tensorflow/tensorflow/issues/31439
- https://github.com/tensorflow/tensorflow/issues/37522
- https://github.com/tensorflow/tensorflow/issues/39582
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault, Verdict
from ..finding import Finding, Fix

if TYPE_CHECKING:
    from ..evidence.loop import Loop
    from ..evidence.run import Run


def find(loop: Loop) -> Iterator[Finding]:
    """Values of tensors that a traced function wants."""
    for remark in loop.about("numpy-in-graph-mode"):
        inside = f"in the traced function `{remark.names[0]}`" if remark.names else "while tracing"
        yield Finding(
            f"`{remark.words}` {inside}: a tensor has no value there",
            place=loop.place(remark.at),
            label="no value while tracing",
            fix=Fix("use operations of TensorFlow, or run it eagerly", safe=False),
            symptoms=("numpy-on-loss-path",),
        )


def prove(run: Run) -> Iterator[Finding]:
    """Find the line that asked a symbol for its value."""
    from ..evidence.crashes import asks_for_value, in_trace

    crash = run.crash
    if crash is None or not crash.places or not asks_for_value(run) or not in_trace(run):
        return
    lines = [line.strip() for line in crash.message.splitlines() if line.strip()]
    yield Finding(
        "a tensor was asked for its value while the function was traced; the program ended with "
        f"{crash.kind}: {lines[-1][:120]}",
        place=crash.places[-1],
        label="no value while tracing",
        step=run.counted + 1,
    )


def settle(finding: Finding, run: Run) -> Verdict | None:
    """A program that trained to its end did not meet it."""
    from ..evidence.crashes import ended_well

    return Verdict.CLEARED if ended_well(run) else None


FAULT = Fault(
    "GP608",
    "numpy-in-graph-mode",
    __doc__,
    find=find,
    prove=prove,
    settle=settle,
    symptoms=("numpy-on-loss-path", "gradients-never-applied"),
)
