"""What is trained, and what trains it."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ..dependence import Flow, Path
    from . import Value


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
        decided: Whether `training=` was said where a functional model was made of it.
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
    decided: bool = False


@dataclass(eq=False, repr=False)
class Group:
    """Some variables of one owner, as an entry of a list.

    `which` is `trainable`, `all` or `other`; `node` is where a list of them was read; `only`
    is `kernel` where a list picked those by name, and `.kernel` where the program named that one.
    """

    owner: object
    which: str = "trainable"
    node: ast.AST | None = None
    only: str = ""


class Frozen(NamedTuple):
    """What a list lacks as its flag was off when it was read."""

    owner: object


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
