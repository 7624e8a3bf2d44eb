"""What watching keeps in memory beside the program's own."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from gradproof.watching import Watcher
from gradproof.watching.tensorflow.measuring import units

pytestmark = pytest.mark.tensorflow


def of_keras(variable):
    """The change is the argument of a subtraction."""
    import keras

    optimizer = keras.optimizers.SGD(0.1)
    optimizer.build([variable])
    return lambda gradient: optimizer.apply_gradients([(gradient, variable)])


def subtracted(variable):
    """The same by hand; measured with its direction."""
    return lambda gradient: variable.assign_sub(0.1 * gradient)


def assigned(variable):
    """The change is a new value less the old one."""
    return lambda gradient: variable.assign(variable - 0.1 * gradient)


@pytest.mark.parametrize("updated_by", [of_keras, subtracted, assigned])
def test_a_gradient_is_measured_before_its_update(updated_by, tmp_path):
    """Otherwise gradients wait to be measured, and old values are copied, all of a model at once."""
    import tensorflow as tf

    kernel = tf.Variable(tf.ones((8, 8)))
    update = updated_by(kernel)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.matmul(kernel, kernel))
        update(tape.gradient(loss, kernel))

    watcher = Watcher(lambda _: None, tmp_path)
    watcher.start()
    try:
        graph = step.get_concrete_function().graph
    finally:
        watcher.stop()
    assert watcher.failure is None, watcher.failure
    held = graph.capture(kernel.handle)
    (write,) = (user for user in held.consumers() if user.type.startswith("Assign"))
    measured = [one for one in graph.get_operations() if one.type == "L2Loss"]
    assert len(measured) == 2
    assert {one.name for one in measured} <= {one.name for one in write.control_inputs}


def test_only_so_many_entries_are_kept(monkeypatch):
    """Three values of each entry of each variable would outgrow a large model."""
    import tensorflow as tf

    monkeypatch.setattr(units, "ROOM", 100)
    made = {key: tf.Variable(tf.zeros(size)) for key, size in enumerate((60, 50, 40))}
    looks = units.UnitLooks()
    for count in (1, 2):
        looks.look([SimpleNamespace(variables=tuple(made), count=count)], _Alive(made))
    assert [one.count for one in looks.record()] == [60, 40]


class _Alive:
    def __init__(self, made):
        self.alive = made.get


def test_a_value_times_a_number_is_measured_where_it_is(tmp_path):
    """The slope of a sum of squares is not worked out again, as large as the variable."""
    import tensorflow as tf

    kernel = tf.Variable([3.0, 4.0, 0.0, 0.0])

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.square(kernel))
        kernel.assign_sub(0.5 * tape.gradient(loss, kernel))

    watcher = Watcher(lambda _: None, tmp_path)
    watcher.start()
    try:
        step()
        (made,) = watcher.snapshot(finished=True).steps
        graph = step.get_concrete_function().graph
    finally:
        watcher.stop()
    assert watcher.failure is None, watcher.failure
    (update,) = made.updates
    assert update.gradient_norm == pytest.approx(10.0)
    assert update.change_norm == pytest.approx(5.0)
    (measured, _) = (one for one in graph.get_operations() if one.type == "L2Loss")
    assert measured.inputs[0].op.type == "ReadVariableOp"
