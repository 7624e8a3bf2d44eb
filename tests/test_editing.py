"""Edits of a text: what they name changes, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradproof.editing import Unfit, collide, edited
from gradproof.finding import Edit, Place, Span

LINES = st.lists(st.text(st.characters(exclude_characters="\r\n"), max_size=12), max_size=6)
ENDS = st.sampled_from(["\n", "\r\n", "\r"])


def edit(line: int, column: int, end_line: int, end_column: int, text: str) -> Edit:
    return Edit(Place("a.py", Span(line, column, end_line, end_column)), text)


@st.composite
def texts_with_cuts(draw):
    """A text, and cuts of it that don't overlap, as offsets with new texts."""
    lines, end = draw(LINES), draw(ENDS)
    text = end.join(lines)
    starts = [sum(len(line) + len(end) for line in lines[:number]) for number in range(len(lines))]
    places = [
        (start + column, number, column)
        for number, start in enumerate(starts, 1)
        for column in range(1, len(lines[number - 1]) + 2)
    ] or [(1, 1, 1)]
    chosen = sorted(draw(st.lists(st.sampled_from(places), max_size=8)))
    pairs = list(zip(chosen[::2], chosen[1::2], strict=False))
    words = draw(st.lists(st.text("xyz\n", max_size=4), min_size=len(pairs), max_size=len(pairs)))
    return text, end, pairs, words


@given(texts_with_cuts())
def test_an_edit_never_changes_what_it_does_not_name(case):
    """What stands between the edits is there, in order, to the last character."""
    text, end, pairs, words = case
    edits = [
        edit(first[1], first[2], last[1], last[2], word)
        for (first, last), word in zip(pairs, words, strict=True)
    ]
    wanted, done = "", 0
    for (first, last), word in zip(pairs, words, strict=True):
        wanted += text[done : first[0] - 1]
        ends = end if text.count(end) else "\n"
        wanted += word.replace("\n", ends)
        done = last[0] - 1
    wanted += text[done:]
    assert edited(text, edits) == wanted
    assert edited(text, reversed(edits)) == wanted or _insertions_meet(edits)


def _insertions_meet(edits: list[Edit]) -> bool:
    """Insertions at one place stand in the order in which they are given."""
    spans = [one.place.span for one in edits]
    return len({(span.line, span.column) for span in spans}) < len(spans)


def test_new_lines_end_as_their_neighbours_do():
    """Each in the manner of the line where it is put."""
    assert edited("a\r\nb\nc", [edit(1, 2, 1, 2, "\nx")]) == "a\r\nx\r\nb\nc"
    assert edited("a\r\nb\nc", [edit(2, 2, 2, 2, "\nx")]) == "a\r\nb\nx\nc"
    assert edited("a\r\nb\nc", [edit(3, 2, 3, 2, "\nx")]) == "a\r\nb\nc\nx"


def test_whole_lines():
    """Without an end column a span takes its lines with their ends."""
    assert edited("a\nb\nc\n", [edit(2, 1, 2, 0, "")]) == "a\nc\n"
    assert edited("a\nb", [edit(2, 1, 2, 0, "x")]) == "a\nx"


def test_columns_count_characters():
    """Neither bytes nor halves of surrogate pairs."""
    assert edited("ä😀b", [edit(1, 3, 1, 4, "c")]) == "ä😀c"


@pytest.mark.parametrize(
    "edits",
    [
        [edit(1, 1, 1, 3, "x"), edit(1, 2, 1, 4, "y")],
        [edit(3, 1, 3, 1, "x")],
        [edit(1, 9, 1, 9, "x")],
        [edit(1, 3, 1, 2, "x")],
        [edit(0, 1, 1, 1, "x")],
    ],
    ids=["overlap", "no line", "no column", "backwards", "line 0"],
)
def test_what_does_not_fit_is_refused(edits):
    """Nothing is guessed about places that are not there."""
    with pytest.raises(Unfit):
        edited("abcd\ne", edits)


def test_collide():
    """Fixes that touch the same text are not made together."""
    here, behind = edit(1, 1, 1, 3, ""), edit(1, 3, 1, 5, "")
    assert collide([here], [edit(1, 2, 1, 2, "x")])
    assert not collide([here], [behind])
    assert collide([edit(1, 1, 1, 1, "x")], [edit(1, 1, 1, 1, "y")])
    other = Edit(Place("b.py", here.place.span), "")
    assert not collide([here], [other])
