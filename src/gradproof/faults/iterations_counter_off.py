"""The step counter runs faster or slower than the steps.

Every `apply` advances `iterations` by one. A schedule, a warm-up and Adam's bias
correction read it: with two calls a step, a decay over 1000 steps is over after 500.
An Adam by hand that counts in its loop over variables is off in the same way.

## Bad

```python
decay = keras.optimizers.schedules.PolynomialDecay(0.1, 8, 0.01)
shared = keras.optimizers.SGD(decay)
trunk = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, name="trunk")])
head = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, name="head")])
shared.build(trunk.trainable_variables + head.trainable_variables)


def step(x, y):
    with tf.GradientTape(persistent=True) as tape:
        loss = tf.reduce_mean(tf.square(head(trunk(x)) - y))
    first = tape.gradient(loss, trunk.trainable_variables)
    second = tape.gradient(loss, head.trainable_variables)
    shared.apply_gradients(zip(first, trunk.trainable_variables))
    shared.apply_gradients(zip(second, head.trainable_variables))
```

## Good

```python
decay = keras.optimizers.schedules.PolynomialDecay(0.1, 8, 0.01)
shared = keras.optimizers.SGD(decay)
trunk = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, name="trunk")])
head = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, name="head")])


def step(x, y):
    variables = trunk.trainable_variables + head.trainable_variables
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(head(trunk(x)) - y))
    shared.apply_gradients(zip(tape.gradient(loss, variables), variables))
```

## Fix

One call of `apply_gradients` a step with all pairs, or one optimizer a list; or count
the schedule's steps in calls.

## Not this fault

- Several calls a step with a constant learning rate.
- Two optimizers, one for each list.
- Two phases of training, one after the other.

## Sources

- Keras 3.15.1 and tf-keras 2.21.0, tried: two applications advance `iterations` by two.
- https://github.com/tensorflow/addons/pull/2714
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from ..fault import Fault
from ..finding import Finding, Fix, Related, listed

if TYPE_CHECKING:
    from ..evidence.applies import Apply, Optimizer
    from ..evidence.loop import Loop, Remark
    from ..evidence.run import Run


def find(loop: Loop) -> Iterator[Finding]:
    """Optimizers with a schedule that are applied several times a step."""
    for seen in loop.about("iterations-counter-off"):
        if "by hand" in seen.names:
            yield _by_hand(loop, seen)
            continue
        if "once more" in seen.names:
            yield Finding(
                f"{seen.words} follows a schedule and counts its steps by itself: counted up once "
                "more, here, the schedule runs twice as fast as the steps",
                place=loop.place(seen.at),
                label="counts each step again",
                fix=Fix("leave the count to the optimizer", safe=False),
            )
            continue
        yield Finding(
            f"{listed((seen.words,))} follows a schedule and is applied more than once in "
            "each step: the schedule runs that much faster than the steps",
            place=loop.place(seen.at),
            label="counts another step",
            related=loop.others_of(seen),
            fix=Fix("hand all pairs to one call of `apply_gradients`", safe=False),
        )


def _by_hand(loop: Loop, seen: Remark) -> Finding:
    """The count of steps of an update rule that the program writes out."""
    return Finding(
        f"{seen.words} counts the steps of this update rule, and advances once for each variable: "
        "with several variables the correction of its moments runs that much faster",
        place=loop.place(seen.at),
        label="counts variables, not steps",
        related=loop.others_of(seen),
        fix=Fix("advance it once a step, outside the loop over variables", safe=False),
    )


def prove(run: Run) -> Iterator[Finding]:
    """Find optimizers with a schedule whose counter advances too fast."""
    for optimizer in run.optimizers:
        applies = _together(run, optimizer) if optimizer.schedule else ()
        places = {apply.place: apply for apply in applies}
        if len(applies) < 2:
            continue
        last = applies[-1]
        names = tuple(
            dict.fromkeys(pair.name for apply in applies for pair in apply.pairs if pair.name)
        )
        rates = [steps[0].learning_rate for apply in applies if (steps := run.steps_of(apply.key))]
        known = [rate for rate in rates if rate is not None]
        at_once = ""
        if len(known) == len(applies) and known[0] != known[-1]:
            at_once = (
                f"; within step 1 the learning rate went from {known[0]:.6g} to {known[-1]:.6g}"
            )
        yield Finding(
            f"each step applies this {optimizer.name} {len(applies)} times, {_what_for(applies)}: "
            f"its counter advances by {len(applies)} a step, and `{optimizer.schedule}` "
            f"runs {len(applies)} times faster than the steps{at_once}",
            place=last.place,
            label="counts another step",
            related=tuple(
                Related(place, "counts one step")
                for place in places
                if place is not None and place != last.place
            ),
            variables=names,
            step=1,
            evidence={"iterations_per_step": len(applies)},
            fix=Fix("hand all pairs to one call of `apply_gradients`", safe=False),
        )


def _together(run: Run, optimizer: Optimizer) -> tuple[Apply, ...]:
    """Apply calls of one optimizer that make up one step, for parts of the variables."""
    mine = [
        apply
        for apply in run.applies
        if apply.optimizer == optimizer.key and apply.error is None and apply.given == "pairs"
    ]
    traced: dict[int, list[Apply]] = {}
    for apply in mine:
        if apply.traced:
            traced.setdefault(apply.recording, []).append(apply)
    for group in traced.values():
        parts = _parts(group) or _of_one_tape(run, group)
        if len(parts) > 1:
            return parts
    eager = [apply for apply in mine if not apply.traced]
    parts = _parts(eager) or _of_one_tape(run, eager)
    if len(parts) > 1 and all(_advance(run, apply) == len(parts) for apply in parts):
        return parts
    return ()


def _parts(applies: list[Apply]) -> tuple[Apply, ...]:
    """The first call for each set of variables; nothing if one is part of another."""
    parts: dict[frozenset[int | None], Apply] = {}
    for apply in applies:
        keys = frozenset(pair.variable for pair in apply.pairs)
        if any(keys < other or other < keys for other in parts):
            return ()
        parts.setdefault(keys, apply)
    return tuple(parts.values())


def _of_one_tape(run: Run, applies: list[Apply]) -> tuple[Apply, ...]:
    """Calls for several losses of one forward pass, all of which one tape recorded."""
    tapes = {call.key: call.tape for call in run.calls}
    asked = [frozenset(pair.call for pair in apply.pairs) for apply in applies]
    recorded = {tapes.get(key or 0) for calls in asked for key in calls}
    apart = len(set(asked)) == len(asked) and all(len(calls) == 1 for calls in asked)
    return tuple(applies) if apart and len(recorded) == 1 and None not in recorded else ()


def _what_for(applies: tuple[Apply, ...]) -> str:
    sets = [frozenset(pair.variable for pair in apply.pairs) for apply in applies]
    apart = len(frozenset().union(*sets)) == sum(map(len, sets))
    return "to other variables each time" if apart else "once for each loss"


def _advance(run: Run, apply: Apply) -> int | None:
    """By how much the counter advances from one passage to the next."""
    known = [
        (step.index, step.iterations)
        for step in run.steps_of(apply.key)
        if step.iterations is not None
    ]
    advances = {
        (later[1] - earlier[1]) / (later[0] - earlier[0])
        for earlier, later in pairwise(known)
        if later[0] > earlier[0]
    }
    found = advances.pop() if len(advances) == 1 else None
    return int(found) if found is not None and found == int(found) else None


FAULT = Fault(
    "GP602",
    "iterations-counter-off",
    __doc__,
    find=find,
    prove=prove,
    symptoms=("learning-rate-zero",),
)
