"""A Keras 3 variable is used as if it were a `tf.Variable`.

In Keras 3 the variables of layers and models are of a class of their own.
TensorFlow's operations take them, but `tape.watch` does not, and methods such as
`read_value()`, `ref()` or `scatter_nd_update` are missing. The program stops with
`Passed in object ... of type 'Variable', not tf.Tensor or tf.Variable`.

## Bad
<!-- keras: 3 -->

```python
def step(encoder, decoder, optimizer, x, y):
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(decoder.trainable_variables)
        loss = tf.reduce_mean(tf.square(decoder(encoder(x)) - y))
    gradients = tape.gradient(loss, decoder.trainable_variables)
    optimizer.apply_gradients(zip(gradients, decoder.trainable_variables))
```

## Good
<!-- keras: 3 -->

```python
def step(encoder, decoder, optimizer, x, y):
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch([variable.value for variable in decoder.trainable_variables])
        loss = tf.reduce_mean(tf.square(decoder(encoder(x)) - y))
    gradients = tape.gradient(loss, decoder.trainable_variables)
    optimizer.apply_gradients(zip(gradients, decoder.trainable_variables))
```

## Fix

Hand `variable.value`, the `tf.Variable` inside, to what asks for one. A tape
watches trainable variables by itself: then `watch` can go.

## Not this fault

- The same with tf-keras, whose variables are `tf.Variable`s.
- `tape.watch` of tensors, or of a `tf.Variable` of one's own.
- Keras variables as sources of `tape.gradient` and in `apply_gradients`: fine.

## Sources

- TensorFlow 2.21.0, `python/eager/backprop.py`, `GradientTape.watch`; Keras 3.15.1,
  tried: `watch(model.trainable_variables)` raises ValueError.
- https://github.com/keras-team/keras/issues/19155
- https://github.com/keras-team/keras/issues/20517
- https://github.com/keras-team/keras/issues/20274
- https://github.com/keras-team/keras/issues/19874
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault, Verdict
from ..finding import Finding, Fix

if TYPE_CHECKING:
    from ..evidence.loop import Loop
    from ..evidence.run import Run

REFUSED = (
    r"(?s)Passed in object <\w*Variable [^>]*?\bpath=([^\s,>]+).*not tf\.Tensor or tf\.Variable",
    r"'(?:Keras)?Variable' object has no attribute '(\w+)'",
    r"'ResourceVariable' object is not callable()",
    r"'ResourceVariable' object has no attribute '(overwrite_with_gradient|path)'",
)
"""How TensorFlow and Keras 3 refuse each other's variables."""


def find(loop: Loop) -> Iterator[Finding]:
    """`tape.watch` of variables of a Keras 3 layer, or what only a `tf.Variable` has."""
    for remark in loop.about("keras3-variable-interop"):
        if "isinstance" in remark.names:
            yield Finding(
                "variables of Keras 3 are no `tf.Variable`: none of them passes here",
                place=loop.place(remark.at),
                label="never true of a variable of Keras 3",
                fix=Fix("ask for `keras.Variable`, or for `trainable`", safe=False),
            )
            continue
        if remark.names:
            yield Finding(
                f"variables of Keras 3 have no `{remark.names[0]}`: it belongs to `tf.Variable`",
                place=loop.place(remark.at),
                label="a variable of Keras 3",
                fix=Fix("use `id(variable)` or `variable.path` as a key", safe=False)
                if remark.names[0].endswith("ref")
                else Fix("use `assign` and the like, or `variable.value`", safe=False),
            )
            continue
        yield Finding(
            f"`tape.watch` takes tensors and `tf.Variable`s, `{remark.at.text}` has variables of "
            "Keras 3",
            place=loop.place(remark.at),
            label="variables of Keras 3",
            fix=Fix("watch `variable.value` of each, or nothing", safe=False),
        )


def prove(run: Run) -> Iterator[Finding]:
    """Find the line at which one kind of variable was taken for the other."""
    crash = run.crash
    if crash is None or "3" not in run.generations or not crash.places:
        return
    for refused in REFUSED:
        found = re.search(refused, crash.message)
        if found is None:
            continue
        word = found.group(1)
        path = word if any(variable.path == word for variable in run.variables) else ""
        what = f"`{word}`" if word else "`.value`"
        yield Finding(
            f"{what}: a Keras 3 variable and a tf.Variable are not the same here; the program "
            f"ended with {crash.kind}: {_last_line(crash.message)}",
            place=crash.places[-1],
            label="takes the one kind of variable for the other",
            variables=(path,) if path else (),
            step=run.counted + 1,
        )
        return


def _last_line(message: str) -> str:
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    return lines[-1][:140] if lines else ""


def settle(finding: Finding, run: Run) -> Verdict | None:
    """A program that trained to its end did not meet it."""
    from ..evidence.crashes import ended_well

    return Verdict.CLEARED if ended_well(run) else None


FAULT = Fault(
    "GP412",
    "keras3-variable-interop",
    __doc__,
    find=find,
    prove=prove,
    settle=settle,
    symptoms=("unwatched-tensor", "gradients-never-applied"),
)
