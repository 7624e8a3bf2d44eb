"""The JSON form of an answer; `schema.json` beside this file describes it."""

from __future__ import annotations

import json
from dataclasses import asdict
from math import isfinite

from ..answer import Answer
from ..contrast import Contrast, Course, Part, Point
from ..fault import Diagnosis
from ..finding import Fix, Number, Place

VERSION = 1
"""Raised whenever a reader of the old form would misread the new one."""


def render(answer: Answer) -> str:
    """The answer as JSON text that ends with a line end."""
    form: dict[str, object] = {
        "version": VERSION,
        "command": answer.command,
        "diagnoses": [_diagnosis(diagnosis) for diagnosis in answer.diagnoses],
        "summary": {
            "files": answer.files,
            "loops": answer.loops,
            "steps": answer.steps,
            "variables": len(answer.standings),
            "moved": answer.moved,
            "watched": answer.watched,
            "allowed": answer.allowed,
            "baseline": answer.old,
        },
    }
    if answer.workers:
        form["workers"] = [asdict(worker) for worker in answer.workers]
    return json.dumps(form, indent=1, ensure_ascii=False) + "\n"


def render_contrast(contrast: Contrast) -> str:
    """Two runs side by side as JSON text, in the same envelope.

    The diagnoses are those of one run that the other has not.
    """
    answers = [course.answer for course in contrast.courses]
    moved = [all(any(point.change for point in side) for side in (twin.left, twin.right))
             for twin in contrast.twins]  # fmt: skip
    form = {
        "version": VERSION,
        "command": "compare",
        "diagnoses": [_diagnosis(diagnosis) for _, diagnosis in contrast.causes],
        "summary": {
            "files": sum(answer.files for answer in answers),
            "loops": sum(answer.loops for answer in answers),
            "steps": contrast.steps,
            "variables": len(contrast.twins),
            "moved": sum(moved),
            "watched": "every step",
        },
        "comparison": {
            "runs": [_course(course) for course in contrast.courses],
            "start": contrast.start,
            "step": contrast.step,
            "stage": contrast.stage,
            "variable": contrast.variable,
            "noise": contrast.noise,
            "stages": list(contrast.stages),
            "parts": [_part(part) for part in contrast.parts],
            "reasons": list(contrast.reasons),
            "causes": [
                {"run": which, "fault": diagnosis.fault.name}
                for which, diagnosis in contrast.causes
            ],
            "notes": list(contrast.notes),
            "variables": [
                {
                    "names": list(twin.names),
                    "updates": [
                        [_point(point) for point in side] for side in (twin.left, twin.right)
                    ],
                }
                for twin in contrast.twins
            ],
        },
    }
    return json.dumps(form, indent=1, ensure_ascii=False) + "\n"


def _course(course: Course) -> dict[str, object]:
    return {
        "name": course.name,
        "command": course.command,
        "steps": course.answer.steps,
        "rules": list(course.rules),
        "error": course.error,
    }


def _part(part: Part) -> dict[str, object]:
    sizes = ("left", "right", "difference", "noise", "factor")
    return {
        "stage": part.stage,
        "variable": part.variable,
        **{size: _maybe(getattr(part, size)) for size in sizes},
    }


def _point(point: Point) -> dict[str, object]:
    numbers = ("gradient", "value", "change", "loss", "rate")
    return {"step": point.step, **{name: _maybe(getattr(point, name)) for name in numbers}}


def _maybe(value: Number | None) -> Number | str | None:
    return None if value is None else measured(value)


def _diagnosis(diagnosis: Diagnosis) -> dict[str, object]:
    form: dict[str, object] = {
        "fault": diagnosis.fault.name,
        "code": diagnosis.fault.code,
        "stage": diagnosis.fault.stage,
        "level": diagnosis.level,
        "verdict": diagnosis.verdict.value,
        "title": diagnosis.title,
        "message": diagnosis.message,
        "place": _place(diagnosis.place),
        "related": [
            {"place": _place(related.place), "message": related.message}
            for related in diagnosis.related
        ],
        "variables": list(diagnosis.variables),
        "step": diagnosis.step,
        "evidence": {name: measured(value) for name, value in diagnosis.evidence.items()},
        "fix": _fix(diagnosis.fix),
        "consequences": [_diagnosis(consequence) for consequence in diagnosis.consequences],
    }
    return form


def _place(place: Place | None) -> dict[str, object] | None:
    if place is None:
        return None
    span = place.span
    return {
        "path": place.path,
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column or None,
        "cell": place.cell,
    }


def _fix(fix: Fix | None) -> dict[str, object] | None:
    if fix is None:
        return None
    edits = [{**(_place(edit.place) or {}), "text": edit.text} for edit in fix.edits]
    return {"title": fix.title, "safe": fix.safe, "edits": edits}


def measured(value: Number | str) -> Number | str:
    """A measured value as JSON can hold it."""
    # JSON has no word for nan and inf; their names survive as text.
    return str(value) if isinstance(value, float) and not isfinite(value) else value
