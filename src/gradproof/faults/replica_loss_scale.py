"""A mean is taken in each replica, and the gradients are summed up.

A strategy adds the gradients of all replicas. A loss that is the mean over one
replica's part makes the step as many times too large as there are replicas.

## Bad

<!-- mode: traced -->
```python
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
with strategy.scope():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
    optimizer = keras.optimizers.SGD(0.01)


def replica_step(x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))


def step(x, y):
    strategy.run(replica_step, args=(x, y))
```

## Good

<!-- mode: traced -->
```python
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
with strategy.scope():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
    optimizer = keras.optimizers.SGD(0.01)


def replica_step(x, y):
    with tf.GradientTape() as tape:
        each = tf.reduce_mean(tf.square(model(x) - y), axis=1)
        loss = tf.nn.compute_average_loss(each, global_batch_size=16)
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))


def step(x, y):
    strategy.run(replica_step, args=(x, y))
```

## Fix

`tf.nn.compute_average_loss(per_example, global_batch_size=...)`, or divide by
`strategy.num_replicas_in_sync`.

## Not this fault

- Loss objects of Keras 3, which divide by themselves.
- A mean that is divided by the number of replicas afterwards.

## Sources

- TensorFlow 2.21.0, Keras 3.15.1 and tf-keras 2.21.0, tried: the step doubles with two replicas.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault, Verdict
from ..finding import Finding, Fix

if TYPE_CHECKING:
    from ..evidence.loop import Loop
    from ..evidence.run import Run


def find(loop: Loop) -> Iterator[Finding]:
    """Means taken inside a replica."""
    for seen in loop.about("replica-loss-scale"):
        yield Finding(
            "the mean over one replica's part, while the gradients of all replicas are summed",
            place=loop.place(seen.at),
            label="mean of one replica",
            fix=Fix("divide by the global batch size", safe=False),
        )


def prove(run: Run) -> Iterator[Finding]:
    """Find losses whose gradients, summed over the replicas, count each example too often.

    It is a larger step, which may be meant; not where it makes the gradients explode.
    """
    from ..evidence.growth import growths
    from ..evidence.replicas import shares

    wrong = [share for share in shares(run) if share.factor == share.replicas]
    exploding = {name for growth in growths(run) for name in growth.names} if wrong else set()
    for share in wrong:
        yield Finding(
            f"the loss is the mean over one replica's part, and the gradients of "
            f"{share.replicas} replicas are summed: each step is {share.replicas} times too large",
            place=share.place,
            label="mean of one replica",
            variables=share.names,
            step=1,
            evidence={"replicas": share.replicas},
            fix=Fix("divide by the global batch size", safe=False),
            level="error" if exploding.intersection(share.names) else None,
        )


def settle(finding: Finding, run: Run) -> Finding | Verdict | None:
    """With one replica there is nothing to sum."""
    replicas = [apply.replicas for apply in run.applies if not apply.by_hand]
    if run.finished and replicas and max(replicas) == 1:
        return Verdict.CLEARED
    return None


FAULT = Fault(
    "GP511",
    "replica-loss-scale",
    __doc__,
    find=find,
    prove=prove,
    settle=settle,
    level="warning",
    symptoms=("exploding-gradient", "nan-gradient-applied"),
)
