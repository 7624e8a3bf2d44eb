"""Shapes, as far as the source gives them: lengths, or `None` for unknown."""

from __future__ import annotations

import ast

from ..values import Constant, Layer, Library, ListValue, Tensor, Value, Variable
from . import api
from .names import last

Shape = tuple[int | None, ...]


def from_value(value: Value | None) -> Shape | None:
    """A shape given as a tuple, as a number, or as that of another tensor."""
    if isinstance(value, ListValue) and value.exact:
        return tuple(
            item.value if isinstance(item, Constant) and isinstance(item.value, int) else None
            for item in value.items
        )
    if isinstance(value, Constant) and isinstance(value.value, int):
        return (value.value,)
    return value.lengths if isinstance(value, Tensor) else None


def of(value: Value) -> Shape | None:
    """The shape of a value; a number has none."""
    if isinstance(value, Tensor):
        return () if value.form == "number" else value.shape
    if isinstance(value, Variable):
        # A row of weights meets a column of examples on purpose.
        row = value.shape is not None and len(value.shape) == 1 and value.shape[0] != 1
        return None if row else value.shape
    if isinstance(value, Constant) and isinstance(value.value, int | float):
        return ()
    return None


def broadcast(left: Shape | None, right: Shape | None) -> Shape | None:
    """The shape of an elementwise operation."""
    if left is None or right is None:
        return None
    longer, shorter = (left, right) if len(left) >= len(right) else (right, left)
    padded = (1,) * (len(longer) - len(shorter)) + shorter
    return tuple(
        b if a == 1 else a if b == 1 else a if a is not None else b
        for a, b in zip(longer, padded, strict=False)
    )


def makes_a_table(left: Shape | None, right: Shape | None) -> bool:
    """Says whether `(n,)` meets `(n, 1)`, or `(n, 1)` meets `(n, 1, 1)`: the result is n by n."""
    if not left or not right:
        return False
    flat, column = sorted((left, right), key=len)
    if len(flat) + 1 != len(column) or {*flat[1:], *column[1:]} != {1}:
        return False
    if flat[0] == 1 or column[0] == 1:
        return False
    return flat[0] is None or column[0] is None or flat[0] == column[0]


def meets_every_row(rows: Shape, table: Shape) -> bool:
    """Says whether `(n, 1, c)` meets `(n, c)`: each row of the one meets all of the other."""
    if len(rows) != 3 or rows[1] != 1 or len(table) != 2 or rows[0] == 1 or table[0] == 1:
        return False
    pairs = zip((rows[0], rows[2]), table, strict=True)
    return all(one is None or other is None or one == other for one, other in pairs)


def reduced(shape: Shape | None, axis: Value | None, keep: bool) -> Shape | None:
    """The shape after a reduction."""
    if axis is None or (isinstance(axis, Constant) and axis.value is None):
        return () if not keep else None
    if shape is None:
        return None
    axes = from_value(axis)
    if axes is None or any(one is None for one in axes):
        return None
    wanted = {one % len(shape) for one in axes if one is not None and shape}
    if keep:
        return tuple(1 if i in wanted else length for i, length in enumerate(shape))
    return tuple(length for i, length in enumerate(shape) if i not in wanted)


def expanded(shape: Shape | None, axis: Value | None) -> Shape | None:
    """The shape after `expand_dims`."""
    if shape is None or not isinstance(axis, Constant) or not isinstance(axis.value, int):
        return None
    place = axis.value if axis.value >= 0 else axis.value + len(shape) + 1
    return (*shape[:place], 1, *shape[place:])


def squeezed(shape: Shape | None, axis: Value | None) -> Shape | None:
    """The shape after `squeeze`."""
    if shape is None:
        return None
    if axis is None:
        # A length that nobody knows is that of a batch, and more than one.
        known = None not in shape[1:]
        return tuple(length for length in shape if length != 1) if known else None
    axes = from_value(axis)
    if axes is None:
        return None
    wanted = {one % len(shape) for one in axes if one is not None and shape}
    return tuple(length for i, length in enumerate(shape) if i not in wanted)


def of_examples(prediction: Value | None) -> Shape | None:
    """The shape of a loss that is taken along the last axis of what is predicted."""
    shape = of(prediction) if prediction is not None else None
    return shape[:-1] if shape else None


def keeps_examples(reduction: Value | None) -> bool:
    """Says whether a loss object gives one number an example."""
    if isinstance(reduction, Library):
        return last(reduction.name) == "NONE"
    return isinstance(reduction, Constant) and str(reduction.value).lower() == "none"


def of_part(shape: Shape | None, count: int | None, axis: Value | None) -> Shape | None:
    """The shape of one of the equal parts that `split` gives; `count` may be unknown."""
    place = told(axis, 0)
    if shape is None or place is None or not -len(shape) <= place < len(shape):
        return None
    place %= len(shape)
    length = shape[place]
    part = length // count if length is not None and count else None
    return (*shape[:place], part, *shape[place + 1 :])


def reshaped(new: Value | None) -> Shape | None:
    """The shape after `reshape`: -1 stands for an unknown length."""
    shape = from_value(new)
    if shape is None:
        return None
    return tuple(None if length == -1 else length for length in shape)


def indexed(shape: Shape | None, node: ast.expr, known: Value) -> Shape | None:
    """The shape of `value[node]`."""
    if shape is None:
        return None
    parts = node.elts if isinstance(node, ast.Tuple) else [node]
    result: list[int | None] = []
    axis = 0
    for part in parts:
        if _is_new_axis(part):
            result.append(1)
            continue
        if isinstance(part, ast.Constant) and part.value is Ellipsis:
            axis = len(shape) - sum(not _is_new_axis(p) for p in parts[parts.index(part) + 1 :])
            result = list(shape[:axis])
            continue
        if axis >= len(shape):
            return None
        if isinstance(part, ast.Slice):
            result.append(_sliced(part, shape[axis]))
        elif not _is_number(part, known):
            if len(parts) > 1:
                return None
            result.append(None)
            if isinstance(known, Tensor) and known.form != "number":
                inner = known.shape
                if inner is None or len(inner) != 1:
                    return None
            elif not isinstance(known, Tensor):
                return None
            else:
                result.pop()
        axis += 1
    return (*result, *shape[axis:])


def _is_new_axis(part: ast.expr) -> bool:
    if isinstance(part, ast.Constant):
        return part.value is None
    return isinstance(part, ast.Attribute) and part.attr == "newaxis"


def _is_number(part: ast.expr, known: Value) -> bool:
    if isinstance(part, ast.UnaryOp):
        part = part.operand
    return isinstance(part, ast.Constant) and isinstance(part.value, int)


def _sliced(part: ast.Slice, length: int | None) -> int | None:
    if part.lower is None and part.upper is None:
        return length
    lower = 0 if part.lower is None else _literal(part.lower)
    upper = length if part.upper is None else _literal(part.upper)
    if part.step is None and lower is not None and upper is not None and lower >= 0 and upper >= 0:
        return max(0, upper - lower)
    return None


def _literal(node: ast.expr) -> int | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, int) else None


def gathered(
    params: Shape | None, indices: Shape | None, axis: Value | None, batch: Value | None
) -> Shape | None:
    """The shape of `tf.gather`: one axis of the first gives way to those of the indices."""
    shared = told(batch, 0)
    place = told(axis, shared)
    if params is None or indices is None or shared is None or place is None:
        return None
    if place < 0:
        place += len(params)
    if not 0 <= shared <= place < len(params) or shared > len(indices):
        return None
    return (*params[:place], *indices[shared:], *params[place + 1 :])


def told(value: Value | None, default: int | None = None) -> int | None:
    """A whole number that the file tells."""
    if value is None:
        return default
    return value.value if isinstance(value, Constant) and isinstance(value.value, int) else None


def product(left: Shape | None, right: Shape | None) -> Shape | None:
    """The shape of a matrix product."""
    if left is None or right is None or len(left) < 2 or len(right) < 2:
        if left is not None and right is not None and len(left) == 2 and len(right) == 1:
            return left[:1]
        return None
    return (*left[:-1], right[-1])


def of_layer(layer: Layer, value: Value | None) -> Shape | None:
    """The shape of what a layer gives."""
    shape = of(value) if value is not None else None
    kind = layer.kind
    if kind in api.BEHAVES_DIFFERENTLY or kind in (
        "Activation",
        "ReLU",
        "LeakyReLU",
        "Softmax",
        "LayerNormalization",
        "Rescaling",
        "Normalization",
    ):
        return shape
    units = layer.arguments.get("units")
    length = units.value if isinstance(units, Constant) and isinstance(units.value, int) else None
    if kind == "Dense":
        return (*shape[:-1], length) if shape else None
    if kind in api.CONVOLUTIONS:
        return _convolved(layer, shape)
    if kind == "Embedding":
        return (*shape, None) if shape is not None else None
    if kind in ("LSTM", "GRU", "SimpleRNN") and "return_sequences" not in layer.arguments:
        return (shape[0], length) if shape else None
    if kind.startswith("Global"):
        return (shape[0], None) if shape and len(shape) > 2 else None
    if kind == "Flatten":
        return (shape[0], None) if shape else None
    return None


def _convolved(layer: Layer, shape: Shape | None) -> Shape | None:
    """A convolution keeps the axes, and each length less what is not padded."""
    filters = told(layer.arguments.get("filters"))
    axes = int(layer.kind[-2])
    if shape is None or len(shape) != axes + 2 or "data_format" in layer.arguments:
        return None
    if {"strides", "dilation_rate"} & layer.arguments.keys():
        return (shape[0], *[None] * axes, filters)
    padding = layer.arguments.get("padding", Constant("valid"))
    if isinstance(padding, Constant) and padding.value == "same":
        return (*shape[:-1], filters)
    sizes = from_value(layer.arguments.get("kernel_size")) or (None,)
    sizes = sizes * axes if len(sizes) == 1 else sizes
    known = isinstance(padding, Constant) and padding.value == "valid" and len(sizes) == axes
    lengths = (
        length - size + 1 if known and length is not None and size is not None else None
        for length, size in zip(shape[1:-1], sizes, strict=False)
    )
    return (shape[0], *lengths, filters)


def declared(value: Value) -> Shape | None:
    """The shape, with its batch, that a layer or input says it takes."""
    if not isinstance(value, Layer):
        return of(value)
    given = value.arguments.get("input_shape", value.arguments.get("shape"))
    if given is None and "input_dim" in value.arguments:
        given = value.arguments["input_dim"]
    axes = from_value(given)
    return (None, *axes) if axes is not None else None


def is_whole(dtype: Value | None) -> bool | None:
    """Whether a dtype is an integer; `None` if it is not known."""
    name = None
    if isinstance(dtype, Library):
        name = last(dtype.name)
    elif isinstance(dtype, Constant) and isinstance(dtype.value, str):
        name = dtype.value
    if name in api.INTEGER_TYPES:
        return True
    if name in api.FLOAT_TYPES:
        return False
    return None


def of_literal(value: Value) -> bool | None:
    """Whether a literal initial value makes an integer variable."""
    if isinstance(value, Constant):
        if isinstance(value.value, bool):
            return True
        if isinstance(value.value, int):
            return True
        return False if isinstance(value.value, float) else None
    if isinstance(value, ListValue) and value.items:
        kinds = [of_literal(item) for item in value.items]
        if any(kind is False for kind in kinds):
            return False
        return True if all(kind is True for kind in kinds) else None
    if isinstance(value, Tensor):
        return value.whole
    return None


def words(shape: Shape) -> str:
    """A shape as one would write it: `(n, 1)`."""
    inner = ", ".join("n" if length is None else str(length) for length in shape)
    return f"({inner},)" if len(shape) == 1 else f"({inner})"
