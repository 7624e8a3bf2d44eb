"""Options that an optimizer's config offers, each tried on small variables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .optimizer_trials import (
    CLOSE,
    SHAPES,
    Broken,
    Factory,
    NotApplicable,
    Trial,
    furthest,
    gradients,
    rate_of,
    variant,
)


def config_of(optimizer: Any, name: str) -> dict[str, Any]:
    """The config of an optimizer, which has to know an option."""
    config: dict[str, Any] = optimizer.get_config()
    if name not in config:
        raise NotApplicable(f"`{name}` is not in its config")
    return config


def clips(option: str) -> Callable[[Factory], Broken]:
    """The option does to the update what clipping the gradients does."""

    def check(factory: Factory) -> Broken:
        import numpy as np

        optimizer = factory()
        config = config_of(optimizer, option)
        options = ("clipnorm", "clipvalue", "global_clipnorm")
        if any(config.get(name) for name in options):
            raise NotApplicable("it clips already")
        bound = 0.4
        trial, plain = Trial(variant(factory, **{option: bound})), Trial(factory())
        start = plain.values()
        for number in range(2):
            given = gradients(number)
            norms = [float(np.linalg.norm(one)) for one in given]
            whole = float(np.linalg.norm(norms))
            clipped = {
                "clipvalue": [np.clip(one, -bound, bound) for one in given],
                "clipnorm": [
                    one * min(1.0, bound / norm) for one, norm in zip(given, norms, strict=True)
                ],
                "global_clipnorm": [one * min(1.0, bound / whole) for one in given],
            }[option]
            for _ in range(plain.period):
                trial.step(given)
                plain.step(clipped)
        if furthest(trial.values(), plain.values(), start) > CLOSE:
            return f"`{option}={bound}` does not do what clipping the gradients does"
        return None

    return check


def weight_decay_shrinks(factory: Factory) -> Broken:
    """Without gradient, weights go down by rate times decay."""
    import numpy as np

    optimizer = factory()
    config_of(optimizer, "weight_decay")
    trial = Trial(variant(factory, weight_decay=0.1))
    before = trial.values()
    for _ in range(trial.period):
        trial.step([np.zeros(shape) for shape in SHAPES])
    rate = rate_of(trial.optimizer)
    for was, now in zip(before, trial.values(), strict=True):
        shrunk = float(np.linalg.norm(was - now)) / max(
            rate * 0.1 * float(np.linalg.norm(was)), 1e-30
        )
        if not np.all(np.abs(now) < np.abs(was)):
            return "weights do not shrink under `weight_decay=0.1`"
        if abs(shrunk - 1) > 0.05:
            return f"weights shrink by {shrunk:.3g} times learning rate times decay"
    return None


def average_is_kept(factory: Factory) -> Broken:
    """`use_ema` keeps the moving average of the weights and can put it in."""
    optimizer = factory()
    config_of(optimizer, "use_ema")
    trial = Trial(variant(factory, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=None))
    start = trial.values()
    trial.steps(1)
    first = trial.values()
    trial.steps(1, first=1)
    second = trial.values()
    trial.optimizer.finalize_variable_values(trial.variables)
    # Keras 3 begins with the weights after the first step, tf-keras before it.
    means = [
        [0.5 * left + 0.5 * right for left, right in zip(begin, second, strict=True)]
        for begin in (first, [0.5 * a + 0.5 * b for a, b in zip(start, first, strict=True)])
    ]
    if min(furthest(trial.values(), mean, start) for mean in means) > 10 * CLOSE:
        return "after two steps, the average is not the mean of the weights"
    return None


def accumulation_averages(factory: Factory) -> Broken:
    """Two calls of `gradient_accumulation_steps=2` are one step of the mean."""
    import numpy as np

    optimizer = factory()
    config = config_of(optimizer, "gradient_accumulation_steps")
    if config["gradient_accumulation_steps"]:
        raise NotApplicable("it accumulates already")
    trial, plain = Trial(variant(factory, gradient_accumulation_steps=2)), Trial(factory())
    start = trial.values()
    for number in (0, 2):
        given = gradients(number), gradients(number + 1)
        before = trial.values()
        trial.step(given[0])
        if not all(map(np.array_equal, before, trial.values())):
            return "variables move at the first of two calls"
        trial.step(given[1])
        plain.step([(one + other) / 2 for one, other in zip(*given, strict=True)])
    if furthest(trial.values(), plain.values(), start) > CLOSE:
        return "two calls are not one step of the mean gradient"
    return None
