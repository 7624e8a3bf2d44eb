"""Schedules that are over long before the training is."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ..python.methods import name_of
from ..values import Constant, Other, Value

if TYPE_CHECKING:
    from ..reader import Reader

_SOON = 20
"""Steps, after which hardly any program is at its end."""

_NOTHING = 1e-4
"""Part of the first rate that counts as nothing, so soon."""

_STEPS = ("apply_gradients", "apply", "minimize", "train_on_batch")


def why(reader: Reader, schedule: Other) -> str:
    """What is wrong with a schedule that an optimizer is given; empty if nothing is."""
    if _fades(schedule):
        return "fading schedule"
    node = schedule.node
    return "epochs" if isinstance(node, ast.Call) and _is_of_epochs(reader, schedule) else ""


def _number(value: Value | None) -> float | None:
    known = isinstance(value, Constant) and type(value.value) in (int, float)
    return float(value.value) if known else None  # type: ignore[union-attr, arg-type]


def _fades(schedule: Other) -> bool:
    """`ExponentialDecay(0.01, 1, 0.1)`: a tenth in each step."""
    steps = _number(schedule.arguments.get("decay_steps"))
    rate = _number(schedule.arguments.get("decay_rate"))
    if schedule.name != "ExponentialDecay" or steps is None or rate is None or steps < 1:
        return False
    return bool(0 < rate < 1 and rate ** (_SOON / steps) < _NOTHING)


def _is_of_epochs(reader: Reader, schedule: Other) -> bool:
    """`CosineDecay(0.01, EPOCHS)`, of which an optimizer counts steps, and each epoch has many."""
    ends = {"CosineDecay": "alpha", "PolynomialDecay": "end_learning_rate"}.get(schedule.name)
    last = schedule.arguments.get(ends) if ends is not None else None
    at_zero = (ends == "alpha" and last is None) or _number(last) == 0
    if not at_zero or "warmup_target" in schedule.arguments:
        return False
    call = schedule.node
    assert isinstance(call, ast.Call)
    words = [one.value for one in call.keywords if one.arg == "decay_steps"]
    given = next(iter(words or call.args[1:2]), None)
    if not isinstance(given, ast.Name | ast.Attribute):
        return False
    text = ast.unparse(given)
    return any(_fits_for(one, text) or _loops_for(one, text) for one in reader.source.nodes)


def _fits_for(node: ast.AST, epochs: str) -> bool:
    """`model.fit(x, y, epochs=EPOCHS)`, in batches."""
    if not isinstance(node, ast.Call) or name_of(node.func) != "fit":
        return False
    given = {word.arg: word.value for word in node.keywords}
    told = given.get("epochs")
    size = given.get("batch_size")
    whole = isinstance(size, ast.Call | ast.Attribute | ast.Subscript) or "steps_per_epoch" in given
    return told is not None and ast.unparse(told) == epochs and not whole


def _loops_for(node: ast.AST, epochs: str) -> bool:
    """`for epoch in range(EPOCHS):`, around a loop that applies gradients."""
    if not isinstance(node, ast.For) or ast.unparse(node.iter) != f"range({epochs})":
        return False
    return any(
        isinstance(call, ast.Call)
        and (name_of(call.func) in _STEPS or "step" in name_of(call.func))
        for inner in ast.walk(node)
        if isinstance(inner, ast.For) and inner is not node
        for call in ast.walk(inner)
    )
