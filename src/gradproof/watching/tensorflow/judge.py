"""The arithmetic of the audit: what should stand after a step, what does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...evidence.ledger import Audit
from .generations import of_keras_2
from .kinds import bare
from .optimizer_state import array_of, clipped, clips, decays, rate_of, slots_of
from .pairs import inner_of
from .rules import RULES, Array, Moment, recovered
from .sites import last_row

if TYPE_CHECKING:
    from .audit import Entry, Opened

SPACING = {"float16": 2.0**-10, "bfloat16": 2.0**-7, "float32": 2.0**-23, "float64": 2.0**-52}
"""Distance of neighbouring values of a type, as a part of the value."""

RELATIVE = {"float16": 0.05, "bfloat16": 0.1}
"""By how much a change computed in a type may differ from the exact one."""


@dataclass
class _Book:
    """What one audited step was computed from."""

    opened: Opened
    optimizer: Any
    inner: Any
    rate: float | None
    step: int
    skipped: bool


def eager_audits(opened: Opened, step: int, rate: float | None) -> list[Audit]:
    """The audits of an eager step, whose gradients are known.

    Args:
        opened: What stood before it.
        step: Its index.
        rate: Learning rate in force, as far as it was measured before.
    """
    book = _book(opened, step, rate)
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
    book = _book(opened, index, rate)
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


def _book(opened: Opened, step: int, rate: float | None) -> _Book | None:
    optimizer = opened.optimizer()
    if optimizer is None:
        return None
    inner = inner_of(optimizer)
    # Keras 2 works its schedule out inside the call; Keras 3 reads it before.
    later = rate_of(inner)
    if of_keras_2(type(inner).__module__) or rate is None:
        rate = later if later is not None else rate
    every = getattr(inner, "gradient_accumulation_steps", None) or 1
    skipped = (opened.passed + 1) % every != 0
    return _Book(opened, optimizer, inner, rate, step, skipped)


def _local_step(book: _Book) -> int:
    every = getattr(book.inner, "gradient_accumulation_steps", None) or 1
    return int(book.opened.passed // every + 1)


def _unscaled(book: _Book, entry: Entry) -> Array:
    """A handed gradient, unscaled and averaged as the optimizer does it."""
    gradient = np.zeros(()) if entry.handed is None else entry.handed
    gradient = gradient / book.opened.scale
    every = getattr(book.inner, "gradient_accumulation_steps", None)
    if every and not book.skipped:
        held = 0.0 if entry.pending is None else entry.pending
        gradient = (gradient + held) / every
    return gradient


def _share(book: _Book, handed: dict[int, float]) -> dict[int, float] | None:
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


def _told(book: _Book, entry: Entry) -> Array | None:
    """The gradient that a traced step must have used, told from the state."""
    variable = entry.variable()
    if variable is None or book.rate is None or not book.opened.rule.known:
        return None
    moment = _moment(book, entry, variable, np.zeros_like(entry.value))
    after = slots_of(book.inner, book.opened.rule, variable)
    if set(after) != set(entry.slots):
        return None
    change = array_of(variable) - moment.value
    return recovered(book.opened.rule.name, moment, after, change)


def _moment(book: _Book, entry: Entry, variable: Any, gradient: Array) -> Moment:
    rate = book.rate or 0.0
    value = entry.value * (1.0 - decays(book.inner, variable) * rate)
    return Moment(value, gradient, entry.slots, rate, _local_step(book), book.inner)


def _audit(
    book: _Book,
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
    after = array_of(variable)
    change = after - entry.value
    dtype = str(bare(variable).dtype.base_dtype.name)
    if gradient is not None and bound and not gradient.any() and not change.any():
        # A standstill does not tell the gradient of a rule without state.
        gradient = None
    moment, predicted = _predicted(book, entry, variable, gradient)
    error = slack = loose = clipped_to = None
    if predicted is not None:
        slack = _slack(predicted, entry.value, dtype)
        error = _norm(change - predicted)
        used = _norm(moment.gradient)
        if bound is not None and abs(used - bound) > 0.01 * bound + 1e-6:
            error = max(error, abs(used - bound) / max(bound, 1e-30) * _norm(predicted))
            loose = 0.0 if handed and abs(used - handed) < 0.01 * handed else None
            clipped_to = _norm(predicted) * bound / max(used, 1e-30)
    if unclipped is not None:
        _, raw = _predicted(book, entry, variable, unclipped)
        loose = None if raw is None else _norm(change - raw)
    handed_norm = None if handed is None else handed * book.opened.scale
    handed_norm = handed_norm if entry.handed is None else _norm(entry.handed)
    along = None
    direction = entry.handed if entry.handed is not None else gradient
    if direction is not None and change.any() and direction.any():
        along = -float(np.sum(change * direction)) / (_norm(change) * _norm(direction))
    expected = None if predicted is None else _norm(predicted)
    expected = clipped_to if clipped_to is not None else expected
    wanted = np.zeros(change.shape, bool) if predicted is None else predicted != 0
    if predicted is None and gradient is None and bound and not change.any():
        expected = _expected(book, variable, bound)
        wanted = np.full(change.shape, expected is not None)
    hidden = _hidden(entry)
    earlier, entry.masked = entry.earlier, hidden
    return Audit(
        book.opened.apply,
        book.step,
        entry.key,
        book.opened.rule.name,
        book.opened.rule.own,
        _norm(entry.value),
        _norm(entry.taken) if entry.taken is not None else handed_norm if entry.direct else None,
        handed_norm,
        None if gradient is None else _norm(gradient),
        expected,
        _norm(change),
        error,
        slack or 0.0,
        loose,
        along,
        int(change.size),
        int(wanted.sum()),
        int((wanted & (change == 0)).sum()),
        int(hidden.sum()),
        0 if earlier is None else int((hidden & earlier).sum()),
        int((hidden & (change != 0)).sum()),
        _norm(change[hidden]),
        _idle(book, variable),
        _terms(book, variable, moment, predicted),
    )


def _expected(book: _Book, variable: Any, used: float) -> float | None:
    """How far plain gradient descent would move, told from norms alone."""
    plain = book.opened.rule.name == "SGD" and not getattr(book.inner, "momentum", 0)
    if not plain or book.skipped or book.rate is None:
        return None
    return None if getattr(variable, "constraint", None) is not None else book.rate * used


def _predicted(
    book: _Book, entry: Entry, variable: Any, gradient: Array | None
) -> tuple[Moment, Array | None]:
    """The change that the rule predicts; `None` where it is not known."""
    usable = gradient if gradient is not None else np.zeros_like(entry.value)
    moment = _moment(book, entry, variable, usable)
    rule = book.opened.rule
    if book.skipped and gradient is not None and np.isfinite(gradient).all():
        return moment, np.zeros_like(entry.value)
    known = rule.known and gradient is not None and book.rate is not None
    # Which variables Muon leaves to Adam shows in the state that it makes.
    known = known and (rule.name != "Muon" or bool(entry.slots))
    if not known or book.skipped or _averaged(book):
        return moment, None
    with np.errstate(all="ignore"):
        change = RULES[rule.name](moment)
    value = moment.value + change
    constraint = getattr(variable, "constraint", None)
    if constraint is not None:
        if not type(constraint).__module__.startswith(("keras.", "tf_keras.")):
            return moment, None
        value = _constrained(constraint, value, variable)
    return moment, value - entry.value


def _constrained(constraint: Any, value: Array, variable: Any) -> Array:
    import tensorflow as tf
    from tensorflow.python.eager import record

    with record.stop_recording():
        given = tf.constant(value.astype(bare(variable).dtype.as_numpy_dtype))
        return np.asarray(constraint(given)).astype(np.float64)


def _averaged(book: _Book) -> bool:
    """In this step the optimizer puts the average of the weights in their place."""
    every = getattr(book.inner, "ema_overwrite_frequency", None)
    if not getattr(book.inner, "use_ema", False) or not every:
        return False
    return bool(_local_step(book) % every == 0)


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


def _idle(book: _Book, variable: Any) -> tuple[str, ...]:
    after = slots_of(book.inner, book.opened.rule, variable)
    return tuple(
        name
        for name, slot in after.items()
        if slot.shape == tuple(variable.shape) and not slot.any()
    )


def _terms(
    book: _Book, variable: Any, moment: Moment, predicted: Array | None
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
