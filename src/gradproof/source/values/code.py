"""Functions, classes and objects of the program, what libraries give, and what is unknown."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ..dependence import Flow, Path
    from ..project import Source
    from . import Value
    from .holders import Scope
    from .networks import Optimizer


@dataclass(eq=False, repr=False)
class Library:
    """A module, function or class of a library, by its dotted name."""

    name: str


@dataclass(eq=False, repr=False)
class Other:
    """An object of a library whose kind matters and nothing else.

    `kind`: `metric`, `schedule`, `strategy`, `scope`, `initializer`, ...
    """

    kind: str
    name: str = ""
    node: ast.AST | None = None
    arguments: dict[str, Value] = field(default_factory=dict)


@dataclass(eq=False, repr=False)
class Function:
    """A function of the file, with the scopes it closes over.

    `attributes`: what the program keeps on it, as in `loss_fn.scale = scale`.
    `manages`: it was made a context manager.
    `setter`: what a property does with a value that is given to it.
    """

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    scopes: tuple[Scope, ...]
    owner: Class | None = None
    traced: ast.AST | None = None
    gradient_free: str = ""
    defaults: dict[str, Value] = field(default_factory=dict)
    wrapped: bool = False
    name: str = ""
    kind: str = ""
    attributes: dict[str, Value] = field(default_factory=dict)
    manages: bool = False
    setter: Function | None = None


@dataclass(eq=False, repr=False)
class Bound:
    """A method with its object."""

    receiver: Value
    method: Function | str


@dataclass(eq=False, repr=False)
class Partial:
    """`functools.partial` and its like."""

    function: Value
    arguments: list[Value]
    keywords: dict[str, Value]


@dataclass(eq=False, repr=False)
class Managed:
    """A call of a function of `contextlib.contextmanager`: its body runs around a `with` block."""

    function: Function
    arguments: list[Value]
    keywords: dict[str, Value]
    receiver: Value | None
    node: ast.AST


@dataclass(eq=False, repr=False)
class Class:
    """A class of the file.

    `base`: `layer`, `model`, `module`, `optimizer`, `loss`, `metric`, `plain`
    or `unknown` (a base from a file that is not read).
    """

    name: str
    node: ast.ClassDef
    base: str
    bases: list[Value]
    members: dict[str, Value] = field(default_factory=dict)
    fields: list[str] = field(default_factory=list)


@dataclass(eq=False, repr=False)
class Instance:
    """An object of a class of the file.

    `past`: attributes that came in by its `__dict__`, past all tracking, and where.
    """

    of: Class
    attributes: Scope
    node: ast.AST
    path: Path
    weights: list[Value] = field(default_factory=list)
    built: bool = False
    compiled: dict[str, Value] = field(default_factory=dict)
    touched: bool = False
    real: bool = True
    trainable: bool | None = True
    borrowed: bool = False
    optimizer: Optimizer | None = None
    past: dict[str, ast.AST] = field(default_factory=dict)


@dataclass(eq=False, repr=False)
class Unknown:
    """Something that the file does not tell.

    `data`: a parameter or what hangs from one: reading it runs no code.
    `imported`: what it was imported as, until that is looked at.
    `parent`: what it is an attribute of.
    `either`: what it may be, where branches or items were joined.
    """

    name: str = ""
    data: bool = False
    children: dict[str, Value] = field(default_factory=dict)
    called: bool = False
    flow: Flow = field(default_factory=dict)
    imported: Imported | None = None
    parent: Unknown | None = None
    either: tuple[Value, ...] = ()

    def with_parents(self) -> Iterator[Unknown]:
        """Itself, and what it is a part of, inner ones first."""
        one: Unknown | None = self
        while one is not None:
            yield one
            one = one.parent


class Imported(NamedTuple):
    """What an import asks for: a name of a module, or the module itself."""

    importer: str
    module: str
    level: int = 0
    name: str = ""


@dataclass(eq=False, repr=False)
class Module:
    """Another file of the project; `followed` once its body was read."""

    name: str
    path: str
    source: Source
    scope: Scope
    followed: bool = False
