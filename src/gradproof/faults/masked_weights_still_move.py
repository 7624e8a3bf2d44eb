"""Weights whose gradients are masked out still move.

A zero gradient is no standstill. Decoupled weight decay shrinks every variable that
gets a gradient, zero or not; momentum and Adam's moments go on pushing where there
was a gradient before.

## Bad

```python
decayed = keras.optimizers.AdamW(0.01, weight_decay=0.1)
row_mask = tf.constant([[0.0], [0.0], [1.0], [1.0]])


def step(encoder, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(encoder(x) - y))
    kernel, bias = tape.gradient(loss, encoder.trainable_variables)
    gradients = [kernel * row_mask, bias]
    decayed.apply_gradients(zip(gradients, encoder.trainable_variables))
```

## Good

```python
plain = keras.optimizers.Adam(0.01)
row_mask = tf.constant([[0.0], [0.0], [1.0], [1.0]])


def step(encoder, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(encoder(x) - y))
    kernel, bias = tape.gradient(loss, encoder.trainable_variables)
    gradients = [kernel * row_mask, bias]
    plain.apply_gradients(zip(gradients, encoder.trainable_variables))
```

## Fix

Leave the variable out of the list, exclude it from the decay with
`exclude_from_weight_decay`, or write the frozen part back after each update.

## Not this fault

- A mask that never changes, with Adam or SGD and without decay: nothing moves.
- A mask on the loss or on the activations.
- Weights that are masked again after each update.

## Sources

- Keras 3.15.1 and tf-keras 2.21.0, tried: AdamW moves a variable whose gradient is
  zero, none whose gradient is None.
- https://github.com/huggingface/transformers/issues/22059
- https://github.com/andreped/GradientAccumulator/issues/132
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault
from ..finding import Finding, Fix, listed

if TYPE_CHECKING:
    from ..evidence.ledger import Audit
    from ..evidence.loop import Loop
    from ..evidence.run import Run


def find(loop: Loop) -> Iterator[Finding]:
    """Masked gradients that go to an optimizer with weight decay."""
    for seen in loop.about("masked-weights-still-move"):
        yield Finding(
            f"the gradient is zero where it is masked, but `{seen.words}` decays the weights "
            "there all the same: what was to stand still shrinks",
            place=loop.place(seen.at),
            label="zero here, decayed there",
            related=loop.others_of(seen),
            variables=seen.names,
            fix=Fix("exclude the variable from the weight decay", safe=False),
        )


def prove(run: Run) -> Iterator[Finding]:
    """Elements whose gradient was masked to zero, and that changed."""
    # Who writes the weights back after the update may do that after the audit.
    by_hand = {
        one.variable
        for one in run.assigned
        if one.places and one.method not in ("assign_add", "assign_sub") and one.times > 1
    }
    for apply in run.applies:
        moved: dict[int, Audit] = {}
        began: dict[int, Audit] = {}
        for audit in run.audits:
            # Where there was no gradient at all, zeros only stand for it.
            if audit.variable not in run.connected:
                continue
            if audit.apply == apply.key and audit.masked and audit.masked_moved:
                began.setdefault(audit.variable, audit)
        for audit in run.audits:
            # A mask that changes from step to step thins gradients out on purpose.
            lasting = audit.masked_before >= 0.8 * audit.masked > 0
            here = audit.apply == apply.key and audit.variable in run.connected - by_hand
            if here and lasting and audit.masked_moved:
                moved.setdefault(audit.variable, began.get(audit.variable, audit))
        if not moved:
            continue
        first = next(iter(moved.values()))
        names = tuple(run.path(key) for key in moved)
        decay = dict(first.terms).get("weight decay")
        yield Finding(
            f"at step {first.step} {first.masked_moved} of the {first.masked} elements of "
            f"`{names[0]}` whose gradient is masked to zero moved all the same, by "
            f"{first.masked_norm:.3g} (norm)"
            + (f"; {first.rule} decays them by {decay:g}" if decay else f"; {first.rule} goes on")
            + (f"; so for {listed(names[1:])}" if names[1:] else ""),
            place=apply.place,
            label="moves what was masked",
            variables=names,
            step=first.step,
            evidence={
                "masked": first.masked,
                "moved": first.masked_moved,
                "change_norm": first.masked_norm,
            },
            fix=Fix(
                "exclude the variable from the weight decay"
                if decay
                else "leave the variable out, or write the masked part back after the update",
                safe=False,
            ),
        )


FAULT = Fault("GP509", "masked-weights-still-move", __doc__, find=find, prove=prove)
