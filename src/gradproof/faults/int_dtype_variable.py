"""The variable that should train holds integers.

`tf.Variable(2)` is an int32 variable. Gradients exist for floating and complex
numbers only, so `tape.gradient` gives `None` for it, although the loss plainly
uses it. TensorFlow 2.21 prints nothing by default; the optimizer warns that the
gradient does not exist, or stops when no other variable is there.

## Bad

```python
scale = tf.Variable(2)


def step(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(tf.cast(scale, tf.float32) * model(x) - y))
    variables = model.trainable_variables + [scale]
    gradients = tape.gradient(loss, variables)
    optimizer.apply_gradients(zip(gradients, variables))
```

## Good

```python
scale = tf.Variable(2.0)


def step(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(tf.cast(scale, tf.float32) * model(x) - y))
    variables = model.trainable_variables + [scale]
    gradients = tape.gradient(loss, variables)
    optimizer.apply_gradients(zip(gradients, variables))
```

## Fix

Safe: a floating initial value, `tf.Variable(2.0)`, or `dtype=tf.float32`.

## Not this fault

- Counters, indices, seeds and masks that no gradient is asked for.
- `nondifferentiable-op`: a floating variable whose value is cast to integers.

## Sources

- TensorFlow 2.21.0, `GradientTape.gradient`: a source that is not floating is logged
  at verbosity 1, which is hidden by default.
- https://github.com/tensorflow/tensorflow/issues/26143
- https://github.com/tensorflow/tensorflow/issues/43845
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..evidence.operations import INTEGERS
from ..fault import Fault
from ..finding import Finding, Fix, listed

if TYPE_CHECKING:
    from ..evidence.loop import Loop
    from ..evidence.run import Run


def find(loop: Loop) -> Iterator[Finding]:
    """Variables made from integers, asked for a gradient."""
    for lost, call, names in loop.breaks("integer"):
        yield Finding(
            f"{listed(names)} {'is' if len(names) < 2 else 'are'} made from an integer: gradients "
            "exist for floating dtypes only",
            place=loop.place(lost.at),
            label="integer dtype",
            related=loop.related(call.sources, "asked for a gradient here"),
            variables=names,
            fix=Fix("make it from a float", safe=False),
            symptoms=("gradients-never-applied", "unconnected-variable"),
        )


def prove(run: Run) -> Iterator[Finding]:
    """Find integer variables that a gradient is asked for."""
    told: set[int] = set()
    for call in run.calls:
        for source in call.unconnected:
            key = source.variable
            if key is None or key in told or source.dtype not in INTEGERS:
                continue
            if not run.wanted(call):
                continue
            told.add(key)
            variable = run.variable(key)
            yield Finding(
                f"the gradient of `{variable.path}` is None: its dtype is {variable.dtype}, and "
                f"gradients exist only for floating and complex types",
                place=variable.made_at or call.place,
                label=f"makes a variable of type {variable.dtype}",
                variables=(variable.path,),
                step=call.step + 1,
                evidence={"dtype": variable.dtype},
            )


FAULT = Fault("GP111", "int-dtype-variable", __doc__, find=find, prove=prove)
