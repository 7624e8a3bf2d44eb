"""The learning rate in force is zero.

Gradients are right and the optimizer is called, but it multiplies them by 0: an
integer division, a schedule that decays from or to nothing, a forgotten setting.
No variable moves and nothing warns.

## Bad

```python
optimizer = keras.optimizers.SGD(learning_rate=0.1 * (32 // 256))


def step(model, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Good

```python
optimizer = keras.optimizers.SGD(learning_rate=0.1 * (32 / 256))


def step(model, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Fix

Look at `optimizer.learning_rate`, or at the schedule for the iterations of this
run, and give it the value that was meant.

## Not this fault

- A warm-up that starts at 0 and rises, a cosine schedule that ends at 0.
- An optimizer with rate 0 for a part that is frozen on purpose.
- `gradients-never-applied`: the rate is fine, the call is missing.

## Sources

- Keras 3.15.1, `SGD.update_step`: the change is the gradient times the learning rate.
- Keras 3.15.1 and tf-keras 2.21.0, tried: a rate of 0.0 is accepted in silence. The
  integer 0 raises ValueError in Keras 3 and is accepted by tf-keras.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import isfinite
from typing import TYPE_CHECKING

from ..fault import Fault, Verdict
from ..finding import Edit, Finding, Fix, Place, listed, second_places

if TYPE_CHECKING:
    from ..evidence.applies import Apply, Optimizer, Step
    from ..evidence.loop import Loop
    from ..evidence.recording import Operation
    from ..evidence.run import Run

LONG = 20
"""Steps without any rate from which on a schedule has run out too early."""

NOTHING = 1e-3
"""Part of the largest rate of a run that counts as nothing."""

FALLEN, FEWEST, REST = 1e-6, 10, 1e-3
"""A rate fell to such a part of the largest, in so many measured steps; the loss is more of its
first value than this."""

FADED = 0.1
"""Part of the largest change under a rate, to which changes have shrunk without one."""

_WHY = {
    "constant": "the learning rate is 0",
    "integer division": "the learning rate is 0: `//` divides without remainder",
    "floored part": "the learning rate is 0 in most rounds: `//` divides without remainder",
    "default": "the learning rate is 0 unless the option is given: `int` rounds its default to 0",
    "schedule": "this schedule starts at 0 and never rises",
    "fading schedule": "the learning rate is as good as 0 after a few steps of this schedule",
    "epochs": (
        "this schedule counts steps, and is given the number of epochs: the learning rate is 0 "
        "after the first few of them"
    ),
}

_LABELS = {"fading schedule": "falls within a few steps", "epochs": "over too soon"}


def find(loop: Loop) -> Iterator[Finding]:
    """Learning rates that are exactly 0."""
    for rate in loop.rates:
        fix = Fix("give it a value above 0", safe=False)
        if rate.division is not None:
            safe = rate.why != "floored part"
            fix = Fix("divide exactly", safe=safe, edits=(Edit(loop.place(rate.division), "/"),))
        yield Finding(
            _WHY[rate.why],
            place=loop.place(rate.at),
            label=_LABELS.get(rate.why, "is 0"),
            related=loop.related(rate.used, "used here") if rate.used != rate.at else (),
            evidence={"learning_rate": 0.0},
            fix=fix,
            level="warning" if rate.why in _LABELS else None,
        )


def prove(run: Run) -> Iterator[Finding]:
    """Find optimizers whose learning rate was zero in every step, or in most of them."""
    for apply in run.applies:
        steps = run.steps_of(apply.key)
        rates = [step.learning_rate for step in steps if step.learning_rate is not None]
        if len(rates) < 2 or rates[-1] != 0.0 or apply.optimizer is None:
            continue
        since = _zero_since(steps)
        if any(rates) and not since:
            continue
        least = _left_of_momentum(steps, since)
        moving = [
            update.variable
            for update in steps[-1].updates
            if update.gradient_norm and update.change_norm <= least(update.variable)
        ]
        if not moving:
            continue
        norm = max(update.gradient_norm or 0.0 for update in steps[-1].updates)
        optimizer = run.optimizers[apply.optimizer - 1]
        names = tuple(run.path(key) for key in moving)
        yield Finding(
            f"the learning rate of `{optimizer.name}` was 0 {_when(len(rates), since)}; gradients "
            f"arrived (norm up to {norm:.3g}) and {len(names)} variables "
            f"{_ended(steps[-1])}: {listed(names)}",
            place=_set_at(run, optimizer) or optimizer.made_at or apply.place,
            label="its learning rate is 0",
            related=second_places(
                (optimizer.made_at, "made here"),
                but=_set_at(run, optimizer) or optimizer.made_at,
            ),
            variables=names,
            step=since or steps[0].index,
            evidence={"learning_rate": 0.0, "gradient_norm": norm, "steps": len(rates)},
        )
    yield from _fallen(run)
    yield from _by_hand(run)


def _fallen(run: Run) -> Iterator[Finding]:
    """Rates that are next to nothing for most of a run, at a loss that is still there."""
    for apply in run.applies:
        steps = [one for one in run.steps_of(apply.key) if one.learning_rate is not None]
        if len(steps) < FEWEST or apply.optimizer is None or not steps[-1].updates:
            continue
        first = max(one.learning_rate or 0.0 for one in steps)
        low = [one for one in steps if 0.0 < (one.learning_rate or 0.0) < FALLEN * first]
        since, last = (low[0] if low else steps[-1]), steps[-1]
        still = steps[steps.index(since) :]
        if still != low or 2 * since.index > last.index or not _unlearned(steps[0], last):
            continue
        norm = max(update.gradient_norm or 0.0 for update in last.updates)
        optimizer = run.optimizers[apply.optimizer - 1]
        names = tuple(run.path(update.variable) for update in last.updates)
        place = _set_at(run, optimizer) or optimizer.made_at or apply.place
        if norm > 0.0:
            yield Finding(
                f"the learning rate of `{optimizer.name}` fell from {first:.3g} to "
                f"{last.learning_rate:.3g}, and has been less than a millionth of what it was "
                f"since step {since.index} of {last.index}; gradients arrive (norm up to "
                f"{norm:.3g}), and what they change is next to nothing",
                place=place,
                label="next to 0",
                related=second_places((optimizer.made_at, "made here"), but=place),
                variables=names,
                step=since.index,
                evidence={"learning_rate": last.learning_rate or 0.0, "gradient_norm": norm},
                fix=Fix("set a least rate, or lower it less often", safe=False),
            )


def _unlearned(first: Step, last: Step) -> bool:
    """The loss is not as good as gone, as far as it is known."""
    if first.loss is None or last.loss is None:
        return True
    return isfinite(last.loss) and abs(last.loss) > REST * abs(first.loss)


def _set_at(run: Run, optimizer: Optimizer) -> Place | None:
    """The user's line that set the learning rate, if one did, and no other optimizer's."""
    places = {
        place
        for one in run.assigned
        if run.variable(one.variable).role == "optimizer"
        and run.path(one.variable).endswith("learning_rate")
        for place in one.places
    }
    return places.pop() if len(places) == 1 and not optimizer.schedule else None


def _by_hand(run: Run) -> Iterator[Finding]:
    """Changes by hand that are 0 times their gradients, whenever they were measured."""
    from ..evidence.updating import zero_factor

    places: dict[Place | None, list[tuple[Apply, Operation]]] = {}
    moving = {apply.place for apply in run.applies if _moves(run, apply)}
    for apply in () if run.early else run.applies:
        if not apply.by_hand or apply.place in moving or not run.steps_of(apply.key):
            continue
        factor = zero_factor(run, apply)
        if factor is not None:
            places.setdefault(apply.place, []).append((apply, factor))
    for place, found in places.items():
        steps = [step for apply, _ in found for step in run.steps_of(apply.key)]
        norms = [update.gradient_norm for step in steps for update in step.updates]
        known = [norm for norm in norms if norm]
        names = tuple(dict.fromkeys(apply.pairs[0].name for apply, _ in found))
        if len({step.index for step in steps}) < 2 or not known:
            continue
        yield Finding(
            f"{listed(names)} got gradients (norm up to {max(known):.3g}), and the change is 0 "
            "times them: nothing moves",
            place=found[0][1].place or place,
            label="one factor is 0",
            variables=names,
            step=steps[0].index,
            evidence={"learning_rate": 0.0, "gradient_norm": max(known)},
            fix=Fix(
                "print the factors of this change: the rate among them has to be above 0", False
            ),
        )


def _moves(run: Run, apply: Apply) -> bool:
    return any(update.change_norm for step in run.steps_of(apply.key) for update in step.updates)


def _zero_since(steps: Sequence[Step]) -> int:
    """The step at which a rate fell to zero, if most of the run came after it; else 0.

    A schedule that ends at zero with the training, or a few steps before, is healthy.
    """
    since = 0
    for step in steps:
        if step.learning_rate:
            since = 0
        elif step.learning_rate is not None:
            since = since or step.index
    after = steps[-1].index - since + 1
    return since if since > 1 and after >= LONG and 2 * after >= steps[-1].index else 0


def _faded_early(steps: Sequence[Step]) -> bool:
    """The rate is next to nothing in the second half of the steps."""
    rates = [(step.index, step.learning_rate) for step in steps if step.learning_rate is not None]
    most = max((rate for _, rate in rates), default=0.0)
    late = [rate for index, rate in rates if 2 * index >= steps[-1].index]
    return bool(late) and max(late) <= NOTHING * most


def _ended(step: Step) -> str:
    still = not any(update.change_norm for update in step.updates)
    return "stood still" if still else "only followed what is left of their momentum"


def _left_of_momentum(steps: Sequence[Step], since: int) -> Callable[[int], float]:
    """What a variable may still move by: what it learned before the rate fell to zero dies away."""
    most: dict[int, float] = {}
    for step in steps:
        for update in step.updates if step.index < since else ():
            most[update.variable] = max(most.get(update.variable, 0.0), update.change_norm)
    return lambda key: FADED * most.get(key, 0.0)


def _when(read: int, since: int) -> str:
    if since:
        return f"from step {since} on"
    return f"in all {read} steps at which it was read"


def settle(finding: Finding, run: Run) -> Verdict | None:
    """Clear rates that something has raised before a step, as a callback or another module may."""
    places = (finding.place, *(there.place for there in finding.related))
    made = {
        optimizer.key
        for optimizer in run.optimizers
        if any(place is not None and place.overlaps(optimizer.made_at) for place in places)
    }
    applies = [apply for apply in run.applies if apply.optimizer in made]
    if finding.label in _LABELS.values():
        long = any(_faded_early(run.steps_of(apply.key)) for apply in applies)
        return None if long or not applies else Verdict.CLEARED
    raised = any(step.learning_rate for apply in applies for step in run.steps_of(apply.key))
    return Verdict.CLEARED if raised else None


FAULT = Fault("GP501", "learning-rate-zero", __doc__, find=find, prove=prove, settle=settle)
