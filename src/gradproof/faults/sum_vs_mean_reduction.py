"""The loss is summed over the batch: the step grows with its length.

A sum over 100 examples gives a gradient 100 times that of the mean. With plain gradient
descent the learning rate then means something else for each batch size, and the
last, smaller batch takes a smaller step.

## Bad

<!-- mode: eager -->
```python
@tf.function
def train(model, optimizer, batch):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(model(batch) - batch))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))


def step(model, optimizer, x):
    data = tf.data.Dataset.from_tensor_slices(tf.concat([x, x, x[:3]], 0)).batch(8)
    for batch in data:
        train(model, optimizer, batch)
```

## Good

<!-- mode: eager -->
```python
@tf.function
def train(model, optimizer, batch):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(batch) - batch))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))


def step(model, optimizer, x):
    data = tf.data.Dataset.from_tensor_slices(tf.concat([x, x, x[:3]], 0)).batch(8)
    for batch in data:
        train(model, optimizer, batch)
```

## Fix

Average over the batch, `tf.reduce_mean`, and choose the learning rate for that.

## Not this fault

- A sum that is divided by the batch size, at once or later, or whose gradients are.
- A sum over features, classes or pixels, with a mean over the batch.
- A sum over one full batch: its length is always the same.
- Adam and its kin, whose step does not grow with the gradient.

## Sources

- Tried with TensorFlow 2.21.0 and Keras 3.15.1: the gradient of the sum is the
  batch's length times that of the mean.
- https://github.com/deepchem/deepchem/pull/640
- https://github.com/keras-team/keras-io/pull/1493
"""

from __future__ import annotations

from collections.abc import Iterator

from ..evidence import Loop
from ..fault import Fault
from ..finding import Finding, Fix


def find(loop: Loop) -> Iterator[Finding]:
    """Losses that are summed over batches of different lengths."""
    for seen in loop.about("sum-vs-mean-reduction"):
        yield Finding(
            "the loss is summed over the batch, and nothing divides it by the batch's length: "
            "the step is that many times larger than the learning rate says",
            place=loop.place(seen.at),
            label="sum over the batch",
            related=tuple(one for spot, words in seen.others for one in loop.related(spot, words)),
            fix=Fix("take the mean", safe=False),
        )


FAULT = Fault("GP705", "sum-vs-mean-reduction", __doc__, find=find)
