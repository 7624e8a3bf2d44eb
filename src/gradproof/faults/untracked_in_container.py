"""Layers or variables hide where Keras does not look for them.

Keras finds layers that are attributes of a layer or model, also in lists and
dicts. It does not look inside a plain Python object, a function's closure or a
list made before `super().__init__()`. What stands there is used, but never
trained, not counted and not saved. Nothing warns.

## Bad

```python
class Blocks:
    def __init__(self):
        self.hidden = keras.layers.Dense(4, activation="tanh")


class Model(keras.Model):
    def __init__(self):
        super().__init__()
        self.blocks = Blocks()
        self.head = keras.layers.Dense(4)

    def call(self, inputs):
        return self.head(self.blocks.hidden(inputs))


model = Model()
model(tf.zeros((1, 4)))


def step(optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Good

```python
class Model(keras.Model):
    def __init__(self):
        super().__init__()
        self.blocks = [keras.layers.Dense(4, activation="tanh")]
        self.head = keras.layers.Dense(4)

    def call(self, inputs):
        for block in self.blocks:
            inputs = block(inputs)
        return self.head(inputs)


model = Model()
model(tf.zeros((1, 4)))


def step(optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Fix

Hold sublayers as attributes, or in lists and dicts that are attributes; or let
the holding class derive from `keras.layers.Layer`.

## Not this fault

- Layers in a list, tuple, dict or nested list of a Keras 3 or tf-keras layer:
  all are found.
- A part that is left out on purpose: a frozen backbone, a fixed projection.
- `untracked-variable`: a bare `tf.Variable`, which Keras 3 tracks nowhere.

## Sources

- Keras 3.15.1 and tf-keras 2.21.0, tried: layers inside a plain object are missing
  from `trainable_variables`; layers in lists, tuples and dicts are there.
- https://github.com/keras-team/keras/issues/16797
- https://github.com/tensorflow/tensorflow/issues/38211
- https://github.com/tensorflow/tensorflow/issues/29073
- https://github.com/tensorflow/tensorflow/issues/43755
"""

from __future__ import annotations

from collections.abc import Iterator

from ..evidence import Run
from ..evidence.run import GradientCall, Variable
from ..evidence.unlisted import unlisted
from ..finding import Finding, listed
from ..fault import Fault


def prove(run: Run) -> Iterator[Finding]:
    """Find variables of layers that the object around them does not track."""
    groups: dict[object, list[Variable]] = {}
    first: dict[object, GradientCall] = {}
    for variable, call in unlisted(run):
        if variable.tracked is not False or variable.holder is None:
            continue
        if variable.kind == "tf.Variable" and variable.owner == "layer":
            continue
        place = variable.layer_made_at or variable.made_at
        groups.setdefault(variable.holder, []).append(variable)
        first.setdefault(variable.holder, call)
        del place
    for holder, variables in groups.items():
        names = tuple(variable.path for variable in variables)
        places = [variable.layer_made_at or variable.made_at for variable in variables]
        yield Finding(
            f"`{holder}` made the layers of {listed(names)} and the target of the gradient call "
            f"uses them, but its list of variables has none of them",
            place=next((place for place in places if place is not None), None),
            label=f"held where `{holder}` does not look",
            variables=names,
            step=first[holder].step + 1,
            evidence={"untracked": len(names)},
        )


FAULT = Fault("GP102", "untracked-in-container", __doc__, prove=prove)
