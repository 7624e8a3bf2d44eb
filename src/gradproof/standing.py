"""How far the updates of each variable came, from a run and its diagnoses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite

from .answer import Standing
from .evidence.applies import Apply, Update
from .evidence.gradients import Source
from .evidence.handmade import named
from .evidence.run import Run
from .evidence.variable import Variable
from .fault import STAGES, Diagnosis
from .finding import Place

UNUSED = "not used"
"""Why a variable rests that no operation read."""

KEPT = "kept by hand"
"""What is assigned, and asked for no gradient: a slot, a copy, an average. It has no standing."""

UNRECORDED = "not recorded"
"""What was perhaps read and changed in traces past those that are recorded. It has none either."""


def standings(run: Run, diagnoses: Sequence[Diagnosis]) -> list[Standing]:
    """Says for each trainable model variable where its updates end.

    A diagnosis about the variable decides; without one the facts do. A
    variable that nobody asked to train rests, it is not broken.

    Args:
        run: What happened.
        diagnoses: As `diagnose` gave them for this run.

    Returns:
        One standing a variable, the broken ones first, by stage.
    """
    uses = _Uses.of(run)
    found = [
        _standing(variable, run, diagnoses, run.updates.get(variable.key, []), uses)
        for variable in run.variables
        if variable.role == "model" and variable.trainable and variable.copy_of is None
    ]
    # Counters and states of random generators are integers that nobody trains.
    counters = {variable.path for variable in run.variables if not _differentiable(variable)}
    found = [one for one in found if one.state != "resting" or one.variable not in counters]
    found = [one for one in found if one.why not in (KEPT, UNRECORDED)]
    order = {"broken": 0, "resting": 1, "moved": 2}
    return sorted(
        found, key=lambda one: (order[one.state], STAGES.index(one.stage) if one.stage else 0)
    )


@dataclass(frozen=True)
class _Uses:
    """Who asks for a gradient of each variable, and who hands it over."""

    sources: dict[int | None, list[Source]]
    applies: dict[int | None, list[Apply]]

    @staticmethod
    def of(run: Run) -> _Uses:
        sources: dict[int | None, list[Source]] = {}
        for call in run.calls:
            for source in call.sources:
                sources.setdefault(source.variable, []).append(source)
        applies: dict[int | None, list[Apply]] = {}
        for apply in run.applies:
            for key in dict.fromkeys(pair.variable for pair in apply.pairs):
                applies.setdefault(key, []).append(apply)
        return _Uses(sources, applies)


def rules(run: Run) -> tuple[str, ...]:
    """Names of what moved variables: optimizers, or `assign_sub` and the like."""
    return tuple(dict.fromkeys(apply.by for apply in run.applies if _passages([apply], run)))


def step_count(run: Run) -> int:
    """Number of steps that the program made.

    Steps of all optimizers together; without any, passages through the
    busiest place at which variables are changed by hand.
    """
    places: dict[tuple[int | None, Place | None], list[Apply]] = {}
    for apply in run.applies:
        if apply.replica:
            continue  # the same step as in the first replica
        places.setdefault((apply.optimizer, apply.place), []).append(apply)
    passages = {place: _passages(applies, run) for place, applies in places.items()}
    by_optimizer = sum(count for (optimizer, _), count in passages.items() if optimizer is not None)
    return by_optimizer or max(passages.values(), default=0)


def _passages(applies: Sequence[Apply], run: Run) -> int:
    """Times that a line was passed, in all its traces.

    A traced call is made once a trace only, so its measured steps count. An optimizer
    may be called several times in one trace; by hand it is one call for each variable.
    """
    traces: dict[int, list[int]] = {}
    for apply in applies:
        last = max((step.index for step in run.steps_of(apply.key)), default=0)
        traces.setdefault(apply.recording, []).append(last)
    together = max if applies[0].by_hand else sum
    measured = sum(together(counts) for counts in traces.values())
    return measured or sum(apply.counted for apply in applies if not apply.traced)


def _differentiable(variable: Variable) -> bool:
    return "float" in variable.dtype or "complex" in variable.dtype


def _standing(
    variable: Variable,
    run: Run,
    diagnoses: Sequence[Diagnosis],
    updates: Sequence[Update],
    uses: _Uses,
) -> Standing:
    told = _told(variable, diagnoses)
    state, stage, why = told or _shown(variable, run, updates, uses)
    moved = any(update.change_norm != 0 for update in updates)
    return Standing(variable.path, variable.shape, state, stage, why, moved, variable.key)


def _told(variable: Variable, diagnoses: Sequence[Diagnosis]) -> tuple[str, str, str] | None:
    """The earliest stage that a diagnosis names for this variable."""
    about = [
        (diagnosis, root)
        for root in diagnoses
        for diagnosis in _with_consequences(root)
        if variable.path in diagnosis.variables
        and diagnosis.level != "advice"
        and diagnosis.fault.stage != "cost"
    ]
    if not about:
        return None
    first, root = min(about, key=lambda pair: pair[0].fault.code)
    follows = "" if first is root else f", follows from {root.fault.code}"
    return "broken", first.fault.stage, f"{first.fault.code} {first.fault.name}{follows}"


def _with_consequences(diagnosis: Diagnosis) -> Iterator[Diagnosis]:
    yield diagnosis
    for consequence in diagnosis.consequences:
        yield from _with_consequences(consequence)


def _shown(
    variable: Variable, run: Run, updates: Sequence[Update], uses: _Uses
) -> tuple[str, str | None, str]:
    """State, stage and reason, from the facts alone."""
    changed = [update for update in updates if update.change_norm != 0]
    applied = uses.applies.get(variable.key, [])
    if changed:
        last = changed[-1]
        if not isfinite(last.change_norm):
            return "broken", "moved", "its value is no longer finite"
        by = _as_told(variable, run) or _by(applied, run)
        return "moved", None, f"changed by {last.change_norm:.3g} (norm) when last seen{by}"
    asked = uses.sources.get(variable.key, [])
    if asked and all(source.connected is False for source in asked):
        return "broken", "recorded", "its gradient is None: no recorded path to the loss"
    if run.unrecorded and not updates:
        return "resting", None, UNRECORDED
    if not asked and not applied:
        return _unasked(variable, run)
    if applied and not asked and not updates and all(apply.by_hand for apply in applied):
        return "resting", None, KEPT
    if applied:
        return _still(updates)
    return "broken", "applied", "its gradient was taken, but never applied"


def _still(updates: Sequence[Update]) -> tuple[str, str | None, str]:
    """Why a variable that was handed over did not change."""
    norms = [update.gradient_norm for update in updates if update.gradient_norm is not None]
    if not updates:
        return "resting", None, "handed to an optimizer, but no step was measured"
    if not norms:
        return "broken", "applied", "handed over without a gradient"
    if not all(isfinite(norm) for norm in norms):
        return "broken", "differentiated", "its gradient is not finite"
    if not any(norms):
        return "broken", "differentiated", "every element of its gradient is zero"
    return "broken", "moved", "its gradient was applied, but its value did not change"


def _unasked(variable: Variable, run: Run) -> tuple[str, str | None, str]:
    used = any(recording.reads_of(variable.key) for recording in run.recordings)
    if used:
        return "resting", None, "in no list that was differentiated or applied"
    return "resting", None, UNUSED


def _as_told(variable: Variable, run: Run) -> str:
    """What the audit of its steps found: the change that the rule says, or another."""
    audits = [one for one in run.audits if one.variable == variable.key and one.agrees is not None]
    if not audits or len({audit.apply for audit in audits}) > 1:
        return ""
    off = next((audit for audit in audits if not audit.agrees), None)
    if off is None:
        return f", as {audits[0].rule} says"
    return (
        f"; at step {off.step} by {off.change_norm:.3g}, where {off.rule} says "
        f"{off.predicted_norm or 0.0:.3g}"
    )


def _by(applied: Sequence[Apply], run: Run) -> str:
    names = []
    for apply in applied:
        at = _at(apply.place) if apply.by_hand and apply.place else ""
        what = named(run, apply) if apply.by_hand else ""
        names.append(apply.by + at + (f": {what}" if what else ""))
    # What is known of one pass through a line holds for the line.
    told = [one for one in dict.fromkeys(names) if not any(f"{one}:" in other for other in names)]
    return f" ({', '.join(told)})" if told else ""


def _at(place: Place) -> str:
    return f" at line {place.line}" + (f" of cell {place.cell}" if place.cell else "")
