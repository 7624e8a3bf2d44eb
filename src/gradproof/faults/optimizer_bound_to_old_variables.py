"""The optimizer was built for other variables.

An optimizer makes its state at the first call, for the variables that it then
gets. Another model, a second list, or layers that are unfrozen later are unknown
to it: Keras 3 stops with `Unknown variable`, tf-keras with `The optimizer cannot
recognize variable`.

## Bad

```python
def step(encoder, decoder, optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(encoder(x) - y))
    gradients = tape.gradient(loss, encoder.trainable_variables)
    optimizer.apply_gradients(zip(gradients, encoder.trainable_variables))
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(decoder(x) - y))
    gradients = tape.gradient(loss, decoder.trainable_variables)
    optimizer.apply_gradients(zip(gradients, decoder.trainable_variables))
```

## Good

```python
def step(encoder, decoder, optimizer, second_optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(encoder(x) - y))
    gradients = tape.gradient(loss, encoder.trainable_variables)
    optimizer.apply_gradients(zip(gradients, encoder.trainable_variables))
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(decoder(x) - y))
    gradients = tape.gradient(loss, decoder.trainable_variables)
    second_optimizer.apply_gradients(zip(gradients, decoder.trainable_variables))
```

## Fix

One optimizer a list of variables, or `optimizer.build(all_variables)` before the
first step. After a reload: compile again, or make a new optimizer.

## Not this fault

- All variables first, a part of them later: known to the optimizer.
- A new optimizer for each model, fold or phase.
- TensorFlow before 2.11, where optimizers made state for any variable.

## Sources

- Keras 3.15.1, `BaseOptimizer._check_variables_are_known`: ValueError.
- tf-keras 2.21.0, `_BaseOptimizer._update_step`: KeyError.
- https://github.com/StatBiomed/UniTVelo/issues/20
- https://github.com/yzhao062/pyod/issues/459
- https://github.com/blafabregue/TimeSeriesDeepClustering/issues/1
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault
from ..finding import Finding, Fix, Related, listed

if TYPE_CHECKING:
    from ..evidence.loop import Loop, Spot
    from ..evidence.run import Run


def find(loop: Loop) -> Iterator[Finding]:
    """Optimizers that meet variables they were not built for."""
    told: set[Spot | None] = set()
    for call in loop.apply_calls:
        # The first of several calls with strangers ends the program.
        if not call.strangers or call.made is None or not told.isdisjoint((call.at, call.first)):
            continue
        told |= {call.at, call.first}
        yield Finding(
            f"`{call.optimizer}` was built for the variables of its first call; it keeps state for "
            f"those only, and here it meets {_strangers(call.strangers)}",
            place=loop.place(call.made),
            label="one optimizer, several lists of variables",
            related=(
                *loop.related(call.first, "built for its first variables here"),
                *loop.related(call.at, "meets others here"),
            ),
            variables=call.strangers,
            fix=Fix(
                "one optimizer for each list, or `optimizer.build(all_variables)` first", safe=False
            ),
        )


def _strangers(names: tuple[str, ...]) -> str:
    return "others" if names == ("other variables",) else listed(names)


def prove(run: Run) -> Iterator[Finding]:
    """Find an optimizer that met variables it was not built for, and raised."""
    from ..evidence.ways import beside

    for apply in run.applies:
        if apply.error is None or not apply.known or apply.optimizer is None:
            continue
        keys = [pair.variable for pair in apply.pairs if pair.variable is not None]
        strange = [key for key in keys if key not in apply.known]
        if not strange:
            continue
        optimizer = run.optimizers[apply.optimizer - 1]
        names = tuple(run.path(key) for key in strange)
        another = len(strange) == len(keys)
        first = next((one for one in run.applies if one.optimizer == apply.optimizer), apply)
        parted = beside(apply.stack, first.stack)
        # Where one step meets the next model, the line that made the optimizer tells it; where
        # two calls take turns, the second of them does.
        shared = another and optimizer.made_at is not None and apply.place == first.place
        yield Finding(
            f"`{optimizer.name}` was built for {len(apply.known)} variables and was given "
            f"{len(strange)} that are not among them: {listed(names)}",
            place=optimizer.made_at if shared else parted,
            label="made once, used for several sets of variables" if shared else "a larger set",
            related=tuple(
                Related(place, "the call that raised")
                for place in (apply.place,)
                if place is not None and place != parted
            ),
            variables=names,
            evidence={"known": len(apply.known), "unknown": len(strange)},
        )


FAULT = Fault("GP407", "optimizer-bound-to-old-variables", __doc__, find=find, prove=prove)
