"""Gradients are asked for as in TensorFlow 1.

`tf.gradients`, `K.gradients`, `optimizer.get_gradients` and the optimizers of
`tf.compat.v1.train` work on a graph that was built before. In eager code there is
none: TensorFlow raises, or the method is gone. `tf.compat.v1.trainable_variables()` is
empty there, so that a tape asked about it gives no gradient at all. Ports of WGAN-GP,
Grad-CAM and of hand-written training functions stumble over it.

## Bad
<!-- mode: eager -->

```python
def step(model, optimizer, x, y):
    loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tf.gradients(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Good
<!-- mode: eager -->

```python
def step(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Fix

Record the forward pass with `tf.GradientTape` and ask the tape.

## Not this fault

- `tf.gradients` inside a `tf.function`, where there is a graph.
- Code under `tf.compat.v1.disable_eager_execution()` or in a `tf.Graph`.

## Sources

- TensorFlow 2.21.0, `python/ops/gradients_util.py`: "tf.gradients is not supported when
  eager execution is enabled"; `python/training/optimizer.py`: "`loss` passed to
  Optimizer.compute_gradients should be a function".
- Keras 3.15.1 and tf-keras 2.21.0, tried: optimizers have no `get_gradients` and no
  `get_updates`.
- TensorFlow 2.21.0, tried: `tf.compat.v1.trainable_variables()` is `[]` in eager code
  and in a `tf.function`, whatever variables there are.
- https://github.com/eriklindernoren/Keras-GAN/issues/215
- https://github.com/davidADSP/GDL_code/issues/67
- https://github.com/tensorflow/tensorflow/issues/36436
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault
from ..finding import Finding, Fix

if TYPE_CHECKING:
    from ..evidence.loop import Loop
    from ..evidence.run import Run

REFUSED = (
    r"tf\.gradients is not supported when eager execution is enabled"
    r"|passed to Optimizer\.compute_gradients should be a function when eager"
    r"|object has no attribute '(?:get_gradients|get_updates)'"
    r"|module '[\w.]*backend' has no attribute '(?:gradients|function)'"
)
"""What TensorFlow and Keras say of calls that need a graph."""


def find(loop: Loop) -> Iterator[Finding]:
    """Gradients of a graph that eager code does not have."""
    for seen in loop.about("tf1-gradient-api"):
        lists = seen.words.endswith("_variables")
        says = "lists the variables of a graph" if lists else "differentiates a graph"
        instead = (
            "ask the model or the layers for `trainable_variables`"
            if lists
            else "record the forward pass with `tf.GradientTape`"
        )
        yield Finding(
            f"`{seen.words}` {says}, and eager code has none",
            place=loop.place(seen.at),
            label="an empty list" if lists else "no graph here",
            related=loop.others_of(seen),
            variables=seen.names,
            fix=Fix(instead, safe=False),
        )


def prove(run: Run) -> Iterator[Finding]:
    """Find the call of the old interface that ended the program."""
    crash = run.crash
    found = re.search(REFUSED, crash.message) if crash is not None else None
    if crash is None or found is None or not crash.places:
        return
    yield Finding(
        f"the program ended with {crash.kind}: {found.group(0)}",
        place=crash.places[-1],
        label="needs a graph that eager code does not have",
        step=run.counted + 1,
        fix=Fix("record with `tf.GradientTape` and call `tape.gradient`", safe=False),
    )


FAULT = Fault(
    "GP212",
    "tf1-gradient-api",
    __doc__,
    find=find,
    prove=prove,
    symptoms=("gradients-never-applied",),
)
