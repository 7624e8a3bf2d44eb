"""Edge cases of assign-on-loss-path."""

from __future__ import annotations

import pytest

from records import (
    ADD,
    BIAS,
    KERNEL,
    MATMUL,
    READ_BIAS,
    TANH,
    healthy,
    operation,
    proven,
    unconnected,
    with_operations,
)
from snippets import assert_findings, assert_silent


def test_memory_that_is_read_back():
    """What a variable is assigned gives no gradient to what computed it."""
    assert_findings(
        """
        memory = tf.Variable(tf.zeros((8, 4)), trainable=False)
        variables = encoder.trainable_variables + decoder.trainable_variables
        with tf.GradientTape() as tape:
            memory.assign(encoder(x))  # GP206
            loss = tf.reduce_mean(tf.square(decoder(memory) - y))
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
        """
    )


def test_memory_beside_the_path():
    """A moving average that the loss does not read."""
    assert_silent(
        """
        average = tf.Variable(0.0, trainable=False)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
            average.assign(0.9 * average + 0.1 * loss)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


def test_proven():
    """The kernel's value reaches the loss only through an assigned variable."""
    run = with_operations(
        unconnected(healthy(), KERNEL),
        operation(TANH, "AssignVariableOp", (MATMUL,), line=3, writes=frozenset({BIAS})),
        operation(ADD, "Identity", (READ_BIAS,)),
    )
    assert proven(run) == [("GP206", 3)]


def test_written_beside():
    """A variable that the loss does not read again takes nothing away."""
    run = with_operations(
        unconnected(healthy(), KERNEL),
        operation(TANH, "AssignVariableOp", (MATMUL,), line=3, writes=frozenset({9})),
        operation(ADD, "Identity", (READ_BIAS,)),
    )
    assert proven(run) == [("GP208", 3)]


METRIC = """
measure = keras.metrics.{kind}()
with tf.GradientTape() as tape:
    {loss}
gradients = tape.gradient(loss, model.trainable_variables)
optimizer.apply_gradients(zip(gradients, model.trainable_variables))
"""


@pytest.mark.parametrize(
    ("kind", "loss"),
    [
        ("MeanSquaredError", "loss = measure(y, model(x))  # GP206"),
        ("Mean", "loss = measure(tf.reduce_mean(tf.square(model(x) - y)))  # GP206"),
        (
            "Mean",
            "measure.update_state(tf.square(model(x) - y))  # GP206\n    loss = measure.result()",
        ),
    ],
)
def test_metric_as_a_loss(kind: str, loss: str):
    """A metric keeps sums in variables; what it gives is no function of the weights."""
    assert_findings(METRIC.format(kind=kind, loss=loss))


def test_metric_beside_the_loss():
    """Measured, and a loss beside it; metrics that are functions are losses."""
    loss = "loss = tf.reduce_mean(tf.square(model(x) - y))\n    measure.update_state(loss)"
    assert_silent(METRIC.format(kind="Mean", loss=loss))
    loss = (
        "out = model(x)\n    score = measure(y, out)\n    loss = tf.reduce_mean(tf.square(out - y))"
    )
    assert_silent(METRIC.format(kind="MeanSquaredError", loss=loss))
    loss = "loss = tf.reduce_mean(keras.metrics.mean_squared_error(y, model(x)))"
    assert_silent(METRIC.format(kind="Mean", loss=loss))
    loss = "loss = tf.reduce_mean(tf.square(model(x) - y)) + 0.0 * measure.result()"
    assert_silent(METRIC.format(kind="Mean", loss=loss))


def test_an_update_of_the_source_itself():
    """What is assigned to the variable that the gradient is taken for cuts no path to it."""
    assert_findings(
        """
        pushes = tf.Variable(tf.zeros(4))

        @tf.function
        def improve():
            with tf.GradientTape() as tape:
                cost = tf.reduce_sum(tf.square(tf.stop_gradient(pushes) - 1.0))  # GP214
            slope = tape.gradient(cost, pushes)
            slope = slope / tf.norm(slope)
            pushes.assign(tf.clip_by_value(pushes - 0.1 * slope, -3.0, 3.0))
            return cost

        for _ in range(8):
            improve()
        """
    )


INNER = """
def adapt(net):
    with tf.GradientTape() as inner:
        first = tf.reduce_mean(tf.square(net(x) - y))
    found = inner.gradient(first, net.trainable_variables)
    {step}


def meta_step(net):
    with tf.GradientTape() as outer:
        {inside}
        loss = tf.reduce_mean(tf.square(net(x) - y))
    gradients = outer.gradient(loss, net.trainable_variables)
    optimizer.apply_gradients(zip(gradients, net.trainable_variables))


meta_step(model)
"""
MOVES = """for variable, slope in zip(net.trainable_variables, found):
        variable.assign_sub(0.1 * slope)"""


def test_an_inner_step_that_is_assigned():
    """The outer gradient goes through new values that depend on nothing for its tape."""
    step = MOVES + "  # GP206"
    assert_findings(INNER.format(step=step, inside="adapt(net)"))
    step = "keras.optimizers.SGD(0.1).apply(found, net.trainable_variables)  # GP206"
    assert_findings(INNER.format(step=step, inside="adapt(net)"))


def test_an_inner_step_that_no_outer_tape_sees():
    """First order on purpose, and a perturbation that goes up."""
    assert_silent(INNER.format(step=MOVES, inside="pass"))
    up = INNER.format(step=MOVES, inside="adapt(net)").replace("_sub", "_add")
    assert_silent(up.replace("first = tf.reduce_mean(tf.square(net(x) - y))", "first = net(x)"))


def test_two_losses_in_turn():
    """All in one block: the second step starts from what the first one left, and may."""
    assert_silent(
        """
        with tf.GradientTape() as outer, tf.GradientTape() as tape:
            first = tf.reduce_mean(tf.square(model(x) - y))
            optimizer.apply(tape.gradient(first, model.trainable_variables))
            second = tf.reduce_mean(tf.abs(model(x) - y))
            optimizer.apply(outer.gradient(second, model.trainable_variables))
        """
    )


def test_the_loss_is_made_a_variable():
    """A new variable holds the value, and nothing of how it came about."""
    text = """
        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = {made}
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    """
    value = "tf.reduce_mean(tf.square(model(x) - y))"
    assert_findings(text.format(made=f"tf.Variable({value})  # GP206"))
    assert_silent(text.format(made=f"tf.identity({value})"))


def test_an_image_that_starts_as_an_output():
    """What a network gave before the tape opened is where an image begins."""
    assert_silent("""
        image = tf.Variable(model(x))
        for _ in range(9):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(image - y))
            gradient = tape.gradient(loss, image)
            optimizer.apply_gradients([(gradient, image)])
    """)


def test_a_buffer_that_is_filled_step_by_step():
    """Writing a column is no more recorded than writing the whole."""
    text = """
        buffer = tf.Variable(tf.zeros((8, 4)), trainable=False)
        with tf.GradientTape() as tape:
            output = model(x)
            for column in range(4):
                {write}
            loss = tf.reduce_mean(tf.square({read} - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    write = "buffer[:, column].assign(output[:, column])"
    assert_findings(text.format(write=f"{write}  # GP206", read="buffer"))
    assert_silent(text.format(write=write, read="output"))
    scatter = "buffer.scatter_nd_update([[column]], output[column : column + 1])"
    assert_findings(text.format(write=f"{scatter}  # GP206", read="buffer.read_value()"))


def test_fast_weights_beside_a_penalty():
    """What only a penalty moves is cut off from all that the network computes."""
    text = """
        slow = tf.Variable(tf.zeros((4, 4)))
        fast = tf.Variable(tf.zeros((4, 4)), trainable=False)
        for _ in range(3):
            with tf.GradientTape() as outer:
                with tf.GradientTape() as tape:
                    inner = tf.reduce_mean(tf.square(tf.matmul(x, slow) - y))
                new = slow - 0.1 * tape.gradient(inner, slow)
                {write}
                loss = tf.reduce_mean(tf.square(tf.matmul(x, {read}) - y)) + {penalty}
            optimizer.apply_gradients([(outer.gradient(loss, slow), slow)])
        """
    penalty = "tf.nn.l2_loss(slow)"
    write = "fast.assign(new)"
    assert_findings(text.format(write=f"{write}  # GP206", read="fast", penalty=penalty))
    assert_silent(text.format(write="pass", read="new", penalty=penalty))
    near = "tf.reduce_mean(tf.square(tf.matmul(x, slow) - fast))"
    assert_silent(text.format(write=write, read="new", penalty=near))


CLONED = """
{class_}
net = {made}
fast = {copied}
for _ in range(3):
    with tf.GradientTape() as outer:
        with tf.GradientTape() as tape:
            inner = tf.reduce_mean(tf.square(net(x) - y))
        steps = tape.gradient(inner, net.trainable_variables)
        new = [v - 0.1 * g for v, g in zip(net.trainable_variables, steps)]
        {write}
        loss = tf.reduce_mean(tf.square(fast(x) - {wanted}))
    gradients = outer.gradient(loss, net.trainable_variables)
    optimizer.apply_gradients(zip(gradients, net.trainable_variables))
"""
PLAIN = {
    "class_": "",
    "made": "keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])",
    "copied": "keras.models.clone_model(net)",
}
OWN = {
    "class_": """
class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(4)

    def call(self, inputs):
        return self.dense(inputs)
""",
    "made": "Net()",
    "copied": "Net()",
}


@pytest.mark.parametrize("how", [PLAIN, OWN], ids=["of Keras", "of its own"])
def test_fast_weights_that_another_network_is_given(how):
    """`set_weights` assigns: what the new weights were computed from is out of sight."""
    write = "fast.set_weights(new)"
    assert_findings(CLONED.format(**how, write=f"{write}  # GP206", wanted="y"))
    assert_silent(CLONED.format(**how, write=write, wanted="net(x)"))
