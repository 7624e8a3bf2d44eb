"""A name of TensorFlow or Keras is misspelt, or a class is not called.

`tape.gradients`, `optimizer.apply_gradient`, `model.trainable_variable` and
`with tf.GradientTape as tape` raise an AttributeError or a TypeError. Under an `except` that
catches everything, nothing is trained and nothing is said.

## Bad

```python
def step(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradients(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Good

```python
def step(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Fix

Safe: the name that was meant.

## Not this fault

- A name of another generation of Keras: `api-generation-mismatch`.
- A method or attribute of an own class that happens to have such a name.

## Sources

- TensorFlow 2.21.0, Keras 3.15.1 and tf-keras 2.21.0: none of these names is there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault
from ..finding import Edit, Finding, Fix, Span

if TYPE_CHECKING:
    from ..evidence.loop import Loop


def find(loop: Loop) -> Iterator[Finding]:
    """Names that tapes, optimizers and models do not have."""
    from ..evidence.loop import Spot

    for seen in loop.about("misspelt-api"):
        if seen.words == "not called":
            end = Span(
                seen.at.span.end_line,
                seen.at.span.end_column,
                seen.at.span.end_line,
                seen.at.span.end_column,
            )
            yield Finding(
                "`tf.GradientTape` is the class here, not a tape: nothing can be recorded",
                place=loop.place(seen.at),
                label="not called",
                fix=Fix("call it", safe=True, edits=(Edit(loop.place(Spot(end)), "()"),)),
            )
            continue
        kind, meant = seen.names
        span = seen.at.span
        start = Span(
            span.end_line, span.end_column - len(seen.words), span.end_line, span.end_column
        )
        yield Finding(
            f"a {kind} has no `{seen.words}`; `{meant}` was meant",
            place=loop.place(seen.at),
            label=f"`{meant}`",
            fix=Fix(f"write `{meant}`", safe=True, edits=(Edit(loop.place(Spot(start)), meant),)),
        )


FAULT = Fault("GP418", "misspelt-api", __doc__, find=find, symptoms=("gradients-never-applied",))
