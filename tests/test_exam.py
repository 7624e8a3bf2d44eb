"""The public exam: every case keeps its format, and the runner judges as it says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

EXAM = Path(__file__).parents[1] / "benchmarks" / "exam"
sys.path.insert(0, str(EXAM))

from labels import CASES, Case, Remark, complaints, faulty, judge, right, words  # noqa: E402

from gradproof.faults import FAULTS  # noqa: E402

CASE = Case("wrong-01", frozenset({"short-zip"}), (10, 12), ("dense",), "silent", ("3",), "yes")
NAMES = [fault.name for fault in FAULTS]


@pytest.mark.parametrize("folder", sorted(CASES.iterdir()), ids=lambda folder: folder.name)
def test_format(folder: Path):
    """Files, keys and values are as the README says, and no program hints at its fault."""
    assert list(complaints(folder, NAMES)) == []


def test_patterns_belong_to_faults():
    """What `words.toml` speaks of is in the catalogue."""
    assert words().keys() <= set(NAMES)


@pytest.mark.parametrize(
    ("said", "of_twin", "expected"),
    [
        ([], [], (False, False, False)),
        ([Remark("", 11, 11, "short-zip")], [], (True, True, True)),
        ([Remark("", 14, 14, "short-zip")], [], (True, True, True)),
        ([Remark("", 15, 15, "short-zip")], [], (True, True, False)),
        (
            [Remark("", 11, 11, "spent-zip"), Remark("", 11, 11, "short-zip")],
            [],
            (True, False, True),
        ),
        ([Remark("", 11, 11, "short-zip", loud=False)], [], (False, False, False)),
        ([Remark("", 11, 11, "spent-zip")], [Remark("", 3, 3, "spent-zip")], (False, False, False)),
        ([Remark("2 lines too long", 11)], [Remark("3 lines too long", 9)], (False, False, False)),
    ],
)
def test_verdicts(said: list[Remark], of_twin: list[Remark], expected: tuple[bool, bool, bool]):
    """What both programs get tells no fault; the first remark counts; advice does not."""
    verdict = judge(CASE, said, of_twin)
    assert (verdict.detected, verdict.named, verdict.line) == expected


def test_no_rank():
    """Of a linter's remarks any may name the cause."""
    said = [Remark("unused", 1), Remark("", 11, 11, "short-zip")]
    assert judge(CASE, said, [], ranked=False).named


def test_check_speaks_of_no_right_program(tmp_path: Path):
    """`gradproof check` reads all right programs of the exam, for both generations."""
    for generation in ("3", "2"):
        chosen = [one.path for one in right() if generation in one.generations]
        output = tmp_path / "answer.json"
        options = ["--isolated", "--no-cache", "--keras", generation, "--format", "json"]
        command = [str(Path(sys.executable).with_name("gradproof")), "check", *options]
        subprocess.run([*command, "--output", output, *chosen], check=False, timeout=240)
        found = json.loads(output.read_text(encoding="utf-8"))["diagnoses"]
        loud = [
            f"{one['place']['path']}:{one['place']['line']} {one['fault']}"
            for one in found
            if one["level"] != "advice"
        ]
        assert loud == []


def test_check_names_what_the_source_shows():
    """Most faults that the source alone shows are named first, at their lines."""
    from gradproof.diagnose import diagnose
    from gradproof.source import read

    missed = []
    shown = [one for one in faulty() if one.case is not None and one.case.static == "yes"]
    for program in shown:
        assert program.case is not None
        text = program.path.read_text(encoding="utf-8")
        said = diagnose(FAULTS, [read(text, "stuck.py", program.generations[0])])
        assert not [one.message for one in said if "  " in one.message], "a name is missing"
        found = [
            Remark(
                one.message,
                one.place.line if one.place else None,
                one.place.span.end_line if one.place else None,
                one.fault.name,
                one.variables,
                one.level != "advice",
            )
            for one in said
        ]
        verdict = judge(program.case, found, [])
        if not (verdict.named and verdict.line):
            missed.append(program.case.name)
    assert len(missed) <= 5, missed
    assert len(shown) > 100


@pytest.mark.tensorflow
def test_sitting(tmp_path: Path):
    """The real command: three tools, one case, a table, and answers that are kept."""
    pytest.importorskip("scipy")
    answers = tmp_path / "answers.jsonl"
    command = [sys.executable, str(EXAM / "run.py"), "--only", "short-zip-01", "--generation", "3"]
    command += ["--answers", str(answers), "--tools"]
    rows = {}
    for tool in ("gradproof run", "TensorFlow and Keras"):
        done = subprocess.run(
            [*command, tool], capture_output=True, text=True, timeout=240, check=True
        )
        rows[tool] = next(line for line in done.stdout.splitlines() if line.startswith(f"| {tool}"))
    assert rows["gradproof run"].count("1/1 = 100%") == 3
    assert rows["TensorFlow and Keras"].count("0/1 = 0%") == 4
    assert len(answers.read_text(encoding="utf-8").splitlines()) == 4
