"""The name of a variable is bound to a plain tensor.

`w = w - 0.1 * gradient` makes a new tensor and gives it the variable's name. The
variable keeps its value. In the second step the tape does not watch the tensor:
its gradient is `None`, and the next line stops with a TypeError, or with
`object has no attribute 'assign_sub'`.

`w = w.assign_sub(0.1 * gradient)` looks better and ends alike: the variable moves once, but
what `assign_sub` gives back is another object, and no tape records that it is read.

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

- TensorFlow 2.15, 2.16 and 2.21.0, tried: `assign`, `assign_add` and `assign_sub` of a
  `tf.Variable` give back an `_UnreadVariable`. A tape records no read of it unless it was
  handed to `tape.watch`; the gradient is `None`, eagerly and in a `tf.function`.
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
    """Names of variables that stand for something else at the next step."""
    for broken, call, names in loop.breaks("rebound"):
        named, back = listed(names) or "the variable", broken.operation
        message = f"this makes {named} a plain tensor: from the next step on its gradient is None"
        label, mend = "no longer a variable", "assign instead: `variable.assign_sub(...)`"
        if back:
            message = (
                f"from here on the name of {named} stands for what `{back}` gave back, and no tape "
                "records that it is read: its gradient is None"
            )
            label = "no tape watches what an assignment gives back"
            mend = f"call `{back}` alone: it changes the variable, and the name stays"
        yield Finding(
            message,
            place=loop.place(broken.at),
            label=label,
            related=loop.related(call.at, "asked for its gradient again here"),
            variables=names,
            fix=Fix(mend, safe=False),
        )


def prove(run: Run) -> Iterator[Finding]:
    """Find a tensor, or what an assignment gave back, where a variable was."""
    from ..evidence.paths import lost

    places: dict[object, list[Lost]] = {}
    for found in lost(run, ("rebound",)):
        places.setdefault(found.call.place, []).append(found)
    for groups in places.values():
        yield _tensors(groups)
    for found in lost(run, ("handed back",)):
        yield Finding(
            f"{found.words}; the tape was asked about what an assignment gave back, not about the "
            "variable itself, and no tape records that this is read",
            place=found.place or found.call.place,
            label="what this gives back stands under the variable's name",
            variables=found.names,
            step=found.call.step + 1,
            evidence={"handed_back": len(found.losses), "sources": len(found.call.sources)},
        )


def _tensors(groups: list[Lost]) -> Finding:
    """Plain tensors among the sources of one call, by the lines that made them."""
    first = groups[0]
    count = sum(len(group.losses) for group in groups)
    names = tuple(dict.fromkeys(name for group in groups for name in group.names))
    return Finding(
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
