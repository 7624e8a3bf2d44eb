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

from ..evidence import Loop
from ..fault import Fault
from ..finding import Finding, Fix


def find(loop: Loop) -> Iterator[Finding]:
    """Custom gradients that ignore the gradient from above."""
    for seen in loop.about("wrong-custom-gradient"):
        yield Finding(
            f"this gradient never uses {seen.words}, the gradient from above",
            place=loop.place(seen.at),
            label="the same for every caller",
            fix=Fix("multiply by the gradient from above", safe=False),
        )


FAULT = Fault("GP301", "wrong-custom-gradient", __doc__, find=find)
