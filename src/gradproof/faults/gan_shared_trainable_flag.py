"""A network is frozen for another model, and is itself trained frozen.

The old recipe compiles a discriminator, sets `trainable = False`, builds the
combined model and goes on training both. Keras 2 took the flag when it compiled;
Keras 3 takes it at the first step, so the discriminator never learns. A loop written
by hand reads the flag in every step: the list of a frozen network is empty.

## Bad

<!-- mode: eager -->
<!-- keras: 3 -->
```python
critic = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, name="score")])
critic.compile(optimizer="sgd", loss="mse")
critic.trainable = False


def step(x):
    critic.train_on_batch(x, tf.zeros((8, 1)))
```

## Good

<!-- mode: eager -->
```python
critic = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, name="score")])
critic.compile(optimizer="sgd", loss="mse")


def step(x):
    critic.train_on_batch(x, tf.zeros((8, 1)))
```

## Fix

One training step with two tapes, two lists and two optimizers; no flags.

## Not this fault

- A frozen network that is never trained itself.
- The same recipe under Keras 2.

## Sources

- Keras 3.15.1 and tf-keras 2.21.0, tried: the discriminator stands still in the
  first and moves in the second.
- https://github.com/ageron/handson-ml3/issues/252
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault
from ..finding import Finding, Fix, second_places

if TYPE_CHECKING:
    from ..evidence.loop import Loop
    from ..evidence.run import Run


def find(loop: Loop) -> Iterator[Finding]:
    """Networks that are frozen after `compile` and then trained."""
    for seen in loop.about("gan-shared-trainable-flag"):
        how = (
            f"trained later with `{seen.words}`: Keras 3 reads the flag at the first step"
            if seen.words
            else "trained later by itself: its list of trainable variables is empty there"
        )
        yield Finding(
            f"frozen here, and {how}, so it never moves",
            place=loop.place(seen.at),
            label="frozen everywhere",
            related=loop.others_of(seen),
            variables=seen.names,
            fix=Fix("write one step with two tapes, and set no flag", safe=False),
        )


def prove(run: Run) -> Iterator[Finding]:
    """Find models that Keras trained after all of their variables were frozen."""
    for seen in run.untrained:
        if seen.frozen_at is None:
            continue
        names = tuple(
            run.path(key)
            for key in seen.variables
            if key not in run.moved and "seed" not in run.variable(key).role
        )
        yield Finding(
            f"`{seen.model}` was compiled, then frozen here, and is trained with nothing "
            f"trainable in it: none of its {len(names)} variables moves",
            place=seen.frozen_at,
            label="frozen everywhere",
            related=second_places((seen.place, "trained here")),
            variables=names,
            step=1,
            evidence={"variables": len(names)},
            fix=Fix("write one step with two tapes, and set no flag", safe=False),
        )
    yield from _asked_empty(run)


def _asked_empty(run: Run) -> Iterator[Finding]:
    """Find gradient calls that got the empty list of a network frozen for another model."""
    empty = next((call for call in run.calls if not call.sources), None)
    for read in run.reads if empty is not None else ():
        if not read.built or read.frozen_at is None or read.within is None:
            continue
        names = tuple(run.path(key) for key in read.variables if key not in run.updated)
        yield Finding(
            f"`{read.model}` was frozen here, as a part of `{read.within}`; where it is trained "
            f"its list of trainable variables is empty: none of its {len(names)} variables moves",
            place=read.frozen_at,
            label="frozen everywhere",
            related=second_places((read.place, "empty here")),
            variables=names,
            step=1,
            evidence={"variables": len(names)},
            fix=Fix("write one step with two tapes, and set no flag", safe=False),
        )
        return


FAULT = Fault("GP107", "gan-shared-trainable-flag", __doc__, find=find, prove=prove)
