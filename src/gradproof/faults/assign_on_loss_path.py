"""The loss reads a value back from a variable it was assigned to.

An assignment is not recorded. The loss depends on the variable that holds the
value, and whatever computed the value gets None. An inner step that is assigned to the
variables themselves is worse: nothing is None, and the second derivative is missing.

## Bad

```python
memory = tf.Variable(tf.zeros((8, 4)), trainable=False)


def step(encoder, decoder, optimizer, x, y):
    variables = encoder.trainable_variables + decoder.trainable_variables
    with tf.GradientTape() as tape:
        memory.assign(encoder(x))
        loss = tf.reduce_mean(tf.square(decoder(memory) - y))
    gradients = tape.gradient(loss, variables)
    optimizer.apply_gradients(zip(gradients, variables))
```

## Good

```python
memory = tf.Variable(tf.zeros((8, 4)), trainable=False)


def step(encoder, decoder, optimizer, x, y):
    variables = encoder.trainable_variables + decoder.trainable_variables
    with tf.GradientTape() as tape:
        content = encoder(x)
        loss = tf.reduce_mean(tf.square(decoder(content) - y))
    memory.assign(content)
    gradients = tape.gradient(loss, variables)
    optimizer.apply_gradients(zip(gradients, variables))
```

## Fix

Hand the tensor on, and assign it beside the path of the loss.

## Not this fault

- Moving averages and counters that the loss does not read.
- Targets that are meant to be constants.
- An inner step of first order, assigned while no outer tape records.

## Sources

- TensorFlow 2.21.0, tried: the gradient of what computed the assigned value is None.
- https://github.com/tensorflow/tensorflow/issues/54568
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault
from ..finding import Finding, Fix, listed, second_places

if TYPE_CHECKING:
    from ..evidence.loop import Loop
    from ..evidence.run import Run


_KEEP = "keep the new values as tensors, and compute with those"


def find(loop: Loop) -> Iterator[Finding]:
    """The only way to the target goes through an assignment."""
    for broken, call, names in loop.breaks("assign"):
        metric = broken.operation == "metric"
        yield Finding(
            "a metric adds its values up in variables, and an assignment is not recorded: the "
            f"gradient is None for {listed(names) or 'the layers'}"
            if metric
            else f"the value of {listed(names) or 'the layers'} goes through a variable: "
            "an assignment is not recorded",
            place=loop.place(broken.at),
            label="recording stops here",
            related=loop.related(call.at, "asked for gradients here"),
            variables=names,
            fix=Fix("take a loss" if metric else "use the tensor itself", safe=False),
        )
    for seen in loop.about("assign-on-loss-path"):
        yield Finding(
            "an inner step is assigned to the variables while the outer tape records: to the tape "
            "the new values depend on nothing, and the variables keep them after the step",
            place=loop.place(seen.at),
            label="recording stops here",
            related=loop.others_of(seen),
            fix=Fix(_KEEP, safe=False),
        )


def prove(run: Run) -> Iterator[Finding]:
    """Find the assignment behind which the value is read back."""
    from ..evidence.paths import lost

    for found in lost(run, ("assign",)):
        operation = found.operation
        keys = sorted(operation.writes) if operation is not None else []
        into = f" of `{run.path(keys[0])}`" if keys else ""
        yield Finding(
            f"{found.words}; what was computed from them reaches the target only through "
            f"an assignment{into}, which the tape does not record",
            place=found.place,
            label="recording stops here",
            variables=found.names,
            step=found.call.step + 1,
            evidence={"unconnected": len(found.names), "sources": len(found.call.sources)},
        )
    yield from _inner_steps(run)


def _inner_steps(run: Run) -> Iterator[Finding]:
    """Variables that an inner step assigned, where the outer gradient goes through them."""
    from ..evidence.inner_steps import inner_steps

    for call, steps in inner_steps(run):
        keys = sorted(step.variable for step in steps)
        yield Finding(
            f"an inner step is assigned to {listed(run.path(key) for key in keys)} while the outer "
            "tape records: to the tape the new values depend on nothing, and the variables keep "
            "them after the step",
            place=steps[0].place,
            label="recording stops here",
            related=second_places((call.place, "the outer gradients are taken here")),
            variables=tuple(run.path(key) for key in keys),
            step=call.step + 1,
            evidence={"assigned": len(keys), "sources": len(call.sources)},
            fix=Fix(_KEEP, safe=False),
        )


FAULT = Fault(
    "GP206",
    "assign-on-loss-path",
    __doc__,
    find=find,
    prove=prove,
    symptoms=("unconnected-variable",),
)
