"""A target network is the online one, or never follows it.

Two names for one network are no copy: the target moves with every step. A soft
update that mixes the target with itself leaves it where it was.

## Bad

<!-- mode: eager -->
```python
def step(encoder, decoder, optimizer, x):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(encoder(x) - decoder(x)))
    gradients = tape.gradient(loss, encoder.trainable_variables)
    optimizer.apply_gradients(zip(gradients, encoder.trainable_variables))
    for target, online in zip(decoder.variables, encoder.variables):
        target.assign(0.9 * target + 0.1 * target)
```

## Good

<!-- mode: eager -->
```python
def step(encoder, decoder, optimizer, x):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(encoder(x) - decoder(x)))
    gradients = tape.gradient(loss, encoder.trainable_variables)
    optimizer.apply_gradients(zip(gradients, encoder.trainable_variables))
    for target, online in zip(decoder.variables, encoder.variables):
        target.assign(0.9 * target + 0.1 * online)
```

## Fix

Clone the network, copy its weights once, and mix in the online weights.

## Not this fault

- Weight decay: a variable that is multiplied by a factor.
- Two names for one network where none is meant to stay behind.

## Sources

- Keras 3.15.1 and tf-keras 2.21.0, tried: `clone_model` makes a copy, without the weights.
- https://github.com/ageron/handson-ml2/issues/89
"""

from __future__ import annotations

from collections.abc import Iterator

from ..evidence import Loop
from ..fault import Fault
from ..finding import Finding, Fix

_WORDS = {
    "alias": "two names for one network: the target is no copy, it moves with every step",
    "mixed": "the soft update mixes the target with itself: it never follows the other network",
}


def find(loop: Loop) -> Iterator[Finding]:
    """Target networks that are no copies, or are never updated."""
    for seen in loop.about("target-copy-wrong"):
        yield Finding(
            _WORDS[seen.words],
            place=loop.place(seen.at),
            label="no copy" if seen.words == "alias" else "mixed with itself",
            related=tuple(one for spot, words in seen.others for one in loop.related(spot, words)),
            fix=Fix("clone the network, and mix in the weights of the other one", safe=False),
        )


FAULT = Fault("GP707", "target-copy-wrong", __doc__, find=find)
