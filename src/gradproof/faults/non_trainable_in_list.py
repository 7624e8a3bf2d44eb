"""The list given to the optimizer holds non-trainable variables.

`model.variables` and `model.weights` also hold moving averages, counters and
seeds. The tape has no gradient for them: each step, or once, a warning says
that gradients do not exist for the moving mean and variance. It hides warnings
that matter, and the optimizer keeps needless state.

## Bad

```python
model = keras.Sequential(
    [
        keras.Input((4,)),
        keras.layers.Dense(4),
        keras.layers.BatchNormalization(),
        keras.layers.Dense(4),
    ]
)


def step(optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x, training=True) - y))
    gradients = tape.gradient(loss, model.variables)
    optimizer.apply_gradients(zip(gradients, model.variables))
```

## Good

```python
model = keras.Sequential(
    [
        keras.Input((4,)),
        keras.layers.Dense(4),
        keras.layers.BatchNormalization(),
        keras.layers.Dense(4),
    ]
)


def step(optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x, training=True) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Fix

Safe: `trainable_variables` in both calls. The same variables move as before.

## Not this fault

- `model.variables` or `weights` for saving, counting, copying or averaging.
- Moving mean and variance that move during training: the layer changes them.
- A `tf.Module`: its `variables` may all be trainable.
- `unconnected-variable`: a trainable variable without a gradient.

## Sources

- Keras 3.15.1, `Layer.variables`: all layer state, including random seeds.
- Keras 3.15.1, `BaseOptimizer._filter_empty_gradients`: pairs without gradient are
  dropped with a UserWarning; tf-keras 2.21.0, `filter_empty_gradients`: logged.
- https://github.com/tensorlayer/SRGAN/issues/143
- https://github.com/tensorflow/tensorflow/issues/26404
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..evidence.operations import INTEGERS
from ..fault import Fault
from ..finding import Edit, Finding, Fix, listed

if TYPE_CHECKING:
    from ..evidence.loop import GradientCall, Loop, Spot
    from ..evidence.run import Run

_TRAINABLE = {"variables": "trainable_variables", "weights": "trainable_weights"}


def find(loop: Loop) -> Iterator[Finding]:
    """Lists of all variables where the trainable ones are meant."""
    seen: set[Spot] = set()
    for call in loop.gradient_calls:
        if not call.non_trainable or call.sources in seen:
            continue
        seen.add(call.sources)
        head, dot, name = call.sources.text.rpartition(".")
        fix = Fix("ask for the trainable variables", safe=False)
        if dot and name in _TRAINABLE:
            edits = [
                Edit(loop.place(spot), f"{head}.{_TRAINABLE[name]}")
                for spot in dict.fromkeys((call.sources, *_applied(loop, call)))
            ]
            fix = Fix("ask for the trainable variables", safe=False, edits=tuple(edits))
        yield Finding(
            f"`{call.sources.text}` also holds variables that no gradient can reach: "
            f"{listed(call.non_trainable)}",
            place=loop.place(call.listed or call.sources),
            label="holds variables that can't train",
            related=loop.related(call.sources if call.listed else None, "asked for here"),
            variables=call.non_trainable,
            fix=fix,
        )


def _applied(loop: Loop, call: GradientCall) -> Iterator[Spot]:
    """The same list in the calls that apply."""
    for apply in loop.apply_calls:
        if apply.variables is not None and apply.variables.text == call.sources.text:
            yield apply.variables


def prove(run: Run) -> Iterator[Finding]:
    """Find variables with `trainable=False` among the sources."""
    seen: set[object] = set()
    for call in run.calls:
        names = tuple(
            source.name
            for source in call.unconnected
            if source.variable is not None
            and not run.variable(source.variable).trainable
            and run.variable(source.variable).dtype not in INTEGERS
        )
        if not names or call.place in seen or not run.wanted(call):
            continue
        seen.add(call.place)
        yield Finding(
            f"{len(names)} of the {len(call.sources)} variables given are not trainable and have "
            f"no gradient: {listed(names)}",
            place=call.place,
            label="the list has variables that are not trainable",
            variables=names,
            step=call.step + 1,
            evidence={"not_trainable": len(names), "sources": len(call.sources)},
        )


FAULT = Fault("GP108", "non-trainable-in-list", __doc__, find=find, prove=prove, level="warning")
