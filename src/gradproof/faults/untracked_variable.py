"""The layer's variable is not tracked by Keras.

A layer or model keeps a bare `tf.Variable` as an attribute. Keras 3 lists only
variables that it made itself, so `trainable_variables` lacks this one: it is
used in every forward pass, never trains, is not counted and not saved. Nothing
warns. If it is the only variable, the list is empty and Keras 3 stops with
`not enough values to unpack (expected 2, got 0)`.

## Bad
<!-- keras: 3 -->

```python
class Scale(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.scale = tf.Variable(0.5)

    def call(self, inputs):
        return inputs * self.scale


model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4), Scale()])


def step(optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Good

```python
class Scale(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.scale = self.add_weight(name="scale", shape=(), initializer="ones")

    def call(self, inputs):
        return inputs * self.scale


model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4), Scale()])


def step(optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Fix

Make the variable with `self.add_weight(...)` or `keras.Variable(...)`. Or keep
it as it is and pass it to `gradient` and to the optimizer by hand.

## Not this fault

- The same code with tf-keras, which does track a bare `tf.Variable`.
- A `tf.Variable` in a plain Python class or a `tf.Module` that is handed to the
  tape and the optimizer explicitly.
- A `tf.Variable(..., trainable=False)`: a counter, a table, a mask.
- `variable-left-out`: the variable belongs to nobody, or to a loss.

## Sources

- Keras 3.15.1, `keras/src/layers/layer.py`, `Layer._initialize_tracker`: an
  attribute is tracked if it is a `keras.Variable`; in lists, dicts and tuples too.
- tf-keras 2.21.0: a `tf.Variable` attribute stands in `trainable_variables`.
- https://github.com/tensorflow/docs/pull/2401
- https://github.com/tensorflow/docs/pull/2388
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault, Verdict
from ..finding import Finding, Fix

if TYPE_CHECKING:
    from ..evidence.loop import GradientCall, Loop, Owned
    from ..evidence.run import Run


def find(loop: Loop) -> Iterator[Finding]:
    """Bare variables that the target needs and the object's list lacks."""
    seen: dict[Owned, GradientCall] = {}
    for call in loop.gradient_calls:
        for owned in call.untracked:
            if owned.reason == "raw":
                seen.setdefault(owned, call)
    for owned, call in seen.items():
        yield Finding(
            f"`{owned.name}` is a bare `tf.Variable` in a Keras object: Keras 3 does not track it, "
            f"so `{call.sources.text}` lacks it",
            place=loop.place(owned.made),
            label="not tracked by Keras 3",
            related=loop.related(call.sources, "not in this list"),
            variables=(owned.name,) if owned.name else (),
            fix=Fix("make it with `self.add_weight(...)`, or with `keras.Variable`", safe=False),
            symptoms=("variable-left-out", "variables-read-before-build"),
        )


def prove(run: Run) -> Iterator[Finding]:
    """Find bare variables of a Keras layer that the loss uses and no list has."""
    from ..evidence.unlisted import unlisted

    for variable, call in unlisted(run):
        if variable.kind != "tf.Variable" or variable.owner != "layer":
            continue
        if run.generations == ("2",):  # tf-keras tracks them; a container must hide it
            continue
        if variable.tracked is not False:
            continue
        yield Finding(
            f"`{variable.path}` is used by the target of the gradient call, but it is a bare "
            f"tf.Variable and `{variable.holder}` does not track it: it is in none of the lists "
            f"that gradients were taken for",
            place=variable.made_at or call.place,
            label="not tracked by Keras 3",
            variables=(variable.path,),
            step=call.step + 1,
            evidence={"sources": len(call.sources)},
            symptoms=("variable-left-out",),
        )


def settle(finding: Finding, run: Run) -> Verdict | None:
    """Clear what the run saw handed over and moving."""
    from ..evidence.unlisted import all_trained

    return Verdict.CLEARED if all_trained(run, finding.variables) else None


FAULT = Fault("GP101", "untracked-variable", __doc__, find=find, prove=prove, settle=settle)
