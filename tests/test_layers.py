"""Imports go downwards only, and importing gradproof is light."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "src" / "gradproof"
LAYERS = (
    ("finding", "harmless", "needs", "task", "words", "detached", "interrupts"),
    ("evidence", "editing", "files"),
    ("fault",),
    (
        "source",
        "watching",
        "faults",
        "answer",
        "cell_places",
        "executed",
        "collecting",
        "generation",
        "suppression",
        "outcome",
        "contrast",
        "own_state",
        "confirming",
    ),
    ("plain",),
    ("diagnose", "standing", "account", "report", "explain", "record", "config", "baseline"),
    (
        "api",
        "exports",
        "check",
        "checking",
        "cache",
        "reading",
        "launch",
        "mending",
        "running",
        "serving",
        "showing",
        "live",
        "beside",
        "proof",
        "trying",
        "comparing",
        "comparison",
        "pairing",
        "gradients",
        "joining",
        "conformance",
    ),
    ("cli", "__main__", "pytest_plugin", "keras_callback", "notebook"),
)
"""From the lowest; what stands in one layer does not import its neighbours."""

NEIGHBOURS = {
    ("api", "reading"),
    ("api", "check"),
    ("api", "checking"),
    ("check", "checking"),
    ("check", "cache"),
    ("check", "reading"),
    ("cache", "checking"),
    ("checking", "cache"),
    ("checking", "reading"),
    ("checking", "mending"),
    ("api", "launch"),
    ("api", "mending"),
    ("api", "running"),
    ("running", "joining"),
    ("running", "launch"),
    ("mending", "reading"),
    ("outcome", "answer"),
    ("contrast", "answer"),
    ("pairing", "mending"),
    ("checking", "mending"),
    ("live", "api"),
    ("live", "checking"),
    ("live", "reading"),
    ("proof", "beside"),
    ("proof", "live"),
    ("proof", "trying"),
    ("trying", "live"),
    ("comparing", "live"),
    ("comparison", "comparing"),
    ("__main__", "cli"),
}
"""Plain modules of one layer that may meet; folders never do."""

FRAMEWORKS = {"tensorflow", "keras", "tf_keras", "torch", "jax"}
FILES = sorted(ROOT.rglob("*.py"))


def layer(part: str) -> int:
    """Number of the layer of a module or folder right below the package."""
    return next(number for number, parts in enumerate(LAYERS, 1) if part in parts)


def part_of(path: Path) -> str:
    """The module or folder right below the package in which a file lies."""
    first = path.relative_to(ROOT).parts[0]
    return first.removesuffix(".py")


def imports(path: Path) -> list[str]:
    """Absolute names of everything that a file imports, anywhere in it."""
    package = ["gradproof", *path.relative_to(ROOT).parts[:-1]]
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            base += [node.module] if node.module else []
            found += [".".join([*base, alias.name]) for alias in node.names]
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_downwards(path):
    """A part imports lower layers and itself; the package gives its version."""
    part = part_of(path)
    if part == "__init__":
        return
    for name in imports(path):
        if not name.startswith("gradproof."):
            continue
        other = name.split(".")[1]
        if other in (part, "__version__"):
            continue
        allowed = layer(other) < layer(part) or (part, other) in NEIGHBOURS
        assert allowed, f"{part} (layer {layer(part)}) imports {other} (layer {layer(other)})"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_only_the_watcher_knows_frameworks_and_only_the_reader_syntax(path):
    """`ast` in `source`, TensorFlow and Keras in `watching/tensorflow`."""
    for name in imports(path):
        top = name.split(".")[0]
        if top == "ast":
            assert part_of(path) == "source"
        if top in FRAMEWORKS:
            assert path.relative_to(ROOT).parts[:2] == ("watching", "tensorflow")


@pytest.mark.parametrize("path", sorted((ROOT / "faults").glob("*.py")), ids=lambda path: path.stem)
def test_one_fault_knows_no_other(path):
    """Faults meet in the tuple only."""
    if path.stem == "__init__":
        return
    names = [name for name in imports(path) if name.startswith("gradproof.faults.")]
    assert not names


def loaded_by(statement: str) -> set[str]:
    """Modules that a fresh interpreter has loaded after a statement."""
    code = f"import sys; {statement}\nprint('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "statement",
    ["import gradproof", "import gradproof.cli", "import gradproof.api, gradproof.faults"],
)
def test_importing_is_light(statement):
    """No framework, no numpy, nothing that only pages need, whatever front door is used."""
    assert not loaded_by(statement) & {*FRAMEWORKS, "numpy", "jinja2", "markdown_it"}


def test_the_package_itself_loads_nothing():
    """`import gradproof` alone brings none of its parts."""
    assert not {name for name in loaded_by("import gradproof") if name.startswith("gradproof.")}


@pytest.mark.parametrize("ask", ["--no-cache", "to keep", "kept"])
def test_reading_loads_nothing_of_a_run(ask, tmp_path, monkeypatch):
    """`check` starts without the records that only a run fills, with its cache and without."""
    monkeypatch.setenv("GRADPROOF_HOME", str(tmp_path))
    program = min((ROOT.parent.parent / "examples" / "stuck").glob("*.py"))
    words = ["check", "--exit-zero", *([ask] if ask == "--no-cache" else []), str(program)]
    statement = (
        f"sys.argv = ['gradproof', *{words}]; from contextlib import suppress;"
        " from gradproof.cli import main\nwith suppress(SystemExit): main()\nprint('and loaded:')"
    )
    for _ in range(2 if ask == "kept" else 1):
        loaded = loaded_by(statement)
    parts = {name for name in loaded if name.startswith("gradproof.evidence.")}
    assert parts <= {"gradproof.evidence.loop", "gradproof.evidence.operations"}
    assert {"gradproof.check", "gradproof.report.text"} <= loaded
    assert not {name for name in loaded if name.startswith(("gradproof.watching", "gradproof.rec"))}
    if ask == "kept":
        assert not parts - {"gradproof.evidence.operations"}
        assert "gradproof.source" not in loaded
    # Those of the faults that were found, and no others.
    mends = {name for name in loaded if name.startswith("gradproof.source.mends.")}
    assert len(mends - {"gradproof.source.mends.draft", "gradproof.source.mends.reach"}) <= 3
    # OpenSSL takes as long as forty faults.
    assert ("_hashlib" in loaded) == (ask != "--no-cache")


def test_no_two_test_files_share_a_name():
    """They are told apart by their names alone."""
    names = [path.name for path in Path(__file__).parent.rglob("test_*.py")]
    assert sorted(set(names)) == sorted(names)
