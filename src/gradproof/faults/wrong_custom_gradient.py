"""A gradient written by hand is not the derivative of its function.

The function that `tf.custom_gradient` asks for gets the gradient from above and
has to multiply by it. One that ignores it gives every caller the same slope,
and training follows a direction that is none; one that is zero lets nothing pass.

The same goes for a straight-through form, a hard value with the gradient of a soft
one, whose stop is missing or misplaced: in `soft + (hard - soft)` all cancels.

## Bad

```python
@tf.custom_gradient
def softplus(values):
    def gradient(upstream):
        return tf.sigmoid(values)

    return tf.math.softplus(values), gradient


def step(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(softplus(model(x)) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Good

```python
@tf.custom_gradient
def softplus(values):
    def gradient(upstream):
        return upstream * tf.sigmoid(values)

    return tf.math.softplus(values), gradient


def step(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(softplus(model(x)) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Fix

Multiply by the gradient from above. A straight-through form is
`soft + tf.stop_gradient(hard - soft)`.

## Not this fault

- A gradient that is scaled, clipped or turned around on purpose.
- A gradient that is deliberately zero, where what stands before it trains by another way.

## Sources

- TensorFlow 2.21.0, `tf.custom_gradient`: `grad_fn(*dy)` returns the vector-Jacobian
  product.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault
from ..finding import Finding, Fix, listed, second_places

if TYPE_CHECKING:
    from ..evidence.loop import Loop
    from ..evidence.run import Run


_STRAIGHT = Fix("write it as `soft + tf.stop_gradient(hard - soft)`", safe=False)
_STRAIGHT_SYMPTOMS = ("nondifferentiable-op", "stopped-gradient", "unconnected-variable")


def find(loop: Loop) -> Iterator[Finding]:
    """Custom gradients that ignore the one from above, straight-through forms turned around."""
    for broken, call, names in loop.breaks("residual"):
        yield Finding(
            f"`{broken.operation}` has no useful derivative, and this straight-through form adds "
            f"it to a stopped rest: nothing leads from {listed(names) or 'the variables'} to "
            f"`{call.target.text}`",
            place=loop.place(broken.at),
            label="the stopped part and the added one are swapped",
            related=loop.related(call.at, "asked for gradients here"),
            variables=names,
            fix=_STRAIGHT,
            symptoms=_STRAIGHT_SYMPTOMS,
        )
    for broken, call, names in loop.breaks("cancelled"):
        yield Finding(
            f"the value is that of the hard part, as in a straight-through form; but the soft "
            f"part is taken off again with its slope, and no gradient leads from "
            f"{listed(names) or 'the variables'} to `{call.target.text}`",
            place=loop.place(broken.at),
            label="the slopes cancel here",
            related=loop.related(call.at, "asked for gradients here"),
            variables=names,
            fix=_STRAIGHT,
            symptoms=_STRAIGHT_SYMPTOMS,
        )
    for broken, call, names in loop.breaks("nothing"):
        yield Finding(
            f"the only way from {listed(names) or 'the variables'} to `{call.target.text}` goes "
            f"through `{broken.operation}`, whose own gradient is zero",
            place=loop.place(broken.at),
            label="lets no gradient pass",
            related=loop.related(broken.caller, "called here"),
            variables=names,
            fix=Fix("return the gradient from above times the derivative", safe=False),
            symptoms=("nondifferentiable-op", "zero-gradient-region"),
        )
    yield from _of_gradients(loop)


def _of_gradients(loop: Loop) -> Iterator[Finding]:
    """What a gradient function, or the sum of a straight-through form, shows by itself."""
    for seen in loop.about("wrong-custom-gradient"):
        if seen.words == "variables":
            yield Finding(
                f"the function uses {listed(seen.names) or 'variables'}, and its gradient takes no "
                f"`variables`: TensorFlow raises",
                place=loop.place(seen.at),
                label="takes no `variables`",
                related=loop.others_of(seen),
                variables=seen.names,
                fix=Fix("accept `variables=None` and return their gradients too", safe=False),
            )
            continue
        if seen.names == ("few",):
            yield Finding(
                f"this gradient function gives {seen.words}: TensorFlow raises",
                place=loop.place(seen.at),
                label="a gradient for each input is missing",
                fix=Fix("return one gradient for each input, `None` for targets", safe=False),
            )
            continue
        if seen.words == "swapped":
            yield Finding(
                "the sum has the value of the stopped part, before it was made hard: what was made "
                "of it is used for nothing but its gradient, a straight-through form turned around",
                place=loop.place(seen.at),
                label="the stopped part and the added one are swapped",
                fix=_STRAIGHT,
                symptoms=_STRAIGHT_SYMPTOMS,
            )
            continue
        yield Finding(
            f"this gradient never uses {seen.words}, the gradient from above",
            place=loop.place(seen.at),
            label="the same for every caller",
            fix=Fix("multiply by the gradient from above", safe=False),
        )


VARIABLES = "grad_fn must accept keyword argument 'variables'"
"""What TensorFlow says of a body that uses variables, and a gradient that does not."""


def prove(run: Run) -> Iterator[Finding]:
    """Find custom gradients that finite differences contradict."""
    from ..evidence.crashes import line_inside
    from ..evidence.paths import lost

    for seen in run.custom_gradients:
        if seen.kind == "nothing":
            continue
        if seen.kind == "upstream":
            words = (
                f"the gradient of `{seen.function}` is {seen.given:.3g} where the gradient from "
                f"above is zero: it does not multiply by it"
            )
        else:
            words = (
                f"the gradient of `{seen.function}` says {seen.given:.4g} where finite "
                f"differences give {seen.measured:.4g} (float64, half-step {seen.step:g})"
            )
        yield Finding(
            words,
            place=seen.place,
            label="not the derivative of the function",
            step=1,
            evidence={"given": seen.given, "measured": seen.measured},
            fix=Fix("return the gradient from above times the derivative", safe=False),
        )
    yield from _nothing(run)
    yield from _straight(run)
    for found in lost(run, ("residual",)):
        yield Finding(
            f"{found.words}; the straight-through form stops the wrong residual: its value is "
            f"the soft one, its gradient goes into the operation that has none",
            place=found.place,
            label="the stopped part and the added one are swapped",
            variables=found.names,
            step=found.call.step + 1,
            evidence={"unconnected": len(found.names), "sources": len(found.call.sources)},
            fix=_STRAIGHT,
            symptoms=_STRAIGHT_SYMPTOMS,
        )
    crash = run.crash
    if crash is not None and VARIABLES in crash.message and crash.places:
        inside = line_inside(run, crash.places[-1])
        yield Finding(
            f"the function uses variables, and its gradient takes no `variables`; the program "
            f"ended with {crash.kind}",
            place=inside or crash.places[-1],
            label="computed in the function" if inside else "called here",
            related=second_places((crash.places[-1], "called here")) if inside else (),
            step=run.counted + 1,
            fix=Fix("accept `variables=None` and return their gradients too", safe=False),
        )


def _nothing(run: Run) -> Iterator[Finding]:
    """Find gradients of zero, where all that stands before them is meant to train."""
    from ..evidence.zeros import zeros

    for zero in zeros(run):
        if zero.custom is not None and zero.steps >= 2:
            yield Finding(
                f"in all {zero.steps} measured steps the gradient was exactly 0 for "
                f"{listed(zero.names)}: their only way to the target goes through "
                f"`{zero.custom.function}`, whose own gradient is 0 also wherever it was tried",
                place=zero.custom.place,
                label="lets no gradient pass",
                related=second_places((zero.operation.place, "called here")),
                variables=zero.names,
                step=1,
                evidence={"gradient_norm": 0.0, "steps": zero.steps},
            )


def _straight(run: Run) -> Iterator[Finding]:
    """Find straight-through forms with a stop that is missing or at the wrong place."""
    from ..evidence.straight import straight

    for found in straight(run):
        words = (
            "the gradients of its parts cancel, and nothing passes"
            if found.slope == 0
            else f"the gradient passes {found.slope} times instead of once"
        )
        message = (
            f"the sum has the value of its hard part, as a straight-through form has; but {words} "
            f"to {listed(found.names)}"
        )
        label = "a stop is missing or misplaced"
        if found.swapped:
            message = (
                "the sum has the value of its soft part and the gradient of its hard one, a "
                "straight-through form turned around: what was made hard is used nowhere, and "
                f"nothing passes from here to {listed(found.names)}"
            )
            label = "the stopped part and the added one are swapped"
        yield Finding(
            message,
            place=found.operation.place,
            label=label,
            variables=found.names,
            step=found.call.step + 1,
            evidence={"slope": found.slope},
            fix=_STRAIGHT,
            symptoms=(
                "nondifferentiable-op",
                "stopped-gradient",
                "zero-gradient-region",
                "unconnected-variable",
            ),
        )


FAULT = Fault("GP301", "wrong-custom-gradient", __doc__, find=find, prove=prove)
