"""Edits of several files in memory: their bytes, and the reading of these."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from ..editing import Unfit
from ..files import Unreadable, source_text
from ..finding import Edit
from ..reading import Reading
from .contents import mended_bytes


def changed_bytes(
    reading: Reading, edits: Sequence[Edit], known: Mapping[str, bytes]
) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """The files that edits change, as they are and as they are to be.

    Args:
        reading: The files.
        edits: In places as they are shown.
        known: Bytes of files that differ from what lies on disk.

    Raises:
        Unfit: The edits don't fit, or a file is not what was read.
    """
    before: dict[str, bytes] = {}
    after: dict[str, bytes] = {}
    for path in dict.fromkeys(edit.place.path for edit in edits):
        before[path] = known[path] if path in known else _bytes(reading, path)
        here = [edit for edit in edits if edit.place.path == path]
        after[path] = mended_bytes(before[path], path, here)
        if after[path] == before[path]:
            raise Unfit("the mend changes nothing")
    return before, after


def reread(reading: Reading, changed: Mapping[str, bytes]) -> Reading:
    """The reading with other contents of some files.

    Raises:
        Unreadable: A file is no Python with its new content.
    """
    texts = [source_text(data, path, path) for path, data in changed.items()]
    return reading.with_texts(texts)


def _bytes(reading: Reading, path: str) -> bytes:
    """What a file holds, if it is still what was read."""
    text = reading.text(path)
    try:
        with open(os.path.join(reading.start, path), "rb") as file:
            data = file.read()
        same = text is not None and source_text(data, path, path) == text
    except (OSError, Unreadable):
        same = False
    if not same:
        raise Unfit(f"{path} has changed since it was read")
    return data
