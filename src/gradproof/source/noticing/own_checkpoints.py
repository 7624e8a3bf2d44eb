"""Checkpoints that are dicts of the user's: how far the training is, the weights, nothing else."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..framework import api
from ..python.methods import name_of
from . import habits

if TYPE_CHECKING:
    from ..reader import Reader

_PROGRESS = re.compile(r"epoch|step|iteration", re.IGNORECASE)
_STATE = re.compile(r"opt|moment|slot|state", re.IGNORECASE)


def finish(reader: Reader) -> None:
    """`{"epoch": epoch, "model": model.get_weights()}`, from which the training goes on."""
    nodes = reader.source.nodes
    saved = [(one, key) for one in nodes if (key := _weights_in(one))]
    for made, key in saved:
        back = _loaded(nodes, key)
        optimizer = _new_optimizer(nodes, back) if back is not None else None
        if back is not None and optimizer is not None:
            others = ((reader.spot(back), "comes back here"), (reader.spot(optimizer), "is new"))
            words = f"`{name_of(optimizer.func)}`"
            spot = reader.spot(made)
            habits.remark(reader, "optimizer-state-not-restored", spot, words, (), others)


def _weights_in(node: ast.AST) -> str:
    """The key of the weights in such a dict, if it says how far the training is."""
    if not isinstance(node, ast.Dict) or not all(map(_is_key, node.keys)):
        return ""
    text = ast.unparse(node)
    keys = [one.value for one in node.keys if isinstance(one, ast.Constant)]
    if _STATE.search(text) or not any(_PROGRESS.search(str(one)) for one in keys):
        return ""
    weights = [
        str(key)
        for key, value in zip(keys, node.values, strict=True)
        if isinstance(value, ast.Call) and name_of(value.func) == "get_weights"
    ]
    return weights[0] if len(weights) == 1 else ""


def _is_key(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _loaded(nodes: Sequence[ast.AST], key: str) -> ast.Call | None:
    """`model.set_weights(checkpoint["model"])`, once in the file."""
    found = [
        one
        for one in nodes
        if isinstance(one, ast.Call)
        and name_of(one.func) == "set_weights"
        and len(one.args) == 1
        and isinstance(one.args[0], ast.Subscript)
        and isinstance(one.args[0].slice, ast.Constant)
        and one.args[0].slice.value == key
    ]
    return found[0] if len(found) == 1 else None


def _new_optimizer(nodes: Sequence[ast.AST], back: ast.Call) -> ast.Call | None:
    """An optimizer with a state that is made after the weights came back, as one was before."""
    made = [
        one
        for one in nodes
        if isinstance(one, ast.Call)
        and name_of(one.func) in api.OPTIMIZERS - api.WITHOUT_STATE
        and "." in ast.unparse(one.func)
    ]
    after = [one for one in made if one.lineno > back.lineno]
    before = [one for one in made if one.lineno < back.lineno]
    # With another rate it is another phase.
    alike = [one for one in after if any(ast.dump(other) == ast.dump(one) for other in before)]
    return alike[0] if len(alike) == 1 and len(made) == 2 else None
