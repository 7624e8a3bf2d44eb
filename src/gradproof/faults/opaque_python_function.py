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

from ..fault import Fault

FAULT = Fault("GP204", "opaque-python-function", __doc__)
