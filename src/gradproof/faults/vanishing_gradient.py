"""The gradient fades before it reaches the first layers.

Each layer on the way back multiplies it by less than one: a saturated sigmoid by a
quarter at most. After ten of them the first layers get a millionth of what the
last ones get, and stay where they were initialised, while the loss still falls
because the last layers learn alone.

## Bad

<!-- mode: eager -->
```python
layers = [keras.layers.Dense(4, activation="sigmoid") for _ in range(10)]
deep = keras.Sequential([keras.Input((4,)), *layers, keras.layers.Dense(4)])


def step(optimizer, x, y):
    for _ in range(4):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(deep(x) - y))
        gradients = tape.gradient(loss, deep.trainable_variables)
        optimizer.apply_gradients(zip(gradients, deep.trainable_variables))
```

## Good

<!-- mode: eager -->
```python
layers = [
    keras.layers.Dense(4, activation="elu", kernel_initializer="he_normal")
    for _ in range(10)
]
deep = keras.Sequential([keras.Input((4,)), *layers, keras.layers.Dense(4)])


def step(optimizer, x, y):
    for _ in range(4):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(deep(x) - y))
        gradients = tape.gradient(loss, deep.trainable_variables)
        optimizer.apply_gradients(zip(gradients, deep.trainable_variables))
```

## Fix

Another activation (`relu`, `elu`, `gelu`) with an initialiser that fits it,
residual connections, normalisation between the layers.

## Not this fault

- Layers whose gradient is small, but which move as much as the others: Adam divides
  by the size of the gradient.
- Smaller learning rates for the first layers on purpose, by an optimizer of their own.
- `zero-gradient-region`: the gradient is exactly zero.

## Sources

- Glorot, Bengio, "Understanding the difficulty of training deep feedforward neural
  networks", 2010, https://proceedings.mlr.press/v9/glorot10a.html
- Keras 3.15.1 and tf-keras 2.21.0, tried.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault
from ..finding import Finding, Fix, second_places

if TYPE_CHECKING:
    from ..evidence.run import Run


def prove(run: Run) -> Iterator[Finding]:
    """Find first layers that get, and move, a small part of what the last ones do."""
    from ..evidence.fading import fadings

    for found in fadings(run):
        names = tuple(run.path(key) for key in found.faded)
        first = run.variable(found.keys[0])
        place = first.layer_made_at or first.made_at or found.apply.place
        yield Finding(
            f"over {found.steps} measured steps the gradient shrinks from layer to layer, from "
            f"{max(found.gradients):.2g} to {found.gradients[0]:.2g} (median norms) for "
            f"`{first.path}`, which moves by {found.changes[0]:.1g} of its size in a step, others "
            f"by {max(found.changes):.1g}",
            place=place,
            label="gets next to no gradient",
            related=second_places((found.apply.place, "applied here"), but=place),
            variables=names,
            step=found.steps,
            evidence={"gradient_first": found.gradients[0], "gradient_most": max(found.gradients)},
            fix=Fix("another activation and initialiser, residuals, or normalisation", safe=False),
        )


FAULT = Fault("GP307", "vanishing-gradient", __doc__, prove=prove, level="warning")
