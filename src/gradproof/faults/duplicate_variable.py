"""A variable stands in the list twice, and is updated twice.

Lists of models that share a layer, or a layer's list joined to that of its model,
name some variables twice. Each update is applied twice: shared layers take double steps.

## Bad

```python
def step(encoder, decoder, model, optimizer, x, y):
    variables = model.trainable_variables + encoder.trainable_variables
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, variables)
    optimizer.apply_gradients(zip(gradients, variables))
```

## Good

```python
def step(encoder, decoder, model, optimizer, x, y):
    variables = model.trainable_variables
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, variables)
    optimizer.apply_gradients(zip(gradients, variables))
```

## Fix

Name each variable once: the list of the outer model, or a list made unique by identity.

## Not this fault

- Two lists without a variable in common.
- A layer that is called twice: its gradient is summed, its variable is listed once.

## Sources

- Keras 3.15.1 and tf-keras 2.21.0, tried: the update is applied twice.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..evidence import Loop
from ..fault import Fault
from ..finding import Finding, Fix, listed


def find(loop: Loop) -> Iterator[Finding]:
    """Lists given to an optimizer that name a variable twice."""
    for seen in loop.about("duplicate-variable"):
        yield Finding(
            f"{listed(seen.names) or 'a variable'} stands in this list twice: each step moves it "
            "twice",
            place=loop.place(seen.at),
            label="the same variables twice",
            related=tuple(one for spot, words in seen.others for one in loop.related(spot, words)),
            variables=seen.names,
            fix=Fix("name each variable once", safe=False),
        )


FAULT = Fault("GP110", "duplicate-variable", __doc__, find=find)
