"""The optimizer was built for other variables.

An optimizer makes its state at the first call, for the variables that it then
gets. Another model, a second list, or layers that are unfrozen later are unknown
to it: Keras 3 stops with `Unknown variable`, tf-keras with `The optimizer cannot
recognize variable`.

## Bad

```python
def step(encoder, decoder, optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(encoder(x) - y))
    gradients = tape.gradient(loss, encoder.trainable_variables)
    optimizer.apply_gradients(zip(gradients, encoder.trainable_variables))
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(decoder(x) - y))
    gradients = tape.gradient(loss, decoder.trainable_variables)
    optimizer.apply_gradients(zip(gradients, decoder.trainable_variables))
```

## Good

```python
def step(encoder, decoder, optimizer, second_optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(encoder(x) - y))
    gradients = tape.gradient(loss, encoder.trainable_variables)
    optimizer.apply_gradients(zip(gradients, encoder.trainable_variables))
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(decoder(x) - y))
    gradients = tape.gradient(loss, decoder.trainable_variables)
    second_optimizer.apply_gradients(zip(gradients, decoder.trainable_variables))
```

## Fix

One optimizer a list of variables, or `optimizer.build(all_variables)` before the
first step. After a reload: compile again, or make a new optimizer.

## Not this fault

- All variables first, a part of them later: known to the optimizer.
- A new optimizer for each model, fold or phase.
- TensorFlow before 2.11, where optimizers made state for any variable.

## Sources

- Keras 3.15.1, `BaseOptimizer._check_variables_are_known`: ValueError.
- tf-keras 2.21.0, `_BaseOptimizer._update_step`: KeyError.
- https://github.com/StatBiomed/UniTVelo/issues/20
- https://github.com/yzhao062/pyod/issues/459
- https://github.com/blafabregue/TimeSeriesDeepClustering/issues/1
"""

from __future__ import annotations

from ..fault import Fault

FAULT = Fault("GP407", "optimizer-bound-to-old-variables", __doc__)
