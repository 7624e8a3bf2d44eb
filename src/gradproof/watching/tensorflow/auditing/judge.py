"""The arithmetic of the audit: what should stand after a step, what does."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ....evidence.ledger import Audit
from ..kinds import bare
from ..measuring.sites import last_row
from .optimizer_state import array_of, clipped, clips, decays, slots_of
from .predicting import Book, book_of, moment_of, plain_step, prediction
from .rules import Array, Moment, recovered

if TYPE_CHECKING:
    from .openings import Entry, Opened

SPACING = {"float16": 2.0**-10, "bfloat16": 2.0**-7, "float32": 2.0**-23, "float64": 2.0**-52}
"""Distance of neighbouring values of a type, as a part of the value."""

RELATIVE = {"float16": 0.05, "bfloat16": 0.1}
"""By how much a change computed in a type may differ from the exact one."""


def eager_audits(opened: Opened, step: int, rate: float | None) -> list[Audit]:
    """The audits of an eager step, whose gradients are known.

    Args:
        opened: What stood before it.
        step: Its index.
        rate: Learning rate in force, as far as it was measured before.
    """
    book = book_of(opened, step, rate)
    if book is None:
        return []
    given = [entry for entry in opened.entries if entry.handed is not None]
    scaled = [_unscaled(book, entry) for entry in given]
    finite = all(bool(np.isfinite(one).all()) for one in scaled)
    if not finite:
        book.skipped = True
    told = book.inner if clips(book.inner) else book.optimizer
    used = clipped(told, scaled) if finite else scaled
    audits = []
    for entry, gradient, unclipped in zip(given, used, scaled, strict=True):
        audit = _audit(book, entry, gradient, unclipped if clips(told) else None)
        if audit is not None:
            audits.append(audit)
    return audits


def traced_audits(opened: Opened) -> list[Audit]:
    """The audits of a step inside a traced function, told from the state."""
    row = last_row(opened.site)
    if row is None:
        return []
    index, norms, rate = row
    book = book_of(opened, index, rate)
    if book is None:
        return []
    handed = {key: norm for key, norm in norms.items() if norm is not None}
    handed = {key: norm / opened.scale for key, norm in handed.items()}
    share = _share(book, handed)
    audits = []
    for entry in opened.entries:
        norm = handed.get(entry.key)
        if norm is None:
            continue
        bound = None if share is None else share.get(entry.key)
        audit = _audit(book, entry, _told(book, entry), None, norm, bound)
        if audit is not None:
            audits.append(audit)
    return audits


def _unscaled(book: Book, entry: Entry) -> Array:
    """A handed gradient, unscaled and averaged as the optimizer does it."""
    gradient = np.zeros(()) if entry.handed is None else entry.handed
    gradient = gradient / book.opened.scale
    every = getattr(book.inner, "gradient_accumulation_steps", None)
    if every and not book.skipped:
        held = 0.0 if entry.pending is None else entry.pending
        gradient = (gradient + held) / every
    return gradient


def _share(book: Book, handed: dict[int, float]) -> dict[int, float] | None:
    """Norms that clipping by norm leaves; `None` where norms don't tell."""
    if getattr(book.inner, "gradient_accumulation_steps", None):
        return None
    told = book.inner if clips(book.inner) else book.optimizer
    if getattr(told, "clipvalue", None):
        return None
    each = getattr(told, "clipnorm", None)
    whole = getattr(told, "global_clipnorm", None)
    if each:
        return {key: min(norm, float(each)) for key, norm in handed.items()}
    if whole:
        total = float(np.sqrt(sum(norm**2 for norm in handed.values())))
        return {key: norm * whole / max(total, whole) for key, norm in handed.items()}
    return handed


def _told(book: Book, entry: Entry) -> Array | None:
    """The gradient that a traced step must have used, told from the state."""
    variable = entry.variable()
    if variable is None or book.rate is None or not book.opened.rule.known:
        return None
    if not getattr(book.inner, "built", getattr(book.inner, "_built", True)):
        return None  # a class of the user's passed by the one that would have built it
    moment = moment_of(book, entry, variable, np.zeros_like(entry.value))
    after = slots_of(book.inner, book.opened.rule, variable)
    if set(after) != set(entry.slots):
        return None
    change = array_of(variable) - moment.value
    return recovered(book.opened.rule.name, moment, after, change)


def _audit(
    book: Book,
    entry: Entry,
    gradient: Array | None,
    unclipped: Array | None,
    handed: float | None = None,
    bound: float | None = None,
) -> Audit | None:
    """The audit of one variable.

    Args:
        book: The step.
        entry: The variable before it.
        gradient: As the rule uses it.
        unclipped: The same without the optimizer's clipping, if it clips.
        handed: Norm of the gradient as handed over, if it was measured only.
        bound: Norm that clipping leaves of it.
    """
    variable = entry.variable()
    if variable is None:
        return None
    change = array_of(variable) - entry.value
    if gradient is not None and bound and not gradient.any() and not change.any():
        # A standstill does not tell the gradient of a rule without state.
        gradient = None
    moment, predicted = prediction(book, entry, variable, gradient)
    taken_norm, handed_norm = _gradient_norms(book, entry, handed)
    still = gradient is None and not change.any()
    expected, wanted = _wanted(book, variable, change, predicted, bound if still else None)
    audit = Audit(
        book.opened.apply,
        book.step,
        entry.key,
        book.opened.rule.name,
        own=book.opened.rule.own,
        value_norm=_norm(entry.value),
        taken_norm=taken_norm,
        gradient_norm=handed_norm,
        used_norm=None if gradient is None else _norm(gradient),
        predicted_norm=expected,
        change_norm=_norm(change),
        along=_along(change, entry.handed if entry.handed is not None else gradient),
        elements=int(change.size),
        wanted=int(wanted.sum()),
        rounded=int((wanted & (change == 0)).sum()),
        idle=_idle(book, variable),
        terms=_terms(book, variable, moment, predicted),
    )
    if predicted is not None:
        slack = _slack(predicted, entry.value, str(bare(variable).dtype.base_dtype.name))
        audit = replace(audit, error=_norm(change - predicted), slack=slack)
        audit = _bounded(audit, _norm(moment.gradient), handed, bound)
    if unclipped is not None:
        _, raw = prediction(book, entry, variable, unclipped)
        audit = replace(audit, unclipped_error=None if raw is None else _norm(change - raw))
    return _masked(audit, entry, change)


def _gradient_norms(
    book: Book, entry: Entry, handed: float | None
) -> tuple[float | None, float | None]:
    """Norms of the gradient as the tape gave it, and as it was handed over."""
    norm = None if handed is None else handed * book.opened.scale
    if entry.handed is not None:
        norm = _norm(entry.handed)
    if entry.taken is not None:
        return _norm(entry.taken), norm
    return norm if entry.direct else None, norm


def _wanted(
    book: Book, variable: Any, change: Array, predicted: Array | None, bound: float | None
) -> tuple[float | None, Array]:
    """Norm of the change that the rule wants, and the elements that it wants to change.

    Of a variable that stood still the norm of its gradient may be all that is known: `bound`.
    """
    if predicted is not None:
        return _norm(predicted), predicted != 0
    expected = plain_step(book, variable, bound) if bound else None
    return expected, np.full(change.shape, expected is not None)


def _bounded(audit: Audit, used: float, handed: float | None, bound: float | None) -> Audit:
    """The audit of a traced step whose gradient is not as long as clipping leaves it."""
    if bound is None or abs(used - bound) <= 0.01 * bound + 1e-6:
        return audit
    predicted = audit.predicted_norm or 0.0
    return replace(
        audit,
        error=max(audit.error or 0.0, abs(used - bound) / max(bound, 1e-30) * predicted),
        unclipped_error=0.0 if handed and abs(used - handed) < 0.01 * handed else None,
        predicted_norm=predicted * bound / max(used, 1e-30),
    )


def _masked(audit: Audit, entry: Entry, change: Array) -> Audit:
    """The audit with what was masked of the gradient, and moved all the same."""
    hidden = _hidden(entry)
    earlier, entry.masked = entry.earlier, hidden
    return replace(
        audit,
        masked=int(hidden.sum()),
        masked_before=0 if earlier is None else int((hidden & earlier).sum()),
        masked_moved=int((hidden & (change != 0)).sum()),
        masked_norm=_norm(change[hidden]),
    )


def _along(change: Array, direction: Array | None) -> float | None:
    """Cosine of a change and the way down."""
    if direction is None or not change.any() or not direction.any():
        return None
    return -float(np.sum(change * direction)) / (_norm(change) * _norm(direction))


def _slack(predicted: Array, value: Array, dtype: str) -> float:
    """By how much rounding may set a change off, as a norm."""
    spacing = SPACING.get(dtype, 2.0**-23)
    return RELATIVE.get(dtype, 2e-3) * _norm(predicted) + 2.0 * spacing * _norm(value) + 1e-12


def _hidden(entry: Entry) -> Array:
    """Elements whose gradient was taken and not handed over."""
    if entry.masked is not None:
        return entry.masked
    if entry.taken is None or entry.handed is None or entry.taken.shape != entry.handed.shape:
        return np.zeros(entry.value.shape, bool)
    hidden: Array = (entry.handed == 0) & (entry.taken != 0)
    return hidden


def _idle(book: Book, variable: Any) -> tuple[str, ...]:
    after = slots_of(book.inner, book.opened.rule, variable)
    return tuple(
        name
        for name, slot in after.items()
        if slot.shape == tuple(variable.shape) and not slot.any()
    )


def _terms(
    book: Book, variable: Any, moment: Moment, predicted: Array | None
) -> tuple[tuple[str, float], ...]:
    """The rule's terms as norms, its constants as they are."""
    terms: list[tuple[str, float]] = []
    if book.rate is not None:
        terms.append(("learning rate", book.rate))
    if book.opened.scale != 1.0:
        terms.append(("loss scale", book.opened.scale))
    decay = decays(book.inner, variable)
    if decay:
        terms.append(("weight decay", decay))
    if predicted is not None:
        terms += [(name, _norm(term)) for name, term in moment.terms.items()]
    return tuple(terms)


def _norm(array: Array) -> float:
    return float(np.sqrt(np.sum(np.square(array))))
