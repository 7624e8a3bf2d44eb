"""The update climbs the loss instead of descending it.

`assign_add(rate * gradient)`, or an objective with the wrong sign, moves each
variable along its gradient. The loss grows from step to step until it is
infinite. Nothing warns.

## Bad

```python
def step(model, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    for gradient, variable in zip(gradients, model.trainable_variables):
        variable.assign_add(0.1 * gradient)
```

## Good

```python
def step(model, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    for gradient, variable in zip(gradients, model.trainable_variables):
        variable.assign_sub(0.1 * gradient)
```

## Fix

`assign_sub`. Unsafe: ascent may be what was meant.

## Not this fault

- Ascent on purpose: adversarial examples, a maximised reward or likelihood, the
  inner step of a minimax game.
- `assign_add(-rate * gradient)`: descent.
- A loss that rises for a few steps because the learning rate is large.

## Sources

- TensorFlow 2.21.0, `Variable.assign_add` and `assign_sub`: add and subtract in place.
"""

from __future__ import annotations

from ..fault import Fault

FAULT = Fault("GP504", "wrong-sign-update", __doc__)
