"""What `gradproof.prove` looks at beside the path, on request."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .report.text import told

if TYPE_CHECKING:
    from .watching.tensorflow.trying.rewind import State

OVERFIT_STEPS = 100
LEARNED = 0.9
"""Part of the first loss below which one batch has to bring it."""


NOTHING = 1e-12
"""A loss that has nowhere to fall to."""


@dataclass(frozen=True)
class Check:
    """Something that was asked for beside the path.

    Attributes:
        name: `"gradients"`, `"graph"` or `"overfit"`.
        holds: `None` if it can't be said.
        words: What was seen, with numbers.
    """

    name: str
    holds: bool | None
    words: str


def gradients(step: Callable[..., Any], args: Sequence[Any], state: State) -> Check:
    """Whether the tape's gradients agree with central differences."""
    from .watching.tensorflow.trying.differences import slopes

    try:
        found = slopes(step, args, state)
    except Exception as problem:
        return Check("gradients", None, f"not checked: called again, {_raised(problem)}")
    wrong = [one for one in found if one.holds is False]
    right = [one for one in found if one.holds]
    open_ones = [one for one in found if one.holds is None]
    if wrong:
        worst = wrong[0]
        taped = "None" if worst.taped is None else f"{worst.taped:.4g}"
        words = (
            f"the tape's slope for `{worst.variable}` is {taped}, central differences give "
            f"{worst.measured:.4g} ({len(wrong)} of {len(found)} differ)"
        )
        return Check("gradients", False, words)
    if not right:
        why = open_ones[0].why if open_ones else "the step takes no gradients of variables"
        return Check("gradients", None, f"not checked: {why}")
    words = f"{len(right)} of {len(found)} slopes agree with central differences"
    if open_ones:
        words += f"; the others can't be said: {open_ones[0].why}"
    return Check("gradients", True, words)


def graph(
    step: Callable[..., Any], args: Sequence[Any], state: State, inside: bool = False
) -> Check:
    """Whether the step does the same eagerly and traced.

    Args:
        step: Trains once.
        args: Its arguments.
        state: To go back to.
        inside: It calls traced functions, as `fit` does; then it need not be one itself.
    """
    from .watching.tensorflow.trying import trial

    try:
        with trial.run_eagerly():
            eager, again = (trial.changes(step, args, state) for _ in range(2))
    except Exception as problem:
        return Check("graph", None, f"not checked: run eagerly, {_raised(problem)}")
    if trial.apart(eager, again, {}):
        return Check("graph", None, "not checked: two eager steps from one state differ")
    try:
        traced = trial.changes(trial.retraced(step), args, state)
    except Exception as problem:
        if not inside or trial.is_traced(step):
            return Check("graph", False, f"traced, {_raised(problem)}")
        try:
            traced = trial.changes(step, args, state)
        except Exception as other:
            return Check("graph", None, f"not checked: called again, {_raised(other)}")
    found = trial.largest_difference(eager, traced)
    if found is None:
        return Check("graph", None, "not checked: the step changes nothing")
    words = "eager and traced differ most in `{0.name}`: {0.relative:.2g} relative"
    if found.relative <= trial.SAME:
        return Check("graph", True, words.format(found))
    coarsest = trial.coarsest_of(step, args, state)
    noise = trial.noise(step, args, state, eager, coarsest)
    if beyond := trial.apart(eager, traced, noise):
        return Check("graph", False, words.format(beyond))
    return Check("graph", True, f"{words.format(found)}, as rounding to {coarsest} does")


def overfit(step: Callable[..., Any], args: Sequence[Any], state: State) -> Check:
    """Whether the loss of one batch can be brought down."""
    from .watching.tensorflow.trying import trial

    losses = []
    try:
        for _ in range(OVERFIT_STEPS):
            loss = trial.scalar_of(step(*args))
            if loss is None:
                return Check("overfit", None, "not checked: the step returns no loss")
            losses.append(loss)
    except Exception as problem:
        words = f"not checked: at step {len(losses) + 1}, {_raised(problem)}"
        return Check("overfit", None, words)
    finally:
        state.restore()
    first, last = losses[0], min(losses[-10:])
    if abs(first) < NOTHING:
        return Check("overfit", None, f"not checked: the loss is {first:.4g} from the start")
    words = f"loss {first:.4g} to {last:.4g} in {OVERFIT_STEPS} steps on one batch"
    return Check("overfit", first - last > (1 - LEARNED) * abs(first), words)


def _raised(problem: Exception) -> str:
    """What a step said when it could not go on."""
    return f"the step raises {told(problem)}"
