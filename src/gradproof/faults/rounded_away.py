"""The update is rounded away.

A value of 16 bits has about three decimal digits. An update that is smaller than
the distance to the next such value leaves the variable exactly as it was, at every
step. Gradients and learning rate look right, and nothing warns.

## Bad

```python
scale = tf.Variable(tf.ones((4,), tf.float16))
slow = keras.optimizers.SGD(1e-4)


def step(x, y):
    with tf.GradientTape() as tape:
        error = x * tf.cast(scale, tf.float32) - y
        loss = tf.reduce_mean(tf.square(error))
    slow.apply_gradients(zip(tape.gradient(loss, [scale]), [scale]))
```

## Good

```python
scale = tf.Variable(tf.ones((4,)))
slow = keras.optimizers.SGD(1e-4)


def step(x, y):
    with tf.GradientTape() as tape:
        error = x * scale - y
        loss = tf.reduce_mean(tf.square(error))
    slow.apply_gradients(zip(tape.gradient(loss, [scale]), [scale]))
```

## Fix

Keep variables in float32 and compute in float16 (policy `mixed_float16`), or take
larger steps. A loss scale does not help: it is undone before the update.

## Not this fault

- `learning-rate-zero`: there is no update to be rounded.
- Training that has converged: steps become smaller than the spacing at the end.
- Elements whose gradient is zero.

## Sources

- Tried with TensorFlow 2.21.0: float16 values just below 1 are 4.9e-4 apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault
from ..finding import Finding, Fix, Place, listed

if TYPE_CHECKING:
    from ..evidence.applies import Update
    from ..evidence.hand_steps import HandStep
    from ..evidence.ledger import Audit
    from ..evidence.run import Run
    from ..evidence.variable import Variable

SPACING = {"float16": 2.0**-10, "bfloat16": 2.0**-7, "float32": 2.0**-23, "float64": 2.0**-52}
"""Distance of neighbouring values, as a part of the value."""

SHARE = 0.9
"""Part of the elements that has to stay where it is."""

NEAR = 16
"""Times the mean distance of neighbouring values: a larger update is not lost so."""

STEPS = 3
"""Measured changes by hand from which on standing still is no accident."""

CONVERGED = 1e-3
"""Gradient beside that of an earlier step that moved the variable: there is nothing left to do."""


def prove(run: Run) -> Iterator[Finding]:
    """Updates that are not zero, and variables that stand still from the start."""
    yield from _by_optimizer(run)
    yield from _by_hand(run)


def _by_hand(run: Run) -> Iterator[Finding]:
    """Variables of half size that changes by hand leave as they are."""
    from ..evidence.hand_steps import hand_step

    places: dict[Place | None, list[HandStep]] = {}
    for apply in run.applies:
        pair = apply.pairs[0] if apply.by_hand and apply.pairs else None
        if pair is None or pair.variable is None or "16" not in run.variable(pair.variable).dtype:
            continue
        made = hand_step(run, apply)
        if made is not None and len(made.updates) >= STEPS and _lost(run, made):
            places.setdefault(apply.place, []).append(made)
    for place, found in places.items():
        first = found[0]
        variable = run.variable(first.variable)
        gradient, spacing = _measured(first.updates[0], variable)
        names = tuple(dict.fromkeys(run.path(one.variable) for one in found))
        yield Finding(
            f"{listed(names)} should have moved in each of {len(first.updates)} steps that were "
            f"measured, and kept the old values; the gradient is {gradient:.2g} an element "
            + (f"and is multiplied by {first.rate:.2g}, " if first.rate else "before its rate, ")
            + f"{variable.dtype} values of the size of `{names[0]}` are about {spacing:.2g} apart",
            place=place,
            label=f"the variable is {variable.dtype}",
            variables=names,
            step=1,
            evidence={"gradient": gradient, "spacing": spacing},
            fix=Fix("store the variable in float32 and compute in float16", safe=False),
        )


def _lost(run: Run, made: HandStep) -> bool:
    """Next to nothing arrived, and the update is small beside the distance of values."""
    share = made.share()
    if share is None or share > 1.0 - SHARE or made.state:
        return False
    variable = run.variable(made.variable)
    sizes = [_measured(update, variable) for update in made.updates]
    rate = abs(made.rate) if made.rate else None
    return all(
        spacing and (gradient > spacing if rate is None else rate * gradient <= NEAR * spacing)
        for gradient, spacing in sizes
    )


def _measured(update: Update, variable: Variable) -> tuple[float, float]:
    """The gradient and the distance of neighbouring values, an element."""
    elements = 1
    for size in variable.shape or ():
        elements *= size or 1
    root = max(elements, 1) ** 0.5
    spacing = SPACING[variable.dtype] * update.value_norm / root
    return (update.gradient_norm or 0.0) / root, spacing


def _by_optimizer(run: Run) -> Iterator[Finding]:
    from ..evidence.fading import fadings

    for apply in run.applies:
        found: list[list[Audit]] = []
        for pair in apply.pairs:
            audits = [
                one
                for one in run.audits
                if one.apply == apply.key and one.variable == pair.variable
            ]
            dtype = run.variable(pair.variable).dtype if pair.variable is not None else ""
            if len(audits) < 2 or not all(_rounded(audit, dtype) for audit in audits):
                continue
            if not _converged(run, audits):
                found.append(audits)
        if found:
            # Where the gradient fades from layer to layer, that is why so little is left to add.
            faded = {key for fading in fadings(run) for key in fading.faded}
            found = [audits for audits in found if audits[0].variable not in faded]
        if not found:
            continue
        first = found[0][0]
        variable = run.variable(first.variable)
        names = tuple(run.path(audits[0].variable) for audits in found)
        size, spacing = _sizes(first, variable.dtype)
        value = first.value_norm / max(first.elements, 1) ** 0.5
        yield Finding(
            f"at step {first.step}, {first.rounded} of {first.wanted} elements of "
            f"`{names[0]}` that should have changed did not; the update is {size:.2g} an element, "
            f"{variable.dtype} values of that size ({value:.3g}) are about {spacing:.2g} apart"
            + (f"; so for {listed(names[1:])}" if names[1:] else ""),
            place=apply.place,
            label=f"the variable is {variable.dtype}",
            variables=names,
            step=first.step,
            evidence={"update": size, "spacing": spacing, "rounded": first.rounded},
            fix=Fix("store the variable in float32 and compute in float16", safe=False)
            if "16" in variable.dtype
            else Fix("take larger steps", safe=False),
        )
        return


def _rounded(audit: Audit, dtype: str) -> bool:
    """Nearly everything that should have changed did not, for it is too little.

    A loss scale skips whole steps, for one gradient that is not finite; then
    nothing changes either, however large the update would have been.
    """
    if audit.own or audit.wanted == 0 or audit.rounded < SHARE * audit.wanted:
        return False
    if not audit.gradient_norm or not audit.predicted_norm:
        return False
    size, spacing = _sizes(audit, dtype)
    if "16" not in dtype and audit.gradient_norm <= spacing * audit.wanted**0.5:
        return False  # not even a learning rate of 1 would move it: the gradient is nothing
    return size <= NEAR * spacing


def _converged(run: Run, audits: list[Audit]) -> bool:
    """The variable moved before, by gradients against which those of the audits are nothing."""
    moved = [
        update.gradient_norm or 0.0
        for step in run.steps_of(audits[0].apply)
        if step.index < audits[0].step
        for update in step.updates
        if update.variable == audits[0].variable and update.change_norm
    ]
    before = max(moved, default=0.0)
    return all((audit.gradient_norm or 0.0) < CONVERGED * before for audit in audits)


def _sizes(audit: Audit, dtype: str) -> tuple[float, float]:
    """An update and the distance of neighbouring values, an element."""
    size = (audit.predicted_norm or 0.0) / max(audit.wanted, 1) ** 0.5
    value = audit.value_norm / max(audit.elements, 1) ** 0.5
    return size, SPACING.get(dtype, 0.0) * value


FAULT = Fault("GP503", "rounded-away", __doc__, prove=prove)
