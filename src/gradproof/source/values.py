"""What a name may stand for while a program is read.

Values are plain records. Those that the program can change have an identity
(`eq=False`); what may differ between branches goes through `store`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import NamedTuple, TypeAlias

from .dependence import Cut, Flow, Path
from .project import Source

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
        rebound: The variable whose name this tensor took, and where.
        traced: The traced function in which it was made.
        terms: What makes parts of this sum mere numbers.
        mean_of: The `reduce_mean` it comes straight from.
        compared: Tensors that were compared to give this one.
        singular: Operations on the way whose slope is infinite at an edge, and
            what they were applied to.
        self_difference: Differences of all rows of one tensor.
        gram: A tensor times its own transpose, times a number maybe.
        turned: The tensor that it is the transpose of.
        starts_at_zero: A variable that starts at 0, squared or summed up maybe.
        bounded: Something keeps it from an edge: `tf.maximum`, a constant added.
        counts: Lists of variables whose length this number is, one entry an owner.
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
    gram: bool = False
    turned: frozenset[int] = frozenset()
    starts_at_zero: bool = False
    bounded: bool = False
    counts: tuple[Value, ...] = ()

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
class Variable:
    """A variable made in the file.

    Attributes:
        kind: `tf.Variable`, `keras.Variable` or `add_weight`.
        initial: Its initial value.
        whole: Whether its dtype is an integer; `None`: unknown.
        trainable: Its flag; `None`: unknown.
        assigned: Whether the program itself writes to it.
        holds: What the last assigned value depended on.
        made_under: Tapes that recorded when it was made, on no condition.
        gathered: A tape saw rows of it looked up; `dense`: and read as a whole.
    """

    kind: str
    node: ast.Call
    path: Path
    name: str = ""
    initial: Value | None = None
    whole: bool | None = None
    trainable: bool | None = True
    assigned: bool = False
    updated: bool = False
    touched: bool = False
    held_by: str = ""
    sign: int = 1
    shape: tuple[int | None, ...] | None = None
    holds: tuple[Flow, Path] | None = None
    made_under: frozenset[int] = frozenset()
    gathered: bool = False
    dense: bool = False


@dataclass(eq=False, repr=False)
class Layer:
    """A Keras layer or model that the library makes.

    Attributes:
        kind: Its class: `Dense`, `Sequential`, `Model`.
        parts: Layers inside, for a composite.
        outputs: What a functional model computes, symbolically.
        built: Whether its variables exist; `None`: unknown.
        trainable: Its flag; `None`: unknown.
        borrowed: Its values come from elsewhere (pretrained, loaded, copied).
        kept: They only may, from the checkpoint that it is saved in.
        made_under: Tapes that recorded when it was made.
    """

    kind: str
    node: ast.Call
    path: Path
    name: str = ""
    parts: list[Value] = field(default_factory=list)
    outputs: Value | None = None
    inputs: Value | None = None
    arguments: dict[str, Value] = field(default_factory=dict)
    built: bool | None = False
    trainable: bool | None = True
    borrowed: bool = False
    kept: bool = False
    updated: bool = False
    touched: bool = False
    called: bool = False
    ended_by: str | None = None
    opaque: bool = False
    made_under: frozenset[int] = frozenset()


@dataclass(eq=False, repr=False)
class Group:
    """Some variables of one owner, as an entry of a list.

    `which` is `trainable`, `all` or `other`; `node` is where a list of them was read; `only`
    is `kernel` where a list picked those by name.
    """

    owner: object
    which: str = "trainable"
    node: ast.AST | None = None
    only: str = ""


class Frozen(NamedTuple):
    """What a list lacks as its flag was off when it was read."""

    owner: object


@dataclass(eq=False, repr=False)
class ListValue:
    """A list or tuple whose entries are known.

    Attributes:
        items: The entries; a `Group` stands for several.
        exact: Whether these are all entries, in this order.
        owner: For a list of variables: the object it was asked from.
        which: For such a list: `trainable`, `all` or `other`.
        node: Where it was read.
        unbuilt: Owners that had no variables yet when the list was read; as `Frozen`, those
            whose flag was off then.
        part: For a slice of a list of variables, or of their gradients: its bounds.
        cut: It was cut where another list ends: its first entries are these, and no more is known.
        pairs: For `list(zip(...))`: what was zipped, and the entries that it gave.
    """

    items: list[Value]
    exact: bool = True
    fixed: bool = False
    owner: object = None
    which: str = ""
    node: ast.AST | None = None
    unbuilt: tuple[object, ...] = ()
    property_read: bool = False
    used: bool = False
    part: tuple[int, int | None] | None = None
    cut: bool = False
    pairs: tuple[Zip, list[Value]] | None = None


@dataclass(eq=False, repr=False)
class DictValue:
    """A dict with constant keys.

    `lasting`: it was made outside any traced function.
    """

    items: dict[object, Value]
    exact: bool = True
    lasting: bool = False


@dataclass(eq=False, repr=False)
class Zip:
    """A `zip` iterator; `spent` is what used it up."""

    columns: list[Value]
    node: ast.Call
    spent: ast.AST | None = None


@dataclass(eq=False, repr=False)
class Dataset:
    """A dataset or distributed dataset; `element` is what a loop gets."""

    element: Value
    node: ast.AST | None = None
    pipeline: bool = False


@dataclass(eq=False, repr=False)
class Optimizer:
    """An optimizer.

    Attributes:
        kind: Its class: `Adam`, `LossScaleOptimizer`, or a local subclass.
        met: Owners of the variables it was built for.
        first: Where that happened.
        custom: The local class, if it is a subclass.
        built: Whether the program says itself which variables it is for.
        opened: Whether the program reads its state.
    """

    kind: str
    node: ast.AST
    path: Path
    arguments: dict[str, Value] = field(default_factory=dict)
    met: tuple[object, ...] | None = None
    first: Path = ()
    custom: object = None
    serial: int = 0
    rate: Value | None = None
    scales: bool = False
    used: bool = False
    built: bool = False
    opened: bool = False


@dataclass(eq=False, repr=False)
class LossFunction:
    """A Keras loss object or function."""

    kind: str
    node: ast.AST
    arguments: dict[str, Value] = field(default_factory=dict)


@dataclass(eq=False, repr=False)
class Other:
    """An object of a library whose kind matters and nothing else.

    `kind`: `metric`, `schedule`, `strategy`, `scope`, `initializer`, ...
    """

    kind: str
    name: str = ""
    node: ast.AST | None = None
    arguments: dict[str, Value] = field(default_factory=dict)


@dataclass(eq=False, repr=False)
class Tape:
    """A gradient tape.

    `asked` leads to the first call that used it up.
    """

    number: int
    node: ast.Call
    path: Path
    persistent: bool | None = False
    watches_variables: bool | None = True
    watched: set[int] = field(default_factory=set)
    watched_owners: set[int] = field(default_factory=set)
    watches_unknown: bool = False
    asked: Path = ()
    depth: int = 0
    function: object = None


@dataclass(eq=False, repr=False)
class Library:
    """A module, function or class of a library, by its dotted name."""

    name: str


@dataclass(eq=False, repr=False)
class Function:
    """A function of the file, with the scopes it closes over."""

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    scopes: tuple[Scope, ...]
    owner: Class | None = None
    traced: ast.AST | None = None
    gradient_free: str = ""
    defaults: dict[str, Value] = field(default_factory=dict)
    wrapped: bool = False
    name: str = ""
    kind: str = ""


@dataclass(eq=False, repr=False)
class Bound:
    """A method with its object."""

    receiver: Value
    method: Function | str


@dataclass(eq=False, repr=False)
class Partial:
    """`functools.partial` and its like."""

    function: Value
    arguments: list[Value]
    keywords: dict[str, Value]


@dataclass(eq=False, repr=False)
class Class:
    """A class of the file.

    `base`: `layer`, `model`, `module`, `optimizer`, `loss`, `metric`, `plain`
    or `unknown` (a base from a file that is not read).
    """

    name: str
    node: ast.ClassDef
    base: str
    bases: list[Value]
    members: dict[str, Value] = field(default_factory=dict)
    fields: list[str] = field(default_factory=list)


@dataclass(eq=False, repr=False)
class Instance:
    """An object of a class of the file."""

    of: Class
    attributes: Scope
    node: ast.AST
    path: Path
    weights: list[Value] = field(default_factory=list)
    built: bool = False
    compiled: dict[str, Value] = field(default_factory=dict)
    touched: bool = False
    real: bool = True
    trainable: bool | None = True
    borrowed: bool = False
    optimizer: Optimizer | None = None


@dataclass(eq=False, repr=False)
class Unknown:
    """Something that the file does not tell.

    `data`: a parameter or what hangs from one: reading it runs no code.
    `imported`: what it was imported as, until that is looked at.
    `parent`: what it is an attribute of.
    `either`: what it may be, where branches or items were joined.
    """

    name: str = ""
    data: bool = False
    children: dict[str, Value] = field(default_factory=dict)
    called: bool = False
    flow: Flow = field(default_factory=dict)
    imported: Imported | None = None
    parent: Unknown | None = None
    either: tuple[Value, ...] = ()

    def with_parents(self) -> Iterator[Unknown]:
        """Itself, and what it is a part of, inner ones first."""
        one: Unknown | None = self
        while one is not None:
            yield one
            one = one.parent


class Imported(NamedTuple):
    """What an import asks for: a name of a module, or the module itself."""

    importer: str
    module: str
    level: int = 0
    name: str = ""


@dataclass(eq=False, repr=False)
class Module:
    """Another file of the project; `followed` once its body was read."""

    name: str
    path: str
    source: Source
    scope: Scope
    followed: bool = False


@dataclass(eq=False, repr=False)
class Scope:
    """Names of a module, a call or an object.

    `stars`: modules of which it takes every name.
    """

    names: dict[str, Value] = field(default_factory=dict)
    globals: set[str] = field(default_factory=set)
    nonlocals: set[str] = field(default_factory=set)
    is_class: bool = False
    stars: list[Imported] = field(default_factory=list)


Value: TypeAlias = (
    Constant
    | Tensor
    | Variable
    | Layer
    | Group
    | ListValue
    | DictValue
    | Zip
    | Dataset
    | Optimizer
    | LossFunction
    | Other
    | Tape
    | Library
    | Function
    | Bound
    | Partial
    | Class
    | Instance
    | Module
    | Unknown
)
"""Anything an expression may be."""
