"""Each gradient is clipped by itself.

`clipnorm` and `tf.clip_by_norm` bound every variable's gradient alone: large ones shrink,
small ones stay, and the step no longer goes down the gradient of the loss. The norm of
the whole step is bounded by neither. Nor is it where each replica of a strategy clips
its own gradients before they are summed up, as Keras 3 and clipping by hand do.

## Bad

```python
clipped = keras.optimizers.SGD(0.1, clipnorm=0.01)


def step(model, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(100.0 * x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    clipped.apply_gradients(zip(gradients, model.trainable_variables))
```

## Good

```python
clipped = keras.optimizers.SGD(0.1, global_clipnorm=0.01)


def step(model, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(100.0 * x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    clipped.apply_gradients(zip(gradients, model.trainable_variables))
```

## Fix

`global_clipnorm`, or `tf.clip_by_global_norm` on the whole list. Unsafe: some train
with clipping by variable on purpose, so this is advice.

## Not this fault

- A bound that is rarely reached.
- One variable.
- Rates that differ from layer to layer.
- Gradients that are summed up over the replicas first, as optimizers of tf-keras do.

## Sources

- Keras 3.15.1 and tf-keras 2.21.0, tried: `clipnorm=1` leaves each variable a norm of 1;
  Keras 3.15.1 with two replicas: bound 1, applied step 2.
- https://github.com/tensorflow/tensorflow/issues/36001
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault
from ..finding import Finding, Fix

if TYPE_CHECKING:
    from ..evidence.loop import Loop
    from ..evidence.run import Run


def find(loop: Loop) -> Iterator[Finding]:
    """Clipping in the replicas of a strategy, and a global norm of single gradients."""
    for seen in loop.about("clipped-apart"):
        if seen.words == "alone":
            yield Finding(
                "`clip_by_global_norm` gets one gradient at a time: each is bounded by itself, "
                "and the norm of all together by nothing",
                place=loop.place(seen.at),
                label="one gradient alone",
                fix=Fix("give it the whole list", safe=False),
                level="warning",
            )
            continue
        how = f" by {seen.words} of the optimizer" if seen.words else ""
        yield Finding(
            f"each replica clips its own gradients{how} before they are summed up: the bound is "
            "that of a replica, not of the step",
            place=loop.place(seen.at),
            label="clipped in each replica",
            related=loop.others_of(seen),
            fix=Fix("sum up first, then clip", safe=False),
        )


def prove(run: Run) -> Iterator[Finding]:
    """Steps that clipping by variable turned away from the gradient."""
    from ..evidence.clipping import bent_steps

    for bent in bent_steps(run):
        first = bent.audits[0]
        yield Finding(
            f"at step {first.step} clipping left between {bent.least:.2g} and {bent.most:.2g} of "
            f"each gradient: the cosine between the step and the gradient is {bent.cosine:.2f}",
            place=bent.apply.place,
            label="clipped one by one",
            variables=tuple(run.path(audit.variable) for audit in bent.audits),
            step=first.step,
            evidence={"cosine": bent.cosine, "least": bent.least, "most": bent.most},
            fix=Fix("clip by the norm of all gradients together", safe=False),
        )


FAULT = Fault("GP508", "clipped-apart", __doc__, find=find, prove=prove, level="advice")
