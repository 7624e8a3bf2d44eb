"""Loss scaling of one Keras generation is used with the other.

Keras 3 divides by the scale inside `apply` and offers `scale_loss`; Keras 2 wants
`get_scaled_loss` and `get_unscaled_gradients`. Half of either makes steps 32768
times too small, or fails; so does a division by hand before Keras 3 divides. `compile`
of Keras 3 wraps the optimizer of a "mixed_float16" model: an own `train_step` has to scale.

## Bad

<!-- keras: 3 -->
```python
scaled = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1))


def step(model, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    scaled.apply_gradients(zip(gradients, model.trainable_variables))
```

## Good

<!-- keras: 3 -->
```python
scaled = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1))


def step(model, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
        target = scaled.scale_loss(loss)
    gradients = tape.gradient(target, model.trainable_variables)
    scaled.apply_gradients(zip(gradients, model.trainable_variables))
```

## Fix

Keras 3: scale the loss, and nothing else. Keras 2: scale and unscale.

## Not this fault

- Both halves, in the generation they belong to.
- `fit`, which scales by itself.

## Sources

- Keras 3.15.1, `LossScaleOptimizer.apply`, and tf-keras 2.21.0, tried: the unscaled loss
  gives a step of 1/32768 in the first.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault, Verdict
from ..finding import Finding, Fix, Place, Related, second_places

if TYPE_CHECKING:
    from ..evidence.loop import Loop
    from ..evidence.run import Run
    from ..evidence.scaling import Mix

_GONE = "is gone in Keras 3"
_HALVES = {
    "never unscaled": (
        "the loss is scaled, and its gradients are never unscaled",
        "unscale them with `optimizer.get_unscaled_gradients(gradients)`",
    ),
    "never scaled": (
        "the gradients are unscaled, and the loss is never scaled",
        "scale the loss with `optimizer.get_scaled_loss(loss)`",
    ),
    "scaled aside": (
        (
            "the loss is scaled, and the gradients are taken of the loss as it was before: the "
            "optimizer divides them by the scale"
        ),
        "take the gradients of the scaled loss",
    ),
}


def find(loop: Loop) -> Iterator[Finding]:
    """Halves of loss scaling that do not belong together."""
    for seen in loop.about("loss-scale-generation-mix"):
        words, fix = _HALVES.get(
            seen.words,
            (
                f"{seen.words}; Keras 3 unscales inside `apply`",
                "scale the loss with `optimizer.scale_loss(loss)`, and nothing else",
            ),
        )
        yield Finding(
            words,
            place=loop.place(seen.at),
            label="one half of the loss scaling",
            # Keras 2 has these methods, but nothing says that it is meant.
            level="warning" if loop.generation is None and _GONE in seen.words else None,
            fix=Fix(fix, safe=False),
        )


def prove(run: Run) -> Iterator[Finding]:
    """Gradients that are unscaled and were never scaled, or the other way round."""
    from ..evidence.scaling import mixes

    told: set[object] = set()
    for mix in mixes(run):
        if mix.apply.place in told:
            continue
        told.add(mix.apply.place)
        words, label, fix = {
            "not scaled": (
                (
                    "the loss is not scaled, yet the optimizer divides its gradients by "
                    f"{mix.scale or 0.0:g}"
                ),
                "divides by the loss scale",
                "scale the loss with `optimizer.scale_loss(loss)`, and nothing else",
            ),
            "divided twice": (
                (
                    f"the gradients are divided by the loss scale here, and the optimizer divides "
                    f"them by {mix.scale or 0.0:g} once more"
                ),
                "the optimizer does that, too",
                "leave the division to the optimizer",
            ),
            "not unscaled": (
                "the loss is scaled, and its gradients are applied without being unscaled",
                "applied as they are",
                "unscale them with `optimizer.get_unscaled_gradients(gradients)`",
            ),
            "unscaled only": (
                "the gradients are unscaled, and the loss was never scaled",
                "unscaled, but never scaled",
                "scale the loss with `optimizer.get_scaled_loss(loss)`",
            ),
        }[mix.kind]
        names = tuple(pair.name for pair in mix.apply.pairs)
        place = mix.lost or mix.apply.place
        yield Finding(
            f"{words}: a gradient of {mix.gradient_norm:.3g} (norm) moved "
            f"`{run.path(mix.variable)}` by {mix.change_norm:.3g}",
            place=place,
            label=label if mix.lost is None or mix.kind != "not scaled" else "nothing uses this",
            related=_ends(mix, place),
            variables=names,
            step=1,
            evidence={"gradient_norm": mix.gradient_norm, "change_norm": mix.change_norm},
            fix=Fix(fix, safe=False),
            symptoms=(
                "rounded-away",
                "float16-range",
                "exploding-gradient",
                "nan-gradient-applied",
            ),
        )


def _ends(mix: Mix, place: Place | None) -> tuple[Related, ...]:
    """The two other ends: where the gradients are taken, and where they are applied."""
    ends = ((mix.call.place, "the gradients of this loss"), (mix.apply.place, "applied here"))
    return second_places(*ends, but=place)


def settle(finding: Finding, run: Run) -> Verdict | None:
    """A method that is gone was never called in a run that came to its end."""
    never = run.finished and run.crash is None and run.counted and run.generations == ("3",)
    return Verdict.CLEARED if never and _GONE in finding.message else None


FAULT = Fault("GP505", "loss-scale-generation-mix", __doc__, find=find, prove=prove, settle=settle)
