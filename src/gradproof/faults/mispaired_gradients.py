"""Gradients are applied to variables they were not taken for.

`zip` pairs gradients with variables by position and stops at the shorter list.
If the lists differ, a gradient lands on the wrong variable. Where the shapes
fit, nothing warns: that variable moves by the slope of another one.

## Bad

```python
def step(encoder, decoder, optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(decoder(x) - y))
    gradients = tape.gradient(loss, decoder.trainable_variables)
    optimizer.apply_gradients(zip(gradients, encoder.trainable_variables))
```

## Good

```python
def step(encoder, decoder, optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(decoder(x) - y))
    gradients = tape.gradient(loss, decoder.trainable_variables)
    optimizer.apply_gradients(zip(gradients, decoder.trainable_variables))
```

## Fix

One list in both calls. Unsafe: it decides which variables train; the list given
to `gradient` wins.

## Not this fault

- Two names for the same list.
- Gradients that are clipped, scaled or averaged in between, in the same order.
- Gradients of one network given to another on purpose, as by workers that
  are assigned its weights, or by fast weights of meta-learning.
- `short-zip`: the pairs are right, but the last variables are missing.

## Sources

- Keras 3.15.1, `BaseOptimizer.apply`, and tf-keras 2.21.0,
  `_BaseOptimizer.apply_gradients`: pairs are taken as they come.
- https://github.com/larq/larq/pull/287
- https://github.com/tensorflow/tensorflow/issues/33345
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault, Verdict
from ..finding import Edit, Finding, Fix, Related, listed, second_places

if TYPE_CHECKING:
    from ..evidence.loop import Loop
    from ..evidence.run import Run

_APART = frozenset({"different", "with statistics", "shifted", "filtered"})


def find(loop: Loop) -> Iterator[Finding]:
    """Lists in `gradient` and in `apply_gradients` that do not match."""
    for call in loop.apply_calls:
        if call.relation not in _APART or call.variables is None:
            continue
        taken, given = listed(call.taken_for), listed(call.applied_to)
        fix = Fix("use one list in both calls", safe=False)
        cut = call.gradients is not None and "[" in call.gradients.text
        if call.sources is not None and call.method != "assign" and not cut:
            fix = Fix(
                fix.title, safe=False, edits=(Edit(loop.place(call.variables), call.sources.text),)
            )
        words = f"{taken or 'other variables'}, and are applied to {given or 'these'}"
        if call.relation == "shifted":
            words = "one part of a list, and meet another part of it: each lands on a neighbour"
        elif call.relation == "filtered":
            words = "all of these, and those that are None were left out: the rest moves up"
            fix = Fix("leave out the pairs whose gradient is None, not the gradients", safe=False)
        elif call.relation == "with statistics":
            words = "trainable variables, and moving statistics stand among those they meet"
        elif call.sources is not None and _backwards(call.variables.text, call.sources.text):
            words = "this list, and are applied to it from its end"
        elif taken and taken == given:
            words = f"{taken} of one network, and are applied to those of another"
        yield Finding(
            f"these gradients were taken for {words}",
            place=loop.place(call.variables),
            label="applied to these",
            related=loop.related(call.sources, "taken for these"),
            variables=tuple(dict.fromkeys((*call.applied_to, *call.taken_for))),
            fix=fix,
        )

    for seen in loop.about("mispaired-gradients"):
        if seen.words == "by name":
            yield Finding(
                f"gradients are kept by `{seen.names[0]}`, which is `kernel` or `bias` for the "
                "variables of every layer in Keras 3: the last one of a name stands for all",
                place=loop.place(seen.at),
                label="one entry for several variables",
                related=loop.others_of(seen),
                fix=Fix("keep them by `v.path`, or in a list", safe=False),
            )
            continue
        changed, taken = (name or "another variable" for name in seen.names)
        yield Finding(
            f"`{changed}` is changed by the gradient that was taken for `{taken}`, and the other "
            "way round",
            place=loop.place(seen.at),
            label="the gradient of another variable",
            related=loop.others_of(seen),
            variables=tuple(name for name in seen.names if name),
            fix=Fix("name the gradients in the order of their variables", safe=False),
        )


def _backwards(text: str, of: str) -> bool:
    return of in text and ("reversed(" in text or "[::-1]" in text) and text != of


def prove(run: Run) -> Iterator[Finding]:
    """Compare each variable with the ones that its gradient was taken for."""
    from ..evidence.mixups import of_copies

    seen: set[object] = set()
    for apply in run.applies:
        if apply.place in seen or apply.by_hand:
            continue
        wrong = [
            pair
            for pair in apply.pairs
            if pair.variable is not None and pair.taken_for and pair.variable not in pair.taken_for
        ]
        if not wrong or of_copies(run, apply, wrong):
            continue
        seen.add(apply.place)
        first = wrong[0]
        assert first.variable is not None
        assert first.taken_for is not None
        source = run.path(min(first.taken_for))
        change = next(
            (
                update.change_norm
                for step in run.steps_of(apply.key)[:1]
                for update in step.updates
                if update.variable == first.variable
            ),
            None,
        )
        moved = f" moved by {change:.3g} (norm)" if change is not None else " was updated"
        names = tuple(run.path(pair.variable) for pair in wrong if pair.variable is not None)
        robbed = {key for pair in wrong for key in pair.taken_for or ()} - run.handed
        call = next((call for call in run.calls if call.key == first.call), None)
        yield Finding(
            f"`{run.path(first.variable)}`{moved} along the gradient of `{source}`; "
            f"{len(wrong)} of {len(apply.pairs)} pairs are mixed up: {listed(names)}",
            place=apply.place,
            label="applied to other variables",
            related=(Related(call.place, "taken for these"),)
            if call is not None and call.place is not None
            else (),
            variables=names + tuple(run.path(key) for key in sorted(robbed)),
            step=1,
            evidence={"mixed_up": len(wrong), "pairs": len(apply.pairs)}
            | ({} if change is None else {"change_norm": change}),
        )
    yield from _by_hand(run, seen)
    yield from _misfits(run, seen)


def _misfits(run: Run, seen: set[object]) -> Iterator[Finding]:
    """Gradients whose shapes do not fit, taken for these variables in another order."""
    from ..evidence.mixups import misfit

    for apply in run.applies:
        call = misfit(run, apply)
        if call is None or apply.place in seen:
            continue
        seen.add(apply.place)
        pairs = [pair for pair in apply.pairs if pair.variable is not None]
        taken = [source.variable for source in call.sources]
        wrong = [
            pair.name
            for pair, key in zip(pairs, (*taken, *[None] * len(pairs)), strict=False)
            if pair.variable != key
        ]
        yield Finding(
            f"the gradients do not fit the variables that they are applied to: {len(wrong)} of "
            f"{len(pairs)} stand in another place than in the list that the gradients were taken "
            f"for: {listed(wrong)}",
            place=apply.place,
            label="applied to other variables",
            related=second_places((call.place, "taken for these")),
            variables=tuple(wrong),
            step=1,
            evidence={"mixed_up": len(wrong), "pairs": len(pairs)},
        )


def _by_hand(run: Run, seen: set[object]) -> Iterator[Finding]:
    """Changes by hand that follow the gradient of another variable."""
    from ..evidence.mixups import mixups

    for mixup in mixups(run):
        first = mixup.applies[0]
        place = first.handed_over(mixup.call.stack)
        if place in seen:
            continue
        seen.add(place)
        names = tuple(
            dict.fromkeys(
                run.path(apply.pairs[0].variable)
                for apply in mixup.applies
                if apply.pairs[0].variable is not None
            )
        )
        yield Finding(
            f"`{names[0]}` follows the gradient of `{run.path(min(mixup.taken[0]))}`; "
            f"{len(mixup.applies)} of {mixup.changes} changes by hand are mixed up: "
            f"{listed(names)}",
            place=place,
            label="changes another variable" if place == first.place else "handed over here",
            related=second_places(
                (mixup.call.place, "taken for these"),
                (first.place, "changes another variable"),
                but=place,
            ),
            variables=names,
            step=1,
            evidence={"mixed_up": len(mixup.applies), "changes": mixup.changes},
        )


def settle(finding: Finding, run: Run) -> Verdict | None:
    """Clear a suspicion about pairs each of which had the gradient of its own variable."""
    pairs = [pair for row in run.pairs_at(finding.place) for pair in row]
    own = all(set(pair.taken_for or ()) == {pair.variable} for pair in pairs)
    return Verdict.CLEARED if pairs and own else None


FAULT = Fault(
    "GP403",
    "mispaired-gradients",
    __doc__,
    find=find,
    prove=prove,
    settle=settle,
    symptoms=(
        "gradients-never-applied",
        "variable-left-out",
        "exploding-gradient",
        "nan-gradient-applied",
    ),
)
