"""What optimizers of both Keras generations do, beside what their rules say."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gradproof.watching.tensorflow.tapes import Tapes
from programs import SECONDS, environment

HERE = Path(__file__).parent
OPTIMIZERS = {
    "sgd": "O.SGD(0.1)",
    "momentum": "O.SGD(0.1, momentum=0.9)",
    "nesterov": "O.SGD(0.1, momentum=0.9, nesterov=True, clipnorm=0.05)",
    "rmsprop": "O.RMSprop(0.01)",
    "centered": "O.RMSprop(0.01, centered=True, momentum=0.9)",
    "adam": "O.Adam(0.01, global_clipnorm=0.1)",
    "amsgrad": "O.Adam(0.01, amsgrad=True, clipvalue=0.01)",
    "adamw": "O.AdamW(0.01, weight_decay=0.1)",
    "adamax": "O.Adamax(0.01)",
    "nadam": "O.Nadam(0.01)",
    "adagrad": "O.Adagrad(0.01)",
    "adadelta": "O.Adadelta(1.0)",
    "adafactor": "O.Adafactor(0.01)",
    "ftrl": "O.Ftrl(0.1, l1_regularization_strength=0.001)",
    "lion": "O.Lion(0.01)",
    "schedule": "O.Adam(O.schedules.ExponentialDecay(0.1, 1, 0.5))",
    "averaged": "O.Adam(0.1, use_ema=True)",
    "scaled": "keras.mixed_precision.LossScaleOptimizer(O.Adam(0.01))",
}
OF_KERAS_3 = {
    "lamb": "O.Lamb(0.01)",
    "muon": "O.Muon(0.01)",
    "accumulated": "O.Adam(0.1, gradient_accumulation_steps=2)",
}
UNTOLD = {"adafactor"}
"""Rules whose state does not tell the gradient: traced steps are not audited."""

OTHERWISE = {("traced", "nadam", 2)}
"""tf-keras 2.21 warms Nadam's momentum up once a variable in traced steps, not once a step."""


def optimizers(generation: int) -> dict[str, str]:
    """Those that a generation has."""
    return OPTIMIZERS | (OF_KERAS_3 if generation == 3 else {})


@cache
def audited(generation: int) -> Any:
    """Agreement of each audited step, by mode and optimizer."""
    done = subprocess.run(
        [sys.executable, str(HERE / "audited.py"), json.dumps(optimizers(generation))],
        env=environment(generation),
        timeout=SECONDS,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.tensorflow
@pytest.mark.slow
@pytest.mark.parametrize("generation", [3, 2])
@pytest.mark.parametrize("mode", ["eager", "traced"])
def test_every_optimizer_moves_as_its_rule_says(mode: str, generation: int) -> None:
    """The first audited steps of every optimizer agree with its formula."""
    found = audited(generation)
    assert found["problem"] is None
    for name in optimizers(generation):
        agreed = found[mode][name]
        assert agreed, (mode, name)
        if (mode, name, generation) in OTHERWISE:
            continue
        wanted = (True, None) if mode == "traced" and name in UNTOLD else (True,)
        # What Muon leaves to Adam shows in its state, which the first step makes.
        first = 4 if name == "muon" and mode == "eager" else 0
        assert all(one in wanted for one in agreed[first:]), (mode, name, agreed)


def test_gradients_of_single_rows():
    """What was taken of a table is known as well as a dense gradient, if its shape is."""
    dense = SimpleNamespace(numpy=None)
    rows = SimpleNamespace(values=dense, dense_shape=(3, 2))
    anywhere = SimpleNamespace(values=dense, dense_shape=None)
    symbolic = SimpleNamespace(values=SimpleNamespace(), dense_shape=(3, 2))
    latest: Any = SimpleNamespace(
        latest=dict(enumerate((dense, rows, anywhere, symbolic))), _lit=4, steps=4
    )
    taken = [Tapes.taken_now(latest, key) for key in range(5)]
    assert taken == [dense, rows, None, None, None]
