"""SARIF 2.1.0, which code hosts and editors read."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from urllib.parse import quote

from .. import __version__
from ..answer import Answer, Lines
from ..fault import Diagnosis, Fault
from ..finding import Edit, Fix, Place, Span
from .json import measured

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
LEVELS = {"error": "error", "warning": "warning", "advice": "note"}
"""What SARIF calls our levels."""

ROOT = "SRCROOT"
"""Name of the folder that relative paths start from."""


def render(answer: Answer, lines: Lines) -> str:
    """The answer as SARIF text that ends with a line end.

    Args:
        answer: What was found out.
        lines: Gives the source lines of a file; they make the fingerprints.
    """
    faults = sorted(
        {diagnosis.fault.code: diagnosis.fault for diagnosis in answer.diagnoses}.items()
    )
    rules = {code: number for number, (code, _) in enumerate(faults)}
    seen: Counter[str] = Counter()
    run = {
        "tool": {
            "driver": {
                "name": "gradproof",
                "version": __version__,
                "rules": [_rule(fault) for _, fault in faults],
            }
        },
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {ROOT: {"description": {"text": "Where gradproof was started."}}},
        "invocations": [
            {
                "executionSuccessful": True,
                "toolExecutionNotifications": [
                    {"level": "note", "message": {"text": note}} for note in answer.notes
                ],
            }
        ],
        # What only follows from a fault is told with it, not as a result.
        "results": [_result(diagnosis, rules, lines, seen) for diagnosis in answer.diagnoses],
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=1, ensure_ascii=False) + "\n"


def _rule(fault: Fault) -> dict[str, object]:
    lead = fault.sections.get("", "").strip()
    page = fault.page.strip()
    return {
        "id": fault.code,
        "name": "".join(word.capitalize() for word in fault.name.split("-")),
        "shortDescription": {"text": page.splitlines()[0]},
        "fullDescription": {"text": " ".join(lead.split()) or page.splitlines()[0]},
        "help": {"text": page, "markdown": f"# {page}"},
        "defaultConfiguration": {"level": LEVELS[fault.level]},
        "properties": {"tags": [fault.name, fault.stage]},
    }


def _result(
    diagnosis: Diagnosis, rules: dict[str, int], lines: Lines, seen: Counter[str]
) -> dict[str, object]:
    place = diagnosis.place
    result: dict[str, object] = {
        "ruleId": diagnosis.fault.code,
        "ruleIndex": rules[diagnosis.fault.code],
        "level": LEVELS[diagnosis.level],
        "message": {"text": _message(diagnosis)},
        "locations": [_location(place)] if place else [],
        "partialFingerprints": {"gradproof/v1": _fingerprint(diagnosis, lines, seen)},
        "properties": _properties(diagnosis),
    }
    if diagnosis.related:
        result["relatedLocations"] = [
            {"id": number, **_location(there.place), "message": {"text": there.message}}
            for number, there in enumerate(diagnosis.related, 1)
        ]
    fix = diagnosis.fix
    if fix and fix.edits and all(edit.place.cell is None for edit in fix.edits):
        result["fixes"] = [_fix(fix)]
    return result


def _message(diagnosis: Diagnosis) -> str:
    place = diagnosis.place
    cell = f"cell {place.cell}, line {place.line}: " if place and place.cell is not None else ""
    words = f"{cell}{diagnosis.title}: {diagnosis.message}"
    for consequence in diagnosis.consequences:
        words += f"; explains {consequence.fault.code} too: {consequence.title}"
    return words


def _properties(diagnosis: Diagnosis) -> dict[str, object]:
    return {
        "verdict": diagnosis.verdict.value,
        "variables": list(diagnosis.variables),
        "step": diagnosis.step,
        "evidence": {name: measured(value) for name, value in diagnosis.evidence.items()},
    }


def _location(place: Place) -> dict[str, object]:
    physical: dict[str, object] = {"artifactLocation": _artifact(place.path)}
    if place.cell is None:
        physical["region"] = _region(place.span)
        return {"physicalLocation": physical}
    # Lines of a cell are no lines of the file.
    return {
        "physicalLocation": physical,
        "logicalLocations": [{"name": f"cell {place.cell}", "kind": "member"}],
    }


def _artifact(path: str) -> dict[str, str]:
    if os.path.isabs(path):
        uri = path.replace(os.sep, "/")
        return {"uri": "file://" + quote(uri if uri.startswith("/") else f"/{uri}")}
    return {"uri": quote(path.replace(os.sep, "/")), "uriBaseId": ROOT}


def _region(span: Span) -> dict[str, int]:
    if not span.end_column:
        return {"startLine": span.line, "endLine": span.end_line}
    return {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }


def _fix(fix: Fix) -> dict[str, object]:
    paths = dict.fromkeys(edit.place.path for edit in fix.edits)
    return {
        "description": {"text": fix.title},
        "artifactChanges": [
            {
                "artifactLocation": _artifact(path),
                "replacements": [
                    _replacement(edit) for edit in fix.edits if edit.place.path == path
                ],
            }
            for path in paths
        ],
    }


def _replacement(edit: Edit) -> dict[str, object]:
    return {
        "deletedRegion": _region(edit.place.span),
        "insertedContent": {"text": edit.text},
    }


def _fingerprint(diagnosis: Diagnosis, lines: Lines, seen: Counter[str]) -> str:
    """The same for a fault on a line of code, wherever that line moves."""
    place = diagnosis.place
    text = ""
    if place:
        around = lines(place.path, place.cell)
        text = around[place.line - 1] if place.line <= len(around) else ""
    where = place.path.replace(os.sep, "/") if place else " ".join(diagnosis.variables)
    parts = [diagnosis.fault.code, where, " ".join(text.split())]
    base = "\0".join(parts)
    seen[base] += 1
    return hashlib.sha256(f"{base}\0{seen[base]}".encode()).hexdigest()[:32]
