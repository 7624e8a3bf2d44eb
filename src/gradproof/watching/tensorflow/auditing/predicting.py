"""What an optimizer's rule makes of what stood before a step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..generations import of_keras_2
from ..kinds import bare
from ..pairs import inner_of
from .optimizer_state import decays, rate_of
from .rules import RULES, Array, Moment

if TYPE_CHECKING:
    from .openings import Entry, Opened


@dataclass
class Book:
    """What one audited step was computed from."""

    opened: Opened
    optimizer: Any
    inner: Any
    rate: float | None
    step: int
    skipped: bool


def book_of(opened: Opened, step: int, rate: float | None) -> Book | None:
    """The step that was opened; nothing if its optimizer is gone."""
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
    return Book(opened, optimizer, inner, rate, step, skipped)


def own_step(book: Book) -> int:
    """Its number as the optimizer counts, from 1: several calls that add up are one."""
    every = getattr(book.inner, "gradient_accumulation_steps", None) or 1
    return int(book.opened.passed // every + 1)


def moment_of(book: Book, entry: Entry, variable: Any, gradient: Array) -> Moment:
    """What the rule is given, the variable decayed already."""
    rate = book.rate or 0.0
    value = entry.value * (1.0 - decays(book.inner, variable) * rate)
    return Moment(value, gradient, entry.slots, rate, own_step(book), book.inner)


def prediction(
    book: Book, entry: Entry, variable: Any, gradient: Array | None
) -> tuple[Moment, Array | None]:
    """The change that the rule predicts; `None` where it is not known."""
    usable = gradient if gradient is not None else np.zeros_like(entry.value)
    moment = moment_of(book, entry, variable, usable)
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


def _averaged(book: Book) -> bool:
    """In this step the optimizer puts the average of the weights in their place."""
    every = getattr(book.inner, "ema_overwrite_frequency", None)
    if not getattr(book.inner, "use_ema", False) or not every:
        return False
    return bool(own_step(book) % every == 0)


def plain_step(book: Book, variable: Any, used: float) -> float | None:
    """How far plain gradient descent would move, told from norms alone."""
    plain = book.opened.rule.name == "SGD" and not getattr(book.inner, "momentum", 0)
    if not plain or book.skipped or book.rate is None:
        return None
    return None if getattr(variable, "constraint", None) is not None else book.rate * used
