"""Values that are computed, and the gradients that tapes give."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..dependence import Cut, Flow, Path
    from . import Group, Value, Variable

_SERIAL = count(1)


@dataclass(eq=False, repr=False)
class Constant:
    """A Python value that is known; `node` is where it was computed."""

    value: object
    node: ast.AST | None = None


@dataclass(eq=False, repr=False)
class Tensor:
    """A tensor, an array or a number whose value is not known.

    Attributes:
        flow: What it depends on.
        form: `tensor`, `array`, `number`, or `unknown` (made by a library).
        shape: One entry per axis, `None` for an unknown length; `None` if
            even the rank is unknown.
        whole: Whether its dtype is an integer or Boolean; `None`: unknown.
        ending: Last activation on the way: `softmax`, `sigmoid`, `linear`.
        ender: The layer or call that this activation comes from.
        gradient: The gradient it is, scaled or clipped maybe.
        sign: Of the factor before that gradient: 1, -1, or 0 for unknown.
        loss: Whether it is a loss that falls as training goes well; -1 for
            the negative of one.
        update_of: Variables whose value and gradient were added up in it.
        reads: The variable of which it is the present value.
        part_of: The variable of which it is a slice or an entry.
        rebound: The variable whose name this tensor took, and where.
        traced: The traced function in which it was made.
        terms: What makes parts of this sum mere numbers.
        mean_of: The `reduce_mean` it comes straight from.
        compared: Tensors that were compared to give this one.
        bases: The tensor that it is the absolute value of.
        singular: Operations on the way whose slope is infinite at an edge, and
            what they were applied to.
        self_difference: Differences of all rows of one tensor.
        roots: Roots of such differences that it came from.
        gram: A tensor times its own transpose, times a number maybe.
        turned: The tensor that it is the transpose of.
        starts_at_zero: A variable that starts at 0, squared or summed up maybe.
        bounded: Something keeps it from an edge: `tf.maximum`, a constant added.
        counts: Lists of variables whose length this number is, one entry an owner.
        round: Of the counter of a loop: 1 in its first round, where it is 0, 2 in later ones.
        later: What a comparison with that counter gives in later rounds.
        lifted: The tensor that it is with one more axis, and where that is.
        lengths: The shape of the tensor that `tf.shape` was asked about.
    """

    flow: Flow = field(default_factory=dict)
    form: str = "tensor"
    shape: tuple[int | None, ...] | None = None
    whole: bool | None = None
    ending: str | None = None
    ender: object = None
    gradient: GradientOf | None = None
    sign: int = 1
    loss: int = 0
    update_of: tuple[object, ...] = ()
    reads: object = None
    part_of: Variable | Group | None = None
    rebound: tuple[object, ast.AST] | None = None
    made: Path = ()
    traced: object = None
    tokens: frozenset[int] = frozenset()
    replaces: object = None
    terms: tuple[Cut, ...] = ()
    mean_of: ast.AST | None = None
    bases: frozenset[int] = frozenset()
    compared: frozenset[int] = frozenset()
    singular: tuple[tuple[ast.AST, frozenset[int]], ...] = ()
    self_difference: bool = False
    roots: tuple[ast.AST, ...] = ()
    gram: bool = False
    turned: frozenset[int] = frozenset()
    starts_at_zero: bool = False
    bounded: bool = False
    counts: tuple[Value, ...] = ()
    round: int = 0
    later: bool | None = None
    lifted: tuple[frozenset[int], str] | None = None
    lengths: tuple[int | None, ...] | None = None

    def __post_init__(self) -> None:
        self.tokens = self.tokens or frozenset((next(_SERIAL),))


@dataclass(frozen=True, eq=False, repr=False)
class GradientOf:
    """One entry of what `tape.gradient` returned."""

    call: Asked
    source: Value


@dataclass(eq=False, repr=False)
class Asked:
    """One visit of a `tape.gradient` call, while the reading lasts.

    `used` and `applied`: sources whose gradients something took, and those whose
    gradients went to an optimizer.
    """

    node: ast.Call
    target: Tensor
    sources: Value
    tape: Tape
    path: Path
    escaped: bool = False
    used: set[int] = field(default_factory=set)
    applied: set[int] = field(default_factory=set)


@dataclass(eq=False, repr=False)
class Tape:
    """A gradient tape.

    `watched` has the tensors, each with the first `watch` of it; `asked` leads to the first call
    that used it up; `late` has what was watched after a layer had been called, `unwatched` what
    was read while the tape recorded and did not watch it.
    """

    number: int
    node: ast.Call
    path: Path
    persistent: bool | None = False
    watches_variables: bool | None = True
    watched: dict[int, ast.AST] = field(default_factory=dict)
    late: set[int] = field(default_factory=set)
    unwatched: set[int] = field(default_factory=set)
    watched_owners: set[int] = field(default_factory=set)
    watches_unknown: bool = False
    asked: Path = ()
    depth: int = 0
    function: object = None
