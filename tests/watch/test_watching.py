"""What the watcher records of small programs, and that it leaves no trace."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradproof.evidence.paths import losses
from gradproof.evidence.run import Run
from gradproof.faults import shape_broadcast
from gradproof.watching import Watcher

pytestmark = pytest.mark.tensorflow


def watched(program, tmp_path: Path) -> Run:
    """Runs a function under the watcher; the watcher must not fail."""
    import tensorflow  # noqa: F401

    watcher = Watcher(lambda _: None, tmp_path)
    watcher.start()
    try:
        program()
        return watcher.snapshot(finished=True)
    finally:
        watcher.stop()
        assert watcher.failure is None, watcher.failure


def line_of(words: str) -> int:
    """The line of this file that has these words, and no other."""
    lines = Path(__file__).read_text(encoding="utf-8").splitlines()
    (number,) = [n for n, line in enumerate(lines, 1) if line.strip().startswith(words)]
    return number


def cut_inside_a_nested_function():
    """A cut two functions deep, the only way to the loss."""
    import tensorflow as tf

    v = tf.Variable([0.3, 1.7])

    @tf.function
    def inner(x):
        return tf.round(x) * 2.0

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(inner(v * 1.0))
        return tape.gradient(loss, v, unconnected_gradients="zero")

    step()


def cut_inside_a_branch_and_a_loop():
    """A cut inside `tf.cond` inside a `tf.while_loop`."""
    import tensorflow as tf

    v = tf.Variable([0.3, 1.7])

    @tf.function
    def step(n):
        with tf.GradientTape() as tape:
            x = v * 1.0
            for _ in tf.range(n):
                if tf.reduce_sum(x) > 100.0:  # noqa: SIM108
                    x = tf.floor(x)
                else:
                    x = tf.math.ceil(x)
            loss = tf.reduce_sum(x)
        gradient = tape.gradient(loss, v)
        return 0.0 if gradient is None else tf.reduce_sum(gradient)

    step(tf.constant(3))


@pytest.mark.parametrize(
    ("program", "words", "types"),
    [
        (cut_inside_a_nested_function, "return tf.round(x)", {"Round"}),
        (cut_inside_a_branch_and_a_loop, "x = tf.floor(x)", {"Floor", "Ceil"}),
    ],
)
def test_bodies_of_nested_functions_are_entered(program, words, types, tmp_path):
    """The operation inside is recorded with its own line."""
    run = watched(program, tmp_path)
    inside = [
        operation
        for recording in run.recordings
        for operation in recording.operations
        if operation.type in types and not operation.backward
    ]
    assert {operation.type for operation in inside} == types
    assert any(place.line == line_of(words) for op in inside for place in op.stack)


def test_the_cut_in_a_nested_function_is_named(tmp_path):
    """The walk from the loss back to the variable ends at the inner line."""
    import tensorflow as tf

    def program():
        v = tf.Variable([0.3, 1.7])

        @tf.function
        def inner(x):
            return tf.argmax(x) * 2

        @tf.function
        def step():
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(tf.cast(inner(v * 1.0), tf.float32))
            assert tape.gradient(loss, v) is None
            return loss

        step()

    run = watched(program, tmp_path)
    (found,) = [loss for call in run.calls for loss in losses(run, call)]
    assert found.kind == "cut"
    assert found.place is not None
    assert found.place.line == line_of("return tf.argmax(x)")


def test_steps_of_a_loop_inside_a_function_are_counted(tmp_path):
    """The ring holds what happened between two returns to Python."""
    import tensorflow as tf

    def program():
        v = tf.Variable(1.0)
        optimizer = tf.keras.optimizers.SGD(0.1)

        @tf.function
        def train(n):
            for _ in tf.range(n):
                with tf.GradientTape() as tape:
                    loss = v * v
                optimizer.apply_gradients([(tape.gradient(loss, v), v)])
            return v.read_value()

        train(tf.constant(40))

    run = watched(program, tmp_path)
    assert run.counted == 40
    steps = run.steps
    assert [step.index for step in steps] == list(range(1, 41))
    first = steps[0].updates[0]
    assert first.gradient_norm == pytest.approx(2.0)
    assert first.change_norm == pytest.approx(0.2)
    assert steps[0].learning_rate == pytest.approx(0.1)
    assert steps[0].loss == pytest.approx(1.0)


def test_a_change_by_hand_has_a_direction(tmp_path):
    """`assign_add` of a gradient goes up, `assign_sub` down."""
    import tensorflow as tf

    def program():
        down, up = tf.Variable([1.0, 2.0], name="down"), tf.Variable([1.0, 2.0], name="up")
        for _ in range(2):
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(down * down + up * up)
            first, second = tape.gradient(loss, [down, up])
            down.assign_sub(0.1 * first)
            up.assign_add(0.1 * second)

    run = watched(program, tmp_path)
    along = {run.path(key): found[-1].along for key, found in run.updates.items()}
    assert along["down"] == pytest.approx(1.0)
    assert along["up"] == pytest.approx(-1.0)


def test_gradients_keep_their_identity_through_clipping(tmp_path):
    """After clipping by the global norm each is still its variable's own."""
    import tensorflow as tf

    def program():
        a, b = tf.Variable([[1.0, 2.0]], name="a"), tf.Variable([[3.0, 4.0]], name="b")
        optimizer = tf.keras.optimizers.SGD(0.1)
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(a * b)
        gradients, _ = tf.clip_by_global_norm(tape.gradient(loss, [a, b]), 0.5)
        optimizer.apply_gradients(zip(gradients, [b, a], strict=True))

    run = watched(program, tmp_path)
    (apply,) = [apply for apply in run.applies if apply.optimizer is not None]
    names = [(run.path(p.variable), sorted(map(run.path, p.taken_for))) for p in apply.pairs]
    assert names == [("b", ["a"]), ("a", ["b"])]


def test_every_attribute_is_the_original_again(tmp_path):
    """Off means gone: after `stop` TensorFlow is as it was."""
    import tensorflow as tf
    from tensorflow.python.eager.backprop import GradientTape
    from tensorflow.python.eager.polymorphic_function.polymorphic_function import Function
    from tensorflow.python.framework import ops
    from tensorflow.python.ops.resource_variable_ops import BaseResourceVariable, ResourceVariable

    layer = next(kind for kind in tf.keras.layers.Dense.__mro__ if kind.__name__ == "Layer")
    optimizers = [kind for kind in tf.keras.optimizers.SGD.__mro__ if "apply" in str(vars(kind))]
    owners = [
        GradientTape,
        Function,
        ops._EagerTensorBase,
        BaseResourceVariable,
        ResourceVariable,
        layer,
        tf.keras.layers.BatchNormalization,
        *optimizers,
    ]
    before = [dict(vars(owner)) for owner in owners]
    watched(cut_inside_a_nested_function, tmp_path)
    for owner, attributes in zip(owners, before, strict=True):
        after = dict(vars(owner))
        assert after.keys() == attributes.keys()
        changed = [name for name in attributes if after[name] is not attributes[name]]
        assert not [name for name in changed if not name.startswith("_abc")]


def test_variables_of_one_name_are_told_apart(tmp_path):
    """Of three nameless ones, the one that is left out is the one that is named."""
    import tensorflow as tf

    from gradproof.diagnose import diagnose
    from gradproof.faults import FAULTS

    weights = [tf.Variable([0.5], name="w") for _ in range(3)]

    def program():
        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(tf.add_n([weight.value() for weight in weights]) ** 2.0)
            for weight, gradient in zip(weights, tape.gradient(loss, weights[:2]), strict=False):
                weight.assign_sub(0.1 * gradient)
            tf.Variable([0.5], name="gone")

    run = watched(program, tmp_path)
    names = [one.path for one in run.variables]
    assert sorted(one for one in names if one.startswith("w#") or one == "w") == ["w", "w#2", "w#3"]
    assert names.count("gone") == 3
    (found,) = diagnose(FAULTS, [], run)
    assert found.variables == ("w#3",)
    assert [one.name for one in run.calls[0].sources] == ["w", "w#2"]
    assert {pair.name for apply in run.applies for pair in apply.pairs} == {"w", "w#2"}


def test_a_trace_asks_nobody_but_others_about_its_operations(tmp_path, monkeypatch):
    import tensorflow as tf
    from tensorflow.python.framework import op_callbacks

    asked: list[str] = []
    invoke = op_callbacks.invoke_op_callbacks

    def counted(op_type, *args, **kwargs):
        asked.append(str(op_type))
        return invoke(op_type, *args, **kwargs)

    def listen(op_type, inputs, attrs, outputs, op_name=None, graph=None):
        if graph is not None:
            heard.append(str(op_type))

    monkeypatch.setattr(op_callbacks, "invoke_op_callbacks", counted)
    heard: list[str] = []
    v = tf.Variable(1.0)
    watcher = Watcher(lambda _: None, tmp_path)
    watcher.start()
    try:
        tf.function(lambda: v.assign_sub(v * 0.5))()
        assert not asked
        op_callbacks.add_op_callback(listen)
        tf.function(lambda: v.assign_sub(v * 0.25))()
    finally:
        op_callbacks.remove_op_callback(listen)
        watcher.stop()
    assert "Mul" in heard
    assert watcher.failure is None


def long_loop_with_changes_by_hand():
    """An optimizer and, after it, a decay by hand, for more steps than its writes are counted."""
    import tensorflow as tf

    kernel, bias = tf.Variable([1.0, -2.0]), tf.Variable(0.5)
    optimizer = tf.keras.optimizers.Adam(0.01)
    for step in range(48):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(kernel**2) + bias**2
        gradients = tape.gradient(loss, [kernel, bias])
        optimizer.apply_gradients(zip(gradients, [kernel, bias], strict=True))
        if step >= 40:
            kernel.assign(0.99 * kernel)


def test_a_settled_optimizer_hides_nothing(tmp_path):
    """Its own assignments are not looked at any more, those of the program are."""
    run = watched(long_loop_with_changes_by_hand, tmp_path)
    made = line_of("kernel, bias = tf.Variable([1.0, -2.0])")
    kernel, bias = (
        one.key for one in run.variables if one.made_at and one.made_at.span.line == made
    )
    by_hand = [one for one in run.assigned if one.variable == kernel and one.places]
    assert [(one.method, one.times) for one in by_hand] == [("assign", 8)]
    assert by_hand[0].places[0].span.line == line_of("kernel.assign(0.99")
    moved = {one.variable for one in run.assigned if one.times > 1}
    assert {kernel, bias} <= moved
    updates = [one.counted for one in run.applies if one.by == "Adam"]
    assert sum(updates) == 48


def functional_model_with_a_flag():
    """Layers of a functional model: told when it was made, or by a block's own default."""
    import tensorflow as tf

    keras = tf.keras

    class Block(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.norm = keras.layers.BatchNormalization(name="by_default")

        def call(self, inputs, training=False):
            return self.norm(inputs, training=training)

    inputs = keras.Input((4,))
    still = keras.layers.BatchNormalization(name="told")(inputs, training=False)
    model = keras.Model(inputs, keras.layers.BatchNormalization(name="untold")(Block()(still)))
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(model(tf.ones((8, 4))) ** 2)
    tape.gradient(loss, model.trainable_variables)


def test_who_decided_on_the_mode(tmp_path):
    """A flag at the call of a layer while a functional model is made is a decision."""
    run = watched(functional_model_with_a_flag, tmp_path)
    modes = {mode.layer.split("/")[-1]: mode for mode in run.modes}
    assert {name: mode.explicit for name, mode in modes.items()} == {
        "told": True,
        "by_default": False,
        "untold": False,
    }
    assert not any(mode.training for mode in modes.values())


def parts_of_a_batch():
    """A linear model over batches of inputs and targets, in eager code."""
    import tensorflow as tf

    w = tf.Variable(tf.ones((3, 1)))
    data = tf.data.Dataset.from_tensor_slices((tf.ones((8, 3)), tf.ones((8,)))).batch(4)
    for x, y in data:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(x @ w - y))
        w.assign_sub(0.1 * tape.gradient(loss, w))


def test_parts_of_a_batch_are_told_apart(tmp_path):
    """Each has its own shape: (4, 1) against (4,) shows."""
    run = watched(parts_of_a_batch, tmp_path)
    recording = run.recording(run.calls[0].recording)
    parts = [one.shape for one in recording.operations if one.type == "IteratorGetNext"]
    assert parts == [(4, 3), (4,)] * 2
    found = next(shape_broadcast.prove(run))
    assert found.place is not None
    assert found.place.span.line == line_of("loss = tf.reduce_mean(tf.square(x @ w - y))")
