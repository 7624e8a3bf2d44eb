"""New values are computed, but the variables never get them.

The loop computes `variable - rate * gradient` and puts the result into a list, a
dict or a name. The model keeps its old values, because only `assign*` and an
optimizer change a variable. Mostly silent; `model.trainable_variables = [...]`
raises AttributeError.

## Bad

```python
def step(model, x, y):
    variables = model.trainable_variables
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, variables)
    for index, gradient in enumerate(gradients):
        variables[index] = variables[index] - 0.1 * gradient
    return loss
```

## Good

```python
def step(model, x, y):
    variables = model.trainable_variables
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, variables)
    for index, gradient in enumerate(gradients):
        variables[index].assign_sub(0.1 * gradient)
    return loss
```

## Fix

`variable.assign_sub(rate * gradient)`, `variable.assign(value)`, or an optimizer.

## Not this fault

- Fast weights, as in meta-learning: values that are used in the same step.
- New values that are assigned afterwards: `set_weights`, a projection, an average.
- `gradients-never-applied`: nothing is computed from the gradients.
- `variable-rebound-to-tensor`: the result takes over the variable's own name.

## Sources

- Keras 3.15.1 and tf-keras 2.21.0, tried: `model.trainable_variables` has no setter;
  `model.trainable_variables[i] = ...` changes a list that is thrown away.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..evidence import Run
from ..evidence.unlisted import combined
from ..finding import Finding, listed
from ..fault import Fault

LISTS = ("trainable_variables", "trainable_weights", "variables", "weights")


def prove(run: Run) -> Iterator[Finding]:
    """Find new values, made of variable and gradient, that nobody assigned."""
    seen: set[object] = set()
    for call in run.calls:
        keys = [
            source.variable
            for source in call.sources
            if source.connected and source.variable is not None
        ]
        keys = [key for key in keys if key not in run.handed and key not in run.moved]
        if call.inner or call.place in seen or call.times < 2 or not keys:
            continue
        made = combined(run, call, keys)
        if not made:
            continue
        seen.add(call.place)
        names = tuple(run.path(key) for key in keys)
        yield Finding(
            f"new values of {listed(names)} were computed from the gradients {call.times} times, "
            f"but no variable was assigned: all of them still have their old values",
            place=made[0].place or call.place,
            label="makes new tensors",
            variables=names,
            step=1,
            evidence={"calls": call.times, "variables": len(names)},
        )
    crash = run.crash
    if crash is not None and crash.kind == "AttributeError" and crash.places:
        if any(f"'{name}'" in crash.message and "setter" in crash.message for name in LISTS):
            yield Finding(
                f"the program ended here: {crash.message.splitlines()[0]}; the list of variables "
                f"can't be replaced, and replacing it would not change any variable",
                place=crash.places[-1],
                label="assigns the list, not the variables",
                step=1,
            )


FAULT = Fault("GP402", "update-bypasses-variables", __doc__, prove=prove)
