"""The optimizer is called with arguments that it does not take.

Gradients and variables in two arguments, pairs the wrong way round, a loss tensor
for `minimize`, a tensor where a variable belongs: the exception talks of counts,
of unpacking, or of a missing attribute, not of the cause.

## Bad

```python
def step(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(gradients, model.trainable_variables)
```

## Good

```python
def step(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Fix

Safe: `apply_gradients(zip(gradients, variables))`. With Keras 3 also
`apply(gradients, variables)`; `minimize` takes a function, and only in tf-keras.

## Not this fault

- Keras 3 `optimizer.apply(gradients, variables)`: two lists are right there.
- An optimizer class of one's own with another signature.
- `spent-zip` and `variables-read-before-build`: the call is right, the list empty.

## Sources

- Keras 3.15.1, `BaseOptimizer.apply_gradients(grads_and_vars)`: TypeError for a second
  positional argument; there is no `minimize`.
- tf-keras 2.21.0, `_BaseOptimizer.apply_gradients(grads_and_vars, name=None)`: the
  second list is taken for the name, the first fails to unpack.
- https://github.com/tensorflow/tensorflow/issues/31273
- https://github.com/tensorflow/tensorflow/issues/51622
- https://github.com/tensorflow/tensorflow/issues/32478
"""

from __future__ import annotations

from ..fault import Fault

FAULT = Fault("GP406", "optimizer-call-misuse", __doc__)
