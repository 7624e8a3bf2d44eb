"""The forward pass leaves TensorFlow before it reaches the loss.

A tensor on the way to the loss becomes a NumPy array or a Python number:
`.numpy()`, a NumPy function, `float(...)`, `model.predict`. What comes back is a
constant to the tape, and gradients of everything before it are `None`. If other
variables are still connected, only a warning tells, or nothing.

## Bad
<!-- mode: eager -->

```python
def step(encoder, decoder, optimizer, x, y):
    variables = encoder.trainable_variables + decoder.trainable_variables
    with tf.GradientTape() as tape:
        hidden = np.maximum(encoder(x).numpy(), 0.0)
        loss = tf.reduce_mean(tf.square(decoder(hidden) - y))
    gradients = tape.gradient(loss, variables)
    optimizer.apply_gradients(zip(gradients, variables))
```

## Good

```python
def step(encoder, decoder, optimizer, x, y):
    variables = encoder.trainable_variables + decoder.trainable_variables
    with tf.GradientTape() as tape:
        hidden = tf.maximum(encoder(x), 0.0)
        loss = tf.reduce_mean(tf.square(decoder(hidden) - y))
    gradients = tape.gradient(loss, variables)
    optimizer.apply_gradients(zip(gradients, variables))
```

## Fix

Use the TensorFlow function of the same meaning, and call models as functions
inside the tape. Safe where NumPy and TensorFlow have the same function.

## Not this fault

- NumPy on data, targets, labels or rewards: no variable stands behind them.
- `.numpy()` and `float(loss)` for printing and for metrics.
- A prediction whose gradient is not wanted: targets of a Q-network, advantages.
- `opaque-python-function`: NumPy inside `tf.numpy_function`.

## Sources

- TensorFlow 2.21.0, tried: gradients through `np.sum`, `np.square`, `float` and
  `.numpy()` are `None`.
- Keras 3.15.1, tried: `predict` under the tape gives `None`; tf-keras 2.21.0 raises
  LookupError.
- https://github.com/tensorflow/tensorflow/issues/50111
- https://github.com/tensorflow/tensorflow/issues/30190
- https://github.com/tensorflow/tensorflow/issues/31919
- https://github.com/tensorflow/tensorflow/issues/36596
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from ..fault import Fault
from ..finding import Edit, Finding, Fix, listed, second_places

if TYPE_CHECKING:
    from ..evidence.loop import Break, GradientCall, Loop, Spot
    from ..evidence.paths import Lost
    from ..evidence.run import Run


def find(loop: Loop) -> Iterator[Finding]:
    """A way from a variable to the target leaves TensorFlow."""
    lines: dict[tuple[Spot, int], list[tuple[Break, GradientCall, tuple[str, ...]]]] = {}
    for one in loop.breaks("numpy"):
        # What leaves twice in one line leaves for one reason.
        lines.setdefault((one[1].at, one[0].at.span.line), []).append(one)
    for found in lines.values():
        broken, call, _ = found[0]
        names = tuple(dict.fromkeys(name for _, _, some in found for name in some))
        aside = any(one.live for one in call.connections if one.lost == broken)
        way = "a way" if aside else "the only way"
        yield Finding(
            f"`{broken.operation}` takes the value out of TensorFlow on {way} from "
            f"{listed(names) or 'the variables'} to `{call.target.text}`",
            place=loop.place(broken.at),
            label="recording stops here",
            related=loop.related(broken.caller, "called here")
            + loop.related(call.at, "asked for gradients here"),
            variables=names,
            fix=_joined([_fix(loop, lost) for lost, _, _ in found]),
            symptoms=("unconnected-variable",),
        )


_IN_TENSORFLOW = {
    **{name: f"tf.{name}" for name in ("abs", "cos", "exp", "maximum", "minimum", "sin", "sqrt")},
    **{name: f"tf.{name}" for name in ("square", "tanh", "where", "stack", "concat", "transpose")},
    **{name: f"tf.math.{name}" for name in ("log", "log1p", "expm1")},
    **{name: f"tf.reduce_{name}" for name in ("mean", "sum", "max", "min")},
}
"""What the functions of NumPy are called in TensorFlow."""


def _joined(fixes: list[Fix]) -> Fix:
    """All of them at once, if each is known."""
    edits = [edit for fix in fixes for edit in fix.edits]
    known = all(fix.edits for fix in fixes)
    return replace(fixes[0], edits=tuple(edits) if known else (), safe=all(f.safe for f in fixes))


def _fix(loop: Loop, lost: Break) -> Fix:
    title = "stay in TensorFlow: keep tensors, and use its operations"
    text = lost.at.text
    if lost.operation == ".numpy()" and text.endswith(".numpy()"):
        edits = [Edit(loop.place(lost.at), text[: -len(".numpy()")])]
        if lost.origin is not None:
            other = _IN_TENSORFLOW.get(lost.origin.text.rpartition(".")[2])
            if other is None:
                return Fix(title, safe=False)
            edits.append(Edit(loop.place(lost.origin), other))
        return Fix(title, safe=False, edits=tuple(edits))
    if lost.operation == "float()" and text.startswith("float(") and text.endswith(")"):
        return Fix(title, safe=True, edits=(Edit(loop.place(lost.at), text[len("float(") : -1]),))
    if lost.operation == "predict":
        title = "call the model as a function: `model(x)`"
    return Fix(title, safe=False)


def prove(run: Run) -> Iterator[Finding]:
    """Find where a recorded value leaves TensorFlow and a constant comes back."""
    from ..evidence.paths import lost

    for found in lost(run, ("numpy",)):
        yield Finding(
            f"{found.words}; what was computed from them left TensorFlow here, and the "
            f"target was computed from values that came from outside",
            place=found.place,
            label="recording stops here",
            related=second_places((found.call.place, "asked for gradients here")),
            variables=found.names,
            step=found.call.step + 1,
            evidence={"unconnected": len(found.names), "sources": len(found.call.sources)},
            inferred=found.inferred,
        )


def _ends_before(found: Lost, line: int) -> bool:
    """NumPy takes a tensor unseen: to the tape it ends where it was made, some lines earlier."""
    made, asked = found.place, found.call.place
    if found.kind != "dead end" or made is None or asked is None or made.path != asked.path:
        return False
    return made.line <= line <= asked.line


def settle(finding: Finding, run: Run) -> Finding | None:
    """Confirm a suspicion by what ends, or is converted, on its line."""
    from ..evidence.paths import lost

    if finding.place is None:
        return None
    span = finding.place.span
    for found in lost(run, ("dead end", "unread")):
        here = found.place is not None and found.place.span.overlaps(span)
        if here or _ends_before(found, span.line):
            return replace(
                finding,
                message=f"{found.words}; what was computed from them left TensorFlow here",
                variables=found.names,
                step=found.call.step + 1,
                evidence={"unconnected": len(found.names)},
            )
    for call in run.calls:
        recording = run.recording(call.recording)
        flow = recording.descendants(
            read.index
            for source in call.sources
            if source.variable is not None
            for read in recording.reads_of(source.variable)
            if call.tape in read.tapes
        )
        for conversion in recording.conversions:
            inside = call.tape in conversion.tapes and conversion.operation in flow
            if inside and conversion.place is not None and conversion.place.span.overlaps(span):
                return replace(
                    finding,
                    message="a value computed from the variables was turned into a "
                    f"{'NumPy array' if 'numpy' in conversion.kind else 'Python number'} here "
                    "while the tape was recording: to the tape, what follows is a constant",
                    step=call.step + 1,
                    evidence={"conversion": conversion.kind},
                )
    return None


FAULT = Fault(
    "GP202",
    "numpy-on-loss-path",
    __doc__,
    find=find,
    prove=prove,
    settle=settle,
    symptoms=("unconnected-variable",),
)
