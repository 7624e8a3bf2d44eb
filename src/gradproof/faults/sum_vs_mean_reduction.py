"""The loss is summed over the batch: the step grows with its length.

A sum over 100 examples gives a gradient 100 times that of the mean. With plain gradient
descent the learning rate then means something else for each batch size, and the
last, smaller batch takes a smaller step.

## Bad

<!-- mode: eager -->
```python
@tf.function
def train(model, optimizer, batch):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(model(batch) - batch))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))


def step(model, optimizer, x):
    data = tf.data.Dataset.from_tensor_slices(tf.concat([x, x, x[:3]], 0)).batch(8)
    for batch in data:
        train(model, optimizer, batch)
```

## Good

<!-- mode: eager -->
```python
@tf.function
def train(model, optimizer, batch):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(batch) - batch))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))


def step(model, optimizer, x):
    data = tf.data.Dataset.from_tensor_slices(tf.concat([x, x, x[:3]], 0)).batch(8)
    for batch in data:
        train(model, optimizer, batch)
```

## Fix

Average over the batch, `tf.reduce_mean`, and choose the learning rate for that.

## Not this fault

- A sum that is divided by the batch size, at once or later, or whose gradients are.
- A sum over features, classes or pixels, with a mean over the batch.
- A sum over one full batch: its length is always the same.
- Adam and its kin, whose step does not grow with the gradient.

## Sources

- Tried with TensorFlow 2.21.0 and Keras 3.15.1: the gradient of the sum is the
  batch's length times that of the mean.
- https://github.com/deepchem/deepchem/pull/640
- https://github.com/keras-team/keras-io/pull/1493
"""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite
from typing import TYPE_CHECKING

from ..fault import Fault
from ..finding import Finding, Fix

if TYPE_CHECKING:
    from ..evidence.applies import Apply, Step
    from ..evidence.gradients import GradientCall
    from ..evidence.loop import Loop
    from ..evidence.reductions import Reduction
    from ..evidence.run import Run


def find(loop: Loop) -> Iterator[Finding]:
    """Losses that are summed over batches of different lengths."""
    for seen in loop.about("sum-vs-mean-reduction"):
        yield Finding(
            "the loss is summed over the batch, and nothing divides it by the batch's length: "
            "the step is that many times larger than the learning rate says",
            place=loop.place(seen.at),
            label="sum over the batch",
            related=loop.others_of(seen),
            fix=Fix("take the mean", safe=False),
        )


_SCALED = ("SGD", "assign", "assign_sub", "assign_add", "GradientDescent", "MomentumOptimizer")
"""What makes a step that grows with the gradient."""

_GROWTH = 10.0
"""Growth of the loss, or size of a step beside the value, that is no training."""


def prove(run: Run) -> Iterator[Finding]:
    """Find sums over a batch that make the steps too large."""
    told = set()
    for call in run.calls:
        found = _sum(run, call) if run.wanted(call) and not call.inner else None
        apply = _applied(run, call) if found is not None else None
        if found is None or apply is None or found.operation.place in told:
            continue
        steps = _steps(run, apply)
        why = _harm(steps, found.length)
        if why is None:
            continue
        told.add(found.operation.place)
        many = f" {found.length} examples" if found.length else ""
        yield Finding(
            f"the loss is the sum over the batch{many and ' of' + many}, so each step is as many "
            f"times larger as the batch is long; {why}",
            place=found.operation.place or call.place,
            label="sum over the batch",
            variables=tuple(source.name for source in call.sources if source.name),
            step=call.step + 1,
            evidence={"batch": found.length} if found.length else {},
            fix=Fix("take the mean", safe=False),
        )


def _sum(run: Run, call: GradientCall) -> Reduction | None:
    """The sum over the batch that is this call's target, undivided."""
    from ..evidence.reductions import reductions

    found = reductions(run.recording(call.recording), call)
    if not found:
        return None
    sums = [one for one in found if one.kind == "Sum" and abs(one.factor) == 1.0]
    return sums[0] if len(sums) == len(found) and (sums[0].length or 8) >= 8 else None


def _applied(run: Run, call: GradientCall) -> Apply | None:
    """Where its gradients are applied as they are, by a rule that scales with them."""
    keys = {source.variable for source in call.sources}
    for apply in run.applies:
        if apply.by not in _SCALED or not any(pair.variable in keys for pair in apply.pairs):
            continue
        as_taken = all(pair.call == call.key or pair.given == "none" for pair in apply.pairs)
        if apply.by_hand or as_taken:
            return apply
    return None


def _steps(run: Run, apply: Apply) -> list[Step]:
    same = {other.key for other in run.applies if other.place == apply.place}
    return [step for step in run.steps if step.apply in same]


def _harm(steps: list[Step], length: int | None) -> str | None:
    """What went wrong: the loss ran away, or the first step dwarfs the values."""
    losses = [step.loss for step in steps if step.loss is not None]
    if len(losses) > 1 and abs(losses[0]) > 0:
        for number, loss in enumerate(losses[1:], start=2):
            if not isfinite(loss):
                return f"the loss began at {losses[0]:.4g} and was {loss:.4g} at step {number}"
            if abs(loss) > _GROWTH * abs(losses[0]):
                return f"the loss grew from {losses[0]:.4g} to {loss:.4g} by step {number}"
    for step in steps[:3]:
        for update in step.updates:
            if update.value_norm > 1e-3 and update.change_norm > _GROWTH * update.value_norm:
                return (
                    f"step {step.index} changed values of norm {update.value_norm:.3g} by "
                    f"{update.change_norm:.3g}"
                )
    return None


FAULT = Fault(
    "GP705",
    "sum-vs-mean-reduction",
    __doc__,
    find=find,
    prove=prove,
    symptoms=("nan-gradient-applied", "exploding-gradient"),
)
