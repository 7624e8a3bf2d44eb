"""Whether an optimizer follows a rule that is given beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .optimizer_trials import CLOSE, STEPS, Broken, Factory, Trial, furthest, gradients


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
