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

from ..fault import Fault

FAULT = Fault("GP402", "update-bypasses-variables", __doc__)
