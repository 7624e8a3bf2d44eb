"""The only path from a variable to the loss is stopped.

`tf.stop_gradient` was left, or put, on the one way from variables that the
optimizer is given to the target. Their gradient is `None`; they stand still while
the rest trains.

## Bad

```python
def step(encoder, decoder, model, optimizer, x, y):
    with tf.GradientTape() as tape:
        code = tf.stop_gradient(encoder(x))
        loss = tf.reduce_mean(tf.square(decoder(code) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Good

```python
def step(encoder, decoder, model, optimizer, x, y):
    with tf.GradientTape() as tape:
        code = encoder(x)
        loss = tf.reduce_mean(tf.square(decoder(code) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Fix

Take it off that path; or, if those variables are meant to rest, leave them out of
the list.

## Not this fault

- Targets in reinforcement and self-supervised learning, straight-through
  estimators, codebooks: the variables have another path, or are in no list.
- `nondifferentiable-op`: an operation without derivative, not a decision.
- Variables that another gradient call of the step reaches.

## Sources

- TensorFlow 2.21.0, tried: the gradient through `tf.stop_gradient` is `None`.
- Keras 3.15.1, `BaseOptimizer._filter_empty_gradients`: UserWarning for the variables
  without gradient, once a process.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault, Verdict
from ..finding import Finding, Fix, listed, second_places

if TYPE_CHECKING:
    from ..evidence.loop import Loop
    from ..evidence.run import Run


def find(loop: Loop) -> Iterator[Finding]:
    """Stops on the only way to variables that the optimizer is given."""
    for seen in loop.about("stopped-gradient"):
        yield Finding(
            "recording stops here, on the only way from "
            f"{listed(seen.names) or 'the variables'} to the target: "
            "no gradient comes back",
            place=loop.place(seen.at),
            label="stops here",
            related=loop.others_of(seen),
            variables=seen.names,
            fix=Fix("take it off that path", safe=False),
        )


def prove(run: Run) -> Iterator[Finding]:
    """Find variables that are to be updated, and whose only path is stopped."""
    from ..evidence.paths import lost

    for found in lost(run, ("stopped",)):
        keys = {loss.source.variable for loss in found.losses}
        if keys & run.connected or None in keys or keys & run.moved:
            continue
        if not keys & run.handed and not _refused(run):
            continue
        call = found.call
        yield Finding(
            f"{found.words}; every way from there to the target goes through this stop_gradient",
            place=found.place,
            label="the gradient ends here",
            related=second_places((call.place, "asked here")),
            variables=found.names,
            step=call.step + 1,
            evidence={"unconnected": len(found.names), "sources": len(call.sources)},
            fix=Fix("take `tf.stop_gradient` off this path", safe=False),
        )
    yield from _in_a_loop(run)


def _refused(run: Run) -> bool:
    """The optimizer was given nothing but None, and said so."""
    return run.crash is not None and "No gradients provided" in run.crash.message


def _in_a_loop(run: Run) -> Iterator[Finding]:
    """Find gradients that come out of a loop or branch as zeros."""
    from ..evidence.ways import cut_kind
    from ..evidence.zeros import zeros

    for zero in zeros(run):
        if cut_kind(zero.operation) == "stopped" and zero.steps >= 2:
            yield Finding(
                f"in all {zero.steps} measured steps the gradient was exactly 0 for "
                f"{listed(zero.names)}: every way from there to the target goes through this "
                f"stop_gradient",
                place=zero.operation.place,
                label="the gradient ends here",
                variables=zero.names,
                step=1,
                evidence={"gradient_norm": 0.0, "steps": zero.steps},
                fix=Fix("take `tf.stop_gradient` off this path", safe=False),
            )


def settle(finding: Finding, run: Run) -> Verdict | None:
    """Clear what the run saw getting a gradient, and moving, all the same."""
    from ..evidence.unlisted import all_trained

    return Verdict.CLEARED if all_trained(run, finding.variables) else None


FAULT = Fault(
    "GP214",
    "stopped-gradient",
    __doc__,
    find=find,
    prove=prove,
    settle=settle,
    symptoms=("unconnected-variable",),
)
