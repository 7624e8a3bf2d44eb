"""Who made each variable, where, and under which key the watcher knows it."""

from __future__ import annotations

import os
import sys
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import Any

from ...evidence.variable import Variable
from ...finding import Place
from ..patches import Patches
from ..places import Places, Stack
from .kinds import bare, file_of, is_handed_back, kind_of, reference
from .making import Added, Made, made_in, maker
from .own_names import OwnNames, is_nameless

_LOADS = os.path.join("saved_model", "load.py")


@dataclass
class _Note:
    """What is remembered of one variable; never keeps it alive."""

    key: int
    variable: weakref.ref[Any]
    keras: weakref.ref[Any] | None
    role: str
    made_at: Place | None
    layer_made_at: Place | None
    made_in: str | None
    owner: str | None
    during: str
    holder: weakref.ref[Any] | None = None
    held_at: Place | None = None
    name: str = ""
    dtype: str = "float32"
    copy_of: int | None = None
    last: Variable | None = None
    called: str = ""
    number: int = 1
    own_name: str | None = None


class Variables:
    """Every variable made since the watcher started."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._notes: dict[int, _Note] = {}
        self._keys: dict[str, int] = {}
        self.handles: dict[int, int] = {}
        self._added: dict[int, Added] = {}
        self._named: dict[str, list[_Note]] = {}
        self.on_made: Callable[[int, Any], None] | None = None
        self._own_names = OwnNames()
        self.layers: weakref.WeakKeyDictionary[Any, Made] = weakref.WeakKeyDictionary()
        self.frozen: weakref.WeakKeyDictionary[Any, Place | None] = weakref.WeakKeyDictionary()

    def install(self, patches: Patches) -> None:
        """Watches the making of variables."""
        from tensorflow.python.ops import resource_variable_ops

        patches.around(
            resource_variable_ops.BaseResourceVariable,
            "__init__",
            after=lambda note, variable, result: self.made(variable),
            unless=is_handed_back,
        )

    def made(self, variable: Any) -> int | None:
        """Notes a new variable with its maker; returns its key."""
        if (
            type(variable).__name__ == "ObjectGraphProto"
            or is_handed_back(variable)
            or _of_session()
        ):
            return None
        stack, _ = self._lines()
        owner, keras, during, frame = maker(sys._getframe(2), self._places)
        role = kind_of(owner) if owner is not None else None
        library = owner is not None and self._places.library(file_of(type(owner)))
        layer_at = None
        holder, held_at = reference(owner), None
        if role not in ("layer", "module"):
            around = made_in(frame, None, None, self._places)
            holder, held_at = around.holder, around.held_at
        if owner is None and self._loading(sys._getframe(2)):
            during = "load"
        if role == "layer" and library:
            made = self.layers.get(owner)
            if made is not None:
                layer_at, holder, held_at = made.place, made.holder, made.held_at
                during = "call" if made.in_call else during
        key = len(self._notes) + 1
        self._notes[key] = _Note(
            key,
            weakref.ref(variable),
            weakref.ref(keras) if keras is not None else None,
            role if role in ("optimizer", "metric", "seed", "strategy") else "model",
            stack[-1] if stack else None,
            layer_at,
            type(owner).__name__ if owner is not None else None,
            {"layer": "layer", "module": "module"}.get(role or "", "object")
            if owner is not None
            else None,
            during,
            holder,
            held_at,
            str(getattr(variable, "name", "")),
            variable.dtype.base_dtype.name,
        )
        self._keys[variable._unique_id] = key
        handle: Any = getattr(variable, "_handle", None)
        if hasattr(handle, "_id"):
            self.handles[handle._id] = key
        if role is None or role in ("layer", "module"):
            self._notes[key].own_name = self._own_name(variable)
        if self.on_made is not None:
            self.on_made(key, variable)
        return key

    def _loading(self, frame: FrameType | None) -> bool:
        """Says whether TensorFlow reads a SavedModel, below the user's line."""
        while frame is not None and self._places.library(frame.f_code.co_filename):
            if frame.f_code.co_filename.endswith(_LOADS):
                return True
            frame = frame.f_back
        return False

    def _lines(self) -> tuple[Stack, tuple[str, ...]]:
        """The user's lines that make a variable; AutoGraph's are undone."""
        from .eager import in_graph  # these two know variables
        from .frames import stack_here

        return stack_here(self._places) if in_graph() else self._places.here(3)

    def _own_name(self, variable: Any) -> str | None:
        """What the program's code calls a variable that has no name."""
        if not is_nameless(str(getattr(variable, "name", ""))):
            return None
        frame: FrameType | None = sys._getframe(3)
        while frame is not None and self._places.library(frame.f_code.co_filename):
            frame = frame.f_back
        return self._own_names.name(frame) if frame is not None else None

    def added(self, layer: Any, weight: Any) -> None:
        """Notes which layer a variable belongs to."""
        weak = reference(weight)
        if weak is None or kind_of(layer) != "layer":
            return
        stack, _ = self._places.here(3)
        made = self.layers.get(layer)
        library = self._places.library(file_of(type(layer)))
        self._added[id(weight)] = Added(
            weak,
            stack[-1] if stack else None,
            made.place if made is not None and library else None,
            type(layer).__name__,
            made.holder if made is not None else None,
            made.held_at if made is not None else None,
            made is not None and made.in_call,
            reference(layer),
        )

    def key(self, variable: Any) -> int | None:
        """The key of a variable, also of one made before the watching."""
        inner = bare(variable)
        unique = getattr(inner, "_unique_id", None)
        if unique is None:
            return None
        key = self._keys.get(unique)
        if key is None:
            key = self.made(inner)
            if key is not None:
                self._notes[key].made_at = None
                self._notes[key].role = "model"
        if key is not None and inner is not variable and self._notes[key].keras is None:
            self._notes[key].keras = weakref.ref(variable)
        return key

    def mirrored(self, variable: Any) -> None:
        """Notes that the copies of a variable are one, in several replicas."""
        first, *others = (self.key(copy) for copy in variable.values)
        for key in others:
            if key is not None:
                self._notes[key].copy_of = first

    def adopt(self, variable: Any, role: str) -> None:
        """Gives a variable of unknown origin a key."""
        if getattr(bare(variable), "_unique_id", None) in self._keys:
            return
        key = self.key(variable)
        if key is not None:
            note = self._notes[key]
            note.role, note.during = role, ""
            note.made_at = note.layer_made_at = note.made_in = note.owner = None
            note.holder = note.held_at = None

    def _owned(self, note: _Note, weight: Any) -> None:
        """Prefers what `add_weight` told over the frames of the making."""
        added = self._added.get(id(weight))
        if added is None or added.weight() is not weight or note.role != "model":
            return
        note.made_at, note.layer_made_at = added.made_at, added.layer_made_at
        note.made_in, note.owner, note.holder = added.made_in, "layer", added.holder
        note.held_at = added.held_at
        if added.in_call:
            note.during = "call"

    def is_frozen(self, key: int) -> bool:
        """The layer that made the variable with `add_weight` does not train now."""
        note = self._notes[key]
        weight = note.keras() if note.keras is not None else note.variable()
        added = self._added.get(id(weight))
        layer = added.layer() if added is not None and added.layer is not None else None
        return layer is not None and not layer.trainable

    def trains(self, key: int) -> bool:
        """The variable trains at this moment.

        Keras 3 clears the flag of the variables of a frozen layer; tf-keras
        leaves them alone, there the layer has to be asked.
        """
        note = self._notes[key]
        weight = note.keras() if note.keras is not None else note.variable()
        added = self._added.get(id(weight))
        layer = added.layer() if added is not None and added.layer is not None else None
        if layer is not None and not layer.trainable:
            return False
        return bool(getattr(weight, "trainable", True))

    def alive(self, key: int) -> Any:
        """The variable with a key, if the program still has it."""
        note = self._notes.get(key)
        return note.variable() if note is not None else None

    def of_models(self) -> dict[int, Any]:
        """The living variables of models, by key."""
        living = {key: note.variable() for key, note in self._notes.items() if note.role == "model"}
        return {key: variable for key, variable in living.items() if variable is not None}

    def flags(self) -> dict[int, bool]:
        """For each living variable of a model: whether it trains at this moment."""
        return {
            key: self.trains(key)
            for key, note in self._notes.items()
            if note.role == "model" and note.variable() is not None
        }

    def path(self, key: int) -> str:
        """The path of a variable, also of one that the program has let go of."""
        note = self._notes[key]
        return (note.last.path if note.last is not None else note.name).split(":")[0]

    def by_unique(self, unique: str) -> int:
        """The key of the variable with TensorFlow's unique name, or 0."""
        return self._keys.get(unique, 0)

    def record(self) -> tuple[Variable, ...]:
        """All variables as plain data."""
        # A model with a thousand variables is asked for its list once.
        listed: dict[int, frozenset[int] | None] = {}
        return tuple(self._plain(note, listed) for note in self._notes.values())

    def _told_apart(self, note: _Note, path: str) -> str:
        """The path, with a number if a variable that still lives is called so too.

        A number that was given stays, whoever dies meanwhile.
        """
        if note.role != "model" or note.copy_of is not None:
            return path
        if note.called != path:
            others = self._named.setdefault(path, [])
            others[:] = [one for one in others if one.variable() is not None]
            note.called = path
            note.number = max((one.number for one in others), default=0) + 1
            others.append(note)
        return path if note.number == 1 else f"{path}#{note.number}"

    def _plain(self, note: _Note, listed: dict[int, frozenset[int] | None]) -> Variable:
        variable = note.variable()
        if variable is None and note.last is not None:
            return note.last
        keras = note.keras() if note.keras is not None else None
        path = getattr(keras, "path", None) or getattr(variable, "name", note.name) or note.name
        own_name = note.own_name if is_nameless(str(path)) else None
        shape = getattr(variable, "shape", None)
        self._owned(note, keras if keras is not None else variable)
        holder, tracked, held_at = self._held(note, variable, listed)
        note.last = Variable(
            note.key,
            self._told_apart(note, own_name or str(path).split(":")[0]),
            tuple(shape.as_list()) if shape is not None and shape.rank is not None else (),
            note.dtype,
            bool(getattr(keras if keras is not None else variable, "trainable", True)),
            "keras.Variable" if keras is not None else "tf.Variable",
            note.role,
            note.made_at,
            note.layer_made_at,
            note.made_in,
            note.owner,
            note.during,
            holder,
            tracked,
            _count(variable, note.dtype),
            note.copy_of,
            held_at,
            own_name is not None,
        )
        return note.last

    def _held(
        self, note: _Note, variable: Any, listed: dict[int, frozenset[int] | None]
    ) -> tuple[str | None, bool | None, Place | None]:
        """Class of the holder, whether its own list has the variable, and the line that made it.

        Of layers within layers it is the innermost whose list lacks the variable.
        """
        holder = note.holder() if note.holder is not None else None
        first, held_at = holder, note.held_at
        seen: set[int] = set()
        while holder is not None and id(holder) not in seen:
            seen.add(id(holder))
            tracked = _lists(holder, variable, listed)
            if not tracked:
                return type(holder).__name__, tracked, held_at
            made = self.layers.get(holder) if kind_of(holder) == "layer" else None
            holder = made.holder() if made is not None and made.holder is not None else None
            held_at = made.held_at if made is not None else None
        return (None, None, None) if first is None else (type(first).__name__, True, None)


def _lists(holder: Any, variable: Any, listed: dict[int, frozenset[int] | None]) -> bool | None:
    """Says whether the holder's own list has the variable."""
    if id(holder) not in listed:
        try:
            listed[id(holder)] = frozenset(id(bare(other)) for other in holder.variables)
        except (AttributeError, ValueError, TypeError):
            listed[id(holder)] = None
    own = listed[id(holder)]
    return None if own is None else id(variable) in own


def _count(variable: Any, dtype: str) -> int | None:
    """The value of a counter: of a plain integer variable without axes."""
    from tensorflow.python.eager import context

    plain = type(variable).__name__ == "ResourceVariable" and context.executing_eagerly()
    if not plain or dtype not in ("int32", "int64") or variable.shape.rank != 0:
        return None
    return int(variable.numpy()) if variable.is_initialized() else None


def _of_session() -> bool:
    """Says whether what is made now is part of a graph of TensorFlow 1: nobody sees it move."""
    from tensorflow.python.eager import context
    from tensorflow.python.framework import ops
    from tensorflow.python.framework.func_graph import FuncGraph

    return not (context.executing_eagerly() or isinstance(ops.get_default_graph(), FuncGraph))
