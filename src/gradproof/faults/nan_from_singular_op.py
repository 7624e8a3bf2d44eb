"""An operation has no finite derivative at the edge of its range.

The root of zero is zero, but its slope is infinite; the same holds for a norm, a
distance, a power, a logarithm or a division at the edge. Loss and predictions
are fine numbers, one gradient is infinite or NaN, and after that step every
variable is NaN. A `tf.where` around the operation hides the value, not the
slope: both branches are differentiated, and 0 times infinity is NaN. So it is behind a
ReLU, which is exactly 0 for part of its input.

## Bad

```python
def step(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        code = model(x)
        gap = code[:, None, :] - code[None, :, :]
        distance = tf.sqrt(tf.reduce_sum(tf.square(gap), axis=-1))
        loss = tf.reduce_mean(distance) + tf.reduce_mean(tf.square(code - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Good

```python
def step(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        code = model(x)
        gap = code[:, None, :] - code[None, :, :]
        distance = tf.sqrt(tf.reduce_sum(tf.square(gap), axis=-1) + 1e-12)
        loss = tf.reduce_mean(distance) + tf.reduce_mean(tf.square(code - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Fix

Keep the argument away from the edge *before* the operation: a small number
inside the root or the logarithm, `tf.maximum(x, 1e-7)`, or a `tf.where` that
replaces bad arguments first. A `tf.where` on the result alone does not help.

## Not this fault

- `tf.sqrt`, `tf.math.log` or a division with an argument that is never at the edge.
- `nan-gradient-applied`: no single operation can be blamed, or the values had
  grown beyond all bounds before.
- A `tf.sqrt`, `tf.math.rsqrt` or `tf.norm` at zero that a mask behind it leaves out, as
  with `distance * (1 - tf.eye(n))`: their derivatives are 0 where nothing comes back.
  XLA's are not.
- Losses of Keras that clip their arguments themselves.

## Sources

- TensorFlow 2.21.0, tried: the gradient of `tf.sqrt` at 0 is infinite, that of
  `tf.norm` and of `tf.math.reduce_std` is NaN, that of a masked `log` of 0 is NaN;
  that of a masked `sqrt`, `rsqrt`, `reciprocal` or `norm` of 0 is 0, under XLA NaN;
  below 0 that of `tf.sqrt(tf.nn.relu(x))` is NaN, that of `tf.sqrt(tf.maximum(x, 0.0))` 0.
- https://github.com/tensorflow/tensorflow/issues/42889
- https://github.com/tensorflow/tensorflow/issues/30199
- https://github.com/tensorflow/tensorflow/issues/38349
- https://github.com/tensorflow/tensorflow/issues/12071
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault, Verdict
from ..finding import Finding, Fix, listed, second_places

if TYPE_CHECKING:
    from ..evidence.loop import Loop
    from ..evidence.run import Run

_WORDS = {
    "masked": "`tf.where` hides its value where it is not finite, but not its derivative",
    "self": "the argument is exactly zero for an item paired with itself; the derivative "
    "there is infinite, and one such item makes the gradient NaN",
    "clamped": "a ReLU gives exactly zero for part of its input; the derivative there is infinite, "
    "and times the zero of the ReLU it is no number",
    "infinite": "where the mask lets pass this is 0 times infinity, which is no number, and so is "
    "all that is computed from it",
    "clipped": "clipping brings what lies outside exactly to 1 or -1; the derivative there is "
    "infinite, and times the zero of the clip it is no number",
    "negative": "what comes here lies between -1 and 1; below zero this is no number, and so is "
    "all that is computed from it",
    "raw": "the output of a layer without an activation comes here, above zero and below; the "
    "logarithm of what is below zero is no number",
    "zero": "a variable that starts at zero comes here, where the derivative is infinite: its "
    "first gradient is no number",
}

_LABELS = {
    "masked": "differentiated everywhere",
    "infinite": "0 times infinity",
    "negative": "not defined below zero",
    "raw": "not defined below zero",
    "clipped": "no finite derivative at 1 and -1",
}
_APART = "keep the argument away from the edge before the operation"
_HELP = {
    "infinite": "a large number in place of infinity, such as -1e9",
    "negative": "end in an activation that is positive, such as a sigmoid",
    "raw": "end in an activation that is positive, such as a softmax, or use a loss from logits",
}
_TIMES = "the target is computed from a product with infinity, and 0 times infinity is no number"
_EDGE = (
    "of the operations between them and the target only {} has an infinite derivative within its "
    "range, and nothing keeps its argument off that edge"
)
_TWICE = "can be it as well"
_UNSAFE = (
    "the program asks of some data whether they are finite, and computes with all of them here: a "
    "mask hides what comes of the others, but not its derivative, NaN times 0"
)


def find(loop: Loop) -> Iterator[Finding]:
    """Operations at the edge of their range: behind a mask, or of equal pairs."""
    for remark in loop.about("nan-from-singular-op"):
        yield Finding(
            _WORDS[remark.words],
            place=loop.place(remark.at),
            label=_LABELS.get(remark.words, "no finite derivative at zero"),
            variables=remark.names,
            fix=Fix(_HELP.get(remark.words, _APART), safe=False),
        )


def prove(run: Run) -> Iterator[Finding]:
    """Find the only operation that can have made a gradient, or a loss, not finite."""
    from ..evidence.growth import growths
    from ..evidence.nan_losses import nan_losses
    from ..evidence.nonfinite import non_finite

    for lost in nan_losses(run):
        yield Finding(
            f"in {len(lost.steps)} measured steps the loss was NaN and every gradient finite: "
            f"{lost.cause.type} of something below zero is no number, and its derivative is one",
            place=lost.cause.place,
            label=_LABELS["negative"],
            related=second_places((lost.apply.place, "applied here")),
            variables=lost.names,
            step=lost.steps[0].index,
            evidence={"steps": len(lost.steps)},
            fix=Fix(_HELP["negative"], safe=False),
        )
    found = non_finite(run)
    cause = (found.infinite or found.cause or found.masked) if found is not None else None
    if found is None or cause is None:
        return
    ends = [growth.ended.index for growth in growths(run) if growth.ended is not None]
    if min(ends, default=found.step.index) < found.step.index:  # all was lost before
        return
    step, apply = found.step, found.apply
    loss = "" if step.loss is None else f" (loss {step.loss:.4g})"
    why, label, help = (
        _EDGE.format(cause.type),
        f"{cause.type} has no finite derivative at an edge",
        _APART,
    )
    if found.infinite is not None:
        why, label, help = _TIMES, _LABELS["infinite"], _HELP["infinite"]
    elif found.masked is not None:
        why, label = _UNSAFE, "differentiated for what is masked too"
    yield Finding(
        f"at step {step.index}{loss} the gradient of {listed(found.names)} was not finite; {why}; "
        "the values are NaN from then on",
        place=cause.place,
        label=label,
        related=second_places(
            *((one.place, _TWICE) for one in found.candidates if one is not cause),
            (apply.place, "applied here"),
        ),
        variables=found.names,
        step=step.index,
        evidence={"step": step.index} | ({} if step.loss is None else {"loss": step.loss}),
        fix=Fix(help, safe=False),
    )


def settle(finding: Finding, run: Run) -> Verdict | None:
    """Clear it where gradients came through the operation step after step, and were finite."""
    from ..evidence.singular import stays_finite

    return Verdict.CLEARED if stays_finite(run, finding.place) else None


FAULT = Fault(
    "GP303",
    "nan-from-singular-op",
    __doc__,
    find=find,
    prove=prove,
    settle=settle,
    symptoms=("nan-gradient-applied",),
)
