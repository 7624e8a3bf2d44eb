"""A weight is transformed once, and the result is used ever after.

`tf.exp(self.log_scale)` in `build` or `__init__` is a constant from then on. The
loss depends on that constant, not on the variable, whose gradient is None.

## Bad

```python
class Scale(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.log_scale = self.add_weight(name="log_scale", shape=(4,), initializer="zeros")
        self.scale = tf.exp(tf.convert_to_tensor(self.log_scale))

    def call(self, inputs):
        return inputs * self.scale


layer = Scale()
head = keras.layers.Dense(4)
head.build((8, 4))


def step(optimizer, x, y):
    variables = layer.trainable_variables + head.trainable_variables
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(head(layer(x)) - y))
    gradients = tape.gradient(loss, variables)
    optimizer.apply_gradients(zip(gradients, variables))
```

## Good

```python
class Scale(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.log_scale = self.add_weight(name="log_scale", shape=(4,), initializer="zeros")

    def call(self, inputs):
        return inputs * tf.exp(tf.convert_to_tensor(self.log_scale))


layer = Scale()
head = keras.layers.Dense(4)
head.build((8, 4))


def step(optimizer, x, y):
    variables = layer.trainable_variables + head.trainable_variables
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(head(layer(x)) - y))
    gradients = tape.gradient(loss, variables)
    optimizer.apply_gradients(zip(gradients, variables))
```

## Fix

Keep the variable, and transform it in `call`.

## Not this fault

- Values derived from variables that are not trained.
- `forward-outside-tape`: a forward pass of this very step, before its tape.

## Sources

- Keras 3.15.1 and tf-keras 2.21.0, tried: the gradient of the variable is None.
- https://github.com/tensorflow/tensorflow/issues/32729
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from ..fault import Fault
from ..finding import Finding, Fix, listed, second_places

if TYPE_CHECKING:
    from ..evidence.loop import Loop
    from ..evidence.run import Run


def find(loop: Loop) -> Iterator[Finding]:
    """Weights that were read while the layer was made."""
    for broken, call, names in loop.breaks("built once"):
        yield Finding(
            f"{listed(names) or 'a weight'} {'are' if len(names) > 1 else 'is'} read once, "
            "before the steps begin: all of them use that one result",
            place=loop.place(broken.at),
            label="computed once",
            related=loop.related(call.at, "asked for gradients here"),
            variables=names,
            fix=Fix("compute it in each step, while the tape records", safe=False),
        )


def prove(run: Run) -> Iterator[Finding]:
    """Find variables whose derived value is older than the tape."""
    from ..evidence.paths import lost

    for found in lost(run, ("once",)):
        tape = run.tape(found.call.tape)
        yield Finding(
            f"{found.words}; the target depends on a value that was computed from them "
            f"once, before the steps, and never again",
            place=found.place,
            label="computed once",
            related=second_places((tape.place, "the tape that is asked")),
            variables=found.names,
            step=found.call.step + 1,
            evidence={"unconnected": len(found.names), "sources": len(found.call.sources)},
        )


def settle(finding: Finding, run: Run) -> Finding | None:
    """Built while Keras traced the layer, the old result can't even be used."""
    from ..evidence.crashes import leak

    found = leak(run)
    if found is None or found.origin is None or finding.place is None:
        return None
    if not finding.place.span.overlaps(found.origin.span):
        return None
    return replace(
        finding,
        message=f"{finding.message}; it was computed while the layer was traced, and using it "
        "later ended the program",
        variables=(),
        step=run.counted + 1,
        symptoms=("symbolic-tensor-leak",),
    )


FAULT = Fault(
    "GP112",
    "derived-weights-built-once",
    __doc__,
    find=find,
    prove=prove,
    settle=settle,
    symptoms=("unconnected-variable", "forward-outside-tape"),
)
