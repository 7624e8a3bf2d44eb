"""The list of variables is read before the model has any.

A model without an input shape makes its variables when it first sees data. A
list that is taken before that moment is empty and stays empty. Keras 3 stops
with `not enough values to unpack (expected 2, got 0)`; tf-keras says nothing
and trains nothing. Only for a `Sequential` does tf-keras stop at the read itself.

## Bad

```python
class Model(keras.Model):
    def __init__(self):
        super().__init__()
        self.head = keras.layers.Dense(4)

    def call(self, inputs):
        return self.head(inputs)


model = Model()
variables = model.trainable_variables


def step(optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, variables)
    optimizer.apply_gradients(zip(gradients, variables))
```

## Good

```python
class Model(keras.Model):
    def __init__(self):
        super().__init__()
        self.head = keras.layers.Dense(4)

    def call(self, inputs):
        return self.head(inputs)


model = Model()
model(tf.zeros((1, 4)))
variables = model.trainable_variables


def step(optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, variables)
    optimizer.apply_gradients(zip(gradients, variables))
```

## Fix

Call the model on one batch before the list is read, or read
`model.trainable_variables` after the forward pass, where it is used.

## Not this fault

- A model that begins with `keras.Input`, or a functional one: built at once.
- `model.trainable_variables` read inside the step, after the forward pass.
- A first look at an unbuilt model, for a print, that feeds no update.

## Sources

- Keras 3.15.1, `BaseOptimizer.apply_gradients`: `zip(*grads_and_vars)` is unpacked
  into two names, which fails on an empty list.
- tf-keras 2.21.0, `_BaseOptimizer.apply_gradients`: returns when the list is empty.
- tf-keras 2.21.0, `Sequential._assert_weights_created`: ValueError, "Weights for model
  ... have not yet been created", when the list of an unbuilt model is read.
- Keras 3.15.1, tried: `build` of a subclassed model without a `build` of its own
  only warns and makes no variables; a call makes them.
- https://github.com/tensorflow/tensorflow/issues/39358
- https://github.com/tensorflow/tensorflow/issues/33205
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault
from ..finding import Finding, Fix, listed, second_places

if TYPE_CHECKING:
    from ..evidence.loop import GradientCall, Loop, Spot
    from ..evidence.run import Run


def find(loop: Loop) -> Iterator[Finding]:
    """Lists that were read before their layers had variables."""
    seen: dict[Spot, GradientCall] = {}
    for call in loop.gradient_calls:
        if call.early is not None:
            seen.setdefault(call.early, call)
    for early, call in seen.items():
        is_built = "are built" if len(call.early_names) > 1 else "is built"
        yield Finding(
            f"`{early.text}` is read before {listed(call.early_names) or 'the model'} {is_built}, "
            "so the list is empty or lacks variables",
            place=loop.place(early),
            label="no variables yet",
            related=loop.related(call.sources, "used here") if call.sources != early else (),
            variables=call.early_names,
            fix=Fix("call or build the model first, then read the list", safe=False),
            symptoms=("variable-left-out", "unconnected-variable"),
        )


def prove(run: Run) -> Iterator[Finding]:
    """Find a variable list that was read too early, and used after the model was built."""
    yield from _lacking(run)
    empty = [call for call in run.calls if not call.sources]
    if not empty:
        return
    early = [read for read in run.reads if not read.built and read.count == 0]
    if not early:
        return
    used = {
        key
        for call in empty
        for key in run.tape(call.tape).watched
        if run.variable(key).tracked is not False and key not in run.handed
    }
    if not used:
        return
    names = tuple(run.path(key) for key in sorted(used))
    yield Finding(
        f"the list of `{early[0].model}` was read before the model was built and had 0 variables; "
        f"the gradient call on line {empty[0].place.line if empty[0].place else '?'} got the empty "
        f"list, although the tape watched {len(names)}: {listed(names)}",
        place=early[0].place or empty[0].place,
        label="empty: the model has not been called yet",
        variables=names,
        step=1,
        evidence={"listed": 0, "watched": len(names)},
    )


def _lacking(run: Run) -> Iterator[Finding]:
    """Lists that have what stood there early, and lack all that was made after."""
    if run.unsettled:
        return
    asked = [call for call in run.calls if call.sources and not call.inner and run.wanted(call)]
    for read in (one for one in run.reads if not one.built):
        own = {key for key in read.variables if run.variable(key).trainable}
        for call in asked:
            listed_now = own.intersection(source.variable for source in call.sources)
            late = sorted(own & run.tape(call.tape).watched - run.asked - run.updated)
            if late and len(listed_now) == read.count:
                names = tuple(run.path(key) for key in late)
                yield Finding(
                    f"the list of `{read.model}` was read before the model was built and had "
                    f"{read.count} variables; it has {len(own)} now, and no gradient was asked for "
                    f"{listed(names)}",
                    place=read.place or call.place,
                    label="the model has not been called yet",
                    related=second_places((call.place, "asked here")),
                    variables=names,
                    step=call.step + 1,
                    evidence={"listed": read.count, "variables": len(own)},
                    symptoms=("variable-left-out",),
                )
                return


FAULT = Fault("GP103", "variables-read-before-build", __doc__, find=find, prove=prove)
