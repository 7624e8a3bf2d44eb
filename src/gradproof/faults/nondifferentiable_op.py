"""An operation without a gradient stands between variables and loss.

`argmax`, `round`, `floor`, comparisons, counts, histograms and casts to integers
have no derivative. The gradient of everything that reaches the loss only
through them is `None`, for `sign` it is exactly zero. If other variables are
connected, a warning is all that is seen.

## Bad

```python
def step(encoder, decoder, optimizer, x, y):
    variables = encoder.trainable_variables + decoder.trainable_variables
    with tf.GradientTape() as tape:
        code = tf.round(encoder(x))
        loss = tf.reduce_mean(tf.square(decoder(code) - y))
    gradients = tape.gradient(loss, variables)
    optimizer.apply_gradients(zip(gradients, variables))
```

## Good

```python
def step(encoder, decoder, optimizer, x, y):
    variables = encoder.trainable_variables + decoder.trainable_variables
    with tf.GradientTape() as tape:
        hidden = encoder(x)
        code = hidden + tf.stop_gradient(tf.round(hidden) - hidden)
        loss = tf.reduce_mean(tf.square(decoder(code) - y))
    gradients = tape.gradient(loss, variables)
    optimizer.apply_gradients(zip(gradients, variables))
```

## Fix

Take a soft form (softmax for argmax, sigmoid for a threshold), or pass the
gradient straight through, as above. Unsafe: it changes what is computed.

## Not this fault

- The operation works on labels, masks, indices or metrics only.
- A selection by `argmax`, `top_k` or a mask whose *values* keep their path to the
  loss: `gather`, `where`, hard attention, margin losses.
- A straight-through estimator: the residual stands in `stop_gradient`.
- A comparison inside a loss that only chooses a branch.

## Sources

- TensorFlow 2.21.0, `python/ops/math_grad.py`: `Round`, `Floor`, `Ceil` and `ArgMax`
  return no gradient, comparisons are marked not differentiable, `Sign` returns
  zeros, `Cast` passes floating types only.
- https://github.com/tensorflow/tensorflow/issues/58614
- https://github.com/keras-team/keras/issues/11157
- https://github.com/tensorflow/tensorflow/issues/2177
- https://github.com/tensorflow/tensorflow/issues/14931
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..evidence.operations import FLAT, WORDS
from ..fault import Fault, Verdict
from ..finding import Finding, Fix, Place, listed, second_places

if TYPE_CHECKING:
    from ..evidence.loop import Loop
    from ..evidence.run import Run


def find(loop: Loop) -> Iterator[Finding]:
    """The only way from a variable to the target has no derivative."""
    for broken, call, names in loop.breaks("nondifferentiable"):
        written = broken.operation if "`" in broken.operation else f"`{broken.operation}`"
        aside = any(one.live for one in call.connections if one.lost == broken)
        yield Finding(
            f"{written} has no useful derivative and stands on "
            f"{'a' if aside else 'the only'} way from {listed(names) or 'the variables'} to "
            f"`{call.target.text}`",
            place=loop.place(broken.at),
            label="no gradient passes",
            related=loop.related(call.at, "asked for gradients here"),
            variables=names,
            fix=Fix(
                "use a smooth surrogate, or pass the gradient straight through on purpose",
                safe=False,
            ),
            symptoms=("unconnected-variable",),
        )


def prove(run: Run) -> Iterator[Finding]:
    """Find the operation without gradient on the only way to the target."""
    from ..evidence.paths import lost

    for found in lost(run, ("cut",)):
        operation = found.operation
        word = (
            WORDS.get(operation.type, operation.type) if operation is not None else "an operation"
        )
        yield Finding(
            f"{found.words}; the only way from there to the target goes through {word}, "
            f"which has no gradient",
            place=found.place,
            label=f"{word} has no gradient",
            variables=found.names,
            step=found.call.step + 1,
            evidence={"unconnected": len(found.names), "sources": len(found.call.sources)},
        )
    yield from _flat(run)
    yield from _of_terms(run)
    yield from _unregistered(run)


_NO_ENTRY = r"registry has no entry for: (?!Iterator)(\w+)|op type: (?!Iterator)(\w+)"
"""How TensorFlow says that it knows no gradient; of iterators it is `predict` that asks."""


def _unregistered(run: Run) -> Iterator[Finding]:
    """Find the operation of which TensorFlow raises that it has no gradient, not even None."""
    crash = run.crash
    said = re.search(_NO_ENTRY, crash.message) if crash and "LookupError" in crash.kind else None
    kind = said and (said.group(1) or said.group(2))
    made = [
        operation
        for recording in run.recordings
        for operation in recording.operations
        if operation.type == kind and operation.tapes and operation.place is not None
    ]
    if made:
        word = WORDS.get(made[-1].type, made[-1].type)
        yield Finding(
            f"the program ended because {word} has no gradient, and is on the way to the target",
            place=made[-1].place,
            label=f"{word} has no gradient",
            step=run.counted + 1,
            fix=Fix("use a smooth surrogate", safe=False),
        )


def _of_terms(run: Run) -> Iterator[Finding]:
    """Find terms of a loss that are counts, say, while other terms train the same variables."""
    from ..evidence.dead_terms import dead_terms

    told: set[Place | None] = set()
    for term in dead_terms(run):
        if term.cut.place in told:
            continue
        told.add(term.cut.place)
        names = tuple(run.path(key) for key in term.variables)
        word = WORDS.get(term.cut.type, term.cut.type)
        yield Finding(
            f"one term of the target depends on {listed(names)} only through {word}, which has no "
            "gradient: the term counts for the value of the loss and moves nothing",
            place=term.cut.place,
            label=f"{word} has no gradient",
            related=second_places((term.call.place, "asked for gradients here")),
            variables=names,
            step=term.call.step + 1,
            evidence={"variables": len(names)},
            fix=Fix("use a smooth surrogate, or leave the term out of the loss", safe=False),
        )


def _flat(run: Run) -> Iterator[Finding]:
    """Find gradients that are exactly zero because of a flat operation."""
    from ..evidence.ways import cut_kind
    from ..evidence.zeros import zeros

    for zero in zeros(run):
        cut = cut_kind(zero.operation) == "cut"
        if zero.custom is None and (zero.operation.type in FLAT or (cut and zero.steps >= 2)):
            word = WORDS.get(zero.operation.type, zero.operation.type)
            yield Finding(
                f"in all {zero.steps} measured steps the gradient was exactly 0 for "
                f"{listed(zero.names)}: their only way to the target goes through {word}, "
                f"{'which has no gradient' if cut else 'whose derivative is 0 everywhere'}",
                place=zero.operation.place,
                label=f"{word} has no gradient" if cut else f"the derivative of {word} is 0",
                variables=zero.names,
                step=1,
                evidence={"gradient_norm": 0.0, "steps": zero.steps},
            )


def settle(finding: Finding, run: Run) -> Verdict | None:
    """Clear what the run saw getting a gradient, and moving, all the same."""
    from ..evidence.unlisted import all_trained

    return Verdict.CLEARED if all_trained(run, finding.variables) else None


FAULT = Fault("GP203", "nondifferentiable-op", __doc__, find=find, prove=prove, settle=settle)
