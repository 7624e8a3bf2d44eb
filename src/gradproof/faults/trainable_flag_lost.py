"""A `trainable` flag does not say what was meant.

Flags are kept by every layer, and composites and loaders set them as well: in Keras 2
the flag of a model overwrites those of its parts, in Keras 3 it does not when it was
true already, and a layer from TensorFlow Hub is frozen unless it is told otherwise. So
frozen parts train, or fine-tuning changes nothing.

## Bad

<!-- mode: eager -->
<!-- keras: 2 -->
```python
base = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, name="base")])
net = keras.Sequential([keras.Input((4,)), base, keras.layers.Dense(4, name="head")])
base.trainable = False
net.trainable = True


def step(optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(net(x) - y))
    gradients = tape.gradient(loss, net.trainable_variables)
    optimizer.apply_gradients(zip(gradients, net.trainable_variables))
```

## Good

<!-- mode: eager -->
<!-- keras: 2 -->
```python
base = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, name="base")])
net = keras.Sequential([keras.Input((4,)), base, keras.layers.Dense(4, name="head")])
net.trainable = True
base.trainable = False


def step(optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(net(x) - y))
    gradients = tape.gradient(loss, net.trainable_variables)
    optimizer.apply_gradients(zip(gradients, net.trainable_variables))
```

## Fix

Set the outer flag first, the inner ones after it, and look at the list:
`assert len(net.trainable_variables) == 2`. `hub.KerasLayer(url, trainable=True)` trains.

## Not this fault

- Phases: the head is trained, then the outer flag unfreezes all.
- A hub layer as a fixed feature extractor, whose variables nobody asks for.
- `trainable-flip-ignored`: the right flag, set too late.

## Sources

- tf-keras 2.21.0, tried: the setter of a model sets all its layers; the list of a model lacks
  all that a part holds whose own flag is false. In Keras 3.15.1 it has what is trainable inside.
- Keras 3.15.1, tried: `base.trainable = True` on a model whose own flag is true already
  leaves frozen layers frozen.
- https://github.com/tensorflow/hub/issues/795
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault
from ..finding import Finding, Fix, listed, second_places

if TYPE_CHECKING:
    from ..evidence.loop import Loop
    from ..evidence.run import Run

_FIXES = {
    "reset": "set the outer flag first",
    "kept": "set the flags of the layers themselves",
    "hub": "give it `trainable=True`",
    "held": "set the flag of the whole first, then those of the parts that stay frozen",
    "all": "freeze only what is to stand still, before the new layers are added",
}

_LABELS = {
    "hub": "frozen by default",
    "held": "the flag of the whole counts",
    "all": "freezes all that is left",
}


def find(loop: Loop) -> Iterator[Finding]:
    """Flags that the next assignment overwrites, or that nobody overwrites."""
    for seen in loop.about("trainable-flag-lost"):
        names = tuple(name for name in seen.names if name)
        these = listed(names) if names else "its parts"
        message = {
            "reset": f"this flag is handed down: {these}, frozen before, will train again",
            "kept": f"this flag is true already, so nothing is handed down: {these} stay frozen",
            "hub": "a layer of TensorFlow Hub is not trainable unless it is told to be: the list "
            "of its trainable variables is empty",
            "held": f"this flag lets {these} train, but that of the model around does not: no list "
            "of trainable variables has them",
            "all": f"with this {these} are frozen, and nothing is left to train: the list of "
            "trainable variables is empty",
        }[seen.words]
        yield Finding(
            message,
            place=loop.place(seen.at),
            label=_LABELS.get(seen.words, "another flag counts"),
            related=loop.others_of(seen),
            variables=names,
            fix=Fix(_FIXES[seen.words], safe=False),
            symptoms=("variable-left-out",) if seen.words == "held" else (),
            level="error" if seen.words == "held" else None,
        )


def prove(run: Run) -> Iterator[Finding]:
    """Find gradient calls that got the empty list of a model that was frozen."""
    empty = next((call for call in run.calls if not call.sources), None)
    for read in run.reads if empty is not None else ():
        if not read.built or read.frozen_at is None or read.within is not None:
            continue
        names = tuple(run.path(key) for key in read.variables if key not in run.updated)
        if not names:
            continue
        yield Finding(
            f"`{read.model}` was frozen here and never thawed: its list of trainable variables is "
            f"empty, and a gradient call got that list",
            place=read.frozen_at,
            label="still frozen when it is trained",
            related=second_places((read.place, "empty here")),
            variables=names,
            step=1,
            evidence={"variables": len(names)},
            fix=Fix("set `trainable = True` before the list is read", safe=False),
        )
        return


FAULT = Fault("GP105", "trainable-flag-lost", __doc__, find=find, prove=prove, level="warning")
