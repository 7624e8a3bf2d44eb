"""One gradient is applied again and again.

The forward pass and the gradient are recorded once, before the loop. Each step then takes
the same direction, however far the variables have moved since.

## Bad

<!-- mode: eager -->
```python
def step(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    for turn in range(3):
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Good

<!-- mode: eager -->
```python
def step(model, optimizer, x, y):
    for turn in range(3):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Fix

Record the forward pass in every step: move the `with` block into the loop.

## Not this fault

- One gradient that two optimizers are given, each for its own variables.
- A persistent tape asked for several losses, or for several lists of variables.

## Sources

- TensorFlow 2.21.0, tried: a persistent tape gives the same gradient again, without a
  message.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault
from ..finding import Finding, Fix, Place, Related, second_places

if TYPE_CHECKING:
    from ..evidence.applies import Apply, Pair
    from ..evidence.gradients import GradientCall
    from ..evidence.loop import Loop
    from ..evidence.run import Run


LEAST = 3
"""Steps beyond the recordings from which on kept gradients are told."""


_AGAIN = "the same gradients are applied in every round of the loop: "
_WORDS = {
    "": (
        f"{_AGAIN}they were taken once, before it, and never again",
        "applied again and again",
    ),
    "recorded": (
        f"{_AGAIN}the loss was recorded once, before it, and never again",
        "applied again and again",
    ),
    "first": (
        (
            "gradients are taken if there are none yet, and kept: all later steps apply those of "
            "the first"
        ),
        "taken once",
    ),
}
"""For each kind of remark: what is seen, and the label."""


def find(loop: Loop) -> Iterator[Finding]:
    """Gradients taken before a loop and applied in each of its rounds."""
    for seen in loop.about("stale-gradient"):
        words, label = _WORDS[seen.words]
        yield Finding(
            words,
            place=loop.place(seen.at),
            label=label,
            related=loop.others_of(seen),
            variables=seen.names,
            fix=Fix("record the forward pass in every step", safe=False),
        )


def prove(run: Run) -> Iterator[Finding]:
    """Find gradients of one recording that were applied several times."""
    calls = {call.key: call for call in run.calls}
    records: dict[tuple[object, ...], list[tuple[Apply, GradientCall]]] = {}
    for apply in run.applies:
        keys = {_call_of(run, apply, pair) for pair in apply.pairs if pair.given == "gradient"}
        call = calls.get(keys.pop() or 0) if len(keys) == 1 else None
        if call is not None and apply.error is None and call.targets:
            records.setdefault(_what(run, apply, call), []).append((apply, call))
    told: set[Place | None] = set()
    for group in records.values():
        apply, call = group[-1]
        if len(group) < 2 or apply.place in told or _put_back(run, apply, len(group) - 1):
            continue
        told.add(apply.place)
        tape = run.tape(call.tape)
        yield Finding(
            f"the gradient of one recording was applied {len(group)} times or more: nothing was "
            "recorded between these steps, so all of them take the direction of the first",
            place=apply.place,
            label="applies it again",
            related=()
            if tape.place is None or tape.place == apply.place
            else (Related(tape.place, "recorded once, here"),),
            variables=tuple(dict.fromkeys(pair.name for pair in apply.pairs if pair.name)),
            step=2,
            fix=Fix("record in every step", safe=False),
        )
    if not told and run.crash is None and not any(apply.error for apply in run.applies):
        yield from _kept(run)


def _kept(run: Run) -> Iterator[Finding]:
    """Find gradients of a few recordings that were kept and went on being applied."""
    places: dict[tuple[Place | None, int | None, tuple[int | None, ...]], list[Apply]] = {}
    for apply in run.applies:
        if not (apply.traced or apply.by_hand or apply.replicas > 1):
            variables = tuple(pair.variable for pair in apply.pairs)
            places.setdefault((apply.place, apply.optimizer, variables), []).append(apply)
    for (_, _, variables), applies in places.items():
        asked = [call for call in run.calls if not {*call.reached}.isdisjoint(variables)]
        taken = sum({call.stack: call.times for call in asked}.values())
        applied = sum(apply.counted for apply in applies)
        known = {call.key for call in asked if not call.traced}
        if not known or len(known) < len(asked) or applied < taken + LEAST or applied < 2 * taken:
            continue
        if any(pair.call not in known for apply in applies for pair in apply.pairs):
            continue
        if _put_back(run, applies[-1], applied - taken):
            continue
        yield Finding(
            f"gradients were taken {taken} times in all and applied {applied} times: what was "
            "kept from earlier recordings is applied again, when the variables have moved on",
            place=applies[-1].place,
            label="applies them again",
            related=second_places(
                *((call.place, "taken here") for call in asked[:1]), but=applies[-1].place
            ),
            variables=tuple(dict.fromkeys(pair.name for pair in applies[-1].pairs if pair.name)),
            step=taken + 1,
            fix=Fix("take them in every step", safe=False),
        )


def _put_back(run: Run, apply: Apply, least: int) -> bool:
    """The variables are given other values in between, as a line search does that tries again."""
    times = {one.variable: one.times for one in run.assigned if one.method == "assign"}
    variables = [pair.variable for pair in apply.pairs if pair.variable is not None]
    return bool(variables) and all(times.get(one, 0) >= least for one in variables)


def _call_of(run: Run, apply: Apply, pair: Pair) -> int | None:
    """The one gradient call that a gradient, or what was made of it, stems from."""
    if pair.call is not None or pair.handed is None or not pair.taken_for:
        return pair.call
    before = run.recording(apply.recording).ancestors([pair.handed])
    found = {
        call.key
        for call in run.calls
        if call.recording == apply.recording
        and any(source.result in before for source in call.sources)
    }
    return found.pop() if len(found) == 1 else None


def _what(run: Run, apply: Apply, call: GradientCall) -> tuple[object, ...]:
    """What tells one recording's gradient for one list of variables from others."""
    return (
        apply.optimizer,
        apply.recording,
        tuple(pair.variable for pair in apply.pairs),
        call.tape,
        call.recording,
        tuple(target.operation for target in call.targets),
        call.method,
        # A traced call is made once a trace; the same trace twice is one.
        apply.stack if apply.traced else None,
        # What is added and then taken away again, to look at the loss nearby, goes nowhere.
        apply.by if apply.by_hand else None,
    )


FAULT = Fault("GP610", "stale-gradient", __doc__, find=find, prove=prove)
