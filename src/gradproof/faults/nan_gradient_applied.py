"""Gradients that are not finite are applied.

One gradient holds NaN or infinity, and the optimizer writes it into the
variable, which is NaN from then on; a step later everything is. The loss of that
step may still be a fine number. Neither Keras nor TensorFlow says a word.

## Bad

```python
def step(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
        for variable in model.trainable_variables:
            loss += 0.01 * tf.norm(tf.convert_to_tensor(variable))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Good

```python
def step(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
        for variable in model.trainable_variables:
            loss += 0.01 * tf.sqrt(tf.reduce_sum(tf.square(variable)) + 1e-12)
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Fix

Mend the operation that is named: here the norm of a bias of zeros, whose slope
is 0 / 0. Put an epsilon inside the root, make the argument of `log` or of a
division safe *before* the operation. Clipping by norm does not help: it turns
one NaN into many.

## Not this fault

- A loss-scale optimizer that skips a step with infinite gradients: by design.
- A step that is skipped by the program's own test for finite gradients.
- A loss that is NaN without any update, in an evaluation.

## Sources

- Keras 3.15.1 and tf-keras 2.21.0, tried: NaN gradients are written silently.
- TensorFlow 2.21.0, tried: the gradient of `tf.norm` at zero is NaN, that of
  `tf.sqrt` is infinite.
- https://github.com/tensorflow/tensorflow/issues/42889
- https://github.com/tensorflow/tensorflow/issues/12071
"""

from __future__ import annotations

from ..fault import Fault

FAULT = Fault("GP304", "nan-gradient-applied", __doc__)
