"""What every optimizer promises, each promise tried on small variables.

A check gives nothing if the promise holds, else words, and `NotApplicable`
if the optimizer does not make that promise.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from .optimizer_replicas import replicas_stay_together
from .optimizer_trials import (
    CLOSE,
    SHAPES,
    STEPS,
    NotApplicable,
    Trial,
    furthest,
    gradients,
    keras_of,
    rate_of,
    variant,
)
from .variables import bare

Factory = Callable[[], Any]
Broken = str | None
"""What is wrong, in words."""

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

    values = gradients(5)[2][:3]
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
    _config_of(optimizer, "learning_rate")
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


def _config_of(optimizer: Any, name: str) -> dict[str, Any]:
    config: dict[str, Any] = optimizer.get_config()
    if name not in config:
        raise NotApplicable(f"`{name}` is not in its config")
    return config


def _clips(option: str) -> Callable[[Factory], Broken]:
    """The option does to the update what clipping the gradients does."""

    def check(factory: Factory) -> Broken:
        import numpy as np

        optimizer = factory()
        config = _config_of(optimizer, option)
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
    _config_of(optimizer, "weight_decay")
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
    _config_of(optimizer, "use_ema")
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
    config = _config_of(optimizer, "gradient_accumulation_steps")
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


def saving_goes_on(factory: Factory) -> Broken:
    """Saved and restored, training goes on bit for bit."""
    import numpy as np

    trial = Trial(factory()).steps(2)
    store: dict[str, Any] = {}
    trial.optimizer.save_own_variables(store)
    again = Trial(factory())
    again.optimizer.build(again.variables)
    again.optimizer.load_own_variables({name: np.asarray(value) for name, value in store.items()})
    for one, value in zip(again.variables, trial.variables, strict=True):
        one.assign(bare(value).numpy())
    trial.steps(2, first=2)
    again.steps(2, first=2)
    if not all(map(np.array_equal, trial.values(), again.values())):
        return "restored, it goes on otherwise: some state is not saved"
    return None


def config_makes_the_same(factory: Factory) -> Broken:
    """`from_config(get_config())` steps alike, and the config is plain data."""
    import numpy as np

    optimizer = factory()
    config = optimizer.get_config()
    try:
        # Both generations write numbers of NumPy as plain ones.
        json.dumps(config, default=lambda value: value.item())
    except (TypeError, AttributeError) as problem:
        return f"`get_config()` can't be written as JSON: {problem}"
    again = Trial(type(optimizer).from_config(config)).steps()
    if not all(map(np.array_equal, Trial(factory()).steps().values(), again.values())):
        return "the optimizer made from `get_config()` steps otherwise: a setting is missing in it"
    return None


def stateless_is_the_same(factory: Factory) -> Broken:
    """`stateless_apply` gives what `apply` does."""
    import tensorflow as tf

    trial = Trial(factory())
    if not hasattr(trial.optimizer, "stateless_apply"):
        raise NotApplicable("tf-keras has no `stateless_apply`")
    trial.optimizer.build(trial.variables)
    start = trial.values()
    weights = [one.value for one in trial.variables]
    state = [one.value for one in trial.optimizer.variables]
    for number in range(2):
        given = [tf.constant(one, tf.float32) for one in gradients(number)]
        try:
            weights, state = trial.optimizer.stateless_apply(state, given, weights)
        except ValueError as problem:
            if "not supported with the TensorFlow backend" in str(problem):
                raise NotApplicable("Keras does not offer it with TensorFlow") from None
            raise
    stateful = Trial(factory())
    for number in range(2):
        stateful.step(gradients(number))
    found = [tf.convert_to_tensor(one).numpy().astype("float64") for one in weights]
    if furthest(found, stateful.values(), start) > CLOSE:
        return "`stateless_apply` gives other weights than `apply`"
    return None


def instances_are_apart(factory: Factory) -> Broken:
    """Two of them, on two models, do not know of each other."""
    import numpy as np

    alone = Trial(factory()).steps(3)
    one, other = Trial(factory()), Trial(factory())
    if one.optimizer is other.optimizer:
        return "the factory gives one optimizer twice: it has to make a new one"
    for number in range(3):
        one.steps(1, first=number)
        other.steps(1, first=number, scale=-2.0)
    if not all(map(np.array_equal, alone.values(), one.values())):
        return "a second optimizer changes what the first does: they share state"
    return None


def order_does_not_matter(factory: Factory) -> Broken:
    """State belongs to a variable, not to a place in the list."""
    forward, back = Trial(factory()), Trial(factory())
    start = forward.values()
    forward.steps(3)
    back.steps(1)
    for number in (1, 2):
        for _ in range(back.period):
            back.step(gradients(number)[::-1], back.variables[::-1])
    if furthest(forward.values(), back.values(), start) > CLOSE:
        return "with the pairs in another order, variables get the state of others"
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
    ("clipnorm", _clips("clipnorm")),
    ("clipvalue", _clips("clipvalue")),
    ("global_clipnorm", _clips("global_clipnorm")),
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


def follows(factory: Factory, reference: Callable[..., Any]) -> Broken:
    """The optimizer does what a rule says, or an optimizer of optax."""
    trial = Trial(factory())
    start = trial.values()
    rule = _optax(reference) if hasattr(reference, "update") else _by_variable(reference)
    expected: Sequence[Any] = trial.values()
    state: Any = None
    for number in range(STEPS):
        trial.steps(1, first=number)
        expected, state = rule(expected, gradients(number), state)
        far = furthest(trial.values(), expected, start)
        if far > CLOSE:
            return f"at step {number + 1} the change differs by {far:.2g} of what the rule says"
    return None


Rule = Callable[[Sequence[Any], Sequence[Any], Any], tuple[Sequence[Any], Any]]


def _by_variable(reference: Callable[..., Any]) -> Rule:
    """A rule for one value, gradient and state, for all of them."""

    def rule(values: Sequence[Any], given: Sequence[Any], state: Any) -> Any:
        states = state or [None] * len(values)
        made = [reference(*parts) for parts in zip(values, given, states, strict=True)]
        return [one for one, _ in made], [after for _, after in made]

    return rule


def _optax(reference: Any) -> Rule:
    """A transformation of gradients as optax has them: `init` and `update`."""
    import numpy as np

    def rule(values: Sequence[Any], given: Sequence[Any], state: Any) -> Any:
        narrow, slopes = ([np.asarray(one, np.float32) for one in part] for part in (values, given))
        state = reference.init(narrow) if state is None else state
        updates, state = reference.update(slopes, state, narrow)
        made = [value + np.asarray(one) for value, one in zip(narrow, updates, strict=True)]
        return [one.astype(np.float64) for one in made], state

    return rule
