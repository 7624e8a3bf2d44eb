"""Wrapping attributes of the framework, and putting back the very originals."""

from __future__ import annotations

import functools
import gc
import inspect
import threading
from collections.abc import Callable
from typing import Any

from ..interrupts import theirs

_MISSING = object()


class Patches:
    """Attributes replaced by the watcher.

    Args:
        failed: Called with the exception when one of the watcher's own hooks
            raises; the watched program never sees that exception.
    """

    def __init__(self, failed: Callable[[BaseException], None]) -> None:
        self.failed = failed
        self.off = False
        self._undo: list[tuple[Any, str, Any]] = []
        self.lacking: list[str] = []
        self._inside = threading.local()

    def replace(self, owner: Any, name: str, value: Any) -> None:
        """Sets an attribute; `restore` puts the original back."""
        self._undo.append((owner, name, vars(owner).get(name, _MISSING)))
        setattr(owner, name, value)

    def restore(self) -> None:
        """Puts every original back, the last replaced first."""
        self.off = True
        while self._undo:
            owner, name, original = self._undo.pop()
            if original is _MISSING:
                delattr(owner, name)
            else:
                setattr(owner, name, original)

    def quietly(self, hook: Callable[..., Any] | None, *args: Any) -> Any:
        """Calls a hook of ours; an exception in it ends the watching only.

        Hooks don't see what they themselves cause: while one runs, other
        hooks of the same thread are not called. What a signal handler of the
        program raises meanwhile is the program's own. Garbage waits: what a
        hook keeps is much and no garbage, and TensorFlow's heap takes 80 ms to
        search.
        """
        if hook is None or self.off or getattr(self._inside, "hook", False):
            return None
        self._inside.hook = True
        collecting = gc.isenabled()
        try:
            gc.disable()
            return hook(*args)
        except Exception as problem:
            if theirs(problem):
                raise
            self.failed(problem)
            return None
        finally:
            if collecting:
                gc.enable()
            self._inside.hook = False

    def around(
        self,
        owner: Any,
        name: str,
        before: Callable[..., Any] | None = None,
        after: Callable[..., Any] | None = None,
        raised: Callable[..., Any] | None = None,
        prepare: Callable[..., Any] | None = None,
        unless: Callable[[Any], bool] | None = None,
    ) -> None:
        """Wraps a method of a class, or a function of a module, if it is there.

        Args:
            owner: The class.
            name: The method.
            before: `before(self, args, kwargs)` returns a note.
            after: `after(note, self, result)` runs when it returned.
            raised: `raised(note, self, exception)` runs when it raised.
            prepare: Gives the arguments to go on with, equal to those given;
                what it raises is the program's own (a generator's, say).
            unless: `unless(self)` says, and is quick about it, that nobody need look
                at this call.
        """
        original = vars(owner).get(name)
        if original is None:
            self.lacking.append(f"{getattr(owner, '__qualname__', owner.__name__)}.{name}")
            return
        quietly = self.quietly

        @functools.wraps(original)
        def watched(*args: Any, **kwargs: Any) -> Any:
            if unless is not None and unless(args[0]):
                return original(*args, **kwargs)
            if prepare is not None and not self.off:
                args = prepare(args)
            note = None
            try:
                if before is not None:
                    note = quietly(before, args[0], args[1:], kwargs)
                result = original(*args, **kwargs)
            except BaseException as problem:
                quietly(raised, note, args[0], problem)
                raise
            if after is not None:
                quietly(after, note, args[0], result)
            return result

        # AutoGraph leaves functions alone that carry this mark; the original
        # belongs to an allowlisted module, the wrapper does not.
        watched.autograph_info__ = None  # type: ignore[attr-defined]
        # Keras 3 reads the names of `__init__`'s arguments, which `wraps` hides
        # from `inspect.getfullargspec`.
        watched.__signature__ = inspect.signature(original)  # type: ignore[attr-defined]
        self.replace(owner, name, watched)
