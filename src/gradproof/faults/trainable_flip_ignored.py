"""A flag is changed after the training step has read it.

`fit` reads the trainable variables when it is compiled, a traced function when it
is traced. What is frozen or thawed later keeps training, or keeps still, and
nothing warns.

## Bad

<!-- mode: traced -->
```python
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
model.compile(optimizer="sgd", loss="mse")
model.fit(np.zeros((8, 4)), np.ones((8, 4)), verbose=0)
model.trainable = False
model.fit(np.zeros((8, 4)), np.ones((8, 4)), verbose=0)


def step(x):
    return x
```

## Good

<!-- mode: traced -->
```python
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
model.compile(optimizer="sgd", loss="mse")
model.fit(np.zeros((8, 4)), np.ones((8, 4)), verbose=0)


def step(x):
    return x
```

## Fix

Call `compile` again after the flags have changed; make a new `tf.function`.

## Not this fault

- Flags that are set before the first step.
- A step that runs eagerly: it reads the list anew each time.

## Sources

- Keras 3.15.1 and tf-keras 2.21.0, tried: both directions are ignored, under
  `fit` and under `tf.function`.
- https://github.com/keras-team/keras/issues/9940
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault, Verdict
from ..finding import Finding, Fix, Place, listed, second_places

if TYPE_CHECKING:
    from ..evidence.loop import Loop
    from ..evidence.run import Run


def find(loop: Loop) -> Iterator[Finding]:
    """Flags that are set when nobody reads them any more."""
    for seen in loop.about("trainable-flip-ignored"):
        kept = seen.words == "list"
        what = "the list of what trains" if kept else "the training step"
        fix = "read the list again" if kept else "compile again, or trace the step again,"
        yield Finding(
            f"`{seen.at.text}` comes after {what} has read the flags: it has no effect",
            place=loop.place(seen.at),
            label="too late",
            related=loop.others_of(seen),
            variables=seen.names,
            fix=Fix(f"{fix} after the change", safe=False),
            symptoms=("variable-left-out",),
        )


def prove(run: Run) -> Iterator[Finding]:
    """Find traced steps that were called after flags had changed."""
    told: set[Place | None] = set()
    for flip in run.flips:
        frozen = flip.frozen & run.moved
        thawed = {key for key in flip.thawed - run.moved if _used(run, flip.apply, key)}
        if flip.place in told or not (frozen or thawed):
            continue
        told.add(flip.place)
        names = tuple(run.path(key) for key in sorted(frozen or thawed))
        kept = "goes on moving" if frozen else "still leaves out"
        yield Finding(
            f"`{flip.function}` was traced before this flag was set and was not traced again: at "
            f"call {flip.call} it {kept} {listed(names)}",
            place=flip.place,
            label="too late for the traced step",
            related=second_places((flip.apply, "applied here")),
            variables=names,
            step=flip.call,
            evidence={"call": flip.call},
            fix=Fix("compile again, or trace the step again, after the change", safe=False),
            symptoms=("variable-left-out",),
        )


def _used(run: Run, place: Place | None, key: int) -> bool:
    """The step that applies gradients at a place reads the variable."""
    return any(
        run.recording(apply.recording).reads_of(key)
        for apply in run.applies
        if apply.place == place and apply.traced
    )


def settle(finding: Finding, run: Run) -> Verdict | None:
    """Every traced step was called with the flags that it was traced with."""
    from ..evidence.crashes import ended_well

    traced = any(apply.traced and apply.optimizer is not None for apply in run.applies)
    return Verdict.CLEARED if ended_well(run) and traced and not run.flips else None


FAULT = Fault("GP106", "trainable-flip-ignored", __doc__, find=find, prove=prove, settle=settle)
