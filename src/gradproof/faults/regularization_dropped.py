"""Layers declare regularisers, and the loop leaves their loss out.

`fit` adds `model.losses` to the loss. A loop of one's own has to do it too, or
the weight decay that the layers declare has no effect.

## Bad

```python
model = keras.Sequential(
    [
        keras.Input((4,)),
        keras.layers.Dense(4, kernel_regularizer=keras.regularizers.L2(0.01)),
    ]
)


def step(optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Good

```python
model = keras.Sequential(
    [
        keras.Input((4,)),
        keras.layers.Dense(4, kernel_regularizer=keras.regularizers.L2(0.01)),
    ]
)


def step(optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y)) + tf.add_n(model.losses)
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Fix

Add `tf.add_n(model.losses)` inside the tape.

## Not this fault

- A loss that adds `model.losses`, or comes from `compute_loss`.
- A loop that adds its own penalty instead of declaring one.

## Sources

- Keras 3.15.1 and tf-keras 2.21.0, `Layer.losses`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault, Verdict
from ..finding import Finding, Fix, listed, second_places

if TYPE_CHECKING:
    from ..evidence.loop import Loop
    from ..evidence.run import Run


_DECLARED = "the layers declare regularisers"


def find(loop: Loop) -> Iterator[Finding]:
    """Losses that leave declared regularisers out."""
    for seen in loop.about("regularization-dropped"):
        added = seen.words == "added"
        yield Finding(
            (_adding(seen.names) if added else _DECLARED)
            + ", and this loss does not add `model.losses`",
            place=loop.place(seen.at),
            label="without `model.losses`" if added else "without the regularisers",
            variables=() if added else seen.names,
            fix=Fix("add `tf.add_n(model.losses)` inside the tape", safe=False),
        )


def _adding(names: tuple[str, ...]) -> str:
    """Who hands losses to Keras."""
    return (
        f"{listed(names)} {'adds a loss of its' if len(names) == 1 else 'add losses of their'} own"
    )


def prove(run: Run) -> Iterator[Finding]:
    """Find losses on whose path no declared penalty stands."""
    from ..evidence.offers import dropped

    for call, penalties, added in dropped(run):
        recording = run.recording(call.recording)
        target = recording.operations[call.targets[0].operation]
        names = tuple(run.path(one.variable) for one in penalties if one.variable is not None)
        layers = dict.fromkeys(one.name for one in added)
        what = f"regularisers of {listed(names)}" if names else f"losses of {listed(layers)}"
        made = next((one.place for one in (*penalties, *added) if one.place is not None), None)
        yield Finding(
            f"the loss does not depend on the {what}: `model.losses` is declared and never added",
            place=target.place or call.place,
            label="without the regularisers" if names else "without `model.losses`",
            related=second_places((made, "declared here")),
            variables=names,
            step=call.step + 1,
            fix=Fix("add `tf.add_n(model.losses)` inside the tape", safe=False),
            # A codebook, say, may have no other way to the loss than these.
            symptoms=("stopped-gradient", "unconnected-variable") if added else (),
        )
    yield from _idle(run)


def _idle(run: Run) -> Iterator[Finding]:
    """Find penalties that are computed by hand, and that no loss takes in."""
    from ..evidence.offers import idle_penalty

    for call in run.calls:
        alone = sum(other.recording == call.recording for other in run.calls) == 1
        found = idle_penalty(run, call) if alone and run.wanted(call) else None
        if found is None:
            continue
        penalty, variable = found
        yield Finding(
            f"a penalty on `{run.path(variable)}` is computed in the tape, and nothing uses it: "
            "the loss does not depend on it",
            place=penalty.place or call.place,
            label="never used",
            related=second_places((call.place, "the gradients are taken here")),
            variables=(run.path(variable),),
            step=call.step + 1,
            level="warning",
            fix=Fix("add it to the loss", safe=False),
        )


def settle(finding: Finding, run: Run) -> Verdict | None:
    """Clear a loss that was never offered anything whenever the line ran."""
    from ..evidence.constants import same_line

    place = finding.place
    here = []
    for call in run.calls:
        ends = [there.operation for there in call.targets if there.operation >= 0]
        operations = run.recording(call.recording).operations
        lines = [call.place, *(operations[end].place for end in ends)]
        if place and any(line and same_line(line, place) for line in lines):
            here.append(call)
    offered = {offer.variable for offer in run.offers if offer.kind == "regularizer"}
    recordings = {offer.recording for offer in run.offers if offer.kind == "added loss"}
    needed = any(
        call.recording in recordings
        or not offered.isdisjoint(source.variable for source in call.sources)
        for call in here
    )
    return Verdict.CLEARED if here and not needed else None


FAULT = Fault("GP703", "regularization-dropped", __doc__, find=find, prove=prove, settle=settle)
