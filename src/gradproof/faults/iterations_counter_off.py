"""The step counter runs faster or slower than the steps.

Every `apply` advances `iterations` by one. A schedule, a warm-up and Adam's bias
correction read it: with two calls a step, a decay over 1000 steps is over after 500.

## Bad

```python
decay = keras.optimizers.schedules.PolynomialDecay(0.1, 8, 0.01)
shared = keras.optimizers.SGD(decay)
trunk = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, name="trunk")])
head = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, name="head")])
shared.build(trunk.trainable_variables + head.trainable_variables)


def step(x, y):
    with tf.GradientTape(persistent=True) as tape:
        loss = tf.reduce_mean(tf.square(head(trunk(x)) - y))
    first = tape.gradient(loss, trunk.trainable_variables)
    second = tape.gradient(loss, head.trainable_variables)
    shared.apply_gradients(zip(first, trunk.trainable_variables))
    shared.apply_gradients(zip(second, head.trainable_variables))
```

## Good

```python
decay = keras.optimizers.schedules.PolynomialDecay(0.1, 8, 0.01)
shared = keras.optimizers.SGD(decay)
trunk = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, name="trunk")])
head = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, name="head")])


def step(x, y):
    variables = trunk.trainable_variables + head.trainable_variables
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(head(trunk(x)) - y))
    shared.apply_gradients(zip(tape.gradient(loss, variables), variables))
```

## Fix

One call of `apply_gradients` a step with all pairs, or one optimizer a list; or count
the schedule's steps in calls.

## Not this fault

- Several calls a step with a constant learning rate.
- Two optimizers, one for each list.
- Two phases of training, one after the other.

## Sources

- Keras 3.15.1 and tf-keras 2.21.0, tried: two applications advance `iterations` by two.
- https://github.com/tensorflow/addons/pull/2714
"""

from __future__ import annotations

from collections.abc import Iterator

from ..evidence import Loop
from ..fault import Fault
from ..finding import Finding, Fix, listed


def find(loop: Loop) -> Iterator[Finding]:
    """Optimizers with a schedule that are applied several times a step."""
    for seen in loop.about("iterations-counter-off"):
        yield Finding(
            f"{listed((seen.words,))} follows a schedule and is applied more than once in "
            "each step: the schedule runs that much faster than the steps",
            place=loop.place(seen.at),
            label="counts another step",
            related=tuple(one for spot, words in seen.others for one in loop.related(spot, words)),
            fix=Fix("hand all pairs to one call of `apply_gradients`", safe=False),
        )


FAULT = Fault("GP602", "iterations-counter-off", __doc__, find=find)
