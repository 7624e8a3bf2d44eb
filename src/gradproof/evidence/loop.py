"""What the source of one file says about its training loops: facts only.

Names are resolved: a fact speaks of the variables, layers and optimizers that
the program makes, however they are called at the place. What could not be
resolved is left out, so that a fault never speaks about what nobody saw.

They are named tuples, since a frozen dataclass takes ten times as long to define,
and a check of one file is mostly starting up.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ..finding import Place, Related, Span


class Spot(NamedTuple):
    """A stretch of source and its text.

    `path` names the file, if it is another one than the loop's.
    """

    span: Span
    text: str = ""
    path: str = ""


class Break(NamedTuple):
    """Where the path from a source to the target of a gradient is lost.

    Attributes:
        kind: `outside` (not recorded by this tape), `nondifferentiable`,
            `zero` (the derivative is exactly 0 there), `numpy`, `opaque`
            (a Python function without gradient), `assign`, `stopped`,
            `unwatched`, `rebound` (a tensor took the variable's name),
            `integer` (no gradient for this dtype),
            `residual` (a straight-through form that stops the wrong part),
            `cancelled` (one whose slopes cancel), `unused` (computed, but
            nothing uses it).
        operation: What does it, as it would be written: `tf.argmax`.
        at: The place, in the function that holds the tape.
        inner: The very operation, where it stands in another function.
        origin: Where the thing that breaks was made, if that is elsewhere.
        caller: The call that led there, where the place is in another function.
    """

    kind: str
    operation: str
    at: Spot
    inner: Spot | None = None
    origin: Spot | None = None
    caller: Spot | None = None


class Connection(NamedTuple):
    """How the target of a gradient hangs together with one source.

    Attributes:
        name: Name of the layer or variable, as far as the source tells it.
        kind: `layer`, `variable` or `tensor`.
        lost: Where the path is lost; `None` if it is live or unknown.
        live: Whether a recorded path was seen.
    """

    name: str
    kind: str
    live: bool
    lost: Break | None = None


class Owned(NamedTuple):
    """A layer or variable, where it was made and where it was used.

    `beyond`: where the object was made that keeps it out of a list.
    """

    name: str
    made: Spot
    used: Spot | None = None
    kind: str = ""
    reason: str = ""
    beyond: Spot | None = None


class GradientCall(NamedTuple):
    """One `tape.gradient(target, sources)`, or what `fit` does inside.

    Attributes:
        at: The call.
        target: What is differentiated.
        sources: What it is differentiated by.
        tape: The tape's constructor.
        persistent: Whether the tape can be asked twice.
        asked_before: The earlier call on the same tape, if it can't be.
        connections: Every source whose connection was looked at.
        left_out: Trained by nothing in the file, yet on the path of the target.
        listed: Where another function, or the module, put the list of sources together.
        untracked: On the path, held by the object whose list is asked for,
            but not in that list.
        non_trainable: Sources that no gradient can move.
        early: The list of sources was read before these layers had variables.
        unmoved: Sources that nothing in the file updates, although the
            gradients were computed again and again.
        zeros_asked: Whether the call asks for zeros instead of None.
    """

    at: Spot
    target: Spot
    sources: Spot
    tape: Spot
    persistent: bool = False
    asked_before: Spot | None = None
    connections: tuple[Connection, ...] = ()
    left_out: tuple[Owned, ...] = ()
    listed: Spot | None = None
    untracked: tuple[Owned, ...] = ()
    non_trainable: tuple[str, ...] = ()
    early: Spot | None = None
    early_names: tuple[str, ...] = ()
    unmoved: tuple[str, ...] = ()
    zeros_asked: bool = False


class ApplyCall(NamedTuple):
    """Gradients are handed to an optimizer.

    Attributes:
        at: The call.
        method: `apply_gradients`, `apply`, `minimize`, or `assign` for a loop over pairs.
        optimizer: The optimizer, as written; empty for a loop.
        form: `pairs`, `two arguments`, `no pairs`, `swapped`, `pairs apart`, `pair of lists`,
            `lone pair`, `arrays` (copies of the values, where variables belong), `tensor loss`,
            `no minimize`, or `unknown`.
        argument: What is handed over.
        gradients: The gradients in it.
        variables: The variables in it.
        relation: `same`, `different`, `with statistics` (moving ones among the
            variables), `shifted` (one list, cut at different places), `filtered`
            (gradients that are None are out, their variables are not),
            `fewer gradients`, `fewer variables`, or `unknown`.
        taken_for: Names the gradients were taken for.
        applied_to: Names they are applied to.
        sources: The list in the gradient call, as written.
        spent: What used up the iterator of pairs before.
        zipped: The `zip` call.
        strangers: Names this optimizer was not built for.
        first: Where it met its first variables.
        made: Where the optimizer, or the model it now meets, was made.
        ascent: What turns the step uphill, if something does.
    """

    at: Spot
    method: str
    optimizer: str
    form: str
    argument: Spot | None = None
    gradients: Spot | None = None
    variables: Spot | None = None
    relation: str = "unknown"
    taken_for: tuple[str, ...] = ()
    applied_to: tuple[str, ...] = ()
    sources: Spot | None = None
    spent: Spot | None = None
    zipped: Spot | None = None
    strangers: tuple[str, ...] = ()
    first: Spot | None = None
    made: Spot | None = None
    ascent: Spot | None = None


class HandUpdate(NamedTuple):
    """A variable is assigned a value made from a gradient.

    Attributes:
        at: The call.
        method: `assign_sub`, `assign_add` or `assign`.
        variable: Its name.
        uphill: Whether the value moves along the gradient of a loss.
        name: The method's name alone.
    """

    at: Spot
    method: str
    variable: str
    uphill: bool
    name: Spot


class DroppedUpdate(NamedTuple):
    """A new value computed from a variable and its gradient goes nowhere.

    Attributes:
        at: The place.
        variables: Whose new values.
        where: `element` of a list of variables, `attribute` of a model, a
            `name`, or a `list` that nobody uses.
        target: What stands left of the equals sign.
        value: The new value.
    """

    at: Spot
    variables: tuple[str, ...]
    where: str
    target: Spot | None = None
    value: Spot | None = None


class Creation(NamedTuple):
    """State made inside a traced function, in every call anew.

    `inner`: the line that makes it, where `at` makes the object around it.
    """

    at: Spot
    what: str
    function: str
    traced: Spot | None = None
    inner: Spot | None = None


class Rate(NamedTuple):
    """A learning rate that is zero, or is so soon.

    `why`: `constant`, `integer division`, `floored part`, `default`, `schedule`, or of schedules
    that reach 0 soon: `fading schedule`, `epochs`.
    """

    at: Spot
    why: str
    used: Spot | None = None
    division: Spot | None = None


class FrozenState(NamedTuple):
    """Python state that a traced function reads once and others change.

    `name` as written; `read` in the traced function, `written` where it changes. Where it
    `decides`, a branch of the traced function was chosen by it, for ever. Where it `carries`, it
    is a tensor that was meant for the next step. A `setting` is a number that a layer or an
    optimizer has.
    """

    name: str
    function: str
    read: Spot
    written: Spot
    inside: bool
    decides: bool = False
    carries: bool = False
    setting: bool = False


class Broadcast(NamedTuple):
    """Two operands whose shapes make a table out of two columns.

    `flat` is the side that lacks an axis: `left`, `right`, or empty where the other one has an
    axis too many, being one-hot rows of labels in a column.
    """

    at: Spot
    left: Spot
    right: Spot
    left_shape: str
    right_shape: str
    flat: str


class LossCall(NamedTuple):
    """A cross-entropy and what it is given.

    Attributes:
        at: The call that gives the prediction to the loss.
        loss: Name of the loss.
        logits_expected: Whether the loss takes logits.
        activation: What the prediction ends with: `softmax`, `sigmoid`, `linear`.
        flag: Where the loss says what it takes.
        last: The layer whose output it is.
        edit: A stretch to replace so that both fit, and its new text.
    """

    at: Spot
    loss: str
    logits_expected: bool
    activation: str
    flag: Spot | None = None
    last: Spot | None = None
    edit: Spot | None = None


class ModelCall(NamedTuple):
    """A model in training is called without `training=True`.

    `layers` are those that behave differently in training, of these `kinds`; `insert`
    is the empty stretch before the closing bracket; `within`: the call of the model, where
    `at` calls a function that hands its flag on.
    """

    at: Spot
    layers: tuple[str, ...]
    insert: Spot | None = None
    kinds: frozenset[str] = frozenset()
    within: Spot | None = None


class Remark(NamedTuple):
    """Something seen at a place that one fault alone asks about.

    `topic` is the name of that fault; `words` complete its message.
    """

    topic: str
    at: Spot
    words: str
    names: tuple[str, ...] = ()
    others: tuple[tuple[Spot, str], ...] = ()
    edit: Spot | None = None


class Loop(NamedTuple):
    """The reading of one file.

    Attributes:
        path: As it was given.
        generation: `"3"`, `"2"`, or `None` where the file runs on both.
        meant: Faults that a run may show in a place, where the program says that it wants that.
        others: Paths of the files of the project that were read for it.
        absent: Paths that would have been read, had there been such a file.
        unfinished: It holds more than a reading follows.
    """

    path: str
    generation: str | None = None
    gradient_calls: tuple[GradientCall, ...] = ()
    apply_calls: tuple[ApplyCall, ...] = ()
    hand_updates: tuple[HandUpdate, ...] = ()
    dropped_updates: tuple[DroppedUpdate, ...] = ()
    creations: tuple[Creation, ...] = ()
    rates: tuple[Rate, ...] = ()
    frozen_states: tuple[FrozenState, ...] = ()
    broadcasts: tuple[Broadcast, ...] = ()
    loss_calls: tuple[LossCall, ...] = ()
    model_calls: tuple[ModelCall, ...] = ()
    remarks: tuple[Remark, ...] = ()
    meant: tuple[tuple[str, Spot], ...] = ()
    others: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    unfinished: bool = False

    def place(self, spot: Spot) -> Place:
        """The spot as a place of this file."""
        return Place(spot.path or self.path, spot.span)

    def related(self, spot: Spot | None, message: str) -> tuple[Related, ...]:
        """The spot as a second place of a finding; nothing for `None`."""
        return () if spot is None else (Related(self.place(spot), message),)

    def others_of(self, seen: Remark) -> tuple[Related, ...]:
        """The other places of a remark, each with its words."""
        return tuple(one for spot, words in seen.others for one in self.related(spot, words))

    def breaks(self, *kinds: str) -> Iterator[tuple[Break, GradientCall, tuple[str, ...]]]:
        """Every break of these kinds once, with a gradient call and names.

        What is read too early in one line is read there once, whatever its names are.
        """
        seen: dict[tuple[object, ...], tuple[Break, GradientCall, dict[str, None]]] = {}
        for call in self.gradient_calls:
            for connection in call.connections:
                lost = connection.lost
                if lost is not None and lost.kind in kinds:
                    early = lost.kind in ("outside", "built once") and lost.caller is None
                    where = (lost.at.path, lost.at.span.line, call.at) if early else (lost.at,)
                    entry = seen.setdefault((lost.kind, *where), (lost, call, {}))
                    entry[2][connection.name] = None
        for lost, call, names in seen.values():
            yield lost, call, tuple(name for name in names if name)

    def about(self, topic: str) -> Iterator[Remark]:
        """Every remark on one topic."""
        return (remark for remark in self.remarks if remark.topic == topic)
