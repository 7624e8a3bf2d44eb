"""What a traced step goes on with although the program has replaced it."""

from __future__ import annotations

from dataclasses import dataclass

from ..finding import Place


@dataclass(frozen=True, slots=True)
class Replaced:
    """A traced function uses an optimizer that no longer stands where it was.

    Attributes:
        name: Where it was found while tracing: `"self.optimizer"`.
        function: Name of the traced function.
        place: The user's line that asked it to apply gradients.
        held: Number of the optimizer that the trace holds.
        now: Number of the one that stands there.
        call: Number of the call, from 1, at which the other one was seen.
    """

    name: str
    function: str
    place: Place | None
    held: int
    now: int
    call: int


@dataclass(frozen=True, slots=True)
class Flip:
    """A traced step was called after flags of trainable variables had changed.

    Attributes:
        function: Name of the traced function.
        place: The user's line that changed a flag last.
        apply: The user's line that applies the gradients in that trace.
        frozen: Keys of variables handed over in the trace, now not trainable.
        thawed: Keys of variables that were not trainable then, and are now.
        call: Number of the call, from 1, at which it was seen.
    """

    function: str
    place: Place | None
    apply: Place | None
    frozen: frozenset[int]
    thawed: frozenset[int]
    call: int


@dataclass(frozen=True, slots=True)
class Untrained:
    """Keras trained a model in which nothing was trainable.

    Attributes:
        model: Its name.
        place: The user's line that trains it.
        frozen_at: The user's line that froze it after `compile`, if one did.
        variables: Keys of its variables.
    """

    model: str
    place: Place | None
    frozen_at: Place | None
    variables: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LossScale:
    """How the scale of a loss-scale optimizer stood when last looked at.

    Attributes:
        optimizer: Name of the class of the optimizer inside.
        place: The user's line that applies gradients through it.
        initial: Scale at the start.
        scale: Scale now; halved at each step that is skipped.
        calls: Steps asked for, as far as known.
        applied: Steps that the optimizer inside has made; `None` where its
            counter (that of tf-keras) counts skipped steps too.
        variables: Keys of the variables handed over.
    """

    optimizer: str
    place: Place | None
    initial: float
    scale: float
    calls: int
    applied: int | None
    variables: tuple[int, ...] = ()
