"""What a hand-made optimizer forgets: state that is read and never stored.

Read from the text of the class alone, since what it forgets is nowhere to be followed.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from . import habits
from .values import Class

if TYPE_CHECKING:
    from .reader import Reader

Method = ast.FunctionDef

_ASSIGNS = frozenset({"assign", "assign_add", "assign_sub", "scatter_sub", "scatter_add"})
_WRITES = frozenset(
    """append extend insert update setdefault pop clear assign assign_add assign_sub add
    __setitem__ popitem remove""".split()
)
_APPLIES = ("apply_gradients", "apply")


def look(reader: Reader, cls: Class) -> None:
    """Looks at a class that updates variables."""
    if cls.base not in ("plain", "optimizer", "module") or reader.silent:
        return
    methods = [node for node in cls.node.body if isinstance(node, ast.FunctionDef)]
    updating = [method for method in methods if _moves_its_arguments(method)]
    if not updating:
        if cls.base == "optimizer":
            _assigns_nothing(reader, cls, methods)
        return
    for method in updating:
        _unstored(reader, cls, methods, method)
        _uncorrected(reader, cls, methods, method)
        _rebound(reader, cls, method)
        if cls.base == "optimizer":
            _uncounted(reader, cls, methods, method)


def _walk(method: ast.AST) -> Iterator[ast.AST]:
    yield from ast.walk(method)


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
        and node.func.attr in _ASSIGNS
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in known
        for node in _walk(method)
    )


def _derived(method: Method, names: set[str]) -> set[str]:
    """Names that loops and comprehensions take out of these."""
    known = set(names)
    for node in _walk(method):
        if isinstance(node, ast.For | ast.comprehension) and known & _loaded(node.iter):
            known |= {one.id for one in ast.walk(node.target) if isinstance(one, ast.Name)}
    return known


def _loaded(node: ast.AST) -> set[str]:
    return {
        one.id
        for one in ast.walk(node)
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load)
    }


def _own(node: ast.AST) -> str:
    """The name of an attribute of `self`, or nothing."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return node.attr if node.value.id == "self" else ""
    return ""


# State in Python


def _unstored(reader: Reader, cls: Class, methods: list[Method], method: Method) -> None:
    """A table or a counter that starts empty, is read, and never gets anything."""
    if any(isinstance(decorator, ast.Name) for decorator in cls.node.decorator_list):
        return
    for name, made in _empty_at_first(methods).items():
        reads = [node for node in _walk(method) if _own(node) == name]
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
        for node in _walk(method):
            if not isinstance(node, ast.Assign):
                continue
            empty = (isinstance(node.value, ast.Dict) and not node.value.keys) or (
                isinstance(node.value, ast.List) and not node.value.elts
            )
            made = isinstance(node.value, ast.Call) and _name(node.value.func) in (
                "dict",
                "defaultdict",
                "WeakKeyDictionary",
            )
            zero = isinstance(node.value, ast.Constant) and node.value.value in (0, 0.0)
            flag = isinstance(node.value, ast.Constant) and isinstance(node.value.value, bool)
            for target in node.targets:
                if _own(target) and (empty or made or (zero and not flag)):
                    found[_own(target)] = node
    return found


def _name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")


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
        return _own(node) == name and isinstance(node.ctx, ast.Store | ast.Del)
    if isinstance(node, ast.Subscript):
        return _own(node.value) == name and isinstance(node.ctx, ast.Store | ast.Del)
    if isinstance(node, ast.Call):
        called = node.func
        if isinstance(called, ast.Attribute) and _own(called.value) == name:
            return called.attr in _WRITES
        # Handed on as a whole: anyone may write to it.
        return _name(called) not in _LOOK and any(_own(given) == name for given in node.args)
    return isinstance(node, ast.Assign | ast.Return) and _own(node.value or node) == name


_COUNTERS = frozenset("t step steps iteration iterations".split())


def _is_state_read(method: Method, name: str) -> bool:
    """Says whether an entry is looked up, or a counter takes part in a formula."""
    return any(
        (isinstance(node, ast.Subscript) and _own(node.value) == name)
        or (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "get"
            and _own(node.func.value) == name
        )
        or (
            isinstance(node, ast.BinOp)
            and name in _COUNTERS
            and name in (_own(node.left), _own(node.right))
        )
        for node in _walk(method)
    )


def _uncorrected(reader: Reader, cls: Class, methods: list[Method], method: Method) -> None:
    """`1 - beta ** self.t`, where `t` begins with 1 and nothing counts on."""
    for name, made in _numbers_at_first(methods).items():
        powers = [node for node in _walk(method) if _corrects(node, name)]
        if powers and not _is_stored(cls.node, name) and name not in reader.source.set_from_outside:
            others = ((reader.spot(made), "starts here"),)
            names = (cls.name, f"self.{name}")
            spot = reader.spot(powers[0])
            habits.remark(reader, "custom-optimizer-bug", spot, "state", names, others)


def _numbers_at_first(methods: list[Method]) -> dict[str, ast.AST]:
    """Attributes that `__init__` sets to the number 1."""
    return {
        _own(target): node
        for method in methods
        if method.name == "__init__"
        for node in _walk(method)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if _own(target) and node.value.value == 1 and not isinstance(node.value.value, bool)
    }


def _corrects(node: ast.AST, name: str) -> bool:
    """A correction of a running mean for its first steps."""
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Sub):
        return False
    power, exponent = node.right, None
    if isinstance(power, ast.BinOp) and isinstance(power.op, ast.Pow):
        exponent = power.right
    elif isinstance(power, ast.Call) and _name(power.func) == "pow" and len(power.args) == 2:
        exponent = power.args[1]
    one = isinstance(node.left, ast.Constant) and node.left.value == 1
    return one and exponent is not None and any(_own(part) == name for part in ast.walk(exponent))


# State in the names of a loop


def _rebound(reader: Reader, cls: Class, method: Method) -> None:
    """`for v, g, s in zip(..., self.slots): s = decay * s + g`: the slot stays as it is."""
    for loop in _walk(method):
        for name, attribute in _slots_met(loop).items():
            new = [
                node
                for node in ast.walk(loop)
                if isinstance(node, ast.Assign)
                and [_name(target) for target in node.targets] == [name]
                and name in _loaded(node.value)
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
    if isinstance(iterated, ast.Call) and _name(iterated.func) == "enumerate" and iterated.args:
        if not isinstance(target, ast.Tuple) or len(target.elts) != 2:
            return {}
        target, iterated = target.elts[1], iterated.args[0]
    if not isinstance(iterated, ast.Call) or _name(iterated.func) != "zip":
        return {}
    names = target.elts if isinstance(target, ast.Tuple) else []
    return {
        name.id: _own(given)
        for name, given in zip(names, iterated.args, strict=False)
        if isinstance(name, ast.Name) and _own(given)
    }


def _keeps(loop: ast.AST, name: str) -> bool:
    """Says whether anything in the loop may keep what the name stands for."""
    return any(_hands_name_on(node, name) for node in ast.walk(loop))


def _hands_name_on(node: ast.AST, name: str) -> bool:
    if isinstance(node, ast.Call):
        called = node.func
        asked = isinstance(called, ast.Attribute) and _name(called.value) == name
        given = name in [_name(one) for one in node.args]
        return asked or (given and bool(_own(called) or _name(called) in _WRITES))
    if isinstance(node, ast.Assign):
        elsewhere = any(not isinstance(target, ast.Name) for target in node.targets)
        return elsewhere and name in _loaded(node.value)
    kept = isinstance(node, ast.Return | ast.Yield) and node.value is not None
    return kept and name in _loaded(node)


# The counter of Keras


def _uncounted(reader: Reader, cls: Class, methods: list[Method], method: Method) -> None:
    """`apply_gradients` is replaced, and nothing advances `iterations`."""
    if method.name not in _APPLIES:
        return
    reads = [
        node
        for one in methods
        for node in _walk(one)
        if _own(node) in ("iterations", "_iterations")
    ]
    if not reads:
        return
    if any(_advances(node, first=one.name == "__init__") for one in methods for node in _walk(one)):
        return
    names = (cls.name, "iterations")
    if _inside(reads[0], method):
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
    if _own(receiver).endswith("iterations"):
        return name in _ASSIGNS or name == "increment"
    if name.startswith("assign") and any(_own(one).endswith("iterations") for one in node.args):
        return True
    if _is_super(receiver):
        return not first and "apply" in name
    return _own(node.func).startswith(("_increment", "_backend_"))


def _inside(node: ast.AST, method: Method) -> bool:
    return any(one is node for one in _walk(method))


def _is_super(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and _name(node.func) == "super"


# Updates that go nowhere


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
    for node in _walk(method):
        if isinstance(node, ast.Assign) and _name(node.value) in aliases:
            aliases |= {one.id for one in node.targets if isinstance(one, ast.Name)}
    for node in _walk(method):
        if not isinstance(node, ast.Call):
            continue
        name = _name(node.func)
        if name.startswith(("assign", "scatter", "_assign")) and not _is_state(method, node):
            return True
        given = aliases & {one.id for one in node.args if isinstance(one, ast.Name)}
        own = _own(node.func) and not name.startswith(("_get", "_var", "_index"))
        if given and (own or "apply" in name or "update" in name):
            return True
    return any(isinstance(node, ast.Return) and node.value is not None for node in _walk(method))


def _is_state(method: Method, call: ast.Call) -> bool:
    """Says whether what is assigned is a slot: an attribute of `self`, or a name for one."""
    target: ast.AST = call.func.value if isinstance(call.func, ast.Attribute) else call
    if isinstance(target, ast.Name) and target.id == "self" and call.args:
        target = call.args[0]
    if isinstance(target, ast.Name):
        made = [
            node.value
            for node in _walk(method)
            if isinstance(node, ast.Assign) and any(_name(one) == target.id for one in node.targets)
        ]
        return bool(made) and all(_root(value) == "self" for value in made)
    return _root(target) == "self" and target is not call


def _root(node: ast.AST) -> str:
    """The name at the beginning of `self.slots[index].value`."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""
