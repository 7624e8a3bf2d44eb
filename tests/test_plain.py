"""Records of dataclasses survive being written and read; nothing else does."""

from __future__ import annotations

import json
import math
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

import records
from answers import PROVEN
from gradproof.answer import Answer
from gradproof.diagnose import diagnose
from gradproof.evidence.applies import Step, Update
from gradproof.evidence.run import Run
from gradproof.fault import Diagnosis
from gradproof.faults import FAULTS
from gradproof.finding import Place, Span
from gradproof.plain import Malformed, decode, encode
from gradproof.standing import standings


def through_json(value):
    """Encodes, writes, reads and decodes."""
    return decode(type(value), json.loads(json.dumps(encode(value))))


def test_a_run_comes_back_equal():
    """Every field of every record, sets and tuples included."""
    run = records.healthy()
    assert through_json(run) == run


def test_an_answer_comes_back_equal():
    """Diagnoses with places, fixes and consequences; faults are this version's own."""
    run = records.healthy()
    broken = replace(run, steps=(), applies=())
    found = diagnose(FAULTS, [], broken)
    answer = Answer("run", tuple(found), tuple(standings(broken, found)), notes=("a note",))
    assert found
    assert through_json(answer) == answer


def test_a_fault_of_another_version_keeps_its_code_and_name():
    """Its page is not known any more, and need not be."""
    (one, *_) = diagnose(FAULTS, [], replace(records.healthy(), steps=(), applies=()))
    data = encode(one)
    data["fault"] = {"code": "GP699", "name": "fault-of-tomorrow"}
    again = decode(type(one), data)
    assert (again.fault.code, again.fault.stage) == ("GP699", "repeated")


@given(some.floats(), some.text(), some.integers(min_value=1, max_value=10**9))
def test_numbers_and_texts_come_back(number, text, line):
    """Infinities, quotes and letters of all alphabets."""
    step = Step(3, 1, (Update(2, number, 1.0, 0.0),), loss=number)
    again = through_json(step)
    if math.isnan(number):
        assert math.isnan(again.loss)
    else:
        assert again == step
    place = Place(text, Span(line))
    assert through_json(place) == place


JSON = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(),
    lambda inner: some.lists(inner) | some.dictionaries(some.text(), inner),
    max_leaves=20,
)


@given(JSON)
def test_foreign_data_are_refused(data):
    """Whatever it is, it becomes a run or is malformed; nothing else happens."""
    with suppress(Malformed):
        assert isinstance(decode(Run, data), Run)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"steps": [{"index": "1", "apply": 1, "updates": []}]}, "int expected"),
        ({"steps": [{"apply": 1}]}, "lacks a field"),
        ({"steps": 7}, "list expected"),
        (
            {"steps": [{"index": 1, "apply": 1, "updates": [], "loss": 10**400}]},
            "too large|unexpected",
        ),
        ([], "dict expected"),
    ],
)
def test_wrong_types_are_named(data, words):
    """One sentence of few words."""
    with pytest.raises(Malformed, match=words):
        decode(Run, data)


@pytest.mark.parametrize("span", [Span(3, 1, 2, 5), Span(-1), Span(1, -2), Span(2, 8, 2, 4)])
def test_a_span_that_marks_nothing_is_refused(span):
    """Whoever renders it relies on its ends."""
    with pytest.raises(Malformed, match="ends before it begins"):
        decode(Span, encode(span))


def test_a_level_that_does_not_exist_is_refused():
    """Reports count and sort by it."""
    with pytest.raises(Malformed, match="no level: 'dire'"):
        decode(Diagnosis, encode(replace(PROVEN, level="dire")))


def test_whole_lines_and_empty_spans_are_read():
    """An insertion has no width; a line has no columns."""
    for span in (Span(3), Span(3, 5), Span(3, 5, 3, 5), Span(3, 9, 4, 2)):
        assert decode(Span, encode(span)) == span
