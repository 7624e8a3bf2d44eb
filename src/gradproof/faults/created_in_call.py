"""Layers or variables are made anew each time the model is called.

Every call computes with fresh random weights, and what the optimizer did to the
old ones is gone with them. Keras lists none of them. In a traced function the
second call fails instead.

## Bad

<!-- mode: eager -->
```python
class Model(keras.Model):
    def __init__(self):
        super().__init__()
        self.head = keras.layers.Dense(4)

    def call(self, inputs):
        hidden = keras.layers.Dense(4, activation="tanh", name="mix")(inputs)
        return self.head(hidden)


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
        self.mix = keras.layers.Dense(4, activation="tanh", name="mix")
        self.head = keras.layers.Dense(4)

    def call(self, inputs):
        return self.head(self.mix(inputs))


model = Model()
model(tf.zeros((1, 4)))


def step(optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Fix

Make the layer in `__init__` or `build` and keep it as an attribute.

## Not this fault

- Layers without variables made on the fly: `keras.layers.ReLU()(x)`.
- Variables made in `build`, or once behind `if self.state is None`.

## Sources

- Keras 3.15.1 and tf-keras 2.21.0, tried: a new layer in `call` is accepted, and is
  a new one at each call.
- https://github.com/saiwaiyanyu/bi-lstm-crf-ner-tf2.0/issues/2
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault
from ..finding import Finding, Fix, Place, listed

if TYPE_CHECKING:
    from ..evidence.loop import Loop
    from ..evidence.run import Run

REFUSALS = (
    "singleton tf.Variable",
    "create variables on non-first call",
    "creating variables on a non-first call",
    "variables on the first call",
    "You cannot add new elements of state",
    "tf.Variable created inside",
)
"""How TensorFlow and Keras 3 refuse variables that come late."""


def find(loop: Loop) -> Iterator[Finding]:
    """State that a Keras object makes whenever it is called."""
    for seen in loop.about("created-in-call"):
        yield Finding(
            f"the {seen.words} is made at each call: it starts anew every time",
            place=loop.place(seen.at),
            label="made anew at each call",
            related=loop.others_of(seen),
            variables=seen.names,
            fix=Fix("make it once, in `__init__`", safe=False),
        )


def prove(run: Run) -> Iterator[Finding]:
    """Find variables that each step made anew at one line, and left behind."""
    for place, keys in _made_at(run).items():
        steps = [tape for tape in run.tapes if keys & tape.watched]
        lasting = {key for key in keys if sum(key in tape.watched for tape in steps) > 1}
        refused = _refused(run, keys)
        anew = len(steps) > 1 and not lasting and not keys & run.moved
        if not anew and not refused:
            continue
        first = steps[0].watched if steps else keys
        names = tuple(dict.fromkeys(run.path(key) for key in sorted(keys & first)))
        ended = run.crash.kind if run.crash is not None else "an error"
        how = (
            f"none of them serves a second step, {len(keys)} have been made so far"
            if anew
            else f"making them again ended the program with {ended}"
        )
        yield Finding(
            f"{listed(names)} are made while the model or the loss is computed: {how}",
            place=place,
            label="made anew at each call",
            variables=names,
            step=2 if anew else run.counted + 1,
            evidence={"made": len(keys), "steps": len(steps)},
        )


def _made_at(run: Run) -> dict[Place, set[int]]:
    """Variables made in calls, by the layer's line that led to them, or that which made them."""
    found: dict[Place, set[int]] = {}
    again = _lines_under_tapes(run)
    for variable in run.variables:
        place = variable.layer_made_at or variable.made_at
        if variable.during == "call":
            place = variable.held_at or place
        in_loss = variable.made_at in again and variable.key not in run.asked
        anew = variable.during == "call" or in_loss
        if variable.role == "model" and anew and place is not None:
            found.setdefault(place, set()).add(variable.key)
    return found


def _lines_under_tapes(run: Run) -> set[Place]:
    """Lines that made variables under one tape, and under another one again."""
    seen: dict[Place, set[frozenset[int]]] = {}
    for recording in run.recordings:
        for operation in recording.operations:
            if operation.type == "VarHandleOp" and operation.tapes and operation.place is not None:
                seen.setdefault(operation.place, set()).add(operation.tapes)
    return {place for place, tapes in seen.items() if len(tapes) > 1}


def _refused(run: Run, keys: set[int]) -> bool:
    """A traced function, or an optimizer, would not have new variables."""
    crash = run.crash
    if crash is None or not keys:
        return False
    if "cannot recognize variable" in crash.message:
        return any(run.path(key).split("#")[0] in crash.message for key in keys)
    return any(words in crash.message for words in REFUSALS)


FAULT = Fault(
    "GP104",
    "created-in-call",
    __doc__,
    find=find,
    prove=prove,
    symptoms=(
        "variable-left-out",
        "untracked-variable",
        "untracked-in-container",
        "unconnected-variable",
        "optimizer-bound-to-old-variables",
        "state-created-in-tf-function",
        "tracing-cost",
    ),
)
