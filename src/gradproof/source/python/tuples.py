"""Named tuples: classes of the file whose objects are the tuple of their fields."""

from __future__ import annotations

import ast

from ..framework.names import last
from ..values import Class, Constant, Instance, Library, ListValue, Unknown, Value


def listed(value: Value) -> Value:
    """An object of a named tuple as the tuple that it is; anything else stays as it is."""
    if not isinstance(value, Instance) or not is_named_tuple(value.of):
        return value
    names = value.attributes.names
    return ListValue(
        [names.get(one, Unknown(one, data=True)) for one in value.of.fields], fixed=True
    )


def is_named_tuple(cls: Class) -> bool:
    """Says whether a class is a `NamedTuple`."""
    return any(last(ast.unparse(base)) == "NamedTuple" for base in cls.node.bases)


def made(arguments: list[Value], node: ast.AST) -> Class | None:
    """`collections.namedtuple("Point", "x y")`, where the names of its fields are known."""
    if len(arguments) != 2 or not isinstance(arguments[0], Constant):
        return None
    given = arguments[1]
    if isinstance(given, Constant) and isinstance(given.value, str):
        fields = given.value.replace(",", " ").split()
    elif isinstance(given, ListValue) and given.exact:
        fields = [str(one.value) for one in given.items if isinstance(one, Constant)]
        if len(fields) < len(given.items):
            return None
    else:
        return None
    name = str(arguments[0].value)
    base = ast.Name("NamedTuple", ast.Load())
    body = ast.copy_location(ast.ClassDef(name, [base], [], [], []), node)
    return Class(name, body, "plain", [Library("typing.NamedTuple")], fields=fields)
