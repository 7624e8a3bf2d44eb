"""The tape does not watch a tensor that it is asked about.

A tape watches trainable variables by itself, and nothing else. A derivative with
respect to an input, a constant or a step in between is `None` unless
`tape.watch` was called on that very tensor, before it was used. Penalties on
slopes, physics losses and adversarial examples stumble over it.

## Bad

```python
def step(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        with tf.GradientTape() as inner:
            prediction = model(x)
        slope = inner.gradient(prediction, x)
        loss = tf.reduce_mean(tf.square(prediction - y)) + tf.reduce_mean(tf.square(slope))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Good

```python
def step(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        with tf.GradientTape() as inner:
            inner.watch(x)
            prediction = model(x)
        slope = inner.gradient(prediction, x)
        loss = tf.reduce_mean(tf.square(prediction - y)) + tf.reduce_mean(tf.square(slope))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Fix

Safe: `tape.watch(tensor)` as the first line of the block, before the tensor is
used.

## Not this fault

- A tensor computed from a watched one under the same tape: it needs no `watch`.
- A `tf.Variable` as the input: watched by itself.
- `watch` on a trainable variable: needless, but harmless (Keras 3 variables need
  `variable.value`).
- `inner-gradient-not-recorded`: the slope exists, but the outer tape did not see it.

## Sources

- TensorFlow 2.21.0, `GradientTape`: "Trainable variables ... are automatically
  watched. Tensors can be manually watched by invoking the `watch` method".
- https://github.com/tensorflow/tensorflow/issues/56968
- https://github.com/tensorflow/tensorflow/issues/50661
- https://github.com/tensorflow/tensorflow/issues/40652
- https://github.com/fchollet/deep-learning-with-python-notebooks/pull/284
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault
from ..finding import Finding, Fix, listed, second_places

if TYPE_CHECKING:
    from ..evidence.loop import Loop, Spot
    from ..evidence.reruns import Rerun
    from ..evidence.run import Run


_WORDS = {
    "": (
        "`{}` is a tensor, and the tape was never told to watch it",
        "watches variables only",
        "",
    ),
    "nothing": (
        "the tape has `watch_accessed_variables=False`, and was told of nothing to watch",
        "watches nothing",
        "`watch` the variables on the tape, or leave that option out",
    ),
    "late": (
        "`{}` is watched only after it was used: what was made of it before is not recorded",
        "watches it",
        "call `watch` on `{}` before it is used",
    ),
    "aside": (
        "`{}` is watched, but the target is not computed from it",
        "watches it",
        "compute the target from `{}` itself, not from what it was cut from",
    ),
}


_TITLES = {
    "late": "the tape is told too late to watch a tensor",
    "nothing": "the tape was told to watch nothing",
    "aside": "the target is not made of what the tape watches",
}


def find(loop: Loop) -> Iterator[Finding]:
    """Tensors that are asked for a gradient and that no tape watches."""
    yield from _copies(loop)
    aside: set[Spot] = set()
    for broken, call, names in loop.breaks("unwatched"):
        if broken.operation == "aside" and call.tape is not None:
            if call.tape in aside:
                continue  # The same call of the model leaves the others out, too.
            aside.add(call.tape)
        text = broken.at.text
        message, related, mend = _WORDS[broken.operation]
        yield Finding(
            message.format(text),
            place=loop.place(broken.inner or call.at),
            label="comes too late" if broken.inner else f"the gradient for `{text}` is None",
            related=loop.related(call.tape, related),
            variables=names,
            fix=Fix(mend.format(text) or _help(text), safe=False),
            title=_TITLES.get(broken.operation),
        )


def _help(text: str) -> str:
    """What to do about a tensor that has a name, or is made in the call itself."""
    if text.replace(".", "_").isidentifier():
        return f"`watch({text})` on the tape, before it is used"
    return "ask for the variable itself, or for a tensor that was watched before it was used"


def _copies(loop: Loop) -> Iterator[Finding]:
    """Copies of the weights, which stand for no variable."""
    for seen in loop.about("unwatched-tensor"):
        yield Finding(
            "`get_weights` gives copies as NumPy arrays: no tape knows them, and the call raises",
            place=loop.place(seen.at),
            label="copies, not variables",
            variables=seen.names,
            fix=Fix("ask for `trainable_variables`", safe=False),
            level="warning",
        )


def prove(run: Run) -> Iterator[Finding]:
    """Find sources that the target depends on and the tape did not watch."""
    from ..evidence.paths import lost
    from ..evidence.reruns import reruns

    for copy in reruns(run):
        if copy.copied:
            yield _copied(copy)
    for found in lost(run, ("unwatched", "late")):
        call = found.call
        tensors = [loss for loss in found.losses if loss.source.given == "tensor"]
        if tensors and not (call.inner or call.zeros or run.crash is not None):
            continue
        what = listed(found.names) if found.names else "the tensor given as source"
        result = "replaced by zeros" if call.zeros else "None"
        late = found.kind == "late"
        how = "was told to watch it only after that" if late else "did not watch it"
        yield Finding(
            f"the gradient is {result} for {what}: the target was computed from it, but the tape "
            f"{how}",
            place=found.place,
            label="comes too late" if late else "asks for something unwatched",
            variables=found.names,
            step=call.step + 1,
            evidence={"unconnected": len(found.losses)},
        )


def _copied(copy: Rerun) -> Finding:
    """A reading of a variable in place of the variable."""
    call = copy.call
    return Finding(
        f"the gradient is {'zeros' if call.zeros else 'None'} for a copy of {listed(copy.names)} "
        "that was read for this call: the target was computed from the variable itself",
        place=copy.place,
        label="a tensor, not the variable",
        related=second_places((copy.again, "the variable is used here")),
        variables=copy.names,
        step=call.step + 1,
        evidence={"unconnected": len(call.unconnected)},
        fix=Fix("ask for the variable itself", safe=False),
    )


FAULT = Fault("GP205", "unwatched-tensor", __doc__, find=find, prove=prove)
