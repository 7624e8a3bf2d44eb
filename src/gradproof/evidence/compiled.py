"""What XLA refused to compile, told by the exception that ended the program."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..finding import Place, Span
from .run import Run

_REFUSED = re.compile(r"unsupported operations|tf2xla conversion failed|XLA compilation requires")
_NAMED = re.compile(r"on XLA_\w+: (\w+) \(No registered|with op (\w+) must be a compile-time")
_LINE = re.compile(r'File "([^"]+)", line (\d+)')


@dataclass(frozen=True)
class Refused:
    """An operation that XLA can't compile.

    Attributes:
        operation: TensorFlow's name of it; empty if the message has none.
        why: `"kernel"` (XLA has none) or `"shape"` (a shape is known only
            when the step runs).
        place: The user's line that makes it.
        called: The user's line that called the compiled function.
    """

    operation: str
    why: str
    place: Place
    called: Place


def refused(run: Run) -> Refused | None:
    """The operation whose compilation ended the program."""
    crash = run.crash
    if crash is None or not crash.places:
        return None
    if not _REFUSED.search(crash.message) or "XLA" not in crash.message.upper():
        return None
    named = _NAMED.search(crash.message)
    called = crash.places[-1]
    # The message leaves out the first slash of a path.
    files = {_name(place.path): place.path for place in crash.places}
    told = [
        Place(files[_name(path)], Span(int(line)))
        for path, line in _LINE.findall(crash.message)
        if _name(path) in files
    ]
    operation = (named.group(1) or named.group(2)) if named is not None else ""
    why = "shape" if "compile-time constant" in crash.message else "kernel"
    return Refused(operation, why, told[-1] if told else called, called)


def _name(path: str) -> str:
    return path.replace("\\", "/").rsplit("/", 1)[-1]
