"""Gradients are clipped, and the clipped ones are not used.

Clipping returns new tensors and leaves the old ones as they were. If its result is dropped,
the optimizer gets the raw gradients, and they explode as if nothing had been clipped.

## Bad

```python
def step(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    tf.clip_by_global_norm(gradients, 0.01)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Good

```python
def step(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    gradients, _ = tf.clip_by_global_norm(gradients, 0.01)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Fix

Apply what the clipping returns.

## Not this fault

- Clipping that is asked for the norm alone, which is then printed or kept.
- Clipping of something that is not applied.

## Sources

- TensorFlow 2.21.0, `tf.clip_by_global_norm`: returns the list of clipped tensors and the norm.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..evidence import Loop
from ..fault import Fault
from ..finding import Finding, Fix


def find(loop: Loop) -> Iterator[Finding]:
    """Clipping whose result nobody reads."""
    for seen in loop.about("clipping-dropped"):
        yield Finding(
            "the clipped gradients go nowhere: the raw ones are applied",
            place=loop.place(seen.at),
            label="result not used",
            related=tuple(one for spot, words in seen.others for one in loop.related(spot, words)),
            fix=Fix("apply what the clipping returns", safe=False),
        )


FAULT = Fault("GP513", "clipping-dropped", __doc__, find=find)
