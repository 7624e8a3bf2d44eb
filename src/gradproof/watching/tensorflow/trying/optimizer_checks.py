"""What every optimizer promises, each promise tried on small variables.

A check gives nothing if the promise holds, else words, and `NotApplicable`
if the optimizer does not make that promise.
"""

from __future__ import annotations

from collections.abc import Callable

from .optimizer_keeping import (
    config_makes_the_same,
    instances_are_apart,
    order_does_not_matter,
    saving_goes_on,
    stateless_is_the_same,
)
from .optimizer_options import (
    accumulation_averages,
    average_is_kept,
    clips,
    config_of,
    weight_decay_shrinks,
)
from .optimizer_replicas import replicas_stay_together
from .optimizer_trials import (
    CLOSE,
    SHAPES,
    STEPS,
    Broken,
    Factory,
    NotApplicable,
    Trial,
    furthest,
    gradients,
    keras_of,
    rate_of,
    variant,
)

LONG = 300
"""Steps on a convex problem."""


def every_variable_moves(factory: Factory) -> Broken:
    """Each variable changes, and stays finite."""
    import numpy as np

    trial = Trial(factory())
    before = trial.values()
    trial.steps(1)
    for number, (was, now) in enumerate(zip(before, trial.values(), strict=True), 1):
        if not np.all(np.isfinite(now)):
            return f"variable {number} is not finite after the first step"
        if np.array_equal(was, now):
            return f"variable {number} of {len(before)} does not move at the first step"
    return None


def state_is_made_once(factory: Factory) -> Broken:
    """The first step makes all state, and it stays finite."""
    import numpy as np

    trial = Trial(factory()).steps(1)
    first = [id(one) for one in trial.state()]
    trial.steps(2, first=1)
    held = trial.state()
    if [id(one) for one in held] != first:
        return f"{len(first)} state variables after the first step, {len(held)} after the third"
    for one in held:
        if one.dtype.is_floating and not np.all(np.isfinite(one.numpy().astype(np.float64))):
            return f"state `{one.name}` is not finite"
    return None


def missing_gradient_is_skipped(factory: Factory) -> Broken:
    """A variable without gradient stays, the others get their own."""
    import warnings

    import numpy as np

    trial, whole = Trial(factory()), Trial(factory()).steps(1)
    trial.optimizer.build(trial.variables)
    before = trial.values()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(trial.period):
            trial.step([None, *gradients(0)[1:]])
    now = trial.values()
    if not np.array_equal(before[0], now[0]):
        return "a variable without gradient moves"
    if not _by_itself(factory):
        return None  # the norm of all gradients is another one
    if furthest(now[1:], whole.values()[1:], before[1:]) > CLOSE:
        return "without the gradient of one variable, the others move otherwise"
    return None


def _by_itself(factory: Factory) -> bool:
    """The update of a variable does not depend on the others."""
    return not getattr(factory(), "global_clipnorm", None)


def sparse_gradient_is_its_dense_form(factory: Factory) -> Broken:
    """Rows of a table move as with the dense gradient; others may rest."""
    for rows, words in (
        ([1, 2, 3], "rows of a sparse gradient get another update than in the dense one"),
        ([1, 3, 1], "a row that stands twice in a sparse gradient gets the wrong update"),
    ):
        if not _sparse_as_dense(factory, rows):
            return words
    return None


def _sparse_as_dense(factory: Factory, rows: list[int]) -> bool:
    import numpy as np
    import tensorflow as tf

    # Two entries of one row have opposite signs: sizes must not be added up for their sum.
    values = gradients(5)[2][:3] * [[1.0], [1.0], [-0.5]]
    dense = np.zeros(SHAPES[2])
    np.add.at(dense, rows, values)
    shape = tf.constant(SHAPES[2])
    slices = tf.IndexedSlices(tf.constant(values, tf.float32), tf.constant(rows), shape)
    sides = []
    for third in (dense, slices):
        trial = Trial(factory())
        before = trial.values()[2]
        for _ in range(trial.period):
            trial.step([*gradients(0)[:2], third])
        sides.append(trial.values()[2])
    touched = sorted(set(rows))
    rest = [row for row in range(SHAPES[2][0]) if row not in touched]
    idle = np.array_equal(sides[1][rest], before[rest])
    return furthest([sides[0][touched]], [sides[1][touched]], [before[touched]]) <= CLOSE and (
        idle or furthest([sides[0][rest]], [sides[1][rest]], [before[rest]]) <= CLOSE
    )


def _runs_in(dtype: str) -> Callable[[Factory], Broken]:
    def check(factory: Factory) -> Broken:
        import numpy as np

        trial = Trial(factory(), dtype)
        before = trial.values()
        trial.steps(2)
        for was, now, one in zip(before, trial.values(), trial.variables, strict=True):
            if not np.all(np.isfinite(now)):
                return "a variable is not finite after two steps"
            if _changes(factory) > 0.01 and np.array_equal(was, now):
                return "a variable does not move"
            kind = str(getattr(one.dtype, "name", one.dtype))
            if kind != dtype:
                return f"a variable has become {kind}"
        return None

    return check


def _changes(factory: Factory) -> float:
    """How far values go in two steps: less than their spacing may be rounded away."""
    import numpy as np

    trial = Trial(factory())
    before = trial.values()
    trial.steps(2)
    return min(
        float(np.max(np.abs(now - was))) for was, now in zip(before, trial.values(), strict=True)
    )


def _same_in(compiled: bool) -> Callable[[Factory], Broken]:
    def check(factory: Factory) -> Broken:
        import tensorflow as tf

        eager, traced = Trial(factory()), Trial(factory())
        start = eager.values()
        traced.optimizer.build(traced.variables)
        step = tf.function(
            lambda *given: traced.step(list(given)), jit_compile=True if compiled else None
        )
        for number in range(STEPS):
            for _ in range(eager.period):
                eager.step(gradients(number))
                step(*[tf.constant(one, tf.float32) for one in gradients(number)])
            far = furthest(eager.values(), traced.values(), start)
            if far > CLOSE:
                way = "compiled by XLA" if compiled else "traced"
                return f"at step {number + 1}, the {way} change differs by {far:.2g} of it"
        return None

    return check


def iterations_advance(factory: Factory) -> Broken:
    """By one a call."""
    trial = Trial(factory())
    trial.optimizer.build(trial.variables)
    start = trial.iterations
    for number in range(1, 4):
        trial.step(gradients(number))
        if trial.iterations - start != number:
            return f"`iterations` is {trial.iterations} after {number} calls, it began at {start}"
    return None


def rate_is_obeyed(factory: Factory) -> Broken:
    """`learning_rate.assign` changes the next step."""
    import numpy as np

    trial = Trial(factory()).steps(1)
    if not hasattr(trial.optimizer.learning_rate, "assign"):
        raise NotApplicable("the learning rate is a schedule")
    rate = rate_of(trial.optimizer)
    twin = Trial(factory()).steps(1)
    twin.optimizer.learning_rate.assign(2 * rate)
    before = trial.values()
    trial.steps(1, first=1)
    twin.steps(1, first=1)
    if furthest(trial.values(), twin.values(), before) < 0.01:
        return "the step is the same with twice the learning rate"
    still = Trial(factory()).steps(1)
    still.optimizer.learning_rate.assign(0.0)
    before = still.values()
    still.steps(1, first=1)
    if not all(map(np.array_equal, before, still.values())):
        return "variables move although the learning rate is 0"
    return None


def schedule_is_obeyed(factory: Factory) -> Broken:
    """A schedule's rate is used, by the optimizer's own counter."""
    import numpy as np

    optimizer = factory()
    config_of(optimizer, "learning_rate")
    if not hasattr(optimizer.learning_rate, "assign"):
        raise NotApplicable("the learning rate is a schedule already")
    schedules = keras_of(optimizer).optimizers.schedules
    rate = rate_of(optimizer)
    period = Trial(optimizer).period
    schedule = schedules.PiecewiseConstantDecay([2 * period - 1], [rate, 0.0])
    trial = Trial(variant(factory, learning_rate=schedule))
    constant = Trial(factory()).steps(2)
    start = trial.values()
    trial.steps(2)
    if furthest(trial.values(), constant.values(), start) > CLOSE:
        return "with a schedule of constant rate the steps are others"
    before = trial.values()
    trial.steps(1, first=2)
    if not all(map(np.array_equal, before, trial.values())):
        return "variables move although the schedule has come to 0"
    return None


def convex_problem_is_descended(factory: Factory) -> Broken:
    """On a sum of squares the loss falls."""
    import numpy as np

    trial = Trial(factory())
    goal = [one + np.sign(push) for one, push in zip(trial.values(), gradients(9), strict=True)]

    def loss() -> float:
        return sum(
            float(np.sum((one - aim) ** 2)) for one, aim in zip(trial.values(), goal, strict=True)
        )

    first = loss()
    for _ in range(LONG):
        trial.step([one - aim for one, aim in zip(trial.values(), goal, strict=True)])
    last = loss()
    if not last < first:
        return f"on a sum of squares the loss goes from {first:.4g} to {last:.4g} in {LONG} steps"
    return None


CHECKS: tuple[tuple[str, Callable[[Factory], Broken]], ...] = (
    ("every variable moves", every_variable_moves),
    ("state is made once", state_is_made_once),
    ("iterations advance", iterations_advance),
    ("None gradient", missing_gradient_is_skipped),
    ("sparse gradient", sparse_gradient_is_its_dense_form),
    ("float64", _runs_in("float64")),
    ("float16", _runs_in("float16")),
    ("bfloat16", _runs_in("bfloat16")),
    ("eager = traced", _same_in(False)),
    ("eager = XLA", _same_in(True)),
    ("learning_rate.assign", rate_is_obeyed),
    ("schedule", schedule_is_obeyed),
    ("clipnorm", clips("clipnorm")),
    ("clipvalue", clips("clipvalue")),
    ("global_clipnorm", clips("global_clipnorm")),
    ("weight_decay", weight_decay_shrinks),
    ("use_ema", average_is_kept),
    ("gradient_accumulation_steps", accumulation_averages),
    ("save and restore", saving_goes_on),
    ("get_config", config_makes_the_same),
    ("stateless_apply", stateless_is_the_same),
    ("two models", instances_are_apart),
    ("order of variables", order_does_not_matter),
    ("two replicas", replicas_stay_together),
    ("descends", convex_problem_is_descended),
)
"""By name, in the order in which they are tried."""
