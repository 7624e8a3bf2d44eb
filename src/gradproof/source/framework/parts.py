"""Single variables of a layer: by their place in a list, by attribute, or picked by name."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

from ..values import Constant, GradientOf, Group, Layer, Tensor, Value, Variable
from . import api, tapes

_WEIGHTS = (
    {"Embedding": 1, "SimpleRNN": 3, "LSTM": 3, "GRU": 3}
    | dict.fromkeys(api.LINEAR_LAYERS - {"EinsumDense", "SeparableConv1D", "SeparableConv2D"}, 2)
    | dict.fromkeys(api.WITHOUT_VARIABLES, 0)
)
"""How many variables a layer trains, its bias among them."""


def size(value: Value) -> int | None:
    """How many variables, or their gradients, an entry of a list stands for, if that is known."""
    if isinstance(value, Tensor) and value.gradient is not None:
        value = value.gradient.source
    if isinstance(value, Variable):
        return 1
    if not isinstance(value, Group) or value.only:
        return 1 if isinstance(value, Group) else None
    layer, which = value.owner, value.which
    if not isinstance(layer, Layer) or layer.kind not in _WEIGHTS or which == "other":
        return None
    if which == "trainable" and layer.trainable is not True:
        return None
    biased = layer.arguments.get("use_bias", Constant(True))
    if not isinstance(biased, Constant):
        return None
    return _WEIGHTS[layer.kind] - (not biased.value)


def spread(items: list[Value]) -> list[Value] | None:
    """Each variable, or its gradient, as an entry of its own; None where nobody knows how many.

    A row of a gradient and its variable is one of each, whatever they stand for.
    """
    if {type(item) for item in items if stands_for_several(item)} == {Group, Tensor}:
        return items
    found: list[Value] = []
    for item in items:
        several = size(item) if stands_for_several(item) else 1
        if several is None:
            return None
        whole = stands_for_several(item)
        found += [_only(item, f"[{at}]") for at in range(several)] if whole else [item]
    return found


Columns = list[tuple[list[Value], bool]]
"""What is zipped: the entries of each, and whether these are all."""


def level(columns: Columns) -> Columns:
    """Columns of which one names single variables, and others those of a layer by one entry."""
    if len({len(items) for items, _ in columns}) < 2 or not all(done for _, done in columns):
        return columns
    single = [spread(items) for items, _ in columns]
    known = [(items, True) for items in single if items is not None]
    return known if len(known) == len(columns) else columns


def stands_for_several(item: Value) -> bool:
    """Says whether an entry is all variables of one owner, or all their gradients."""
    item = _source(item)
    return isinstance(item, Group) and not item.only


def each(item: Value) -> Value:
    """An entry of `[v]`, where a loop over a list of variables or gradients gives `v`.

    It is one of them in turn, whichever; other values stay as they are.
    """
    return _only(item, "*") if stands_for_several(item) else item


def _only(item: Value, which: str) -> Value:
    if isinstance(item, Group):
        return replace(item, only=which)
    assert isinstance(item, Tensor)
    assert item.gradient is not None
    source = _only(item.gradient.source, which)
    return replace(item, gradient=GradientOf(item.gradient.call, source))


def _whole(item: Value) -> Value:
    """What one of them in turn comes to, once the loop is over."""
    source = _source(item)
    return _only(item, "") if isinstance(source, Group) and source.only == "*" else item


def _source(item: Value) -> Value:
    """The variables behind a gradient, and any other value as it is."""
    return item.gradient.source if isinstance(item, Tensor) and item.gradient is not None else item


_PLACES = {".kernel": 0, "kernel": 0, ".embeddings": 0, ".recurrent_kernel": 1}


def identity(item: Value) -> tuple[int, int | str]:
    """What tells a variable, or that of a gradient, from others: its owner, and which it is there.

    Of variables that are not told apart, the second is -1.
    """
    item = _source(item)
    if not isinstance(item, Group):
        return id(item), -1
    place: int | str = -1
    if item.only.startswith("["):
        place = int(item.only[1:-1])
    elif item.only:
        recurrent = getattr(item.owner, "kind", "") in ("LSTM", "GRU", "SimpleRNN")
        place = _PLACES.get(item.only, item.only)
        place = (2 if recurrent else 1) if place == ".bias" else place
    return id(item.owner), place


Listed = tuple[list[Value], tuple[int, int | None]]
"""The entries of a list, and which slice of it is meant."""


def compared(left: Listed, right: Listed) -> str | None:
    """How gradients and variables stand to each other, one by one.

    None where neither list names single variables or is cut from another place.
    """
    lists = [_cut(list(map(_whole, items)), bounds) for items, bounds in (left, right)]
    named = any(identity(_whole(item))[1] != -1 for item in (*left[0], *right[0]))
    known = [one for one in lists if one is not None and not any(map(_is_some, one))]
    if not named and (left[1] == right[1] or len(known) < len(lists)):
        return None
    if len(known) < len(lists):
        return "unknown"
    taken, given = ([identity(item) for item in one] for one in known)
    shorter, longer = sorted((taken, given), key=len)
    count = len(shorter)
    if taken == given:
        return "same"
    if shorter and shorter == longer[:count]:
        return "fewer gradients" if shorter is taken else "fewer variables"
    runs = (longer[start : start + count] for start in range(1, len(longer) - count + 1))
    return "shifted" if count > 1 and shorter in runs else "different"


def _cut(items: list[Value], bounds: tuple[int, int | None]) -> list[Value] | None:
    single = spread(items)
    return single[slice(*bounds)] if single is not None else None


def _is_some(item: Value) -> bool:
    """Says whether an entry is a variable of a layer, and nobody knows which."""
    return str(identity(item)[1]).startswith("?")


def repeated(items: list[Value]) -> list[Value]:
    """Variables that stand in a list again, as far as that is known."""
    items = list(map(_whole, items))
    named = any(identity(item)[1] != -1 for item in items)
    single = spread(items) if named else items
    if single is None or any(map(_is_some, single)):
        return []
    seen: set[tuple[int, int | str]] = set()
    return [one for one in single if identity(one) in seen or seen.add(identity(one))]  # type: ignore[func-returns-value]


_WITHOUT_KERNEL = api.WITH_MOVING_STATISTICS | {"LayerNormalization", "GroupNormalization"}


class Picked(NamedTuple):
    """Whether a test by name decides, and what it leaves of the variables of a layer."""

    known: bool = False
    part: Group | None = None


def picked(value: Value, generator: ast.comprehension) -> Picked:
    """`... for w in weights if "kernel" in w.name`, for the variables of one layer.

    Or `if len(w.shape) > 1`, which names the kernel as surely as `layer.kernel` does.
    Other tests tell nothing: who trains biases only, or says what he leaves out, means to.
    """
    layer = value.owner if isinstance(value, Group) else None
    by_rank = _asks_rank(generator)
    if not isinstance(value, Group) or not isinstance(layer, Layer):
        return Picked()
    if not (_asks(generator) or by_rank):
        return Picked()
    if value.only or "kernel" in layer.name:
        return Picked()
    if layer.kind in _WITHOUT_KERNEL:
        return Picked(True)
    if layer.kind not in api.LINEAR_LAYERS or (by_rank == "2" and layer.kind != "Dense"):
        return Picked()
    biased = layer.arguments.get("use_bias")
    if biased is not None:
        none = isinstance(biased, Constant) and not biased.value
        return Picked(True, value) if none else Picked()
    return Picked(True, replace(value, only=".kernel" if by_rank else "kernel"))


_RANK = r"(?:len\({0}\.shape\)|{0}\.shape\.(?:rank|ndims)|{0}\.ndim) (?:(?:> 1|>= 2|!= 1)|== (2))"


def _asks_rank(generator: ast.comprehension) -> str:
    """Says whether the one test picks what is no vector: `"2"` for matrices, else `"many"`."""
    if len(generator.ifs) != 1 or not isinstance(generator.target, ast.Name):
        return ""
    pattern = _RANK.format(re.escape(generator.target.id))
    found = re.fullmatch(pattern, ast.unparse(generator.ifs[0]))
    return found.group(1) or "many" if found else ""


def _asks(generator: ast.comprehension) -> bool:
    """The one test is whether the name has "kernel" in it."""
    test = generator.ifs[0] if len(generator.ifs) == 1 else None
    if not isinstance(test, ast.Compare) or not isinstance(test.ops[0], ast.In):
        return False
    text, where = test.left, test.comparators[0]
    return (
        isinstance(text, ast.Constant)
        and text.value == "kernel"
        and isinstance(where, ast.Attribute)
        and where.attr in ("name", "path")
        and isinstance(where.value, ast.Name)
        and isinstance(generator.target, ast.Name)
        and where.value.id == generator.target.id
    )


def without_bias(sources: Iterable[Value]) -> set[int]:
    """Layers, by identity, of which all lists together have the kernels only."""
    asked: dict[int, set[str]] = {}
    for source in sources:
        owner = tapes.owner_of(source)
        asked.setdefault(id(owner), set()).add(source.only if isinstance(source, Group) else "")
    return {key for key, parts in asked.items() if parts == {"kernel"}}
