"""Models that a loop compiles in each of its rounds: each begins with an optimizer of its own."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..python.methods import name_of
from . import habits

if TYPE_CHECKING:
    from ..reader import Reader

_STATELESS = frozenset({"sgd", "SGD"})


def finish(reader: Reader) -> None:
    """`for epoch in range(n): model.compile(Adam(), ...); model.fit(x, y, epochs=1)`."""
    for loop in reader.source.nodes:
        if not isinstance(loop, ast.For | ast.While):
            continue
        for call in _calls(loop.body, "compile"):
            kind = _kind(loop, call)
            model = ast.unparse(call.func.value)  # type: ignore[attr-defined]
            fits = [one for one in _calls(loop.body, "fit", "train_on_batch") if _of(one, model)]
            if kind and len(fits) == 1 and _one_epoch(fits[0]) and not _is_other(loop, model):
                others = ((reader.spot(fits[0]), "trains with a fresh state each time"),)
                spot = reader.spot(call)
                habits.remark(reader, "optimizer-recreated", spot, kind, (), others)


def _calls(body: list[ast.stmt], *names: str) -> Iterator[ast.Call]:
    """Calls of these methods that stand in the loop itself, and in no branch of it."""
    for statement in body:
        value = statement.value if isinstance(statement, ast.Expr | ast.Assign) else None
        if isinstance(value, ast.Call) and getattr(value.func, "attr", "") in names:
            yield value


def _of(call: ast.Call, model: str) -> bool:
    return isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value) == model


def _kind(loop: ast.For | ast.While, call: ast.Call) -> str:
    """The optimizer that is made in this very call, the same in each round, if it keeps a state."""
    words = [one.value for one in call.keywords if one.arg == "optimizer"]
    given = next(iter(words or call.args), None)
    if isinstance(given, ast.Constant):
        return str(given.value) if given.value not in _STATELESS else ""
    if not isinstance(given, ast.Call) or name_of(given.func) in _STATELESS:
        return ""
    turning = loop.target if isinstance(loop, ast.For) else ast.Tuple([], ast.Load())
    bound = {one.id for one in ast.walk(turning) if isinstance(one, ast.Name)}
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
