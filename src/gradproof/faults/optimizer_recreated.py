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

from collections.abc import Iterator

from ..evidence import Run
from ..evidence.run import Apply, Optimizer
from ..fault import Fault
from ..finding import Finding, Fix, Related, listed

_ENOUGH = 3
"""Optimizers of one line from which on it is a habit."""


def prove(run: Run) -> Iterator[Finding]:
    """Find lines that make optimizer after optimizer for the same variables."""
    lines: dict[tuple[object, str], list[Optimizer]] = {}
    for optimizer in run.optimizers:
        if optimizer.made_at is not None and not optimizer.during:
            lines.setdefault((optimizer.made_at, optimizer.name), []).append(optimizer)
    for group in lines.values():
        applied = {one.key: _applies(run, one) for one in group}
        used = [one for one in group if applied[one.key]]
        if len(used) < _ENOUGH or not any(one.state or one.schedule for one in used):
            continue
        sets = [_variables(applied[one.key]) for one in used]
        shared = frozenset.intersection(*sets)
        if not shared or _set_back(run, shared) or len(_rates(run, applied)) > 1:
            continue
        steps = [sum(_passages(run, apply) for apply in applied[one.key]) for one in used]
        names = [run.path(key) for key in sorted(shared)]
        place = applied[used[-1].key][-1].place
        yield Finding(
            f"this line made {len(group)} optimizers for {listed(names)}, each for "
            f"{_count(steps)}: `{group[0].name}` starts each time without what it had gathered",
            place=group[0].made_at,
            label="made anew",
            related=() if place is None else (Related(place, "applied here"),),
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


def _rates(run: Run, applied: dict[int, list[Apply]]) -> set[float]:
    """Learning rates with which the optimizers of one line began."""
    found = set()
    for applies in applied.values():
        steps = [step for apply in applies for step in run.steps_of(apply.key)[:1]]
        found |= {round(step.learning_rate, 9) for step in steps if step.learning_rate is not None}
    return found


def _passages(run: Run, apply: Apply) -> int:
    return max((step.index for step in run.steps_of(apply.key)), default=0 if apply.traced else 1)


def _count(steps: list[int]) -> str:
    most = max(steps)
    return "one step" if most == 1 else f"{most} steps at most"


FAULT = Fault("GP609", "optimizer-recreated", __doc__, prove=prove)
