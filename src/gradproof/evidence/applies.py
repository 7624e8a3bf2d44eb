"""Optimizers, what was handed to them, and what each step did."""

from __future__ import annotations

from dataclasses import dataclass

from ..finding import Place

PENDING = 64
"""Eager steps, at most, that have been measured and not been read yet while a run goes on."""


@dataclass(frozen=True, slots=True)
class Optimizer:
    """An optimizer object.

    Attributes:
        key: Number; apply calls refer to it.
        name: Name of its class.
        made_at: The user's line that made it.
        during: `"trace"` when it was made inside a traced function.
        generation: `"3"` for Keras 3, `"2"` for tf-keras.
        schedule: Class of its learning rate schedule; empty without one.
        state: Variables that it keeps beside its counter and learning rate;
            `None` if it was never built, or is not known.
        rule_at: Where the user's class defines its own update.
        applied_at: Where it takes the gradients, instead of the class below.
        after: Optimizers that had been applied when it was made.
    """

    key: int
    name: str
    made_at: Place | None = None
    during: str = ""
    generation: str = "3"
    schedule: str = ""
    state: int | None = None
    rule_at: Place | None = None
    applied_at: Place | None = None
    after: int | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """One gradient handed to one variable.

    Attributes:
        variable: Key of the variable; `None` if it is no variable.
        given: What stands at the gradient's place: `"gradient"` (a tensor),
            `"none"`, `"variable"`, `"other"`.
        taken_for: Keys of the variables that this gradient was taken for,
            followed through clipping, scaling and averaging; empty when it
            stems from no gradient call; `None` when it can't be followed.
        call: Key of the gradient call that it stems from, if known.
        name: Path of the variable, or what stands there instead.
        handed: Index of the operation that made the gradient; `None` if it
            was not recorded.
        buffer: Key of the variable that stands at the gradient's place.
    """

    variable: int | None
    given: str = "gradient"
    taken_for: frozenset[int] | None = None
    call: int | None = None
    name: str = ""
    handed: int | None = None
    buffer: int | None = None


@dataclass(frozen=True, slots=True)
class Apply:
    """A place where variables are changed: an optimizer, or `assign*`.

    Attributes:
        key: Number; steps refer to it.
        stack: The user's lines that led to it, outermost first.
        recording: Number of the recording.
        at: Number of operations recorded before it.
        by: Class of the optimizer, or `"assign"`, `"assign_add"`,
            `"assign_sub"` for a change by hand.
        optimizer: Number of the optimizer object; `None` for a change by hand.
        pairs: What was handed over; for a change by hand one pair, whose
            gradient is what the new value was computed from.
        traced: In a traced function.
        given: How the pairs came: `"pairs"`, `"empty"`, `"spent"` (an
            iterator that had nothing left), `"two lists"`, `"swapped"`,
            `"not pairs"`, `"pairs apart"` (pairs, or an iterator, where gradients belong),
            `"arrays"` (of NumPy, where variables belong), `"loss"` (a loss tensor, for `minimize`).
        error: Class and message of the exception that the call raised.
        known: Keys of the variables that the optimizer was built for
            before this call; `None` if it was not built yet.
        counted: Times that it was passed so far.
        call: Key of the gradient call that was answered last before it.
        replicas: Copies of the model that a strategy keeps in step there.
        replica: Which of those in this process it is in, from 0.
    """

    key: int
    stack: tuple[Place, ...]
    recording: int
    at: int
    by: str
    optimizer: int | None = None
    pairs: tuple[Pair, ...] = ()
    traced: bool = False
    given: str = "pairs"
    error: str | None = None
    known: frozenset[int] | None = None
    counted: int = 0
    call: int | None = None
    replicas: int = 1
    replica: int = 0

    @property
    def place(self) -> Place | None:
        """The innermost of the user's lines that led to it."""
        return self.stack[-1] if self.stack else None

    def handed_over(self, stack: tuple[Place, ...]) -> Place | None:
        """The line that gave to a function of the user's what it got on the lines of `stack`.

        That function may change many a list of variables; which it is given is decided there.
        """
        for mine, other in zip(self.stack, stack, strict=False):
            if mine != other:
                return mine
        return self.place

    @property
    def by_hand(self) -> bool:
        """Changed by `assign*`, not by an optimizer."""
        return self.optimizer is None


@dataclass(frozen=True, slots=True)
class Assigned:
    """A variable was assigned to, in eager code or while tracing.

    Attributes:
        variable: Key.
        method: `"assign"`, `"assign_add"` or `"assign_sub"`; `"scatter_sub"`
            and the like, which change single rows.
        times: Calls so far; a traced function makes its calls once a trace.
        places: The user's first lines that did it.
        frozen: The layer that owns it was frozen, and a tape was recording.
    """

    variable: int
    method: str
    times: int = 1
    places: tuple[Place, ...] = ()
    frozen: bool = False


@dataclass(frozen=True, slots=True)
class Update:
    """What one step did to one variable. Norms are Euclidean, float32.

    Attributes:
        variable: Key.
        gradient_norm: Norm of the gradient handed over; `None` if there was
            none.
        value_norm: Norm of the variable before the step, or some steps
            earlier: it is read now and then.
        change_norm: Norm of the change.
        along: Cosine between the change and the *negative* gradient: 1 is
            plain descent, -1 is ascent; `None` if either is zero or unknown.
        part_norm: Under a strategy the norm of this replica's own gradient,
            before all replicas' are summed into the one that is applied;
            `None` elsewhere, or if unknown.
    """

    variable: int
    gradient_norm: float | None
    value_norm: float
    change_norm: float
    along: float | None = None
    part_norm: float | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One passage through one apply call.

    Attributes:
        index: Number of the update at this place, from 1.
        apply: Key of the `Apply`.
        updates: One a variable, in the order of the pairs.
        loss: Mean of the target of the gradient call before it, if known.
        learning_rate: In force at the step, if the optimizer tells.
        iterations: The optimizer's own counter before the step.
    """

    index: int
    apply: int
    updates: tuple[Update, ...]
    loss: float | None = None
    learning_rate: float | None = None
    iterations: int | None = None
