"""Joins what two branches leave, and tells what a condition is."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from .dependence import Flow
from .flow import merge
from .store import MISSING
from .values import (
    Constant,
    Dataset,
    DictValue,
    GradientOf,
    Group,
    Instance,
    Layer,
    ListValue,
    Optimizer,
    Tensor,
    Unknown,
    Value,
    Variable,
)

_PLAIN = (bool, int, float, str, bytes, tuple, list, dict, set, frozenset, type(None))


def join(left: object, right: object) -> object:
    """What a place holds after either branch."""
    if left is MISSING:
        return right
    if right is MISSING:
        return left
    if isinstance(left, _PLAIN) or isinstance(right, _PLAIN):
        return _join_plain(left, right)
    return join_values(cast(Value, left), cast(Value, right))


def _join_plain(left: object, right: object) -> object:
    if isinstance(left, list) and isinstance(right, list):
        if len(left) == len(right):
            return [join(a, b) if a is not b else a for a, b in zip(left, right, strict=False)]
        return left if len(left) > len(right) else right
    if isinstance(left, bool) and isinstance(right, bool):
        return left or right
    return right if left is None or left == () else left


def join_values(left: Value, right: Value) -> Value:
    """What a name may stand for after either branch."""
    if left is right:
        return left
    if isinstance(left, Constant) and isinstance(right, Constant):
        if type(left.value) is type(right.value) and left.value == right.value:
            return left
        if left.value is None:
            return right
        if right.value is None:
            return left
        number = all(isinstance(one.value, int | float) for one in (left, right))
        return Tensor(form="number") if number else Unknown(data=True)
    if isinstance(left, Constant):
        left, right = right, left
    if isinstance(right, Constant):
        if right.value is None:
            return left
        if isinstance(left, Tensor):
            # A sum that was begun anew, with the number 0, is a sum of losses still.
            return replace(_plainer(left), loss=0 if right.value else left.loss)
    if isinstance(left, Tensor) and isinstance(right, Tensor):
        return _join_tensors(left, right)
    if isinstance(left, ListValue) and isinstance(right, ListValue):
        return _join_lists(left, right)
    if isinstance(left, Group) and isinstance(right, Group) and left.owner is right.owner:
        return left
    if isinstance(left, DictValue) and isinstance(right, DictValue):
        keys = {**left.items, **right.items}
        return DictValue(
            {
                key: join_values(left.items.get(key, value), right.items.get(key, value))
                for key, value in keys.items()
            },
            left.exact and right.exact and left.items.keys() == right.items.keys(),
        )
    flow = merge((flow_of(left), flow_of(right)))
    either = {id(one): one for one in (*_things(left), *_things(right))}
    return Unknown(data=True, flow=flow, either=tuple(either.values()))


def _things(value: Value) -> tuple[Value, ...]:
    """What is to be kept of a value when it is joined with another."""
    if isinstance(value, Variable | Layer | Group | Instance | Optimizer):
        return (value,)
    return value.either if isinstance(value, Unknown) else ()


def _loss(left: Tensor, right: Tensor) -> int:
    """Losses either way; a sum of them may have been begun anew, with a mere number."""
    for one, other in ((left, right), (right, left)):
        if one.loss == other.loss or not (other.flow or other.loss):
            return one.loss
    return 0


def _plainer(tensor: Tensor) -> Tensor:
    return Tensor(tensor.flow, tensor.form, made=tensor.made, tokens=tensor.tokens)


def _join_tensors(left: Tensor, right: Tensor) -> Tensor:
    return Tensor(
        merge((left.flow, right.flow)),
        left.form if left.form == right.form else "tensor",
        shape=left.shape if left.shape == right.shape else None,
        whole=left.whole if left.whole == right.whole else None,
        ending=left.ending if left.ending == right.ending else None,
        ender=left.ender,
        gradient=left.gradient if same_gradient(left.gradient, right.gradient) else None,
        sign=left.sign if left.sign == right.sign else 0,
        loss=_loss(left, right),
        rebound=left.rebound or right.rebound,
        made=left.made,
        traced=left.traced or right.traced,
        tokens=left.tokens | right.tokens,
    )


def same_gradient(left: GradientOf | None, right: GradientOf | None) -> bool:
    """Says whether both are one entry of one gradient call."""
    return (
        left is not None
        and right is not None
        and left.call is right.call
        and _same_entry(left.source, right.source)
    )


def _join_lists(left: ListValue, right: ListValue) -> Value:
    if any(isinstance(item, Group | Variable) for item in (*left.items, *right.items)):
        same = len(left.items) == len(right.items) and all(
            _same_entry(a, b) for a, b in zip(left.items, right.items, strict=False)
        )
        if same:
            return left
        extra = [
            item for item in right.items if not any(_same_entry(item, old) for old in left.items)
        ]
        return ListValue([*left.items, *extra], False, left.fixed, node=left.node)
    if len(left.items) == len(right.items):
        return ListValue(
            [join_values(a, b) for a, b in zip(left.items, right.items, strict=False)],
            left.exact and right.exact,
            left.fixed and right.fixed,
            left.owner if left.owner is right.owner else None,
            left.which if left.which == right.which else "",
            left.node,
        )
    longer, shorter = (left, right) if len(left.items) > len(right.items) else (right, left)
    items = list(longer.items)
    for place, item in enumerate(shorter.items):
        # Either list may be handed on, so gradients in the shorter one are not lost.
        if isinstance(item, Tensor):
            items[place] = join_values(items[place], item)
    return ListValue(items, False, longer.fixed, node=longer.node)


def _same_entry(left: Value, right: Value) -> bool:
    if isinstance(left, Group) and isinstance(right, Group):
        return (left.owner, left.which, left.only) == (right.owner, right.which, right.only)
    return left is right


def flow_of(value: Value) -> Flow:
    """What a value already depends on, without reading it anew."""
    if isinstance(value, Tensor | Unknown):
        return value.flow
    if isinstance(value, Dataset):
        return flow_of(value.element)
    if isinstance(value, ListValue | DictValue):
        return merge(item.flow for item in leaves(value) if isinstance(item, Tensor | Unknown))
    return {}


def leaves(value: Value) -> list[Value]:
    """What a nest of lists and dicts holds, shared parts once."""
    found: list[Value] = []
    seen: set[int] = set()
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, ListValue):
            waiting += reversed(one.items)
        elif isinstance(one, DictValue):
            waiting += reversed(one.items.values())
        else:
            found.append(one)
    return found


def truth(value: Value) -> bool | None:
    """Whether a condition holds; `None` if the file does not tell."""
    if isinstance(value, Constant):
        return bool(value.value)
    if isinstance(value, ListValue | DictValue):
        if value.items:
            return True
        return False if value.exact else None
    if isinstance(value, Layer | Instance | Optimizer | Variable):
        return None if isinstance(value, Variable) else True
    return None
