"""What a hand-made optimizer forgets: its state, the counter, or the update itself.

Read from the text of the class alone, since what it forgets is nowhere to be followed.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ..python.methods import ASSIGNS, Method, name_of, names_read, own_attribute, root_of
from ..values import Class
from . import habits, unstored, zero_slots

if TYPE_CHECKING:
    from ..reader import Reader

_APPLIES = ("apply_gradients", "apply")


def look(reader: Reader, cls: Class) -> None:
    """Looks at a class that updates variables."""
    if cls.base not in ("plain", "optimizer", "module") or reader.silent:
        return
    methods = [node for node in cls.node.body if isinstance(node, ast.FunctionDef)]
    zero_slots.look(reader, cls, methods)
    updating = [method for method in methods if _moves_its_arguments(method)]
    if not updating:
        if cls.base == "optimizer":
            _assigns_nothing(reader, cls, methods)
            _hands_nothing_on(reader, cls, methods)
        return
    for method in updating:
        unstored.look(reader, cls, methods, method)
        if cls.base == "optimizer":
            _uncounted(reader, cls, methods, method)


def _arguments(method: Method) -> set[str]:
    given = (*method.args.posonlyargs, *method.args.args, *method.args.kwonlyargs)
    return {argument.arg for argument in given} - {"self"}


def _moves_its_arguments(method: Method) -> bool:
    """Says whether a method assigns to variables that it was given."""
    given = _arguments(method)
    if not given:
        return False
    known = _derived(method, given)
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ASSIGNS
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in known
        for node in ast.walk(method)
    )


def _derived(method: Method, names: set[str]) -> set[str]:
    """Names that loops and comprehensions take out of these."""
    known = set(names)
    for node in ast.walk(method):
        if isinstance(node, ast.For | ast.comprehension) and known & names_read(node.iter):
            known |= {one.id for one in ast.walk(node.target) if isinstance(one, ast.Name)}
    return known


def _uncounted(reader: Reader, cls: Class, methods: list[Method], method: Method) -> None:
    """`apply_gradients` is replaced, and nothing advances `iterations`."""
    if method.name not in _APPLIES:
        return
    reads = [
        node
        for one in methods
        for node in ast.walk(one)
        if own_attribute(node) in ("iterations", "_iterations")
    ]
    if not reads:
        return
    if any(
        _advances(node, first=one.name == "__init__") for one in methods for node in ast.walk(one)
    ):
        return
    names = (cls.name, "iterations")
    if any(one is reads[0] for one in ast.walk(method)):
        habits.remark(reader, "custom-optimizer-bug", reader.spot(reads[0]), "counter", names)
    else:
        others = ((reader.spot(reads[0]), "read here"),)
        spot = reader.spot(method.body[0])
        habits.remark(reader, "custom-optimizer-bug", spot, "counter", names, others)


def _advances(node: ast.AST, *, first: bool) -> bool:
    """Says whether this advances `iterations`, or lets the base class do it."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    name, receiver = node.func.attr, node.func.value
    if own_attribute(receiver).endswith("iterations"):
        return name in ASSIGNS or name == "increment"
    if name.startswith("assign") and any(
        own_attribute(one).endswith("iterations") for one in node.args
    ):
        return True
    if _is_super(receiver):
        return not first and "apply" in name
    return own_attribute(node.func).startswith(("_increment", "_backend_"))


def _is_super(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and name_of(node.func) == "super"


def _assigns_nothing(reader: Reader, cls: Class, methods: list[Method]) -> None:
    """`update_step` computes, and nothing in it reaches the variable."""
    for method in methods:
        if method.name != "update_step" or len(method.args.args) < 3:
            continue
        variable = method.args.args[2].arg
        if _is_abstract(method) or _hands_on(method, variable):
            continue
        spot = reader.spot(method.body[-1])
        names = (cls.name, variable)
        habits.remark(reader, "custom-optimizer-bug", spot, "update", names)


def _hands_nothing_on(reader: Reader, cls: Class, methods: list[Method]) -> None:
    """`apply` takes the gradients, and gives them to nobody: not to `super().apply`, either."""
    for method in methods:
        if method.name not in _APPLIES or len(method.args.args) < 2 or _is_abstract(method):
            continue
        called = [name_of(one.func) for one in ast.walk(method) if isinstance(one, ast.Call)]
        if not any(word in name for name in called for word in _MAY_MOVE):
            spot = reader.spot(method.body[-1])
            names = (cls.name, method.name)
            habits.remark(reader, "custom-optimizer-bug", spot, "handed", names)


_MAY_MOVE = ("apply", "update", "assign", "minimize", "scatter", "step", "run", "super")


def _is_abstract(method: Method) -> bool:
    body = [
        node
        for node in method.body
        if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
    ]
    return not body or all(isinstance(node, ast.Pass | ast.Raise) for node in body)


def _hands_on(method: Method, variable: str) -> bool:
    """Says whether the variable may be assigned: here, or by whom it is given to."""
    aliases = {variable}
    for node in ast.walk(method):
        if isinstance(node, ast.Assign) and name_of(node.value) in aliases:
            aliases |= {one.id for one in node.targets if isinstance(one, ast.Name)}
    for node in ast.walk(method):
        if not isinstance(node, ast.Call):
            continue
        name = name_of(node.func)
        if name.startswith(("assign", "scatter", "_assign")) and not _is_state(method, node):
            return True
        given = aliases & {one.id for one in node.args if isinstance(one, ast.Name)}
        own = own_attribute(node.func) and not name.startswith(("_get", "_var", "_index"))
        if given and (own or "apply" in name or "update" in name):
            return True
    return any(isinstance(node, ast.Return) and node.value is not None for node in ast.walk(method))


def _is_state(method: Method, call: ast.Call) -> bool:
    """Says whether what is assigned is a slot: an attribute of `self`, or a name for one."""
    target: ast.AST = call.func.value if isinstance(call.func, ast.Attribute) else call
    if isinstance(target, ast.Name) and target.id == "self" and call.args:
        target = call.args[0]
    if isinstance(target, ast.Name):
        made = [
            node.value
            for node in ast.walk(method)
            if isinstance(node, ast.Assign)
            and any(name_of(one) == target.id for one in node.targets)
        ]
        return bool(made) and all(root_of(value) == "self" for value in made)
    return root_of(target) == "self" and target is not call
