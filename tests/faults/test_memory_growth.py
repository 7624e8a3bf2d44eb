"""Edge cases of memory-growth."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gradproof.evidence.hoards import Hoard
from gradproof.faults.memory_growth import prove
from records import at, healthy

TENSORS = Hoard("outputs", at(7), "tensor", 50, 40_000_000, 50, 30, 30)


def test_a_list_of_outputs():
    """Entries, size and growth are told; the line that adds is the place."""
    (found,) = prove(replace(healthy(), hoards=(TENSORS,)))
    assert found.place == at(7)
    assert "`outputs` keeps 50 tensors of 40 MB" in found.message
    assert found.evidence == {"entries": 50, "bytes": 40_000_000}


def test_a_list_of_tapes():
    """A tape keeps everything that it recorded, however much that is."""
    (found,) = prove(replace(healthy(), hoards=(replace(TENSORS, kind="tape", size=0),)))
    assert "tapes" in found.message


@pytest.mark.parametrize(
    "hoard",
    [replace(TENSORS, size=200), replace(TENSORS, grown=2)],
    ids=["losses", "one an epoch"],
)
def test_small_lists(hoard):
    """Losses take a few bytes, and an entry an epoch is no growth with the steps."""
    assert list(prove(replace(healthy(), hoards=(hoard,)))) == []


def test_nothing_kept():
    """Nothing is said of programs that keep nothing."""
    assert list(prove(healthy())) == []
