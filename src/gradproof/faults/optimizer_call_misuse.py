"""The optimizer is called with arguments that it does not take.

Gradients and variables in two arguments, pairs the wrong way round, a loss tensor
for `minimize`, a tensor where a variable belongs: the exception talks of counts,
of unpacking, or of a missing attribute, not of the cause.

## Bad

```python
def step(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(gradients, model.trainable_variables)
```

## Good

```python
def step(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Fix

Safe: `apply_gradients(zip(gradients, variables))`. With Keras 3 also
`apply(gradients, variables)`; `minimize` takes a function, and only in tf-keras.

## Not this fault

- Keras 3 `optimizer.apply(gradients, variables)`: two lists are right there.
- An optimizer class of one's own with another signature.
- `spent-zip` and `variables-read-before-build`: the call is right, the list empty.

## Sources

- Keras 3.15.1, `BaseOptimizer.apply_gradients(grads_and_vars)`: TypeError for a second
  positional argument; there is no `minimize`.
- tf-keras 2.21.0, `_BaseOptimizer.apply_gradients(grads_and_vars, name=None)`: the
  second list is taken for the name, the first fails to unpack.
- https://github.com/tensorflow/tensorflow/issues/31273
- https://github.com/tensorflow/tensorflow/issues/51622
- https://github.com/tensorflow/tensorflow/issues/32478
"""

from __future__ import annotations

from collections.abc import Iterator

from ..evidence import Run
from ..finding import Finding
from ..fault import Fault

WORDS = {
    "two lists": "gradients and variables are given as two lists, not as pairs",
    "swapped": "the pairs are (variable, gradient), not (gradient, variable)",
    "not pairs": "what is given are no (gradient, variable) pairs",
    "loss": "`minimize` is given a loss that is computed already, and no tape",
}


def prove(run: Run) -> Iterator[Finding]:
    """Find calls of an optimizer that could not be understood and raised."""
    for apply in run.applies:
        words = WORDS.get(apply.given)
        if words is None or apply.error is None:
            continue
        names = tuple(run.path(pair.variable) for pair in apply.pairs if pair.variable is not None)
        if not names:
            call = next((call for call in run.calls if call.key == apply.call), None)
            names = tuple(source.name for source in call.sources) if call is not None else ()
        yield Finding(
            f"{words}; `{apply.by}` answered with {apply.error.splitlines()[0][:120]}",
            place=apply.place,
            label=words,
            variables=tuple(name for name in names if name),
            step=1,
        )


FAULT = Fault("GP406", "optimizer-call-misuse", __doc__, prove=prove)
