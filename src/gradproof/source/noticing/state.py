"""Python state that traced functions read once, and state they make."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from ..framework import api
from ..values import (
    Bound,
    Constant,
    DictValue,
    Function,
    Instance,
    ListValue,
    Partial,
    Scope,
    Tensor,
    Value,
    Variable,
)
from . import carried, copied_rates, frozen, held_optimizers, leaks, made_anew

if TYPE_CHECKING:
    from ..reader import Frame, Reader


@contextmanager
def quietly(reader: Reader) -> Iterator[None]:
    """Reads without noting anything: the code runs elsewhere or in vain."""
    before, reader.silent = reader.silent, True
    try:
        yield
    finally:
        reader.silent = before


def traced(reader: Reader, value: Value, node: ast.AST) -> Value:
    """`tf.function(value)`."""
    if isinstance(value, Function):
        return Function(
            value.node,
            value.scopes,
            value.owner,
            node,
            value.gradient_free,
            value.defaults,
            value.wrapped,
            value.name,
            value.kind,
        )
    if isinstance(value, Bound) and isinstance(value.method, Function):
        inner = traced(reader, value.method, node)
        return Bound(value.receiver, inner) if isinstance(inner, Function) else value
    if isinstance(value, Partial):
        return replace(value, function=traced(reader, value.function, node))
    return value


def function_begins(
    reader: Reader, function: Function, outer: Frame, arguments: list[Value], node: ast.AST
) -> None:
    """A function of the file is entered."""
    if function.traced is not None and outer.traced is None:
        frozen.traced_call(reader, function, arguments, node, looping=outer.looping > 0)
        held_optimizers.traced_call(reader, function, arguments)


def is_python_state(value: Value | None) -> bool:
    """Says whether a value is a plain Python number, text or flag."""
    if isinstance(value, Constant):
        return isinstance(value.value, int | float | str | bool)
    return isinstance(value, Tensor) and value.form == "number"


def state_read(reader: Reader, scope: Scope, name: str, value: Value, node: ast.AST) -> None:
    """A name outside the traced function is read in it."""
    function = reader.frame.traced
    if reader.facts.habits.leaked and not reader.silent:
        leaks.name_read(reader, scope, name, value, node)
    if function is None or reader.silent or scope in _local_scopes(reader, function):
        return
    held_optimizers.state_read(reader, scope, name, function, value, node)
    carried.read(reader, scope, name, value, node)
    if frozen.is_array(value):
        frozen.array_read(reader, scope, name, function, value, node)
    if not is_python_state(value):
        return
    frozen.frozen_read(reader, scope, name, function, value, node)


def _local_scopes(reader: Reader, function: Function) -> list[Scope]:
    """Scopes that the traced function and those it calls make anew."""
    scopes: list[Scope] = []
    inside = False
    for frame in reader.frames:
        inside = inside or frame.traced is function
        if inside:
            scopes.append(frame.scopes[0])
    return scopes


def state_written(
    reader: Reader, scope: Scope, name: str, before: Value | None, value: Value, node: ast.AST
) -> None:
    """A name is bound; a traced function may have read it before."""
    if reader.silent:
        return
    frame = reader.frame
    if reader.facts.habits.rate_names and is_python_state(value):
        copied_rates.name_written(reader, scope, name, node)
    if isinstance(node, ast.Name):
        copied_rates.slot_written(reader, before, node)
    if frame.traced is not None:
        if scope not in _local_scopes(reader, frame.traced):
            carried.written(reader, scope, name, value, node)
            frozen.written_in_trace(reader, scope, name, frame.traced, before, value, node)
        return
    leaks.replaced(reader, scope, name)
    if frame.function is not None and frame.function.name in ("__init__", "build"):
        return
    held_optimizers.state_written(reader, scope, name, value, node)
    frozen.written_after_trace(reader, scope, name, before, value, node)


def entry_read(
    reader: Reader, container: DictValue, key: object, value: Value, node: ast.AST
) -> None:
    """An entry of a dict is read, in a traced function maybe."""
    function = reader.frame.traced
    if function is None and reader.facts.habits.leaked and not reader.silent:
        leaks.name_read(reader, container, repr(key), value, node)
    some_entry_read(reader, container, value, node)
    if function is None or reader.silent or not container.lasting:
        return
    held_optimizers.state_read(reader, container, repr(key), function, value, node)
    if not is_python_state(value):
        return
    reader.facts.reads.setdefault((id(container), repr(key)), (function, value, node))


def some_entry_read(reader: Reader, container: DictValue, value: Value, node: ast.AST) -> None:
    """An entry of a dict is read, nobody knows which."""
    if container.lasting:
        carried.read(reader, container, carried.ANY, value, node)


def entry_written(
    reader: Reader, container: DictValue, key: object, value: Value, node: ast.AST
) -> None:
    """An entry of a dict is written; a traced function may have read it before."""
    copied_rates.slot_written(reader, container.items.get(key), node)
    if reader.silent or not container.lasting:
        return
    function = reader.frame.traced
    of_trace = isinstance(value, Tensor) and value.form == "tensor" and value.traced is not None
    if function is None:
        leaks.replaced(reader, container, repr(key))
        held_optimizers.state_written(reader, container, repr(key), value, node)
    elif of_trace:
        leaks.kept(reader, container, repr(key), function, node)
    some_entry_written(reader, container, value, node)
    frozen.entry_written(reader, container, repr(key), value, node)


def some_entry_written(
    reader: Reader, container: ListValue | DictValue, value: Value, node: ast.AST
) -> None:
    """An entry of a dict or list is written, nobody knows which."""
    function = reader.frame.traced
    if function is None:
        return
    if isinstance(container, DictValue):
        outside = container.lasting
    else:
        holder = node.value if isinstance(node, ast.Subscript) else None
        outside = _is_outside(reader, container, holder, function)
    if outside:
        carried.written(reader, container, carried.ANY, value, node)
        if isinstance(container, ListValue) and isinstance(value, Tensor) and value.traced:
            leaks.put_into(reader, container, function, node)


def appended(reader: Reader, kept: ListValue, value: Value, node: ast.AST) -> None:
    """A value joins a list, which may outlive the traced function that made the value."""
    function = reader.frame.traced
    if function is None or reader.silent or not isinstance(value, Tensor) or value.traced is None:
        return
    called = node.func if isinstance(node, ast.Call) else None
    holder = called.value if isinstance(called, ast.Attribute) else None
    if value.form == "tensor" and _is_outside(reader, kept, holder, function):
        leaks.put_into(reader, kept, function, node)


def _is_outside(
    reader: Reader, kept: ListValue, holder: ast.AST | None, function: Function
) -> bool:
    """Says whether a list by a name, or of the step's own object, was there before the trace."""
    if isinstance(holder, ast.Name):
        scopes = _local_scopes(reader, function)
        return all(one is not kept for scope in scopes for one in scope.names.values())
    if isinstance(holder, ast.Call) and isinstance(holder.func, ast.Attribute):
        # `log.setdefault("loss", []).append(loss)`
        holder = holder.func if holder.func.attr == "setdefault" else None
        return isinstance(holder, ast.Attribute) and _lasts(reader, holder.value)
    if isinstance(holder, ast.Subscript):
        return _lasts(reader, holder.value)
    if isinstance(holder, ast.Attribute):
        step = next((one for one in reader.frames if one.function is function), None)
        owners = [step.receiver] if step is not None else []
        # Another object that was there before the step: a log, say.
        other = reader.frame.receiver
        if isinstance(other, Instance) and step is not None and step.call not in other.path:
            owners.append(other)
        return any(
            isinstance(owner, Instance) and owner.attributes.names.get(holder.attr) is kept
            for owner in owners
        )
    return False


def _lasts(reader: Reader, holder: ast.expr) -> bool:
    """Says whether a dict was there before the trace."""
    with quietly(reader):
        container = reader.evaluate(holder)
    return isinstance(container, DictValue) and container.lasting


def item_written(reader: Reader, kept: ListValue, place: int, value: Value, node: ast.AST) -> None:
    """An entry of a list is written; a traced function may have read it before."""
    some_entry_written(reader, kept, value, node)
    if not reader.silent and reader.frame.traced is None:
        frozen.entry_written(reader, kept, repr(place % len(kept.items)), value, node)


def array_changed(reader: Reader, array: Tensor, node: ast.AST) -> None:
    """An entry of an array is written; a traced function may have taken the array in."""
    if not reader.silent:
        frozen.array_changed(reader, array, node)


def list_read(reader: Reader, kept: ListValue, node: ast.AST, place: int | None = None) -> None:
    """An operation reads a list, or one entry of it."""
    function = reader.frame.traced
    if function is not None and not reader.silent:
        if kept.items:
            carried.read(reader, kept, carried.ANY, kept.items[0], node)
        for number, item in enumerate(kept.items):
            if is_python_state(item) and (place is None or number == place % len(kept.items)):
                reader.facts.lists_read[id(kept)] = kept
                reader.facts.reads.setdefault((id(kept), repr(number)), (function, item, node))
    if reader.facts.habits.leaked_lists and reader.frame.traced is None and not reader.silent:
        leaks.list_read(reader, kept, node)


def created(reader: Reader, what: str, name: str, node: ast.AST, label: str = "") -> None:
    """A variable, optimizer, layer or metric is made."""
    frame = reader.frame
    if reader.silent:
        return
    if what != "metric" and made_anew.made_in_call(reader, what, name, node, label):
        return
    if what == "layer" and name in api.WITHOUT_VARIABLES - api.DRAWS:
        return
    maker = _maker(reader)
    if frame.traced is None or frame.guarded or (frame.building and maker is None):
        return
    within = (one.function for one in reader.frames if one.traced is frame.traced)
    if not any(one is not None and made_anew.may_run_once(one) for one in within):
        frozen.created_in_trace(reader, what, name, frame.traced, node, maker)


def _maker(reader: Reader) -> ast.AST | None:
    """The call in a traced function that makes an object, whose `__init__` is running."""
    for outer, frame in itertools.pairwise(reader.frames):
        if frame.building:
            anew = frame.function is not None and frame.function.name == "__init__"
            return frame.call if anew and outer.traced is not None else None
    return None


def is_traced_input(reader: Reader, value: Tensor, node: ast.AST) -> bool:
    """Says whether a name of a function stands for what the traced function around was given."""
    frame = reader.frame
    given = node.args[0] if isinstance(node, ast.Call) and node.args else None
    if frame.traced is None or frame.guarded or value.form != "tensor":
        return False
    inputs = reader.facts.traced_inputs.get(id(frame.traced), [])
    own = frame.scopes[0].names
    if isinstance(given, ast.Compare | ast.BinOp):
        # `np.where(y > 0, 2.0, 1.0)` asks the same of `y`.
        named = [one.id for one in ast.walk(given) if isinstance(one, ast.Name)]
        return any(own.get(name) is one for name in named for one in inputs)
    return isinstance(given, ast.Name) and given.id in own and any(one is value for one in inputs)


def graph_numpy(reader: Reader, value: Tensor, name: str, node: ast.AST) -> None:
    """`.numpy()` on a tensor of a traced function."""
    frame = reader.frame
    if frame.traced is not None and value.form == "tensor" and not reader.silent:
        frozen.numpy_in_graph(reader, frame.traced, value, name, node)


def named(value: Value) -> str:
    """A name for the value of a variable."""
    return value.name if isinstance(value, Variable) else ""
