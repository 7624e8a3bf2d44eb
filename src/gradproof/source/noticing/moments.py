"""Moments of update rules written by hand that are stored wrongly, or not at all.

Read from the text of a rule: what it gives to a slot, and what it reads from it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..python.methods import ASSIGNS, name_of, own_attribute
from . import habits

if TYPE_CHECKING:
    from ..reader import Reader


def finish(reader: Reader) -> None:
    """Every function that decays something and adds to it."""
    nodes = reader.source.nodes
    if not any(isinstance(one, ast.Call) and name_of(one.func) in ASSIGNS for one in nodes):
        return
    for rule in nodes:
        if isinstance(rule, ast.ClassDef):
            _look_at_sums(reader, rule)
        if not isinstance(rule, ast.FunctionDef):
            continue
        mixed = list(_mixed(rule))
        for made, slot in mixed:
            stored = _stored_corrected(rule, made, slot)
            if stored is not None:
                names = (rule.name, slot)
                others = ((reader.spot(made), "decayed and added to here"),)
                spot = reader.spot(stored)
                habits.remark(reader, "custom-optimizer-bug", spot, "corrected", names, others)
            elif _is_left_out(rule, made, slot):
                names = (rule.name, slot)
                habits.remark(reader, "custom-optimizer-bug", reader.spot(made), "state", names)


def _mixed(rule: ast.FunctionDef) -> Iterator[tuple[ast.Assign, str]]:
    """`m = beta * slot + (1 - beta) * g`, and the text of that slot."""
    for one in ast.walk(rule):
        if not isinstance(one, ast.Assign) or len(one.targets) != 1:
            continue
        value = one.value
        if not isinstance(value, ast.BinOp) or not isinstance(value.op, ast.Add):
            continue
        for term in (value.left, value.right):
            if not isinstance(term, ast.BinOp) or not isinstance(term.op, ast.Mult):
                continue
            for factor in (term.left, term.right):
                if isinstance(factor, ast.Subscript) or _is_own(factor, one.targets[0]):
                    yield one, ast.unparse(factor)


def _is_own(factor: ast.expr, target: ast.expr) -> bool:
    """`self.m = beta * self.m + ...`."""
    return isinstance(factor, ast.Attribute) and ast.unparse(factor) == ast.unparse(target)


def _stores(rule: ast.AST) -> Iterator[tuple[str, ast.expr, ast.AST]]:
    """What is stored where: `slot.assign(value)`, `slot[i] = value`."""
    for one in ast.walk(rule):
        if isinstance(one, ast.Assign):
            for target in one.targets:
                yield ast.unparse(target), one.value, one
        called = one.func if isinstance(one, ast.Call) and one.args else None
        if isinstance(called, ast.Attribute) and called.attr in ASSIGNS:
            yield ast.unparse(called.value), one.args[0], one  # type: ignore[attr-defined]


def _stored_corrected(rule: ast.FunctionDef, made: ast.Assign, slot: str) -> ast.AST | None:
    """`m = m / (1 - beta ** t)` between the sum and the store: the correction adds up."""
    name = ast.unparse(made.targets[0])
    later = [
        (target, value, node)
        for target, value, node in _stores(rule)
        if node.lineno > made.lineno  # type: ignore[attr-defined]
    ]
    for target, value, node in later:
        if target != name or not _corrects(value, name):
            continue
        if name == slot:
            return node
        line = node.lineno  # type: ignore[attr-defined]
        again = [one for one in later if one[0] == name and one[2] is not node]
        kept = (
            one
            for to, what, one in later
            if to == slot and ast.unparse(what) == name and one.lineno > line  # type: ignore[attr-defined]
        )
        return next(kept, None) if not again else None
    return None


def _corrects(value: ast.expr, name: str) -> bool:
    """`name / (1 - beta ** t)`."""
    power = correction(value)
    raised = isinstance(power, ast.BinOp)
    raised = raised or (isinstance(power, ast.Call) and name_of(power.func) == "pow")
    return raised and isinstance(value, ast.BinOp) and ast.unparse(value.left) == name


def correction(node: ast.AST) -> ast.expr | None:
    """What 1 is made less by in `moment / (1 - beta ** t)`: a power, or a call."""
    less = node.right if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) else None
    if not isinstance(less, ast.BinOp) or not isinstance(less.op, ast.Sub):
        return None
    one, power = less.left, less.right
    begins = isinstance(one, ast.Constant) and one.value == 1
    raised = isinstance(power, ast.BinOp) and isinstance(power.op, ast.Pow)
    return power if begins and (raised or isinstance(power, ast.Call)) else None


def _is_left_out(rule: ast.FunctionDef, made: ast.Assign, slot: str) -> bool:
    """A slot of a table, of which the rule stores others, and this one nowhere."""
    factor = ast.parse(slot, mode="eval").body
    row = factor.value if isinstance(factor, ast.Subscript) else None
    if not isinstance(row, ast.Subscript) or not isinstance(row.slice, ast.Constant):
        return False
    assert isinstance(factor, ast.Subscript)
    table, index = ast.unparse(row.value), ast.unparse(factor.slice)
    if ast.unparse(made.targets[0]).startswith(table):
        return False
    others = [
        to for to, _, _ in _stores(rule) if to.startswith(f"{table}[") and to.endswith(f"[{index}]")
    ]
    # Handed on as a whole, anyone may write to it.
    whole = any(
        isinstance(one, ast.Call) and any(ast.unparse(given) == table for given in one.args)
        for one in ast.walk(rule)
    )
    read = sum(
        ast.unparse(row) == ast.unparse(one) for one in ast.walk(rule) if type(one) is ast.Subscript
    )
    return bool(others) and not whole and read == 1


def _look_at_sums(reader: Reader, cls: ast.ClassDef) -> None:
    """`self.cache[i] = g ** 2`, below a square root, where squares were to be summed up."""
    methods = [one for one in cls.body if isinstance(one, ast.FunctionDef)]
    for name, begun in _zeros_of(methods):
        rules = [one for one in methods if one.name != "__init__" and _reads(one, name)]
        stores = [node for to, _, node in _stores(cls) if to.startswith(f"self.{name}[")]
        store = stores[0] if len(stores) == 1 else None
        if len(rules) != 1 or not isinstance(store, ast.Assign):
            continue
        (rule,) = rules
        behind = [one for one in _reads(rule, name) if one not in ast.walk(store)]
        roots = [
            part
            for one in ast.walk(rule)
            if isinstance(one, ast.Call) and name_of(one.func) == "sqrt"
            for part in ast.walk(one)
        ]
        alone = not any(one in ast.walk(store.value) for one in _reads(rule, name))
        after = all(one.lineno > store.lineno for one in behind)
        if alone and after and any(one in roots for one in behind) and store in ast.walk(rule):
            others = ((reader.spot(begun), "starts here"),)
            names = (cls.name, f"self.{name}")
            spot = reader.spot(store)
            habits.remark(reader, "custom-optimizer-bug", spot, "replaced", names, others)


def _zeros_of(methods: list[ast.FunctionDef]) -> Iterator[tuple[str, ast.AST]]:
    """Attributes that begin with zeros for each variable."""
    for method in methods:
        for one in ast.walk(method) if method.name == "__init__" else ():
            if not isinstance(one, ast.Assign) or len(one.targets) != 1:
                continue
            made = one.value.value if isinstance(one.value, ast.DictComp) else None
            made = one.value.elt if isinstance(one.value, ast.ListComp) else made
            zeros = isinstance(made, ast.Call) and name_of(made.func) in ("zeros_like", "zeros")
            if zeros and own_attribute(one.targets[0]):
                yield own_attribute(one.targets[0]), one


def _reads(method: ast.AST, name: str) -> list[ast.expr]:
    return [one for one in ast.walk(method) if own_attribute(one) == name]  # type: ignore[misc]
