"""The files of a project: which one an import means, and its syntax tree."""

from __future__ import annotations

import ast
import posixpath
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property

from ..words import trains

MOST_KEPT = 1_500_000
"""Characters of source whose trees are kept for the next file that asks."""

MOST_CHARACTERS = 400_000
"""Characters of the largest file that is read because another one imports it."""

MOST_PARENTS = 3
"""Folders above a package, outside the working folder, that are searched."""

FIRST_ELSEWHERE = 10_000_000
"""Line numbers from here on belong to files that were imported."""

LINES_BETWEEN = 1_000
"""Line numbers left free between two files."""


@dataclass(frozen=True, eq=False)
class Source:
    """One file, parsed.

    Attributes:
        path: As the project calls it.
        lines: Its lines, with their ends.
        tree: Its syntax tree; every line number has `first` added.
        first: Lines of other files counted before it, so that a line number
            tells the file as well.
        trains: Whether it trains something itself.
    """

    path: str
    lines: list[str]
    tree: ast.Module
    first: int = 0
    trains: bool = False

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """All nodes of this file, in the order of `ast.walk`."""
        return tuple(ast.walk(self.tree))

    @cached_property
    def _parents(self) -> dict[ast.AST, ast.AST]:
        return {child: one for one in self.nodes for child in ast.iter_child_nodes(one)}

    def around(self, node: ast.AST) -> list[ast.AST]:
        """What a node of this file stands in, outermost first, and the node itself."""
        found = [node]
        while found[-1] in self._parents:
            found.append(self._parents[found[-1]])
        return found[::-1] if found[-1] is self.tree else []

    @cached_property
    def named(self) -> dict[str, list[ast.expr]]:
        """What each name is given by `name = ...`, anywhere in this file."""
        found: dict[str, list[ast.expr]] = {}
        for one in self.nodes:
            if not isinstance(one, ast.Assign):
                continue
            for target in one.targets:
                if isinstance(target, ast.Name):
                    found.setdefault(target.id, []).append(one.value)
        return found

    @cached_property
    def set_from_outside(self) -> frozenset[str]:
        """Attributes that some line of this file sets, of another object than `self`."""
        return frozenset(
            one.attr
            for one in self.nodes
            if isinstance(one, ast.Attribute)
            and isinstance(one.ctx, ast.Store)
            and not (isinstance(one.value, ast.Name) and one.value.id == "self")
        )

    @cached_property
    def classes(self) -> tuple[ast.ClassDef, ...]:
        """All classes of this file."""
        return tuple(one for one in self.nodes if isinstance(one, ast.ClassDef))

    @cached_property
    def adds_losses(self) -> bool:
        """Whether a class of this file calls `add_loss`."""
        return any(
            isinstance(node, ast.Attribute) and node.attr == "add_loss"
            for one in self.classes
            for node in ast.walk(one)
        )

    @property
    def is_package(self) -> bool:
        """Whether this is the `__init__.py` of a package."""
        return posixpath.basename(self.path) == "__init__.py"


@dataclass
class Sought:
    """Files that the reading of another one asked for, found or not."""

    read: dict[str, None] = field(default_factory=dict)
    absent: dict[str, None] = field(default_factory=dict)


class Project:
    """The files beside the one that is read, loaded when asked for.

    Args:
        load: The text of a file by its path; `None` if it can't be read.
        listing: The names in a folder; empty if there is no such folder.
    """

    def __init__(
        self, load: Callable[[str], str | None], listing: Callable[[str], Iterable[str]]
    ) -> None:
        self._load = load
        self._list = listing
        self._folders: dict[str, frozenset[str]] = {}
        self._roots: dict[str, tuple[str, ...]] = {}
        self._kept: OrderedDict[str, Source | None] = OrderedDict()
        self._size = 0
        self._trains: dict[str, bool] = {}
        self._first: dict[str, int] = {}
        self._next = FIRST_ELSEWHERE
        self.sought = Sought()

    def find(self, module: str, level: int, importer: str) -> str | None:
        """The file that an import means.

        Args:
            module: Its dotted name; empty for `from . import x`.
            level: Number of dots before it.
            importer: Path of the file with the import.

        Returns:
            A path, or `None` if it is no file of the project.
        """
        parts = module.split(".") if module else []
        if level:
            folder = posixpath.dirname(importer)
            for _ in range(level - 1):
                if not folder:
                    return None
                folder = posixpath.dirname(folder)
            return self._file(posixpath.join(folder, *parts), package=not parts)
        for root in self._roots_of(importer):
            names = self._names(root)
            if parts[0] not in names and f"{parts[0]}.py" not in names:
                self._miss(posixpath.join(root, parts[0]))
                continue
            found = self._file(posixpath.join(root, *parts))
            if found is not None:
                return found
        return None

    def source(self, path: str) -> Source | None:
        """A file, parsed; `None` if it is no program."""
        self.sought.read[path] = None
        if path in self._kept:
            self._kept.move_to_end(path)
            return self._kept[path]
        text = self._load(path)
        source = None if text is None else self._parsed(path, text)
        self._kept[path] = source
        self._size += 0 if text is None else len(text)
        while self._size > MOST_KEPT and len(self._kept) > 1:
            _, old = self._kept.popitem(last=False)
            self._size -= sum(map(len, old.lines)) if old is not None else 0
        return source

    def trains(self, path: str) -> bool:
        """Says whether a file trains something, without parsing it."""
        self.sought.read[path] = None
        known = self._trains.get(path)
        if known is None:
            known = self._trains[path] = trains(self._load(path) or "")
        return known

    def _parsed(self, path: str, text: str) -> Source | None:
        if len(text) > MOST_CHARACTERS:
            return None
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
        lines = lines_of(text)
        first = self._first.get(path)
        if first is None:
            first = self._first[path] = self._next
            self._next += len(lines) + LINES_BETWEEN
        _shift(tree, first)
        return Source(path, lines, tree, first, trains(text))

    def _file(self, base: str, *, package: bool = False) -> str | None:
        folder, name = posixpath.split(base)
        inside = posixpath.join(base, "__init__.py")
        if (package or name in self._names(folder)) and "__init__.py" in self._names(base):
            return inside
        if not package and f"{name}.py" in self._names(folder):
            return f"{base}.py"
        self._miss(base)
        return None

    def _miss(self, base: str) -> None:
        self.sought.absent[f"{base}.py"] = None
        self.sought.absent[posixpath.join(base, "__init__.py")] = None

    def _names(self, folder: str) -> frozenset[str]:
        names = self._folders.get(folder)
        if names is None:
            names = self._folders[folder] = frozenset(self._list(folder or "."))
        return names

    def _roots_of(self, importer: str) -> tuple[str, ...]:
        """Folders from which the imports of a file are looked up, in order."""
        here = posixpath.dirname(importer)
        known = self._roots.get(here)
        if known is None:
            top = here
            while top and top != "/" and "__init__.py" in self._names(top):
                top = posixpath.dirname(top)
            roots = [top]
            while top and top != "/" and (not top.startswith("/") or len(roots) < MOST_PARENTS):
                top = posixpath.dirname(top)
                roots.append(top)
            below = [posixpath.join(root, "src") for root in roots if "src" in self._names(root)]
            known = self._roots[here] = tuple(dict.fromkeys((*roots, *below, here)))
        return known


def _shift(tree: ast.Module, first: int) -> None:
    """Adds to every line number."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        held = node.__dict__
        if "lineno" in held:
            held["lineno"] += first
            held["end_lineno"] = (held["end_lineno"] or 0) + first
        for part in held.values():
            if isinstance(part, ast.AST):
                waiting.append(part)
            elif isinstance(part, list):
                waiting += [item for item in part if isinstance(item, ast.AST)]


def lines_of(text: str) -> list[str]:
    """The lines of a text as Python counts them, with their ends."""
    lines = text.split("\n")
    return [*(line + "\n" for line in lines[:-1]), lines[-1]]
