"""The loss does not depend on some of the variables.

The variables are in the list, but nothing leads from them to this loss: a
connection was forgotten, a head is missing in the loss. Their gradient is
`None`; a warning says that gradients do not exist for them, the rest trains and
they never move.

## Bad

```python
def step(encoder, decoder, optimizer, x, y):
    variables = encoder.trainable_variables + decoder.trainable_variables
    with tf.GradientTape() as tape:
        hidden = encoder(x)
        output = decoder(hidden)
        loss = tf.reduce_mean(tf.square(hidden - y))
    gradients = tape.gradient(loss, variables)
    optimizer.apply_gradients(zip(gradients, variables))
```

## Good

```python
def step(encoder, decoder, optimizer, x, y):
    variables = encoder.trainable_variables + decoder.trainable_variables
    with tf.GradientTape() as tape:
        hidden = encoder(x)
        output = decoder(hidden)
        loss = tf.reduce_mean(tf.square(output - y))
    gradients = tape.gradient(loss, variables)
    optimizer.apply_gradients(zip(gradients, variables))
```

## Fix

Connect the part to the loss, or leave it out of the list of variables. Only the
author knows which.

## Not this fault

- Losses that alternate: a head that this step does not use, and another does.
- An auxiliary branch that is switched off.
- `non-trainable-in-list`: the variables are moving averages or counters.
- `forward-outside-tape`, `numpy-on-loss-path`, `nondifferentiable-op`: the loss does
  depend on the variables, but the tape cannot follow.

## Sources

- Keras 3.15.1, `BaseOptimizer._filter_empty_gradients`: UserWarning, once a process.
- tf-keras 2.21.0, `filter_empty_gradients`: logged in each eager step.
- https://github.com/keras-team/keras/issues/12521
- https://github.com/tensorflow/probability/issues/927
- https://github.com/tensorflow/tensorflow/issues/42542
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault, Verdict
from ..finding import Finding, Fix, Place, listed, second_places

if TYPE_CHECKING:
    from ..evidence.loop import Break, GradientCall, Loop, Spot
    from ..evidence.paths import Lost
    from ..evidence.run import Run


def find(loop: Loop) -> Iterator[Finding]:
    """Layers that run, and whose output reaches no target; and those that never run."""
    for broken, call, names in _once_a_call(loop):
        yield Finding(
            f"nothing of {listed(names) or 'a layer'} reaches `{call.target.text}`",
            place=loop.place(broken.at),
            label="made here, and used nowhere"
            if broken.operation == "made"
            else "no path from there"
            if broken.at == call.at
            else "nothing of it goes on from here",
            related=loop.related(call.at, "asked for its gradient here")
            if broken.at != call.at
            else (),
            variables=names,
            fix=Fix("connect it to the loss, or leave it out of the list", safe=False),
            level="warning",
        )


def _once_a_call(loop: Loop) -> Iterator[tuple[Break, GradientCall, tuple[str, ...]]]:
    """What is lost, and where; all that never runs is told at the first of it."""
    idle: dict[Spot, list[tuple[Break, GradientCall, tuple[str, ...]]]] = {}
    for one in loop.breaks("unused"):
        if one[0].operation == "made":
            idle.setdefault(one[1].at, []).append(one)
        else:
            yield one
    for found in idle.values():
        yield (*found[0][:2], tuple(name for one in found for name in one[2]))


def prove(run: Run) -> Iterator[Finding]:
    """Find variables that are trained for, computed or not, and never used."""
    for found in _unused(run):
        how = (
            "what is computed from them here is not used by the target"
            if found.kind == "dead end"
            else "nothing under the tape reads them"
        )
        dead = found.kind == "dead end"
        ended = found.operation.place if dead and found.operation is not None else None
        made = None if dead else _made(run, found)
        yield Finding(
            f"{found.words}; {how}",
            place=found.place or made or found.call.place,
            label="ends here"
            if dead
            else "made here, and used nowhere"
            if made
            else "asks for variables that nothing reads",
            related=second_places((ended, "computed last")) if ended != found.place else (),
            variables=found.names,
            step=found.call.step + 1,
            evidence={"unconnected": len(found.names), "sources": len(found.call.sources)},
        )


def settle(finding: Finding, run: Run) -> Verdict | None:
    """What the run has proven of the same gradient call is told once, with its variables.

    A call all of whose gradients were there contradicts the source.
    """
    from ..evidence.constants import same_line

    asked = [
        place
        for place in (finding.place, *(there.place for there in finding.related))
        if place is not None
    ]
    here = [
        call
        for call in run.calls
        if any(call.place is not None and same_line(call.place, place) for place in asked)
    ]
    if here and not any(call.unconnected or call.zeros or call.error for call in here):
        return Verdict.CLEARED
    told = any(
        found.call.place is not None and same_line(found.call.place, place)
        for found in _unused(run)
        for place in asked
    )
    return Verdict.CLEARED if told else None


def _unused(run: Run) -> Iterator[Lost]:
    """Sources of a gradient call that nothing on the way to its target uses."""
    from ..evidence.paths import lost

    for found in lost(run, ("dead end", "unread")):
        keys = {loss.source.variable for loss in found.losses}
        if keys & run.connected or None in keys or found.call.inner:
            continue
        if found.kind == "unread" and run.applies and not keys & _handed(run):
            # The program takes out gradients that are None: it expects some.
            continue
        if any(run.variable(key).trainable for key in keys if key is not None):
            yield found


def _made(run: Run, found: Lost) -> Place | None:
    """Where a class made the first of the variables, or its layer, if a class did."""
    keys = (loss.source.variable for loss in found.losses)
    made = (run.variable(key) for key in keys if key is not None)
    # What a class of the program made itself has no other layer of which it is a part.
    held = (one for one in made if one.holder or (one.made_in and one.layer_made_at is None))
    return next((one.layer_made_at or one.made_at for one in held), None)


def _handed(run: Run) -> set[int | None]:
    """Variables that stood in what an optimizer was given."""
    return {pair.variable for apply in run.applies for pair in apply.pairs}


FAULT = Fault(
    "GP208",
    "unconnected-variable",
    __doc__,
    find=find,
    prove=prove,
    settle=settle,
    level="warning",
)
