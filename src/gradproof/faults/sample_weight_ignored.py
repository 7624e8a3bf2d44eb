"""Weights of the samples, or their mask, never reach the loss.

`fit` hands class weights and sample weights to `train_step` as a third part of the data.
A step that computes the loss itself has to use it. The mask of an embedding with
`mask_zero` is the same: a hand-written mean counts the padding. So it does where a mask is
computed by hand and then left unused, or handed to a loss function that never reads it.

## Bad

<!-- mode: eager -->
```python
class Weighted(keras.Model):
    def __init__(self):
        super().__init__()
        self.score = keras.layers.Dense(4, name="score")

    def call(self, x):
        return self.score(x)

    def train_step(self, data):
        x, y, weight = data
        with tf.GradientTape() as tape:
            each = tf.reduce_mean(tf.square(self(x, training=True) - y), axis=-1)
            loss = tf.reduce_mean(each)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
        return {"loss": loss}


weighted = Weighted()
weighted.compile(optimizer=keras.optimizers.SGD(0.1))


def step(x, y):
    weighted.fit(x, y, sample_weight=np.arange(8.0), verbose=0)
```

## Good

<!-- mode: eager -->
```python
class Weighted(keras.Model):
    def __init__(self):
        super().__init__()
        self.score = keras.layers.Dense(4, name="score")

    def call(self, x):
        return self.score(x)

    def train_step(self, data):
        x, y, weight = data
        with tf.GradientTape() as tape:
            each = tf.reduce_mean(tf.square(self(x, training=True) - y), axis=-1)
            loss = tf.reduce_mean(tf.cast(weight, each.dtype) * each)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
        return {"loss": loss}


weighted = Weighted()
weighted.compile(optimizer=keras.optimizers.SGD(0.1))


def step(x, y):
    weighted.fit(x, y, sample_weight=np.arange(8.0), verbose=0)
```

## Fix

Give the weights to the loss: `loss_fn(y, prediction, sample_weight=weight)`, or multiply
the loss of each sample. For padding, average over what the mask keeps.

## Not this fault

- A third part that is thrown away by name, `x, y, _ = data`, where `fit` is given no weights.
- A loss function that shares its parameters with others, and is one of several.
- Keras losses on the output of a model with a mask: they use it by themselves.

## Sources

- Keras 3.15.1 and tf-keras 2.21.0: `fit` passes `(x, y, sample_weight)` on to `train_step`.
- https://github.com/tensorflow/tensorflow/issues/43902
- https://github.com/tensorflow/tensorflow/issues/34491
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from ..fault import Fault, Verdict
from ..finding import Finding, Fix, second_places

if TYPE_CHECKING:
    from ..evidence.gradients import GradientCall
    from ..evidence.loop import Loop
    from ..evidence.recording import Operation
    from ..evidence.run import Run

_WORDS = {
    "unused": (
        ("the weights of the samples are given and used nowhere: every sample counts the same"),
        "never used",
        "give the weights to the loss",
    ),
    "measured": (
        (
            "the metrics are given the weights of the samples, the loss is not: there every "
            "sample counts the same"
        ),
        "without the weights",
        "give the weights to the loss",
    ),
    "two": (
        "`fit` is given weights, and this step takes two parts of the data only",
        "a third part comes",
        "unpack the weights, and give them to the loss",
    ),
    "mask": (
        (
            "the model marks padding with a mask, and this mean counts the padding: it takes part "
            "in the loss like any other position"
        ),
        "counts the padding",
        "average over the positions that the mask keeps",
    ),
    "idle": (
        (
            "there is a mask, and nothing uses it: every position counts, those that it leaves "
            "out as well"
        ),
        "without the mask",
        "multiply by the mask, and divide by its sum",
    ),
    "looked up": (
        (
            "a weight is looked up for each label and nothing uses it: the mean counts every label "
            "the same"
        ),
        "never used",
        "multiply each sample's loss by its weight",
    ),
}


def find(loop: Loop) -> Iterator[Finding]:
    """Weights and masks that a hand-written loss leaves aside."""
    for seen in loop.about("sample-weight-ignored"):
        words, label, mend = _WORDS[seen.words]
        yield Finding(
            words,
            place=loop.place(seen.at),
            label=label,
            related=loop.others_of(seen),
            fix=Fix(mend, safe=False),
            level="warning" if seen.words in ("idle", "looked up") else None,
        )


def prove(run: Run) -> Iterator[Finding]:
    """Find losses that do not depend on the weights that they were offered."""
    from ..evidence.offers import idle_mask, idle_weights, ignored_mask, offered

    for call in run.calls:
        if not run.wanted(call) or len(call.targets) != 1 or call.inner:
            continue
        recording = run.recording(call.recording)
        target = call.targets[0].operation
        if target < 0 or not recording.whole:
            continue
        for offer, users in offered(run.offers, "sample weight", recording):
            others = [
                there.operation
                for other in run.calls
                if other.recording == call.recording
                for there in other.targets
            ]
            if not users & set(others):
                yield _finding(run, call, f"the loss does not depend on `{offer.name}`", "unused")
        idle = idle_mask(recording, call)
        if idle is not None:
            yield _of_mask(call, *idle)
        looked_up = idle_weights(recording, call)
        if looked_up is not None:
            yield _of_classes(call, *looked_up)
        mask = ignored_mask(recording, target)
        if mask is not None:
            yield _finding(
                run,
                call,
                "the model marks padding with a mask, and the loss does not depend on it: every "
                "position counts",
                "mask",
            )


def _of_mask(call: GradientCall, mask: Operation, mean: Operation) -> Finding:
    return Finding(
        _WORDS["idle"][0],
        place=mean.place or call.place,
        label=_WORDS["idle"][1],
        related=second_places((mask.place, "this mask is not used")),
        variables=tuple(source.name for source in call.sources if source.name),
        step=call.step + 1,
        level="warning",
        fix=Fix(_WORDS["idle"][2], safe=False),
    )


def _of_classes(call: GradientCall, weights: Operation, mean: Operation) -> Finding:
    words, label, mend = _WORDS["looked up"]
    return Finding(
        words,
        place=weights.place or call.place,
        label=label,
        related=second_places((mean.place, "the mean without the weights")),
        variables=tuple(source.name for source in call.sources if source.name),
        step=call.step + 1,
        level="warning",
        fix=Fix(mend, safe=False),
    )


def _finding(run: Run, call: GradientCall, message: str, why: str) -> Finding:
    recording = run.recording(call.recording)
    target = recording.operations[call.targets[0].operation]
    _, label, mend = _WORDS[why]
    shape = "" if why == "mask" else ", which came with the data: every sample counts the same"
    return Finding(
        message + shape,
        place=target.place or call.place,
        label="without the weights" if why == "unused" else label,
        variables=tuple(source.name for source in call.sources if source.name),
        step=call.step + 1,
        fix=Fix(mend, safe=False),
    )


def settle(finding: Finding, run: Run) -> Finding | Verdict | None:
    """A step that takes two parts of the data ended where a third one came."""
    crash = run.crash
    if crash is None or "too many values to unpack (expected 2" not in crash.message:
        return None
    if finding.label != _WORDS["two"][1]:
        return None
    return replace(
        finding,
        message=f"{finding.message}; the program ended with {crash.kind}",
        step=run.counted + 1,
    )


FAULT = Fault("GP704", "sample-weight-ignored", __doc__, find=find, prove=prove, settle=settle)
