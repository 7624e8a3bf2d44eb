"""Most units of a layer never fire, whatever the batch.

A unit behind a ReLU whose input is below zero for every example has a gradient
that is exactly zero: it stays as it is for ever. A bias far below zero, a large
step in the wrong direction or inputs that are not centred can do it to most of a
layer; the rest of the model trains on with what is left.

## Bad

<!-- mode: eager -->
```python
below = keras.initializers.Constant([1.0] + 31 * [-50.0])
wide = keras.layers.Dense(32, activation="relu", bias_initializer=below, name="wide")
net = keras.Sequential([keras.Input((4,)), wide, keras.layers.Dense(4, name="out")])


def step(optimizer, x, y):
    for _ in range(6):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(net(x) - y))
        gradients = tape.gradient(loss, net.trainable_variables)
        optimizer.apply_gradients(zip(gradients, net.trainable_variables))
```

## Good

<!-- mode: eager -->
```python
wide = keras.layers.Dense(32, activation="relu", name="wide")
net = keras.Sequential([keras.Input((4,)), wide, keras.layers.Dense(4, name="out")])


def step(optimizer, x, y):
    for _ in range(6):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(net(x) - y))
        gradients = tape.gradient(loss, net.trainable_variables)
        optimizer.apply_gradients(zip(gradients, net.trainable_variables))
```

## Fix

Start with biases at zero, lower the learning rate, centre the inputs, or use an
activation with a slope everywhere: `leaky_relu`, `elu`, `gelu`.

## Not this fault

- Some dead units in a wide layer, even half of them for data of one sign.
- Dropout, sparse gates, rows of an embedding that are not in the batch.
- `zero-gradient-region`: the gradient of the whole layer is zero.

## Sources

- Lu, Shin, Su, Karniadakis, "Dying ReLU and initialization", 2019,
  https://arxiv.org/abs/1903.06733
- Keras 3.15.1 and tf-keras 2.21.0, tried.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault
from ..finding import Finding, Fix

if TYPE_CHECKING:
    from ..evidence.run import Run


def prove(run: Run) -> Iterator[Finding]:
    """Find layers most of whose units stood still behind a threshold."""
    from ..evidence.units import dead

    for found in dead(run):
        units = found.units
        variable = run.variable(units.variable)
        steps = units.later if found.fell else units.steps
        yield Finding(
            f"{found.number} of the {units.count} units of `{variable.path}` did not change in "
            f"{steps} steps, {'after they had moved at first' if found.fell else 'others did'}: "
            f"behind this {found.gate.type} their gradient is exactly 0 for every batch",
            place=variable.layer_made_at or found.gate.place or variable.made_at,
            label="most of its units never fire",
            variables=(variable.path,),
            step=units.steps,
            evidence={"dead": found.number, "units": units.count, "steps": steps},
            fix=Fix("an activation with a slope everywhere, or smaller steps", safe=False),
        )


FAULT = Fault("GP308", "dead-units", __doc__, prove=prove, level="warning")
