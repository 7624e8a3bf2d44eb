"""A computation leaves the range of float16.

float16 ends at 65504 and loses what is below 6e-8. `exp` of more than 11 is infinite, a
mask of -1e9 is -inf, an epsilon of 1e-8 is zero. The value may stay finite while the
gradient is NaN; the loss-scale optimizer then skips every step, without a word.

## Bad

<!-- mode: eager -->
```python
class Swish(keras.layers.Layer):
    def call(self, x):
        return x / (1.0 + tf.exp(-x))


half = keras.Sequential(
    [
        keras.Input((4,)),
        keras.layers.Dense(4, dtype="mixed_float16", name="half"),
        Swish(dtype="mixed_float16"),
        keras.layers.Dense(4, dtype="float32", name="out"),
    ]
)
half.compile(keras.mixed_precision.LossScaleOptimizer(keras.optimizers.SGD(0.1)), "mse")


def step(x, y):
    half.fit(100.0 * x, y, verbose=0)
```

## Good

<!-- mode: eager -->
```python
class Swish(keras.layers.Layer):
    def call(self, x):
        return x * tf.sigmoid(x)


half = keras.Sequential(
    [
        keras.Input((4,)),
        keras.layers.Dense(4, dtype="mixed_float16", name="half"),
        Swish(dtype="mixed_float16"),
        keras.layers.Dense(4, dtype="float32", name="out"),
    ]
)
half.compile(keras.mixed_precision.LossScaleOptimizer(keras.optimizers.SGD(0.1)), "mse")


def step(x, y):
    half.fit(100.0 * x, y, verbose=0)
```

## Fix

Use the operation that is safe (`tf.sigmoid`, `tf.nn.softmax`, `tf.nn.softplus`), or
compute this part in float32: `x = tf.cast(x, "float32")`.

## Not this fault

- The same expression in float32, or after a cast to float32.
- `exp` of something from which its maximum was subtracted.

## Sources

- Tried with TensorFlow 2.21.0, Keras 3.15.1 and tf-keras 2.21.0: `x / (1 + exp(-x))` in
  float16 at x = -12 is -0, its gradient NaN; no message, no movement.
- https://github.com/keras-team/keras/issues/16100
- https://github.com/tensorflow/tensorflow/issues/38357
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault
from ..finding import Finding, Fix, Related, listed, second_places

if TYPE_CHECKING:
    from ..evidence.loop import Loop
    from ..evidence.run import Run

_WORDS = {
    "overflow": (
        (
            "this runs in float16, where `exp` of more than 11 is infinite: the gradient is NaN "
            "there, and a loss-scale optimizer skips the step"
        ),
        "overflows in float16",
        "use the safe operation, or compute in float32",
    ),
    "mask": (
        "this runs in float16, which ends at 65504: the number is infinite there",
        "infinite in float16",
        "use a number within the range, or compute in float32",
    ),
    "epsilon": (
        "this runs in float16, where such a small number is zero: it protects from nothing",
        "zero in float16",
        "use a larger number, or compute in float32",
    ),
    "optimizer": (
        (
            "it keeps its mean of squares in float16, where that of gradients below 0.008 is zero, "
            "and divides by the root of it, with an epsilon that is next to zero there: the steps "
            "are huge"
        ),
        "divides by zero in float16",
        'keep the variables in float32, with the policy "mixed_float16", or give it `epsilon=1e-4`',
    ),
}


def find(loop: Loop) -> Iterator[Finding]:
    """Operations under a float16 policy that leave its range."""
    for seen in loop.about("float16-range"):
        words, label, mend = _WORDS[seen.words]
        yield Finding(
            words,
            place=loop.place(seen.at),
            label=label,
            related=loop.others_of(seen),
            fix=Fix(mend, safe=False),
            symptoms=("nan-from-singular-op",),
        )


def prove(run: Run) -> Iterator[Finding]:
    """Find steps that float16 made impossible: skipped, NaN, or all zero."""
    from ..evidence.halves import endless, skipped, underflows

    for one in endless(run):
        yield Finding(
            f"in all {one.steps} measured steps the loss was infinite and the gradient of "
            f"{listed(one.names)} exactly 0; this {one.cause.type} on their way is computed in "
            "float16, which ends at 65504",
            place=one.cause.place,
            label="leaves the range of float16",
            related=second_places((one.place, "applied here")),
            variables=one.names,
            step=1,
            evidence={"steps": one.steps, "gradient_norm": 0.0},
            fix=Fix("compute the loss in float32", safe=False),
        )
    for found in skipped(run):
        scale = found.scale
        yield Finding(
            f"each of the {scale.calls} steps of `{scale.optimizer}` so far was skipped: the "
            f"gradients were not finite in float16, and the loss scale sank from "
            f"{scale.initial:g} to {scale.scale:g}",
            place=found.causes[0].place if found.causes else scale.place,
            label=f"{found.causes[0].type} leaves the range of float16"
            if found.causes
            else "skips every step",
            related=(Related(scale.place, "skips every step"),)
            if scale.place is not None and found.causes
            else (),
            variables=found.names,
            step=1,
            evidence={"loss_scale": scale.scale, "initial_scale": scale.initial},
            fix=Fix("use an operation that is safe, or compute this part in float32", safe=False),
        )
    yield from _refused(run)
    yield from _not_finite(run)
    for lost in underflows(run):
        yield Finding(
            f"in all {lost.steps} measured steps the gradient of {listed(lost.names)} was exactly "
            f"0: on their way, computed in float16, it is smaller than any number there",
            place=lost.operation.place,
            label="float16 from here on",
            variables=lost.names,
            step=1,
            evidence={"steps": lost.steps},
            fix=Fix("scale the loss with a LossScaleOptimizer, or use bfloat16", safe=False),
        )


def _refused(run: Run) -> Iterator[Finding]:
    """A program's own check for finite gradients lets no step pass, and float16 is on the way."""
    from ..evidence.halves import overflows
    from ..evidence.untaken import untaken

    for found in untaken(run):
        operations = run.recording(found.call.recording).operations
        scaled = [target for target in found.call.targets if target.dtype == "float16"]
        likely = overflows(run, (pair.variable or 0 for pair in found.apply.pairs))
        causes = [operations[one.operation] for one in scaled if one.operation >= 0] or likely
        if not found.finite or not causes:
            continue
        yield Finding(
            f"the gradients were computed {found.call.times} times in float16, and the check "
            f"whether they are finite never let them be applied: {listed(found.names)} did not "
            "move",
            place=causes[0].place,
            label="leaves the range of float16" if causes is likely else "the loss is float16",
            related=second_places((found.branch.place, "never lets them be applied")),
            variables=found.names,
            step=1,
            evidence={"calls": found.call.times},
            fix=Fix("compute the loss in float32, or scale it by less", safe=False),
        )


def _not_finite(run: Run) -> Iterator[Finding]:
    """A gradient that is not finite was applied, and float16 can have made it."""
    from ..evidence.halves import overflows
    from ..evidence.nonfinite import non_finite

    found = non_finite(run)
    causes = overflows(run, found.keys) if found is not None and not found.exploding else ()
    if found is None or not causes:
        return
    step = found.step
    yield Finding(
        f"at step {step.index} the gradient of {listed(found.names)} was not finite and was "
        f"applied; this {causes[0].type} on their way is computed in float16",
        place=causes[0].place,
        label="leaves the range of float16",
        related=second_places((found.apply.place, "applied here")),
        variables=found.names,
        step=step.index,
        evidence={"step": step.index} | ({} if step.loss is None else {"loss": step.loss}),
        fix=Fix("use an operation that is safe, or compute this part in float32", safe=False),
    )


FAULT = Fault(
    "GP305",
    "float16-range",
    __doc__,
    find=find,
    prove=prove,
    symptoms=(
        "nan-from-singular-op",
        "nan-gradient-applied",
        "zero-gradient-region",
    ),
)
