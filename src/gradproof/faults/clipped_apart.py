"""Each replica clips its own gradients before they are summed up.

The bound then holds for each replica, not for the step: with two replicas the step can
be twice as large as the bound, and its direction is not that of the clipped sum.

## Bad

<!-- mode: eager -->
<!-- keras: 2 -->
```python
strategy = tf.distribute.MirroredStrategy(["CPU:0"])
with strategy.scope():
    net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, name="net")])
    sgd = keras.optimizers.SGD(0.1)


def update(x, y):
    with tf.GradientTape() as tape:
        each = tf.reduce_mean(tf.square(net(x) - y), axis=-1)
        loss = tf.nn.compute_average_loss(each)
    gradients = tape.gradient(loss, net.trainable_variables)
    gradients, norm = tf.clip_by_global_norm(gradients, 1.0)
    sgd.apply_gradients(zip(gradients, net.trainable_variables))


def step(x, y):
    strategy.run(update, args=(x, y))
```

## Good

<!-- mode: eager -->
<!-- keras: 2 -->
```python
strategy = tf.distribute.MirroredStrategy(["CPU:0"])
with strategy.scope():
    net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, name="net")])
    sgd = keras.optimizers.SGD(0.1, global_clipnorm=1.0)


def update(x, y):
    with tf.GradientTape() as tape:
        each = tf.reduce_mean(tf.square(net(x) - y), axis=-1)
        loss = tf.nn.compute_average_loss(each)
    gradients = tape.gradient(loss, net.trainable_variables)
    sgd.apply_gradients(zip(gradients, net.trainable_variables))


def step(x, y):
    strategy.run(update, args=(x, y))
```

## Fix

tf-keras: give the bound to the optimizer, which clips what was summed up. Keras 3
clips in each replica in any case: there sum with `all_reduce`, clip the sum, and apply
each replica's share of it.

## Not this fault

- One replica, where both are the same.
- `clipnorm` in one process: a bound for each variable, if that is what is meant.

## Sources

- Keras 3.15.1, tried with two replicas: bound 1, applied step 2; tf-keras 2.21.0 clips
  after the aggregation.
- https://github.com/tensorflow/tensorflow/issues/25806
"""

from __future__ import annotations

from collections.abc import Iterator

from ..evidence import Loop
from ..fault import Fault
from ..finding import Finding, Fix


def find(loop: Loop) -> Iterator[Finding]:
    """Clipping in the replicas of a strategy, by hand or by an optimizer of Keras 3."""
    for seen in loop.about("clipped-apart"):
        how = f" by {seen.words} of the optimizer" if seen.words else ""
        yield Finding(
            f"each replica clips its own gradients{how} before they are summed up: the bound is "
            "that of a replica, not of the step",
            place=loop.place(seen.at),
            label="clipped in each replica",
            related=tuple(one for spot, words in seen.others for one in loop.related(spot, words)),
            fix=Fix("sum up first, then clip", safe=False),
        )


FAULT = Fault("GP508", "clipped-apart", __doc__, find=find, level="advice")
