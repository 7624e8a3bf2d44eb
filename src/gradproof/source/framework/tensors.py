"""Tensors themselves: their items, methods and symbolic beginnings."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from .. import escaping
from ..dependence import ANYTHING, NO_FLOW, PENALTIES, Flow
from ..flow import cut, merge, origin
from ..joining import flow_of
from ..noticing import masks, state
from ..values import Constant, Group, Instance, Layer, ListValue, Tensor, Unknown, Value, Variable
from . import ownership, shapes

if TYPE_CHECKING:
    from ..reader import Reader


Arguments = list[Value]
Keywords = dict[str, Value]


def plain(reader: Reader, flow: Flow, node: ast.AST, form: str = "tensor") -> Tensor:
    """A tensor of which only the dependence is known."""
    return Tensor(
        flow, form, made=reader.path(node), traced=reader.frame.traced if form == "tensor" else None
    )


def form_of(values: list[Value]) -> str:
    """The form of what several values make together."""
    forms = {value.form if isinstance(value, Tensor) else "" for value in values}
    if any(isinstance(value, Variable | Group) for value in values) or "tensor" in forms:
        return "tensor"
    if "unknown" in forms or any(isinstance(value, Unknown) for value in values):
        return "unknown"
    return "array" if "array" in forms else "number"


def item(reader: Reader, node: ast.Subscript, value: Tensor, index: Value) -> Value:
    """`value[index]`."""
    flow = reader.read(value, node)
    if flow_of(index):
        ends = cut(
            reader.read(index, node), "nondifferentiable", "index", reader.path(node), reader.active
        )
        flow = merge((flow, ends))
    result = Tensor(
        flow,
        value.form,
        shapes.indexed(value.shape, node.slice, index),
        value.whole,
        made=reader.path(node),
    )
    result.ending, result.ender = value.ending, value.ender
    result.gradient, result.sign = value.gradient, value.sign
    where = ast.unparse(node.slice)
    if re.search(r"None|newaxis", where) and not re.search(r"\d", where):
        result.lifted = value.tokens, where
        masks.literal(reader, "expand_dims", value, result)
    return result


_ARRAY_METHODS = frozenset({"numpy", "item", "tolist", "__float__", "tobytes"})


def _in_forward_pass(reader: Reader) -> bool:
    """What a model computes is for training, too, wherever it is called first."""
    return any(
        frame.function is not None
        and frame.function.name in ("call", "__call__")
        and isinstance(frame.receiver, Instance)
        and frame.receiver.of.base in ("layer", "model", "module")
        for frame in reader.frames
    )


def method(
    reader: Reader,
    value: Tensor,
    name: str,
    arguments: Arguments,
    keywords: Keywords,
    node: ast.AST,
) -> Value:
    """A method of a tensor or array."""
    flow = reader.read(value, node)
    if name in _ARRAY_METHODS:
        escaping.look(reader, value)
        state.graph_numpy(reader, value, f".{name}()", node)
        if not reader.active and not reader.silent and not _in_forward_pass(reader):
            reader.facts.aside.add(id(node))
        ended = cut(flow, "numpy", f".{name}()", reader.path(node), reader.active)
        form = "array" if name == "numpy" else "number"
        return Tensor(
            ended,
            form,
            value.shape if name == "numpy" else None,
            made=reader.path(node),
            gradient=value.gradient,
            sign=value.sign,
            whole=value.whole,
        )
    if name in ("assign_sub", "assign_add", "assign"):
        for argument in arguments:
            escaping.escape(reader, argument)
        return value
    if name in ("shape", "get_shape"):
        return Unknown("shape", data=True)
    others = (*arguments, *keywords.values())
    flow = merge((flow, *(reader.read(other, node) for other in others)))
    result = Tensor(flow, value.form, None, value.whole, made=reader.path(node))
    result.ending, result.ender = (
        (value.ending, value.ender)
        if name in ("astype", "reshape", "squeeze", "copy")
        else (None, None)
    )
    if value.form in ("array", "unknown", "tensor"):
        result.shape = _method_shape(value, name, arguments, keywords)
        if name == "astype":
            result.whole = shapes.is_whole(arguments[0] if arguments else keywords.get("dtype"))
        if name == "items" or name == "keys":
            return Unknown(name, data=True, flow=flow)
    return result


def _method_shape(
    value: Tensor, name: str, arguments: Arguments, keywords: Keywords
) -> shapes.Shape | None:
    if name in ("astype", "copy", "round", "clip", "cumsum"):
        return value.shape
    if name == "reshape":
        given = arguments[0] if len(arguments) == 1 else ListValue(arguments)
        if isinstance(given, Constant):
            given = ListValue([given])
        return shapes.reshaped(given)
    if name in ("ravel", "flatten"):
        return (None,)
    if name in (
        "sum",
        "mean",
        "max",
        "min",
        "std",
        "var",
        "prod",
        "argmax",
        "argmin",
        "any",
        "all",
    ):
        keep = keywords.get("keepdims")
        axis = keywords.get("axis", arguments[0] if arguments else None)
        return shapes.reduced(value.shape, axis, keep is not None)
    if name == "squeeze":
        return shapes.squeezed(
            value.shape, keywords.get("axis", arguments[0] if arguments else None)
        )
    return None


def symbolic_input(
    reader: Reader, arguments: Arguments, keywords: Keywords, node: ast.Call
) -> Value:
    """`keras.Input(shape)`: a batch of unknown length."""
    shape = shapes.from_value(arguments[0] if arguments else keywords.get("shape"))
    return Tensor(
        NO_FLOW, "tensor", (None, *shape) if shape is not None else None, made=reader.path(node)
    )


def regularizers(reader: Reader, thing: Value, node: ast.AST) -> Value:
    """`model.losses`: live for every layer of the model."""
    reader.facts.penalties_read = True
    read = reader.path(node)
    parts = list(ownership.tracked(reader, thing))
    flows = [
        origin(item, reader.watching(item, item.trainable), read)
        for item in parts
        if isinstance(item, Layer) and any("regularizer" in key for key in item.arguments)
    ]
    own = isinstance(thing, Instance) or not all(isinstance(item, Layer) for item in parts)
    foreign = any(isinstance(item, Unknown) for item in parts)
    if own and (foreign or _may_add(reader)):
        # Layers of the file's own may call `add_loss`.
        flows.append(origin(ANYTHING, reader.active, read))
    flows.append(origin(PENALTIES, reader.active, read))
    return ListValue([Tensor(merge(flows), loss=1, made=read)], False)


def _may_add(reader: Reader) -> bool:
    """Says whether any class calls `add_loss`, or comes from a file that nobody reads."""
    if any(source.adds_losses for source in reader.sources):
        return True
    classes = [one for source in reader.sources for one in source.classes]
    known = {"Layer", "Model", "Module", "object", *(one.name for one in classes)}
    bases = {base for one in classes for base in one.bases}
    return any(ast.unparse(base).rpartition(".")[2] not in known for base in bases)
