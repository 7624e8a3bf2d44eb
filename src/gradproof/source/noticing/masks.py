"""Gradients that are masked, and buffers in which gradients are added up."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..framework import ownership, tapes
from ..joining import flow_of
from ..python.methods import name_of
from ..values import Constant, Group, ListValue, Optimizer, Tensor, Value, Variable
from . import habits, undivided

if TYPE_CHECKING:
    from ..dependence import Path
    from ..reader import Reader

_RESTORES = frozenset({"assign", "set_weights", "scatter_nd_update", "scatter_update"})


@dataclass(eq=False, repr=False)
class Masks:
    """What is known of masks and buffers.

    `masked`: gradients after a mask, by their tokens; `added`: buffers that
    gradients were added to; `emptied`: variables that anything else assigns;
    `replaced`: buffers that take one gradient in place of another; `zeroed`:
    those that are set to zero; `given`: those that an optimizer is given, and
    `again` what it is given more than once.
    """

    zeros: set[int] = field(default_factory=set)
    masked: dict[int, ast.AST] = field(default_factory=dict)
    added: dict[int, tuple[Variable, ast.AST]] = field(default_factory=dict)
    emptied: set[int] = field(default_factory=set)
    replaced: dict[int, tuple[Variable, Path]] = field(default_factory=dict)
    zeroed: dict[int, ast.AST] = field(default_factory=dict)
    given: dict[int, tuple[Variable, Path]] = field(default_factory=dict)
    again: set[int] = field(default_factory=set)
    excluded: set[int] = field(default_factory=set)


def literal(reader: Reader, short: str, value: Value | None, result: Tensor) -> None:
    """A constant made of zeros and ones, or of a comparison, is a mask."""
    known = reader.facts.masks.zeros
    if isinstance(value, ListValue) and short in ("constant", "convert_to_tensor", "array"):
        numbers = _numbers(value)
        if 0.0 in numbers and numbers <= {0.0, 1.0}:
            known |= result.tokens
    elif isinstance(value, ListValue) and short in _JOINS:
        if {_filled(one) for one in value.items} == {"zeros", "ones"}:
            known |= result.tokens
    elif short not in _KEEPS or not isinstance(value, Tensor):
        return
    elif value.compared or value.tokens & known:
        known |= result.tokens


_KEEPS = frozenset("constant convert_to_tensor cast reshape expand_dims array".split())


_JOINS = frozenset({"concat", "concatenate", "hstack", "vstack"})


def _filled(value: Value) -> str:
    """`zeros` or `ones`, for what such a call made."""
    call = value.made[-1] if isinstance(value, Tensor) and value.made else None
    return name_of(call.func).removesuffix("_like") if isinstance(call, ast.Call) else ""


def _numbers(value: Value) -> set[float]:
    if isinstance(value, ListValue):
        return {number for item in value.items for number in _numbers(item)}
    if isinstance(value, Constant) and isinstance(value.value, int | float):
        return {float(value.value)}
    return {2.0}


def _is_mask(reader: Reader, value: Value, node: ast.AST | None) -> bool:
    if isinstance(value, Constant):
        return value.value in (0, 0.0) and not isinstance(value.value, bool)
    if not isinstance(value, Tensor):
        return False
    if value.compared or value.tokens & reader.facts.masks.zeros:
        return True
    if node is None or flow_of(value):
        return False
    compares = any(isinstance(one, ast.Compare) for one in ast.walk(node))
    return compares or any("mask" in name.lower() for name in _names(node))


def _names(node: ast.AST) -> list[str]:
    return [
        one.id if isinstance(one, ast.Name) else one.attr
        for one in ast.walk(node)
        if isinstance(one, ast.Name | ast.Attribute)
    ]


def multiplied(
    reader: Reader,
    sides: tuple[tuple[Value, ast.AST | None], tuple[Value, ast.AST | None]],
    result: Tensor,
    node: ast.AST,
) -> None:
    """A gradient is multiplied by a mask."""
    for (gradient, _), (factor, written) in (sides, sides[::-1]):
        known = isinstance(gradient, Tensor) and gradient.gradient is not None
        if known and _is_mask(reader, factor, written):
            reader.facts.masks.masked.update(dict.fromkeys(result.tokens, node))


def entry_written(reader: Reader, entries: Value, value: Value, node: ast.AST) -> None:
    """`gradients[0] = tf.zeros_like(gradients[0])`: a mask over a whole variable."""
    made = node.value if isinstance(node, ast.Assign) else None
    named = name_of(made.func) if isinstance(made, ast.Call) else ""
    if named not in ("zeros_like", "zeros") or not isinstance(entries, ListValue):
        return
    if isinstance(value, Tensor) and any(
        isinstance(one, Tensor) and one.gradient is not None for one in entries.items
    ):
        reader.facts.masks.masked.update(dict.fromkeys(value.tokens, node))


def _decay(reader: Reader, optimizer: Optimizer) -> bool:
    given = optimizer.arguments.get("weight_decay")
    if given is None:
        return optimizer.kind == "AdamW"
    if not isinstance(given, Constant):
        return False
    return isinstance(given.value, int | float) and given.value > 0


def applied(
    reader: Reader,
    optimizer: Optimizer,
    gradients: Value | None,
    variables: Value | None,
    node: ast.Call,
) -> None:
    """An optimizer is given gradients: masked ones, or buffers."""
    masks = reader.facts.masks
    for entry in tapes.entries(gradients) if gradients is not None else []:
        if isinstance(entry, Variable):
            _given(masks, entry, reader.path(node))
        elif isinstance(entry, Tensor) and entry.gradient is None:
            # Read out, or divided by how many were added up.
            for buffer in entry.flow:
                if isinstance(buffer, Variable) and buffer.trainable is False:
                    _given(masks, buffer, reader.path(node))
    if not _decay(reader, optimizer) or id(optimizer) in masks.excluded or reader.silent:
        return
    if optimizer.custom is not None or _restored(reader, node):
        return
    rows = zip(
        tapes.entries(gradients) if gradients is not None else [],
        tapes.entries(variables) if variables is not None else [],
        strict=False,
    )
    for gradient, variable in rows:
        if not isinstance(gradient, Tensor):
            continue
        mask = next((masks.masked[t] for t in gradient.tokens if t in masks.masked), None)
        if mask is not None:
            owner = tapes.owner_of(variable)
            name = ownership.name_of(owner) if owner is not None else ""
            others = ((reader.spot(optimizer.node), "decays every variable it is given"),)
            habits.remark(
                reader,
                "masked-weights-still-move",
                reader.spot(mask),
                optimizer.kind,
                (name,) if name else (),
                others,
            )


def _given(masks: Masks, buffer: Variable, path: Path) -> None:
    if id(buffer) in masks.given:
        masks.again.add(id(buffer))
    masks.given.setdefault(id(buffer), (buffer, path))


def _restored(reader: Reader, node: ast.Call) -> bool:
    """Says whether anything is written back after the update, in the same function."""
    function = reader.frame.function
    around = function.node if function is not None else reader.home(node).tree
    return any(
        isinstance(one, ast.Call)
        and isinstance(one.func, ast.Attribute)
        and one.func.attr in _RESTORES
        and one.lineno > node.lineno
        for one in ast.walk(around)
    )


def excluded(reader: Reader, optimizer: Optimizer) -> None:
    """Some variables are excluded from the decay."""
    reader.facts.masks.excluded.add(id(optimizer))


# Buffers


def assigned(
    reader: Reader,
    variable: Variable | Group,
    name: str,
    node: ast.AST,
    *,
    gradients: bool,
    fresh: bool,
) -> None:
    """A variable is assigned: a buffer takes gradients in, or is emptied.

    `fresh`: the new value is not made from the old one.
    """
    if not isinstance(variable, Variable):
        return
    masks = reader.facts.masks
    if name == "assign_add" and gradients:
        masks.added.setdefault(id(variable), (variable, node))
        return
    masks.emptied.add(id(variable))
    plain = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    if name != "assign" or not fresh or not plain:
        masks.added.setdefault(id(variable), (variable, node))
    elif gradients:
        masks.replaced.setdefault(id(variable), (variable, reader.path(node)))
    elif _is_zero(node):
        masks.zeroed.setdefault(id(variable), node)


_ZEROS = frozenset({"zeros", "zeros_like"})


def _is_zero(node: ast.AST) -> bool:
    """Says whether what is assigned is zero, as it is written."""
    if not isinstance(node, ast.Call) or len(node.args) != 1:
        return False
    (value,) = node.args
    if isinstance(value, ast.Call):
        name = value.func.attr if isinstance(value.func, ast.Attribute) else ""
        return name in _ZEROS
    sides = (value.left, value.right) if isinstance(value, ast.BinOp) else (value,)
    product = not isinstance(value, ast.BinOp) or isinstance(value.op, ast.Mult)
    return product and any(
        isinstance(side, ast.Constant) and side.value in (0, 0.0) for side in sides
    )


def finish(reader: Reader) -> None:
    """Buffers that nothing empties, and buffers that are emptied and never added to."""
    masks = reader.facts.masks
    # Made in a traced function they are a fault of their own, and never full.
    anew = {creation.inner or creation.at for creation in reader.facts.creations}
    for key, (buffer, node) in masks.added.items():
        if key not in masks.again or key in masks.emptied or buffer.touched:
            continue
        if reader.spot(buffer.node) in anew:
            continue
        _, used = masks.given[key]
        others = ((reader.spot(node), "gradients are added here"),)
        spot = reader.spot(used[-1])
        habits.remark(reader, "wrong-accumulation", spot, "never reset", (), others)
    for key in masks.replaced:
        if key in masks.given and key not in masks.added:
            _replaced(reader, key)


def _replaced(reader: Reader, key: int) -> None:
    """A buffer that takes one gradient for another, though several are meant for an update."""
    masks = reader.facts.masks
    (buffer, taking), (_, used) = masks.replaced[key], masks.given[key]
    others = [(reader.spot(used[-1]), "applied here")]
    if key in masks.zeroed:
        others.insert(0, (reader.spot(masks.zeroed[key]), "emptied here, as sums are"))
    elif not undivided.is_rarer(reader, used, taking):
        return
    if not buffer.touched:
        words = "replaced" if key in masks.zeroed else "kept"
        spot = reader.spot(taking[-1])
        habits.remark(reader, "wrong-accumulation", spot, words, (), tuple(others))
