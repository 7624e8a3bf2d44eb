"""Branches of traced functions that apply gradients, and that no step has taken."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .applies import Apply
from .gradients import GradientCall
from .recording import Operation, Recording
from .run import PATIENCE, Run

_BRANCHES = frozenset({"If", "StatelessIf"})
_FINITE = frozenset({"IsFinite", "IsNan", "IsInf"})


@dataclass(frozen=True)
class Untaken:
    """An optimizer that would be applied in a branch, and never was.

    Attributes:
        call: The gradient call before the branch.
        apply: The apply call in it.
        branch: The operation that chooses between the branches.
        names: Paths of the variables that did not move.
        finite: It is chosen by whether the gradients are finite.
    """

    call: GradientCall
    apply: Apply
    branch: Operation
    names: tuple[str, ...]
    finite: bool


def untaken(run: Run) -> Iterator[Untaken]:
    """Finds optimizers that made no step in all of a run, though gradients were computed."""
    if not run.finished or run.crash is not None or run.unwatched:
        return
    worked = {apply.optimizer for apply in run.applies if run.steps_of(apply.key)}
    for apply in run.applies:
        branches = run.recording(apply.recording).function or ""
        if apply.optimizer is None or apply.optimizer in worked or apply.error is not None:
            continue
        keys = [pair.variable for pair in apply.pairs if pair.variable is not None]
        if not apply.traced or not branches.startswith("cond_") or run.moved.intersection(keys):
            continue
        for call in run.calls:
            branch = _branch(run, call, apply)
            if branch is not None and set(keys) & set(call.reached) and call.times >= PATIENCE:
                recording = run.recording(call.recording)
                names = tuple(run.path(key) for key in keys)
                yield Untaken(call, apply, branch, names, _finite(recording, call, branch))
                break


def _branch(run: Run, call: GradientCall, apply: Apply) -> Operation | None:
    """The first choice between branches that is made after the gradients are there."""
    if not call.traced or call.recording == apply.recording or call.error is not None:
        return None
    operations = run.recording(call.recording).operations[call.at :]
    found = (one for one in operations if one.type in _BRANCHES and one.place is not None)
    return next(found, None)


def _finite(recording: Recording, call: GradientCall, branch: Operation) -> bool:
    """Says whether it is asked before the branch if the gradients are finite.

    A branch is recorded with what comes out of it, not with its condition.
    """
    results = {source.result for source in call.sources if source.result is not None}
    return any(
        recording.operations[index].type in _FINITE
        for index in recording.descendants(results)
        if index < branch.index
    )
