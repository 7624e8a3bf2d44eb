"""What holds other values: lists, dicts, iterators, data, and names."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import Value
    from .code import Imported, Instance


MOST_ENTRIES = 20_000
"""Entries of a nest of lists and dicts; of a larger one nothing is known.

A list that holds another one twice, which holds another one twice, has soon more than one can
go through.
"""


def _entries(value: object) -> int:
    return value.entries if isinstance(value, ListValue | DictValue) else 1


@dataclass(eq=False, repr=False)
class ListValue:
    """A list or tuple whose entries are known.

    Attributes:
        items: The entries; a `Group` stands for several.
        exact: Whether these are all entries, in this order.
        owner: For a list of variables: the object it was asked from.
        which: For such a list: `trainable`, `all` or `other`.
        node: Where it was read.
        unbuilt: Owners that had no variables yet when the list was read; as `Frozen`, those
            whose flag was off then.
        part: For a slice of a list of variables, or of their gradients: its bounds.
        cut: It was cut where another list ends: its first entries are these, and no more is known.
        pairs: For `list(zip(...))`: what was zipped, and the entries that it gave.
        order: For `sorted(...)`: the key by which it was put in order, as text.
        fields: Names of the entries, of what TensorFlow gives as a named tuple.
        entries: How many it was made with, those of its entries included.
    """

    items: list[Value]
    exact: bool = True
    fixed: bool = False
    owner: object = None
    which: str = ""
    node: ast.AST | None = None
    unbuilt: tuple[object, ...] = ()
    property_read: bool = False
    used: bool = False
    part: tuple[int, int | None] | None = None
    cut: bool = False
    pairs: tuple[Zip, list[Value]] | None = None
    order: str = ""
    fields: tuple[str, ...] = ()
    entries: int = field(init=False)

    def __post_init__(self) -> None:
        self.entries = 1 + sum(map(_entries, self.items))
        if self.entries > MOST_ENTRIES:
            self.items, self.exact, self.entries = [], False, 1


@dataclass(eq=False, repr=False)
class DictValue:
    """A dict with constant keys.

    `lasting`: it was made outside any traced function; `of`: the object whose attributes it is.
    """

    items: dict[object, Value]
    exact: bool = True
    lasting: bool = False
    of: Instance | None = None
    entries: int = field(init=False)

    def __post_init__(self) -> None:
        self.entries = 1 + sum(map(_entries, self.items.values()))
        if self.entries > MOST_ENTRIES:
            self.items, self.exact, self.entries = {}, False, 1


@dataclass(eq=False, repr=False)
class Zip:
    """A `zip` iterator; `spent` is what used it up."""

    columns: list[Value]
    node: ast.Call
    spent: ast.AST | None = None


@dataclass(eq=False, repr=False)
class Dataset:
    """A dataset or distributed dataset; `element` is what a loop gets."""

    element: Value
    node: ast.AST | None = None
    pipeline: bool = False


@dataclass(eq=False, repr=False)
class Scope:
    """Names of a module, a call or an object.

    `stars`: modules of which it takes every name.
    """

    names: dict[str, Value] = field(default_factory=dict)
    globals: set[str] = field(default_factory=set)
    nonlocals: set[str] = field(default_factory=set)
    is_class: bool = False
    stars: list[Imported] = field(default_factory=list)
