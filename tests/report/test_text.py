"""What people read; the whole of it is kept in `snapshots`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from answers import CHECK, MISPAIRED, PROVEN, RUN, STANDINGS, SUSPECTED, TRAIN, lines_of, place
from gradproof.answer import Answer, Standing
from gradproof.fault import Diagnosis, Fault, Verdict
from gradproof.finding import Edit, Fix, Place, Related, Span
from gradproof.report import text
from gradproof.report.paint import coloured, paint_for
from gradproof.report.snippet import display_width

LINES = lines_of(train=TRAIN)
SNAPSHOTS = Path(__file__).parent / "snapshots"


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("run", RUN),
        ("check", CHECK),
        ("run_healthy", replace(RUN, diagnoses=(), standings=STANDINGS[2:])),
        ("run_at_rest", replace(RUN, diagnoses=(), notes=("not watched: 1 step under XLA",))),
        ("check_healthy", replace(CHECK, diagnoses=())),
    ],
)
def test_whole_reports(name, answer, request):
    """Rewritten by `pytest --update-snapshots`, then read before committing."""
    rendered = text.render(answer, LINES)
    path = SNAPSHOTS / f"{name}.txt"
    if request.config.getoption("--update-snapshots"):
        path.write_text(rendered, encoding="utf-8")
    assert rendered == path.read_text(encoding="utf-8")


def test_nothing_to_say():
    """A record from a stranger may leave every sentence empty."""
    empty = replace(PROVEN, message="", label="", title="", fix=Fix("", True))
    rendered = text.render_diagnosis(empty, LINES)
    assert "   = proof: \n" in rendered
    assert "help: \n" in rendered
    assert text.wrapped(" ", 20) == [""]


def test_what_was_just_told():
    """Named by title and place; only what is new of it is said."""
    rendered = text.render(RUN, LINES, told=[PROVEN])
    head, _, rest = rendered.partition("\n\n")
    assert head.splitlines() == [
        "error[GP403]: gradients are applied to variables they were not taken for",
        f"  --> train.py:{PROVEN.place.line}:{PROVEN.place.span.column} (in full above)",
    ]
    assert rest == text.render(RUN, LINES).partition("\n\n")[2]
    later = replace(PROVEN, message="all of them", consequences=(SUSPECTED,))
    again = text.render(replace(RUN, diagnoses=(later,)), LINES, told=[PROVEN])
    assert "(in full above)\n   = proof: all of them\n   = note: explains " in again
    assert "gradproof explain" not in again


def test_what_was_told_of_another_place():
    """Is no reason to be short here."""
    elsewhere = replace(PROVEN, place=place(1))
    assert "in full above" not in text.render(RUN, LINES, told=[elsewhere])


def block(source: str, marked: Place, **named: object) -> list[str]:
    """The lines of a block about a place in `train.py`."""
    diagnosis = Diagnosis(
        MISPAIRED,
        "error",
        Verdict.SUSPECTED,
        "t",
        "m",
        marked,
        **named,  # type: ignore[arg-type]
    )
    return text.render_diagnosis(diagnosis, lines_of(train=source)).split("\n")


def underlined(lines: list[str], sign: str = "^") -> tuple[int, int]:
    """Column and width of the first underline."""
    line = next(line for line in lines if f" {sign}" in line and "|" in line)
    return line.index(sign), line.count(sign)


@pytest.mark.parametrize(
    ("source", "marked"),
    [
        ("x = broken()", "broken()"),
        ("\tx = broken()", "broken()"),
        ("x\t=\tbroken()", "broken()"),
        ("größe = 'é'; broken()", "broken()"),
        ("学習率 = broken()", "broken()"),
        ("e\u0301 = broken()", "broken()"),
        ("emoji = '🎲'; broken()", "broken()"),
    ],
)
def test_underline_stands_below_the_text(source, marked):
    """Tabs, accents and wide characters take the columns that a terminal gives them."""
    lines = block(source, place(1, marked, source))
    shown = next(line for line in lines if line.startswith(" 1 | "))
    column, width = underlined(lines)
    assert display_width(shown[: shown.index(marked)]) == column
    assert width == len(marked)


def test_whole_line_is_underlined_without_its_indent():
    """A run knows lines, not columns."""
    lines = block("    x = 1   ", Place("train.py", Span(1)))
    assert underlined(lines) == (len(" 1 |     "), len("x = 1"))
    assert "--> train.py:1" in lines[1]
    assert "train.py:1:" not in lines[1]


def test_span_of_several_lines_is_underlined_in_its_first():
    """The reader sees where it starts."""
    lines = block("x = f(1,\n      2)", Place("train.py", Span(1, 5, 2, 9)))
    assert underlined(lines)[1] == len("f(1,")


def test_long_line_is_cut_around_the_mark():
    """Nothing is wider than the report, and the marked text is in it."""
    source = "x = [" + ", ".join(str(number) for number in range(200)) + ", broken(), 1, 2]"
    lines = block(source, place(1, "broken()", source), label="here it is, with a long label" * 3)
    assert max(map(display_width, lines)) <= text.WIDTH
    shown = next(line for line in lines if line.startswith(" 1 | "))
    column, _ = underlined(lines)
    assert shown[column:].startswith("broken()")


def test_cut_leaves_wide_characters_whole():
    """Also where a character takes two columns."""
    source = "x = '" + "学習" * 100 + "' + broken()"
    lines = block(source, place(1, "broken()", source))
    assert max(map(display_width, lines)) <= text.WIDTH
    column, _ = underlined(lines)
    shown = next(line for line in lines if line.startswith(" 1 | "))
    assert display_width(shown[: shown.index("broken()")]) == column


def test_lines_apart_have_a_gap_between_them():
    """Lines that were left out are shown to be."""
    source = "a = 1\nb = 2\nc = 3\nd = 4"
    lines = block(source, place(1, "a", source), related=(Related(place(4, "d", source), "other"),))
    assert [line for line in lines if line.endswith("...")]
    assert underlined(lines, "-")[1] == 1


def test_second_place_in_another_file():
    """It has a head of its own."""
    other = Related(Place("model.py", Span(1, 1, 1, 4)), "made here")
    diagnosis = replace(PROVEN, related=(other,))
    rendered = text.render_diagnosis(diagnosis, lines_of(train=TRAIN, model="net = 1"))
    assert "  ::: model.py:1:1\n" in rendered
    assert "--- made here" in rendered


def test_place_outside_the_file():
    """A file that changed since is named, not shown."""
    lines = block("x = 1", Place("train.py", Span(99, 1, 99, 5)))
    assert lines[1].endswith("train.py:99:1")
    assert "path:" in lines[2]


def test_no_place():
    """Then there is no arrow."""
    rendered = text.render_diagnosis(replace(PROVEN, place=None, fix=None), LINES)
    assert "-->" not in rendered


def test_cell_of_a_notebook():
    """Lines count within the cell, which is named."""
    marked = Place("book.ipynb", Span(1, 1, 1, 2), cell=3)
    diagnosis = replace(PROVEN, place=marked, related=(), fix=None)
    rendered = text.render_diagnosis(diagnosis, lambda path, cell: ["x = 1"] if cell == 3 else [])
    assert "book.ipynb:cell 3:1:1" in rendered
    assert "1 | x = 1" in rendered


def fixed(source: str, *edits: Edit) -> list[str]:
    """The rows of the help."""
    lines = block(source, place(1, source[0], source), fix=Fix("mend", True, edits))
    start = lines.index("help: mend")
    return [line.lstrip() for line in lines[start + 1 :] if line[1:2].isdigit()]


def test_help_with_several_edits_in_a_line():
    """All of them are in the one line shown."""
    source = "zip(a, b)"
    edits = [Edit(place(1, "a", source), "one"), Edit(place(1, "b", source), "two")]
    assert fixed(source, *edits) == ["1 - zip(a, b)", "1 + zip(one, two)"]


def test_help_that_adds_a_line():
    """Only the new line is shown."""
    source = "first\nlast"
    edit = Edit(Place("train.py", Span(2, 1, 2, 1)), "between\n")
    assert fixed(source, edit) == ["2 + between"]


def test_help_that_removes_a_line():
    """Only the old line is shown."""
    source = "first\ngone\nlast"
    edit = Edit(Place("train.py", Span(2, 1, 3, 1)), "")
    assert fixed(source, edit) == ["2 - gone"]


def test_help_at_the_end_of_the_file():
    """A place after the last line is no mistake."""
    edit = Edit(Place("train.py", Span(2, 1, 2, 1)), "more")
    assert fixed("first\n", edit) == ["2 -", "2 + more"]


def test_help_in_another_file_or_cell():
    """It is named, for lines count anew there."""
    marked = Place("book.ipynb", Span(1, 1, 1, 2), cell=1)
    edits = tuple(Edit(Place("book.ipynb", Span(1, 1, 1, 2), cell), "y") for cell in (1, 3))
    diagnosis = replace(PROVEN, place=marked, related=(), fix=Fix("mend", True, edits))
    rendered = text.render_diagnosis(diagnosis, lambda path, cell: ["x = 1"])
    first, second = rendered[rendered.index("help: mend") :].split("  ::: book.ipynb:cell 3\n")
    assert first.count("+ y = 1") == second.count("+ y = 1") == 1


def test_help_without_edits():
    """Advice in words."""
    rendered = text.render_diagnosis(replace(PROVEN, fix=Fix("store it in float32", True)), LINES)
    assert "\nhelp: store it in float32\n   = note: explains" in rendered


def test_many_variables_are_counted():
    """Five are named."""
    consequence = replace(PROVEN.consequences[0], variables=tuple("abcdefgh"))
    rendered = text.render_diagnosis(replace(PROVEN, consequences=(consequence,)), LINES)
    assert "`a`, `b`, `c`, `d`, `e` and 3 more" in " ".join(rendered.split())


def test_long_table_is_folded():
    """First the broken ones, then a count."""
    moved = tuple(
        Standing(f"layer_{number}/{'very_' * 9}long_kernel", (2,), "moved", None, "changed")
        for number in range(40)
    )
    rendered = text.render(replace(RUN, standings=STANDINGS + moved), LINES)
    assert "  and 28 more: 28 moved (`--verbose` shows all)\n" in rendered
    whole = text.render(replace(RUN, standings=STANDINGS + moved), LINES, whole=True)
    assert whole.count("long_kernel") == 40
    assert max(map(display_width, rendered.split("\n"))) <= text.WIDTH


def test_the_last_line_counts_as_the_table_does():
    """What changed the wrong way is lost, and not said to have moved."""
    lost = tuple(replace(STANDINGS[0], variable=name) for name in "abcd")
    assert all(one.moved for one in lost)
    last = text.render(replace(RUN, standings=lost), LINES).splitlines()[-1]
    assert last.endswith("400 steps watched, 0 of 4 variables moved, 4 lost")
    last = text.render(replace(RUN, standings=(*lost, STANDINGS[2])), LINES).splitlines()[-1]
    assert last.endswith("400 steps watched, 1 of 5 variables moved, 4 lost")


def test_no_line_is_too_wide():
    """Whatever is to be said."""
    wordy = replace(
        PROVEN,
        message="word " * 100,
        fix=replace(PROVEN.fix, title="title " * 40) if PROVEN.fix else None,
        related=(Related(place(2), "label " * 40),),
    )
    rendered = text.render(replace(RUN, diagnoses=(wordy,), notes=("note " * 50,)), LINES)
    assert max(map(display_width, rendered.split("\n"))) <= text.WIDTH


def test_cost_stands_beside_the_path():
    """It is no stage that an update is lost at."""
    slow = Fault("GP801", "uncompiled-step", "The step is not compiled.", level="advice")
    diagnosis = replace(SUSPECTED, fault=slow, level="advice")
    assert "= path:  [cost] (beside the path" in text.render_diagnosis(diagnosis, LINES)


def test_colours_wrap_the_same_words():
    """Without their codes nothing is left but the plain report."""
    import re

    rendered = text.render(RUN, LINES, coloured)
    assert rendered != text.render(RUN, LINES)
    assert re.sub(r"\x1b\[[0-9;]*m", "", rendered) == text.render(RUN, LINES)


@pytest.mark.parametrize(
    ("terminal", "variables", "wanted"),
    [
        (True, {}, True),
        (False, {}, False),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),
        (True, {"TERM": "dumb"}, False),
    ],
)
def test_colours_only_where_they_are_wanted(terminal, variables, wanted, monkeypatch):
    """On terminals, unless NO_COLOR says otherwise."""
    import io

    class Stream(io.StringIO):
        def isatty(self) -> bool:
            return terminal

    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert (paint_for(Stream()) is coloured) is wanted


def test_own_words_are_ascii():
    """Only names and source of the program may be anything else."""
    assert text.render(RUN, LINES).isascii()
    assert text.render(CHECK, LINES).isascii()


def test_advice_is_counted_as_such():
    """One advice, two advice."""
    slow = Fault("GP801", "uncompiled-step", "The step is not compiled.", level="advice")
    answer = Answer("check", (replace(SUSPECTED, fault=slow, level="advice"),) * 2)
    assert "gradproof: 2 advice;" in text.render(answer, LINES)
