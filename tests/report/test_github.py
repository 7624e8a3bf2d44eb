"""Workflow commands as the runner of GitHub reads them."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from answers import CHECK, PROVEN, RUN, SUSPECTED, place
from gradproof.finding import Place, Span
from gradproof.report.github import render

COMMAND = re.compile(r"^::(error|warning|notice) ([^:]*)::(.*)$")


def parsed(line: str) -> tuple[str, dict[str, str], str]:
    """Command, properties and message, unescaped as the runner does it."""
    found = COMMAND.match(line)
    assert found, line
    properties = dict(part.split("=", 1) for part in found[2].split(","))
    for name, value in properties.items():
        value = value.replace("%3A", ":").replace("%2C", ",")
        properties[name] = plain(value)
    return found[1], properties, plain(found[3])


def plain(text: str) -> str:
    return text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")


def test_one_command_a_diagnosis():
    """File, line, columns (the last included) and title are properties."""
    (line,) = render(RUN).splitlines()
    command, properties, message = parsed(line)
    assert command == "error"
    assert properties == {
        "file": "train.py",
        "line": "5",
        "endLine": "5",
        "col": "46",
        "endColumn": "70",
        "title": "GP403 mispaired-gradients",
    }
    assert message.splitlines()[0] == PROVEN.title
    assert "Proof: at step 1" in message
    assert message.endswith("gradproof explain GP403")


def test_what_would_end_a_command_is_escaped():
    """Percent signs, line ends, colons and commas survive."""
    odd = replace(
        PROVEN, message="50 % of\nthe: rows, ::warning::", place=Place("a,b:c%.py", Span(1))
    )
    text = render(replace(RUN, diagnoses=(odd,)))
    assert text.count("\n") == 1
    _, properties, message = parsed(text.rstrip("\n"))
    assert properties["file"] == "a,b:c%.py"
    assert "50 % of\nthe: rows, ::warning::" in message


@pytest.mark.parametrize(
    ("level", "command"), [("error", "error"), ("warning", "warning"), ("advice", "notice")]
)
def test_levels(level, command):
    """Advice is a notice."""
    text = render(replace(CHECK, diagnoses=(replace(SUSPECTED, level=level),)))
    assert text.startswith(f"::{command} ")


def test_cells_are_told_in_words():
    """GitHub knows no cells, so no line of the file is claimed."""
    there = replace(place(5), path="a.ipynb", cell=3)
    _, properties, message = parsed(
        render(replace(CHECK, diagnoses=(replace(SUSPECTED, place=there),))).rstrip("\n")
    )
    assert properties.keys() == {"file", "title"}
    assert message.startswith("cell 3, line 5: ")


def test_without_place_and_without_diagnosis():
    """A diagnosis without a line has no file; none at all gives nothing."""
    _, properties, _ = parsed(
        render(replace(RUN, diagnoses=(replace(PROVEN, place=None),))).rstrip("\n")
    )
    assert properties.keys() == {"title"}
    assert render(replace(CHECK, diagnoses=())) == ""
