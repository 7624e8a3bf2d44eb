"""The name of a variable is bound to a plain tensor.

`w = w - 0.1 * gradient` makes a new tensor and gives it the variable's name. The
variable keeps its value. In the second step the tape does not watch the tensor:
its gradient is `None`, and the next line stops with a TypeError, or with
`object has no attribute 'assign_sub'`.

## Bad
<!-- mode: eager -->

```python
w = tf.Variable(tf.zeros((4, 4)))


def step(x, y):
    global w
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(tf.matmul(x, w) - y))
    gradient = tape.gradient(loss, w)
    w = w - 0.1 * gradient
```

## Good

```python
w = tf.Variable(tf.zeros((4, 4)))


def step(x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(tf.matmul(x, w) - y))
    gradient = tape.gradient(loss, w)
    w.assign_sub(0.1 * gradient)
```

## Fix

Safe: `w.assign_sub(0.1 * gradient)`. It is the same arithmetic on the variable.

## Not this fault

- `w -= 0.1 * gradient` written as `w.assign_sub(...)` or `w.assign(w - ...)`.
- Fast weights, as in meta-learning: tensors that are made from variables in each
  step, and used in that step only.
- `update-bypasses-variables`: the new values go into a list, the names stay.

## Sources

- TensorFlow 2.21.0, tried: after the rebinding `tape.gradient(loss, w)` is `None`;
  inside a `tf.function` the same value comes back at each call.
- https://github.com/dragen1860/Deep-Learning-with-TensorFlow-book/issues/156
- https://github.com/tensorflow/tensorflow/issues/30768
- https://github.com/tensorflow/tensorflow/issues/38555
"""

from __future__ import annotations

from ..fault import Fault

FAULT = Fault("GP207", "variable-rebound-to-tensor", __doc__)
