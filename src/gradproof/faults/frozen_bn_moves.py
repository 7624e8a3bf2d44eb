"""A frozen normalisation still updates its statistics.

In TensorFlow 2 Keras's BatchNormalization runs in inference mode while it is frozen. A
normalisation of one's own that asks for `training` only moves its mean and variance all the
same, and what comes out of the frozen part drifts.

## Bad

```python
class Norm(keras.layers.Layer):
    def build(self, shape):
        self.scale = self.add_weight(shape=(shape[-1],), initializer="ones")
        self.mean = self.add_weight(shape=(shape[-1],), initializer="zeros", trainable=False)

    def call(self, x, training=False):
        if training:
            self.mean.assign(0.9 * self.mean + 0.1 * tf.reduce_mean(x, axis=0))
        return self.scale * (x - self.mean)


norm = Norm(trainable=False)


def step(decoder, optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(decoder(norm(x, training=True)) - y))
    gradients = tape.gradient(loss, decoder.trainable_variables)
    optimizer.apply_gradients(zip(gradients, decoder.trainable_variables))
```

## Good

```python
class Norm(keras.layers.Layer):
    def build(self, shape):
        self.scale = self.add_weight(shape=(shape[-1],), initializer="ones")
        self.mean = self.add_weight(shape=(shape[-1],), initializer="zeros", trainable=False)

    def call(self, x, training=False):
        if training and self.trainable:
            self.mean.assign(0.9 * self.mean + 0.1 * tf.reduce_mean(x, axis=0))
        return self.scale * (x - self.mean)


norm = Norm(trainable=False)


def step(decoder, optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(decoder(norm(x, training=True)) - y))
    gradients = tape.gradient(loss, decoder.trainable_variables)
    optimizer.apply_gradients(zip(gradients, decoder.trainable_variables))
```

## Fix

Update the statistics only `if training and self.trainable`; or call the frozen part with
`training=False`.

## Not this fault

- BatchNormalization in a part that trains: its statistics have to move.
- Weights of a frozen copy that are assigned outside of the forward pass.
- `trainable-flip-ignored`: frozen after the step was traced.

## Sources

- Keras 3.15.1 and tf-keras 2.21.0, tried: a BatchNormalization with `trainable = False` does
  not move its statistics under `training=True`.
- https://github.com/keras-team/keras/issues/7085
"""

from __future__ import annotations

from collections.abc import Iterator

from ..evidence import Run
from ..evidence.run import Assigned
from ..fault import Fault
from ..finding import Finding, Fix, Place, listed


def prove(run: Run) -> Iterator[Finding]:
    """State that a frozen layer assigned under a tape, in its forward pass."""
    groups: dict[Place | None, list[Assigned]] = {}
    for assigned in run.assigned:
        variable = run.variable(assigned.variable)
        statistics = variable.role == "model" and "float" in variable.dtype and variable.shape
        # What Keras's own layers do when they are frozen is as they mean it.
        if assigned.frozen and statistics and variable.layer_made_at is None:
            place = assigned.places[0] if assigned.places else None
            groups.setdefault(place, []).append(assigned)
    for place, found in groups.items():
        names = tuple(dict.fromkeys(run.path(one.variable) for one in found))
        yield Finding(
            f"the layer is frozen, and its forward pass assigns to {listed(names)} all the same",
            place=place,
            label="moves although the layer is frozen",
            variables=names,
            step=1,
            evidence={"variables": len(names)},
            fix=Fix("update it only `if training and self.trainable`", safe=False),
        )


FAULT = Fault("GP510", "frozen-bn-moves", __doc__, prove=prove)
