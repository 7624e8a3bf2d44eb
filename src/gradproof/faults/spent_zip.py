"""The pairs were used up before they reached the optimizer.

`zip` gives an iterator, and an iterator can be read once. A loop, a `list`, a
print or a check before `apply_gradients` leaves nothing in it. tf-keras takes the
empty rest in silence and nothing moves; Keras 3 stops with `not enough values to
unpack (expected 2, got 0)`.

## Bad

```python
def step(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    pairs = zip(gradients, model.trainable_variables)
    norms = [tf.norm(gradient) for gradient, _ in pairs]
    optimizer.apply_gradients(pairs)
    return norms
```

## Good

```python
def step(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    pairs = list(zip(gradients, model.trainable_variables))
    norms = [tf.norm(gradient) for gradient, _ in pairs]
    optimizer.apply_gradients(pairs)
    return norms
```

## Fix

Safe: `list(zip(gradients, variables))`.

## Not this fault

- A list of pairs that is read several times.
- Two calls of `zip` over the same lists.
- `short-zip`: some pairs are missing, not all.

## Sources

- Keras 3.15.1, `BaseOptimizer.apply_gradients`: unpacks `zip(*grads_and_vars)`.
- tf-keras 2.21.0, `_BaseOptimizer.apply_gradients`: returns when the list is empty.
- https://github.com/tensorflow/tensorflow/issues/33345
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from ..fault import Fault
from ..finding import Edit, Finding, Fix, listed

if TYPE_CHECKING:
    from ..evidence.loop import Loop
    from ..evidence.run import Run


def find(loop: Loop) -> Iterator[Finding]:
    """Iterators of pairs that something has used up before."""
    for call in loop.apply_calls:
        if call.spent is None or call.zipped is None:
            continue
        zipped = call.zipped
        yield Finding(
            "these pairs are an iterator, and it is used up before the optimizer gets it",
            place=loop.place(zipped),
            label="can be walked once",
            related=(
                *loop.related(call.spent, "used up here"),
                *loop.related(call.at, "empty here"),
            ),
            variables=call.applied_to,
            fix=Fix(
                "keep the pairs in a list",
                safe=True,
                edits=(Edit(loop.place(zipped), f"list({zipped.text})"),),
            ),
        )

    for seen in loop.about("spent-zip"):
        by_loop = bool(seen.names)
        when = "this loop" if by_loop else "they are applied"
        listing = Edit(loop.place(seen.at), f"list({seen.at.text})")
        yield Finding(
            f"these pairs are an iterator, {seen.words}, and it is used up before {when}",
            place=loop.place(seen.at),
            label="nothing is left of them" if by_loop else "can be walked once",
            related=loop.others_of(seen),
            fix=Fix("keep the pairs in a list", safe=True, edits=() if by_loop else (listing,)),
            symptoms=("gradients-never-applied", "variable-left-out") if by_loop else (),
        )


def settle(finding: Finding, run: Run) -> Finding | None:
    """The gradients were there again and again, and nothing moved."""
    calls = [call for call in run.calls if not call.inner and call.times > 1]
    if len(calls) != 1 or run.early or not set(calls[0].reached).isdisjoint(run.updated):
        return None
    names = tuple(run.path(key) for key in calls[0].reached)
    return replace(
        finding,
        message=f"{finding.message}; gradients of {listed(names)} were taken {calls[0].times} "
        "times, and nothing moved",
        variables=names,
        step=1,
        evidence={"calls": calls[0].times, "variables": len(names)},
    )


def prove(run: Run) -> Iterator[Finding]:
    """Find an iterator of pairs that had nothing left for the optimizer."""
    seen: set[object] = set()
    for apply in run.applies:
        if apply.given != "spent" or apply.place in seen:
            continue
        seen.add(apply.place)
        call = run.asked_for(apply)
        names = (
            tuple(source.name for source in call.sources if source.name) if call is not None else ()
        )
        yield Finding(
            f"the iterator given to `{apply.by}` had no pairs left, although {len(names)} "
            f"gradients had just been taken: {listed(names)} did not move in this call",
            place=apply.place,
            label="nothing left to read",
            variables=names,
            step=1,
            evidence={"pairs": 0, "gradients": len(names)},
        )


FAULT = Fault(
    "GP405",
    "spent-zip",
    __doc__,
    find=find,
    prove=prove,
    settle=settle,
    symptoms=("gradients-never-applied",),
)
