"""How gradients reach variables: optimizers, assignments by hand, or not."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from . import habits, state, tapes
from .flow import merge
from .joining import flow_of
from .roles import direction, updated_variable
from .values import (
    Bound,
    Constant,
    DictValue,
    Flow,
    Function,
    GradientOf,
    Group,
    Instance,
    Layer,
    ListValue,
    Optimizer,
    Other,
    Partial,
    Tensor,
    Unknown,
    Value,
    Variable,
    Zip,
)

if TYPE_CHECKING:
    from .reader import Reader

Arguments = list[Value]
Keywords = dict[str, Value]


def gradients_in(flow: Flow) -> list[GradientOf]:
    """The gradients a value depends on."""
    return [thing for thing in flow if isinstance(thing, GradientOf)]


def use(entries: list[GradientOf]) -> None:
    """Notes that something happens with these gradients."""
    for entry in entries:
        owner = tapes.owner_of(entry.source)
        if owner is None:
            entry.call.escaped = True
        else:
            entry.call.used.add(id(owner))


def escape(reader: Reader, value: Value) -> None:
    """A value goes where the file can't follow: its gradients may be used."""
    use(gradients_in(flow_of(value)))
    if isinstance(value, Zip):
        for column in value.columns:
            escape(reader, column)


def consumed_by_gradient(reader: Reader, flow: Flow) -> None:
    """A gradient is part of what another gradient is taken of."""
    use(gradients_in(flow))


def look(reader: Reader, value: Value) -> None:
    """A value is printed or measured, and nothing of it is kept."""
    return


def touch(reader: Reader, value: Value, *, only_borrowed: bool = False, depth: int = 0) -> None:
    """An object goes where the file can't follow: anything may happen to it."""
    from . import ownership

    if depth > 4:
        return
    if isinstance(value, Layer | Instance):
        for item in ownership.tracked(reader, value):
            if isinstance(item, Layer | Variable | Instance):
                item.touched = True
        value.touched = True
        if isinstance(value, Instance):
            for held in list(value.attributes.names.values()):
                if isinstance(held, Layer | Variable | Group | ListValue):
                    touch(reader, held, depth=depth + 1)
    elif isinstance(value, Variable):
        value.touched = True
    elif isinstance(value, Group):
        if isinstance(value.owner, Layer | Variable | Instance):
            value.owner.touched = True
    elif isinstance(value, ListValue):
        for entry in value.items:
            touch(reader, entry, depth=depth + 1)
    elif isinstance(value, DictValue):
        for entry in value.items.values():
            touch(reader, entry, depth=depth + 1)
    elif isinstance(value, Bound):
        if not isinstance(value.receiver, Unknown):
            touch(reader, value.receiver, depth=depth + 1)
    elif isinstance(value, Partial):
        for entry in value.arguments:
            touch(reader, entry, depth=depth + 1)


def mark_updated(reader: Reader, value: Value) -> None:
    """The program moves this variable."""
    owner = tapes.owner_of(value)
    if isinstance(owner, Layer | Variable):
        owner.updated = True
    elif isinstance(owner, Instance):
        owner.touched = True


# Optimizers


def make_optimizer(
    reader: Reader, kind: str, arguments: Arguments, keywords: Keywords, node: ast.Call
) -> Optimizer:
    """An optimizer of the library."""
    first = "inner_optimizer" if kind == "LossScaleOptimizer" else "learning_rate"
    given = dict(zip((first,), arguments, strict=False)) | keywords
    reader.serial += 1
    optimizer = Optimizer(
        kind,
        node,
        reader.path(node),
        given,
        serial=reader.serial,
        scales=kind == "LossScaleOptimizer",
    )
    state.created(reader, "optimizer", kind, node)
    reader.facts.optimizer_made(optimizer)
    rate = given.get("learning_rate")
    if rate is not None:
        reader.facts.rate(rate, node)
        habits.rate_given(reader, optimizer, rate, node)
    return optimizer


def rate_written(reader: Reader, optimizer: Optimizer, value: Value, node: ast.AST) -> None:
    """`optimizer.learning_rate = value`."""
    optimizer.rate = value
    if not (isinstance(value, Constant) and value.value == 0):
        reader.facts.rate_replaced(optimizer)


def optimizer_method(
    reader: Reader,
    optimizer: Optimizer,
    name: str,
    arguments: Arguments,
    keywords: Keywords,
    node: ast.AST,
) -> Value:
    """A method of an optimizer."""
    if optimizer.custom is not None:
        from . import attributes

        method = attributes.member(optimizer.custom, name)  # type: ignore[arg-type]
        if isinstance(method, Function):
            for value in (*arguments, *keywords.values()):
                mark_all(reader, value)
            return Constant(None)
    if name in ("apply_gradients", "apply", "minimize"):
        apply(reader, optimizer, name, arguments, keywords, node)
        return Constant(None)
    if name == "build":
        given = arguments[0] if arguments else keywords.get("variables", keywords.get("var_list"))
        if isinstance(given, ListValue):
            owners = tuple(
                owner for owner in map(tapes.owner_of, tapes.entries(given)) if owner is not None
            )
            reader.store.set_field(optimizer, "met", owners if given.exact else None)
            reader.store.set_field(optimizer, "first", reader.path(node))
            if not given.exact:
                reader.store.set_field(optimizer, "used", True)
        return Constant(None)
    if name in ("get_scaled_loss", "scale_loss", "get_unscaled_gradients"):
        reader.facts.scaled(optimizer, name, node)
        if name != "get_unscaled_gradients" and arguments and isinstance(arguments[0], Tensor):
            loss = arguments[0]
            return Tensor(reader.read(loss, node), loss=loss.loss, made=reader.path(node))
        return arguments[0] if arguments else Unknown(name)
    if name in (
        "exclude_from_weight_decay",
        "get_config",
        "set_weights",
        "finalize_variable_values",
        "get_slot",
        "add_variable_from_reference",
    ):
        return Unknown(name, data=True)
    for value in (*arguments, *keywords.values()):
        escape(reader, value)
        mark_all(reader, value)
    return Unknown(name)


def mark_all(reader: Reader, value: Value) -> None:
    """A value reaches an optimizer: its gradients are applied, its variables move."""
    escape(reader, value)
    for entry in gradients_in(flow_of(value)):
        entry.call.applied.add(id(tapes.owner_of(entry.source)))
    if isinstance(value, Zip):
        for column in value.columns:
            mark_all(reader, column)
    elif isinstance(value, ListValue):
        for item in value.items:
            mark_all(reader, item)
    else:
        mark_updated(reader, value)


def apply(
    reader: Reader,
    optimizer: Optimizer | Unknown,
    method: str,
    arguments: Arguments,
    keywords: Keywords,
    node: ast.AST,
) -> None:
    """Gradients are handed to an optimizer."""
    if not isinstance(node, ast.Call):
        return
    if method == "minimize":
        _minimize(reader, optimizer, arguments, keywords, node)
        return
    gradients, variables, zipped = _columns(reader, method, arguments, keywords)
    if not reader.silent:
        reader.facts.apply_call(
            optimizer, method, arguments, keywords, node, gradients, variables, zipped
        )
    for value in (*arguments, *keywords.values()):
        mark_all(reader, value)
        if isinstance(value, Zip) and value.spent is None:
            reader.store.set_field(value, "spent", node)


def _columns(
    reader: Reader, method: str, arguments: Arguments, keywords: Keywords
) -> tuple[Value | None, Value | None, Zip | None]:
    first = arguments[0] if arguments else keywords.get("grads_and_vars", keywords.get("grads"))
    if method == "apply":
        second = arguments[1] if len(arguments) > 1 else keywords.get("trainable_variables")
        return first, second, None
    if isinstance(first, Zip) and len(first.columns) == 2:
        return first.columns[0], first.columns[1], first
    if isinstance(first, ListValue) and first.items:
        rows = [
            item for item in first.items if isinstance(item, ListValue) and len(item.items) == 2
        ]
        if len(rows) == len(first.items) and all(row.fixed or len(rows) > 2 for row in rows):
            left = ListValue([row.items[0] for row in rows], first.exact)
            right = ListValue([row.items[1] for row in rows], first.exact)
            return left, right, None
    return None, None, None


def _minimize(
    reader: Reader,
    optimizer: Optimizer | Unknown,
    arguments: Arguments,
    keywords: Keywords,
    node: ast.Call,
) -> None:
    given = dict(zip(("loss", "var_list"), arguments, strict=False)) | keywords
    loss, variables = given.get("loss"), given.get("var_list")
    if variables is not None and isinstance(variables, Function | Bound):
        variables = reader.call(variables, [], {}, node)
    if isinstance(loss, Function | Bound | Partial):
        tape = tapes.make_tape(reader, [], {}, node)
        with reader.recording(tape):
            target = reader.call(loss, [], {}, node)
        if variables is not None:
            tapes.gradient(reader, tape, target, variables, node)
        elif isinstance(loss, Function):
            for thing in flow_of(target):
                if isinstance(thing, Layer | Variable):
                    thing.updated = True
    if not reader.silent:
        reader.facts.minimize_call(optimizer, loss, given, node)
    for value in (loss, variables):
        if value is not None:
            mark_all(reader, value)


# Assignments by hand


def variable_method(
    reader: Reader,
    variable: Variable | Group,
    name: str,
    arguments: Arguments,
    keywords: Keywords,
    node: ast.AST,
) -> Value:
    """A method of a variable."""
    if name in ("assign", "assign_add", "assign_sub", "scatter_nd_update", "scatter_update"):
        value = (
            arguments[0]
            if arguments
            else keywords.get("value", keywords.get("delta", Constant(None)))
        )
        _assigned(reader, variable, name, value, node)
        return variable
    flow = reader.read(variable, node)
    if name in ("numpy", "item", "__array__"):
        from .flow import cut

        state_form = cut(flow, "numpy", f".{name}()", reader.path(node), reader.active)
        return Tensor(state_form, "array", made=reader.path(node))
    return Tensor(flow, made=reader.path(node))


def _assigned(
    reader: Reader, variable: Variable | Group, name: str, value: Value, node: ast.AST
) -> None:
    flow = merge((reader.read(value, node),))
    if isinstance(value, Variable) and value.holds is not None:
        flow = merge((flow, value.holds[0]))
    gradients = gradients_in(flow)
    owner = tapes.owner_of(variable)
    if gradients:
        if not reader.silent:
            reader.facts.hand_update(variable, name, value, node)
        use(gradients)
        mine = any(
            tapes.owner_of(e.source) is owner
            for e in gradients
            if isinstance(e.source, Variable | Group)
        )
        if mine:
            mark_updated(reader, variable)
            for entry in gradients:
                entry.call.applied.add(id(owner))
        else:
            _held_gradients(reader, gradients)
    if isinstance(owner, Variable):
        owner.assigned = True
        if gradients:
            owner.sign = direction(value) * (-1 if name == "assign_sub" else 1)
        if flow and name != "assign_sub":
            reader.store.set_field(owner, "holds", (flow, reader.path(node)))
        elif name == "assign" and not flow:
            reader.store.set_field(owner, "holds", None)
    elif isinstance(owner, Layer) and not gradients:
        owner.borrowed = True
    reader.facts.assignment(variable, name, value, node)
    if isinstance(owner, Instance):
        owner.touched = True
    consume_update(reader, value)


def _held_gradients(reader: Reader, gradients: list[GradientOf]) -> None:
    """Gradients kept in other variables: momentum, accumulation."""
    use(gradients)


def assigned_tensor(
    reader: Reader, value: Tensor, name: str, arguments: Arguments, node: ast.AST
) -> None:
    """`assign_sub` on something that is a tensor now."""
    if value.rebound is not None and not reader.silent:
        reader.facts.rebound_assigned(value, name, node)
    for argument in arguments:
        escape(reader, argument)


# New values that go nowhere


def consume_update(reader: Reader, value: Value) -> None:
    """A new value is used after all."""
    reader.facts.read_pending(value)


def looked_up(reader: Reader, value: Value) -> None:
    """A name is read: what it holds is used."""
    if reader.facts.pending and not reader.indexing:
        reader.facts.read_pending(value)


def _new_values(value: Value) -> list[object]:
    """Variables of which this is a new value, or a list of new values."""
    if isinstance(value, Tensor):
        return list(value.update_of) if gradients_in(value.flow) or value.update_of else []
    if isinstance(value, ListValue) and value.items:
        owners = [owner for item in value.items for owner in _new_values(item)]
        return owners if len(owners) >= len(value.items) else []
    return []


def dropped(reader: Reader, value: Value, node: ast.Expr) -> None:
    """The value of an expression statement is thrown away."""
    if reader.silent or isinstance(value, Variable | Group):
        return
    if isinstance(value, ListValue) and isinstance(node.value, ast.Call):
        owners = _new_values(value)
        if owners and value.node is not None:
            reader.facts.dropped_update(owners, "list", value.node, None, None)


def rebinds(
    reader: Reader, before: Value | None, value: Value, target: ast.AST, node: ast.AST
) -> Value:
    """A name that held a variable, or a list of them, gets something else."""
    owners = _new_values(value)
    if not owners:
        return value
    if isinstance(value, ListValue):
        reader.facts.pend(value, owners, "list", node, target)
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
            reader.facts.pend(value, owners, "name", node, target)
            value.rebound = (holder, node)
        elif isinstance(before, Tensor) and before.rebound is not None and known is not None:
            value.rebound = before.rebound
    return value


def owners_of(values: list[object]) -> list[object]:
    """The layers and variables behind entries of lists of variables."""
    return [value.owner if isinstance(value, Group) else value for value in values]


def _rebound(item: Value, old: Value, node: ast.AST) -> Value:
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
    if not isinstance(container, ListValue) or reader.silent:
        return
    owners = _new_values(value)
    if container.property_read and not container.items and isinstance(target.value, ast.Attribute):
        # The property makes a new list at each read: whatever is put in is lost.
        text = getattr(node, "value", None)
        reader.facts.dropped_update(owners, "element", target, target, text)
    elif owners and any(isinstance(item, Variable | Group) for item in container.items):
        if container.property_read:
            text = getattr(node, "value", None)
            reader.facts.dropped_update(owners, "element", target, target, text, container)
        elif isinstance(value, Tensor):
            index = next(
                (i for i in container.items if tapes.owner_of(i) in owners_of(owners)), None
            )
            if index is not None:
                value.rebound = (index, node)


def attribute_written(
    reader: Reader, receiver: Value, value: Value, target: ast.AST, node: ast.AST
) -> None:
    """`model.trainable_variables = value`."""
    reader.facts.read_pending(value)
    owners = _new_values(value)
    if owners and not reader.silent:
        reader.facts.dropped_update(
            owners, "attribute", target, target, getattr(node, "value", None)
        )


def loop_begins(reader: Reader, node: ast.For, iterated: Value) -> None:
    """A loop starts."""
    reader.facts.loop(node, iterated)


def strategy_method(
    reader: Reader,
    strategy: Other,
    name: str,
    arguments: Arguments,
    keywords: Keywords,
    node: ast.AST,
) -> Value:
    """A method of a distribution strategy."""
    from .values import Dataset

    if name == "run" and arguments:
        given = arguments[1] if len(arguments) > 1 else keywords.get("args", ListValue([]))
        items: Arguments = [Unknown(data=True)]
        if isinstance(given, ListValue):
            items = list(given.items)
        reader.replicas += 1
        result = reader.call(arguments[0], items, {}, node)
        reader.replicas -= 1
        return result
    if (
        name in ("experimental_distribute_dataset", "distribute_datasets_from_function")
        and arguments
    ):
        return arguments[0] if isinstance(arguments[0], Dataset) else Unknown("dataset", data=True)
    if name == "reduce":
        return arguments[1] if len(arguments) > 1 else Unknown("reduced", data=True)
    return Unknown(name, data=True)
