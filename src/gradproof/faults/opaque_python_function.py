"""Python code wrapped as one operation hides the path to the loss.

`tf.numpy_function` has no gradient, and `tf.py_function` has one only if its
body computes with TensorFlow. Everything before the call gets `None`, in eager
code and in traced code alike.

## Bad

```python
def soften(values):
    return np.log1p(np.exp(values))


def step(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        prediction = tf.numpy_function(soften, [model(x)], tf.float32)
        loss = tf.reduce_mean(tf.square(prediction - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Good

```python
def soften(values):
    return tf.math.log1p(tf.math.exp(values))


def step(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        prediction = tf.py_function(soften, [model(x)], tf.float32)
        loss = tf.reduce_mean(tf.square(prediction - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Fix

Write the body with TensorFlow functions and call it directly. If Python is
needed, use `tf.py_function` with a TensorFlow body, or a `tf.custom_gradient`.

## Not this fault

- Either call in an input pipeline (`Dataset.map`), on labels, or for logging.
- `tf.py_function` whose body uses TensorFlow functions.
- A call inside `tf.custom_gradient`, which brings its own gradient.
- `numpy-on-loss-path`: NumPy used directly, without a wrapper.

## Sources

- TensorFlow 2.21.0, `python/ops/script_ops.py`: `PyFunc` and `PyFuncStateless` are
  marked not differentiable, `EagerPyFunc` has a gradient.
- https://github.com/tensorflow/tensorflow/issues/35713
- https://github.com/tensorflow/tensorflow/issues/41836
- https://github.com/tensorflow/tensorflow/issues/43916
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault
from ..finding import Finding, Fix, listed

if TYPE_CHECKING:
    from ..evidence.loop import Loop
    from ..evidence.run import Run


def find(loop: Loop) -> Iterator[Finding]:
    """The only way from a variable to the target goes through Python code."""
    for broken, call, names in loop.breaks("opaque"):
        aside = any(one.live for one in call.connections if one.lost == broken)
        yield Finding(
            f"`{broken.operation}` has no gradient here and stands on "
            f"{'a way' if aside else 'the only way'} from {listed(names) or 'the variables'} "
            f"to `{call.target.text}`",
            place=loop.place(broken.at),
            label="no gradient passes",
            related=loop.related(call.at, "asked for gradients here"),
            variables=names,
            fix=Fix("write it in TensorFlow operations", safe=False),
            symptoms=("unconnected-variable",),
        )


def prove(run: Run) -> Iterator[Finding]:
    """Find the Python function on the only way from a variable to the target."""
    from ..evidence.paths import lost
    from ..evidence.ways import cut_kind
    from ..evidence.zeros import zeros

    for found in lost(run, ("opaque",)):
        yield Finding(
            f"{found.words}; the only way from there to the target goes through this "
            f"Python function",
            place=found.place,
            label="no gradient passes",
            variables=found.names,
            step=found.call.step + 1,
            evidence={"unconnected": len(found.names), "sources": len(found.call.sources)},
        )
    for zero in zeros(run):
        if zero.custom is None and zero.steps >= 2 and cut_kind(zero.operation) == "opaque":
            yield Finding(
                f"in all {zero.steps} measured steps the gradient was exactly 0 for "
                f"{listed(zero.names)}: their only way to the target goes through this Python "
                "function, which has no gradient",
                place=zero.operation.place,
                label="no gradient passes",
                variables=zero.names,
                step=1,
                evidence={"gradient_norm": 0.0, "steps": zero.steps},
            )


FAULT = Fault("GP204", "opaque-python-function", __doc__, find=find, prove=prove)
