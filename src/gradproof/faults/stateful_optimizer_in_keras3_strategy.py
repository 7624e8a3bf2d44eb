"""A Keras 3 optimizer with state fails in a traced strategy step.

Keras 3 traces the optimizer's control flow once a replica. With momentum or moments to
update, the traced step then asks for a placeholder that nobody feeds.

## Bad

<!-- keras: 3 -->
<!-- mode: traced -->
```python
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
with strategy.scope():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
    optimizer = keras.optimizers.Adam(0.01)


def replica_step(x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(model(x) - y)) / 64.0
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


def replica_step(x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(model(x) - y)) / 64.0
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))


def step(x, y):
    strategy.run(replica_step, args=(x, y))
```

## Fix

Use tf-keras, whose optimizers can be replicated, or SGD without momentum, until Keras
mends it.

## Not this fault

- A placeholder of one's own that is not fed, in TensorFlow 1 code.
- One replica: there the same step works.

## Sources

- Keras 3.15.1, tried: Adam and momentum fail under `tf.function` and `MirroredStrategy`;
  tf-keras 2.21.0 works.
- https://github.com/keras-team/keras/issues/23085
- https://github.com/keras-team/keras/issues/20164
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault
from ..finding import Finding, Fix

if TYPE_CHECKING:
    from ..evidence.run import Run


def prove(run: Run) -> Iterator[Finding]:
    """Find the optimizer whose traced control flow asked for a placeholder."""
    crash = run.crash
    if crash is None or "must feed a value for placeholder" not in crash.message:
        return
    kinds = {optimizer.key: optimizer for optimizer in run.optimizers}
    for apply in run.applies:
        optimizer = kinds.get(apply.optimizer or 0)
        if optimizer is None or apply.replicas < 2 or not apply.traced:
            continue
        if optimizer.generation != "3" or optimizer.state == 0:
            continue
        yield Finding(
            f"`{optimizer.name}` of Keras 3 keeps state, and its traced step under "
            f"{apply.replicas} replicas asks for a placeholder that nobody feeds; the program "
            f"ended with {crash.kind}",
            place=apply.place,
            label="fails in each replica",
            variables=tuple(dict.fromkeys(pair.name for pair in apply.pairs if pair.name)),
            step=1,
            fix=Fix("use tf-keras, or SGD without momentum", safe=False),
        )
        return


FAULT = Fault("GP416", "stateful-optimizer-in-keras3-strategy", __doc__, prove=prove)
