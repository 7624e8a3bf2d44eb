"""What a function is given, or makes, and never looks at: weights, masks, what layers made."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...evidence.loop import Spot
from .. import breaks
from ..dependence import Path
from ..joining import flow_of
from ..python.methods import name_of
from ..values import Function, Layer, Tensor, Unknown, Value, Variable
from . import habits

if TYPE_CHECKING:
    from ..reader import Reader

WEIGHTS = r"^(sample|class|example|instance)_?weights?$|^weights?$|^sw$"
_MASKS = r"(^|_)(mask|padding)(s|_|$)|^valid(_mask)?$"
_MADE = rf"{_MASKS}|^(sample|class|example|instance)_weights?$"
_LOOKED_UP = r"(^|_)(sample|class|example|instance)_?weights?$|^weights$"


def names(reader: Reader, function: ast.FunctionDef) -> tuple[dict[str, ast.arg], list[ast.Assign]]:
    """Parameters and local names of this kind that no line of a function reads."""
    known = reader.facts.batches.unread.get(id(function))
    if known is None:
        known = reader.facts.batches.unread[id(function)] = _names(function)
    return known


def _names(function: ast.FunctionDef) -> tuple[dict[str, ast.arg], list[ast.Assign]]:
    given = {
        one.arg: one
        for one in (*function.args.args, *function.args.kwonlyargs)
        if re.search(f"{WEIGHTS}|{_MASKS}", one.arg)
    }
    made = [node for node in ast.walk(function) if isinstance(node, ast.Assign) and _makes(node)]
    if not given and not made:
        return {}, []
    used = set(_used(function))
    return (
        {name: one for name, one in given.items() if name not in used},
        [one for one in made if one.targets[0].id not in used],  # type: ignore[attr-defined]
    )


def _makes(node: ast.Assign) -> bool:
    """Says whether a mask or weights are computed here and get a name."""
    return (
        len(node.targets) == 1
        and isinstance(node.targets[0], ast.Name)
        and (re.search(_MADE, node.targets[0].id) is not None or _looks_up(node))
        and isinstance(node.value, ast.Call | ast.Compare | ast.BinOp | ast.UnaryOp)
    )


def _looks_up(node: ast.Assign) -> bool:
    """`w = tf.gather(class_weights, y)`."""
    value, target = node.value, node.targets[0]
    gathers = isinstance(value, ast.Call) and name_of(value.func) in ("gather", "take")
    short = isinstance(target, ast.Name) and re.match(r"(w|ws|cw|weights?)(_?batch)?$", target.id)
    named = value.args[:1] if gathers and short else []  # type: ignore[attr-defined]
    return any(re.search(_LOOKED_UP, name_of(one)) for one in named)


def _used(function: ast.FunctionDef) -> Iterator[str]:
    """Names that are read, thrown away by `del`, or belong to somebody else."""
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Global | ast.Nonlocal):
            yield from node.names


def returned(
    reader: Reader, function: Function, given: dict[str, Value], result: Value, node: ast.AST
) -> None:
    """A loss comes back from a function, under a tape."""
    definition = function.node
    is_loss = isinstance(result, Tensor) and result.loss == 1 and bool(result.made)
    if not reader.active or not is_loss or not isinstance(definition, ast.FunctionDef):
        return
    left, made = names(reader, definition)
    if not left and not made:
        return
    assert isinstance(result, Tensor)
    spot = reader.spot(result.made[-1])
    for name, argument in left.items():
        if _are_weights(given.get(name), function, name) and _only_here(reader, node, function):
            words = "idle" if re.search(_MASKS, name) else "unused"
            label = "not used" if words == "idle" else "the weights are here"
            others = ((reader.spot(argument), label),)
            habits.remark(reader, "sample-weight-ignored", spot, words, (), others)
    for one in made:
        idle(reader, one, spot)


def idle(reader: Reader, made: ast.Assign, loss: Spot) -> None:
    """Says of a mask, or of weights, that the loss goes on without them."""
    spot = reader.spot(made)
    if _looks_up(made):
        others = ((loss, "the mean without the weights"),)
        habits.remark(reader, "sample-weight-ignored", spot, "looked up", (), others)
    else:
        habits.remark(reader, "sample-weight-ignored", loss, "idle", (), ((spot, "not used"),))


def dropped(reader: Reader, local: dict[str, Value], result: Value, node: ast.AST) -> None:
    """Notes what a function made of layers under a tape, and gave a name, but not back."""
    if not reader.active or reader.silent:
        return
    back = flow_of(result)
    within = (*reader.path(node), node)
    for value in local.values():
        if not isinstance(value, Tensor):
            continue
        # What it was handed ends where it makes what it gives back; unless it keeps it elsewhere.
        last = value.made if len(value.made) >= len(within) else _made_of_others(result, within)
        for thing in value.flow if last else ():
            if isinstance(thing, Layer | Variable) and thing not in back:
                made = breaks.in_frame_of(last, within)
                # What the innermost function keeps, those around it have not either.
                reader.facts.kept_back.setdefault(id(thing), (made,))


def _made_of_others(result: Value, within: Path) -> Path:
    """Where a function made its result, if it did so itself."""
    made = result.made if isinstance(result, Tensor) else ()
    return made if len(made) >= len(within) else ()


def _are_weights(value: Value | None, function: Function, name: str) -> bool:
    """Says whether somebody gave numbers, and no variables."""
    return isinstance(value, Tensor | Unknown) and value is not function.defaults.get(name)


def _only_here(reader: Reader, node: ast.AST, function: Function) -> bool:
    """Says whether the caller has no other use of what it hands over, and no class another rule."""
    caller = reader.frame.function
    if caller is None or not isinstance(node, ast.Call):
        return False
    handed = [*node.args, *(word.value for word in node.keywords)]
    read = [
        one.id
        for one in ast.walk(caller.node)
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load)
    ]
    passed = [one.id for one in handed if isinstance(one, ast.Name)]
    weights = [name for name in passed if re.search(f"{WEIGHTS}|{_MASKS}|^w$", name)]
    same = [
        one
        for source in reader.sources
        for one in ast.walk(source.tree)
        if isinstance(one, ast.FunctionDef) and one.name == function.name
    ]
    return bool(weights) and all(read.count(name) == 1 for name in weights) and len(same) == 1
