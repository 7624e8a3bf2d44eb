"""The optimizer is made anew, and forgets what it has gathered.

Momentum, Adam's moments, the step counter and the schedule live in the optimizer. Made
inside the step or the epoch, they start from zero each time.

## Bad

<!-- mode: eager -->
```python
def step(model, x, y):
    optimizer = keras.optimizers.Adam(0.01)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Good

<!-- mode: eager -->
```python
optimizer = keras.optimizers.Adam(0.01)


def step(model, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Fix

Make it once, before the loop.

## Not this fault

- Plain SGD without momentum and schedule: it keeps nothing.
- A new optimizer for a new model, or after the weights were set back.
- A second phase of training with another learning rate.

## Sources

- Keras 3.15.1 and tf-keras 2.21.0, tried: silent in eager code; inside `tf.function` it
  raises, see `state-created-in-tf-function`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from ..fault import Fault
from ..finding import Finding, Fix, listed, second_places

if TYPE_CHECKING:
    from ..evidence.applies import Apply, Optimizer
    from ..evidence.loop import Loop
    from ..evidence.run import Run

_SMALL = 0.1
"""Part of its learning rate that is left to an optimizer whose schedule is at its end."""

_ENOUGH = 3
"""Optimizers of one line from which on it is a habit."""


def find(loop: Loop) -> Iterator[Finding]:
    """Optimizers made anew for each update, or each epoch."""
    for seen in loop.about("optimizer-recreated"):
        yield Finding(
            f"a new `{seen.words}` is made here each time: its moments and its counter start over",
            place=loop.place(seen.at),
            label="starts over each time",
            related=loop.others_of(seen),
            variables=seen.names,
            fix=Fix("make the optimizer once, before the loop", safe=False),
        )


def prove(run: Run) -> Iterator[Finding]:
    """Find lines that make optimizer after optimizer for the same variables."""
    lines: dict[tuple[object, str], list[Optimizer]] = {}
    for optimizer in run.optimizers:
        if optimizer.made_at is not None and not optimizer.during:
            lines.setdefault((optimizer.made_at, optimizer.name), []).append(optimizer)
    for group in lines.values():
        applied = {one.key: _applies(run, one) for one in group}
        used = [one for one in group if applied[one.key]]
        # Of many traces of one function not all are kept.
        if len(group) < _ENOUGH or len(used) < 2:
            continue
        if not any(one.state or one.schedule for one in used):
            continue
        if not any(one.state for one in used) and all(
            _came_to_its_end(run, applied[one.key]) for one in used[:-1]
        ):
            # A schedule that begins again where it ended: a warm restart.
            continue
        if used[0].after is not None and len({one.after for one in used}) == 1:
            # All of them were there before the first was applied: they take turns.
            continue
        sets = [_variables(applied[one.key]) for one in used]
        shared = frozenset.intersection(*sets)
        if not shared or _set_back(run, shared) or _meant(run, applied):
            continue
        if not any(later <= earlier for earlier, later in pairwise(sets)):
            # Each is given variables that the one before could not take.
            continue
        steps = [_passages(run, applied[one.key]) for one in used]
        names = [run.path(key) for key in sorted(shared)]
        place = applied[used[-1].key][-1].place
        yield Finding(
            f"this line made {len(group)} optimizers for {listed(names)}, each for "
            f"{_count(steps)}: `{group[0].name}` starts each time without what it had gathered",
            place=group[0].made_at,
            label="made anew",
            related=second_places((place, "applied here")),
            variables=tuple(names),
            step=2,
            evidence={"optimizers": len(group)},
            fix=Fix("make it once, before the loop", safe=False),
        )


def _applies(run: Run, optimizer: Optimizer) -> list[Apply]:
    return [
        apply
        for apply in run.applies
        if apply.optimizer == optimizer.key and apply.error is None and apply.pairs
    ]


def _variables(applies: list[Apply]) -> frozenset[int]:
    return frozenset(
        pair.variable for apply in applies for pair in apply.pairs if pair.variable is not None
    )


def _set_back(run: Run, variables: frozenset[int]) -> bool:
    """Somebody assigned the weights: a new start is meant."""
    return any(
        apply.by == "assign" and any(pair.variable in variables for pair in apply.pairs)
        for apply in run.applies
    )


def _meant(run: Run, applied: dict[int, list[Apply]]) -> bool:
    """Optimizers of one line began with several learning rates, few with the same one."""
    found: Counter[float] = Counter()
    for applies in applied.values():
        steps = [step for apply in applies for step in run.steps_of(apply.key)[:1]]
        rates = {round(step.learning_rate, 9) for step in steps if step.learning_rate is not None}
        found.update(rates)
    return len(found) > 1 and max(found.values()) < _ENOUGH


def _came_to_its_end(run: Run, applies: list[Apply]) -> bool:
    """The learning rate of an optimizer fell to a small part of what it was."""
    steps = [step for apply in applies for step in run.steps_of(apply.key)]
    rates = [step.learning_rate for step in steps if step.learning_rate is not None]
    return bool(rates) and rates[-1] <= _SMALL * rates[0]


def _passages(run: Run, applies: list[Apply]) -> int:
    """Steps of one optimizer; those of a place that were noted apart count once."""
    ends = [max((step.index for step in run.steps_of(one.key)), default=0) for one in applies]
    return sum(ends) or len(applies)


def _count(steps: list[int]) -> str:
    most = max(steps)
    return "one step" if most == 1 else f"{most} steps at most"


FAULT = Fault("GP609", "optimizer-recreated", __doc__, find=find, prove=prove)
