"""State of a hand-made optimizer that is read and never stored: tables, counters, slots."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ..python.methods import WRITES, Method, name_of, names_read, own_attribute
from ..values import Class
from . import habits

if TYPE_CHECKING:
    from ..reader import Reader


def look(reader: Reader, cls: Class, methods: list[Method], method: Method) -> None:
    """Looks at a method that updates variables, and at what it reads of its object."""
    _unstored(reader, cls, methods, method)
    _uncorrected(reader, cls, methods, method)
    _rebound(reader, cls, method)


def _unstored(reader: Reader, cls: Class, methods: list[Method], method: Method) -> None:
    """A table or a counter that starts empty, is read, and never gets anything."""
    if any(isinstance(decorator, ast.Name) for decorator in cls.node.decorator_list):
        return
    for name, made in _empty_at_first(methods).items():
        reads = [node for node in ast.walk(method) if own_attribute(node) == name]
        stored = _is_stored(cls.node, name) or name in reader.source.set_from_outside
        if reads and not stored and _is_state_read(method, name):
            others = ((reader.spot(made), "starts here"),)
            spot = reader.spot(reads[0])
            names = (cls.name, f"self.{name}")
            habits.remark(reader, "custom-optimizer-bug", spot, "state", names, others)


def _empty_at_first(methods: list[Method]) -> dict[str, ast.AST]:
    """Attributes that `__init__` makes empty, or zero for a counter."""
    found: dict[str, ast.AST] = {}
    for method in methods:
        if method.name != "__init__":
            continue
        for node in ast.walk(method):
            if not isinstance(node, ast.Assign):
                continue
            empty = (isinstance(node.value, ast.Dict) and not node.value.keys) or (
                isinstance(node.value, ast.List) and not node.value.elts
            )
            made = isinstance(node.value, ast.Call) and name_of(node.value.func) in (
                "dict",
                "defaultdict",
                "WeakKeyDictionary",
            )
            zero = isinstance(node.value, ast.Constant) and node.value.value in (0, 0.0)
            flag = isinstance(node.value, ast.Constant) and isinstance(node.value.value, bool)
            for target in node.targets:
                if own_attribute(target) and (empty or made or (zero and not flag)):
                    found[own_attribute(target)] = node
    return found


def _is_stored(cls: ast.AST, name: str) -> bool:
    """Says whether anything in the class may put something there, outside `__init__`."""
    return any(
        _may_write(node, name)
        for part in ast.iter_child_nodes(cls)
        if not (isinstance(part, ast.FunctionDef) and part.name == "__init__")
        for node in ast.walk(part)
    )


_LOOK = frozenset("len zip enumerate list float cast pow print".split())


def _may_write(node: ast.AST, name: str) -> bool:
    """Says whether this writes to `self.name`, or lets others do it."""
    if isinstance(node, ast.Attribute):
        return own_attribute(node) == name and isinstance(node.ctx, ast.Store | ast.Del)
    if isinstance(node, ast.Subscript):
        return own_attribute(node.value) == name and isinstance(node.ctx, ast.Store | ast.Del)
    if isinstance(node, ast.Call):
        called = node.func
        if isinstance(called, ast.Attribute) and own_attribute(called.value) == name:
            return called.attr in WRITES
        # Handed on as a whole: anyone may write to it.
        return name_of(called) not in _LOOK and any(
            own_attribute(given) == name for given in node.args
        )
    return isinstance(node, ast.Assign | ast.Return) and own_attribute(node.value or node) == name


_COUNTERS = frozenset("t step steps iteration iterations".split())


def _is_state_read(method: Method, name: str) -> bool:
    """Says whether an entry is looked up, or a counter takes part in a formula."""
    return any(
        (isinstance(node, ast.Subscript) and own_attribute(node.value) == name)
        or (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "get"
            and own_attribute(node.func.value) == name
        )
        or (
            isinstance(node, ast.BinOp)
            and name in _COUNTERS
            and name in (own_attribute(node.left), own_attribute(node.right))
        )
        for node in ast.walk(method)
    )


def _uncorrected(reader: Reader, cls: Class, methods: list[Method], method: Method) -> None:
    """`1 - beta ** self.t`, where `t` begins with 1 and nothing counts on."""
    for name, made in _numbers_at_first(methods).items():
        powers = [node for node in ast.walk(method) if _corrects(node, name)]
        if powers and not _is_stored(cls.node, name) and name not in reader.source.set_from_outside:
            others = ((reader.spot(made), "starts here"),)
            names = (cls.name, f"self.{name}")
            spot = reader.spot(powers[0])
            habits.remark(reader, "custom-optimizer-bug", spot, "state", names, others)


def _numbers_at_first(methods: list[Method]) -> dict[str, ast.AST]:
    """Attributes that `__init__` sets to the number 1."""
    return {
        own_attribute(target): node
        for method in methods
        if method.name == "__init__"
        for node in ast.walk(method)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if own_attribute(target)
        and node.value.value == 1
        and not isinstance(node.value.value, bool)
    }


def _corrects(node: ast.AST, name: str) -> bool:
    """A correction of a running mean for its first steps."""
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Sub):
        return False
    power, exponent = node.right, None
    if isinstance(power, ast.BinOp) and isinstance(power.op, ast.Pow):
        exponent = power.right
    elif isinstance(power, ast.Call) and name_of(power.func) == "pow" and len(power.args) == 2:
        exponent = power.args[1]
    one = isinstance(node.left, ast.Constant) and node.left.value == 1
    return (
        one
        and exponent is not None
        and any(own_attribute(part) == name for part in ast.walk(exponent))
    )


def _rebound(reader: Reader, cls: Class, method: Method) -> None:
    """`for v, g, s in zip(..., self.slots): s = decay * s + g`: the slot stays as it is."""
    for loop in ast.walk(method):
        for name, attribute in _slots_met(loop).items():
            new = [
                node
                for node in ast.walk(loop)
                if isinstance(node, ast.Assign)
                and [name_of(target) for target in node.targets] == [name]
                and name in names_read(node.value)
            ]
            if new and not _is_stored(cls.node, attribute) and not _keeps(loop, name):
                spot = reader.spot(new[0])
                names = (cls.name, f"self.{attribute}")
                habits.remark(reader, "custom-optimizer-bug", spot, "state", names)


def _slots_met(loop: ast.AST) -> dict[str, str]:
    """Names of a loop over `zip`, with the attributes of `self` that they go through."""
    if not isinstance(loop, ast.For):
        return {}
    target, iterated = loop.target, loop.iter
    if isinstance(iterated, ast.Call) and name_of(iterated.func) == "enumerate" and iterated.args:
        if not isinstance(target, ast.Tuple) or len(target.elts) != 2:
            return {}
        target, iterated = target.elts[1], iterated.args[0]
    if not isinstance(iterated, ast.Call) or name_of(iterated.func) != "zip":
        return {}
    names = target.elts if isinstance(target, ast.Tuple) else []
    return {
        name.id: own_attribute(given)
        for name, given in zip(names, iterated.args, strict=False)
        if isinstance(name, ast.Name) and own_attribute(given)
    }


def _keeps(loop: ast.AST, name: str) -> bool:
    """Says whether anything in the loop may keep what the name stands for."""
    return any(_hands_name_on(node, name) for node in ast.walk(loop))


def _hands_name_on(node: ast.AST, name: str) -> bool:
    if isinstance(node, ast.Call):
        called = node.func
        asked = isinstance(called, ast.Attribute) and name_of(called.value) == name
        given = name in [name_of(one) for one in node.args]
        return asked or (given and bool(own_attribute(called) or name_of(called) in WRITES))
    if isinstance(node, ast.Assign):
        elsewhere = any(not isinstance(target, ast.Name) for target in node.targets)
        return elsewhere and name in names_read(node.value)
    kept = isinstance(node, ast.Return | ast.Yield) and node.value is not None
    return kept and name in names_read(node)
