"""The optimizer was told to clip, and does not.

A clipping option counts where the update is computed. Set on a wrapper around the
optimizer, set after the step was traced, or in a version whose optimizers read it in
other methods only, it changes nothing: large gradients go through in full size.

## Bad

```python
inner = keras.optimizers.SGD(0.1)
scaled = keras.mixed_precision.LossScaleOptimizer(inner)
scaled.global_clipnorm = 0.01


def step(model, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
        loss = scaled.scale_loss(loss) if hasattr(scaled, "scale_loss") else loss
    gradients = tape.gradient(loss, model.trainable_variables)
    scaled.apply_gradients(zip(gradients, model.trainable_variables))
```

## Good

```python
inner = keras.optimizers.SGD(0.1, global_clipnorm=0.01)
scaled = keras.mixed_precision.LossScaleOptimizer(inner)


def step(model, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
        loss = scaled.scale_loss(loss) if hasattr(scaled, "scale_loss") else loss
    gradients = tape.gradient(loss, model.trainable_variables)
    scaled.apply_gradients(zip(gradients, model.trainable_variables))
```

## Fix

Give the option to the optimizer that updates, when it is made; or clip the
gradients yourself before they are applied.

## Not this fault

- Gradients that are smaller than the bound.
- `clipping-dropped`: clipped by hand, and the result thrown away.

## Sources

- Keras 3.15.1 and tf-keras 2.21.0, tried: an attribute of the loss-scale optimizer is
  not handed on.
- https://github.com/tensorflow/tensorflow/issues/33929
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault
from ..finding import Finding, Fix

if TYPE_CHECKING:
    from ..evidence.ledger import Audit
    from ..evidence.loop import Loop
    from ..evidence.run import Run


def find(loop: Loop) -> Iterator[Finding]:
    """Clipping options written to the wrapper that scales the loss."""
    for seen in loop.about("clip-option-ignored"):
        if seen.names:
            yield Finding(
                f"{seen.words} is set when the step has been traced without it: the trace goes on "
                "as it is",
                place=loop.place(seen.at),
                label="too late",
                related=loop.others_of(seen),
                fix=Fix("give the option to the optimizer when it is made", safe=False),
            )
            continue
        yield Finding(
            f"{seen.words} of a loss-scale optimizer is never read: the optimizer inside updates, "
            "and does not clip",
            place=loop.place(seen.at),
            label="not handed on",
            fix=Fix("give the option to the optimizer inside, when it is made", safe=False),
        )


def prove(run: Run) -> Iterator[Finding]:
    """Changes that are those of a rule without clipping."""
    for apply in run.applies:
        ignored = [audit for audit in run.audits if audit.apply == apply.key and _ignored(audit)]
        kept = [audit for audit in run.audits if audit.apply == apply.key and audit.agrees]
        if len({audit.step for audit in ignored}) < 2 or kept:
            continue
        names = tuple(dict.fromkeys(run.path(audit.variable) for audit in ignored))
        first = ignored[0]
        yield Finding(
            f"at step {first.step} `{names[0]}` moved by {first.change_norm:.3g} (norm), as "
            f"{first.rule} says without clipping; with it, it would have been "
            f"{first.predicted_norm or 0.0:.3g}",
            place=apply.place,
            label="not clipped here",
            variables=names,
            step=first.step,
            evidence={
                "change_norm": first.change_norm,
                "clipped_norm": first.predicted_norm or 0.0,
            },
            fix=Fix("give the option to the optimizer that updates, when it is made", safe=False),
        )


def _ignored(audit: Audit) -> bool:
    return (
        audit.agrees is False
        and audit.unclipped_error is not None
        and audit.unclipped_error <= max(audit.slack, 2e-3 * audit.change_norm)
        and not audit.own
    )


FAULT = Fault(
    "GP507",
    "clip-option-ignored",
    __doc__,
    find=find,
    prove=prove,
    symptoms=("exploding-gradient", "nan-gradient-applied"),
)
