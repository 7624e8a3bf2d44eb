"""A loss is divided by the number of replicas twice.

Loss objects of Keras 3 divide by the number of replicas themselves. Code that was written
for tf-keras divides once more, and each step is too small by that number.

## Bad

<!-- keras: 3 -->
<!-- mode: traced -->
```python
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
with strategy.scope():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
    optimizer = keras.optimizers.SGD(0.01)
    measure = keras.losses.MeanSquaredError()


def replica_step(x, y):
    with tf.GradientTape() as tape:
        loss = measure(y, model(x)) / strategy.num_replicas_in_sync
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))


def step(x, y):
    strategy.run(replica_step, args=(x, y))
```

## Good

<!-- keras: 3 -->
<!-- mode: traced -->
```python
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
with strategy.scope():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
    optimizer = keras.optimizers.SGD(0.01)
    measure = keras.losses.MeanSquaredError()


def replica_step(x, y):
    with tf.GradientTape() as tape:
        loss = measure(y, model(x))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))


def step(x, y):
    strategy.run(replica_step, args=(x, y))
```

## Fix

Divide once: leave the division to the loss object.

## Not this fault

- `tf.reduce_mean` divided by the number of replicas.
- Loss objects of tf-keras with `reduction="none"`, divided by the global batch size.

## Sources

- Keras 3.15.1, `losses/loss.py`: the loss is scaled by the number of replicas; tried with
  two of them.
- https://www.tensorflow.org/tutorials/distribute/custom_training (TensorFlow 2.21.0)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault
from ..finding import Finding, Fix

if TYPE_CHECKING:
    from ..evidence.loop import Loop
    from ..evidence.run import Run


def find(loop: Loop) -> Iterator[Finding]:
    """Losses of Keras that a replica divides once more."""
    for seen in loop.about("replica-loss-divided-twice"):
        yield Finding(
            "a loss object of Keras 3 divides by the number of replicas itself: this divides "
            "once more",
            place=loop.place(seen.at),
            label="divided twice",
            related=loop.others_of(seen),
            fix=Fix("leave the division to the loss object", safe=False),
        )


def prove(run: Run) -> Iterator[Finding]:
    """Find losses in which each example counts too little by the number of replicas."""
    from ..evidence.replicas import shares

    for share in shares(run):
        if share.factor * share.replicas != 1:
            continue
        yield Finding(
            f"the loss object divides by the {share.replicas} replicas, and this divides again: "
            f"each step is {share.replicas} times too small",
            place=share.place,
            label="divided again",
            variables=share.names,
            step=1,
            evidence={"replicas": share.replicas},
            fix=Fix("divide once", safe=False),
        )


FAULT = Fault("GP512", "replica-loss-divided-twice", __doc__, find=find, prove=prove)
