"""Reads source text: which loops it holds, and what becomes of each gradient."""

from __future__ import annotations

import ast
import re

from ..evidence.loop import Loop
from ..words import WORDS_OF_INTEREST, trains
from .elsewhere import located
from .project import Project, Sought, Source, lines_of
from .reader import Reader

_LEGACY = re.compile(r"^\s*(?:from|import(?:[^\n#]*,)?)\s+tf_keras\b", re.MULTILINE)
_LEGACY_FLAG = re.compile(r"TF_USE_LEGACY_KERAS[\"']\s*\]?\s*(?:=|,)\s*[\"'](?:1|true|True)")
_OLD = re.compile(
    r"^\s*(?:from|import)\s+keras\.(?:backend\.tensorflow_backend|utils\.np_utils|engine"
    r"|layers\.(?:core|convolutional|pooling|recurrent|normalization|merge|advanced_activations))\b"
    r"|\btf\.(?:Session|InteractiveSession|ConfigProto|placeholder|get_default_graph)\(",
    re.MULTILINE,
)
"""Modules that Keras 3 has not, and names that TensorFlow 2 has not."""

_TOO_DEEP = "the program nests too deeply to be read"
_THREE = re.compile(r"^\s*(?:from|import(?:[^\n#]*,)?)\s+keras\b", re.MULTILINE)


def read(text: str, path: str, keras: str | None = None, project: Project | None = None) -> Loop:
    """What the source of one file says about its training loops.

    Args:
        text: The program.
        path: Its name, as it is to be shown.
        keras: The generation it runs on, `"3"` or `"2"`, where that is known
            from elsewhere; only `tf_keras` in the file itself wins over it.
        project: The files beside it, which it may import.

    Returns:
        The record that faults read. A file without training is an empty one.

    Raises:
        SyntaxError: The text is no Python program.
        ValueError: The text holds a null byte, or nests too deeply.
    """
    generation = generation_of(text, keras)
    try:
        tree = ast.parse(text, filename=path)
    except (RecursionError, MemoryError) as error:
        raise ValueError(_TOO_DEEP) from error
    if not worth_reading(text):
        return Loop(path, generation)
    if project is not None:
        project.sought = Sought()
    source = Source(path, lines_of(text), tree, trains=trains(text))
    reader = Reader(source, generation, project)
    facts = reader.facts
    try:
        reader.run()
    except RecursionError:
        # What was met until then stands; the rest is silence.
        reader.tapes = []
    try:
        return located(facts.finish(path, generation), reader)
    except RecursionError as error:
        raise ValueError(_TOO_DEEP) from error


def worth_reading(text: str) -> bool:
    """Says whether a file may hold a training loop at all."""
    return any(word.decode() in text for word in WORDS_OF_INTEREST)


def generation_of(text: str, keras: str | None) -> str | None:
    """The generation that a file is read for: what it says itself wins over what is known."""
    if _LEGACY.search(text) or _LEGACY_FLAG.search(text) or _OLD.search(text):
        return "2"
    # What is installed tells what `import keras` means.
    return keras or ("3" if imports_keras(text) else None)


def imports_keras(text: str) -> bool:
    """Says whether a file imports `keras` itself, not by way of TensorFlow."""
    return _THREE.search(text) is not None


__all__ = ["Project", "Sought", "generation_of", "imports_keras", "read", "worth_reading"]
