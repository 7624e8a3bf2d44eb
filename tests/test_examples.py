"""The examples are what they say: stuck ones are found, right ones are silent and proven."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import versions
from gradproof.fault import STAGES
from gradproof.faults import FAULTS
from nursery import Done, Nursery
from programs import ask

EXAMPLES = Path(__file__).parent.parent / "examples"
RIGHT = sorted((EXAMPLES / "right").glob("*.py"))
STUCK = {
    "accumulation": "wrong-accumulation",
    "clipping": "clipping-dropped",
    "custom_optimizer_keras3": "python-state-frozen-at-trace",
    "dqn": "target-copy-wrong",
    "fine_tuning": "trainable-flip-ignored",
    "mirrored_strategy": "replica-loss-scale",
    "mixed_precision": "loss-scale-generation-mix",
    "policy_gradient": "shape-broadcast",
    "rnn": "data-iterator-spent",
    "spiral": "mispaired-gradients",
    "straight_through": "nondifferentiable-op",
    "vae": "python-state-frozen-at-trace",
    "warmup": "python-state-frozen-at-trace",
    "wgan_gp": "inner-gradient-not-recorded",
}
"""The fault that each stuck example stands for."""

UNMEASURED = {"custom_optimizer_keras3", "fine_tuning", "rnn", "vae"}
"""Stuck examples whose fault is read in the source: no update shows it."""

STEPS = {
    "accumulation": "lambda *one: (add(*one), update() if next(calls) % EVERY == 0 else None)[0], "
    "*next(iter(batches))",
    "bare_variables": "step, points, labels",
    "clipping": "step, sequences, sums",
    "contrastive": "step, batch",
    "custom_optimizer_keras2": "step, x[:64], y[:64]",
    "custom_optimizer_keras3": "step, x[:64], y[:64]",
    "dqn": "step, *batch",
    "ema": "step, x, y",
    "fine_tuning": "step, small_x, small_y",
    "gan": "step, real",
    "maml": "step, shown_x, shown_y, asked_x, asked_y",
    "mirrored_strategy": "step, *next(iter(strategy.experimental_distribute_dataset(batches)))",
    "mixed_precision": "step, *next(iter(batches))",
    "mixed_precision_keras2": "step, *next(iter(batches))",
    "module_by_hand": "step",
    "pinn": "step",
    "policy_gradient": "step, visitors, shown, rewards - 0.5",
    "rnn": "step, *next(iter(batches))",
    "sgd_momentum": "steps['momentum'], x, y",
    "spiral": "(trainer := Trainer(SpiralNet())).step, points[:64], arm[:64]",
    "straight_through": "step, x[:64], y[:64]",
    "traced_step": "step, *next(iter(batches))",
    "train_step": "model.train_step, data[:32]",
    "two_optimizers": "step, user[:64], film[:64], liked[:64]",
    "vae": "step, data[:64]",
    "warmup": "step, *batch",
    "wgan_gp": "critic_step, ring(64)",
}
"""How the step of an example is called once the program has run."""

WHOLE = {
    "dqn": "lambda *one: (step(*one), target.set_weights(online.get_weights()))[0], *batch",
    "policy_gradient": "step, visitors, shown, (rewards - 0.5)[:, None]",
    "rnn": "lambda: step(*next(rounds))",
}
"""Calls of stuck examples whose fault lies beside their function `step`."""

LOOPS = {"actor_critic": "step, 1", "plain_loop": "step, 1"}
"""Examples whose step is the body of a loop, and how that is called as a function."""

PROGRESS = {
    "actor_critic": r"episode \d+: ([\d.]+) steps",
    "gan": r"critic ([\d.]+)",
    "train_step": r"([\d.]+)(?=[,\]])",
    "wgan_gp": r"off the ring by ([\d.]+)",
}
"""The number that goes down, where it is not a loss."""

PROVE = """
import ast, itertools, runpy
import gradproof
names = runpy.run_path("{name}.py", run_name="__main__")
if {loop}:
    tree = ast.parse(open("{name}.py").read())
    loop = [one for one in tree.body if isinstance(one, ast.For)][-1]
    step = ast.parse("def step(" + loop.target.id + "): return loss").body[0]
    step.body[:0] = loop.body
    tree = ast.fix_missing_locations(ast.Module([step], []))
    exec(compile(tree, names["__file__"], "exec"), names)
proof = eval("prove({call})", {{"calls": itertools.count(1), **names, "prove": gradproof.prove}})
"""

HOLDS = """
assert proof, proof
print("proven in", proof.steps, "steps")
"""

LOST = """
assert not proof, proof
print(proof)
print(*(one.fault.stage for one in proof.diagnoses), *(row.lost_at for row in proof.rows))
"""


def proving(name: str, call: str, then: str) -> str:
    """A program that runs an example, proves its step, and says what came of it."""
    return PROVE.format(name=name, call=call, loop=name in LOOPS) + then


def generations(name: str) -> tuple[int, ...]:
    """Reads from an example's name for which Keras it is; both by default."""
    found = re.search(r"_keras([23])$", name)
    if name == "mixed_precision":
        return (3,)
    return (int(found[1]),) if found else (3, 2)


QUICK = {
    "bare_variables",
    "custom_optimizer_keras3",
    "dqn",
    "fine_tuning",
    "gan",
    "maml",
    "mirrored_strategy",
    "mixed_precision",
    "pinn",
    "rnn",
    "sgd_momentum",
    "traced_step",
    "train_step",
    "wgan_gp",
}
"""Runs that stay in the everyday suite, in Keras 3."""

EACH = [
    pytest.param(
        path.stem,
        generation,
        id=f"{path.stem}-keras{generation}",
        marks=() if generation == 3 and path.stem in QUICK else pytest.mark.slow,
    )
    for path in RIGHT
    for generation in generations(path.stem)
]


@pytest.fixture(scope="module")
def legacy() -> Iterator[Nursery]:
    """Runs programs in which `tf.keras` is tf-keras."""
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    try:
        running = Nursery().__enter__()
    finally:
        del os.environ["TF_USE_LEGACY_KERAS"]
    yield running
    running.__exit__()


@pytest.fixture
def forked(request, tmp_path, generation):
    """Runs a command beside a copy of an example, without importing TensorFlow anew."""
    name = request.getfixturevalue("name")
    if generations(name) == (3,):
        versions.skip_without("3")
    versions.skip_if_otherwise(name, str(generation))
    nursery = request.getfixturevalue("nursery" if generation == 3 else "legacy")

    def run(path: Path, command: list[str]) -> Done:
        shutil.copy(path, tmp_path)
        return nursery.run(command, tmp_path)

    return run


def test_every_example_is_in_the_table():
    """With stages that there are, faults that there are, and its stuck twin."""
    table = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    rows = {
        found[1]: [cell.strip() for cell in line.strip("|").split("|")]
        for line in table.splitlines()
        if (found := re.match(r"\| \[(\w+)\]\(right/\1\.py\) \|", line))
    }
    assert set(rows) == {path.stem for path in RIGHT}
    names = {fault.name for fault in FAULTS}
    for name, (_, what, stages, wrong) in rows.items():
        assert set(stages.split(", ")) <= set(STAGES), name
        (fault,) = re.findall(r"`([a-z0-9-]+)`$", wrong)
        assert fault in names, name
        assert (f"[stuck](stuck/{name}.py)" in what) == (name in STUCK), name
        assert STUCK.get(name, fault) == fault


def test_every_stuck_example_is_listed():
    """Each has a fault that it stands for, and a right twin."""
    names = {path.stem for path in (EXAMPLES / "stuck").glob("*.py")}
    assert names == set(STUCK)
    assert names <= {path.stem for path in RIGHT}


def test_every_right_example_has_its_step_proven():
    """None is left out."""
    assert {path.stem for path in RIGHT} == set(STEPS) | set(LOOPS)


@pytest.mark.parametrize("path", RIGHT, ids=lambda path: path.stem)
def test_examples_teach(path):
    """They begin with a text, and are read in two minutes."""
    text = path.read_text(encoding="utf-8")
    assert text.startswith('"""')
    assert len(text.splitlines()) <= 90


def test_right_examples_read_well():
    """Nothing is seen in their source, not even something to advise."""
    answer = ask("check", EXAMPLES / "right")
    assert [one for one in answer.diagnoses if one["fault"] != "uncompiled-step"] == []


@pytest.mark.tensorflow
@pytest.mark.parametrize(("name", "generation"), EACH)
def test_right_examples_run_well(name, generation, forked, tmp_path):
    """No fault is found when they run, their steps were watched, and they learn."""
    command = ["gradproof", "run", "--format", "json", "--output", "answer.json", f"{name}.py"]
    done = forked(EXAMPLES / "right" / f"{name}.py", command)
    assert done.status == 0, done.stderr[-2000:]
    answer = json.loads((tmp_path / "answer.json").read_text(encoding="utf-8"))
    assert [one for one in answer["diagnoses"] if one["level"] != "advice"] == []
    assert answer["summary"]["steps"] > 0
    numbers = re.findall(PROGRESS.get(name, r"loss (-?[\d.]+)"), done.stdout)
    assert float(numbers[-1]) < float(numbers[0]), done.stdout


@pytest.mark.tensorflow
@pytest.mark.slow
@pytest.mark.parametrize(("name", "generation"), EACH)
def test_right_examples_are_proven(name, generation, forked, tmp_path):
    """`gradproof.prove` is true of the step of each."""
    call = (STEPS | LOOPS)[name]
    (tmp_path / "driver.py").write_text(proving(name, call, HOLDS))
    done = forked(EXAMPLES / "right" / f"{name}.py", ["python", "driver.py"])
    assert done.status == 0, done.stderr[-3000:]
    assert "proven in" in done.stdout


@pytest.mark.tensorflow
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "generation"),
    [(name, generation) for name in sorted(STUCK) for generation in generations(name)],
)
def test_stuck_examples_do_not_hold(name, generation, forked, tmp_path):
    """`gradproof.prove` is not true of the step, and names the stage."""
    call = WHOLE.get(name, STEPS[name])
    (tmp_path / "driver.py").write_text(proving(name, call, LOST))
    done = forked(EXAMPLES / "stuck" / f"{name}.py", ["python", "driver.py"])
    assert done.status == 0, done.stderr[-3000:]
    if name == "rnn":
        # An iterator that is spent lies outside of what a step can show.
        assert "the step raised StopIteration" in done.stdout
        return
    stage = next(one.stage for one in FAULTS if one.name == STUCK[name])
    assert stage in done.stdout.splitlines()[-1].split(), done.stdout


@pytest.mark.tensorflow
@pytest.mark.parametrize("generation", [3])
@pytest.mark.parametrize("name", STUCK)
def test_stuck_examples_are_found(name, generation, forked, tmp_path):
    """The first diagnosis is the fault, and it is proven where updates show it."""
    command = ["gradproof", "run", "--format", "json", "--output", "answer.json", f"{name}.py"]
    done = forked(EXAMPLES / "stuck" / f"{name}.py", command)
    assert done.status == 1, done.stderr[-2000:]
    first = json.loads((tmp_path / "answer.json").read_text(encoding="utf-8"))["diagnoses"][0]
    assert first["fault"] == STUCK[name]
    assert first["verdict"] == ("suspected" if name in UNMEASURED else "proven")
