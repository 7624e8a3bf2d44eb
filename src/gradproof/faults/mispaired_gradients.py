"""Gradients are applied to variables they were not taken for.

`zip` pairs gradients with variables by position and stops at the shorter list.
If the lists differ, a gradient lands on the wrong variable. Where the shapes
fit, nothing warns: that variable moves by the slope of another one.

## Bad

```python
def step(encoder, decoder, optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(decoder(x) - y))
    gradients = tape.gradient(loss, decoder.trainable_variables)
    optimizer.apply_gradients(zip(gradients, encoder.trainable_variables))
```

## Good

```python
def step(encoder, decoder, optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(decoder(x) - y))
    gradients = tape.gradient(loss, decoder.trainable_variables)
    optimizer.apply_gradients(zip(gradients, decoder.trainable_variables))
```

## Fix

One list in both calls. Unsafe: it decides which variables train; the list given
to `gradient` wins.

## Not this fault

- Two names for the same list.
- Gradients that are clipped, scaled or averaged in between, in the same order.
- Gradients of one network copied to another on purpose, as asynchronous
  actor-critic workers do.
- `short-zip`: the pairs are right, but the last variables are missing.

## Sources

- Keras 3.15.1, `BaseOptimizer.apply`, and tf-keras 2.21.0,
  `_BaseOptimizer.apply_gradients`: pairs are taken as they come.
- https://github.com/larq/larq/pull/287
- https://github.com/tensorflow/tensorflow/issues/33345
"""

from __future__ import annotations

from ..fault import Fault

FAULT = Fault("GP403", "mispaired-gradients", __doc__)
