"""Names, numbers and texts of users as a page shows them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import datetime
from math import isfinite, isnan

from markupsafe import Markup, escape

_SPLIT = re.compile(r"`([^`]+)`")


def visible(value: object) -> object:
    """A text without characters that hide, reorder or break what is read.

    Names and source are other people's: a mark that turns the direction of
    writing, or a lone half of a character, is shown by its number.
    """
    if not isinstance(value, str) or isinstance(value, Markup) or value.isascii():
        return _plain(value) if type(value) is str else value
    return "".join(map(_shown, value))


def _plain(text: str) -> str:
    return text if text.isprintable() else "".join(map(_shown, text))


def _shown(character: str) -> str:
    if character in "\n\t" or character.isprintable():
        return character
    # Spaces other than the plain one are not printable, but do no harm.
    if unicodedata.category(character) == "Zs":
        return character
    return f"\\u{ord(character):04x}"


def ticked(text: str) -> Markup:
    """A sentence with its `names` as code."""
    parts = _SPLIT.split(text)
    shown = (
        Markup("<code>{}</code>").format(visible(part)) if at % 2 else escape(visible(part))
        for at, part in enumerate(parts)
    )
    return Markup("").join(shown)


def number(value: float | int | None) -> str:
    """A measured number in three digits."""
    if value is None:
        return "none"
    if isinstance(value, int):
        return f"{value:,}"
    if isnan(value):
        return "NaN"
    return f"{value:.3g}" if isfinite(value) else ("infinite" if value > 0 else "-infinite")


def counted(count: int, noun: str) -> str:
    """A number with its noun."""
    return f"{count:,} {noun if count == 1 else noun + 's'}"


def moment(text: object) -> str:
    """A time of a record in UTC, to the minute; empty if there is none."""
    try:
        return datetime.fromisoformat(str(text)).strftime("%Y-%m-%d %H:%M UTC")
    except ValueError:
        return ""


def lasting(start: object, end: object) -> str:
    """How long something took; empty if that is not known."""
    try:
        seconds = (
            datetime.fromisoformat(str(end)) - datetime.fromisoformat(str(start))
        ).total_seconds()
    except (ValueError, TypeError):
        return ""
    if seconds < 100:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def short(names: tuple[str, ...], most: int = 5) -> Iterator[str]:
    """The first names, in backticks, and a count of the others."""
    yield from (f"`{name}`" for name in names[:most])
    if len(names) > most:
        yield f"{len(names) - most} more"
