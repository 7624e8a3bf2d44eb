"""New source in cells; every other byte of a notebook stays."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradproof.editing import Unfit
from gradproof.files import source_text
from gradproof.finding import Edit, Place, Span
from gradproof.mending.contents import mended_bytes
from gradproof.mending.notebooks import cell_sources, with_sources

CELLS = [
    {"cell_type": "markdown", "metadata": {}, "source": ["# Title\n", "text"]},
    {
        "cell_type": "code",
        "execution_count": 1,
        "metadata": {"source": ["not this"]},
        "outputs": [{"source": "nor this", "text": ["é"]}],
        "source": ['a = "}]{[\\""\n', "%time b = 1\n", "c = 2"],
    },
    {"cell_type": "code", "metadata": {}, "outputs": [], "source": "x = [1]\ny = 2\n"},
    {"cell_type": "code", "metadata": {}, "outputs": [], "source": []},
]
NOTEBOOK = {"cells": CELLS, "metadata": {"source": ["x"]}, "nbformat": 4, "nbformat_minor": 5}
FORMS = [
    {"indent": 1, "ensure_ascii": False},
    {"indent": 4},
    {},
    {"separators": (",", ":")},
    {"indent": "\t", "sort_keys": True},
]

every_form = pytest.mark.parametrize("form", FORMS, ids=str)


@every_form
def test_sources_are_found(form):
    """Code cells in order, whatever else is called source."""
    raw = json.dumps(NOTEBOOK, **form)
    texts = [source.text for source in cell_sources(raw)]
    assert texts == ['a = "}]{[\\""\n%time b = 1\nc = 2', "x = [1]\ny = 2\n", ""]


@every_form
@given(text=st.text(max_size=40), number=st.integers(1, 3))
def test_only_one_source_changes(form, text, number):
    """The notebook is the same but for that cell, and its bytes are where unchanged."""
    raw = json.dumps(NOTEBOOK, **form) + "\n"
    before = cell_sources(raw)
    after = with_sources(raw, {number: text})
    code = [cell for cell in json.loads(after)["cells"] if cell["cell_type"] == "code"]
    assert "".join(code[number - 1]["source"]) == text
    code[number - 1]["source"] = json.loads(raw)["cells"][number]["source"]
    changed = json.loads(after)
    changed["cells"][number]["source"] = CELLS[number]["source"]
    assert changed == NOTEBOOK
    source = before[number - 1]
    assert after.startswith(raw[: source.start])
    assert after.endswith(raw[source.end :])


@every_form
def test_the_same_source_is_the_same_file(form):
    """Writing what is there changes not one byte."""
    raw = json.dumps(NOTEBOOK, **form)
    for number, source in enumerate(cell_sources(raw), 1):
        assert with_sources(raw, {number: source.text}) == raw


def test_lines_are_written_as_nbformat_does():
    """A line an entry, in the indentation of the file."""
    raw = json.dumps(NOTEBOOK, indent=1, ensure_ascii=False)
    after = with_sources(raw, {1: "ä = 1\nc = 2"})
    assert '   "source": [\n    "ä = 1\\n",\n    "c = 2"\n   ]' in after


def edit(cell: int, line: int, column: int, end_column: int, text: str) -> Edit:
    return Edit(Place("n.ipynb", Span(line, column, line, end_column), cell), text)


def test_edits_in_cells():
    """Lines count within their cell."""
    data = json.dumps(NOTEBOOK, indent=1).encode()
    after = mended_bytes(data, "n.ipynb", [edit(2, 2, 5, 6, "3"), edit(1, 3, 5, 6, "4")])
    assert source_text(after, "n.ipynb", "n.ipynb").lines(2) == ["x = [1]", "y = 3", ""]
    assert source_text(after, "n.ipynb", "n.ipynb").lines(1)[2] == "c = 4"


def test_magic_lines_are_not_replaced():
    """They were read as `pass`, and would become it."""
    data = json.dumps(NOTEBOOK).encode()
    across = Edit(Place("n.ipynb", Span(1, 1, 3, 1), 1), "z = 1\npass\n")
    with pytest.raises(Unfit, match="only a notebook"):
        mended_bytes(data, "n.ipynb", [across])


@pytest.mark.parametrize("data", [b"", b"[]", b'{"cells": 3}', b"\xff\xfe", b'{"cells": [{}]}'])
def test_broken_notebooks_are_refused(data):
    """No traceback, whatever lies there."""
    with pytest.raises(Unfit):
        mended_bytes(data, "n.ipynb", [edit(1, 1, 1, 1, "x")])


@pytest.mark.parametrize(
    ("cell", "read"),
    [
        ("x = [4\n     % 3]  # why?", None),
        ('"""\n!not a magic\n"""\n', None),
        ("%matplotlib inline\nx = 1  # why?", "pass\nx = 1  # why?"),
        ("!pip install \\\n  keras\nx = 1", "pass\n\nx = 1"),
        ("!ls\nx = (4\n     % 3)", "pass\nx = (4\n     % 3)"),
        ("%time x = f()\ny?", "x = f()\npass"),
        ("for i in j:\n    %time f(i)", "for i in j:\n    f(i)"),
        ("%timeit f()\nx = %timeit -o f()", "pass\npass"),
        ("files = !ls\n?f", "pass\npass"),
        ("%%time\nx = 1\n!ls", "pass\nx = 1\npass"),
        ("%%bash\nx = = 1", "pass\n"),
    ],
)
def test_what_is_python_in_a_cell(cell, read):
    """A cell that is Python as a whole is left alone; of others, what is for the notebook."""
    data = json.dumps({"cells": [{"cell_type": "code", "source": cell}]}).encode()
    assert source_text(data, "n.ipynb", "n.ipynb").text == (cell if read is None else read)
