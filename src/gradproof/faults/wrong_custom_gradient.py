"""A gradient written by hand is not the derivative of its function.

The function that `tf.custom_gradient` asks for gets the gradient from above and
has to multiply by it. One that ignores it gives every caller the same slope,
and training follows a direction that is none.

## Bad

```python
@tf.custom_gradient
def softplus(values):
    def gradient(upstream):
        return tf.sigmoid(values)

    return tf.math.softplus(values), gradient


def step(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(softplus(model(x)) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Good

```python
@tf.custom_gradient
def softplus(values):
    def gradient(upstream):
        return upstream * tf.sigmoid(values)

    return tf.math.softplus(values), gradient


def step(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(softplus(model(x)) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Fix

Multiply by the gradient from above.

## Not this fault

- A gradient that is scaled, clipped or turned around on purpose.
- A gradient that is deliberately zero: it returns `tf.zeros_like(upstream)`.

## Sources

- TensorFlow 2.21.0, `tf.custom_gradient`: `grad_fn(*dy)` returns the vector-Jacobian
  product.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault
from ..finding import Finding, Fix

if TYPE_CHECKING:
    from ..evidence.loop import Loop
    from ..evidence.run import Run


def find(loop: Loop) -> Iterator[Finding]:
    """Custom gradients that ignore the gradient from above."""
    for seen in loop.about("wrong-custom-gradient"):
        yield Finding(
            f"this gradient never uses {seen.words}, the gradient from above",
            place=loop.place(seen.at),
            label="the same for every caller",
            fix=Fix("multiply by the gradient from above", safe=False),
        )


VARIABLES = "grad_fn must accept keyword argument 'variables'"
"""What TensorFlow says of a body that uses variables, and a gradient that does not."""


def prove(run: Run) -> Iterator[Finding]:
    """Find custom gradients that finite differences contradict."""
    from ..evidence.paths import lost

    for seen in run.custom_gradients:
        if seen.kind == "upstream":
            words = (
                f"the gradient of `{seen.function}` is {seen.given:.3g} where the gradient from "
                f"above is zero: it does not multiply by it"
            )
        else:
            words = (
                f"the gradient of `{seen.function}` says {seen.given:.4g} where finite "
                f"differences give {seen.measured:.4g} (float64, half-step {seen.step:g})"
            )
        yield Finding(
            words,
            place=seen.place,
            label="not the derivative of the function",
            step=1,
            evidence={"given": seen.given, "measured": seen.measured},
            fix=Fix("return the gradient from above times the derivative", safe=False),
        )
    for found in lost(run, ("residual",)):
        yield Finding(
            f"{found.words}; the straight-through form stops the wrong residual: its value is "
            f"the soft one, its gradient goes into the operation that has none",
            place=found.place,
            label="the stopped part and the added one are swapped",
            variables=found.names,
            step=found.call.step + 1,
            evidence={"unconnected": len(found.names), "sources": len(found.call.sources)},
            fix=Fix("write it as `soft + tf.stop_gradient(hard - soft)`", safe=False),
            symptoms=("nondifferentiable-op", "stopped-gradient", "unconnected-variable"),
        )
    crash = run.crash
    if crash is not None and VARIABLES in crash.message and crash.places:
        yield Finding(
            f"the function uses variables, and its gradient takes no `variables`; the program "
            f"ended with {crash.kind}",
            place=crash.places[-1],
            label="called here",
            step=run.counted + 1,
            fix=Fix("accept `variables=None` and return their gradients too", safe=False),
        )


FAULT = Fault("GP301", "wrong-custom-gradient", __doc__, find=find, prove=prove)
