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

from ..evidence import Loop, Run
from ..evidence.loop import Break
from ..evidence.paths import lost
from ..fault import Fault
from ..finding import Edit, Finding, Fix, listed


def find(loop: Loop) -> Iterator[Finding]:
    """The only way from a variable to the target leaves TensorFlow."""
    for broken, call, names in loop.breaks("numpy"):
        yield Finding(
            f"`{broken.operation}` takes the value out of TensorFlow on the only way from "
            f"{listed(names) or 'the variables'} to `{call.target.text}`",
            place=loop.place(broken.at),
            label="recording stops here",
            related=loop.related(call.at, "asked for gradients here"),
            variables=names,
            fix=_fix(loop, broken),
            symptoms=("unconnected-variable",),
        )


def _fix(loop: Loop, broken: Break) -> Fix:
    title = "stay in TensorFlow: keep tensors, and use its operations"
    text = broken.at.text
    if broken.operation == ".numpy()" and text.endswith(".numpy()"):
        return Fix(
            title, safe=False, edits=(Edit(loop.place(broken.at), text[: -len(".numpy()")]),)
        )
    if broken.operation == "float()" and text.startswith("float(") and text.endswith(")"):
        return Fix(title, safe=True, edits=(Edit(loop.place(broken.at), text[len("float(") : -1]),))
    if broken.operation == "predict":
        title = "call the model as a function: `model(x)`"
    return Fix(title, safe=False)


def prove(run: Run) -> Iterator[Finding]:
    """Find where a recorded value leaves TensorFlow and a constant comes back."""
    for found in lost(run, ("numpy",)):
        yield Finding(
            f"the gradient is None for {len(found.names)} of {len(found.call.sources)} variables: "
            f"{listed(found.names)}; what was computed from them left TensorFlow here, and the "
            f"target was computed from values that came from outside",
            place=found.place,
            label="recording stops here",
            variables=found.names,
            step=found.call.step + 1,
            evidence={"unconnected": len(found.names), "sources": len(found.call.sources)},
        )


FAULT = Fault("GP202", "numpy-on-loss-path", __doc__, find=find, prove=prove)
