"""How layers and their lists of variables were used."""

from __future__ import annotations

from dataclasses import dataclass

from ..finding import Place


@dataclass(frozen=True, slots=True)
class LayerMode:
    """A layer that behaves differently in training was called under a tape.

    Attributes:
        layer: Path or name.
        kind: `"BatchNormalization"`, `"Dropout"`, ...
        training: The mode in which it ran.
        explicit: The user's code passed the flag itself (`training=False`
            is then a decision).
        trainable: The layer's own flag (a frozen BatchNormalization stays in
            inference mode by design).
        place: The user's line that called the model.
        tape: Key of the innermost tape that was recording.
        variables: Keys of the layer's variables.
    """

    layer: str
    kind: str
    training: bool
    explicit: bool
    trainable: bool
    place: Place | None
    tape: int | None
    variables: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ListRead:
    """`trainable_variables` (or the like) of a model was read.

    Attributes:
        model: Name of the model or layer.
        built: It had been built.
        count: Number of variables in the list.
        place: The user's line.
        frozen_at: The user's line that froze the model, if one did.
        within: Name of another model that has this one as a layer.
        variables: Keys of the variables of a model that is frozen, or that
            was not built then and is now.
    """

    model: str
    built: bool
    count: int
    place: Place | None
    frozen_at: Place | None = None
    within: str | None = None
    variables: tuple[int, ...] = ()
