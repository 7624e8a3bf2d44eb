"""Models that a loop compiles in each of its rounds: each begins with an optimizer of its own."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..python.methods import calls_of, name_of, root_of
from . import habits

if TYPE_CHECKING:
    from ..reader import Reader

_Body = ast.For | ast.While | ast.FunctionDef
_STATELESS = frozenset({"sgd", "SGD"})


def finish(reader: Reader) -> None:
    """`for epoch in range(n): model.compile(Adam(), ...); model.fit(x, y, epochs=1)`."""
    nodes = reader.source.nodes
    if not any(getattr(one, "attr", "") == "compile" for one in nodes):
        return
    for loop in _turning(reader):
        for call in _calls(loop.body, "compile"):
            kind = _kind(loop, call)
            model = ast.unparse(call.func.value)  # type: ignore[attr-defined]
            fits = [one for one in _calls(loop.body, "fit", "train_on_batch") if _of(one, model)]
            lasts = isinstance(loop, ast.For | ast.While) or model.startswith("self.")
            if kind and lasts and len(fits) == 1 and _one_epoch(fits[0]):
                if _is_other(loop, model):
                    continue
                others = ((reader.spot(fits[0]), "trains with a fresh state each time"),)
                spot = reader.spot(call)
                habits.remark(reader, "optimizer-recreated", spot, kind, (), others)


def _turning(reader: Reader) -> Iterator[_Body]:
    """Loops, and methods that a loop calls in each of its rounds."""
    for one in reader.source.nodes:
        called = isinstance(one, ast.FunctionDef) and _is_called_anew(reader, one)
        if called or isinstance(one, ast.For | ast.While):
            yield one  # type: ignore[misc]


def _is_called_anew(reader: Reader, method: ast.FunctionDef) -> bool:
    """Says whether each round of some loop calls a method of one and the same object."""
    own = bool(method.args.args) and method.args.args[0].arg == "self"
    if not own or method.name == "__init__":
        return False
    for call in calls_of(reader.source.nodes, method):
        receiver = root_of(call.func)
        loops = [one for one in reader.around(call) if isinstance(one, ast.For | ast.While)]
        made = (one for loop in loops for one in ast.walk(loop) if isinstance(one, ast.Name))
        new = any(one.id == receiver and isinstance(one.ctx, ast.Store) for one in made)
        if loops and receiver and not new:
            return True
    return False


def _calls(body: list[ast.stmt], *names: str) -> Iterator[ast.Call]:
    """Calls of these methods that stand in the loop itself, and in no branch of it."""
    for statement in body:
        value = statement.value if isinstance(statement, ast.Expr | ast.Assign) else None
        if isinstance(value, ast.Call) and getattr(value.func, "attr", "") in names:
            yield value


def _of(call: ast.Call, model: str) -> bool:
    return isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value) == model


def _kind(loop: _Body, call: ast.Call) -> str:
    """The optimizer that is made in this very call, the same in each round, if it keeps a state."""
    words = [one.value for one in call.keywords if one.arg == "optimizer"]
    given = next(iter(words or call.args), None)
    if isinstance(given, ast.Constant):
        return str(given.value) if given.value not in _STATELESS else ""
    if not isinstance(given, ast.Call) or name_of(given.func) in _STATELESS:
        return ""
    turning = loop.target if isinstance(loop, ast.For) else ast.Tuple([], ast.Load())
    bound = {one.id for one in ast.walk(turning) if isinstance(one, ast.Name)}
    bound |= {one.arg for one in ast.walk(loop) if isinstance(one, ast.arg)} - {"self"}
    bound |= {
        one.id
        for one in ast.walk(loop)
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)
    }
    used = {one.id for one in ast.walk(given) if isinstance(one, ast.Name)}
    return "" if used & bound else name_of(given.func)


def _one_epoch(call: ast.Call) -> bool:
    """What is fitted for many epochs at once is a phase, and may begin anew."""
    epochs = next((one.value for one in call.keywords if one.arg == "epochs"), None)
    return epochs is None or (isinstance(epochs, ast.Constant) and epochs.value == 1)


def _is_other(loop: ast.AST, model: str) -> bool:
    """Each round has a model of its own, or weights that it puts in."""
    root = model.partition(".")[0]
    return any(
        (isinstance(one, ast.Name) and one.id == root and isinstance(one.ctx, ast.Store))
        or (isinstance(one, ast.Attribute) and one.attr in ("set_weights", "load_weights"))
        or (
            isinstance(one, ast.Attribute)
            and one.attr == "trainable"
            and type(one.ctx) is ast.Store
        )
        for one in ast.walk(loop)
    )
