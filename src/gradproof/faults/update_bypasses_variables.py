"""New values are computed, but the variables never get them.

The loop computes `variable - rate * gradient` and puts the result into a list, a
dict or a name. The model keeps its old values, because only `assign*` and an
optimizer change a variable. `.numpy()` gives a copy: `copy -= ...` changes that alone.
Mostly silent; `model.trainable_variables = [...]` raises AttributeError.

## Bad

```python
def step(model, x, y):
    variables = model.trainable_variables
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, variables)
    for index, gradient in enumerate(gradients):
        variables[index] = variables[index] - 0.1 * gradient
    return loss
```

## Good

```python
def step(model, x, y):
    variables = model.trainable_variables
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, variables)
    for index, gradient in enumerate(gradients):
        variables[index].assign_sub(0.1 * gradient)
    return loss
```

## Fix

`variable.assign_sub(rate * gradient)`, `variable.assign(value)`, or an optimizer.

## Not this fault

- Fast weights, as in meta-learning: values that are used in the same step.
- New values that are assigned afterwards: `set_weights`, a projection, an average.
- `gradients-never-applied`: nothing is computed from the gradients.
- `variable-rebound-to-tensor`: the result takes over the variable's own name.

## Sources

- Keras 3.15.1 and tf-keras 2.21.0, tried: `model.trainable_variables` has no setter;
  `model.trainable_variables[i] = ...` changes a list that is thrown away.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from ..fault import Fault, Verdict
from ..finding import Edit, Finding, Fix, Place, listed

if TYPE_CHECKING:
    from ..evidence.gradients import GradientCall
    from ..evidence.loop import DroppedUpdate, Loop, Spot
    from ..evidence.run import Crash, Run

_WHERE = {
    "element": "put into a list, not into the variables",
    "attribute": "assigned to an attribute that does not hold the variables",
    "name": "bound to a name",
    "list": "put into a list that nothing uses",
    "copy": "written to the copies that `get_weights` gives",
    "array": "written to a copy, which `numpy()` gives",
    "twin": "assigned to new variables, which only began with the values of those",
    "projection": "bound to a name of the loop's",
    "unset": "bound to a name that nothing reads",
    "entry": "bound to a name of the loop's, for arrays that `get_weights` gave",
    "unread": "put into the list that `get_weights` gave, and nothing reads it",
}


_PROJECTED = "the variables are not clipped"
_UNREAD = "nothing reads the list after this"


def find(loop: Loop) -> Iterator[Finding]:
    """New values that are computed and assigned to no variable."""
    seen: dict[Spot, DroppedUpdate] = {}
    for dropped in loop.dropped_updates:
        # One name in a line may be seen in two ways: as a name, and as an entry of a list.
        place = loop.place(dropped.at)
        at = next((one for one in seen if loop.place(one).overlaps(place)), dropped.at)
        known = seen.get(at)
        names = (*known.variables, *dropped.variables) if known else dropped.variables
        seen[at] = (known or dropped)._replace(variables=tuple(dict.fromkeys(names)))
    for dropped in seen.values():
        yield Finding(
            f"the {'clipped' if dropped.where == 'projection' else 'new'} values of "
            f"{listed(dropped.variables) or 'the variables'} are "
            f"{_WHERE[dropped.where]}; the variables keep their old ones",
            place=loop.place(dropped.at),
            label={"projection": _PROJECTED, "unread": _UNREAD}.get(
                dropped.where, "the variables do not change"
            ),
            variables=dropped.variables,
            fix=_fix(loop, dropped.target, dropped.value, dropped.where),
            symptoms=("gradients-never-applied",),
        )


def _fix(loop: Loop, target: Spot | None, value: Spot | None, where: str) -> Fix:
    title = "assign to the variables: `variable.assign(...)`"
    if where in ("copy", "unread", "unset", "entry"):
        title = "give the network its new values: `model.set_weights(...)`"
    if where != "element" or target is None or value is None:
        return Fix(title, safe=False)
    from ..evidence.loop import Spot

    between = (
        Edit(
            loop.place(
                Spot(
                    replace(
                        target.span, end_line=value.span.end_line, end_column=value.span.end_column
                    )
                )
            ),
            f"{target.text}.assign({value.text})",
        ),
    )
    return Fix(title, safe=False, edits=between)


def prove(run: Run) -> Iterator[Finding]:
    """Find new values, made of variable and gradient, that nobody assigned."""
    from ..evidence.unlisted import combined, copied_out

    seen: set[object] = set()
    for call in () if run.early else run.calls:
        keys = [key for key in call.reached if key not in run.updated]
        if call.inner or call.place in seen or call.times < 2 or not keys:
            continue
        made = combined(run, call, keys)
        copied = () if made else copied_out(run, call, keys)
        if copied and not run.updated:
            seen.add(call.place)
            yield _of_copies(run, call, keys, copied[0])
        if not made or {operation.index for operation in made} & _sources(run):
            continue
        if _begin_anew(run, {operation.place for operation in made}):
            continue
        seen.add(call.place)
        names = tuple(run.path(key) for key in keys)
        yield Finding(
            f"new values of {listed(names)} were computed from the gradients {call.times} times, "
            f"but no variable was assigned: all of them still have their old values",
            place=made[0].place or call.place,
            label="makes new tensors",
            variables=names,
            step=1,
            evidence={"calls": call.times, "variables": len(names)},
        )
    yield from _replaced(run.crash)


def _of_copies(run: Run, call: GradientCall, keys: list[int], place: Place | None) -> Finding:
    names = tuple(run.path(key) for key in keys)
    return Finding(
        f"the values and the gradients of {listed(names)} were made NumPy arrays {call.times} "
        "times, and nothing was assigned: what changes a copy leaves the variable alone",
        place=place or call.place,
        label="copies",
        variables=names,
        step=1,
        evidence={"calls": call.times, "variables": len(names)},
        fix=Fix("assign to the variables: `variable.assign(...)`", safe=False),
        symptoms=("gradients-never-applied",),
    )


def settle(finding: Finding, run: Run) -> Finding | Verdict | None:
    """Gradients were computed again and again in one place, and nothing moved at all."""
    from ..evidence.unlisted import all_trained

    if finding.label == _UNREAD:
        # Other steps, in an inner loop, may have moved the variables.
        return None
    if finding.label != _PROJECTED and all_trained(run, finding.variables):
        return Verdict.CLEARED
    calls = [] if run.early or run.updated else [c for c in run.calls if not c.inner]
    if len({call.place for call in calls}) != 1 or calls[0].times < 2:
        return None
    keys = set(calls[0].reached)
    if not keys:
        return None
    return replace(
        finding,
        message=f"{finding.message}; gradients were computed {calls[0].times} times, and nothing "
        "was assigned",
        variables=tuple(run.path(key) for key in sorted(keys)),
        step=1,
        evidence={"calls": calls[0].times, "variables": len(keys)},
    )


def _replaced(crash: Crash | None) -> Iterator[Finding]:
    """The program ended while it replaced the list of variables."""
    if crash is None or crash.kind != "AttributeError" or not crash.places:
        return
    if "setter" in crash.message or "can't set attribute" in crash.message:
        yield Finding(
            f"the program ended here: {crash.message.splitlines()[0]}; the list of variables "
            f"can't be replaced, and replacing it would not change any variable",
            place=crash.places[-1],
            label="assigns the list, not the variables",
            step=1,
        )


def _begin_anew(run: Run, places: set[Place | None]) -> bool:
    """The new values begin variables, made in the same line, which a later gradient is asked of."""
    reached = {key for call in run.calls for key in call.reached}
    return any(one.made_at in places for one in run.variables if one.key in reached and one.made_at)


def _sources(run: Run) -> set[int | None]:
    """Operations whose tensors stand where variables should: rebound names."""
    return {
        source.operation
        for call in run.calls
        for source in call.sources
        if source.given == "tensor"
    }


FAULT = Fault(
    "GP402",
    "update-bypasses-variables",
    __doc__,
    find=find,
    prove=prove,
    settle=settle,
    symptoms=("custom-optimizer-bug",),
)
