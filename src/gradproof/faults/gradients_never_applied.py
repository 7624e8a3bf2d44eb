"""Gradients are computed, but no optimizer is given them.

The loop asks the tape, perhaps prints norms, and ends the step. No variable
moves, the loss stays where it was, and nothing warns.

## Bad

```python
def step(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    return loss
```

## Good

```python
def step(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss
```

## Fix

`optimizer.apply_gradients(zip(gradients, variables))`, right after the call to
`gradient`.

## Not this fault

- A tape without training: saliency, adversarial examples, derivatives in a loss,
  a gradient penalty, sampling.
- Gradients that are returned, stored or summed, and applied by someone else.
- An update by hand with `assign_sub`.
- `update-bypasses-variables`: new values are computed, but not assigned.

## Sources

- TensorFlow 2.21.0, `GradientTape.gradient`: returns gradients and changes nothing.
"""

from __future__ import annotations

from ..fault import Fault

FAULT = Fault("GP401", "gradients-never-applied", __doc__)
