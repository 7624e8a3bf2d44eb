"""Copies of one variable differ between replicas.

A strategy keeps a copy of each variable in every replica, and the copies have to stay equal.
Changed by hand inside a replica, or by gradients that were not summed, each goes its
own way, and the model is the mean of nothing.

## Bad

<!-- mode: traced -->
```python
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
with strategy.scope():
    weight = tf.Variable(tf.zeros((4, 4)), name="weight")


def replica_step(x, y):
    part = tf.distribute.get_replica_context().replica_id_in_sync_group
    share = tf.cast(part + 1, tf.float32) * x
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(share @ weight - y)) / 64.0
    weight.assign_sub(0.1 * tape.gradient(loss, weight))


def step(x, y):
    strategy.run(replica_step, args=(x, y))
```

## Good

<!-- mode: traced -->
```python
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
with strategy.scope():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
    optimizer = keras.optimizers.SGD(0.1)


def replica_step(x, y):
    part = tf.distribute.get_replica_context().replica_id_in_sync_group
    share = tf.cast(part + 1, tf.float32) * x
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(model(share) - y)) / 64.0
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))


def step(x, y):
    strategy.run(replica_step, args=(x, y))
```

## Fix

Leave the update to an optimizer, which sums the gradients, or sum them yourself with
`all_reduce` before the variable is changed.

## Not this fault

- Metrics and statistics that each replica keeps for itself, and that are joined when read.
- Copies that are all NaN.

## Sources

- TensorFlow 2.21.0, tried: `assign_sub` inside a replica changes that replica's copy
  alone, silently; so does `skip_gradients_aggregation=True` of tf-keras 2.21.0.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault
from ..finding import Finding, Fix, Place, listed

if TYPE_CHECKING:
    from ..evidence.applies import Apply
    from ..evidence.gaps import Gap
    from ..evidence.run import Run


def prove(run: Run) -> Iterator[Finding]:
    """Find variables whose copies were seen to differ."""
    places: dict[Place | None, list[Gap]] = {}
    by: dict[Place | None, Apply] = {}
    for gap in run.gaps:
        apply = _changed_by(run, gap)
        place = apply.place if apply is not None else None
        places.setdefault(place, []).append(gap)
        if apply is not None:
            by[place] = apply
    for place, gaps in places.items():
        largest = max(gaps, key=lambda gap: gap.difference)
        found = by.get(place)
        how = ""
        if found is not None:
            how = (
                f"; `{found.by}` changes each replica's copy by its own gradient"
                if found.by_hand
                else f"; `{found.by}` was not given the sum of all replicas' gradients"
            )
        yield Finding(
            f"after call {largest.call} the copies of {listed(gap.name for gap in gaps)} differ "
            f"between the replicas: by {largest.difference:.3g} (norm) where the value is "
            f"{largest.value_norm:.3g}{how}",
            place=place,
            label="each replica for itself",
            variables=tuple(gap.name for gap in gaps),
            step=largest.call,
            evidence={"difference": largest.difference},
            fix=Fix("sum the gradients of all replicas first", safe=False),
        )
    yield from _between_workers(run)


def _between_workers(run: Run) -> Iterator[Finding]:
    """Find variables that have other values in one worker than in another."""
    from ..evidence.workers import drifts

    found = drifts(run)
    if not found:
        return
    first = min(found, key=lambda drift: drift.updates)
    norms = ", ".join(f"{norm:.9g} in {name}" for name, norm in sorted(first.norms.items())[:4])
    yield Finding(
        f"after {first.updates} updates {listed(drift.name for drift in found)} "
        f"{'differs' if len(found) == 1 else 'differ'} between the workers: the norm of "
        f"`{first.name}` is {norms}",
        label="each worker for itself",
        place=next((apply.place for apply in run.applies if apply.replicas > 1), None),
        variables=tuple(drift.name for drift in found),
        step=first.updates,
        fix=Fix("create and update the variables under the strategy", safe=False),
    )


def _changed_by(run: Run, gap: Gap) -> Apply | None:
    """What changes the variable: by hand inside a replica, else an optimizer."""
    mine = [
        apply
        for apply in run.applies
        if apply.place is not None
        and any(
            pair.variable in gap.keys or (pair.name and pair.name.split(":")[0] == gap.name)
            for pair in apply.pairs
        )
    ]
    hand = [apply for apply in mine if apply.by_hand]
    return next(iter(hand or mine), None)


FAULT = Fault("GP605", "replica-divergence", __doc__, prove=prove)
