"""Variables are created inside a traced function.

An optimizer, a metric, a layer or a `tf.Variable` is made in the body of a
`tf.function`. Each trace would make it anew, so TensorFlow stops with
`tf.function only supports singleton tf.Variables created on the first call`.

## Bad
<!-- mode: traced -->

```python
def step(model, x, y):
    optimizer = keras.optimizers.Adam(0.01)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Good

```python
optimizer = keras.optimizers.Adam(0.01)


def step(model, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Fix

Make it once, outside: at module level, in `__init__`, or in `build`.

## Not this fault

- Layers that build their variables at the first call of a traced step.
- A variable made once, behind `if self.state is None`.
- Eager code: `optimizer-recreated` tells what is lost there.

## Sources

- TensorFlow 2.21.0, `python/eager/polymorphic_function/polymorphic_function.py`:
  ValueError if a later trace creates variables.
- https://github.com/tensorflow/tensorflow/issues/27120
- https://github.com/tensorflow/tensorflow/issues/42183
- https://github.com/tensorflow/tensorflow/issues/26812
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault
from ..finding import Finding, Fix

if TYPE_CHECKING:
    from ..evidence.loop import Loop
    from ..evidence.run import Run


def find(loop: Loop) -> Iterator[Finding]:
    """State that a traced function makes at each call."""
    for creation in loop.creations:
        yield Finding(
            f"{creation.what} is made inside the traced function `{creation.function}`",
            place=loop.place(creation.at),
            label="made while tracing",
            related=loop.related(creation.traced, "traced because of this")
            + loop.related(creation.inner, "made here"),
            fix=Fix("make it once, outside the function", safe=False),
        )


def prove(run: Run) -> Iterator[Finding]:
    """Find what was made while a function was traced that then refused."""
    from ..evidence.crashes import REFUSALS, file_name

    crash = run.crash
    if crash is None or not any(word in crash.message for word in REFUSALS):
        return

    files = {file_name(place) for place in crash.places}
    makers = [
        (optimizer.made_at, f"`{optimizer.name}`")
        for optimizer in run.optimizers
        if optimizer.during == "trace"
    ] + [
        # A metric makes its variables far inside Keras, and is refused at once.
        (
            crash.places[-1] if variable.role == "metric" and crash.places else variable.made_at,
            f"`{variable.path}`",
        )
        for variable in run.variables
        if variable.during == "trace" and variable.role in ("model", "metric")
    ]
    for place, name in makers:
        if place is not None and (not files or file_name(place) in files):
            yield Finding(
                f"{name} was made inside a traced function, which may make state on its first "
                f"trace only; the program ended with {crash.kind}",
                place=place,
                label="made again at each trace",
                step=1,
            )
            return


FAULT = Fault("GP409", "state-created-in-tf-function", __doc__, find=find, prove=prove)
