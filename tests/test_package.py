"""What is handed on: the wheel and the source archive, and the wheel without TensorFlow."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_string
from importlib.metadata import distribution
from pathlib import Path

import pytest

import gradproof
from commands import STUCK

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
USER = """\
import gradproof

def step(x: float) -> float:
    return x

proof: gradproof.Proof = gradproof.prove(step, 1.0, gradients=True)
if not proof:
    raise SystemExit(str(proof))
with gradproof.watch() as run:
    step(2.0)
watched: gradproof.Watched = run
version: str = gradproof.__version__
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The wheel, built from the source archive as a packager does."""
    pytest.importorskip("build")
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return {path.suffix: path for path in folder.iterdir()}


@pytest.fixture(scope="module")
def unpacked(built: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel and what it needs, and nothing else: no TensorFlow, no NumPy."""
    folder = tmp_path_factory.mktemp("site")
    zipfile.ZipFile(built[".whl"]).extractall(folder)
    for name in ("click", "rich", "pathspec", "jinja2", "markdown-it-py", *_BELOW):
        found = distribution(name)
        for top in {path.parts[0] for path in found.files or () if ".." not in path.parts}:
            source = Path(str(found.locate_file(top)))
            if source.is_dir():
                shutil.copytree(source, folder / top, dirs_exist_ok=True)
    return folder


_BELOW = ("markupsafe", "mdurl", "pygments")


def _gradproof(site: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    program = f"import sys; sys.path[:0] = [{str(site)!r}]; from gradproof.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-S", "-E", "-s", "-c", program, *arguments],
        cwd=cwd,
        env={**os.environ, "GRADPROOF_HOME": str(cwd / ".gradproof")},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_wheel(built: dict[str, Path]):
    """The package, its data and licences; the version and the extras from one place each."""
    names = zipfile.ZipFile(built[".whl"]).namelist()
    package = {
        f"gradproof/{path.relative_to(ROOT / 'src' / 'gradproof').as_posix()}"
        for path in (ROOT / "src" / "gradproof").rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert {name for name in names if ".dist-info/" not in name} == package
    assert "gradproof/py.typed" in package
    info = f"gradproof-{gradproof.__version__}.dist-info"
    assert f"{info}/licenses/LICENSE" in names
    metadata = message_from_string(
        zipfile.ZipFile(built[".whl"]).read(f"{info}/METADATA").decode("utf-8")
    )
    assert metadata["Version"] == gradproof.__version__
    assert metadata["License-Expression"] == "MIT"
    table = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert "version" not in table
    assert set(metadata.get_all("Provides-Extra")) == set(table["optional-dependencies"])


def test_source_archive(built: dict[str, Path]):
    """Sources, tests and documents; no cache, no environment, no record of a run."""
    with tarfile.open(built[".gz"]) as archive:
        names = [name.split("/", 1)[1] for name in archive.getnames()]
    tops = {name.split("/", 1)[0] for name in names}
    assert {"src", "tests", "docs", "CHANGELOG.md", "LICENSE", "SECURITY.md"} <= tops
    junk = {"__pycache__", ".venv", ".gradproof", ".pytest_cache", ".git", "dist"}
    assert [name for name in names if junk & set(name.split("/")) or name.endswith(".pyc")] == []


def test_changes_name_the_version():
    """The newest part of the changes is about this version."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    first = next(line for line in text.splitlines() if line.startswith("## "))
    assert first.split()[1] == gradproof.__version__


def test_without_tensorflow(unpacked: Path, tmp_path: Path):
    """`check` and `explain` work; what runs programs says in a sentence what it lacks."""
    (tmp_path / "stuck.py").write_text(STUCK, encoding="utf-8")
    checked = _gradproof(unpacked, "check", "--no-cache", "stuck.py", cwd=tmp_path)
    assert checked.returncode == 1, checked.stderr
    assert "GP403" in checked.stdout
    assert _gradproof(unpacked, "explain", "GP403", cwd=tmp_path).returncode == 0
    for words in (
        ("run", "stuck.py"),
        ("fix", "--prove", "stuck.py"),
        ("compare", "stuck.py", "stuck.py"),
    ):
        ran = _gradproof(unpacked, *words, cwd=tmp_path)
        assert ran.returncode == 2, words
        assert ran.stdout == "", words
        (sentence,) = ran.stderr.splitlines()
        assert sentence.startswith("gradproof: TensorFlow is not installed here"), words


@pytest.mark.parametrize(
    "call",
    ["prove(print)", "compare(print, print)", "check_gradient(print)", "check_optimizer(print)"],
)
def test_functions_without_tensorflow(unpacked: Path, call: str):
    """What runs a step says in a sentence what it lacks."""
    name = call.split("(")[0]
    program = f"import sys; sys.path[:0] = [{str(unpacked)!r}]; import gradproof; gradproof.{call}"
    done = subprocess.run(
        [sys.executable, "-S", "-E", "-s", "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
    )
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith(f"ImportError: `gradproof.{name}` runs TensorFlow code"), done.stderr


def test_typed_for_users(tmp_path: Path):
    """`mypy --strict` accepts a right use of the public names, and refuses a wrong one."""
    pytest.importorskip("mypy")
    (tmp_path / "user.py").write_text(USER, encoding="utf-8")
    wrong = USER.replace("gradients=True", "gradients='yes'")
    (tmp_path / "wrong.py").write_text(wrong, encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir", ".cache"]
    done = subprocess.run(
        [*command, "user.py", "wrong.py"], cwd=tmp_path, capture_output=True, text=True, timeout=240
    )
    (line,) = [line for line in done.stdout.splitlines() if "error" in line and ":" in line]
    assert line.startswith("wrong.py:")
    assert line.endswith("[arg-type]")
