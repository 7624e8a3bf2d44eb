"""Other files of the project: what their names stand for.

An import binds a promise. Only when the name is used the file is read: its
module body is followed, apart from the program at hand and without noting
anything, for its functions, classes and values.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .project import FIRST_ELSEWHERE
from .python import imports
from .store import Store
from .values import (
    Class,
    Constant,
    Function,
    Imported,
    Instance,
    Library,
    Module,
    Scope,
    Unknown,
    Value,
)

if TYPE_CHECKING:
    from .reader import Reader

DEEPEST = 12
"""Files that are read because others, half read, ask for them."""

MOST_STEPS = 4_000
"""Steps in the module body of one file."""

MOST_STEPS_TOGETHER = 40_000
"""Steps in the module bodies of all other files."""


def worth_following(reader: Reader, node: ast.AST, receiver: Value | None = None) -> bool:
    """Says whether to enter a function or class of the program.

    What stands in another file is read with that file. Entering it from here
    tells more only if one of the two trains; what an object of this file
    inherits belongs to this file.
    """
    line = getattr(node, "lineno", 0)
    if line < FIRST_ELSEWHERE or reader.trains():
        return True
    if isinstance(receiver, Instance) and receiver.of.node.lineno < FIRST_ELSEWHERE:
        return True
    return reader.source_of(line).trains


def trained_elsewhere(reader: Reader) -> bool:
    """Says whether the program imports, itself, a file that trains."""
    project = reader.project
    if project is None:
        return False
    waiting: list[ast.AST] = list(reader.source.tree.body)
    while waiting:
        node = waiting.pop()
        waiting += [*getattr(node, "body", ()), *getattr(node, "orelse", ())]
        if isinstance(node, ast.Import | ast.ImportFrom):
            for promise in imports.promises(node, reader.source.path):
                path = project.find(promise.module, promise.level, promise.importer)
                dotted = ".".join(part for part in (promise.module, promise.name) if part)
                inner = project.find(dotted, promise.level, promise.importer)
                if any(found and project.trains(found) for found in (path, inner)):
                    return True
    return False


def resolved(reader: Reader, scope: Scope, name: str, value: Value) -> Value:
    """What a name stands for once the promise of an import is kept."""
    if not isinstance(value, Unknown) or value.imported is None:
        return value
    with _looking_up(reader, scope, name) as first:
        found = _kept(reader, value.imported) if first else None
    if not first or _is_promised(found):
        # Files that import each other; the one that is asked first will know.
        return value
    value.imported = None
    if found is None:
        return value
    scope.names[name] = found
    return found


def _is_promised(value: Value | None) -> bool:
    return isinstance(value, Unknown) and value.imported is not None


@contextmanager
def _looking_up(reader: Reader, scope: Scope, name: str) -> Iterator[bool]:
    """Tells whether this name is not being looked up already, in a circle of imports."""
    key = id(scope), name
    first = key not in reader.looked_up
    reader.looked_up.add(key)
    try:
        yield first
    finally:
        if first:
            reader.looked_up.discard(key)


def from_star(reader: Reader, scope: Scope, name: str) -> Value | None:
    """What a name stands for if `from x import *` brought it."""
    if name.startswith("_") or not scope.stars:
        return None
    with _looking_up(reader, scope, name) as first:
        for star in reversed(scope.stars) if first else ():
            module = _kept(reader, star)
            found = _own(reader, module, name) if isinstance(module, Module) else None
            if found is not None and not _is_promised(found):
                scope.names[name] = found
                return found
    return None


def member(reader: Reader, module: Module, name: str) -> Value:
    """What `module.name` is."""
    found = _own(reader, module, name)
    if found is None:
        found = _submodule(reader, module, name)
    return found if found is not None else Unknown(f"{module.name}.{name}")


def _own(reader: Reader, module: Module, name: str) -> Value | None:
    _follow(reader, module)
    value = module.scope.names.get(name)
    if value is not None:
        return resolved(reader, module.scope, name, value)
    return from_star(reader, module.scope, name)


def _submodule(reader: Reader, module: Module, name: str) -> Module | None:
    if reader.project is None or not module.path.endswith("__init__.py"):
        return None
    path = reader.project.find(name, 1, module.path)
    return _module(reader, path, f"{module.name}.{name}") if path else None


def _kept(reader: Reader, promise: Imported) -> Value | None:
    """The value that was imported; `None` if no file of the project has it."""
    if reader.project is None:
        return None
    path = reader.project.find(promise.module, promise.level, promise.importer)
    module = _module(reader, path, promise.module) if path else None
    if module is None:
        # `from folder import file`, where the folder is no package.
        dotted = ".".join(part for part in (promise.module, promise.name) if part)
        path = reader.project.find(dotted, promise.level, promise.importer)
        return _module(reader, path, dotted) if path else None
    if not promise.name:
        return module
    found = _own(reader, module, promise.name)
    if found is None or _is_promised(found):
        # A package may import its own files under their names.
        return _submodule(reader, module, promise.name) or found
    return found


def _module(reader: Reader, path: str, name: str) -> Module | None:
    known = reader.modules.get(path)
    if known is None:
        assert reader.project is not None
        source = reader.project.source(path)
        if source is None:
            return None
        known = reader.modules[path] = Module(name, path, source, Scope())
        known.scope.names["__name__"] = Constant(name)
        reader.add_source(source)
    return known


def _follow(reader: Reader, module: Module) -> None:
    """Follows the body of a module, the first time it is asked."""
    if module.followed or len(reader.following) >= DEEPEST:
        return
    module.followed = True
    from .reader import Exhausted

    allowed = min(MOST_STEPS, MOST_STEPS_TOGETHER - reader.module_steps)
    with _apart(reader, module, allowed):
        try:
            reader.execute(module.source.tree.body)
        except Exhausted:
            # What was not read may bind any of the other names anew.
            names = module.scope.names
            for name, value in list(names.items()):
                if not isinstance(value, Function | Class | Library | Unknown):
                    names[name] = Unknown(f"{module.name}.{name}")


@contextmanager
def _apart(reader: Reader, module: Module, allowed: int) -> Iterator[None]:
    """Leaves the program at hand alone while a module body is followed."""
    from .facts import Facts
    from .reader import Frame

    before = {name: getattr(reader, name) for name in _STATE}
    reader.frames = [Frame((module.scope,))]
    reader.tapes, reader.active = [], frozenset()
    reader.store, reader.functions, reader.facts = Store(), [], Facts(reader)
    reader.silent, reader.speculative, reader.indexing = True, False, False
    reader.outer_call = reader.outer_flag = None
    reader.steps, reader.most_steps = 0, allowed
    reader.following = (*reader.following, module)
    try:
        yield
    finally:
        used = reader.steps
        for name, value in before.items():
            setattr(reader, name, value)
        reader.module_steps += used


_STATE = (
    "frames tapes active store functions facts silent speculative indexing outer_call outer_flag"
    " steps most_steps following replicas"
).split()
