"""Reads source text: which loops it holds, and what becomes of each gradient."""

from __future__ import annotations

import ast
import re

from ..evidence import Loop
from .api import WORDS_OF_INTEREST
from .reader import Reader

_LEGACY = re.compile(r"^\s*(?:import|from)\s+tf_keras\b", re.MULTILINE)
_LEGACY_FLAG = re.compile(r"TF_USE_LEGACY_KERAS[\"']\s*\]?\s*(?:=|,)\s*[\"'](?:1|true|True)")
_THREE = re.compile(r"^\s*(?:import|from)\s+keras\b", re.MULTILINE)


def read(text: str, path: str, keras: str | None = None) -> Loop:
    """What the source of one file says about its training loops.

    Args:
        text: The program.
        path: Its name, as it is to be shown.
        keras: The generation it runs on, `"3"` or `"2"`, where that is known
            from elsewhere; the imports of the file win over it.

    Returns:
        The record that faults read. A file without training is an empty one.

    Raises:
        SyntaxError: The text is no Python program.
        ValueError: The text holds a null byte, or nests too deeply.
    """
    generation = _generation(text) or keras
    try:
        tree = ast.parse(text, filename=path)
    except (RecursionError, MemoryError) as error:
        raise ValueError("the program nests too deeply to be read") from error
    if not worth_reading(text):
        return Loop(path, generation)
    reader = Reader(text, generation)
    try:
        reader.run(tree)
    except RecursionError:
        # What was met until then stands; the rest is silence.
        reader.tapes = []
    return reader.facts.finish(path, generation)


def worth_reading(text: str) -> bool:
    """Says whether a file may hold a training loop at all."""
    return any(word.decode() in text for word in WORDS_OF_INTEREST)


def _generation(text: str) -> str | None:
    if _LEGACY.search(text) or _LEGACY_FLAG.search(text):
        return "2"
    if _THREE.search(text):
        return "3"
    return None


__all__ = ["read", "worth_reading"]
