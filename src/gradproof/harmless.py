"""Text from programs, and from strangers, as a terminal may have it."""

from __future__ import annotations

import re

_CONTROL = re.compile(
    "\x1b(?!\\[[0-9;]*m)|[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]"
)
"""What would move a cursor, begin a line, or turn the order of letters; not our colours."""


def harmless(text: str) -> str:
    """The text, with such characters written out."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)
