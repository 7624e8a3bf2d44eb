"""Lists that grow with the steps, wherever a program keeps them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gradproof.watching.places import Places
from gradproof.watching.tensorflow.hoards import Hoards

pytestmark = pytest.mark.tensorflow


class History:
    """A log of the program's own."""

    def __init__(self) -> None:
        self.records: list[Any] = []

    def add(self, entry: Any) -> None:
        """Keeps an entry."""
        self.records.append(entry)


@dataclass
class Entry:
    """What one step leaves."""

    loss: Any
    step: int


def _pair(value: Any) -> Any:
    return value, 1


def _dict(value: Any) -> Any:
    return {"loss": value, "step": 1}


def _entry(value: Any) -> Any:
    return Entry(value, 1)


@pytest.mark.parametrize("kept", [_pair, _dict, _entry])
def test_an_object_that_keeps_tensors(kept):
    """An object of the program has the list; its class has the line that adds to it."""
    import tensorflow as tf

    def passed(hoards: Hoards) -> None:
        hoards.step()

    hoards, history = Hoards(Places()), History()
    numbers = {"loss": [], "output": []}
    for step in range(20):
        value = tf.ones((4, 4))
        history.add(kept(value))
        numbers["loss"].append(float(step))
        numbers["output"].append(value)
        passed(hoards)
    found = {one.name: one for one in hoards.record()}
    assert set(found) == {"history.records", "numbers['output']"}
    mine = found["history.records"]
    assert (mine.kind, mine.entries, mine.grown, mine.size) == ("tensor", 20, 10, 20 * 64)
    assert mine.place is not None
    lines = Path(__file__).read_text(encoding="utf-8").splitlines()
    assert "self.records.append" in lines[mine.place.span.line - 1]
