"""Values that change are frozen into the traced step.

A `tf.function` reads Python numbers and attributes once, while it is traced. When
they change later, the traced step goes on with the old ones: a loss weight, a
flag, a counter or a learning rate stays at its first value. Eager code is right,
and nothing warns.

## Bad
<!-- mode: eager -->

```python
beta = 1.0


@tf.function
def update(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = beta * tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))


def step(model, optimizer, x, y):
    global beta
    update(model, optimizer, x, y)
    beta = 0.5 * beta
```

## Good
<!-- mode: eager -->

```python
beta = tf.Variable(1.0, trainable=False)


@tf.function
def update(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = beta * tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))


def step(model, optimizer, x, y):
    update(model, optimizer, x, y)
    beta.assign(0.5 * beta)
```

## Fix

Keep what changes in a `tf.Variable` and `assign` it, or pass it to the traced
function as a tensor. A Python number as an argument works too, but each new value
is traced again.

## Not this fault

- Settings that never change after the first trace.
- A value that changes and is passed as an argument.
- The learning rate of a Keras optimizer: it is a variable, `assign` takes effect.
- Python side effects that are meant for tracing only, such as a trace counter.

## Sources

- TensorFlow 2.21.0, `tf.function`: Python code runs while tracing only.
- https://github.com/LongxingTan/tfyolo/issues/12
- https://github.com/clovaai/stargan-v2-tensorflow/issues/15
- https://github.com/tensorflow/tensorflow/issues/31362
- https://github.com/bayesflow-org/bayesflow/issues/223
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from ..fault import Fault
from ..finding import Finding, Fix, listed

if TYPE_CHECKING:
    from ..evidence.loop import FrozenState, Loop, Spot
    from ..evidence.run import Run


def find(loop: Loop) -> Iterator[Finding]:
    """Python values that a traced function reads once, and that change."""
    seen: set[tuple[Spot, bool]] = set()
    leaked = {one.at for one in loop.about("symbolic-tensor-leak")}
    for state in loop.frozen_states:
        key = (state.written if state.setting else state.read, state.inside)
        if key in seen or (state.carries and state.written in leaked):
            continue
        seen.add(key)
        happens = (
            "is stored once, while tracing: every step starts from the value before"
            if state.carries
            else "changes once, while tracing, and then never again"
            if state.inside
            else "keeps the value it had while tracing, in all steps"
        )
        if state.setting:
            yield _setting(loop, state)
            continue
        place = state.written if state.inside else state.read
        yield Finding(
            f"`{place.text}` is Python state: in the traced function `{state.function}` "
            f"it {happens}",
            place=loop.place(place),
            label="read once, while tracing" if not state.inside else "runs once, while tracing",
            related=loop.related(state.written, "changed here") if not state.inside else (),
            fix=Fix(
                "make it a `tf.Variable(..., trainable=False)` and assign, or pass it as a tensor",
                safe=False,
            ),
            symptoms=(
                *(("gradients-never-applied", "variable-left-out") if state.decides else ()),
                *(("custom-optimizer-bug",) if state.carries else ()),
            ),
        )
    for drawn in loop.about("python-state-frozen-at-trace"):
        yield Finding(
            f"`{drawn.words}` draws while `{drawn.names[0]}` is traced: every step gets the same "
            "numbers",
            place=loop.place(drawn.at),
            label="drawn once, while tracing",
            fix=Fix("draw with `tf.random`, in the step", safe=False),
        )


def _setting(loop: Loop, state: FrozenState) -> Finding:
    """A number of a layer or an optimizer that changes after the trace."""
    return Finding(
        f"`{state.written.text}` is a Python number: the traced function `{state.function}` keeps "
        "the one that it had while tracing, in all steps",
        place=loop.place(state.written),
        label="not seen by the traced step",
        related=loop.related(state.read, "traced with the number of then"),
        fix=Fix("trace the step again, with another `tf.function`", safe=False),
    )


def prove(run: Run) -> Iterator[Finding]:
    """Find Python numbers that traced code read and that changed since."""
    for state in run.frozen:
        if state.call - 1 <= state.traces:
            continue
        yield Finding(
            f"`{state.function}` was traced while `{state.name}` was {state.traced_value}; at call "
            f"{state.call} it was {state.value}, and the function was not traced again",
            place=state.place,
            label=f"`{state.name}` is read while tracing only",
            step=state.call,
            evidence={"traced_value": state.traced_value, "value": state.value},
        )


def settle(finding: Finding, run: Run) -> Finding | None:
    """Confirm that a momentum which a trace keeps in Python is what it was before the trace."""
    from ..evidence.updating import idle_state

    if "custom-optimizer-bug" not in finding.symptoms or finding.place is None:
        return None
    found = [
        idle
        for idle in idle_state(run)
        if idle.kind == "zeros"
        and any(
            place is not None
            and place.path == finding.place.path
            and place.span.overlaps(finding.place.span)
            for place in (idle.operation.place, idle.apply.place)
        )
    ]
    pairs = [pair.variable for idle in found for pair in idle.apply.pairs]
    names = tuple(dict.fromkeys(run.path(key) for key in pairs if key is not None))
    steps = max((one.index for idle in found for one in run.steps_of(idle.apply.key)), default=0)
    if not names:
        return None
    return replace(
        finding,
        message=f"after {steps} updates of {listed(names)} what is kept in Python for the next "
        "step is still zero, as it was while tracing",
        variables=names,
        step=2,
        evidence={"updates": steps},
    )


FAULT = Fault(
    "GP601", "python-state-frozen-at-trace", __doc__, find=find, prove=prove, settle=settle
)
