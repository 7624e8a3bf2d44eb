"""Layers or variables hide where Keras does not look for them.

Keras finds layers that are attributes of a layer or model, also in lists and
dicts. It does not look inside a plain Python object, a class body, a function's
closure or a list made before `super().__init__()`. What stands there is used, but
never trained, not counted and not saved. Nothing warns.

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
from typing import TYPE_CHECKING

from ..fault import Fault, Verdict
from ..finding import Finding, Fix, listed

if TYPE_CHECKING:
    from ..evidence.gradients import GradientCall
    from ..evidence.loop import Loop
    from ..evidence.run import Run
    from ..evidence.variable import Variable

_REASONS = {
    "plain": "inside a plain Python object, where Keras does not look",
    "module": "in a `tf.Module`, which does not see Keras 3 layers",
    "closure": "held by a function only, where Keras does not look",
    "class": "an attribute of the class, not of the object, where Keras does not look",
    "dict": "put into `__dict__`, past what Keras tracks of attributes",
    "module in layer": "in a `tf.Module` that a Keras 3 object holds, where Keras does not look",
}


def find(loop: Loop) -> Iterator[Finding]:
    """Parts that the target needs, held where tracking does not look."""
    for call in loop.gradient_calls:
        hidden = [owned for owned in call.untracked if owned.reason in _REASONS]
        if hidden:
            names = tuple(dict.fromkeys(owned.name for owned in hidden if owned.name))
            first = hidden[0]
            inner = first.made if first.beyond is not None else None
            yield Finding(
                f"{listed(names) or 'a layer'} {'are' if len(names) > 1 else 'is'} "
                f"{_REASONS[first.reason]}: "
                f"`{call.sources.text}` lacks {'them' if len(names) > 1 else 'it'}",
                place=loop.place(first.beyond or first.made),
                label="not tracked from here",
                related=loop.related(inner, "made here")
                + loop.related(call.sources, "not in this list"),
                variables=names,
                fix=Fix(
                    "make the object a Keras layer, or hold its layers in an attribute of one, too",
                    safe=False,
                ),
                symptoms=("variable-left-out",),
            )


def prove(run: Run) -> Iterator[Finding]:
    """Find variables of layers that the object around them does not track."""
    from ..evidence.unlisted import unlisted

    groups: dict[object, list[Variable]] = {}
    first: dict[object, GradientCall] = {}
    copied = {key for copy in run.copies for key in copy.variables}
    for variable, call in unlisted(run):
        if variable.tracked is not False or variable.holder is None:
            continue
        ended = run.crash is not None and bool(call.sources)
        if run.unsettled and (ended or variable.key in copied):  # a target network's turn is later
            continue
        bare = variable.kind == "tf.Variable" and variable.owner == "layer"
        if bare and run.generations != ("2",):  # in Keras 3 it is nowhere tracked
            continue
        groups.setdefault(variable.holder, []).append(variable)
        first.setdefault(variable.holder, call)
    for holder, variables in groups.items():
        names = tuple(variable.path for variable in variables)
        places = [
            variable.held_at or variable.layer_made_at or variable.made_at for variable in variables
        ]
        yield Finding(
            f"`{holder}` made the layers of {listed(names)}, and the target of the gradient call "
            "uses them, but none of them is in the list of its variables",
            place=next((place for place in places if place is not None), None),
            label=f"held where `{holder}` does not look",
            variables=names,
            step=first[holder].step + 1,
            evidence={"untracked": len(names)},
            symptoms=("variable-left-out",),
        )


def settle(finding: Finding, run: Run) -> Verdict | None:
    """Clear what the run saw handed over and moving."""
    from ..evidence.unlisted import all_trained

    return Verdict.CLEARED if all_trained(run, finding.variables) else None


FAULT = Fault("GP102", "untracked-in-container", __doc__, find=find, prove=prove, settle=settle)
