"""Which of the user's functions can be called again without anybody noticing."""

from __future__ import annotations

import dis
import types
from collections.abc import Iterator
from typing import Any

STORES = frozenset(
    {"STORE_GLOBAL", "STORE_ATTR", "STORE_SUBSCR", "DELETE_ATTR", "DELETE_SUBSCR", "DELETE_GLOBAL"}
    | {"IMPORT_NAME", "YIELD_VALUE", "RETURN_GENERATOR"}
)
"""Instructions that change something, or run what nobody has looked at."""

IMPURE = (
    "random",
    "assign",
    "print",
    "numpy",
    "write",
    "append",
    "extend",
    "update",
    "pop",
    "variable",
    "py_func",
    "numpy_function",
    "dropout",
    "shuffle",
    "open",
    "save",
    "watch",
    "gradient",
    "summary",
    "debugging",
)
"""Parts of names of attributes that may change something, or draw at random."""

BUILTINS = frozenset(
    {"len", "range", "float", "int", "abs", "min", "max", "sum", "tuple", "list", "zip"}
    | {"enumerate", "isinstance", "bool", "reversed"}
)
PACKAGES = ("tensorflow", "keras", "tf_keras", "numpy", "math")
DEPTH = 3


def is_pure(function: Any, depth: int = 0) -> bool:
    """Reads the bytecode of a function, and of those that it calls."""
    code = getattr(function, "__code__", None)
    if code is None or depth > DEPTH:
        return False
    inner = list(_codes(code))
    made = {name for part in inner for name in part.co_cellvars}
    for name in code.co_freevars:
        if not _harmless(_cell(function, code, name), depth):
            return False
    return all(_quiet(part, made, function, depth) for part in inner)


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes(constant)


def _quiet(code: types.CodeType, made: set[str], function: Any, depth: int) -> bool:
    for step in dis.get_instructions(code):
        if step.opname in STORES:
            return False
        if step.opname == "STORE_DEREF" and step.argval not in made:
            return False
        if step.opname in ("LOAD_ATTR", "LOAD_METHOD"):
            if any(part in str(step.argval).lower() for part in IMPURE):
                return False
        elif step.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            name = str(step.argval)
            found = function.__globals__.get(name, _ABSENT)
            if found is _ABSENT and name in BUILTINS:
                continue
            if not _harmless(found, depth):
                return False
    return True


_ABSENT = object()


def _harmless(value: Any, depth: int) -> bool:
    """A number, a text, a module of the framework, or another pure function."""
    if isinstance(value, bool | int | float | str | type(None)):
        return True
    if isinstance(value, tuple):
        return all(_harmless(part, depth) for part in value)
    if isinstance(value, types.ModuleType):
        return value.__name__.split(".")[0] in PACKAGES
    if isinstance(value, types.FunctionType):
        return is_pure(value, depth + 1)
    return False


def _cell(function: Any, code: types.CodeType, name: str) -> Any:
    closure = function.__closure__ or ()
    try:
        return closure[code.co_freevars.index(name)].cell_contents
    except (ValueError, IndexError):
        return _ABSENT
