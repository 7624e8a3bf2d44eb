"""The JSON form, against the schema that is kept beside its code."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files

import jsonschema
import pytest

from answers import CHECK, PROVEN, RUN
from gradproof.report.json import render

SCHEMA = json.loads(files("gradproof.report").joinpath("schema.json").read_text("utf-8"))


@pytest.mark.parametrize(
    "answer",
    [
        RUN,
        CHECK,
        replace(CHECK, diagnoses=()),
        replace(RUN, diagnoses=(replace(PROVEN, place=None, fix=None, related=()),)),
    ],
)
def test_answers_hold_the_schema(answer):
    """Every form of an answer does."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(json.loads(render(answer)), SCHEMA)


def test_names_of_the_form():
    """Scoring and integrations rest on these names."""
    form = json.loads(render(RUN))
    (diagnosis,) = form["diagnoses"]
    assert diagnosis["fault"] == "mispaired-gradients"
    assert diagnosis["stage"] == "applied"
    assert diagnosis["verdict"] == "proven"
    assert diagnosis["place"] == {
        "path": "train.py",
        "line": 5,
        "column": 46,
        "end_line": 5,
        "end_column": 71,
        "cell": None,
    }
    assert diagnosis["fix"]["edits"][0]["text"] == "decoder.trainable_variables"
    assert diagnosis["consequences"][0]["code"] == "GP208"
    assert form["summary"] == {
        "files": 1,
        "loops": 1,
        "steps": 400,
        "variables": 3,
        "moved": 2,
        "watched": "every step",
        "allowed": 0,
        "baseline": 0,
    }


def test_numbers_that_json_lacks_are_named():
    """The result is strict JSON."""

    def refuse(name: str) -> None:
        raise AssertionError(name)

    form = json.loads(render(RUN), parse_constant=refuse)
    assert form["diagnoses"][0]["evidence"] == {"change_norm": 0.141, "loss": "nan"}


def test_lines_without_columns():
    """The end column is null, not 0."""
    form = json.loads(render(RUN))
    assert form["diagnoses"][0]["consequences"][0]["place"]["end_column"] is None
