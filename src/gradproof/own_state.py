"""What Python code keeps for itself, and a trial does not put back."""

from __future__ import annotations

import functools
import hashlib
import inspect
import itertools
import linecache
import os
import types
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

LIBRARIES = ("tensorflow", "keras", "tf_keras", "numpy", "jax", "gradproof")
DEPTH = 3
"""Functions that call functions, so deep."""

MOST = 10_000
"""Values that are looked at; what a whole program holds is not."""


class OwnState:
    """Plain values within a function's reach, as they are when this is made.

    Looked at are the names that its code uses from outside, the attributes of
    its object and of objects of the user's own classes, and what the functions
    that it calls use; of containers only the length.

    Args:
        step: The function.
        args: Its arguments.
    """

    def __init__(self, step: Callable[..., Any], args: Sequence[Any]) -> None:
        self._step = step
        self._args = args
        self._seen = self._now()

    def changes(self) -> list[str]:
        """Sentences: what is another now, and iterators that may have moved on."""
        found = []
        now = self._now()
        for name, was in self._seen.items():
            if name not in now or now[name] == was:
                continue
            is_ = now[name]
            if isinstance(was, _Length) and isinstance(is_, _Length):
                found.append(f"`{name}` went from {was.size} to {is_.size} entries and stays so")
            elif isinstance(was, _Digest) or isinstance(is_, _Digest):
                found.append(f"`{name}` has other values than before and stays so")
            else:
                found.append(f"`{name}` went from {was!r:.40} to {is_!r:.40} and stays so")
        found += [
            f"argument {number} is an iterator: its place is not put back"
            for number, one in enumerate(self._args, 1)
            if hasattr(type(one), "__next__")
        ]
        names = {name for name, value in _reached(self._step) if hasattr(type(value), "__next__")}
        found += [f"`{name}` is an iterator: its place is not put back" for name in sorted(names)]
        return found

    def _now(self) -> dict[str, object]:
        found: dict[str, object] = {}
        for count, (name, value) in enumerate(_reached(self._step)):
            if count > MOST:
                break
            plain = _plain(value)
            if plain is not None:
                found[name] = plain[0]
        return found


class _Length:
    """Of a container; nothing else of it is compared."""

    def __init__(self, size: int) -> None:
        self.size = size

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Length) and other.size == self.size

    __hash__ = None  # type: ignore[assignment]


class _Digest(str):
    """Of the bytes of an array."""


def _plain(value: Any) -> tuple[object] | None:
    """What can be compared later, in a tuple; `None` if nothing can."""
    if isinstance(value, bool | int | float | complex | str | bytes | type(None)):
        return (value,)
    if isinstance(value, list | dict | set | deque):
        return (_Length(len(value)),)
    if type(value).__module__ == "numpy" and hasattr(value, "tobytes"):
        return (_Digest(hashlib.sha1(value.tobytes()).hexdigest()),)
    return None


def _reached(step: Any) -> Iterator[tuple[str, Any]]:
    """Names with their values, as the user's code would write them."""
    seen: set[int] = set()
    function, owner = _unwrapped(step)
    if owner is not None:
        yield from _attributes("self", owner, seen)
    yield from _of_function(function, seen, 0)


def traced_functions(step: Callable[..., Any]) -> list[Any]:
    """Every `tf.function` within a step's reach, those of its objects' classes too."""
    reached = [value for _, value in itertools.islice(_reached(step), MOST)]
    owner = _unwrapped(step)[1]
    for one in [owner, *reached]:
        if one is owner is not None or _is_own(one):
            reached += [
                value
                for kind in type(one).__mro__
                if kind.__module__.split(".")[0] not in LIBRARIES
                for value in vars(kind).values()
            ]
    found = {id(one): one for one in reached if _is_traced(one)}
    return list(found.values())


def _is_traced(value: Any) -> bool:
    kind = type(value)  # asking the value itself might wake up what is loaded lazily
    return hasattr(kind, "python_function") and hasattr(kind, "_clone")


def extent(step: Callable[..., Any]) -> tuple[str, int, int] | None:
    """The file of a function, with its first and last line."""
    code = getattr(_unwrapped(step)[0], "__code__", None)
    if code is None:
        return None
    return os.path.abspath(code.co_filename), code.co_firstlineno, _last_line(code)


def functions_of(path: str) -> list[tuple[int, int]]:
    """First and last line of every function in a file or cell; none if it is no Python."""
    linecache.checkcache(path)
    text = "".join(linecache.getlines(path))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the program has heard them already
            whole = compile(text, path, "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return []
    found = []
    for code in _codes(whole):
        # The bodies of a module and of a class are no functions.
        if code.co_flags & inspect.CO_OPTIMIZED:
            found.append((code.co_firstlineno, _last_line(code)))
    return found


def _codes(code: types.CodeType) -> list[types.CodeType]:
    """A piece of code, and all that is nested in it."""
    found = [code]
    for part in found:
        found += [one for one in part.co_consts if isinstance(one, types.CodeType)]
    return found


def _last_line(code: types.CodeType) -> int:
    lines = [line for part in _codes(code) for _, _, line in part.co_lines() if line is not None]
    return max(lines, default=0)


def _unwrapped(step: Any) -> tuple[Any, Any]:
    """The plain function behind a callable, and the object that it belongs to."""
    while True:
        if isinstance(step, functools.partial):
            step = step.func
        elif hasattr(step, "python_function"):
            step = step.python_function
        elif hasattr(step, "__wrapped__"):
            step = step.__wrapped__
        elif isinstance(step, types.MethodType):
            return step.__func__, step.__self__
        elif isinstance(step, types.FunctionType):
            return step, None
        else:
            kinds = (vars(kind) for kind in type(step).__mro__)
            call = next((kind["__call__"] for kind in kinds if "__call__" in kind), None)
            return (call, step) if isinstance(call, types.FunctionType) else (None, None)


def _of_function(function: Any, seen: set[int], depth: int) -> Iterator[tuple[str, Any]]:
    code = getattr(function, "__code__", None)
    if code is None or depth > DEPTH or id(function) in seen:
        return
    seen.add(id(function))
    cells = zip(code.co_freevars, function.__closure__ or (), strict=False)
    outside = {}
    for name, cell in cells:
        try:
            outside[name] = cell.cell_contents
        except ValueError:
            continue  # not assigned yet
    for name in _names(code):
        if name in function.__globals__:
            outside.setdefault(name, function.__globals__[name])
    for name, value in outside.items():
        inner, owner = _unwrapped(value) if callable(value) else (None, None)
        if owner is None and isinstance(inner, types.FunctionType):
            yield from _of_function(inner, seen, depth + 1)
        elif _is_own(value):
            yield from _attributes(name, value, seen)
        yield name, value


def _names(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names(constant)


def _attributes(name: str, owner: Any, seen: set[int]) -> Iterator[tuple[str, Any]]:
    """The attributes that an object's own class, not a library's, may have set."""
    if id(owner) in seen:
        return
    seen.add(id(owner))
    library = _from_library(type(owner))
    for attribute, value in list(getattr(owner, "__dict__", {}).items()):
        # Keras and TensorFlow keep their books on the same object.
        hidden = attribute.startswith("_") or attribute == "built"
        if not (library and (hidden or _plain(value) is None or isinstance(value, list | dict))):
            yield f"{name}.{attribute}", value


def _is_own(value: Any) -> bool:
    """An object of a class that the user wrote."""
    module = str(getattr(type(value), "__module__", "")).split(".")[0]
    return (
        hasattr(value, "__dict__")
        and module not in (*LIBRARIES, "builtins")
        and not isinstance(value, type | types.ModuleType | types.FunctionType)
    )


def _from_library(kind: type) -> bool:
    return any(base.__module__.split(".")[0] in LIBRARIES for base in kind.__mro__)
