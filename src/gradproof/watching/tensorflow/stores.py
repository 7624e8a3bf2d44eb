"""The lines at which a program gives a name, attribute or entry another value."""

from __future__ import annotations

import dis
from collections.abc import Iterator
from types import CodeType, FunctionType
from typing import Any

_STORES = {
    "name": frozenset({"STORE_NAME", "STORE_GLOBAL", "STORE_DEREF"})
    | {"STORE_FAST", "STORE_FAST_STORE_FAST", "STORE_FAST_LOAD_FAST"},
    "attribute": frozenset({"STORE_ATTR"}),
}
_MOST = 500


def store_lines(code: CodeType, names: dict[str, Any], kind: str, name: str) -> tuple[int, ...]:
    """Lines of a file that store a value, in order.

    Args:
        code: Some code of that file.
        names: The names of its module.
        kind: `"name"`, `"attribute"` or `"entry"` (of a dictionary).
        name: The name, the attribute, or the key.
    """
    found: set[int] = set()
    for part in _codes(code, names):
        line: int | None = None
        keys: set[int] = set()  # `names[key] *= factor` loads the key long before it stores
        starts = dict(dis.findlinestarts(part))
        for step in dis.get_instructions(part):
            line = starts.get(step.offset) or line
            if line is None:
                continue
            if step.opname == "LOAD_CONST" and step.argval == name:
                keys.add(line)
            entry = kind == "entry" and step.opname == "STORE_SUBSCR" and line in keys
            if entry or (step.opname in _STORES.get(kind, ()) and name in stored(step)):
                found.add(line)
    return tuple(sorted(found))


def stored(step: dis.Instruction) -> tuple[str, ...]:
    """The names that a step of bytecode stores; from Python 3.13 on one may store two."""
    if isinstance(step.argval, tuple):
        return step.argval[:1] if "LOAD" in step.opname else step.argval
    return (step.argval,)


def _codes(code: CodeType, names: dict[str, Any]) -> Iterator[CodeType]:
    """The code of the file: this one, and what its module defines."""
    file = code.co_filename
    todo: list[Any] = [code]
    for thing in list(names.values())[:_MOST]:
        todo.append(thing)
        if isinstance(thing, type):
            todo += list(vars(thing).values())
    seen: set[CodeType] = set()
    while todo and len(seen) < _MOST:
        thing = todo.pop()
        thing = getattr(thing, "python_function", thing)  # under `tf.function`
        part = thing.__code__ if isinstance(thing, FunctionType) else thing
        if isinstance(part, CodeType) and part.co_filename == file and part not in seen:
            seen.add(part)
            todo += [inner for inner in part.co_consts if isinstance(inner, CodeType)]
            yield part
