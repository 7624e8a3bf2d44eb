"""One optimizer is given the variables of two networks.

Two names are bound to one object, or the second network is handed to the optimizer
of the first while its own stays unused. Moments, counter and schedule are shared;
since TensorFlow 2.11 the optimizer refuses variables that it was not built for.

## Bad

```python
encoder_optimizer = keras.optimizers.Adam(0.01)
decoder_optimizer = keras.optimizers.Adam(0.01)


def step(encoder, decoder, x, y):
    with tf.GradientTape(persistent=True) as tape:
        loss = tf.reduce_mean(tf.square(decoder(encoder(x)) - y))
    first = tape.gradient(loss, encoder.trainable_variables)
    second = tape.gradient(loss, decoder.trainable_variables)
    encoder_optimizer.apply_gradients(zip(first, encoder.trainable_variables))
    encoder_optimizer.apply_gradients(zip(second, decoder.trainable_variables))
```

## Good

```python
encoder_optimizer = keras.optimizers.Adam(0.01)
decoder_optimizer = keras.optimizers.Adam(0.01)


def step(encoder, decoder, x, y):
    with tf.GradientTape(persistent=True) as tape:
        loss = tf.reduce_mean(tf.square(decoder(encoder(x)) - y))
    first = tape.gradient(loss, encoder.trainable_variables)
    second = tape.gradient(loss, decoder.trainable_variables)
    encoder_optimizer.apply_gradients(zip(first, encoder.trainable_variables))
    decoder_optimizer.apply_gradients(zip(second, decoder.trainable_variables))
```

## Fix

One optimizer for each list of variables.

## Not this fault

- One optimizer for the joined list of both networks.
- One optimizer that was built for all variables, and no other that stays unused.
- `optimizer-bound-to-old-variables`: the next model, or newly unfrozen layers, later.

## Sources

- Keras 3.15.1, `BaseOptimizer._check_variables_are_known`: "Unknown variable"; tf-keras
  2.21.0: "The optimizer cannot recognize variable".
- TensorFlow 2.21.0, tried with both.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault
from ..finding import Finding, Fix, listed, second_places

if TYPE_CHECKING:
    from ..evidence.loop import Loop
    from ..evidence.run import Run
    from ..evidence.sharing import Shared


def find(loop: Loop) -> Iterator[Finding]:
    """Optimizers that two networks are given in turn."""
    for seen in loop.about("shared-optimizer"):
        yield Finding(
            "one optimizer is given the variables of two networks in each step; here "
            f"{listed(seen.names)}",
            place=loop.place(seen.at),
            label="the same optimizer",
            related=loop.others_of(seen),
            variables=seen.names,
            fix=Fix("give each network its own optimizer", safe=False),
        )


def prove(run: Run) -> Iterator[Finding]:
    """Find an optimizer that serves two lists while another one stays unused."""
    from ..evidence.sharing import shared

    for found in shared(run):
        if found.idle:
            yield _measured(run, found)


def settle(finding: Finding, run: Run) -> Finding | None:
    """Two names for one optimizer: the run shows what it did with both lists."""
    from ..evidence.sharing import shared

    for found in shared(run):
        at = found.second.place
        if at is not None and finding.place is not None and at.line == finding.place.line:
            return _measured(run, found)
    return None


def _measured(run: Run, found: Shared) -> Finding:
    second = found.second
    names = tuple(run.path(pair.variable) for pair in second.pairs if pair.variable is not None)
    idle = (
        f"; the {found.idle[0].name} made at line {found.idle[0].made_at.line} is never used"
        if found.idle and found.idle[0].made_at is not None
        else ""
    )
    end = f"; it answered with {second.error.splitlines()[0][:100]}" if second.error else ""
    places = (
        (found.first.place, "its first list"),
        (found.optimizer.made_at, "this optimizer"),
        *((one.made_at, "never used") for one in found.idle[:1]),
    )
    return Finding(
        f"this `{found.optimizer.name}` was given {len(found.first.pairs)} variables in one "
        f"call, and in another one {len(names)} others: {listed(names)}{idle}{end}",
        place=second.place,
        label="the optimizer of another list",
        related=second_places(*places),
        variables=names,
        step=1,
        fix=Fix("one optimizer for each list of variables", safe=False),
    )


FAULT = Fault(
    "GP417",
    "shared-optimizer",
    __doc__,
    find=find,
    prove=prove,
    settle=settle,
    symptoms=("optimizer-bound-to-old-variables", "gradients-never-applied"),
)
