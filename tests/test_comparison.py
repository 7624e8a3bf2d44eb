"""`gradproof.compare`: where two steps part, after what people report of their loops."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def tf():
    """TensorFlow."""
    return pytest.importorskip("tensorflow")


@pytest.fixture(params=["keras3", "tf-keras"])
def keras(request, tf):
    """Both generations of Keras in one process."""
    return pytest.importorskip({"keras3": "keras", "tf-keras": "tf_keras"}[request.param])


class World:
    """A compiled model, a batch, and a step to write loops from."""

    def __init__(self, tf, keras, *layers, loss="mse", optimizer=None, outputs=1):
        keras.utils.set_random_seed(3)
        self.tf, self.keras = tf, keras
        body = layers or (keras.layers.Dense(6, "tanh"),)
        head = keras.layers.Dense(outputs)
        self.model = keras.Sequential([keras.layers.Input((4,)), *body, head])
        self.optimizer = optimizer or keras.optimizers.Adam(0.01)
        self.model.compile(self.optimizer, loss)
        self.x = tf.constant(np.random.default_rng(0).normal(size=(16, 4)), tf.float32)
        self.y = tf.reduce_sum(self.x, axis=1, keepdims=True) + 1.0

    def step(self, loss=None, change=None, training=True, optimizer=None, variables=None):
        """A custom loop's step; the arguments make it wrong."""
        tf, model = self.tf, self.model
        loss = loss or (lambda y, out: tf.reduce_mean(tf.square(out - y)))
        optimizer = optimizer or self.optimizer

        def custom(x, y, *_):
            with tf.GradientTape() as tape:
                value = loss(y, model(x, training=training))
            given = variables or model.trainable_variables
            gradients = tape.gradient(value, given)
            if change is not None:
                gradients = change(gradients)
            optimizer.apply_gradients(zip(gradients, given, strict=True))
            return value

        return custom

    def against_fit(self, *args, batch=None, **wrong):
        """A step like this against that of `fit`."""
        from gradproof import compare, keras_step

        return compare(
            self.step(*args, **wrong), keras_step(self.model), *(batch or (self.x, self.y))
        )


@pytest.fixture
def world(tf, keras):
    """The plain one."""
    return World(tf, keras)


def everything(world):
    """All values of model and optimizer, as bytes; empty slots count as nothing."""
    held = world.optimizer.variables
    held = held() if callable(held) else held
    values = [np.asarray(one).tobytes() for one in [*world.model.variables, *held]]
    return [value for value in values if any(value)]


@pytest.mark.parametrize("traced", [False, True])
def test_right_loop_does_what_fit_does(tf, world, traced):
    """Nothing parts, whether traced or not."""
    from gradproof import compare, keras_step

    step = world.step()
    found = compare(
        tf.function(step) if traced else step, keras_step(world.model), world.x, world.y
    )
    assert found, str(found)
    assert (found.stage, found.variable, found.parts) == (None, None, ())
    assert "do the same; 4 variables compared" in str(found)


def test_other_formula_of_the_same_loss_is_float_noise(tf, keras):
    """Cross entropy from logits, and from the softmax of them, differ in the last digits."""
    world = World(tf, keras, loss="mse", outputs=3)
    labels = tf.constant(np.arange(16) % 3)

    def from_logits(y, out):
        return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, out))

    def by_hand(y, out):
        chosen = tf.gather(tf.nn.softmax(out), y, batch_dims=1)
        return -tf.reduce_mean(tf.math.log(chosen))

    from gradproof import compare

    found = compare(world.step(from_logits), world.step(by_hand), world.x, labels)
    assert found, str(found)


def test_targets_without_the_last_axis(world):
    """(N,) against (N, 1): fit aligns them, raw arithmetic makes N x N."""
    found = world.against_fit(batch=(world.x, world.y[:, 0]))
    assert (found.stage, found.variable) == ("loss", "loss")
    assert "in custom only, `Sub` of (16, 1) and (16,) makes (16, 16)" in str(found)
    assert "GP701" in str(found)


def test_regularizers_left_out(tf, keras):
    """The difference of the losses is what the regularizers ask."""
    layer = keras.layers.Dense(6, "tanh", kernel_regularizer=keras.regularizers.L2(0.05))
    found = World(tf, keras, layer).against_fit()
    assert found.stage == "loss"
    assert any(
        "regularisation losses" in words and "in fit only" in words for words in found.reasons
    )


def test_batch_norm_in_inference_mode(tf, keras):
    """Statistics move in fit only."""
    world = World(tf, keras, keras.layers.BatchNormalization())
    found = world.against_fit(training=None)
    assert found.stage == "loss"
    assert any(
        "BatchNorm statistics" in words and "in fit only" in words for words in found.reasons
    )


def test_statistics_of_a_layer_that_shares_its_name(tf):
    """The number that tells two models of one process apart is no part of it."""
    from gradproof.watching.tensorflow.trying.parting import OTHER, Parted
    from gradproof.watching.tensorflow.trying.reasons import statistics

    parts = [Parted(OTHER, "norm/moving_mean#2", None, 0.3, 0.3, 0.0, None)]
    assert list(statistics(parts, ("custom", "fit"))) == [
        "BatchNorm statistics, such as `norm/moving_mean#2`, move in fit only"
    ]


def test_dropout_that_sleeps(tf, keras):
    """Random numbers are drawn by fit only."""
    world = World(tf, keras, keras.layers.Dense(32, "relu"), keras.layers.Dropout(0.5))
    found = world.against_fit(training=False)
    assert found.stage == "loss"
    assert any("random numbers" in words and "in fit only" in words for words in found.reasons)


def test_right_loop_with_dropout(tf, keras):
    """Both draw, and from the same state."""
    world = World(tf, keras, keras.layers.Dense(32, "relu"), keras.layers.Dropout(0.5))
    assert world.against_fit()


def test_sum_instead_of_mean(tf, world):
    """The ratio is the batch size."""
    found = world.against_fit(lambda y, out: tf.reduce_sum(tf.square(out - y)))
    assert found.stage == "loss"
    assert found.parts[0].factor == pytest.approx(16)
    assert "the ratio is the batch size, 16" in str(found)


def test_loss_per_example(tf, world):
    """The gradient of a vector is that of its sum."""
    found = world.against_fit(lambda y, out: tf.reduce_mean(tf.square(out - y), axis=1))
    assert found.stage == "loss"
    assert "the loss has the shape (16,) in custom and () in fit" in str(found)


def test_sample_weights_ignored(tf, world):
    """The third argument makes no difference to the loop."""
    weights = tf.constant(np.linspace(0.1, 2.0, 16), tf.float32)
    found = world.against_fit(batch=(world.x, world.y, weights))
    assert found.stage == "loss"
    assert "argument 3 makes no difference to the loss of custom" in str(found)


def test_gradients_clipped_by_hand(tf, world):
    """Loss and gradients are equal, what is handed over is smaller."""
    found = world.against_fit(change=lambda gradients: [one * 0.1 for one in gradients])
    assert found.stage == "handed gradients"
    assert found.parts[0].factor == pytest.approx(0.1)
    assert "loss              the same" in str(found)


def test_gradients_in_another_order(tf, keras):
    """Two layers of one shape get the gradients of each other."""
    world = World(tf, keras, keras.layers.Dense(4, "tanh"), keras.layers.Dense(4, "tanh"))
    found = world.against_fit(change=lambda given: [*given[2:4], *given[:2], *given[4:]])
    assert found.stage == "handed gradients"
    assert any("gets in custom what" in words for words in found.reasons)


def test_variable_left_out(world):
    """The head does not train in the loop."""
    world.optimizer.build(world.model.trainable_variables)
    found = world.against_fit(variables=world.model.trainable_variables[:2])
    assert found.stage == "gradients"
    assert found.parts[0].left is None
    assert "no gradient in custom" in str(found)


def test_other_learning_rate(tf, keras):
    """Gradients are equal, the change differs by the ratio of the rates."""
    world = World(tf, keras, optimizer=keras.optimizers.SGD(0.5))
    found = world.against_fit(optimizer=keras.optimizers.SGD(0.05))
    assert found.stage == "change"
    assert found.parts[0].factor == pytest.approx(0.1, rel=1e-3)
    assert "the learning rate is 0.05 in custom, 0.5 in fit" in str(found)


def test_other_momentum(tf, keras):
    """From equal velocity, a step without momentum is another one."""
    world = World(tf, keras, optimizer=keras.optimizers.SGD(0.1, momentum=0.9))
    right = world.step()
    right(world.x, world.y)
    found = world.against_fit(optimizer=keras.optimizers.SGD(0.1))
    assert found.stage == "change"
    assert "`momentum` is 0.0 in custom, 0.9 in fit" in str(found)


def test_ascent_instead_of_descent(tf, keras):
    """The sign is turned where the gradient is handed over."""
    world = World(tf, keras, optimizer=keras.optimizers.SGD(0.1))
    found = world.against_fit(change=lambda gradients: [-one for one in gradients])
    assert found.stage == "handed gradients"
    assert "the sign is the other one" in str(found)


def test_python_state_frozen_at_trace(tf, world):
    """The eager step and the traced one part, where Python's state has moved on."""
    from gradproof import compare

    scale = {"by": 1.0}
    step = world.step(change=lambda gradients: [one * scale["by"] for one in gradients])
    traced = tf.function(step)
    for _ in range(2):  # the second call has its own trace: the first made variables
        traced(world.x, world.y)
    scale["by"] = 0.0
    found = compare(step, traced, world.x, world.y)
    assert found.stage == "traced"
    assert "does something else traced than in eager code" in str(found)


def test_two_models_of_one_build_start_equal(tf, keras):
    """The second starts from the values of the first; only its loss is another."""
    one, other = World(tf, keras), World(tf, keras)
    for variable in other.model.trainable_variables:
        variable.assign(variable + 1.0)
    from gradproof import compare

    before = everything(one), everything(other)
    assert compare(one.step(), other.step(), one.x, one.y)
    twice = other.step(lambda y, out: 2.0 * tf.reduce_mean(tf.square(out - y)))
    found = compare(one.step(), twice, one.x, one.y)
    assert found.stage == "loss"
    assert found.parts[0].factor == pytest.approx(0.5)
    assert (everything(one), everything(other)) == before


def test_keras_3_against_tf_keras(tf):
    """The same program in both generations does the same step."""
    keras, old = pytest.importorskip("keras"), pytest.importorskip("tf_keras")
    new_world, old_world = World(tf, keras), World(tf, old)
    from gradproof import compare, keras_step

    found = compare(
        keras_step(new_world.model), keras_step(old_world.model), new_world.x, new_world.y
    )
    assert found, str(found)


def test_everything_is_what_it_was(world):
    """Also after an exception in a step, and slots made meanwhile are empty."""
    right = world.step()
    right(world.x, world.y)
    before = everything(world)
    world.against_fit(change=lambda gradients: [2 * one for one in gradients])
    assert everything(world) == before

    def breaks(x, y):
        right(x, y)
        raise ZeroDivisionError("after the update")

    from gradproof import compare, keras_step

    found = compare(breaks, keras_step(world.model), world.x, world.y)
    assert not found
    assert found.errors == ("breaks raised ZeroDivisionError: after the update",)
    assert everything(world) == before


def test_own_train_step_against_that_of_keras(tf, keras):
    """`own=False` is the oracle for a class that writes its own step."""

    class Mine(keras.Sequential):
        def train_step(self, data):
            x, y = data
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.abs(self(x, training=True) - y))
            gradients = tape.gradient(loss, self.trainable_variables)
            self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
            return {"loss": loss}

    from gradproof import compare, keras_step

    model = Mine([keras.layers.Input((4,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    x = np.random.default_rng(0).normal(size=(8, 4)).astype("float32")
    found = compare(keras_step(model), keras_step(model, own=False), x, x[:, :1] + 1)
    assert found.names == ("fit", "the step of Keras")
    assert found.stage == "loss"


def test_html(tf, world):
    """A notebook gets a table."""
    found = world.against_fit(lambda y, out: tf.reduce_sum(tf.square(out - y)))
    assert "<td>loss</td>" in found._repr_html_()
    assert all(len(line) <= 100 for line in str(found).splitlines())


def test_wrong_use(world, tf):
    """One sentence each."""
    from gradproof import compare, keras_step

    with pytest.raises(TypeError, match="`step_b` must be a function that trains once, got int"):
        compare(print, 3)
    with pytest.raises(TypeError, match="one batch that can be read many times"):
        compare(print, print, iter([]))
    with pytest.raises(TypeError, match="`model` must be a Keras model, got list"):
        keras_step([])
    bare = world.keras.Sequential([world.keras.layers.Dense(1)])
    with pytest.raises(ValueError, match="must be compiled"):
        keras_step(bare)
