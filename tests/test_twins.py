"""Programs as users write them, each beside its mended form: one is named, the other silent.

A line that ends with `# stuck` stands in the faulty program only, one with `# mended` in
the other. What is named has to stand near a line marked `# here`, or near `# stuck` if
nothing is marked so. A folder is a project of several files.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from commands import ask
from programs import CORPUS

TWINS = CORPUS / "twins"
SLACK = 3
"""Lines by which a place may miss the marked ones."""

FAULTS = {
    "gan_project": "GP403",
    "trainer_hierarchy": "GP201",
    "beta_schedule_closure": "GP601",
    "partial_loss": "GP702",
    "dict_of_models": "GP109",
    "sac_target": "GP707",
    "pinn_burgers": "GP205",
    "maml_sine": "GP210",
    "own_momentum": "GP402",
    "legacy_loss_scale": "GP505",
    "keras3_bare_in_build": "GP101 GP102",
    "regularizer_project": "GP703",
    "weighted_train_step": "GP704",
    "clip_lost": "GP513",
    "accumulate_no_reset": "GP506",
    "mirrored_mean": "GP511",
    "vae_numpy_sampling": "GP202",
    "binary_code_round": "GP203",
    "contrastive_distance": "GP303",
    "value_broadcast": "GP701",
    "head_in_call": "GP104",
    "ac_second_gradient": "GP213",
    "shared_adam": "GP417 GP407",
    "shared_encoder_twice": "GP110",
    "opaque_metric_loss": "GP204",
    "rebound_list": "GP207",
    "wgan_penalty": "GP210",
    "optimizer_in_tf_function": "GP409",
    "frozen_flip_after_trace": "GP106",
    "seq2seq_teacher": "GP202",
    "ppo_old_logits": "GP201",
    "byol_ema_zero": "GP707",
    "list_attr_plain_block": "GP102 GP109",
    "early_list_lazy_model": "GP103",
    "multi_optimizer_forgotten": "GP401",
    "vq_vae_argmin": "GP203",
    "dataclass_trainer": "GP403",
    "ensemble_shared_opt": "GP407 GP417",
}
"""Codes that may be given first."""

_MARK = re.compile(r"\s+# (stuck|mended|here)$")


def files(name: str) -> list[tuple[str, str]]:
    """The files of one program, with their marks."""
    folder = TWINS / name
    if not folder.is_dir():
        return [("train.py", folder.with_suffix(".py").read_text(encoding="utf-8"))]
    return [(one.name, one.read_text(encoding="utf-8")) for one in sorted(folder.iterdir())]


def twin(text: str, kind: str) -> tuple[str, dict[str, list[int]]]:
    """One of the two programs, and its marked lines."""
    other = "mended" if kind == "stuck" else "stuck"
    lines: list[str] = []
    marks: dict[str, list[int]] = {}
    for line in text.splitlines():
        mark = _MARK.search(line)
        if mark is not None and mark[1] == other:
            continue
        lines.append(line[: mark.start()] if mark is not None else line)
        if mark is not None:
            marks.setdefault(mark[1], []).append(len(lines))
    return "\n".join(lines) + "\n", marks


@pytest.fixture(scope="module")
def found(tmp_path_factory) -> dict[str, list[dict]]:
    """What `check` says about all of them in one run, by folder."""
    root = tmp_path_factory.mktemp("twins")
    for name in FAULTS:
        for kind in ("stuck", "mended"):
            (root / name / kind).mkdir(parents=True)
            for path, text in files(name):
                (root / name / kind / path).write_text(twin(text, kind)[0], encoding="utf-8")
    done = ask("check", "--format", "json", ".", cwd=root)
    answers: dict[str, list[dict]] = {}
    for one in json.loads(done.stdout)["diagnoses"]:
        if one["level"] != "advice":
            answers.setdefault(Path(one["place"]["path"]).parent.as_posix(), []).append(one)
    return answers


@pytest.mark.parametrize("name", FAULTS)
def test_stuck(found, name):
    """The fault is named first, at its line."""
    first = found[f"{name}/stuck"][0]
    assert first["code"] in FAULTS[name].split(), first
    path = Path(first["place"]["path"]).name
    marks = twin(dict(files(name))[path], "stuck")[1]
    lines = [*marks.get("here", ()), *marks.get("stuck", ())]
    assert any(abs(first["place"]["line"] - line) <= SLACK for line in lines), first


@pytest.mark.parametrize("name", FAULTS)
def test_mended(found, name):
    """The mended form is silent."""
    assert not found.get(f"{name}/mended")


def test_all_are_listed():
    """Every program has its codes."""
    assert {path.stem for path in TWINS.iterdir()} == set(FAULTS)
