"""What is kept of one place at which variables change."""

from __future__ import annotations

import numpy as np

from gradproof.watching.tensorflow.measuring.sites import EXTRA, FIRST, LEAST, Site


def site(variables: int) -> Site:
    """A place with so many variables; nothing measured yet."""
    made = Site(1, tuple(range(1, variables + 1)), (True,) * variables)
    made.values = (0.5,) * variables
    return made


def add(made: Site, first: int, count: int) -> None:
    """Some steps in a row, handed over to whoever keeps them all."""
    rows = np.ones((count, len(made.variables) * 2 + EXTRA), np.float32)
    made.add(rows, first)
    made.thin()


def test_many_variables_have_fewer_recent_steps():
    """Ten million numbers as objects would take a gigabyte."""
    small, large = site(2), site(10_000)
    for made in (small, large):
        for first in range(1, 400, 50):
            add(made, first, 50)
    assert [step.index for step in small.steps()] == list(range(1, 401))
    kept = [step.index for step in large.steps()]
    assert kept == [*range(1, FIRST + 1), *range(401 - LEAST, 401)]


def test_the_beginning_of_a_loop_inside_one_call_is_kept():
    """The ring was read when its first steps were gone: the oldest there are count as first."""
    made = site(2)
    add(made, 745, 256)
    for first in range(1001, 4000, 100):
        add(made, first, 100)
    kept = [step.index for step in made.steps()]
    assert kept[0] == 745
    assert kept[-1] == 4000


def test_what_was_not_handed_over_stays():
    """Steps that were read twice between two looks must not push each other out."""
    made = site(2)
    add(made, 1, 200)
    rows = np.ones((50, 2 * 2 + EXTRA), np.float32)
    made.add(rows, 201)
    made.add(np.ones((2000, 2 * 2 + EXTRA), np.float32), 251)
    assert [block.first for block in made.recent] == [201, 251]
    made.thin()
    assert [block.first for block in made.recent] == [251]
