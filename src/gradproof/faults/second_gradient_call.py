"""The tape is asked twice, but it answers only once.

A tape drops what it recorded when it is asked for a gradient. The second
question, for the second network or the second loss, stops with `A non-persistent
GradientTape can only be used to compute one set of gradients`.

## Bad

```python
def step(encoder, decoder, optimizer, x, y):
    with tf.GradientTape() as tape:
        hidden = encoder(x)
        code_loss = tf.reduce_mean(tf.square(hidden - x))
        loss = tf.reduce_mean(tf.square(decoder(hidden) - y))
    gradients = tape.gradient(code_loss, encoder.trainable_variables)
    gradients += tape.gradient(loss, decoder.trainable_variables)
    variables = encoder.trainable_variables + decoder.trainable_variables
    optimizer.apply_gradients(zip(gradients, variables))
```

## Good

```python
def step(encoder, decoder, optimizer, x, y):
    with tf.GradientTape(persistent=True) as tape:
        hidden = encoder(x)
        code_loss = tf.reduce_mean(tf.square(hidden - x))
        loss = tf.reduce_mean(tf.square(decoder(hidden) - y))
    gradients = tape.gradient(code_loss, encoder.trainable_variables)
    gradients += tape.gradient(loss, decoder.trainable_variables)
    variables = encoder.trainable_variables + decoder.trainable_variables
    optimizer.apply_gradients(zip(gradients, variables))
```

## Fix

Safe: `tf.GradientTape(persistent=True)`. Two tapes over one forward pass, or one
question with both lists, need less memory.

## Not this fault

- One tape, one question, several lists: `tape.gradient(loss, [first, second])`.
- Two tapes over the same forward pass, each asked once.
- A tape in a loop that is opened anew in each turn.

## Sources

- TensorFlow 2.21.0, `python/eager/backprop.py`, `GradientTape.gradient`: RuntimeError
  if called on a used, non-persistent tape.
- https://github.com/manicman1999/StyleGAN2-Tensorflow-2.0/issues/14
- https://github.com/tensorflow/tensorflow/issues/46487
"""

from __future__ import annotations

from ..fault import Fault

FAULT = Fault("GP213", "second-gradient-call", __doc__)
