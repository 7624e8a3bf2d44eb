"""Changes by hand, named for what they are."""

from __future__ import annotations

from .applies import Apply
from .middle import middle
from .recording import Operation, Recording
from .run import Run
from .updating import PLAIN, SCALINGS, SUMS, written


def named(run: Run, apply: Apply) -> str:
    """What a change by hand is, in a few words; empty if that is not known.

    A step along the negative gradient is told by its measured direction, and
    its rate by the sizes of change and gradient; a copy, a moving average and
    a clip by the operations that make the new value.
    """
    updates = [update for step in run.steps_of(apply.key) for update in step.updates]
    along = [one.along for one in updates if one.along is not None]
    rates = [one.change_norm / one.gradient_norm for one in updates if one.gradient_norm]
    if along and rates and abs(middle(along)) > 0.999:
        sign = "-" if along[0] > 0 else "+"
        return f"along {sign}gradient, rate {middle(rates):.3g}"
    if apply.by != "assign":
        return ""
    recording = run.recording(apply.recording)
    end = written(recording, apply)
    if end is None or not end.inputs:
        return ""
    return _value(recording, recording.operations[end.inputs[-1]], end.writes)


def _value(recording: Recording, value: Operation, own: frozenset[int]) -> str:
    """What a new value is, told from the operation that made it."""
    while value.type in PLAIN and value.inputs:
        value = recording.operations[value.inputs[0]]
    if value.reads:
        return "" if value.reads & own else "a copy"
    if value.type == "ClipByValue" or "clip_by_value" in value.via:
        return "a clip of its value"
    if "clip_by_norm" in value.via:
        return "a projection of its value"
    if value.type in SUMS:
        terms = [_reads(recording, source) for source in value.inputs]
        if len(terms) == 2 and all(terms) and any(term == own for term in terms):
            return "a moving average" if any(term != own for term in terms) else ""
    return ""


def _reads(recording: Recording, index: int) -> frozenset[int]:
    """The variable behind a term such as `decay * average`."""
    operation = recording.operations[index]
    if operation.reads:
        return operation.reads
    if operation.type not in SCALINGS | frozenset(PLAIN) or not operation.inputs:
        return frozenset()
    whole = [one for one in operation.inputs if recording.operations[one].shape != ()]
    return _reads(recording, whole[0]) if len(whole) == 1 else frozenset()
