"""Numbers and tensors that a traced function hands on to its next call in Python.

Traced, the next call does not get them: each starts from what was there while tracing.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ...evidence.loop import FrozenState
from ..values import Constant, DictValue, ListValue, Scope, Tensor, Value

if TYPE_CHECKING:
    from ..reader import Reader

Holder = Scope | ListValue | DictValue

ANY = "*"
"""Some entry of a list or dict."""


def read(reader: Reader, holder: Holder, name: str, value: Value, node: ast.AST) -> None:
    """A traced function reads what stands outside of it."""
    function = reader.frame.traced
    key = (id(holder), name)
    if function is None or reader.silent or not _is_number(value):
        return
    if key not in reader.facts.made_in_trace:
        reader.facts.carried.setdefault(key, (function, holder, node))


def written(reader: Reader, holder: Holder, name: str, value: Value, node: ast.AST) -> None:
    """A traced function writes it: for nobody, if it has read it before."""
    function = reader.frame.traced
    key = (id(holder), name)
    if function is None or reader.silent:
        return
    found = reader.facts.carried.get(key)
    if found is None or found[0] is not function:
        reader.facts.made_in_trace.add(key)
        return
    if isinstance(value, Constant) and not any(frame.guarded for frame in reader.frames):
        # Put back before the trace ends: nothing goes on to the next call.
        carries = reader.facts.carrying.pop(key, None)
        if carries is not None:
            reader.facts.frozen.pop(carries, None)
        return
    # What depends on no variable is the same in each step: a number as a tensor, a schedule.
    if isinstance(value, Tensor) and value.form == "tensor" and value.flow and not value.update_of:
        spot = reader.spot
        text = spot(node).text
        state = FrozenState(text, function.name, spot(found[2]), spot(node), True, carries=True)
        reader.facts.frozen[state] = None
        reader.facts.carrying[key] = state


def _is_number(value: Value) -> bool:
    if isinstance(value, Constant):
        return isinstance(value.value, int | float) and not isinstance(value.value, bool)
    return isinstance(value, Tensor) and not value.update_of and value.gradient is None
