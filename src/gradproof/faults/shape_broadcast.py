"""Shapes broadcast, and the loss mixes all pairs of examples.

Predictions of shape (N, 1) and targets of shape (N,) differ by a matrix of shape
(N, N): every prediction against every target. The mean of it is lowest where all
predictions equal the mean target. The loss settles there, `fit` on the same data
goes further, and nothing warns.

## Bad

```python
def step(regressor, optimizer, x, amounts):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(regressor(x) - amounts))
    gradients = tape.gradient(loss, regressor.trainable_variables)
    optimizer.apply_gradients(zip(gradients, regressor.trainable_variables))
```

## Good

```python
def step(regressor, optimizer, x, amounts):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(regressor(x) - amounts[:, tf.newaxis]))
    gradients = tape.gradient(loss, regressor.trainable_variables)
    optimizer.apply_gradients(zip(gradients, regressor.trainable_variables))
```

## Fix

Give both the same rank: `y[:, tf.newaxis]`, or `tf.squeeze(prediction, axis=-1)`.
Loss classes such as `keras.losses.MeanSquaredError()` do so by themselves.

## Not this fault

- A matrix of all pairs that is meant: contrastive losses, distances, attention.
- A bias, a weight a class or a scale a feature that broadcasts over the batch.
- Keras 3 loss functions and both generations of loss classes.

## Sources

- Keras 3.15.1, `keras/src/losses/losses.py`, `mean_squared_error`: squeezes or expands
  to the same rank. tf-keras 2.21.0: only the loss class does.
- https://github.com/tensorflow/tensorflow/issues/28901
- https://github.com/tensorflow/tensorflow/issues/40391
- https://github.com/tensorflow/tensorflow/issues/52115
"""

from __future__ import annotations

from ..fault import Fault

FAULT = Fault("GP701", "shape-broadcast", __doc__)
