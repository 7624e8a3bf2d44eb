"""Gradients are computed, but no optimizer is given them.

The loop asks the tape, perhaps prints norms, and ends the step. No variable
moves, the loss stays where it was, and nothing warns.

## Bad

```python
def step(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    return loss
```

## Good

```python
def step(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss
```

## Fix

`optimizer.apply_gradients(zip(gradients, variables))`, right after the call to
`gradient`.

## Not this fault

- A tape without training: saliency, adversarial examples, derivatives in a loss,
  a gradient penalty, sampling.
- Gradients that are returned, stored or summed, and applied by someone else.
- An update by hand with `assign_sub`.
- `update-bypasses-variables`: new values are computed, but not assigned.

## Sources

- TensorFlow 2.21.0, `GradientTape.gradient`: returns gradients and changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault, Verdict
from ..finding import Finding, Fix, Related, listed, second_places

if TYPE_CHECKING:
    from ..evidence.gradients import GradientCall
    from ..evidence.loop import Loop, Spot
    from ..evidence.run import Run


RARE = 10
"""Gradients for each copy of a variable, from which on copies are no training."""

_NEVER = {
    "never told": ("never given", "tell it to where the program trains"),
    "never due": ("never true", "count the steps"),
    "guard": ("the wrong way round", "turn the condition around"),
}
"""For each remark on a condition that is never met: the label, and the help."""

UNNAMED = ("the variables",)
"""What stands for variables that the source gives no name."""


def find(loop: Loop) -> Iterator[Finding]:
    """Gradients that are computed again and again and move nothing."""
    seen: set[Spot] = set()
    for call in loop.gradient_calls:
        if call.unmoved and call.at not in seen:
            seen.add(call.at)
            names = () if call.unmoved == UNNAMED else call.unmoved
            yield Finding(
                f"the gradients for {listed(names) or 'the variables'} are computed and never "
                "applied",
                place=loop.place(call.at),
                label="nothing uses these",
                variables=names,
                fix=Fix(
                    f"`optimizer.apply_gradients(zip(gradients, {call.sources.text}))`"
                    if len(call.sources.text) < 50
                    else "hand them to the optimizer",
                    safe=False,
                ),
            )

    for lazy in loop.about("gradients-never-applied"):
        if lazy.names:
            label, mend = _NEVER[lazy.names[0]]
            yield Finding(
                f"{lazy.words} the gradients change nothing",
                place=loop.place(lazy.at),
                label=label,
                related=loop.others_of(lazy),
                fix=Fix(mend, safe=False),
            )
            continue
        yield Finding(
            f"{lazy.words} gives an iterator, and nobody goes through it: what would change the "
            "variables never runs",
            place=loop.place(lazy.at),
            label="nobody goes through this",
            related=loop.others_of(lazy),
            fix=Fix("write a `for` loop", safe=False),
        )


def prove(run: Run) -> Iterator[Finding]:
    """Find gradients that were there, again and again, and changed nothing."""
    from ..evidence.own_rules import swallows
    from ..evidence.unlisted import combined, misused, moves_others

    seen: set[object] = set()
    if run.early:
        return
    yield from _untaken(run)
    # What moved another variable is mixed up, or meant for that.
    used = run.updated.union(
        *(pair.taken_for or () for apply in run.applies for pair in apply.pairs)
    )
    for call in run.calls:
        if call.inner or call.place in seen or call.times < 2 or call.error is not None:
            continue
        idle = [
            optimizer
            for optimizer in run.optimizers
            if all(apply.optimizer != optimizer.key for apply in run.applies)
        ]
        left = [
            key
            for key in call.reached
            if (key not in used or (idle and _rarely_set(run, call, key)))
            and run.variable(key).trainable
        ]
        if not left or run.crash is not None or misused(run) or combined(run, call, left):
            continue
        others = len(left) < len(call.sources)
        if not idle and not run.finished:
            continue
        if (others and not idle) or moves_others(run, call, left):
            continue
        if any(swallows(run, optimizer, call) for optimizer in idle):
            continue
        seen.add(call.place)
        names = tuple(run.path(key) for key in left)
        yield Finding(
            f"the gradients of {len(names)} of {len(call.sources)} variables were computed "
            f"{call.times} times and never reached an optimizer or an assignment: {listed(names)}"
            + (f"; `{idle[0].name}` was made and never applied" if idle else ""),
            place=call.place,
            label="computed, then dropped",
            related=tuple(
                Related(optimizer.made_at, "never applied")
                for optimizer in idle[:1]
                if optimizer.made_at is not None
            ),
            variables=names,
            step=1,
            evidence={"calls": call.times, "variables": len(names)},
        )


def _untaken(run: Run) -> Iterator[Finding]:
    """Find gradients that are applied in a branch that is never taken."""
    from ..evidence.untaken import untaken

    for found in untaken(run):
        if found.finite:
            continue
        yield Finding(
            f"the gradients were computed {found.call.times} times, and the branch in which "
            f"they are applied was never taken: {listed(found.names)} did not move",
            place=found.branch.place,
            label="the branch that applies them is never taken",
            related=second_places(
                (found.apply.place, "would be applied here"), but=found.branch.place
            ),
            variables=found.names,
            step=1,
            evidence={"calls": found.call.times, "variables": len(found.names)},
            fix=Fix("look at the condition: print it for some steps", safe=False),
        )


def _rarely_set(run: Run, call: GradientCall, variable: int) -> bool:
    """Nothing moves a variable but a copy that is put in now and then: an average, at the end."""
    applies = [one for one in run.applies if any(p.variable == variable for p in one.pairs)]
    copies = all(one.by == "assign" and not one.pairs[0].taken_for for one in applies)
    times = sum(one.counted for one in applies)
    return copies and variable not in run.scattered and RARE * times <= call.times


def settle(finding: Finding, run: Run) -> Finding | Verdict | None:
    """Clear a suspicion about a call all of whose variables changed."""
    place = finding.place
    here = [call for call in run.calls if call.place and call.place.overlaps(place)]
    keys = {source.variable for call in here for source in call.sources if source.connected}
    return Verdict.CLEARED if keys and keys <= run.moved | run.scattered else None


FAULT = Fault("GP401", "gradients-never-applied", __doc__, find=find, prove=prove, settle=settle)
