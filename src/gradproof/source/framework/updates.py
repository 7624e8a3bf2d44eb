"""How gradients reach variables: optimizers, assignments by hand, or not."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from .. import escaping
from ..dependence import Flow
from ..noticing import copied_rates, lost_arrays, masks, new_values, undivided
from ..python import iterators
from ..python.methods import handed_back_by
from ..values import DictValue, Group, ListValue, Tensor, Value, Variable
from . import tapes
from .roles import updated_variable

if TYPE_CHECKING:
    from ..reader import Reader


Arguments = list[Value]
Keywords = dict[str, Value]


def consumed_by_gradient(reader: Reader, flow: Flow) -> None:
    """A gradient is part of what another gradient is taken of."""
    escaping.use(escaping.gradients_in(flow))


def consume_update(reader: Reader, value: Value) -> None:
    """A new value is used after all."""
    new_values.read_pending(reader, value)


def looked_up(reader: Reader, value: Value) -> None:
    """A name is read: what it holds is used."""
    if reader.facts.pending and not reader.indexing:
        new_values.read_pending(reader, value)


def _new_values(value: Value) -> list[object]:
    """Variables of which this is a new value, or a list of new values."""
    if isinstance(value, Tensor):
        return list(value.update_of) if escaping.gradients_in(value.flow) or value.update_of else []
    if isinstance(value, ListValue) and value.items:
        owners = [owner for item in value.items for owner in _new_values(item)]
        return owners if len(owners) >= len(value.items) else []
    return []


def dropped(reader: Reader, value: Value, node: ast.Expr) -> None:
    """The value of an expression statement is thrown away."""
    if reader.silent or isinstance(value, Variable | Group):
        return
    iterators.thrown_away(reader, value)
    undivided.thrown_away(reader, node)
    if isinstance(value, ListValue) and isinstance(node.value, ast.Call):
        owners = _new_values(value)
        written = reader.facts.rewritten.get(id(value.node))
        if owners and written is not None:
            target = written.targets[0]
            new_values.dropped_update(reader, owners, "element", target, target, written.value)
        elif owners and value.node is not None:
            new_values.dropped_update(reader, owners, "list", value.node, None, None)


def rebinds(
    reader: Reader, before: Value | None, value: Value, target: ast.AST, node: ast.AST
) -> Value:
    """A name that held a variable, or a list of them, gets something else."""
    value = _handed_back(reader, before, value, node)
    if isinstance(value, DictValue) and isinstance(before, DictValue):
        _rebound(value, before, node)
        return value
    if _is_nested(value):
        _rebound(value, before, node)
        return value
    if isinstance(before, Variable) and _takes_its_place(before, value):
        reader.store.set_field(before, "assigned", True)
    owners = _new_values(value) or _mixed(reader, before, value, node)
    if not owners:
        if isinstance(value, Tensor) and not reader.active:
            # Projected, say: `w = tf.clip_by_value(w, 0, 1)`.
            if isinstance(before, Variable) and before in value.flow:
                value.rebound = (before, node)
                reader.facts.taken[id(before)] = node
            elif isinstance(before, Tensor) and before.rebound is not None:
                value.rebound = before.rebound if before.rebound[0] in value.flow else None
        return value
    if isinstance(value, ListValue):
        new_values.pend(reader, value, owners, "list", node, target)
        if isinstance(before, ListValue):
            value.items = [
                _rebound(item, old, node)
                for item, old in zip(
                    value.items, [*before.items, *value.items[len(before.items) :]], strict=False
                )
            ]
        return value
    if isinstance(value, Tensor):
        holder = before if isinstance(before, Variable | Group) else None
        known = updated_variable(before) if before is not None else None
        if holder is not None and tapes.owner_of(holder) in owners_of(owners):
            where = "projection" if _projects(node) else "name"
            new_values.pend(reader, value, owners, where, node, target)
            value.rebound = (holder, node)
        elif isinstance(before, Tensor) and before.rebound is not None and known is not None:
            value.rebound = before.rebound
    return value


def _takes_its_place(before: Variable, value: Value) -> bool:
    """`w = tf.Variable(w - rate * gradient)`: a new variable, with the new value of the old."""
    initial = value.initial if isinstance(value, Variable) else None
    return isinstance(initial, Tensor) and before in owners_of([*initial.update_of])


def _handed_back(reader: Reader, before: Value | None, value: Value, node: ast.AST) -> Value:
    """`w = w.assign_sub(...)`: what an assignment hands back is read past every tape."""
    if reader.active or not handed_back_by(node):
        return value
    if isinstance(before, Variable) and value is before:
        return _unrecorded(reader, before, node)
    if isinstance(before, ListValue) and isinstance(value, ListValue):
        olds = {id(old) for old in before.items}
        value.items = [
            _unrecorded(reader, item, node)
            if isinstance(item, Variable) and id(item) in olds
            else item
            for item in value.items
        ]
    return value


def _unrecorded(reader: Reader, variable: Variable, node: ast.AST) -> Tensor:
    return Tensor(
        reader.read(variable, node),
        shape=variable.shape,
        rebound=(variable, node),
        made=reader.path(node),
    )


def _mixed(reader: Reader, before: Value | None, value: Value, node: ast.AST) -> list[object]:
    """A loop over variables gives its own name a mix of them, as for a target network."""
    sums = isinstance(node, ast.Assign) and isinstance(node.value, ast.BinOp)
    if not (sums or _projects(node)) or not reader.frame.looping or reader.active:
        return []
    if not isinstance(before, Variable | Group) or not isinstance(value, Tensor):
        return []
    if not sums:
        return [before] if [*value.flow] == [tapes.owner_of(before)] else []
    is_sum = isinstance(node.value.op, ast.Add | ast.Sub)  # type: ignore[attr-defined]
    others = [thing for thing in value.flow if thing is not tapes.owner_of(before)]
    return [before] if is_sum and others and len(others) < len(value.flow) else []


_PROJECTIONS = frozenset({"clip_by_value", "clip_by_norm", "clip", "maximum", "minimum"})


def _projects(node: ast.AST) -> bool:
    """`w = tf.clip_by_value(w, -c, c)`, for a `w` of the loop's."""
    call = node.value if isinstance(node, ast.Assign) else None
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
        return False
    return call.func.attr in _PROJECTIONS


def owners_of(values: list[object]) -> list[object]:
    """The layers and variables behind entries of lists of variables."""
    return [value.owner if isinstance(value, Group) else value for value in values]


def _is_nested(value: Value) -> bool:
    """A list of lists or dicts: the parameters of a network, layer by layer."""
    inner = value.items if isinstance(value, ListValue) else []
    return bool(inner) and all(isinstance(one, ListValue | DictValue) for one in inner)


def _rebound(item: Value, old: Value | None, node: ast.AST) -> Value:
    """Notes what each tensor takes the place of, however deep."""
    if isinstance(item, DictValue) and isinstance(old, DictValue):
        for key in item.items.keys() & old.items.keys():
            _rebound(item.items[key], old.items[key], node)
    if isinstance(item, ListValue) and isinstance(old, ListValue):
        for one, before in zip(item.items, old.items, strict=False):
            _rebound(one, before, node)
    if isinstance(item, Tensor) and isinstance(old, Variable | Group) and item.update_of:
        item.rebound = (old, node)
    elif isinstance(item, Tensor) and isinstance(old, Tensor) and old.rebound is not None:
        item.rebound = old.rebound
    return item


def item_written(
    reader: Reader, container: Value, value: Value, target: ast.Subscript, node: ast.AST
) -> None:
    """`container[...] = value`."""
    consume_update(reader, value)
    lost_arrays.written(reader, container, target, node)
    _copy_written(reader, target, node)
    masks.entry_written(reader, container, value, node)
    copied_rates.config_written(reader, target)
    if not isinstance(container, ListValue) or reader.silent:
        return
    owners = _new_values(value)
    if container.property_read and not container.items and isinstance(target.value, ast.Attribute):
        # The property makes a new list at each read: whatever is put in is lost.
        text = getattr(node, "value", None)
        new_values.dropped_update(reader, owners, "element", target, target, text)
    elif owners and any(isinstance(item, Variable | Group) for item in container.items):
        if container.property_read:
            text = getattr(node, "value", None)
            new_values.dropped_update(reader, owners, "element", target, target, text, container)
        elif isinstance(value, Tensor):
            index = next(
                (i for i in container.items if tapes.owner_of(i) in owners_of(owners)), None
            )
            if index is not None:
                value.rebound = (index, node)
                if container.node is not None and isinstance(node, ast.Assign):
                    reader.facts.rewritten[id(container.node)] = node


def _copy_written(reader: Reader, target: ast.Subscript, node: ast.AST) -> None:
    """`w.numpy()[:] -= ...`: the array is a copy, and nothing has a name for it."""
    call = target.value
    asked = call.func if isinstance(call, ast.Call) else None
    if not isinstance(asked, ast.Attribute) or asked.attr != "numpy" or reader.silent:
        return
    copied = reader.evaluate(asked.value)
    if isinstance(copied, Variable | Group):
        new_values.dropped_update(reader, [copied], "array", node, target, None)


def entry_written(reader: Reader, old: Value | None, value: Value, node: ast.AST) -> Value:
    """`weights[name] = weights[name] - ...`: the entry of a dict is no variable any more."""
    value = _handed_back(reader, old, value, node)
    if not isinstance(value, Tensor):
        return value
    if isinstance(old, Variable) and old in value.flow:
        value.rebound = (old, node)
    elif isinstance(old, Tensor) and old.rebound is not None:
        value.rebound = old.rebound
    return value


def attribute_written(
    reader: Reader, receiver: Value, value: Value, target: ast.AST, node: ast.AST
) -> None:
    """`model.trainable_variables = value`."""
    new_values.read_pending(reader, value)
    owners = _new_values(value)
    if owners and not reader.silent:
        new_values.dropped_update(
            reader, owners, "attribute", target, target, getattr(node, "value", None)
        )


def loop_begins(reader: Reader, node: ast.For, iterated: Value) -> None:
    """A loop starts."""
    reader.facts.loop(node, iterated)
