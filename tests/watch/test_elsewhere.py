"""Programs that train past all that is watched: the report says so."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from gradproof.watching.tensorflow.elsewhere import Elsewhere
from nursery import Nursery

SESSION = """
import tensorflow.compat.v1 as tf

with tf.Graph().as_default(), tf.Session() as session:
    weight = tf.get_variable("weight", initializer=2.0)
    train = tf.train.GradientDescentOptimizer(0.1).minimize(tf.square(weight))
    session.run(tf.global_variables_initializer())
    for _ in range(3):
        session.run(train)
    print(session.run(weight))
"""


@pytest.mark.tensorflow
def test_a_session(nursery: Nursery, tmp_path: Path):
    """It goes on as it would, and its runs are counted."""
    (tmp_path / "old.py").write_text(SESSION)
    done = nursery.run(["gradproof", "run", "old.py"], tmp_path)
    assert done.status == 0
    assert abs(float(done.stdout) - 2.0 * 0.8**3) < 1e-6
    assert "not watched: 5 runs of a `tf.compat.v1.Session`" in done.stderr
    assert "did not move" not in done.stderr


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_another_framework_under_keras(backend: str, monkeypatch: pytest.MonkeyPatch):
    """Steps that Keras 3 makes with it are not taken for TensorFlow's."""
    config = SimpleNamespace(backend=lambda: backend)
    monkeypatch.setitem(sys.modules, "keras.src.backend.config", config)
    elsewhere = Elsewhere()
    assert not elsewhere.computes("tensorflow")
    assert not elsewhere.computes("tf_keras.src.engine.training")
    assert elsewhere.record() == []
    assert elsewhere.computes("keras.src.optimizers.base_optimizer")
    assert elsewhere.record() == [f"what Keras computes with {backend}: only TensorFlow is seen"]
    config.backend = lambda: "tensorflow"
    assert not elsewhere.computes("keras.src.optimizers.base_optimizer")
