"""A frozen normalisation still updates its statistics.

In TensorFlow 2 Keras's BatchNormalization runs in inference mode while it is frozen. A
normalisation of one's own that asks for `training` only moves its mean and variance all the
same, and what comes out of the frozen part drifts. So do those of a pretrained network
that is called with `training=True` and only left out of the list of variables.

## Bad

```python
class Norm(keras.layers.Layer):
    def build(self, shape):
        self.mean = self.add_weight(shape=(4,), initializer="zeros", trainable=False)

    def call(self, x, training=False):
        if training:
            self.mean.assign(0.9 * self.mean + 0.1 * tf.reduce_mean(x, axis=0))
        return x - self.mean


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
        self.mean = self.add_weight(shape=(4,), initializer="zeros", trainable=False)

    def call(self, x, training=False):
        if training and self.trainable:
            self.mean.assign(0.9 * self.mean + 0.1 * tf.reduce_mean(x, axis=0))
        return x - self.mean


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
from typing import TYPE_CHECKING

from ..fault import Fault
from ..finding import Finding, Fix, Place, listed

if TYPE_CHECKING:
    from ..evidence.applies import Assigned
    from ..evidence.loop import Loop
    from ..evidence.run import Run


def find(loop: Loop) -> Iterator[Finding]:
    """Pretrained networks that run in training mode while only others are trained."""
    for seen in loop.about("frozen-bn-moves"):
        name = f"`{seen.names[0]}`" if seen.names else seen.words
        yield Finding(
            f"{name} is pretrained, and nothing in this file trains it; with `training=True` its "
            "moving mean and variance still change",
            place=loop.place(seen.at),
            label="moves its statistics",
            variables=seen.names,
            fix=Fix("set `trainable = False`, or call it with `training=False`", safe=False),
            level="warning",
        )


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


FAULT = Fault("GP510", "frozen-bn-moves", __doc__, find=find, prove=prove)
