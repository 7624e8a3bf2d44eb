"""Which variable of one step is which of another, and the same start for both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...places import Places
from ..adoption import _age, adopt
from ..auditing.optimizer_state import passed_of
from ..kinds import bare
from ..pairs import name_of
from ..variables import Variables
from .sides import Side

_KEPT_APART = ("optimizer", "metric", "rate")


class Alignment:
    """Names for the variables of two steps, equal for those that belong together.

    Variables that both steps use belong together, of course. Steps of two
    models of one build are aligned in the order in which the variables were
    made, those of two optimizers in the order in which the optimizers keep
    them.

    Attributes:
        copies: Pairs of variables: the second starts from the value of the
            first. Models start as the first step has them, optimizers as the
            one that has made more steps.
        apart: Variables with their paths that have no counterpart.
        notes: Sentences: what could not be made equal.
    """

    def __init__(self, one: Side, other: Side) -> None:
        self.copies: list[tuple[Any, Any]] = []
        self.apart: list[str] = []
        self.notes: list[str] = []
        self._names: dict[int, str] = {}
        self._rates = {
            id(bare(rate))
            for side in (one, other)
            for call in side.handed
            for rate in (getattr(call.optimizer, "_learning_rate", None),)
        }
        self._shared = set(one.touched) & set(other.touched)
        self._living: list[Any] = [*one.touched.values(), *other.touched.values()]
        known = Variables(Places())
        adopt(known)
        self._records = {record.key: record for record in known.record()}
        self._known = known
        self._models(one, other)
        self._optimizers(one, other)
        for variable in self._living:
            self._names.setdefault(id(variable), self._path(variable))

    def name(self, variable: Any) -> str:
        """The path, that of the first step for what belongs together."""
        return self._names.get(id(bare(variable))) or self._path(variable)

    def role(self, variable: Any) -> str:
        """`"model"`, `"optimizer"`, `"metric"`, `"seed"` or `"rate"`."""
        if id(bare(variable)) in self._rates:
            return "rate"
        record = self._records.get(self._known.key(variable) or 0)
        return record.role if record is not None else "model"

    def trains(self, variable: Any) -> bool:
        """A float variable of a model that may be trained."""
        record = self._records.get(self._known.key(variable) or 0)
        return record is None or (
            record.trainable and record.role == "model" and variable.dtype.is_floating
        )

    def compared(self, variable: Any) -> bool:
        """A variable of a model, or of an optimizer that both steps have."""
        return self.role(variable) != "optimizer" or id(bare(variable)) in self._shared

    def begin(self) -> None:
        """Gives what belongs together equal values; the others stay."""
        import tensorflow as tf

        for giver, taker in self.copies:
            value = tf.cast(giver.numpy(), taker.dtype)
            tf.raw_ops.AssignVariableOp(resource=taker.handle, value=value)

    def _path(self, variable: Any) -> str:
        record = self._records.get(self._known.key(variable) or 0)
        return record.path if record is not None else name_of(variable)

    def _pair(self, first: Any, second: Any) -> None:
        self._names[id(first)] = self._names[id(second)] = self._path(first)
        self._shared |= {id(first), id(second)}
        if first is not second:
            self.copies.append((first, second))

    def _models(self, one: Side, other: Side) -> None:
        left, right = (
            sorted(
                (
                    variable
                    for key, variable in side.touched.items()
                    if key not in opposite.touched and self.role(variable) not in _KEPT_APART
                ),
                key=_age,
            )
            for side, opposite in ((one, other), (other, one))
        )
        for role in ("model", "seed"):
            parts = [
                [variable for variable in side if self.role(variable) == role]
                for side in (left, right)
            ]
            if _kinds(parts[0]) == _kinds(parts[1]):
                for first, second in zip(*parts, strict=True):
                    self._pair(first, second)
            elif role == "model":
                self.apart += [self._path(variable) for part in parts for variable in part]

    def _optimizers(self, one: Side, other: Side) -> None:
        pairs = zip(_unique(one), _unique(other), strict=False)
        for first, second in pairs:
            if first is second:
                continue
            held = [_held(optimizer) for optimizer in (first, second)]
            if type(first) is type(second) and _kinds(held[0]) == _kinds(held[1]):
                for mine, its in zip(*held, strict=True):
                    self._pair(mine, its)
                    if passed_of(second) > passed_of(first):
                        self.copies[-1] = (its, mine)
            elif any(float(abs(slot.numpy()).max(initial=0)) for part in held for slot in part):
                self.notes.append(
                    f"the state of {type(first).__name__} and {type(second).__name__} "
                    "could not be made equal"
                )


def _unique(side: Side) -> list[Any]:
    """The optimizers of a step, each once, in order."""
    found: dict[int, Any] = {id(call.optimizer): call.optimizer for call in side.handed}
    return list(found.values())


def _held(optimizer: Any) -> list[Any]:
    """State of an optimizer that is made of numbers, but the learning rate."""
    variables = optimizer.variables
    variables = variables() if callable(variables) else variables
    return [
        bare(variable)
        for variable in variables
        if "learning_rate" not in str(getattr(variable, "path", None) or variable.name)
        and bare(variable).dtype.is_numeric
    ]


def _kinds(variables: Sequence[Any]) -> list[tuple[Any, str]]:
    return [(tuple(one.shape), one.dtype.base_dtype.name) for one in variables]
