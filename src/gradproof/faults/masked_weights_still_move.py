"""Weights whose gradients are masked out still move.

A zero gradient is no standstill. Decoupled weight decay shrinks every variable that
gets a gradient, zero or not; momentum and Adam's moments go on pushing where there
was a gradient before.

## Bad

```python
decayed = keras.optimizers.AdamW(0.01, weight_decay=0.1)
row_mask = tf.constant([[0.0], [0.0], [1.0], [1.0]])


def step(encoder, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(encoder(x) - y))
    kernel, bias = tape.gradient(loss, encoder.trainable_variables)
    gradients = [kernel * row_mask, bias]
    decayed.apply_gradients(zip(gradients, encoder.trainable_variables))
```

## Good

```python
plain = keras.optimizers.Adam(0.01)
row_mask = tf.constant([[0.0], [0.0], [1.0], [1.0]])


def step(encoder, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(encoder(x) - y))
    kernel, bias = tape.gradient(loss, encoder.trainable_variables)
    gradients = [kernel * row_mask, bias]
    plain.apply_gradients(zip(gradients, encoder.trainable_variables))
```

## Fix

Leave the variable out of the list, exclude it from the decay with
`exclude_from_weight_decay`, or write the frozen part back after each update.

## Not this fault

- A mask that never changes, with Adam or SGD and without decay: nothing moves.
- A mask on the loss or on the activations.
- Weights that are masked again after each update.

## Sources

- Keras 3.15.1 and tf-keras 2.21.0, tried: AdamW moves a variable whose gradient is
  zero, none whose gradient is None.
- https://github.com/huggingface/transformers/issues/22059
- https://github.com/andreped/GradientAccumulator/issues/132
"""

from __future__ import annotations

from collections.abc import Iterator

from ..evidence import Loop
from ..fault import Fault
from ..finding import Finding, Fix


def find(loop: Loop) -> Iterator[Finding]:
    """Masked gradients that go to an optimizer with weight decay."""
    for seen in loop.about("masked-weights-still-move"):
        yield Finding(
            f"the gradient is zero where it is masked, but `{seen.words}` decays the weights "
            "there all the same: what was to stand still shrinks",
            place=loop.place(seen.at),
            label="zero here, decayed there",
            related=tuple(one for spot, words in seen.others for one in loop.related(spot, words)),
            variables=seen.names,
            fix=Fix("exclude the variable from the weight decay", safe=False),
        )


FAULT = Fault("GP509", "masked-weights-still-move", __doc__, find=find)
