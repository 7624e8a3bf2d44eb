"""A function is traced again and again.

Every new Python number among the arguments, and every definition of the function
inside a loop, makes a new trace, which costs as much as many steps.

## Bad

<!-- mode: eager -->
```python
@tf.function
def train(model, optimizer, x, y, noise):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) + noise - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))


def step(model, optimizer, x, y):
    for turn in range(20):
        train(model, optimizer, x, y, 1.0 / (1 + turn))
```

## Good

<!-- mode: eager -->
```python
@tf.function
def train(model, optimizer, x, y, noise):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) + noise - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))


def step(model, optimizer, x, y):
    for turn in range(20):
        train(model, optimizer, x, y, tf.constant(1.0 / (1 + turn)))
```

## Fix

Hand tensors over, and define the function once.

## Not this fault

- A flag with two values, such as `training`.
- A new function for a new model.

## Sources

- TensorFlow 2.21.0, tried: 12 calls gave 12 traces.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..evidence import Loop
from ..fault import Fault
from ..finding import Finding, Fix

_WORDS = {
    "number": "this Python number changes, and each value makes a new trace",
    "defined": "the traced function is defined anew in each round, and traced again",
}


def find(loop: Loop) -> Iterator[Finding]:
    """Functions that are traced again and again."""
    for seen in loop.about("tracing-cost"):
        yield Finding(
            _WORDS[seen.words],
            place=loop.place(seen.at),
            label="traced again",
            fix=Fix(
                "hand over a tensor: `tf.constant(...)`"
                if seen.words == "number"
                else "define it once, outside the loop",
                safe=False,
            ),
        )


FAULT = Fault("GP802", "tracing-cost", __doc__, find=find, level="advice")
