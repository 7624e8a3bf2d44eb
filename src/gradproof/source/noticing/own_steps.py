"""Update rules written out by hand whose state, or count of steps, is the same at each step.

Read from the text: what begins anew is nowhere to be followed.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ..python.methods import calls_of, hands_over
from . import habits

if TYPE_CHECKING:
    from ..reader import Reader

_MOVES = frozenset({"assign", "assign_add", "assign_sub"})
_LOOPS = ast.For | ast.While


def finish(reader: Reader) -> None:
    """Loops of steps and functions of one step, wherever they stand in the file."""
    nodes = reader.source.nodes
    asked = any(map(_asks, nodes))
    corrected = any(_correction(one) is not None for one in nodes)
    for node in nodes if asked or corrected else ():
        if asked and isinstance(node, _LOOPS) and _takes_gradients(node):
            for made, used in _begun_anew(node):
                others = ((reader.spot(used), "decayed and added to here"),)
                names = ("The loop", ast.unparse(made.targets[0]))
                habits.remark(
                    reader, "custom-optimizer-bug", reader.spot(made), "anew", names, others
                )
        elif corrected and isinstance(node, ast.FunctionDef) and _moves(node):
            for power in _stuck_powers(nodes, node):
                names = (node.name, ast.unparse(power.right))
                habits.remark(reader, "custom-optimizer-bug", reader.spot(power), "stuck", names)


def _own(node: ast.AST, *, loops: bool = True) -> Iterator[ast.AST]:
    """What stands in a loop or a function, without what stands in functions inside it."""
    for one in ast.iter_child_nodes(node):
        if isinstance(one, ast.FunctionDef | ast.Lambda | ast.ClassDef):
            continue
        if isinstance(one, _LOOPS) and not loops:
            continue
        yield one
        yield from _own(one, loops=loops)


def _takes_gradients(loop: ast.AST) -> bool:
    """Each round of the loop itself asks a tape: it is a loop over steps."""
    return any(map(_asks, _own(loop, loops=False)))


def _asks(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "gradient"


def _moves(node: ast.AST) -> bool:
    return any(
        isinstance(one, ast.Call) and getattr(one.func, "attr", "") in _MOVES for one in _own(node)
    )


def _begun_anew(loop: ast.AST) -> Iterator[tuple[ast.Assign, ast.AST]]:
    """`velocity = [zeros ...]`, and then `velocity[i] = beta * velocity[i] + ...`, in one round."""
    if not _moves(loop):
        return
    for made in _own(loop, loops=False):
        if not isinstance(made, ast.Assign) or not _is_zeros(made.value):
            continue
        if len(made.targets) != 1 or not isinstance(made.targets[0], ast.Name):
            continue
        name = made.targets[0].id
        steps = [one for one in _own(loop) if isinstance(one, _LOOPS) and _takes_gradients(one)]
        inner = {id(part) for one in steps for part in ast.walk(one)}
        used = [
            one
            for one in _own(loop)
            if isinstance(one, ast.Assign) and _decays(one, name) and id(one) not in inner
        ]
        # Set back in a branch, or in a loop that ends before: that may be meant.
        plain = made in getattr(loop, "body", ())
        if plain and used and used[0].lineno > made.lineno:
            yield made, used[0]


def _is_zeros(node: ast.expr) -> bool:
    if isinstance(node, ast.ListComp):
        return _is_zeros(node.elt)
    if isinstance(node, ast.List):
        return bool(node.elts) and all(map(_is_zeros, node.elts))
    if isinstance(node, ast.Call):
        return ast.unparse(node.func).endswith((".zeros_like", ".zeros"))
    return isinstance(node, ast.Constant) and type(node.value) in (int, float) and node.value == 0


def _decays(assign: ast.Assign, name: str) -> bool:
    """`name[i] = factor * name[i] + ...`, or the same with a plain name."""
    target = ast.unparse(assign.targets[0])
    if target != name and not target.startswith(f"{name}["):
        return False
    value = assign.value
    if not isinstance(value, ast.BinOp) or not isinstance(value.op, ast.Add | ast.Sub):
        return False
    return any(
        isinstance(term, ast.BinOp)
        and isinstance(term.op, ast.Mult)
        and target in (ast.unparse(term.left), ast.unparse(term.right))
        for term in (value.left, value.right)
    )


def _stuck_powers(nodes: Sequence[ast.AST], function: ast.FunctionDef) -> Iterator[ast.BinOp]:
    """`1 - beta ** t`, where each call of the function has the same `t`: the first of them."""
    for node in _own(function):
        power = _correction(node)
        if power is not None and _is_stuck(nodes, function, ast.unparse(power.right)):
            yield power
            return


def _correction(node: ast.AST) -> ast.BinOp | None:
    """The power in `moment / (1 - beta ** t)`."""
    less = node.right if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) else None
    power = less.right if isinstance(less, ast.BinOp) and isinstance(less.op, ast.Sub) else None
    if not isinstance(power, ast.BinOp) or not isinstance(power.op, ast.Pow):
        return None
    return power if isinstance(power.right, ast.Name) else None


def _is_stuck(nodes: Sequence[ast.AST], function: ast.FunctionDef, name: str) -> bool:
    stores = [
        one
        for one in ast.walk(function)
        if isinstance(one, ast.Name) and one.id == name and isinstance(one.ctx, ast.Store)
    ]
    given = {argument.arg: argument for argument in function.args.args}
    shared = any(isinstance(one, ast.Global | ast.Nonlocal) for one in ast.walk(function))
    if name in given:
        return not stores and not shared and _never_given(nodes, function, name)
    first = [
        one
        for one in function.body
        if isinstance(one, ast.Assign)
        and isinstance(one.value, ast.Constant)
        and type(one.value.value) is int
        and any(isinstance(to, ast.Name) and to.id == name for to in one.targets)
    ]
    inner = [
        one for loop in ast.walk(function) if isinstance(loop, _LOOPS) for one in ast.walk(loop)
    ]
    return len(first) == 1 and not shared and not any(one in inner for one in stores)


def _never_given(nodes: Sequence[ast.AST], function: ast.FunctionDef, name: str) -> bool:
    """Says whether an argument has a number as its default, and no call hands over another."""
    names = [argument.arg for argument in function.args.args]
    behind = names.index(name) - (len(names) - len(function.args.defaults))
    default = function.args.defaults[behind] if behind >= 0 else None
    if not isinstance(default, ast.Constant) or type(default.value) is not int:
        return False
    calls = calls_of(nodes, function)
    return bool(calls) and not any(hands_over(call, function, name) for call in calls)
