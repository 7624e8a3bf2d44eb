"""Gradients that are not finite are applied.

One gradient holds NaN or infinity, and the optimizer writes it into the
variable, which is NaN from then on; a step later everything is. The loss of that
step may still be a fine number. Neither Keras nor TensorFlow says a word.

## Bad

```python
def step(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
        for variable in model.trainable_variables:
            loss += 0.01 * tf.norm(tf.convert_to_tensor(variable))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Good

```python
def step(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
        for variable in model.trainable_variables:
            loss += 0.01 * tf.sqrt(tf.reduce_sum(tf.square(variable)) + 1e-12)
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Fix

Mend the operation that is named: here the norm of a bias of zeros, whose slope
is 0 / 0. Put an epsilon inside the root, make the argument of `log` or of a
division safe *before* the operation. Clipping by norm does not help: it turns
one NaN into many.

## Not this fault

- A loss-scale optimizer that skips a step with infinite gradients: by design.
- A step that is skipped by the program's own test for finite gradients.
- A loss that is NaN without any update, in an evaluation.

## Sources

- Keras 3.15.1 and tf-keras 2.21.0, tried: NaN gradients are written silently.
- TensorFlow 2.21.0, tried: the gradient of `tf.norm` at zero is NaN, that of
  `tf.sqrt` is infinite.
- https://github.com/tensorflow/tensorflow/issues/42889
- https://github.com/tensorflow/tensorflow/issues/12071
"""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite

from ..evidence import Run
from ..evidence.singular import singular_operations
from ..fault import Fault
from ..finding import Finding, Related, listed


def prove(run: Run) -> Iterator[Finding]:
    """Find the step at which a gradient that is not finite reached a variable."""
    for apply in run.applies:
        names: list[str] = []
        at = None
        for step in run.steps_of(apply.key):
            for update in step.updates:
                norm = update.gradient_norm
                if norm is None or isfinite(norm) or not isfinite(update.value_norm):
                    continue
                if not isfinite(update.change_norm):
                    at = at or step
                    if at is step:
                        names.append(run.path(update.variable))
        if at is None:
            continue
        call = next((call for call in run.calls if call.key == apply.call), None)
        singular = singular_operations(run, call, names) if call is not None else []
        only = singular[0] if len(singular) == 1 else None
        loss = "" if at.loss is None else f"; the loss was {at.loss:.4g}"
        yield Finding(
            f"at step {at.index} the gradient of {listed(names)} was not finite and was applied: "
            f"the values are NaN from then on{loss}",
            place=only.place if only is not None else apply.place,
            label=f"{only.type} has no finite derivative at an edge"
            if only is not None
            else "applies it",
            related=tuple(
                Related(operation.place, f"{operation.type} can make it")
                for operation in singular[:3]
                if only is None and operation.place is not None
            ),
            variables=tuple(names),
            step=at.index,
            evidence={"step": at.index} | ({} if at.loss is None else {"loss": at.loss}),
        )
        return


FAULT = Fault("GP304", "nan-gradient-applied", __doc__, prove=prove)
