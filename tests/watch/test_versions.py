"""Another version of TensorFlow: what is not there is said, and the rest is watched."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from gradproof.watching.tensorflow.layers import _asked_for
from gradproof.watching.tensorflow.versions import TRIED, remark
from nursery import Nursery

OPTIONAL = {
    "LossScaleOptimizer.apply_gradients",
    "ResourceVariable.__init__",
}
"""Names that are in some of the versions only."""

HOOKS = """
import tensorflow as tf
from gradproof.watching.patches import Patches
from gradproof.watching.pace import Pace
from gradproof.watching.tensorflow import TensorFlow

def failed(problem):
    raise problem

patches = Patches(failed)
watched = TensorFlow(patches, print, Pace())
for name, listener in watched.listeners.by_module().items():
    import sys
    if name in sys.modules:
        listener(sys.modules[name])
watched.eager.stop()
patches.restore()
print("lost", sorted(watched.listeners.lost.items()))
print("lacking", *sorted(set(patches.lacking)))
"""

OTHER = """
import tensorflow as tf
from tensorflow.python.distribute import input_lib
from tensorflow.python.ops import script_ops

tf.__version__ = "2.99.0"
del script_ops.py_func_common, input_lib.DistributedIteratorBase
try:
    from keras.src.backend.tensorflow import trainer
    del trainer.TensorFlowTrainer
except ImportError:
    trainer = None

import gradproof
model = tf.keras.Sequential([tf.keras.Input((2,)), tf.keras.layers.Dense(1)])
optimizer = tf.keras.optimizers.SGD(0.1)
with gradproof.watch() as run:
    for _ in range(3):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(model(tf.ones((4, 2))) ** 2)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
print(run.failure, run, "trainer:", trainer is not None)
"""


@pytest.mark.tensorflow
def test_every_hook_is_there(nursery: Nursery, tmp_path: Path):
    """The one that broke is named here, after an update of TensorFlow or Keras."""
    (tmp_path / "program.py").write_text(HOOKS)
    done = nursery.run(["python", "program.py"], tmp_path)
    assert done.status == 0, done.stderr
    lost, lacking = done.stdout.splitlines()[-2:]
    assert lost == "lost []"
    assert set(lacking.split()[1:]) <= OPTIONAL


@pytest.mark.tensorflow
def test_a_newer_version_without_some_hooks(nursery: Nursery, tmp_path: Path):
    """One line says what is not there; updates are watched all the same."""
    (tmp_path / "program.py").write_text(OTHER)
    done = nursery.run(["python", "program.py"], tmp_path)
    assert done.status == 0, done.stderr
    words = " ".join(done.stdout.split())
    assert words.startswith("None gradproof: ")
    assert "3 steps watched, both variables moved (SGD)" in words
    assert "TensorFlow 2.99.0 is newer than those that this gradproof was tried with" in words
    assert "strategies (" in words
    assert ("keras.src.backend.tensorflow.trainer (" in words) == ("trainer: True" in words)
    assert "`tensorflow.python.ops.script_ops.py_func_common` is not there" in words


@pytest.mark.parametrize("version", ["2.15.0", "2.16.2", "2.21.0", "", "nightly"])
def test_versions_that_were_tried(version: str):
    """Nothing is said of what is known, nor of what can't be told."""
    assert remark(version, {}, ["a.b"]) is None


def test_other_versions():
    """Older and newer ones, and one of ours that lacks something."""
    assert TRIED == ((2, 15), (2, 21))
    assert "2.14.1 is older" in (remark("2.14.1", {}, []) or "")
    assert "2.22.0rc1 is newer" in (remark("2.22.0rc1", {}, []) or "")
    assert "3.0.0 is newer" in (remark("3.0.0", {}, []) or "")
    lost = remark("2.21.0", {"tapes": "no _push_tape"}, [])
    assert lost == "with TensorFlow 2.21.0: tapes (no _push_tape)"


def test_autograph_may_convert_keras():
    """In TensorFlow 2.16 it makes functions of its own of those of tf-keras."""

    class Layer:
        __module__ = "tf_keras.src.engine.base_layer"

    def tf____call__(self, *args, **kwargs):
        return _asked_for(sys._getframe())

    def converted_call(function, args, kwargs):
        return function(*args, **kwargs)

    assert converted_call(tf____call__, (Layer(),), {"training": False})
    assert not converted_call(tf____call__, (Layer(),), {})
