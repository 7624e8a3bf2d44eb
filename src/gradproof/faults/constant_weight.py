"""A layer computes with a weight that is a plain tensor.

It was made with `tf.random.normal(...)`, not as a variable: no tape watches it, no list has it, no
checkpoint keeps it. It stays as it was drawn, and the layers around it train.

## Bad

<!-- mode: eager -->
```python
class Scaled(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(4, name="dense")
        self.kernel = tf.random.normal((4, 4))

    def call(self, x):
        return tf.matmul(self.dense(x), self.kernel)


scaled = Scaled()


def step(optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(scaled(x) - y))
    gradients = tape.gradient(loss, scaled.trainable_variables)
    optimizer.apply_gradients(zip(gradients, scaled.trainable_variables))
```

## Good

<!-- mode: eager -->
```python
class Scaled(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(4, name="dense")
        self.kernel = self.add_weight(shape=(4, 4), name="kernel")

    def call(self, x):
        return tf.matmul(self.dense(x), self.kernel)


scaled = Scaled()


def step(optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(scaled(x) - y))
    gradients = tape.gradient(loss, scaled.trainable_variables)
    optimizer.apply_gradients(zip(gradients, scaled.trainable_variables))
```

## Fix

Make it a weight: `self.add_weight(...)`.

## Not this fault

- Random features, projections, positional tables and masks that are fixed on purpose.
- A tensor that serves as the initial value of a variable.

## Sources

- Tried with TensorFlow 2.21.0, Keras 3.15.1 and tf-keras 2.21.0: the tensor is in no list.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from ..fault import Fault
from ..finding import Finding, Fix

if TYPE_CHECKING:
    from ..evidence.loop import Loop
    from ..evidence.run import Run


def find(loop: Loop) -> Iterator[Finding]:
    """Attributes named like weights that are random tensors."""
    for seen in loop.about("constant-weight"):
        yield Finding(
            f"`{seen.words}` is a plain tensor: it stays as it was drawn, whatever is trained",
            place=loop.place(seen.at),
            label="no variable",
            related=loop.others_of(seen),
            variables=seen.names,
            fix=Fix(
                "make it a weight of the layer"
                if seen.words.startswith("self.")
                else "make it a `tf.Variable`, and list it",
                safe=False,
            ),
        )


def settle(finding: Finding, run: Run) -> Finding | None:
    """Gradient calls depend on the tensor, which was made once and is in no list."""
    from ..evidence.constants import depending

    used, calls = depending(run, finding.place) if finding.place is not None else (0, 0)
    if not used or not run.counted:
        return None
    return replace(
        finding,
        message=f"{finding.message}; {used} of {calls} recorded gradient calls depend on it, and "
        f"{run.counted} updates left it alone",
        step=1,
        evidence={"calls": used, "updates": run.counted},
    )


FAULT = Fault("GP113", "constant-weight", __doc__, find=find, settle=settle)
