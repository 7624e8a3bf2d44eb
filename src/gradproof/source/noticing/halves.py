"""Computations in float16 that leave its range, read from the text of Keras classes.

Which classes compute in float16 shows when the policy is set or an object is made; what is in
their methods is looked at then.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..python.methods import own_attribute
from ..values import Class, Constant, Instance, Value
from . import habits

if TYPE_CHECKING:
    from ..reader import Reader

LARGEST = 65504.0
SMALLEST = 3e-8
"""Positive numbers below this are zero in float16."""

ENOUGH = 1e-5
"""An epsilon with which Adam makes no huge steps in float16; with 1e-4 it trains, as was tried."""

_ADAMS = frozenset({"Adam", "AdamW", "Nadam"})
_BOUNDED = frozenset(
    """reduce_max max maximum minimum square abs clip_by_value clip stop_gradient softplus relu
    norm squared_difference""".split()
)
_SINGULAR = frozenset({"log", "sqrt", "rsqrt", "maximum"})


def policy_set(reader: Reader, name: str, arguments: list[Value], node: ast.AST) -> None:
    """A global policy is chosen."""
    if name.endswith(("set_global_policy", "set_dtype_policy", "experimental.set_policy")):
        value = arguments[0] if arguments else None
        if isinstance(value, Constant):
            reader.facts.half = node if value.value in ("mixed_float16", "float16") else None
            reader.facts.half_variables = node if value.value == "float16" else None
    elif name.endswith("set_floatx") and arguments and isinstance(arguments[0], Constant):
        reader.facts.half_variables = node if arguments[0].value == "float16" else None


def optimizer_made(reader: Reader, kind: str, given: dict[str, Value], node: ast.AST) -> None:
    """An optimizer that divides by the root of a mean of squares, with its epsilon."""
    policy, epsilon = reader.facts.half_variables, given.get("epsilon", Constant(1e-7))
    number = epsilon.value if isinstance(epsilon, Constant) else None
    if policy is not None and kind in _ADAMS and isinstance(number, float) and number < ENOUGH:
        others = ((reader.spot(policy), "variables are float16 from here on"),)
        habits.remark(reader, "float16-range", reader.spot(node), "optimizer", (), others)


def is_mixed(policy: ast.AST | None) -> bool:
    """Says whether a global policy is "mixed_float16", spelt out."""
    given = policy.args if isinstance(policy, ast.Call) else []
    return any(isinstance(one, ast.Constant) and one.value == "mixed_float16" for one in given)


def made(reader: Reader, instance: Value, keywords: dict[str, Value]) -> None:
    """A layer or model whose class stands in the file is made."""
    if not isinstance(instance, Instance):
        return
    given = keywords.get("dtype")
    policy = reader.facts.half
    if isinstance(given, Constant) and given.value is not None:
        policy = instance.node if given.value in ("mixed_float16", "float16") else None
    if policy is None or instance.of.base not in ("layer", "model") or reader.silent:
        return
    _look(reader, instance.of, policy)


def _look(reader: Reader, cls: Class, policy: ast.AST) -> None:
    if any(_says_dtype(node) for node in ast.walk(cls.node)):
        return
    others = ((reader.spot(policy), "computes in float16"),)
    for method, given in _computing(cls.node):
        for node, words in _out_of_range(method, given):
            habits.remark(reader, "float16-range", reader.spot(node), words, (), others)


Given = dict[str, ast.expr]
"""What names are given: by assignments, or by a caller for parameters."""


def _computing(cls: ast.ClassDef) -> Iterator[tuple[ast.FunctionDef, Given]]:
    """`call`, and the methods of the class that it calls, with what they are given."""
    methods = {one.name: one for one in cls.body if isinstance(one, ast.FunctionDef)}
    call = methods.pop("call", None)
    if call is None:
        return
    yield call, {}
    around = _assigned(call)
    for node in ast.walk(call):
        method = methods.get(own_attribute(node.func)) if isinstance(node, ast.Call) else None
        if isinstance(node, ast.Call) and method is not None:
            names = [one.arg for one in method.args.args[1:]]
            told = [around.get(getattr(one, "id", ""), one) for one in node.args]
            yield method, around | dict(zip(names, told, strict=False))


def _assigned(method: ast.FunctionDef) -> Given:
    return {
        target.id: node.value
        for node in ast.walk(method)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _says_dtype(node: ast.AST) -> bool:
    """Says whether a class chooses another dtype for a part of what it does."""
    if isinstance(node, ast.Constant):
        return node.value in ("float32", "float64", "bfloat16")
    return isinstance(node, ast.Attribute) and node.attr in ("float32", "float64", "bfloat16")


def _out_of_range(method: ast.FunctionDef, given: Given) -> Iterator[tuple[ast.AST, str]]:
    assigned = given | _assigned(method)
    for node in ast.walk(method):
        if isinstance(node, ast.BinOp):
            if isinstance(node.op, ast.Div) and _unbounded(node.right, assigned):
                yield node, "overflow"
            elif isinstance(node.op, ast.Mult) and _has_number(node, _is_huge):
                yield node, "mask"
            elif (isinstance(node.op, ast.Div) and _has_number(node.right, _is_tiny, 1)) or (
                isinstance(node.op, ast.Add)
                and _has_number(node, _is_tiny)
                and _guards(method, node)
            ):
                yield node, "epsilon"
        elif (
            isinstance(node, ast.Call)
            and _name(node.func) in ("log", "log1p")
            and any(_unbounded(argument, assigned) for argument in node.args[:1])
        ):
            yield node, "overflow"


def _name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")


def _unbounded(node: ast.expr, assigned: Given, depth: int = 0) -> bool:
    """Says whether this is made of `exp` of something that may be large."""
    if isinstance(node, ast.Name) and depth < 3:
        made = assigned.get(node.id)
        return made is not None and _unbounded(made, assigned, depth + 1)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return any(_unbounded(side, assigned, depth) for side in (node.left, node.right))
    if not isinstance(node, ast.Call) or not node.args:
        return False
    if _name(node.func) in ("reduce_sum", "sum"):
        return _unbounded(node.args[0], assigned, depth)
    return _name(node.func) == "exp" and not _is_bounded(node.args[0], assigned)


def _is_bounded(node: ast.expr, assigned: Given, depth: int = 0) -> bool:
    """Says whether anything keeps the argument of `exp` small."""
    for part in ast.walk(node):
        if isinstance(part, ast.Call) and _name(part.func) in _BOUNDED:
            return True
        if isinstance(part, ast.Pow):
            return True
        made = assigned.get(part.id) if isinstance(part, ast.Name) and depth < 3 else None
        if made is not None and _is_bounded(made, assigned, depth + 1):
            return True
    return False


def _number(node: ast.AST) -> float | None:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = _number(node.operand)
        return -inner if inner is not None else None
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return float(node.value)
    return None


def _is_huge(number: float) -> bool:
    return abs(number) > LARGEST


def _is_tiny(number: float) -> bool:
    return 0.0 < number < SMALLEST


def _has_number(node: ast.AST, test: object, depth: int = 0) -> bool:
    if not isinstance(node, ast.BinOp) or (depth and not isinstance(node.op, ast.Add)):
        return False
    numbers = [_number(side) for side in (node.left, node.right)]
    return any(number is not None and test(number) for number in numbers)  # type: ignore[operator]


def _guards(method: ast.FunctionDef, node: ast.AST) -> bool:
    """Says whether a small number is added to protect a root or a logarithm."""
    return any(
        isinstance(call, ast.Call) and _name(call.func) in _SINGULAR and node in call.args
        for call in ast.walk(method)
    )
