"""What a user's own update rule did wrong, told from measured and audited steps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import isfinite

from ..finding import Place
from .applies import Apply, Optimizer, Step, Update
from .gradients import GradientCall
from .ledger import Audit
from .reductions import number
from .run import Run
from .updating import PLAIN, arithmetic, written

STEPS = 6
"""Steps that variables have to stand still before that means something."""

HUGE = 1e6
"""A norm beyond which a change may overflow by itself."""


@dataclass(frozen=True)
class Misrule:
    """Something that an own rule did to variables.

    Attributes:
        apply: Where gradients were handed to it.
        kind: `"still"` (they never change), `"uphill"` (they move along the
            gradient), `"idle"` (a slot stays zero) or `"not finite"` (the
            change is not, though gradient and value are).
        variables: Keys.
        step: First step at which it shows.
        steps: Steps that were looked at.
        slot: Name of the slot that stays zero.
        edge: The division that makes a change by hand infinite, if it is known.
    """

    apply: Apply
    kind: str
    variables: tuple[int, ...]
    step: int
    steps: int
    slot: str = ""
    edge: Place | None = None


def rule_place(run: Run, apply: Apply) -> Place | None:
    """Where the rule stands by which an apply call changes variables."""
    for optimizer in run.optimizers:
        if optimizer.key == apply.optimizer and optimizer.rule_at is not None:
            return optimizer.rule_at
    return apply.place


def own_place(run: Run, apply: Apply) -> Place | None:
    """Where the user's class has its rule, or else takes the gradients."""
    place = rule_place(run, apply)
    found = next((one for one in run.optimizers if one.key == apply.optimizer), None)
    if place == apply.place and found is not None and found.applied_at is not None:
        return found.applied_at
    return place


def swallows(run: Run, optimizer: Optimizer, call: GradientCall) -> bool:
    """A class of the user's worked on the gradients of a call, and never handed any on."""
    where = optimizer.applied_at
    if where is None or any(apply.optimizer == optimizer.key for apply in run.applies):
        return False
    return any(
        one.place is not None and one.place.overlaps(where)
        for one in run.recording(call.recording).operations[call.at :]
    )


def misrules(run: Run) -> Iterator[Misrule]:
    """What own rules did wrong, at most one thing at each apply call."""
    for apply in run.applies:
        audits = [audit for audit in run.audits if audit.apply == apply.key and audit.own]
        steps = run.steps_of(apply.key)
        if apply.by_hand:
            continue
        own = audits or rule_place(run, apply) != apply.place
        for look in (_not_finite, _still, _uphill, _idle) if own else (_not_handed_on,):
            found = look(run, apply, steps, audits)
            if found is not None:
                yield found
                break
    yield from _by_hand(run)


def _by_hand(run: Run) -> Iterator[Misrule]:
    """Changes by hand that are not finite, though gradient and value are: one for each line."""
    found: dict[Place | None, Misrule] = {}
    for apply in run.applies:
        steps = run.steps_of(apply.key) if apply.by_hand else ()
        zero, edge = _edge(run, apply) if any(map(_infinite, steps)) else (False, None)
        # Of a gradient that comes by way of other variables no norm is known.
        one = _not_finite(run, apply, steps, []) or (_at_zero(apply, steps[0]) if zero else None)
        if one is None:
            continue
        known = found.setdefault(apply.place, replace(one, edge=edge))
        names = dict.fromkeys((*known.variables, *one.variables))
        found[apply.place] = replace(known, variables=tuple(names))
    yield from found.values()


def _infinite(step: Step) -> bool:
    return any(not isfinite(update.change_norm) for update in step.updates)


def _at_zero(apply: Apply, step: Step) -> Misrule | None:
    keys = tuple(
        update.variable
        for update in step.updates
        if update.value_norm < HUGE
        and not isfinite(update.change_norm)
        and isfinite(update.gradient_norm or 0.0)
    )
    return Misrule(apply, "not finite", keys, step.index, step.index) if keys else None


def _edge(run: Run, apply: Apply) -> tuple[bool, Place | None]:
    """A division by 0 behind a change by hand, or one by `1 - decay ** step`; is it 0 for sure?"""
    recording = run.recording(apply.recording)
    end = written(recording, apply)
    for operation in arithmetic(run, recording, end, through=True) if end is not None else ():
        if operation.type not in ("RealDiv", "Div") or len(operation.inputs) != 2:
            continue
        divisor = recording.behind(operation.inputs[1], PLAIN)
        if number(recording, divisor.index) == 0.0:
            return True, operation.place
        terms = [recording.behind(one, PLAIN) for one in divisor.inputs]
        powers = [one for one in terms if one.type == "Pow"] if divisor.type == "Sub" else []
        if powers:
            zero = number(recording, powers[0].inputs[1]) == 0.0
            return zero, operation.place
    return False, None


def _not_finite(
    run: Run, apply: Apply, steps: tuple[Step, ...], audits: list[Audit]
) -> Misrule | None:
    for step in steps:
        keys = tuple(update.variable for update in step.updates if _broken(update))
        if keys:
            return Misrule(apply, "not finite", keys, step.index, step.index)
    broken = [audit for audit in audits if _made_infinite(audit)]
    if broken:
        keys = tuple(dict.fromkeys(audit.variable for audit in broken))
        return Misrule(apply, "not finite", keys, broken[0].step, broken[0].step)
    return None


def _made_infinite(audit: Audit) -> bool:
    gradient = audit.gradient_norm
    return (
        gradient is not None
        and gradient < HUGE
        and audit.value_norm < HUGE
        and not isfinite(audit.change_norm)
    )


def _broken(update: Update) -> bool:
    gradient = update.gradient_norm
    return (
        gradient is not None
        and isfinite(gradient)
        and gradient < HUGE
        and update.value_norm < HUGE
        and not isfinite(update.change_norm)
    )


def _still(run: Run, apply: Apply, steps: tuple[Step, ...], audits: list[Audit]) -> Misrule | None:
    """Variables with a gradient that never moved, not even once."""
    last = max((step.index for step in steps), default=0)
    if last < STEPS or run.early or not any(step.learning_rate for step in steps):
        return None
    pushed: set[int] = set()
    for step in steps:
        for update in step.updates:
            if update.gradient_norm and isfinite(update.gradient_norm):
                pushed.add(update.variable)
    moved = {
        update.variable for step in steps for update in step.updates if update.change_norm != 0
    }
    # Steps in a loop inside a function are measured, and not audited.
    known = {audit.variable for audit in audits} or pushed
    keys = tuple(sorted((pushed & known) - moved))
    return Misrule(apply, "still", keys, 1, last) if keys else None


def _not_handed_on(
    run: Run, apply: Apply, steps: tuple[Step, ...], audits: list[Audit]
) -> Misrule | None:
    """The user's class takes the gradients, and nothing comes of them: no sum of them, either."""
    place = own_place(run, apply)
    if place == apply.place or place is None or not run.finished:
        return None
    kept = (where for one in run.assigned for where in one.places)
    if any(where.path == place.path and where.span.overlaps(place.span) for where in kept):
        return None
    return _still(run, apply, steps, audits)


def _uphill(run: Run, apply: Apply, steps: tuple[Step, ...], audits: list[Audit]) -> Misrule | None:
    """Each change goes along its gradient, and the loss grows with it."""
    known = [(audit.step, audit.variable, audit.along) for audit in audits]
    # Steps of a traced loop are measured, and not audited with their gradients.
    known += [(step.index, one.variable, one.along) for step in steps for one in step.updates]
    known = [one for one in known if one[2] is not None and one[0] <= 3]
    losses = [step.loss for step in steps if step.loss is not None]
    if len({step for step, _, _ in known}) < 2 or len(losses) < 2 or losses[-1] <= losses[0]:
        return None
    # By signs, or by element, a step goes along the gradient without being parallel to it.
    if all(along is not None and along < -0.3 for _, _, along in known):
        keys = tuple(dict.fromkeys(key for _, key, _ in known))
        return Misrule(apply, "uphill", keys, known[0][0], len(losses))
    return None


def _idle(run: Run, apply: Apply, steps: tuple[Step, ...], audits: list[Audit]) -> Misrule | None:
    """A slot that is still all zeros for every variable, whatever the gradients were."""
    by_step: dict[int, list[Audit]] = {}
    for audit in audits:
        if audit.gradient_norm and audit.change_norm:
            by_step.setdefault(audit.step, []).append(audit)
    if len(by_step) < 2 or max(by_step) < 3:
        return None
    names = set.intersection(*(set(audit.idle) for found in by_step.values() for audit in found))
    for name in sorted(names):
        keys = tuple(dict.fromkeys(audit.variable for audit in audits))
        return Misrule(apply, "idle", keys, min(by_step), max(by_step), name)
    return None
