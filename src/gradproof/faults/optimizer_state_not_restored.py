"""Training resumes with an optimizer that has forgotten everything.

The weights come back, the moments, the step counter and the schedule do not: the
checkpoint lacks the optimizer. The loss jumps after the resume, and warm-up and decay
start over.

## Bad

<!-- mode: eager -->
```python
import tempfile


def make():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
    return model, keras.optimizers.Adam(0.01)


def train(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))


def step(x, y):
    model, optimizer = make()
    train(model, optimizer, x, y)
    path = tf.train.Checkpoint(model=model).save(f"{tempfile.mkdtemp()}/half")
    model, optimizer = make()
    tf.train.Checkpoint(model=model).restore(path)
    train(model, optimizer, x, y)
```

## Good

<!-- mode: eager -->
```python
import tempfile


def make():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
    return model, keras.optimizers.Adam(0.01)


def train(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))


def step(x, y):
    model, optimizer = make()
    train(model, optimizer, x, y)
    both = tf.train.Checkpoint(model=model, optimizer=optimizer)
    path = both.save(f"{tempfile.mkdtemp()}/half")
    model, optimizer = make()
    tf.train.Checkpoint(model=model, optimizer=optimizer).restore(path)
    train(model, optimizer, x, y)
```

## Fix

Save and restore model and optimizer together: `tf.train.Checkpoint(model=model,
optimizer=optimizer)`, or `model.save`.

## Not this fault

- Pretrained weights with an optimizer, a learning rate or a list of variables of their own.
- The best weights put back into the model that they came from.
- Plain SGD without momentum and schedule: it keeps nothing.

## Sources

- TensorFlow 2.21.0, Keras 3.15.1 and tf-keras 2.21.0, tried: with the optimizer in the
  checkpoint counter and moments come back, also before it is built.
- https://github.com/tensorflow/tensorflow/issues/44670
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault
from ..finding import Finding, Fix, Place, second_places

if TYPE_CHECKING:
    from ..evidence.loop import Loop
    from ..evidence.run import Run


def find(loop: Loop) -> Iterator[Finding]:
    """Training that goes on from what the program saved, without the optimizer."""
    for seen in loop.about("optimizer-state-not-restored"):
        yield Finding(
            f"the weights come back from what this program saved in training, the state of its "
            f"{seen.words} does not: counter and moments start from zero",
            place=loop.place(seen.at),
            label="without the optimizer",
            related=loop.others_of(seen),
            fix=Fix("save and restore model and optimizer together", safe=False),
        )


def prove(run: Run) -> Iterator[Finding]:
    """Find training that goes on from saved weights with a new optimizer."""
    from ..evidence.saves import resumed

    told: set[Place | None] = set()
    for found in resumed(run):
        if found.load.place in told:
            continue
        told.add(found.load.place)
        name = found.after.name
        made = found.after.made_at
        yield Finding(
            f"the weights were saved in training and loaded again, the state of `{name}` was not: "
            "its counter and what it had gathered start from zero",
            place=found.load.place,
            label="without the optimizer",
            related=second_places((made, "starts anew")),
            variables=found.variables,
            fix=Fix("save and restore model and optimizer together", safe=False),
        )


FAULT = Fault(
    "GP603", "optimizer-state-not-restored", __doc__, find=find, prove=prove, level="warning"
)
