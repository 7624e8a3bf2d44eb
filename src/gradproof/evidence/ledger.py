"""The ledger of an update: from the gradient that was taken to the change that happened."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from ..finding import Place


@dataclass(frozen=True, slots=True)
class Audit:
    """One variable at one audited step, beside what its rule says.

    Norms are Euclidean. What could not be followed or computed is `None`.

    Attributes:
        apply: Key of the apply call.
        step: Index of the step at that call, from 1.
        variable: Key.
        rule: Name of the rule by which the change was predicted, such as
            `"Adam"`; for an optimizer with its own rule its class.
        own: The rule is the user's: an overridden `update_step`.
        value_norm: Before the step.
        taken_norm: Of the gradient as the tape gave it.
        gradient_norm: Of the gradient as it was handed over.
        used_norm: After the optimizer's own unscaling, averaging and clipping.
        predicted_norm: Of the change that the rule predicts.
        change_norm: Of the change that happened.
        error: Norm of the difference of the two.
        slack: What rounding explains of that difference.
        unclipped_error: The same as `error` for a rule that does not clip.
        along: Cosine of the change and the negative gradient.
        elements: Elements of the variable.
        wanted: Elements that the rule wants to change.
        rounded: Those of them that did not change.
        masked: Elements whose gradient was taken, but handed over as zero.
        masked_before: Those of them that were masked at the audit before too.
        masked_moved: Those of them that changed all the same.
        masked_norm: Norm of their change.
        idle: Names of slots that are all zero after the step.
        terms: The rule's terms by name, as norms or plain numbers, in order.
    """

    apply: int
    step: int
    variable: int
    rule: str
    own: bool = False
    value_norm: float = 0.0
    taken_norm: float | None = None
    gradient_norm: float | None = None
    used_norm: float | None = None
    predicted_norm: float | None = None
    change_norm: float = 0.0
    error: float | None = None
    slack: float = 0.0
    unclipped_error: float | None = None
    along: float | None = None
    elements: int = 0
    wanted: int = 0
    rounded: int = 0
    masked: int = 0
    masked_before: int = 0
    masked_moved: int = 0
    masked_norm: float = 0.0
    idle: tuple[str, ...] = ()
    terms: tuple[tuple[str, float], ...] = ()

    @property
    def agrees(self) -> bool | None:
        """The change is the one that the rule predicts; `None` if unknown.

        A rule that predicts no number for a gradient that is none can't be held to it.
        """
        told = self.predicted_norm is None or isfinite(self.predicted_norm)
        return None if self.error is None or not told else self.error <= self.slack


@dataclass(frozen=True, slots=True)
class CopiedRate:
    """A value that an optimizer copied as its learning rate, and that changed since.

    Attributes:
        optimizer: Number of the optimizer.
        name: As the source says it: `"self.learning_rate"`, `"rate"`.
        kind: `"variable"` (a `tf.Variable`), `"name"` (a Python number) or
            `"schedule"` (asked once).
        rate: In force, still the first value.
        value: What the name stands for now.
        steps: Steps of the optimizer so far.
        since: The step after the last one at which both were seen to be equal.
        changed_at: The user's line that changes a name, if one is found.
    """

    optimizer: int
    name: str
    kind: str
    rate: float
    value: float
    steps: int
    since: int
    changed_at: Place | None = None
