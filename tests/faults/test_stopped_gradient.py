"""Edge cases of stopped-gradient."""

from __future__ import annotations

from dataclasses import replace

from gradproof.evidence.gradients import GradientCall
from gradproof.evidence.run import Crash, Run
from gradproof.faults.stopped_gradient import prove
from records import (
    KERNEL,
    MATMUL,
    TANH,
    at,
    healthy,
    left_out,
    never_applied,
    operation,
    proven,
    unconnected,
    with_operations,
)
from snippets import assert_findings, assert_silent


def stopped() -> Run:
    """The hidden layer is stopped: no gradient for the kernel."""
    run = with_operations(healthy(), operation(TANH, "StopGradient", (MATMUL,), line=3))
    return unconnected(run, KERNEL)


def test_only_path():
    """A variable that is to be updated has no other path."""
    assert proven(stopped()) == [("GP214", 3)]


def test_another_loss_reaches_it():
    """A second gradient call has a path: the stop is on purpose."""
    run = stopped()
    other: GradientCall = replace(healthy().calls[0], key=2)
    assert list(prove(replace(run, calls=(*run.calls, other)))) == []


def test_left_out():
    """Variables in no list are targets or frozen parts."""
    assert list(prove(left_out(stopped(), KERNEL))) == []


def test_healthy():
    """Gradients that arrive prove nothing."""
    assert list(prove(healthy())) == []


def test_found_on_the_only_way():
    """A stop between the encoder and everything else."""
    assert_findings(
        """
        with tf.GradientTape() as tape:
            code = tf.stop_gradient(encoder(x))  # GP214
            loss = tf.reduce_mean(tf.square(decoder(code) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


def test_silent_on_purpose():
    """A target, another way, a list without those variables, straight-through."""
    assert_silent(
        """
        with tf.GradientTape() as tape:
            code = encoder(x)
            target = tf.stop_gradient(code)
            quantized = code + tf.stop_gradient(tf.round(code) - code)
            loss = tf.reduce_mean(tf.square(decoder(quantized) - target))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )
    assert_silent(
        """
        with tf.GradientTape() as tape:
            code = tf.stop_gradient(encoder(x))
            loss = tf.reduce_mean(tf.square(decoder(code) - y))
        gradients = tape.gradient(loss, decoder.trainable_variables)
        optimizer.apply_gradients(zip(gradients, decoder.trainable_variables))
        """
    )


def test_a_codebook_with_losses_of_its_own():
    """`model.losses` leads to the weights of a layer that calls `add_loss`."""
    assert_silent(
        """
        class Codebook(keras.layers.Layer):
            def build(self, shape):
                self.book = self.add_weight(shape=(4, 16), name="book")

            def call(self, x):
                near = tf.gather(tf.transpose(self.book), tf.argmax(x @ self.book, 1))
                self.add_loss(tf.reduce_mean(tf.square(near - tf.stop_gradient(x))))
                return x + tf.stop_gradient(near - x)


        quantised = keras.Sequential([keras.layers.Dense(4), Codebook(), keras.layers.Dense(4)])
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(quantised(x) - y)) + tf.add_n(quantised.losses)
        variables = quantised.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
        """
    )


def test_an_optimizer_that_was_given_nothing_else():
    """tf-keras refuses before it takes anything: its words say what it was given."""
    run = never_applied(stopped())
    assert "GP214" not in [code for code, _ in proven(run)]
    crash = Crash("ValueError", "No gradients provided for any variable: (['dense']", (at(6),))
    assert proven(replace(run, crash=crash))[0] == ("GP214", 3)


HELPER = """
def detach(*tensors):
    return {stops}

for _ in range(9):
    with tf.GradientTape() as tape:
        {line}
        loss = tf.reduce_mean(tf.square(output - wanted))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
"""


def test_a_helper_that_stops_what_it_is_given():
    """Not the helper is wrong, but what it is given."""
    stops = "[tf.stop_gradient(one) for one in tensors]"
    assert_findings(
        HELPER.format(stops=stops, line="output, wanted = detach(model(x), y)  # GP214")
    )
    assert_silent(HELPER.format(stops=stops, line="output, (wanted,) = model(x), detach(y)"))


def test_a_decorator_that_stops_what_a_function_gives():
    """The function that is decorated is at fault, not the decorator."""
    text = """
        def no_grad(function):
            def inner(*given):
                return tf.stop_gradient(function(*given))
            return inner

        {decorator}
        def embed(inputs):
            return model(inputs)

        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square({output} - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    assert_findings(text.format(decorator="@no_grad  # GP214", output="embed(x)"))
    assert_silent(text.format(decorator="", output="embed(x)"))
    assert_silent(text.format(decorator="@no_grad", output="model(x) + embed(x)"))


def test_a_layer_that_computes_before_it_stops():
    """Who computes first is at fault itself, though the stop is all that is returned."""
    assert_findings("""
        class Goal(keras.layers.Layer):
            def __init__(self):
                super().__init__()
                self.hidden = keras.layers.Dense(4)

            def call(self, goal):
                return tf.stop_gradient(self.hidden(goal))  # GP214

        class Policy(keras.Model):
            def __init__(self):
                super().__init__()
                self.goal, self.head = Goal(), keras.layers.Dense(4)

            def call(self, inputs):
                return self.head(self.goal(inputs))

        policy = Policy()
        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(policy(x) - y))
            pairs = zip(tape.gradient(loss, policy.trainable_variables), policy.trainable_variables)
            optimizer.apply_gradients([(g, v) for g, v in pairs if g is not None])
    """)


def test_rows_that_a_codebook_is_asked_for_by_itself():
    """The nearest row is looked up by way of the codebook: the stop takes the rest away."""
    assert_findings(
        """
        codebook = tf.Variable(tf.random.normal((8, 4)), name="codebook")
        with tf.GradientTape() as tape:
            code = encoder(x)
            distance = tf.reduce_sum((code[:, None] - codebook) ** 2, -1)
            nearest = tf.gather(codebook, tf.argmin(distance, 1))
            through = code + tf.stop_gradient(nearest - code)  # GP214
            loss = tf.reduce_mean(tf.square(decoder(through) - y))
            loss += tf.reduce_mean(tf.square(through - tf.stop_gradient(code)))
        variables = [*encoder.trainable_variables, *decoder.trainable_variables, codebook]
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
        """
    )
