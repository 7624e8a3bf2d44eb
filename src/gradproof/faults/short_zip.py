"""The lists differ in length, and `zip` drops the last variables.

There are fewer gradients than variables. `zip` stops at the end of the shorter
list without a word: the first variables train, the last ones never move.

## Bad

```python
def step(encoder, decoder, optimizer, x, y):
    variables = encoder.trainable_variables + decoder.trainable_variables
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(decoder(encoder(x)) - y))
    gradients = tape.gradient(loss, encoder.trainable_variables)
    optimizer.apply_gradients(zip(gradients, variables))
```

## Good

```python
def step(encoder, decoder, optimizer, x, y):
    variables = encoder.trainable_variables + decoder.trainable_variables
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(decoder(encoder(x)) - y))
    gradients = tape.gradient(loss, variables)
    optimizer.apply_gradients(zip(gradients, variables))
```

## Fix

One list in both calls, and `zip(gradients, variables, strict=True)`. Unsafe: it
decides which variables train.

## Not this fault

- One and the same list in both calls.
- A list that is cut on purpose on both sides.
- `mispaired-gradients`: gradients land on variables that they were not taken for.
- `spent-zip`: the pairs are gone because they were read before.

## Sources

- Python 3.10, `zip`: stops at the shortest argument; `strict=True` raises ValueError.
- Keras 3.15.1 and tf-keras 2.21.0, tried: fewer gradients than variables are
  accepted in silence.
- https://github.com/soumik12345/tf2_gans/pull/15
"""

from __future__ import annotations

from ..fault import Fault

FAULT = Fault("GP404", "short-zip", __doc__)
