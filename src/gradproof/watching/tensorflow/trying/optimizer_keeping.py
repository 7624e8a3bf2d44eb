"""Whether an optimizer keeps its state: saved, copied, and beside another one."""

from __future__ import annotations

import json
from typing import Any

from ..kinds import bare
from .optimizer_trials import CLOSE, Broken, Factory, NotApplicable, Trial, furthest, gradients


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
