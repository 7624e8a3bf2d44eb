"""How the examples of a batch count: padding, and sums over the batch."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..framework import tapes
from ..values import (
    Asked,
    Constant,
    Dataset,
    Layer,
    ListValue,
    Tensor,
    Value,
    Variable,
)
from . import habits

if TYPE_CHECKING:
    from ..reader import Reader

# Padding


@dataclass(eq=False, repr=False)
class Batches:
    """What is known of the batches and of the losses taken over them.

    `kinds`: layers that bring a sequence down to one; `padded`: losses of each
    position, and the layer that marks the padding; `several`: data that are known to have
    more than one batch, and `turning` the loops over these; `sums`: where a sum over everything
    was made; `unread`: weights and masks that functions leave aside.
    """

    kinds: set[str] = field(default_factory=set)
    padded: dict[int, Layer] = field(default_factory=dict)
    lengths: dict[int, tuple[Dataset, int]] = field(default_factory=dict)
    several: dict[int, Value] = field(default_factory=dict)
    turning: set[int] = field(default_factory=set)
    ragged: bool = False
    sums: dict[int, ast.AST] = field(default_factory=dict)
    summed: list[tuple[Asked, ast.AST]] = field(default_factory=list)
    rescaled: set[int] = field(default_factory=set)
    unread: dict[int, tuple[dict[str, ast.arg], list[ast.Assign]]] = field(default_factory=dict)


def layer_made(reader: Reader, layer: Layer) -> None:
    """A layer that may bring a sequence down to one position."""
    keeps = layer.arguments.get("return_sequences")
    if re.search(_COLLAPSING, layer.kind) and keeps is None:
        reader.facts.batches.kinds.add(layer.kind)


_COLLAPSING = r"Pooling|Flatten|^(LSTM|GRU|SimpleRNN|RNN|Bidirectional|ConvLSTM\w*)$"


def per_item(reader: Reader, prediction: Value | None, result: Tensor, node: ast.AST) -> None:
    """A loss of each position, of a model that marks its padding."""
    if not isinstance(prediction, Tensor) or not reader.active:
        return
    layers = [thing for thing in prediction.flow if isinstance(thing, Layer)]
    masking = [
        layer
        for layer in layers
        if layer.kind == "Embedding"
        and isinstance(layer.arguments.get("mask_zero"), Constant)
        and getattr(layer.arguments["mask_zero"], "value", None) is True
    ]
    if masking and not reader.facts.batches.kinds:
        reader.facts.batches.padded.update(dict.fromkeys(result.tokens, masking[0]))


def averaged(reader: Reader, short: str, value: Value, node: ast.AST) -> None:
    """A mean over all positions of such a loss."""
    if short != "reduce_mean" or not isinstance(value, Tensor):
        return
    layer = next((reader.facts.batches.padded.get(token) for token in value.tokens), None)
    if layer is not None:
        others = ((reader.spot(layer.node), "marks the padding"),)
        habits.remark(reader, "sample-weight-ignored", reader.spot(node), "mask", (), others)


# Sums over the batch

_ADAPTIVE = frozenset(
    "Adam AdamW Adamax Nadam RMSprop Adagrad Adadelta Ftrl Lion Adafactor".split()
)
FEWEST = 8
"""Examples of a batch from which on a sum is worth a word."""


def sliced(reader: Reader, dataset: Dataset, value: Value) -> None:
    """A dataset is made of the rows of an array."""
    while isinstance(value, ListValue) and value.items:
        value = value.items[0]
    if isinstance(value, Tensor) and value.shape and value.shape[0] is not None:
        reader.facts.batches.lengths[id(dataset)] = (dataset, value.shape[0])


def batched(
    reader: Reader,
    dataset: Dataset,
    arguments: list[Value],
    keywords: dict[str, Value],
    made: Dataset,
) -> None:
    """A dataset is cut into batches; the last one may be shorter."""
    size = arguments[0] if arguments else keywords.get("batch_size")
    length = reader.facts.batches.lengths.get(id(dataset), (dataset, 0))[1]
    known = size.value if isinstance(size, Constant) and isinstance(size.value, int) else None
    if known is not None and length > known:
        reader.facts.batches.several[id(made)] = made
    drops = keywords.get("drop_remainder")
    if drops is not None and not (isinstance(drops, Constant) and drops.value is False):
        return
    if known is None or known < FEWEST or (length and length % known == 0):
        return
    reader.facts.batches.ragged = True


def follows(reader: Reader, source: Value, made: Value) -> None:
    """Data are made of others, batch by batch."""
    several = reader.facts.batches.several
    if several.get(id(source)) is source:
        several[id(made)] = made


def summed(
    reader: Reader,
    short: str,
    arguments: list[Value],
    keywords: dict[str, Value],
    result: Tensor,
    node: ast.AST,
) -> None:
    """An operation adds up everything, the batch too."""
    if short in ("reduce_sum", "sum") and len(arguments) == 1 and "axis" not in keywords:
        reader.facts.batches.sums.update(dict.fromkeys(result.tokens, node))


def halved(reader: Reader, op: ast.operator, left: Value, right: Value, result: Tensor) -> None:
    """Half of such a sum still is one; a gradient that is divided is not what it was."""
    batches = reader.facts.batches
    if isinstance(op, ast.Div) and isinstance(left, Tensor) and left.gradient is not None:
        batches.rescaled.add(id(left.gradient.call))
    for whole, factor in ((left, right), (right, left)):
        if isinstance(whole, Tensor) and isinstance(factor, Constant):
            node = next((batches.sums[one] for one in whole.tokens if one in batches.sums), None)
            if node is not None and factor.value == (0.5 if isinstance(op, ast.Mult) else 2):
                batches.sums.update(dict.fromkeys(result.tokens, node))


def sum_asked(reader: Reader, asked: Asked) -> None:
    """Gradients are asked of a sum over a batch."""
    node = reader.facts.batches.sums.get(next(iter(asked.target.tokens), 0))
    if node is None or asked.target.loss != 1 or len(asked.target.tokens) != 1:
        return
    owners = [tapes.owner_of(source) for source in tapes.entries(asked.sources)]
    if owners and all(isinstance(owner, Layer | Variable) for owner in owners):
        reader.facts.batches.summed.append((asked, node))


def finish(reader: Reader) -> None:
    """What only the whole file can tell."""
    batches = reader.facts.batches
    if not batches.ragged:
        return
    adaptive = any(optimizer.kind in _ADAPTIVE for optimizer in reader.facts.optimizers)
    for asked, node in batches.summed:
        if adaptive or not (asked.applied or asked.used) or id(asked) in batches.rescaled:
            continue
        habits.remark(reader, "sum-vs-mean-reduction", reader.spot(node), "")
