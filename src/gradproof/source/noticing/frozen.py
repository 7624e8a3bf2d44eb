"""What traced functions read and make once."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ...evidence.loop import Creation, FrozenState, Remark
from ..python.methods import name_of
from ..values import Class, Constant, DictValue, Function, ListValue, Scope, Tensor, Value
from . import costs, habits, leaks
from .rounds import of

if TYPE_CHECKING:
    from ..reader import Reader


def traced_call(
    reader: Reader, function: Function, arguments: list[Value], node: ast.AST, *, looping: bool
) -> None:
    """A traced function is called."""
    reader.facts.frozen.update(reader.facts.outdated.get(id(function), {}))
    # Arrays, too, are tensors of the graph inside.
    given = [one for one in arguments if isinstance(one, Tensor) and one.form != "number"]
    reader.facts.traced_inputs[id(function)] = given
    if looping:
        costs.number_given(reader, function, arguments, node)
    costs.traced_for_one_call(reader, function, node)


def frozen_read(
    reader: Reader, scope: Scope, name: str, function: Function, value: Value, node: ast.AST
) -> None:
    """A traced function reads Python state."""
    reader.facts.reads.setdefault((id(scope), name), (function, value, node))


def is_array(value: Value | None) -> bool:
    """Says whether this is an array of NumPy: a trace takes it in as it is at that time."""
    return isinstance(value, Tensor) and value.form == "array"


def array_read(
    reader: Reader, scope: Scope, name: str, function: Function, value: Value, node: ast.AST
) -> None:
    """A traced function reads an array that was there before: by its name, and itself."""
    for key in ((id(scope), name), (id(value), ANY_ENTRY)):
        reader.facts.reads.setdefault(key, (function, value, node))


ANY_ENTRY = "[...]"
_PRINTS = frozenset({"print", "info", "debug", "warning"})


def array_changed(reader: Reader, array: Value, node: ast.AST) -> None:
    """`weights[i] = value`: what counts is whether a function that has read it runs again."""
    read = reader.facts.reads.get((id(array), ANY_ENTRY))
    if read is not None and read[1] is array and reader.frame.traced is None:
        _outdates(reader, read, node)


def _outdates(reader: Reader, read: tuple[Function, Value, ast.AST], node: ast.AST) -> None:
    function, _, where = read
    spot = reader.spot
    text = ast.unparse(node.value) if isinstance(node, ast.Subscript) else spot(node).text
    fact = FrozenState(text, function.name, spot(where), spot(node), False)
    reader.facts.outdated.setdefault(id(function), {})[fact] = None


def written_in_trace(
    reader: Reader,
    scope: Scope,
    name: str,
    function: Function,
    before: Value | None,
    value: Value,
    node: ast.AST,
) -> None:
    """A traced function changes Python state."""
    from .state import is_python_state

    spot = reader.spot
    if isinstance(value, Constant) and isinstance(value.value, bool):
        # "Done" stays done: what is prepared once needs no second trace.
        return
    if is_python_state(before) and is_python_state(value) and not _same(before, value):
        read = reader.facts.reads.get((id(scope), name))
        text = spot(node).text
        if read is not None and not _counts_traces(function.node, text):
            decides = _decides(function.node, text)
            state = FrozenState(text, function.name, spot(read[2]), spot(node), True, decides)
            reader.facts.frozen[state] = None
    elif (before is not None or isinstance(node, ast.Attribute)) and any(
        one.form == "tensor" for one in leaks.tensors(value)
    ):
        leaks.kept(reader, scope, name, function, node)


def _counts_traces(function: ast.AST, name: str) -> bool:
    """Says whether a number is counted up, printed at most, and called after what it counts."""
    if "trac" not in name.rpartition(".")[2].lower():
        return False
    shown = {
        id(part)
        for call in ast.walk(function)
        if isinstance(call, ast.Call) and name_of(call.func) in _PRINTS
        for part in ast.walk(call)
    }
    return not any(
        isinstance(one, ast.Name | ast.Attribute)
        and isinstance(one.ctx, ast.Load)
        and id(one) not in shown
        and ast.unparse(one) == name
        for one in ast.walk(function)
    )


def _decides(function: ast.AST, name: str) -> bool:
    """Says whether a branch of a function is taken, or not, by the value of a name."""
    return any(
        isinstance(one, ast.Name | ast.Attribute) and ast.unparse(one) == name
        for branch in ast.walk(function)
        if isinstance(branch, ast.If | ast.IfExp)
        for one in ast.walk(branch.test)
    )


def written_after_trace(
    reader: Reader, scope: Scope, name: str, before: Value | None, value: Value, node: ast.AST
) -> None:
    """Python state changes after a traced function has read it."""
    from .state import is_python_state

    read = reader.facts.reads.get((id(scope), name))
    if read is not None and is_array(read[1]) and is_array(value) and value is not read[1]:
        _outdates(reader, read, node)
    if read is None or not is_python_state(value) or _same(read[1], value):
        return
    function, _, where = read
    spot = reader.spot
    reader.facts.frozen[
        FrozenState(spot(node).text, function.name, spot(where), spot(node), False)
    ] = None


def entry_written(
    reader: Reader, container: DictValue | ListValue, key: str, value: Value, node: ast.AST
) -> None:
    """An entry of a dict or list changes; what counts is whether its reader runs again."""
    from .state import is_python_state

    read = reader.facts.reads.get((id(container), key))
    if read is None or not is_python_state(value) or _same(read[1], value):
        return
    function, _, where = read
    inside = reader.frame.traced is not None
    spot = reader.spot
    fact = FrozenState(spot(node).text, function.name, spot(where), spot(node), inside)
    if inside:
        reader.facts.frozen[fact] = None
    else:
        reader.facts.outdated.setdefault(id(function), {})[fact] = None


def kept_by_optimizer(reader: Reader, cls: Class) -> None:
    """An own optimizer is used in a traced function: what it keeps has to be variables."""
    traced = reader.frame.traced
    update = next(
        (
            one
            for one in cls.node.body
            if isinstance(one, ast.FunctionDef) and one.name == "update_step"
        ),
        None,
    )
    if traced is None or update is None or len(update.args.args) < 2:
        return
    spot = reader.spot
    known = {update.args.args[1].arg}
    read: dict[str, ast.AST] = {}
    for statement in update.body:
        nodes = list(ast.walk(statement))
        loaded = {one.id for one in nodes if isinstance(one, ast.Name)}
        for one in nodes:
            if isinstance(one, ast.Attribute) and isinstance(one.ctx, ast.Load):
                name = ast.unparse(one)
                if not (isinstance(statement, ast.Assign) and _stores(statement, one)):
                    read.setdefault(name, one)
        if not isinstance(statement, ast.Assign) or not known & loaded:
            continue
        for target in statement.targets:
            known |= {one.id for one in ast.walk(target) if isinstance(one, ast.Name)} - {"self"}
            kept = target.value if isinstance(target, ast.Subscript) else target
            if isinstance(kept, ast.Attribute) and ast.unparse(kept) in read:
                where = spot(read[ast.unparse(kept)])
                state = FrozenState(spot(target).text, traced.name, where, spot(target), True)
                reader.facts.frozen[state] = None


def _stores(statement: ast.Assign, node: ast.AST) -> bool:
    """Says whether an attribute is only named to put something into it."""
    return any(
        isinstance(target, ast.Subscript) and target.value is node for target in statement.targets
    )


_DRAWING = frozenset(
    "rand randn normal uniform randint random random_sample standard_normal choice permutation "
    "binomial poisson beta exponential gauss normalvariate randrange choices sample".split()
)


def drawn(reader: Reader, name: str, node: ast.AST) -> None:
    """NumPy, or Python itself, draws a random number while a function is traced."""
    frame = reader.frame
    if frame.traced is None or frame.guarded or frame.building:
        return
    if reader.speculative and not _updates(frame.traced.node):
        return
    # A seed that stays is what seeds are for.
    seeds = any(isinstance(one, ast.keyword) and one.arg == "seed" for one in reader.around(node))
    if name.rsplit(".", 1)[-1] in _DRAWING and not seeds:
        names = (frame.traced.name,)
        habits.remark(reader, "python-state-frozen-at-trace", reader.spot(node), name, names)


def taken(reader: Reader, value: Value, node: ast.AST) -> None:
    """`next(self.weights)` of a Python iterator that was there before, while tracing."""
    frame = reader.frame
    given = node.args[0] if isinstance(node, ast.Call) and node.args else None
    own = isinstance(given, ast.Name) and given.id in frame.scopes[0].names
    if frame.traced is None or frame.guarded or frame.building or reader.silent or own:
        return
    # The iterator of a dataset takes part in the graph.
    python = isinstance(value, ListValue) or of(reader).generators.get(id(value)) is value
    if not python or not isinstance(given, ast.Name | ast.Attribute):
        return
    if not reader.speculative or _updates(frame.traced.node):
        spot = reader.spot(node)
        state = FrozenState(spot.text, frame.traced.name, spot, spot, True)
        reader.facts.frozen[state] = None


def _updates(function: ast.AST) -> bool:
    """Says whether a function hands gradients over: it is called again and again."""
    return any(
        isinstance(one, ast.Attribute) and one.attr in ("apply_gradients", "minimize")
        for one in ast.walk(function)
    )


def created_in_trace(
    reader: Reader,
    what: str,
    name: str,
    function: Function,
    node: ast.AST,
    maker: ast.AST | None = None,
) -> None:
    """A traced function makes state, or an object that makes it."""
    traced = function.traced
    spot = reader.spot(traced) if traced is not None and traced is not function.node else None
    at = reader.spot(maker or node)
    inner = reader.spot(node) if maker is not None else None
    creation = Creation(at, f"{what} {name}", function.name, spot, inner)
    reader.facts.creations[creation] = None


def numpy_in_graph(
    reader: Reader, function: Function, value: Tensor, name: str, node: ast.AST
) -> None:
    """`.numpy()` in a traced function, or a function of NumPy."""
    spot = reader.spot(node)
    reader.facts.remarks[Remark("numpy-in-graph-mode", spot, name, (function.name,))] = None


def _same(left: Value | None, right: Value | None) -> bool:
    return isinstance(left, Constant) and isinstance(right, Constant) and left.value == right.value
