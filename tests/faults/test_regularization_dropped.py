"""Edge cases of regularization-dropped."""

from __future__ import annotations

from dataclasses import replace

from gradproof.evidence.gradients import Target
from gradproof.evidence.offers import Offer
from gradproof.evidence.run import Run
from gradproof.faults.regularization_dropped import prove
from records import BIAS, KERNEL, MEAN, READ_KERNEL, at, healthy, operation, with_operations
from snippets import assert_findings, assert_silent

NET = """
net = keras.Sequential(
    [keras.Input((4,)), keras.layers.Dense(4, kernel_regularizer="l2", name="dense")]
)
with tf.GradientTape() as tape:
    {loss}
gradients = tape.gradient(loss, net.trainable_variables)
optimizer.apply_gradients(zip(gradients, net.trainable_variables))
"""


def test_left_out():
    """The declared regulariser is not in the loss."""
    line = "loss = tf.reduce_mean(tf.square(net(x) - y))  # GP703"
    assert_findings(NET.format(loss=line))


def test_added():
    """`model.losses` is added."""
    line = "loss = tf.reduce_mean(tf.square(net(x) - y)) + sum(net.losses)"
    assert_silent(NET.format(loss=line))


def declared(*operations) -> Run:
    """The kernel has a regulariser; the last operation given is the target."""
    run = with_operations(healthy(), *operations)
    run = replace(run, offers=(Offer("regularizer", "L2", variable=KERNEL, place=at(1)),))
    if operations:
        call = replace(run.calls[0], targets=(Target(operations[-1].index),))
        run = replace(run, calls=(call,))
    return run


SQUARED = operation(12, "Square", (READ_KERNEL,), shape=(4, 4))
PENALTY = operation(13, "Sum", (12,), shape=())
TOTAL = operation(14, "AddV2", (MEAN, 13), shape=())


def test_a_run_without_the_penalty():
    """The line of the loss is the place, the layer the other end."""
    (found,) = prove(declared())
    assert found.place == at(4)
    assert found.related[0].place == at(1)
    assert found.variables == ("dense/kernel",)


def test_a_run_with_the_penalty():
    """A number computed from the kernel alone, on the way to the loss."""
    assert list(prove(declared(SQUARED, PENALTY, TOTAL))) == []


def test_a_penalty_that_nobody_adds():
    """Computed, and left aside."""
    left = with_operations(declared(), SQUARED, PENALTY)
    assert [found.variables for found in prove(left)] == [("dense/kernel",)]


def test_a_penalty_of_another_variable():
    """The bias is not part of this gradient call's regularisers."""
    run = replace(healthy(), offers=(Offer("regularizer", "L2", variable=BIAS + 5),))
    assert list(prove(run)) == []


def test_an_added_loss_of_another_step():
    """What a layer added in an earlier step belongs to that step."""
    run = replace(healthy(), offers=(Offer("added loss", "dense", 1, (0,)),))
    assert list(prove(run)) == []
    here = replace(run, offers=(Offer("added loss", "dense", 1, (12,)),))
    assert list(prove(with_operations(here, operation(12, "Sum", (3,), shape=())))) == []


def test_an_added_loss_of_this_step():
    """A loss that a layer added under the tape, and that the target leaves out."""
    run = with_operations(healthy(), operation(5, "Sum", (3,), shape=()))
    run = with_operations(run, operation(7, "Sub", (3, 6)))
    (found,) = prove(replace(run, offers=(Offer("added loss", "sample", 1, (5,)),)))
    assert "`sample`" in found.message
    # Codes of a codebook reach the loss by these alone: that they do not move follows.
    assert "stopped-gradient" in found.symptoms


ADDED = """
    class Sparse(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(4)

        def call(self, inputs):
            hidden = self.dense(inputs)
            self.add_loss(0.1 * tf.reduce_mean(tf.abs(hidden)))
            return hidden

    sparse = Sparse()

    def train():
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(sparse(x) - y)){more}
        gradients = tape.gradient(loss, sparse.trainable_variables)
        optimizer.apply_gradients(zip(gradients, sparse.trainable_variables))

    for turn in range(9):
        train()
"""


def test_a_loss_that_a_layer_adds():
    """`add_loss` in a layer of the program, under a tape that never asks for `losses`."""
    assert_findings(ADDED.format(more="  # GP703"))
    assert_silent(ADDED.format(more=" + sum(sparse.losses)"))


def test_a_loss_added_under_no_tape():
    """What another network adds, outside of the tape, belongs to no step."""
    text = ADDED.replace("sparse(x) - y", "model(x) - y").replace("sparse.train", "model.train")
    assert_silent(text.format(more="") + "    sparse(x)\n")


def test_read_for_the_log_only():
    """`model.losses` is summed up beside the loss, and may be added by way of a function."""
    text = """
        def total(net, loss):
            return {total}

        net = keras.Sequential(
            [keras.Input((4,)), keras.layers.Dense(4, kernel_regularizer="l2", name="dense")]
        )
        with tf.GradientTape() as tape:
            error = tf.reduce_mean(tf.square(net(x) - y)){mark}
            penalty = tf.add_n(net.losses)
            loss = total(net, error)
        print(penalty)
        gradients = tape.gradient(loss, net.trainable_variables)
        optimizer.apply_gradients(zip(gradients, net.trainable_variables))
    """
    assert_findings(text.format(total="loss", mark="  # GP703"))
    for added in ("loss + penalty", "tf.add_n([loss, *net.losses])", "loss + sum(net.losses)"):
        assert_silent(text.format(total=added, mark=""))
    assert_silent(text.format(total="unknown.total(loss, net)", mark=""))


def test_a_layer_of_a_functional_model_adds_a_loss():
    """It does so each time the model is called, though its `call` was read once."""
    text = """
        class Bottleneck(keras.layers.Layer):
            def __init__(self):
                super().__init__()
                self.inner = keras.layers.Dense(4)

            def call(self, h):
                h = self.inner(h)
                self.add_loss(tf.reduce_mean(tf.square(h)))
                return h

        inputs = keras.Input((4,))
        net = keras.Model(inputs, keras.layers.Dense(1)(Bottleneck()(inputs)))
        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(net(x, training=True) - y)){mark}
                {then}
            gradients = tape.gradient(loss, net.trainable_variables)
            optimizer.apply_gradients(zip(gradients, net.trainable_variables))
    """
    assert_findings(text.format(mark="  # GP703", then="pass"))
    assert_silent(text.format(mark="", then="loss += sum(net.losses)"))


def test_an_option_that_is_none_unless_given():
    """What a class offers is no regulariser until somebody hands one over."""
    text = """
        def net(regularizer=None):
            return keras.Sequential([keras.layers.Dense(1, kernel_regularizer=regularizer)])

        class Trainer:
            def __init__(self, regularizer=None):
                self.config = locals()
                self.net = net({given})
                self.optimizer = keras.optimizers.Adam()

            def step(self, x, y):
                with tf.GradientTape() as tape:
                    loss = tf.reduce_mean(tf.square(self.net(x) - y)){mark}
                gradients = tape.gradient(loss, self.net.trainable_variables)
                self.optimizer.apply_gradients(zip(gradients, self.net.trainable_variables))
        {made}
    """
    for given in ("regularizer", 'self.config["regularizer"]'):
        assert_silent(text.format(given=given, mark="", made=""))
    made = 'Trainer("l2").step(x, y)'
    assert_findings(text.format(given="regularizer", mark="  # GP703", made=made))


def test_switched_off():
    """A factor of 0 adds nothing to leave out; one that is only default does."""
    line = "loss = tf.reduce_mean(tf.square(net(x) - y))"
    for off in ("L2(0.0)", "l2(l2=0)", "L1L2(0.0, 0.0)", "L2(DECAY)"):
        net = "DECAY = 0.0\n" + NET.replace('"l2"', f"keras.regularizers.{off}")
        assert_silent(net.format(loss=line))
    for on in ("L2()", "L1L2(0.0, 1e-4)", "l2(1e-4)"):
        net = NET.replace('"l2"', f"keras.regularizers.{on}")
        assert_findings(net.format(loss=line + "  # GP703"))
