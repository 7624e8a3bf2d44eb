"""Gradients are applied under a condition inside a replica.

Applying gradients makes the replicas wait for each other. Inside `tf.cond`, an `if` on a
tensor, or a `tf.function` of its own in the replica, they can't, and TensorFlow raises.

## Bad

<!-- mode: traced -->
```python
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
with strategy.scope():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
    optimizer = keras.optimizers.SGD(0.01)


def replica_step(x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(model(x) - y)) / 64.0
    gradients = tape.gradient(loss, model.trainable_variables)
    if tf.reduce_sum(x) < 1e9:
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
        loss = tf.reduce_sum(tf.square(model(x) - y)) / 64.0
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))


def step(x, y):
    strategy.run(replica_step, args=(x, y))
```

## Fix

Decide outside of `strategy.run`, with two replica functions: one that accumulates and
one that applies.

## Not this fault

- A condition on a Python value, which is settled while the step is traced.
- Conditions inside the model.

## Sources

- TensorFlow 2.21.0, Keras 3.15.1 and tf-keras 2.21.0, tried: "`merge_call` called while
  defining a new graph or a tf.function".
- https://github.com/keras-team/keras/issues/17429
- https://github.com/keras-team/keras/issues/20582
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault
from ..finding import Finding, Fix

if TYPE_CHECKING:
    from ..evidence.loop import Loop
    from ..evidence.run import Run

_WORDS = ("merge_call` called while defining", "must specify an aggregation method")


def find(loop: Loop) -> Iterator[Finding]:
    """Gradients that a replica applies under a condition on a tensor."""
    for seen in loop.about("accumulation-under-strategy"):
        yield Finding(
            "gradients are applied under a condition on a tensor, inside a replica: the "
            "replicas can't "
            "wait for each other there",
            place=loop.place(seen.at),
            label="under a condition, in a replica",
            related=loop.others_of(seen),
            fix=Fix("move the condition outside of the replica", safe=False),
        )


def prove(run: Run) -> Iterator[Finding]:
    """Find what kept the replicas from waiting for each other."""
    crash = run.crash
    if crash is None or not any(words in crash.message for words in _WORDS):
        return
    failed = [apply for apply in run.applies if apply.error and apply.replicas > 1]
    place = failed[-1].place if failed else None
    buffers = _WORDS[1] in crash.message
    what = (
        "a variable without an aggregation is changed inside a replica"
        if buffers
        else "gradients are applied under a condition, or in a traced function of its own, inside "
        "a replica: the replicas can't wait for each other there"
    )
    names = [pair.name for apply in failed[-1:] for pair in apply.pairs if pair.name]
    yield Finding(
        f"{what}; the program ended with {crash.kind}",
        place=place or (crash.places[-1] if crash.places else None),
        label="inside a replica",
        variables=tuple(dict.fromkeys(names)),
        step=run.counted + 1,
        fix=Fix("decide outside of `strategy.run`", safe=False),
    )


FAULT = Fault("GP414", "accumulation-under-strategy", __doc__, find=find, prove=prove)
