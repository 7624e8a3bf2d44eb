"""Whose method makes a variable or a layer, told from the frames around it."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from types import FrameType
from typing import Any

from ...finding import Place
from ..places import Places
from .generations import of_keras_2
from .kinds import is_keras_variable, is_variable, kind_of, reference


@dataclass
class Made:
    """Where a layer was made, and by a method of which layer or module.

    `held_at`: the line of that method.
    """

    place: Place | None
    holder: weakref.ref[Any] | None
    in_call: bool
    held_at: Place | None = None


@dataclass
class Added:
    """A variable that a layer made with `add_weight`.

    Keras 3 may give it a value much later, far from the layer's code.
    """

    weight: weakref.ref[Any]
    made_at: Place | None
    layer_made_at: Place | None
    made_in: str
    holder: weakref.ref[Any] | None
    held_at: Place | None
    in_call: bool
    layer: weakref.ref[Any] | None


def made_in(frame: FrameType | None, itself: Any, place: Place | None, places: Places) -> Made:
    """How a layer was made, told from the frames around its making."""
    while frame is not None:
        this = frame.f_locals.get("self")
        if this is not None and this is not itself and kind_of(this) in ("layer", "module"):
            path, name = frame.f_code.co_filename, frame.f_code.co_name.removeprefix("tf__")
            line = None if places.library(path) else places.place(path, frame.f_lineno)
            return Made(place, reference(this), name in ("call", "__call__"), line)
        frame = frame.f_back
    return Made(place, None, False)


def maker(frame: FrameType | None, places: Places) -> tuple[Any, Any, str, FrameType | None]:
    """The object whose method makes the variable; its Keras variable.

    Also what is under way, and the frame around that method.
    """
    from tensorflow.python.eager import context

    keras: Any = None
    during = ""
    owner: Any = None
    while frame is not None and owner is None:
        this = frame.f_locals.get("self")
        name = frame.f_code.co_name
        if this is not None and not isinstance(this, type):
            if is_variable(this) or is_keras_variable(this):
                module = type(this).__module__
                if module.startswith("keras.") and not of_keras_2(module):
                    keras = this
            elif kind_of(this) is not None or not places.library(frame.f_code.co_filename):
                owner = this
                during = {"call": "call", "__call__": "call", "build": "build"}.get(name, "")
        frame = frame.f_back
    if not context.executing_eagerly():
        during = "trace"
    around = frame
    while frame is not None and kind_of(owner) not in ("optimizer", "metric"):
        this = frame.f_locals.get("self")
        if kind_of(this) in ("optimizer", "metric"):
            owner = this
        frame = frame.f_back
    return owner, keras, during, around
