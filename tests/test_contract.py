"""What every fault has to keep: its name, its page, its examples, both ways of seeing."""

from __future__ import annotations

import ast
import builtins
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import versions
import worlds
from gradproof.fault import LEVELS, STAGES, Fault
from gradproof.faults import FAULTS
from snippets import mended, suspects
from worlds import GENERATIONS, MODES, Example, program

HERE = Path(__file__).parent
MODULES = HERE.parent / "src" / "gradproof" / "faults"

SECTIONS = ["", "Bad", "Good", "Fix", "Not this fault", "Sources"]
"""Headings of a page in order; the lead has none."""

IN_SOURCE: Mapping[str, str] = {
    "GP101": "yes",
    "GP102": "partly",
    "GP103": "partly",
    "GP104": "yes",
    "GP105": "partly",
    "GP106": "partly",
    "GP107": "yes",
    "GP108": "yes",
    "GP109": "partly",
    "GP110": "partly",
    "GP111": "yes",
    "GP112": "partly",
    "GP113": "yes",
    "GP201": "partly",
    "GP202": "yes",
    "GP203": "yes",
    "GP204": "yes",
    "GP205": "partly",
    "GP206": "yes",
    "GP207": "yes",
    "GP208": "partly",
    "GP209": "partly",
    "GP210": "partly",
    "GP211": "partly",
    "GP212": "partly",
    "GP213": "yes",
    "GP214": "yes",
    "GP301": "partly",
    "GP302": "partly",
    "GP303": "yes",
    "GP304": "no",
    "GP305": "partly",
    "GP306": "no",
    "GP307": "no",
    "GP308": "no",
    "GP309": "partly",
    "GP401": "yes",
    "GP402": "yes",
    "GP403": "yes",
    "GP404": "partly",
    "GP405": "yes",
    "GP406": "yes",
    "GP407": "partly",
    "GP408": "partly",
    "GP409": "yes",
    "GP410": "yes",
    "GP411": "partly",
    "GP412": "partly",
    "GP413": "yes",
    "GP414": "partly",
    "GP415": "partly",
    "GP416": "no",
    "GP417": "yes",
    "GP418": "yes",
    "GP501": "partly",
    "GP502": "partly",
    "GP503": "no",
    "GP504": "yes",
    "GP505": "yes",
    "GP506": "partly",
    "GP507": "partly",
    "GP508": "partly",
    "GP509": "partly",
    "GP510": "partly",
    "GP511": "partly",
    "GP512": "partly",
    "GP513": "yes",
    "GP601": "yes",
    "GP602": "partly",
    "GP603": "partly",
    "GP604": "partly",
    "GP605": "no",
    "GP606": "partly",
    "GP607": "yes",
    "GP608": "yes",
    "GP609": "yes",
    "GP610": "yes",
    "GP611": "no",
    "GP701": "partly",
    "GP702": "yes",
    "GP703": "yes",
    "GP704": "partly",
    "GP705": "partly",
    "GP706": "yes",
    "GP707": "partly",
    "GP801": "yes",
    "GP802": "yes",
    "GP803": "partly",
}
"""Whether source alone can show the fault."""

SHOWN_BY_SOURCE = frozenset({"trainable-flag-lost"})
"""Faults of which a run proves another form than the one on the page."""

ANOTHER_MEND: Mapping[str, str] = {
    "untracked-variable": "starts where the bad one starts",
    "untracked-in-container": "keeps the plain object, and holds its layers in a list as well",
    "variables-read-before-build": "reads the list where it is used, which needs no data",
    "created-in-call": "keeps the lines around it",
    "trainable-flip-ignored": "compiles again after the change",
    "nondifferentiable-op": "finds another name",
    "assign-on-loss-path": "keeps the order, and finds another name",
    "variable-rebound-to-tensor": "leaves the `global` there",
    "inner-gradient-not-recorded": "keeps its own line",
    "dataset-loop-in-tape": "keeps the sum that was there",
    "nan-from-singular-op": "takes another distance from the edge",
    "update-bypasses-variables": "assigns the new value that is there, instead of the change",
    "optimizer-bound-to-old-variables": "builds the optimizer for all variables",
    "constant-weight": "starts as the bad one starts",
    "opaque-python-function": "calls it as it is",
    "legacy-custom-optimizer": "casts the learning rate to the dtype of the variable",
    "masked-weights-still-move": "leaves the variable out of the decay",
    "custom-optimizer-bug": "stores the state where it was read",
    "learning-rate-copied": "keeps the name",
    "loss-scale-generation-mix": "finds another name",
    "replica-loss-scale": "divides the mean that is there",
    "iterations-counter-off": "keeps both gradient calls",
    "shape-broadcast": "takes the axis away instead of adding one",
    "memory-growth": "keeps nothing that nobody reads",
    "disconnected-submodel": "keeps the argument that it no longer needs",
    "xla-incompatible": "leaves XLA out, and keeps the operation",
    "regularization-dropped": "adds them on a line of their own",
}
"""Faults whose fix is right but is not the good example, and why."""


NOTHING_TRAINS = {"trainable-flip-ignored"}
"""Faults whose bad example, once mended, does freeze all; a run says so."""


def named(fault: Fault) -> str:
    """Name of a fault in the names of the tests."""
    return fault.name


def _module(fault: Fault) -> str:
    return fault.name.replace("-", "_")


def shown(fault: Fault, kind: str) -> Example:
    """The bad or the good example of a page."""
    return worlds.example(fault.name, kind, fault.sections[kind.title()])


every_fault = pytest.mark.parametrize("fault", FAULTS, ids=named)


def test_codes_rise():
    """The tuple is in the order of the codes, and no code is there twice."""
    codes = [fault.code for fault in FAULTS]
    assert codes == sorted(set(codes))
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)


def test_every_module_is_listed():
    """A module in the folder of faults is a fault in the tuple."""
    modules = {path.stem for path in MODULES.glob("*.py")} - {"__init__"}
    assert modules == {_module(fault) for fault in FAULTS}


def test_nothing_is_missing():
    """Every fault is found in source where source shows it, and else proven by runs."""
    assert set(IN_SOURCE) == {fault.code for fault in FAULTS}, "say whether source shows it"
    assert [fault.name for fault in FAULTS if fault.prove is None and fault.find is None] == []
    assert [
        fault.name for fault in FAULTS if fault.find is None and IN_SOURCE[fault.code] != "no"
    ] == []


@every_fault
def test_code_name_and_level(fault: Fault):
    """The code has a stage, the name is the module's, the level is one of ours."""
    assert re.fullmatch(r"GP[1-8]\d\d", fault.code)
    assert fault.stage == STAGES[int(fault.code[2]) - 1]
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", fault.name)
    assert fault.level in LEVELS
    module = ast.parse((MODULES / f"{_module(fault)}.py").read_text(encoding="utf-8"))
    assert ast.get_docstring(module, clean=False) == fault.page


@every_fault
def test_symptoms_are_faults(fault: Fault):
    """What folds under a fault is another fault."""
    assert fault.name not in fault.symptoms
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) for name in fault.symptoms)


@every_fault
def test_own_test_file(fault: Fault):
    """Every fault has a file of edge cases."""
    assert (HERE / "faults" / f"test_{_module(fault)}.py").is_file()


@every_fault
def test_page(fault: Fault):
    """The page has a title that fits, a lead, and all sections in order."""
    first = fault.page.strip().splitlines()[0]
    assert len(first) <= 70
    assert first.endswith(".")
    assert first[0].isupper()
    assert list(fault.sections) == SECTIONS
    assert all(text.strip() for text in fault.sections.values())
    assert all(len(line) <= 100 for line in fault.page.splitlines())
    assert fault.page.isascii()
    assert re.search(
        r"TensorFlow 2\.\d+\.\d+|[kK]eras \d\.\d+\.\d+|Python 3",
        fault.sections["Sources"],
    )


@every_fault
@pytest.mark.parametrize("kind", ["bad", "good"])
def test_example_uses_only_worlds(fault: Fault, kind: str):
    """An example parses and asks for nothing that the worlds don't offer."""
    example = shown(fault, kind)
    assert set(example.parameters) <= set(worlds.WORLDS)
    assert set(example.modes) <= set(MODES)
    assert set(example.generations) <= set(GENERATIONS)
    assert max(map(len, example.code.splitlines())) <= 92
    unknown = _free_names(example.code) - set(worlds.GIVEN)
    assert not unknown, f"{kind} example uses {sorted(unknown)}"


def _free_names(code: str) -> set[str]:
    """Names that an example reads and neither binds nor has built in."""
    tree = ast.parse(code)
    read, bound = set[str](), set(dir(builtins))
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            (read if isinstance(node.ctx, ast.Load) else bound).add(node.id)
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            bound.add(node.name)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, ast.alias):
            bound.add(node.asname or node.name)
    return read - bound


@every_fault
@pytest.mark.parametrize("generation", GENERATIONS)
def test_bad_example_is_found(fault: Fault, generation: str):
    """Source shows the fault of the bad example and no other."""
    if fault.find is None:
        pytest.skip(f"{fault.name} is not looked for in source")
    example = shown(fault, "bad")
    for mode in example.modes:
        found = {
            diagnosis.fault.code
            for diagnosis in suspects(program(example, mode, generation), generation)
        }
        if generation not in example.generations:
            assert found == set(), "the page says that it is no fault here"
            continue
        if not found and IN_SOURCE[fault.code] == "partly":
            pytest.skip(f"the source of this example does not show {fault.name}")
        assert found == {fault.code}, mode


@every_fault
@pytest.mark.parametrize("generation", GENERATIONS)
def test_good_example_is_not_found(fault: Fault, generation: str):
    """Source shows nothing wrong in the good example."""
    example = shown(fault, "good")
    for mode in example.modes:
        found = [
            diagnosis.message
            for diagnosis in suspects(program(example, mode, generation), generation)
        ]
        assert found == [], mode


def mend_of(fault: Fault, generation: str) -> str | None:
    """The bad example with every mend made that source allows; `None` without one."""
    bad = shown(fault, "bad")
    text = program(bad, bad.modes[0], generation)
    return mended(text, generation) if fault.find is not None else None


@every_fault
def test_mend_of_the_bad_example(fault: Fault):
    """It parses, leaves nothing to find, and gives the good example where it can."""
    bad, good = shown(fault, "bad"), shown(fault, "good")
    mode, generation = bad.modes[0], bad.generations[0]
    after = mend_of(fault, generation)
    if after is None:
        pytest.skip(f"{fault.name} is mended in words only")
    ast.parse(after)
    assert [found.message for found in suspects(after, generation)] == []
    if fault.name not in ANOTHER_MEND:
        wanted = program(good, mode if mode in good.modes else good.modes[0], generation)
        assert ast.unparse(ast.parse(after)) == ast.unparse(ast.parse(wanted))


@pytest.fixture(scope="session")
def runs(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Mapping[str, Any]:
    """What was diagnosed in the examples, run in one process a generation.

    Of all faults, or of those whose tests were chosen, as by `-k learning-rate-zero`.
    """
    folder = tmp_path_factory.mktemp("examples")
    chosen = {
        getattr(item.callspec.params.get("fault"), "name", item.callspec.params.get("name"))
        for item in request.session.items
        if isinstance(item, pytest.Function) and "runs" in item.fixturenames
    }
    processes = {}
    for generation in versions.generations():
        work = []
        for fault in (one for one in FAULTS if one.name in chosen):
            for kind in ("bad", "good"):
                example = shown(fault, kind)
                for mode in example.modes if generation in example.generations else ():
                    path = folder / _file(fault, kind, mode, generation)
                    text = versions.adapted(program(example, mode, generation))
                    path.write_text(text, encoding="utf-8")
                    work.append(str(path))
            bad = shown(fault, "bad")
            if fault.name in ANOTHER_MEND and generation in bad.generations:
                path = folder / _file(fault, "mended", bad.modes[0], generation)
                text = versions.adapted(mend_of(fault, generation) or "")
                path.write_text(text, encoding="utf-8")
                work.append(str(path))
        listing = folder / f"work_{generation}.json"
        listing.write_text(json.dumps(work), encoding="utf-8")
        processes[generation] = subprocess.Popen(
            [sys.executable, str(HERE / "example_runner.py"), str(listing), generation],
            stdout=subprocess.PIPE,
            stderr=(folder / f"stderr_{generation}.txt").open("w"),
            text=True,
            env=_environment(generation),
        )
    answers: dict[str, Any] = {}
    for generation, process in processes.items():
        out, _ = process.communicate(timeout=1500)
        if process.returncode or not out.strip():
            said = (folder / f"stderr_{generation}.txt").read_text(encoding="utf-8")
            pytest.fail(f"the runner of generation {generation} ended early:\n{said[-3000:]}")
        for path, answer in json.loads(out.strip().splitlines()[-1]).items():
            answers[Path(path).name] = answer
    return answers


def _here(name: str, generation: str) -> None:
    """Skips what is otherwise with the versions that are installed."""
    versions.skip_without(generation)
    versions.skip_if_otherwise(name, generation)


def _file(fault: Fault, kind: str, mode: str, generation: str) -> str:
    return f"{_module(fault)}_{kind}_{mode}_{generation}.py"


def _environment(generation: str) -> dict[str, str]:
    """The process's own environment, with the generation and little noise."""
    environment = dict(os.environ, TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="-1")
    environment.pop("TF_USE_LEGACY_KERAS", None)
    if generation == "2" and "3" in versions.generations():
        environment["TF_USE_LEGACY_KERAS"] = "1"
    return environment


@pytest.mark.tensorflow
@every_fault
@pytest.mark.parametrize("generation", GENERATIONS)
def test_bad_run_is_proven(fault: Fault, generation: str, runs: Mapping[str, Any]):
    """A watched run of the bad example proves its fault and no other."""
    _here(fault.name, generation)
    example = shown(fault, "bad")
    if fault.prove is None:
        pytest.skip(f"{fault.name} can't be proven yet")
    if generation not in example.generations:
        pytest.skip("the page says that it is no fault here")
    for mode in example.modes:
        answer = runs[_file(fault, "bad", mode, generation)]
        assert "failure" not in answer, answer["failure"]
        if fault.name in SHOWN_BY_SOURCE:
            assert answer["with source"] == [[fault.code, "suspected"]], (mode, answer)
            continue
        assert answer["codes"] == [fault.code], (mode, answer)
        assert answer["verdicts"] == ["proven"]
        assert answer["with source"] == [[fault.code, "proven"]], (mode, answer)


@pytest.mark.tensorflow
@every_fault
@pytest.mark.parametrize("generation", GENERATIONS)
def test_good_run_is_healthy(fault: Fault, generation: str, runs: Mapping[str, Any]):
    """A watched run of the good example proves nothing wrong."""
    _here(fault.name, generation)
    example = shown(fault, "good")
    for mode in example.modes if generation in example.generations else ():
        answer = runs[_file(fault, "good", mode, generation)]
        assert "failure" not in answer, answer["failure"]
        assert answer["crash"] is None
        assert answer["codes"] == [], (mode, answer)
        assert answer["with source"] == [], (mode, answer)


@pytest.mark.tensorflow
@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("name", sorted(set(ANOTHER_MEND) - NOTHING_TRAINS))
def test_mended_run_is_healthy(name: str, generation: str, runs: Mapping[str, Any]):
    """A watched run of the mended bad example proves nothing wrong."""
    _here(name, generation)
    fault = next(fault for fault in FAULTS if fault.name == name)
    example = shown(fault, "bad")
    if generation not in example.generations:
        pytest.skip("the page says that it is no fault here")
    answer = runs[_file(fault, "mended", example.modes[0], generation)]
    assert "failure" not in answer, answer["failure"]
    assert answer["crash"] is None
    assert answer["codes"] == [], answer
    assert answer["with source"] == [], answer
