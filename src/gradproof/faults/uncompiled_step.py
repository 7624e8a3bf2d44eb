"""A long loop runs its training step eagerly.

Each operation is dispatched by Python. For small models that is most of the
time; the same step in a `tf.function` runs several times faster.

## Bad

<!-- mode: eager -->
```python
def train(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))


def step(model, optimizer, x, y):
    for batch in range(20):
        train(model, optimizer, x, y)
```

## Good

<!-- mode: eager -->
```python
@tf.function
def train(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))


def step(model, optimizer, x, y):
    for batch in range(20):
        train(model, optimizer, x, y)
```

## Fix

`@tf.function` on the step.

## Not this fault

- Short loops, and code that is meant to be stepped through.
- A step that needs values in Python, such as an environment that acts.

## Sources

- TensorFlow 2.21.0, guide "Better performance with tf.function".
"""

from __future__ import annotations

from collections.abc import Iterator

from ..evidence import Loop
from ..fault import Fault
from ..finding import Finding, Fix


def find(loop: Loop) -> Iterator[Finding]:
    """Steps that run eagerly again and again."""
    for seen in loop.about("uncompiled-step"):
        yield Finding(
            f"{seen.words} runs eagerly, in a loop within a loop",
            place=loop.place(seen.at),
            label="not traced",
            fix=Fix("decorate the step with `@tf.function`", safe=False),
        )


FAULT = Fault("GP801", "uncompiled-step", __doc__, find=find, level="advice")
