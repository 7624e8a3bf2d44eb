"""Gradients that are not finite are applied.

One gradient holds NaN or infinity, and the optimizer writes it into the
variable, which is NaN from then on; a step later everything is. The loss of that
step may still be a fine number. Neither Keras nor TensorFlow says a word.

## Bad

```python
def step(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        scores = 200.0 * model(x)
        loss = tf.reduce_mean(tf.reduce_sum(tf.exp(scores), axis=1) - y[:, 0])
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Good

```python
def step(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        scores = 200.0 * model(x)
        loss = tf.reduce_mean(tf.reduce_logsumexp(scores, axis=1) - y[:, 0])
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Fix

Find out what grew: here `exp` of a large number is infinite. Use the stable form
of an operation, lower the learning rate, take a mean instead of a sum, clip
gradients by their global norm before they explode. Clipping what is already
not finite does not help: it turns one NaN into many.

## Not this fault

- `nan-from-singular-op`: one operation alone can have made it.
- A loss-scale optimizer that skips a step with infinite gradients: by design.
- A step that is skipped by the program's own test for finite gradients.
- A loss that is NaN without any update, in an evaluation.

## Sources

- Keras 3.15.1 and tf-keras 2.21.0, tried: NaN gradients are written silently.
- TensorFlow 2.21.0, tried: `tf.exp` of a float32 above 88.7 is infinite, and so is
  its gradient.
- https://github.com/tensorflow/tensorflow/issues/42889
- https://github.com/tensorflow/tensorflow/issues/12071
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault
from ..finding import Finding, Related, listed

if TYPE_CHECKING:
    from ..evidence.run import Run


def prove(run: Run) -> Iterator[Finding]:
    """Find the step at which a gradient that is not finite reached a variable."""
    from ..evidence.nonfinite import non_finite

    found = non_finite(run)
    if found is None or found.cause or found.masked or found.infinite:
        return
    step = found.step
    loss = "" if step.loss is None else f"; the loss was {step.loss:.4g}"
    grown = "; the values had grown beyond all bounds before" if found.exploding else ""
    yield Finding(
        f"at step {step.index} the gradient of {listed(found.names)} was not finite and was "
        f"applied: the values are NaN from then on{loss}{grown}",
        place=found.apply.place,
        label="applies it",
        related=tuple(
            Related(operation.place, f"{operation.type} can make it")
            for operation in found.candidates[:3]
            if operation.place is not None and not found.exploding
        ),
        variables=found.names,
        step=step.index,
        evidence={"step": step.index} | ({} if step.loss is None else {"loss": step.loss}),
    )


FAULT = Fault("GP304", "nan-gradient-applied", __doc__, prove=prove)
