"""Variables of a watched program."""

from __future__ import annotations

from dataclasses import dataclass

from ..finding import Place


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable that the program made or used.

    Attributes:
        key: Number that the other records use for it.
        path: Name as the framework gives it, such as `"encoder/kernel"`.
        shape: Lengths of its axes, in elements.
        dtype: Such as `"float32"`.
        trainable: Its own flag.
        kind: `"tf.Variable"` or `"keras.Variable"`.
        role: `"model"`, `"optimizer"`, `"metric"`, `"seed"`, `"dataset"` or
            `"strategy"`: whose code made it.
        made_at: The user's line that made it.
        layer_made_at: The user's line that made the Keras layer that owns
            it, if a library layer made it (`Dense` builds its own kernel).
        made_in: Name of the class of the object whose method made it.
        owner: What that object is: `"layer"` (a Keras layer or model),
            `"module"` (a `tf.Module`), `"object"`, or `None` (no object).
        during: What ran when it was made: `"call"` (a layer's `call`),
            `"trace"` (a traced function), `"build"`, `"load"` (a SavedModel
            was loaded, which gave it its value) or `""`.
        holder: Class of the layer, model or module that should hold it: in
            one of its methods the variable (or its layer) was made.
        tracked: The holder's own list of variables has it.
        held_at: The line of that method from which it (or its layer) was made.
        renamed: It has no name, and the path is what the program's text calls it.
        count: Value of an integer variable without axes, when last seen.
        copy_of: Key of the variable that it is the copy of, in another
            replica of a strategy.
    """

    key: int
    path: str
    shape: tuple[int | None, ...] = ()
    dtype: str = "float32"
    trainable: bool = True
    kind: str = "keras.Variable"
    role: str = "model"
    made_at: Place | None = None
    layer_made_at: Place | None = None
    made_in: str | None = None
    owner: str | None = None
    during: str = ""
    holder: str | None = None
    tracked: bool | None = None
    count: int | None = None
    copy_of: int | None = None
    held_at: Place | None = None
    renamed: bool = False
