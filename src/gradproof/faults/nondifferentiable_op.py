"""An operation without a gradient stands between variables and loss.

`argmax`, `round`, `floor`, comparisons, counts, histograms and casts to integers
have no derivative. The gradient of everything that reaches the loss only
through them is `None`, for `sign` it is exactly zero. If other variables are
connected, a warning is all that is seen.

## Bad

```python
def step(encoder, decoder, optimizer, x, y):
    variables = encoder.trainable_variables + decoder.trainable_variables
    with tf.GradientTape() as tape:
        code = tf.round(encoder(x))
        loss = tf.reduce_mean(tf.square(decoder(code) - y))
    gradients = tape.gradient(loss, variables)
    optimizer.apply_gradients(zip(gradients, variables))
```

## Good

```python
def step(encoder, decoder, optimizer, x, y):
    variables = encoder.trainable_variables + decoder.trainable_variables
    with tf.GradientTape() as tape:
        hidden = encoder(x)
        code = hidden + tf.stop_gradient(tf.round(hidden) - hidden)
        loss = tf.reduce_mean(tf.square(decoder(code) - y))
    gradients = tape.gradient(loss, variables)
    optimizer.apply_gradients(zip(gradients, variables))
```

## Fix

Take a soft form (softmax for argmax, sigmoid for a threshold), or pass the
gradient straight through, as above. Unsafe: it changes what is computed.

## Not this fault

- The operation works on labels, masks, indices or metrics only.
- A selection by `argmax`, `top_k` or a mask whose *values* keep their path to the
  loss: `gather`, `where`, hard attention, margin losses.
- A straight-through estimator: the residual stands in `stop_gradient`.
- A comparison inside a loss that only chooses a branch.

## Sources

- TensorFlow 2.21.0, `python/ops/math_grad.py`: `Round`, `Floor`, `Ceil` and `ArgMax`
  return no gradient, comparisons are marked not differentiable, `Sign` returns
  zeros, `Cast` passes floating types only.
- https://github.com/tensorflow/tensorflow/issues/58614
- https://github.com/keras-team/keras/issues/11157
- https://github.com/tensorflow/tensorflow/issues/2177
- https://github.com/tensorflow/tensorflow/issues/14931
"""

from __future__ import annotations

from ..fault import Fault

FAULT = Fault("GP203", "nondifferentiable-op", __doc__)
