"""What stands before an audited step: values, state and gradients, as NumPy arrays.

Three moments open an audit: an eager apply call, the call of a traced function that makes one
step, and the first run of a trace, of which only what is masked is read.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ..measuring.sites import Site
from ..pairs import inner_of
from .optimizer_state import (
    RuleOf,
    accumulated_of,
    array_of,
    passed_of,
    rate_of,
    rule_of,
    scale_of,
    slots_of,
)
from .rules import Array


@dataclass
class Entry:
    """One variable before an audited step."""

    key: int
    variable: weakref.ref[Any]
    value: Array
    slots: dict[str, Array]
    handed: Array | None = None
    taken: Array | None = None
    masked: Array | None = None
    pending: Array | None = None
    earlier: Array | None = None
    direct: bool = False


@dataclass
class Opened:
    """An audited step under way."""

    apply: int
    optimizer: weakref.ref[Any]
    rule: RuleOf
    entries: list[Entry]
    scale: float
    passed: int
    rate: float | None
    site: Site
    count: int


@dataclass
class Traced:
    """An apply call in a traced function."""

    site: Site
    optimizer: weakref.ref[Any]
    rule: RuleOf
    variables: list[tuple[int, weakref.ref[Any]]]
    masks: dict[int, Array] = field(default_factory=dict)
    direct: set[int] = field(default_factory=set)
    done: int = 0


@dataclass(frozen=True)
class Passage:
    """A pair on its way through an eager apply call.

    Attributes:
        key: Of the variable.
        variable: It.
        gradient: What is handed on for it.
        taken: What the tape gave for it, where that is another tensor.
        direct: The gradient is handed on as the tape gave it.
        masked: Where the gradient of the step before was masked.
    """

    key: int
    variable: Any
    gradient: Any
    taken: Any
    direct: bool
    masked: Array | None


def before_apply(site: Site, optimizer: Any, passages: Iterable[Passage]) -> Opened:
    """What stands before an eager step."""
    inner = inner_of(optimizer)
    rule = rule_of(inner)
    entries = [
        Entry(
            one.key,
            weakref.ref(one.variable),
            array_of(one.variable),
            slots_of(inner, rule, one.variable),
            None if one.gradient is None else array_of(one.gradient),
            None if one.taken is None else array_of(one.taken),
            pending=accumulated_of(inner, one.variable),
            earlier=one.masked,
            direct=one.direct,
        )
        for one in passages
    ]
    return Opened(
        site.apply,
        weakref.ref(optimizer),
        rule,
        entries,
        scale_of(optimizer),
        passed_of(inner),
        rate_of(inner),
        site,
        0,
    )


def before_call(traced: Traced) -> Opened | None:
    """What stands before a traced function makes a step; nothing if its variables are gone."""
    optimizer = traced.optimizer()
    there = [(key, ref()) for key, ref in traced.variables]
    living = [(key, one) for key, one in there if one is not None]
    if optimizer is None or len(living) < len(there):
        return None
    inner = inner_of(optimizer)
    entries = [
        Entry(
            key,
            weakref.ref(one),
            array_of(one),
            slots_of(inner, traced.rule, one),
            masked=traced.masks.get(key),
            pending=accumulated_of(inner, one),
            earlier=traced.masks.get(key),
            direct=key in traced.direct,
        )
        for key, one in living
    ]
    return Opened(
        traced.site.apply,
        traced.optimizer,
        traced.rule,
        entries,
        scale_of(optimizer),
        passed_of(inner),
        rate_of(inner),
        traced.site,
        traced.site.count,
    )


def before_first(traced: Traced, optimizer: Any) -> Opened | None:
    """What is masked before the first step of a trace, where it has a value yet."""
    from tensorflow.python.framework import ops

    there = [(key, ref()) for key, ref in traced.variables if key in traced.masks]
    try:
        with ops.init_scope():
            entries = [
                Entry(
                    key,
                    weakref.ref(one),
                    array_of(one),
                    {},
                    masked=traced.masks[key],
                    earlier=traced.masks[key],
                )
                for key, one in there
            ]
            passed = passed_of(inner_of(optimizer))
    except Exception:  # made in this very trace: the second step is the first to be seen
        return None
    return Opened(
        traced.site.apply,
        traced.optimizer,
        traced.rule,
        entries,
        1.0,
        passed,
        None,
        traced.site,
        traced.site.count,
    )
