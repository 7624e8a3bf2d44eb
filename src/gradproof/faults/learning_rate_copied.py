"""The learning rate is changed where the optimizer does not look.

An optimizer copies the value it is given. A variable or a name that changes
afterwards changes nothing; the printed rate falls, the one in force does not. A schedule that
is asked once, as in `SGD(float(schedule(0)))`, gives a number that stays.

## Bad

<!-- mode: eager -->
<!-- keras: 2 -->
```python
rate = tf.Variable(0.1, trainable=False)
optimizer = keras.optimizers.SGD(learning_rate=rate)


def step(model, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    rate.assign(0.5 * rate)
```

## Good

<!-- mode: eager -->
```python
optimizer = keras.optimizers.SGD(learning_rate=0.1)


def step(model, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    optimizer.learning_rate.assign(0.5 * optimizer.learning_rate)
```

## Fix

`optimizer.learning_rate.assign(...)`, or a schedule.

## Not this fault

- A name that is assigned to `optimizer.learning_rate` afterwards.
- A schedule object.

## Sources

- tf-keras 2.21.0, tried: later values are ignored. Keras 3.15.1 raises ValueError for
  a variable.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault
from ..finding import Finding, Fix, Related

if TYPE_CHECKING:
    from ..evidence.loop import Loop
    from ..evidence.run import Run

_WORDS = {
    "variable": "the optimizer copies the value of this variable; later values are ignored",
    "name": "the optimizer copied the old value and never sees this one",
    "schedule": "the schedule is asked once, and the optimizer keeps what it gave",
}


def find(loop: Loop) -> Iterator[Finding]:
    """Learning rates that change where the optimizer does not look."""
    for seen in loop.about("learning-rate-copied"):
        yield Finding(
            _WORDS[seen.words],
            place=loop.place(seen.at),
            label="the optimizer keeps the first value",
            fix=_mend(seen.words),
        )


def _mend(kind: str) -> Fix:
    if kind == "schedule":
        return Fix("give the optimizer the schedule itself", safe=False)
    return Fix("assign to `optimizer.learning_rate`", safe=False)


def prove(run: Run) -> Iterator[Finding]:
    """Values that went on changing while the rate in force kept the first one."""
    for copied in run.copied_rates:
        # A program may ask its schedule again after an epoch, and assign what it gives then.
        if copied.kind == "schedule" and not run.finished:
            continue
        optimizer = next(one for one in run.optimizers if one.key == copied.optimizer)
        in_place = copied.kind != "name"
        what = f"`{copied.name}`" + (" gives" if copied.kind == "schedule" else " is")
        yield Finding(
            f"after {copied.steps} steps {what} {copied.value:.4g}, and the learning "
            f"rate in force is still {copied.rate:.4g}: `{optimizer.name}` copied the first value",
            place=optimizer.made_at if in_place else copied.changed_at,
            label="the optimizer keeps the first value",
            related=(Related(optimizer.made_at, "copied here"),)
            if optimizer.made_at is not None and not in_place
            else (),
            step=copied.since,
            evidence={"learning_rate": copied.rate, "value": copied.value},
            fix=_mend(copied.kind),
        )


FAULT = Fault("GP502", "learning-rate-copied", __doc__, find=find, prove=prove)
