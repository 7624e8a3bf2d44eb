"""The name of a variable is bound to a plain tensor.

`w = w - 0.1 * gradient` makes a new tensor and gives it the variable's name. The
variable keeps its value. In the second step the tape does not watch the tensor:
its gradient is `None`, and the next line stops with a TypeError, or with
`object has no attribute 'assign_sub'`.

## Bad
<!-- mode: eager -->

```python
w = tf.Variable(tf.zeros((4, 4)))


def step(x, y):
    global w
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(tf.matmul(x, w) - y))
    gradient = tape.gradient(loss, w)
    w = w - 0.1 * gradient
```

## Good

```python
w = tf.Variable(tf.zeros((4, 4)))


def step(x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(tf.matmul(x, w) - y))
    gradient = tape.gradient(loss, w)
    w.assign_sub(0.1 * gradient)
```

## Fix

Safe: `w.assign_sub(0.1 * gradient)`. It is the same arithmetic on the variable.

## Not this fault

- `w -= 0.1 * gradient` written as `w.assign_sub(...)` or `w.assign(w - ...)`.
- Fast weights, as in meta-learning: tensors that are made from variables in each
  step, and used in that step only.
- `update-bypasses-variables`: the new values go into a list, the names stay.

## Sources

- TensorFlow 2.21.0, tried: after the rebinding `tape.gradient(loss, w)` is `None`;
  inside a `tf.function` the same value comes back at each call.
- https://github.com/dragen1860/Deep-Learning-with-TensorFlow-book/issues/156
- https://github.com/tensorflow/tensorflow/issues/30768
- https://github.com/tensorflow/tensorflow/issues/38555
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault
from ..finding import Finding, Fix, listed, second_places

if TYPE_CHECKING:
    from ..evidence.loop import Loop
    from ..evidence.paths import Lost
    from ..evidence.run import Run


def find(loop: Loop) -> Iterator[Finding]:
    """Names of variables that stand for plain tensors at the next step."""
    for broken, call, names in loop.breaks("rebound"):
        yield Finding(
            f"this makes {listed(names) or 'the variable'} a plain tensor: "
            "from the next step on its gradient is None",
            place=loop.place(broken.at),
            label="no longer a variable",
            related=loop.related(call.at, "asked for its gradient again here"),
            variables=names,
            fix=Fix("assign instead: `variable.assign_sub(...)`", safe=False),
        )


def prove(run: Run) -> Iterator[Finding]:
    """Find a tensor, made of a variable and a gradient, where a variable was."""
    from ..evidence.paths import lost

    places: dict[object, list[Lost]] = {}
    for found in lost(run, ("rebound",)):
        places.setdefault(found.call.place, []).append(found)
    for groups in places.values():
        first = groups[0]
        count = sum(len(group.losses) for group in groups)
        names = tuple(dict.fromkeys(name for group in groups for name in group.names))
        yield Finding(
            f"the gradient is None for {listed(names)}, of which it was not before: the target now "
            f"depends on plain tensors that were made from them and took their place"
            if names
            else f"at call {first.call.key} of the tape {count} of {len(first.call.sources)} "
            f"sources are plain tensors, made from variables that stood there: they have no "
            f"gradient, and the variables keep their values",
            place=first.place,
            label="makes a new tensor, the variable keeps its value",
            related=second_places(*((group.place, "and here") for group in groups[1:])),
            variables=names,
            step=2,
            evidence={"tensors": count, "sources": len(first.call.sources)},
        )


FAULT = Fault("GP207", "variable-rebound-to-tensor", __doc__, find=find, prove=prove)
