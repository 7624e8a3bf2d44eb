"""The lists differ in length, and `zip` drops the last variables.

Gradients and variables are lists of different length. `zip` stops at the end of
the shorter one without a word: the first variables train, the last ones never
move.

## Bad

```python
def step(encoder, decoder, optimizer, x, y):
    variables = encoder.trainable_variables + decoder.trainable_variables
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(decoder(encoder(x)) - y))
    gradients = tape.gradient(loss, variables)
    optimizer.apply_gradients(zip(gradients, encoder.trainable_variables))
```

## Good

```python
def step(encoder, decoder, optimizer, x, y):
    variables = encoder.trainable_variables + decoder.trainable_variables
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(decoder(encoder(x)) - y))
    gradients = tape.gradient(loss, variables)
    optimizer.apply_gradients(zip(gradients, variables))
```

## Fix

One list in both calls, and `zip(gradients, variables, strict=True)`. Unsafe: it
decides which variables train.

## Not this fault

- One and the same list in both calls.
- A list that is cut on purpose on both sides.
- `mispaired-gradients`: gradients land on variables that they were not taken for.
- `spent-zip`: the pairs are gone because they were read before.

## Sources

- Python 3.10, `zip`: stops at the shortest argument; `strict=True` raises ValueError.
- Keras 3.15.1 and tf-keras 2.21.0, tried: fewer gradients than variables are
  accepted in silence.
- https://github.com/soumik12345/tf2_gans/pull/15
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from ..fault import Fault
from ..finding import Edit, Finding, Fix, listed

if TYPE_CHECKING:
    from ..evidence.applies import Apply
    from ..evidence.loop import Loop
    from ..evidence.run import Run


def find(loop: Loop) -> Iterator[Finding]:
    """Pairs where one list ends before the other."""
    for call in loop.apply_calls:
        if call.relation not in ("fewer gradients", "fewer variables"):
            continue
        fewer = call.relation == "fewer gradients"
        longer, shorter = (
            (call.applied_to, call.taken_for) if fewer else (call.taken_for, call.applied_to)
        )
        missing = tuple(name for name in longer if name not in shorter)
        fix = Fix("use one list in both calls", safe=False)
        if (
            call.sources is not None
            and call.variables is not None
            and "(" not in call.variables.text
        ):
            fix = (
                Fix(
                    fix.title,
                    safe=False,
                    edits=(Edit(loop.place(call.sources), call.variables.text),),
                )
                if (fewer and call.variables.span.line < call.sources.span.line)
                else fix
            )
        sliced = shorter == longer
        known = f"for {listed(shorter)} only" if shorter and not sliced else "for a part only"
        yield Finding(
            f"there are {'gradients' if fewer else 'variables'} {known}; "
            f"{listed(missing) or 'what the shorter list leaves out'} never moves",
            place=loop.place(call.zipped or call.at),
            label="stops at the shorter list",
            related=loop.related(call.sources, "the gradients are taken for these"),
            variables=missing,
            fix=fix,
            # Who cuts a list by hand may mean to leave the rest alone.
            level="warning" if sliced else None,
        )


def prove(run: Run) -> Iterator[Finding]:
    """Find gradients of one list, or of a cut of it, of which only the first few were applied."""
    idle = [
        optimizer
        for optimizer in run.optimizers
        if all(apply.optimizer != optimizer.key for apply in run.applies)
    ]
    # What raised came to no other pair.
    seen: set[object] = {apply.place for apply in run.applies if apply.error is not None}
    for apply in (*run.applies, *_in_loops(run)):
        call = run.asked_for(apply)
        one_by_one = apply.by_hand and len(apply.pairs) < 2
        if call is None or one_by_one or apply.place in seen or idle or not _ended(run, apply):
            continue
        given = [pair.variable for pair in apply.pairs]
        wanted = [source.variable for source in call.sources]
        start = wanted.index(given[0]) if given and given[0] in wanted else 0
        tail = call.sources[start + len(given) :]
        rest = [source.variable for source in tail if source.variable is not None]
        if not given or wanted[start : start + len(given)] != given or not rest:
            continue
        if not run.updated.issuperset(wanted[:start]):
            continue  # who applies the middle of a list means that one
        if not any(source.connected for source in tail):
            continue  # who leaves out what is None drops nothing
        if not run.updated.isdisjoint(rest):
            continue
        seen.add(apply.place)
        names = tuple(run.path(key) for key in rest)
        left = "left for this call" if start else "taken"
        yield Finding(
            f"{len(wanted) - start} gradients were {left} and {_arrived(len(given))}: zip stopped "
            f"at the shorter list, and {listed(names)} never moved",
            place=apply.handed_over(call.stack) if apply.by_hand else apply.place,
            label=f"{len(given)} of {len(wanted) - start} pairs",
            variables=names,
            step=1,
            evidence={"gradients": len(wanted) - start, "pairs": len(given)},
        )


def _ended(run: Run, apply: Apply) -> bool:
    """Says whether a call has handed over all it will: a loop may be under way, or have raised."""
    if not apply.by_hand or (run.finished and run.crash is None):
        return True
    return max((step.index for step in run.steps_of(apply.key)), default=0) > (not apply.traced)


def _in_loops(run: Run) -> Iterator[Apply]:
    """Changes by hand that one line makes of one variable after the other, as one."""
    rounds: dict[tuple[object, ...], dict[int | None, Apply]] = {}
    for apply in run.applies:
        if apply.by_hand and apply.pairs:
            lines = (apply.stack, apply.call, apply.recording)
            rounds.setdefault(lines, {}).setdefault(apply.pairs[0].variable, apply)
    for found in rounds.values():
        first = next(iter(found.values()))
        yield replace(first, pairs=tuple(pair for apply in found.values() for pair in apply.pairs))


def settle(finding: Finding, run: Run) -> Finding | None:
    """Confirm that the tail of the longer list got nothing and stood still."""
    from ..evidence.unlisted import unlisted

    left = [variable.path for variable, _ in unlisted(run)]
    here = [
        apply
        for apply in run.applies
        if apply.place is not None
        and finding.place is not None
        and apply.place.span.overlaps(finding.place.span)
    ]
    if run.unsettled or not left or not here:
        return None
    return replace(
        finding,
        message=f"{_arrived(len(here[0].pairs))}: zip stopped at the shorter list, and "
        f"{listed(left)}, which the target depends on, never moved",
        variables=tuple(left),
        step=1,
        evidence={"pairs": len(here[0].pairs), "left_out": len(left)},
        level=None,  # a list that was cut by hand, too, if nothing else trains the rest
    )


def _arrived(pairs: int) -> str:
    return f"{pairs} {'pair' if pairs == 1 else 'pairs'} arrived"


FAULT = Fault(
    "GP404",
    "short-zip",
    __doc__,
    find=find,
    prove=prove,
    settle=settle,
    symptoms=("variable-left-out", "gradients-never-applied"),
)
