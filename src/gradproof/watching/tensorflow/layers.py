"""Layers: where they are made, in which mode they run, lists read too early."""

from __future__ import annotations

import inspect
import sys
import weakref
from collections.abc import Container
from dataclasses import replace
from types import FrameType
from typing import Any

from ...evidence.layers import LayerMode, ListRead
from ...evidence.ways import beside
from ...finding import Place
from ..patches import Patches
from ..places import Places
from .eager import in_graph
from .frames import stack_here
from .generations import of_keras_2
from .kinds import kind_of
from .making import made_in
from .tapes import Tapes
from .variables import Variables

MODES = 200
READS = 40


class Layers:
    """What Keras layers tell beyond their variables."""

    def __init__(self, places: Places, variables: Variables, tapes: Tapes) -> None:
        self.modes: dict[Any, LayerMode] = {}
        self._reads: dict[Any, ListRead] = {}
        self._unbuilt: dict[Any, weakref.ref[Any]] = {}
        self._places = places
        self._variables = variables
        self._tapes = tapes

    def install_layer(self, patches: Patches, layer: Any, model: Any = None) -> None:
        """Watches the making of layers and the reading of their lists."""
        patches.around(layer, "__init__", before=lambda self_, args, kwargs: self._made(self_))
        if "add_weight" in vars(layer):
            patches.around(
                layer,
                "add_weight",
                after=lambda note, owner, weight: self._variables.added(owner, weight),
            )
        for kind in (layer, model):
            for name in ("trainable_variables", "trainable_weights", "weights", "variables"):
                found = vars(kind).get(name) if kind is not None else None
                if isinstance(found, property) and found.fget is not None:
                    self._watch_list(patches, kind, name, found)

    def _watch_list(self, patches: Patches, kind: Any, name: str, found: property) -> None:
        read = found.fget
        assert read is not None
        places = self._places

        def watched(layer: Any) -> Any:
            result = read(layer)
            if result and getattr(layer, "built", True):
                return result
            caller = sys._getframe(1).f_code.co_filename
            if not places.library(caller) or "autograph" in caller:
                patches.quietly(self._read_early, layer, result)
            return result

        watched.autograph_info__ = None  # type: ignore[attr-defined]
        patches.replace(kind, name, property(watched, found.fset, found.fdel, found.__doc__))

    def install_mode(self, patches: Patches, kind: Any) -> None:
        """Watches the `call` of a layer that has a training mode."""
        patches.around(kind, "call", before=self._called)

    def record(self, tapes: Container[int]) -> tuple[LayerMode, ...]:
        """The modes seen under tapes that are still known."""
        return tuple(mode for mode in self.modes.values() if mode.tape in tapes)

    def _made(self, layer: Any) -> None:
        stack, _ = stack_here(self._places) if in_graph() else self._places.here(4)
        if layer not in self._variables.layers:
            place = stack[-1] if stack else None
            self._variables.layers[layer] = made_in(sys._getframe(3), layer, place, self._places)

    def reads(self) -> tuple[ListRead, ...]:
        """Lists that were empty, or read before the model had all its variables."""
        for key, kept in list(self._unbuilt.items()):
            layer = kept()
            if layer is not None and getattr(layer, "built", False):
                self._reads[key] = replace(self._reads[key], variables=self._keys(layer))
        return tuple(self._reads.values())

    def _read_early(self, layer: Any, result: Any) -> None:
        if len(self._reads) >= READS:
            return
        stack, _ = stack_here(self._places) if in_graph() else self._places.here(3)
        key = (stack, id(layer))
        if key not in self._reads:
            frozen_at = self._frozen_at(layer)
            built = bool(getattr(layer, "built", False))
            if not built:
                self._unbuilt[key] = weakref.ref(layer)
            self._reads[key] = ListRead(
                str(getattr(layer, "name", type(layer).__name__)),
                built,
                len(result),
                stack[-1] if stack else None,
                frozen_at,
                self._around(layer) if frozen_at is not None else None,
                self._keys(layer) if frozen_at is not None else (),
            )

    def _frozen_at(self, layer: Any) -> Place | None:
        """The line that froze a model, or the last of those that froze all its layers."""
        frozen = self._variables.frozen
        if layer in frozen:
            return frozen[layer]
        parts = [one for one in getattr(layer, "layers", ()) if getattr(one, "weights", ())]
        places = [self._frozen_at(one) for one in parts]
        return places[-1] if places and None not in places else None

    def _around(self, layer: Any) -> str | None:
        """Name of another model that has the layer among its own."""
        for other in list(self._variables.layers):
            if other is not layer and any(one is layer for one in getattr(other, "layers", ())):
                return str(other.name)
        return None

    def _keys(self, layer: Any) -> tuple[int, ...]:
        keys = (self._variables.key(weight) for weight in layer.weights)
        return tuple(key for key in keys if key is not None)

    def _called(self, layer: Any, args: Any, kwargs: Any) -> None:
        if len(self.modes) >= MODES or not self._tapes.open:
            return
        name = type(layer).__name__
        if "Dropout" in name and not getattr(layer, "rate", 0):
            return
        training = kwargs.get("training", args[1] if len(args) > 1 else None)
        explicit = _asked_for(sys._getframe(2))
        if training is None and kind_of(layer) == "layer" and of_keras_2(type(layer).__module__):
            training = _phase()
        if training is not None and hasattr(training, "dtype"):
            return
        stack, _ = stack_here(self._places) if in_graph() else self._places.here(4)
        level = self._level(sys._getframe(2))
        place = (
            stack[level - 1]
            if 0 < level <= len(stack)
            else beside(stack, self._tapes.open[-1].stack)
        )
        tape = self._tapes.open[-1].key
        key = (id(layer), bool(training), explicit, place, tape)
        if key in self.modes:
            return
        keys = (self._variables.key(variable) for variable in getattr(layer, "weights", []))
        self.modes[key] = LayerMode(
            str(getattr(layer, "path", None) or layer.name),
            name,
            bool(training),
            explicit,
            bool(layer.trainable),
            place,
            tape,
            tuple(found for found in keys if found is not None),
        )

    def _level(self, frame: FrameType | None) -> int:
        """How many of the user's frames lie around the call of the model.

        The outermost layer on the stack is the model that the user called;
        AutoGraph's generated frames stand for the user's.
        """
        around = 0
        while frame is not None:
            code = frame.f_code
            if _layer_called(frame) is not None:
                around = 0
            elif "__autograph_generated_file" in code.co_filename or not self._places.library(
                code.co_filename
            ):
                around += 1
            frame = frame.f_back
        return around


def _asked_for(frame: FrameType | None) -> bool:
    """Whether somebody decided on `training` on the way to a layer.

    The call of the model counts, and a constant passed by a `call` that has no
    such argument itself; one that only hands on its own default does not. A functional
    model hands on what its layers were told when it was made; where a layer's default is
    not None, Keras 3 keeps that as if it had been told.
    """
    decided = False
    inner: Any = None
    while frame is not None:
        layer = _layer_called(frame)
        if layer is not None and _given(frame):
            decided = True
        elif decided and layer is not None and hasattr(layer, "_nodes_by_depth"):
            decided = inner is layer or not _has_default(inner)
        elif decided and layer is not None:
            takes = getattr(layer, "_call_has_training_arg", False) or takes_flag(layer)
            decided = not takes
        inner = layer if layer is not None else inner
        frame = frame.f_back
    return decided


def _layer_called(frame: FrameType) -> Any:
    """The layer whose `__call__` a frame is; `None` for other frames.

    In TensorFlow 2.16 AutoGraph converts tf-keras as if it were the user's.
    """
    if frame.f_code.co_name not in ("__call__", "tf____call__"):
        return None
    called = frame.f_locals.get("self")
    return called if kind_of(called) == "layer" else None


def _given(frame: FrameType) -> bool:
    """`training` was passed in this call, not filled in by Keras."""
    local = frame.f_locals
    spec = local.get("call_spec")
    given = getattr(spec, "user_arguments_dict", None)
    if given is not None:
        return given.get("training") is not None
    if "training_arg_passed_by_framework" in local:
        passed = not local["training_arg_passed_by_framework"]
        return passed and local.get("training_value") is not None
    # tf-keras fills in its own into the same names; what is around has the caller's.
    around = frame.f_back
    if around is None or around.f_code.co_name not in ("error_handler", "converted_call"):
        return False
    words = around.f_locals.get("kwargs")
    return isinstance(words, dict) and words.get("training") is not None


def takes_flag(layer: Any) -> bool:
    """The layer's own `call` has a `training` argument."""
    code = getattr(getattr(layer, "call", None), "__code__", None)
    return code is not None and "training" in code.co_varnames[: code.co_argcount]


def _has_default(layer: Any) -> bool:
    """The layer's own `call` has a `training` argument that is not None where it is left out."""
    try:
        asked = inspect.signature(layer.call).parameters.get("training")
    except (AttributeError, TypeError, ValueError):
        return False
    return asked is not None and asked.default not in (None, inspect.Parameter.empty)


def _phase() -> bool | None:
    """The learning phase that Keras 2 takes where no flag was passed."""
    names = ("tf_keras.src.backend", "tf_keras.backend", "keras.src.backend")
    backend = next((sys.modules[name] for name in names if name in sys.modules), None)
    try:
        value = backend.learning_phase() if backend is not None else None
    except (AttributeError, ValueError):
        return None
    return bool(value) if isinstance(value, bool | int) else None
