"""TensorBoard and MLflow get what the record has, and read it back."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys

import pytest

from commands import STUCK, ask, refused
from gradproof.cli.report import report
from gradproof.cli.run import run
from gradproof.evidence.applies import Step, Update
from gradproof.exports import curves
from gradproof.record import Passage

HOSTILE = 'raise SystemExit("this is the program\'s own module")\n'
PROGRAM = (
    STUCK.replace('name="code"', 'name="co_de"')
    + """
# ``` <script>alert(1)</script>
import os, sys
os.chdir("/")
print(sorted(set(sys.modules) & {"mlflow", "tensorboard.summary"}))
"""
)


@pytest.fixture(scope="module")
def exported(nursery, tmp_path_factory):
    """One run that was handed to both; the folder, and how it ended."""
    pytest.importorskip("mlflow")
    folder = tmp_path_factory.mktemp("exported")
    (folder / "train.py").write_text(PROGRAM)
    for name in ("tensorboard", "mlflow", "alembic"):
        (folder / f"{name}.py").write_text(HOSTILE)
    wishes = ["--tensorboard", "logs", "--mlflow", "sqlite:///kept.db"]
    done = nursery.run(["gradproof", "run", "--record", "one.sqlite", *wishes, "train.py"], folder)
    return folder, done


def _rows(folder):
    done = ask("report", "one.sqlite", "--format", "csv", cwd=folder)
    return list(csv.DictReader(io.StringIO(done.stdout)))


@pytest.mark.tensorflow
def test_tensorboard_reads_it(exported):
    """Scalars are those of the record; the diagnosis is a text, harmless as it is."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    folder, done = exported
    assert done.status == 1
    assert "gradproof: written for TensorBoard: logs/one" in done.stderr.replace(os.sep, "/")
    assert done.stdout.strip() == "[]"
    found = EventAccumulator(str(folder / "logs" / "one"), size_guidance={"scalars": 0})
    found.Reload()
    tags = found.Tags()
    assert {"loss", "learning_rate"} <= set(tags["scalars"])
    rows = _rows(folder)
    kernel = next(row["variable"] for row in rows if row["variable"].endswith("kernel"))
    for tag, column in ((f"gradient_norm/{kernel}", "gradient_norm"), ("loss", "loss")):
        shown = [(one.step, one.value) for one in found.Scalars(tag)]
        kept = [(int(row["step"]), float(row[column])) for row in rows if row["variable"] == kernel]
        assert [step for step, _ in shown] == [step for step, _ in kept] == [1, 2, 3]
        assert [value for _, value in shown] == pytest.approx([value for _, value in kept])
    ratio = [one.value for one in found.Scalars(f"change_over_value/{kernel}")]
    asked = [
        float(row["change_norm"]) / float(row["value_norm"])
        for row in rows
        if row["variable"] == kernel
    ]
    assert ratio == pytest.approx(asked)
    (spread,) = tags["histograms"]
    assert sum(found.Histograms(spread)[0].histogram_value.bucket) >= 1
    (text,) = [tag for tag in tags["tensors"] if "GP403" in tag]
    words = found.Tensors(text)[0].tensor_proto.string_val[0].decode()
    assert "error[GP403]" in words
    assert all(line.startswith("    ") or not line for line in words.splitlines())


@pytest.mark.tensorflow
def test_mlflow_has_it(exported):
    """Metrics, parameters and the report, in a local database."""
    folder, done = exported
    assert "gradproof: logged with MLflow: run one in sqlite:///kept.db" in done.stderr
    code = """
import sys; sys.path.remove("")
import mlflow
mlflow.set_tracking_uri("sqlite:///kept.db")
client = mlflow.MlflowClient()
(run,) = client.search_runs(["0"])
print(run.data.params["gradproof.program"], run.data.tags["gradproof.faults"], run.info.status)
print([one.step for one in client.get_metric_history(run.info.run_id, "loss")])
print(sum(name.startswith("gradient_norm/") for name in run.data.metrics) > 0)
print(len(mlflow.artifacts.load_text(run.info.artifact_uri + "/gradproof/report.html")) > 10000)
print(mlflow.artifacts.load_text(run.info.artifact_uri + "/gradproof/report.txt"))
"""
    read = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"},
        capture_output=True,
        text=True,
    )
    lines = read.stdout.splitlines()
    assert lines[:4] == ["train.py GP403 FINISHED", "[1, 2, 3]", "True", "True"], read.stderr
    assert any(line.startswith("error[GP403]") for line in lines)


@pytest.mark.tensorflow
def test_again_from_the_record(exported):
    """The same from the record replaces what was there; a file in the way is told."""
    folder, _ = exported
    (folder / "taken").write_text("")
    here = ["report", "one.sqlite", "--exit-zero", "--tensorboard"]
    assert ask(*here, "logs", cwd=folder).returncode == 0
    assert len(list((folder / "logs" / "one").iterdir())) == 1
    done = ask(*here, "taken", "--output", os.devnull, cwd=folder)
    assert refused(done) == "taken/one: can't be written (not a directory)"


@pytest.mark.parametrize("package", ["tensorboard", "mlflow"])
def test_a_package_that_is_missing(package, tmp_path):
    """Is told in a sentence, and the program does not begin."""
    (tmp_path / "train.py").write_text("print('begun')\n")
    wish = {"tensorboard": ["--tensorboard", "logs"], "mlflow": ["--mlflow"]}[package]
    code = (
        f"import sys; sys.modules[{package!r}] = None; from gradproof.cli import main; "
        f"main(['run', *{wish!r}, 'train.py'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert f"pip install 'gradproof[{package}]'" in refused(done)


def test_without_a_record(tmp_path):
    """Both are made of it."""
    done = ask("run", "--no-record", "--mlflow", "train.py", cwd=tmp_path)
    assert done.returncode == 2
    assert "leave --no-record out" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "store", "rest"),
    [
        (["--mlflow", "train.py", "--mlflow", "x://y"], "", ["train.py", "--mlflow", "x://y"]),
        (["--mlflow", "file:///a", "train.py"], "file:///a", ["train.py"]),
        (["--mlflow=./store", "train.py"], "./store", ["train.py"]),
        (["--steps", "3", "--mlflow", "--verbose", "train.py"], "", ["train.py"]),
        (["--record", "--mlflow", "train.py", "x"], None, ["train.py", "x"]),
        (["train.py"], None, ["train.py"]),
    ],
)
def test_a_store_may_be_named(arguments, store, rest):
    """Only a URI is taken for one; what follows the program is the program's."""
    context = run.make_context("run", list(arguments))
    assert context.params["mlflow"] == store
    assert list(context.params["program"]) == rest


def test_a_store_beside_a_record():
    """`report` has its options on both sides of the record."""
    for arguments in (["one.sqlite", "--mlflow"], ["--mlflow", "one.sqlite"]):
        context = report.make_context("report", arguments)
        assert (context.params["run"], context.params["mlflow"]) == ("one.sqlite", "")


class _Record:
    def __init__(self, *passages: Passage) -> None:
        self.passages = passages

    def steps(self, most):
        return iter(self.passages)


def _passage(apply: int, index: int, line: int, loss: float) -> Passage:
    updates = (Update(1, 1.0, 2.0, 0.02), Update(2, None, 0.0, 0.0))
    return Passage(Step(index, apply, updates, loss, 0.1), "Adam", "t.py", line, ("w", "b"))


def test_one_place_has_short_names():
    """Nothing to tell apart; what is not known is left out."""
    found = curves.numbers(_Record(_passage(1, 1, 9, 0.5), _passage(1, 2, 9, 0.25)))
    assert [one.name for one in found.curves] == [
        "learning_rate",
        "loss",
        "change_over_value/w",
        "gradient_norm/w",
    ]
    assert found.curves[1].values == [0.5, 0.25]
    assert found.spreads[0].ratios == pytest.approx((-2.0,))


def test_two_places_are_told_apart():
    """Their curves would go to and fro as one."""
    found = curves.numbers(_Record(_passage(1, 1, 9, 0.5), _passage(2, 1, 12, 0.7)))
    names = [one.name for one in found.curves]
    assert "loss/Adam_line_9" in names
    assert "loss/Adam_line_12" in names
    assert all(one.steps == [1] for one in found.curves)
