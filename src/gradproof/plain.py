"""Frozen dataclasses to plain JSON and back, checked field by field.

Fields at their default are left out, so that a record stays small and an
older one can be read when fields have been added. Nothing is ever imported,
called or built but the dataclasses that the reader itself asks for.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Callable, Mapping
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from .fault import LEVELS, Diagnosis, Fault
from .finding import Span

Shape = TypeVar("Shape")
Reader = Callable[[object], Any]


class Malformed(ValueError):
    """Stored data are not what they should be."""


def encode(value: object) -> object:
    """A value of dataclasses, tuples, sets and scalars as plain JSON data."""
    if value is None or type(value) in (str, int, float, bool):
        return value
    if isinstance(value, Fault):
        return {"code": value.code, "name": value.name}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple | list):
        return [encode(part) for part in value]
    if isinstance(value, frozenset):
        return sorted(encode(part) for part in value)  # type: ignore[type-var]
    if isinstance(value, Mapping):
        return {str(name): encode(part) for name, part in value.items()}
    if dataclasses.is_dataclass(value):
        found = (
            (name, default, getattr(value, name)) for name, default in _fields(value.__class__)
        )
        return {name: encode(part) for name, default, part in found if part != default}
    # Such as a NumPy number that a rule put into its evidence.
    return float(value) if hasattr(value, "__float__") else str(value)


@cache
def _fields(kind: Any) -> tuple[tuple[str, object], ...]:
    """Names and defaults of the fields of a dataclass."""
    found = []
    for field in dataclasses.fields(kind):
        default = field.default
        if field.default_factory is not dataclasses.MISSING:
            default = field.default_factory()
        found.append((field.name, default))
    return tuple(found)


def decode(kind: type[Shape], data: object) -> Shape:
    """What `encode` made of a value of this type.

    Raises:
        Malformed: The data are not of that type.
    """
    asked: Any = kind
    value: Shape = _reader(asked)(data)
    return value


@cache
def _reader(kind: Any) -> Reader:
    """Reads data as one type."""
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return _one_of(get_args(kind))
    if origin is tuple:
        return _tuple_of(get_args(kind))
    if origin is frozenset:
        part = _reader(get_args(kind)[0])
        return lambda data: frozenset(part(item) for item in _checked(data, list))
    if origin is not None and issubclass(origin, Mapping):
        part = _reader(get_args(kind)[1])
        return lambda data: {name: part(item) for name, item in _checked(data, dict).items()}
    if kind is Fault:
        return _fault
    if kind is Span:
        whole = _dataclass(Span)
        return lambda data: _forwards(whole(data))
    if kind is Diagnosis:
        told = _dataclass(Diagnosis)
        return lambda data: _levelled(told(data))
    if dataclasses.is_dataclass(kind):
        return _dataclass(kind)
    if kind is float:
        return _float
    if kind is int:
        return lambda data: _checked(data, int, bool)
    if kind in (str, bool, type(None)):
        return lambda data: _checked(data, kind)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return lambda data: _member(kind, data)
    raise TypeError(f"no record is kept of {kind}")


def _forwards(span: Span) -> Span:
    """A span that marks something: whoever renders it relies on that."""
    begin, end = (span.line, span.column), (span.end_line, span.end_column or span.column)
    if min(*begin, *end) < 0 or end < begin:
        raise Malformed("a span that ends before it begins")
    return span


def _checked(data: object, *kinds: type) -> Any:
    if type(data) not in kinds:
        raise Malformed(f"{kinds[0].__name__} expected, {type(data).__name__} found")
    return data


def _float(data: object) -> float:
    try:
        return float(_checked(data, int, float))
    except OverflowError:
        raise Malformed("a number too large") from None


def _member(kind: type[Enum], data: object) -> Enum:
    try:
        return kind(data)
    except ValueError:
        raise Malformed(f"no {kind.__name__}: {data!r}") from None


def _one_of(kinds: tuple[Any, ...]) -> Reader:
    readers = [_reader(kind) for kind in sorted(kinds, key=lambda kind: kind is float)]

    def read(data: object) -> object:
        for reader in readers:
            try:
                return reader(data)
            except Malformed:
                continue
        raise Malformed(f"unexpected {type(data).__name__}")

    return read


def _tuple_of(kinds: tuple[Any, ...]) -> Reader:
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        part = _reader(kinds[0])
        return lambda data: tuple(part(item) for item in _checked(data, list))
    parts = [_reader(kind) for kind in kinds]

    def read(data: object) -> tuple[object, ...]:
        if len(_checked(data, list)) != len(parts):
            raise Malformed(f"{len(parts)} entries expected")
        return tuple(part(item) for part, item in zip(parts, _checked(data, list), strict=True))

    return read


def _levelled(diagnosis: Diagnosis) -> Diagnosis:
    """A diagnosis of a level that there is: reports count and sort by it."""
    if diagnosis.level not in LEVELS:
        raise Malformed(f"no level: {diagnosis.level!r}")
    return diagnosis


def _dataclass(kind: Any) -> Reader:
    hints: dict[str, Any] | None = None

    def read(data: object) -> object:
        nonlocal hints
        if hints is None:
            # Only now: a diagnosis has diagnoses as its consequences.
            hints = get_type_hints(kind)
        given = _checked(data, dict)
        values = {name: _reader(hints[name])(part) for name, part in given.items() if name in hints}
        try:
            return kind(**values)
        except TypeError:
            raise Malformed(f"a {kind.__name__} lacks a field") from None

    return read


def _fault(data: object) -> Fault:
    """The fault of this version; one that it has not (any more), by name only."""
    given = _checked(data, dict)
    code, name = _checked(given.get("code"), str), _checked(given.get("name"), str)
    # Only now: what has no diagnoses needs none of the faults.
    from .faults import FAULTS

    for fault in FAULTS:
        if fault.code == code:
            return fault
    if not (
        len(code) == 5 and code.startswith("GP") and code[2:].isdigit() and "1" <= code[2] < "9"
    ):
        raise Malformed("no code of a fault")
    return Fault(code, name, name)
