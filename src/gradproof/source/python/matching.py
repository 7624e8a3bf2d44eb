"""`match`: which case a value takes, and the names that its pattern binds."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..values import Constant, DictValue, ListValue, Unknown, Value
from . import attributes, binding

if TYPE_CHECKING:
    from ..reader import Reader

_NOBODY_KNOWS = Unknown(data=True)


def fits(pattern: ast.pattern, value: Value) -> bool | None:
    """Says whether a value has the form of a pattern; `None` if the file does not tell."""
    if isinstance(pattern, ast.MatchAs):
        return True if pattern.pattern is None else fits(pattern.pattern, value)
    if isinstance(pattern, ast.MatchOr):
        found = [fits(one, value) for one in pattern.patterns]
        return True if True in found else None if None in found else False
    if isinstance(pattern, ast.MatchSingleton | ast.MatchValue):
        written = pattern.value
        if not isinstance(value, Constant):
            return None
        if isinstance(written, ast.Constant):
            return bool(value.value == written.value)
        return None if isinstance(written, ast.AST) else value.value is written
    if isinstance(pattern, ast.MatchSequence) and isinstance(value, ListValue) and value.exact:
        return _fits_all(pattern.patterns, value.items)
    return None


def _fits_all(patterns: list[ast.pattern], items: list[Value]) -> bool | None:
    if any(isinstance(one, ast.MatchStar) for one in patterns):
        return None
    if len(patterns) != len(items):
        return False
    found = [fits(one, item) for one, item in zip(patterns, items, strict=True)]
    return False if False in found else None if None in found else True


def bind(reader: Reader, pattern: ast.pattern, value: Value, node: ast.AST) -> None:
    """Binds the names of a pattern to what stands in their places."""
    if isinstance(pattern, ast.MatchAs):
        if pattern.pattern is not None:
            bind(reader, pattern.pattern, value, node)
        if pattern.name is not None:
            binding.bind_name(reader, pattern.name, value, node, pattern)
    elif isinstance(pattern, ast.MatchOr):
        bind(reader, pattern.patterns[0], value, node)
    elif isinstance(pattern, ast.MatchStar) and pattern.name is not None:
        binding.bind_name(reader, pattern.name, value, node, pattern)
    else:
        for part, item in _parts(reader, pattern, value):
            bind(reader, part, item, node)


def _parts(
    reader: Reader, pattern: ast.pattern, value: Value
) -> Iterator[tuple[ast.pattern, Value]]:
    if isinstance(pattern, ast.MatchSequence):
        names = [ast.Name(f"_{number}") for number, _ in enumerate(pattern.patterns)]
        parts = [
            ast.Starred(name) if isinstance(one, ast.MatchStar) else name
            for one, name in zip(pattern.patterns, names, strict=True)
        ]
        target = ast.copy_location(ast.Tuple([*parts]), pattern)
        yield from zip(pattern.patterns, binding.unpacked(reader, value, target), strict=False)
    elif isinstance(pattern, ast.MatchMapping):
        for key, part in zip(pattern.keys, pattern.patterns, strict=True):
            known = key.value if isinstance(key, ast.Constant) else None
            items = value.items if isinstance(value, DictValue) else {}
            yield part, items.get(known, _NOBODY_KNOWS)
    elif isinstance(pattern, ast.MatchClass):
        for name, part in zip(pattern.kwd_attrs, pattern.kwd_patterns, strict=True):
            where = ast.copy_location(ast.Name(name), pattern)
            yield part, attributes.attribute(reader, value, name, where)
        for part in pattern.patterns:
            yield part, _NOBODY_KNOWS
