"""Slots of a hand-made optimizer that begin as zeros, are read, and never take a new value."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..python.methods import ASSIGNS, Method, name_of, names_read, own_attribute, root_of
from ..values import Class
from . import habits

if TYPE_CHECKING:
    from ..reader import Reader

_ZEROS = frozenset({"zeros", "zeros_like", "add_variable_from_reference", "add_slot"})
_LOOKS = frozenset({"read_value", "value", "numpy"})
_LIBRARIES = frozenset({"tf", "np", "jnp", "math", "ops", "keras", "K"})


def look(reader: Reader, cls: Class, methods: list[Method]) -> None:
    """`speed = mu * velocity + g; v.assign_sub(rate * speed)`: `velocity` stays zero."""
    for attribute in _zeros_at_first(methods):
        using = [method for method in methods if method.name not in ("__init__", "build")]
        read = [node for method in using for node in ast.walk(method) if _is(node, attribute)]
        met = [one for method in using for one in _met(method, attribute)]
        for around, name in met:
            early = _divided_by_early(around, name)
            if early is not None:
                names = (cls.name, f"self.{attribute}")
                habits.remark(reader, "custom-optimizer-bug", reader.spot(early), "early", names)
        plain = [one for method in using for one in _reckoned(method, attribute)]
        if len(met) + len(plain) != len(read):
            continue
        if any(_kept(around, name) for around, name in met):
            continue
        used = [place for around, name in met for place in _used(around, name)]
        used += [place for place, moves in plain if moves]
        if used and not _reached_from_outside(reader, cls, attribute):
            names = (cls.name, f"self.{attribute}")
            habits.remark(reader, "custom-optimizer-bug", reader.spot(used[0]), "state", names)


def _zeros_at_first(methods: list[Method]) -> Iterator[str]:
    """Attributes that hold one zero for each variable."""
    for method in methods:
        for node in ast.walk(method):
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.ListComp):
                made, targets = node.value.elt, node.targets
            elif (
                isinstance(node, ast.Call)
                and name_of(node.func) == "append"
                and isinstance(node.func, ast.Attribute)
                and node.args
            ):
                made, targets = node.args[0], [node.func.value]
            else:
                continue
            begun = isinstance(made, ast.Call) and any(
                isinstance(one, ast.Call) and name_of(one.func) in _ZEROS for one in ast.walk(made)
            )
            plain = not any(word.arg == "initializer" for word in getattr(made, "keywords", ()))
            if begun and plain:
                yield from filter(None, map(own_attribute, targets))


def _is(node: ast.AST, attribute: str) -> bool:
    return own_attribute(node) == attribute


def _met(method: Method, attribute: str) -> Iterator[tuple[ast.AST, str]]:
    """What a slot is called: by a loop over `zip(...)`, or by `slot = self.slots[i]`."""
    for node in ast.walk(method):
        if isinstance(node, ast.For):
            for name, given in _zipped(node):
                if _is(given, attribute):
                    yield node, name
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Subscript):
            target = node.targets[0]
            if _is(node.value.value, attribute) and isinstance(target, ast.Name):
                yield method, target.id


def _reckoned(method: Method, attribute: str) -> Iterator[tuple[ast.stmt, bool]]:
    """`0.9 * self.slots[i]`: the statement, and whether the method moves a variable."""
    moves = _moves(method)
    for statement in ast.walk(method):
        if isinstance(statement, ast.Assign | ast.Expr):
            for one in ast.walk(statement.value):
                for side in (one.left, one.right) if isinstance(one, ast.BinOp) else ():
                    if isinstance(side, ast.Subscript) and _is(side.value, attribute):
                        yield statement, moves


def _moves(around: ast.AST) -> bool:
    """Says whether a variable takes a value there."""
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and (node.func.attr in ASSIGNS or own_attribute(node.func) in ASSIGNS)
        for node in ast.walk(around)
    )


def _zipped(loop: ast.For) -> Iterator[tuple[str, ast.expr]]:
    target, iterated = loop.target, loop.iter
    if isinstance(iterated, ast.Call) and name_of(iterated.func) == "enumerate" and iterated.args:
        target = target.elts[-1] if isinstance(target, ast.Tuple) else target
        iterated = iterated.args[0]
    if isinstance(iterated, ast.Call) and name_of(iterated.func) == "zip":
        names = target.elts if isinstance(target, ast.Tuple) else []
        for name, given in zip(names, iterated.args, strict=False):
            if isinstance(name, ast.Name):
                yield name.id, given


def _reached_from_outside(reader: Reader, cls: Class, attribute: str) -> bool:
    """Says whether anything but the class itself names the attribute."""
    inside = {id(node) for node in ast.walk(cls.node)}
    return any(
        isinstance(node, ast.Attribute) and node.attr == attribute and id(node) not in inside
        for source in reader.sources
        for node in ast.walk(source.tree)
    ) or any(
        isinstance(node, ast.Attribute) and node.attr == attribute and not own_attribute(node)
        for node in ast.walk(cls.node)
    )


def _divided_by_early(around: ast.AST, name: str) -> ast.BinOp | None:
    """`g / (tf.sqrt(slot) + epsilon)`, above the only line that gives the slot a value."""
    stored = [one for one in ast.walk(around) if isinstance(one, ast.Call) and _stores(one, name)]
    bound = [
        one
        for one in ast.walk(around)
        if isinstance(one, ast.Name) and one.id == name and not isinstance(one.ctx, ast.Load)
    ]
    if len(stored) != 1 or len(bound) != 1:
        return None
    for one in ast.walk(around):
        if isinstance(one, ast.BinOp) and isinstance(one.op, ast.Div) and _is_root(one.right, name):
            return one if one.lineno < stored[0].lineno else None
    return None


def _stores(call: ast.Call, name: str) -> bool:
    """`slot.assign(value)` or `self.assign(slot, value)`."""
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    given = (name_of(one) for one in (owner, *call.args[:1]) if one is not None)
    return name_of(call.func) in ASSIGNS and name in given


def _is_root(divisor: ast.AST, name: str) -> bool:
    """`tf.sqrt(slot) + epsilon`, of the slot as it is."""
    return any(
        isinstance(one, ast.Call)
        and name_of(one.func) == "sqrt"
        and [name_of(given) for given in one.args] == [name]
        for one in ast.walk(divisor)
    )


def _kept(around: ast.AST, name: str) -> bool:
    """Says whether a slot may take a new value there, or go where it may."""
    return any(_keeps(node, name) for node in ast.walk(around))


def _keeps(node: ast.AST, name: str) -> bool:
    if isinstance(node, ast.Call):
        given = [*node.args, *(word.value for word in node.keywords)]
        handed = any(name_of(one) == name for one in given) and not _only_computes(node.func)
        asked = isinstance(node.func, ast.Attribute) and name_of(node.func.value) == name
        return handed or (asked and name_of(node.func) not in _LOOKS)
    if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign) and node.value is not None:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        elsewhere = any(not isinstance(one, ast.Name) for one in targets)
        return name_of(node.value) == name or (elsewhere and name in names_read(node.value))
    if isinstance(node, ast.Return | ast.Yield | ast.List | ast.Tuple | ast.Dict):
        target = isinstance(getattr(node, "ctx", None), ast.Store)
        return not target and name in names_read(node)
    return False


def _only_computes(called: ast.expr) -> bool:
    return isinstance(called, ast.Attribute) and root_of(called, (ast.Attribute,)) in _LIBRARIES


def _used(around: ast.AST, name: str) -> Iterator[ast.stmt]:
    """Statements that reckon with a slot, where another variable is moved."""
    for node in ast.walk(around) if _moves(around) else ():
        if isinstance(node, ast.Assign | ast.Expr) and any(
            isinstance(one, ast.BinOp) and name in names_read(one) for one in ast.walk(node.value)
        ):
            yield node
