"""Exceptions that a signal handler of the program raised while our code ran.

A timeout by `SIGALRM` may come at any moment, in a hook of the watcher too. It is
the program's own and has to get out, whatever is forgiven there.
"""

from __future__ import annotations

import signal
from types import CodeType
from typing import Any


def theirs(problem: BaseException) -> bool:
    """Says whether an exception came out of a signal handler."""
    handlers = {_code(signal.getsignal(number)) for number in signal.valid_signals()} - {None}
    level = problem.__traceback__
    while level is not None:
        if level.tb_frame.f_code in handlers:
            return True
        level = level.tb_next
    return False


def _code(handler: Any) -> CodeType | None:
    """The code of a handler in Python: a function, a method, a partial or a callable object."""
    handler = getattr(handler, "func", handler)
    called = handler if hasattr(handler, "__code__") else vars(type(handler)).get("__call__")
    found = getattr(called, "__code__", None)
    return found if isinstance(found, CodeType) else None
