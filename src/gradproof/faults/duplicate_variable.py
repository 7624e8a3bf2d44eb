"""A variable stands in the list twice, and is updated twice.

Lists of models that share a layer, or a layer's list joined to that of its model,
name some variables twice. Each update is applied twice: shared layers take double steps.

## Bad

```python
def step(encoder, decoder, model, optimizer, x, y):
    variables = model.trainable_variables + encoder.trainable_variables
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, variables)
    optimizer.apply_gradients(zip(gradients, variables))
```

## Good

```python
def step(encoder, decoder, model, optimizer, x, y):
    variables = model.trainable_variables
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, variables)
    optimizer.apply_gradients(zip(gradients, variables))
```

## Fix

Name each variable once: the list of the outer model, or a list made unique by identity.

## Not this fault

- Two lists without a variable in common.
- A layer that is called twice: its gradient is summed, its variable is listed once.

## Sources

- Keras 3.15.1 and tf-keras 2.21.0, tried: the update is applied twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault, Verdict
from ..finding import Finding, Fix, Place, Related, listed

if TYPE_CHECKING:
    from ..evidence.loop import Loop
    from ..evidence.run import Run


def find(loop: Loop) -> Iterator[Finding]:
    """Lists given to an optimizer that name a variable twice."""
    for seen in loop.about("duplicate-variable"):
        several = len(seen.names) > 1
        yield Finding(
            f"{listed(seen.names) or 'a variable'} {'stand' if several else 'stands'} in this list "
            f"twice: each step moves {'each of them' if several else 'it'} twice",
            place=loop.place(seen.at),
            label="the same variables twice",
            related=loop.others_of(seen),
            variables=seen.names,
            fix=Fix("name each variable once", safe=False),
        )


def prove(run: Run) -> Iterator[Finding]:
    """Variables that stand twice among the pairs, with gradients of one call."""
    told: set[Place | None] = set()
    for apply in run.applies:
        if apply.by_hand or apply.place in told or apply.error is not None:
            continue
        pairs = [
            (pair.variable, pair.call)
            for pair in apply.pairs
            if pair.variable is not None
            and pair.given == "gradient"
            # A gradient of another variable here is another fault.
            and (pair.taken_for is None or pair.variable in pair.taken_for)
        ]
        calls: dict[int, set[int | None]] = {}
        for key, call in pairs:
            calls.setdefault(key, set()).add(call)
        times = Counter(key for key, _ in pairs)
        twice = [key for key, count in times.items() if count > 1 and len(calls[key]) == 1]
        if not twice:
            continue
        told.add(apply.place)
        names = tuple(run.path(key) for key in twice)
        asked = next((one for one in run.calls if one.key == apply.call), None)
        yield Finding(
            f"{listed(names)} {'stands' if len(names) == 1 else 'stand'} {times[twice[0]]} times "
            f"among the {len(apply.pairs)} pairs of one step, and each of them is applied",
            place=apply.place,
            label="the same variable twice",
            related=(Related(asked.place, "and asked for twice"),)
            if asked is not None and asked.place is not None and asked.place != apply.place
            else (),
            variables=names,
            step=1,
            evidence={"times": times[twice[0]], "variables": len(names)},
            fix=Fix("make the list of variables unique", safe=False),
        )


def settle(finding: Finding, run: Run) -> Verdict | None:
    """Clear a suspicion about a list of which each variable came once, wherever it was applied."""
    rows = run.pairs_at(finding.place, *(there.place for there in finding.related))
    keys = [[pair.variable for pair in row] for row in rows]
    once = all(len(set(row)) == len(row) and None not in row for row in keys)
    return Verdict.CLEARED if rows and once else None


FAULT = Fault(
    "GP110",
    "duplicate-variable",
    __doc__,
    find=find,
    prove=prove,
    settle=settle,
    # Moved by hand, the second time looks like an old gradient.
    symptoms=("stale-gradient",),
)
