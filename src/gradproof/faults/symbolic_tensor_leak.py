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
from dataclasses import replace
from typing import TYPE_CHECKING

from ..fault import Fault, Verdict
from ..finding import Finding, Fix, Related, second_places

if TYPE_CHECKING:
    from ..evidence.loop import Loop
    from ..evidence.run import Run


def find(loop: Loop) -> Iterator[Finding]:
    """Tensors that a traced function puts where others can read them."""
    for remark in loop.about("symbolic-tensor-leak"):
        kept = remark.at.text
        yield Finding(
            f"a tensor of a traced function is kept in `{kept}`",
            place=loop.place(remark.at),
            label="outlives the trace",
            related=tuple(Related(loop.place(spot), words) for spot, words in remark.others),
            variables=(kept,) if kept else (),
            fix=Fix("return it, or assign it to a `tf.Variable`", safe=False),
        )


def prove(run: Run) -> Iterator[Finding]:
    """Find the use of a symbol outside the trace that made it."""
    from ..evidence.crashes import leak

    found = leak(run)
    if found is None or run.crash is None:
        return
    places = [(found.origin, "the tensor was made here"), (found.used, "used here")]
    place = found.origin or found.used
    yield Finding(
        "a tensor that was made while a function was traced is used outside that trace; the "
        f"program ended with {run.crash.kind}",
        place=place,
        label="kept beyond its trace" if found.origin else "has no value outside its trace",
        related=second_places(*places, but=place),
        variables=(found.name,) if found.name else (),
        step=run.counted + 1,
    )


def settle(finding: Finding, run: Run) -> Finding | Verdict | None:
    """Source sees where a tensor is kept, a run only where it was made and used."""
    from ..evidence.crashes import ended_well, leak

    if ended_well(run):
        return Verdict.CLEARED
    found = leak(run)
    if found is None or run.crash is None:
        return None
    return replace(
        finding,
        message=f"{finding.message}, and used outside that trace; the program ended with "
        f"{run.crash.kind}",
        variables=(),
        step=run.counted + 1,
        symptoms=("symbolic-tensor-leak",),
    )


FAULT = Fault(
    "GP607",
    "symbolic-tensor-leak",
    __doc__,
    find=find,
    prove=prove,
    settle=settle,
    symptoms=("python-state-frozen-at-trace",),
)
