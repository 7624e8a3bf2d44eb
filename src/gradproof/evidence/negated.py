"""Targets that are errors with their sign turned."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite

from .directions import direction
from .errors import measures_error
from .gradients import GradientCall
from .recording import Operation
from .run import Run

FAR = 1e6
"""Times the first loss, from which on a loss has run off."""


def finite(losses: list[float]) -> list[float]:
    """Those that are numbers."""
    return [loss for loss in losses if isfinite(loss)]


def runs_off(losses: list[float]) -> bool:
    """They fall without end, until they are no numbers any more."""
    known = finite(losses)
    return len(known) < len(losses) or known[-1] < FAR * (known[0] - 1.0)


def negation(run: Run, call: GradientCall, kinds: frozenset[str]) -> Operation | None:
    """The operation that turns an error of one of these kinds around."""
    recording = run.recording(call.recording)
    end = recording.operations[call.targets[0].operation]
    turned = end.type == "Neg" and measures_error(recording, end.inputs[0], kinds)
    return end if turned else None


def stands_alone(run: Run, call: GradientCall) -> bool:
    """It has one target, and nothing else is differentiated by its sources."""
    keys = {source.variable for source in call.sources}
    opposed = any(
        one.place != call.place and not keys.isdisjoint({source.variable for source in one.sources})
        for one in run.calls
    )
    return not opposed and len(call.targets) == 1 and call.targets[0].operation >= 0


def falling_by_hand(run: Run) -> Iterator[tuple[GradientCall, list[float]]]:
    """Calls whose gradients are subtracted by hand, all of them, and their losses below zero."""
    for call in run.calls:
        applies = [one for one in run.applies if one.call == call.key]
        steps = [step for one in applies[:1] for step in run.steps_of(one.key)]
        losses = [step.loss for step in steps if step.loss is not None]
        known = finite(losses)
        falls = len(known) > 1 and max(known) <= 0.0 and known[-1] < known[0]
        if not falls or call.inner or not all(one.by_hand for one in applies):
            continue
        pairs = [(one, pair.variable) for one in applies for pair in one.pairs]
        down = all(key is None or direction(run, one, key) < 0 for one, key in pairs)
        whole = run.tape(call.tape).watched <= {key for _, key in pairs}
        if down and whole and stands_alone(run, call):
            yield call, losses
