"""Steps under strategies: what each replica gave, what was summed, what changed."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import pytest

from gradproof.record import Record, find
from nursery import Nursery

pytestmark = pytest.mark.tensorflow

PROGRAM = """
import os, sys, tensorflow as tf

try:
    import tf_keras
except ImportError:
    tf_keras = tf.keras  # TensorFlow 2.15: Keras 2 is built in

keras = {"3": tf.keras, "2": tf_keras}[sys.argv[1]]
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
with strategy.scope():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, "tanh"), keras.layers.Dense(1)])
    optimizer = keras.optimizers.SGD(0.05)

def replica_step(x, y):
    with tf.GradientTape() as tape:
        error = tf.reduce_mean(tf.square(model(x) - y), -1)
        loss = tf.nn.compute_average_loss(error, global_batch_size=16)
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss

def step(batch):
    return strategy.reduce("SUM", strategy.run(replica_step, args=batch), axis=None)

x = tf.random.stateless_normal((64, 4), (1, 2))
data = tf.data.Dataset.from_tensor_slices((x, tf.reduce_sum(x, 1, keepdims=True)))
batches = iter(strategy.experimental_distribute_dataset(data.batch(16).repeat()))
if sys.argv[2] == "traced":
    step = tf.function(step)
for _ in range(6):
    step(next(batches))
"""


@pytest.mark.parametrize("mode", ["traced", "eager"])
@pytest.mark.parametrize("keras", ["3", "2"])
def test_gradients_before_and_after_the_sum(keras, mode, nursery: Nursery, tmp_path: Path):
    """SGD moves each copy by its rate times the sum, whatever the replica's own part was."""
    if keras == "3" and version("keras").startswith("3.3."):
        pytest.skip("this Keras does not sum the gradients of replicas")
    (tmp_path / "program.py").write_text(PROGRAM)
    done = nursery.run(["gradproof", "run", "program.py", keras, mode], tmp_path)
    assert done.status == 0, done.stderr
    assert "6 steps watched, all 4 variables moved (SGD)\n" in done.stderr
    assert "not watched" not in done.stderr
    with Record(find(str(tmp_path), tmp_path)) as record:
        run = record.run()
    replica = {apply.key: apply.replica for apply in run.applies}
    assert set(replica.values()) == {0, 1}
    found = {(replica[step.apply], step.index): step for step in run.steps}
    assert set(found) == {(number, index) for number in (0, 1) for index in range(1, 7)}
    for index in range(1, 7):
        first, second = found[0, index], found[1, index]
        assert first.learning_rate in (None, pytest.approx(0.05))
        assert first.loss != second.loss
        for one, other in zip(first.updates, second.updates, strict=True):
            assert one.gradient_norm == pytest.approx(other.gradient_norm)
            assert one.change_norm == pytest.approx(0.05 * one.gradient_norm, rel=1e-4)
            assert one.part_norm != other.part_norm
            assert one.gradient_norm <= (one.part_norm + other.part_norm) * (1 + 1e-6)


HAND = """
    total = tf.distribute.get_replica_context().all_reduce("sum", gradients)
    optimizer.apply_gradients(
        zip(total, model.trainable_variables), skip_gradients_aggregation=True
    )
"""


def test_a_sum_by_hand_is_followed(nursery: Nursery, tmp_path: Path):
    """The part is known, too, where the program sums the gradients itself."""
    line = "    optimizer.apply_gradients(zip(gradients, model.trainable_variables))\n"
    assert line in PROGRAM
    (tmp_path / "program.py").write_text(PROGRAM.replace(line, HAND))
    done = nursery.run(["gradproof", "run", "program.py", "2", "traced"], tmp_path)
    assert done.status == 0, done.stderr
    with Record(find(str(tmp_path), tmp_path)) as record:
        step = next(record.steps()).step
    for update in step.updates:
        assert update.change_norm == pytest.approx(0.05 * update.gradient_norm, rel=1e-4)
        assert update.part_norm is not None
        assert update.part_norm != update.gradient_norm
