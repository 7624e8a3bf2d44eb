"""A tensor of a traced function is kept and used outside of it.

While a function is traced its tensors are symbols, without values. One that is
put into an attribute, a global or a list outlives the trace: using it later ends
with `is out of scope and cannot be used here`, or it has no `numpy`. Python runs
once a trace, so the kept object would never change either.

## Bad
<!-- mode: eager -->

```python
class Learner:
    def __init__(self):
        self.average = tf.constant(0.0)

    @tf.function
    def train(self, model, optimizer, x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        self.average = 0.9 * self.average + 0.1 * loss


learner = Learner()


def step(model, optimizer, x, y):
    learner.train(model, optimizer, x, y)
    return learner.average * 1.0
```

## Good
<!-- mode: eager -->

```python
class Learner:
    def __init__(self):
        self.average = tf.Variable(0.0, trainable=False)

    @tf.function
    def train(self, model, optimizer, x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        self.average.assign(0.9 * self.average + 0.1 * loss)


learner = Learner()


def step(model, optimizer, x, y):
    learner.train(model, optimizer, x, y)
    return learner.average * 1.0
```

## Fix

Return the tensor from the function, or keep the value in a `tf.Variable` that
the function assigns.

## Not this fault

- A tensor kept while the same function is traced, and used in it only.
- `self.loss_tracker.update_state(loss)`: metrics keep variables.
- `python-state-frozen-at-trace`: a Python number that is read once.
- `numpy-in-graph-mode`: asked for its value inside the function.

## Sources

- TensorFlow 2.21.0, `python/framework/func_graph.py`: the TypeError, "is out of scope".
- https://github.com/tensorflow/tensorflow/issues/31363
- https://github.com/tensorflow/tensorflow/issues/46458
- https://github.com/HorizonRobotics/alf/issues/19
"""

from __future__ import annotations

from collections.abc import Iterator

from ..evidence import Loop, Run
from ..evidence.crashes import asks_for_value, in_trace, told_lines
from ..fault import Fault
from ..finding import Finding, Fix, Related

LEAKED = (
    "is out of scope and cannot be used here",
    "cannot be accessed from here, because it was defined in",
    "An op outside of the function building code is being passed",
    "must be from the same graph as",
)


def find(loop: Loop) -> Iterator[Finding]:
    """Tensors that a traced function puts where others can read them."""
    for remark in loop.about("symbolic-tensor-leak"):
        yield Finding(
            f"a tensor of a traced function is kept in `{remark.at.text}`"
            if remark.at.text
            else "a tensor of a traced function is kept",
            place=loop.place(remark.at),
            label="outlives the trace",
            related=tuple(Related(loop.place(spot), words) for spot, words in remark.others),
            fix=Fix("return it, or assign it to a `tf.Variable`", safe=False),
        )


def prove(run: Run) -> Iterator[Finding]:
    """Find the use of a symbol outside the trace that made it."""
    crash = run.crash
    if crash is None or not crash.places:
        return
    inside = in_trace(run)
    named = any(words in crash.message for words in LEAKED)
    if not named and (inside or not asks_for_value(run)):
        return
    made = told_lines(crash.message, crash.places) if named else ()
    origin = made[-1] if made else None
    passed = [place for place in crash.places if place not in made]
    used = passed[-1] if passed else crash.places[-1]
    place = origin if origin is not None and (inside or not passed) else used
    others = [(origin, "the tensor was made here"), (used, "used here")]
    yield Finding(
        "a tensor that was made while a function was traced is used outside that trace; the "
        f"program ended with {crash.kind}",
        place=place,
        label="kept beyond its trace" if place == origin else "has no value outside its trace",
        related=tuple(
            Related(other, words) for other, words in others if other is not None and other != place
        ),
        step=run.counted + 1,
    )


FAULT = Fault(
    "GP607",
    "symbolic-tensor-leak",
    __doc__,
    find=find,
    prove=prove,
    symptoms=("python-state-frozen-at-trace",),
)
