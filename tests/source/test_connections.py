"""What lies between a variable and the target of a gradient."""

from __future__ import annotations

import textwrap

import pytest
from marks import assert_findings

STEP = """
for epoch in range(3):
    with tf.GradientTape() as tape:
        {body}
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
"""


@pytest.mark.parametrize(
    "body",
    [
        "loss = tf.reduce_mean(tf.square(model(x) - y))",
        "loss = keras.losses.MeanSquaredError()(y, model(x, training=True))",
        "loss = tf.reduce_mean(tf.where(y > 0.0, model(x), 0.5 * model(x)))",
        "hidden = model(x); loss = tf.reduce_mean(hidden + tf.stop_gradient(tf.round(hidden) - hidden))",
        "loss = tf.reduce_mean(tf.py_function(tf.square, [model(x)], tf.float32))",
        "loss = sum(tf.reduce_mean(part) for part in tf.split(model(x), 2))",
        "loss = tf.reduce_mean(tf.math.top_k(model(x), 2).values[:, 1:])",
        "loss = elsewhere(model, x)",
    ],
)
def test_recorded_paths_are_silent(body):
    """A path that the tape records, or code that is not in the file."""
    assert_findings(STEP.format(body=body))


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("loss = tf.reduce_mean(tf.cast(tf.argmax(model(x), 1), tf.float32))", "GP203"),
        ("loss = tf.reduce_mean(tf.cast(model(x) > 0.5, tf.float32))", "GP203"),
        ("loss = tf.reduce_mean(tf.math.floor(model(x)))", "GP203"),
        ("loss = tf.reduce_mean(tf.cast(tf.math.top_k(model(x)).indices, x.dtype))", "GP203"),
        ("loss = tf.reduce_mean(tf.cast(model(x), tf.int32))", "GP203"),
        ("loss = tf.constant(float(tf.reduce_mean(model(x))))", "GP202"),
        ("loss = tf.constant(np.mean(model(x)))", "GP202"),
        ("loss = tf.reduce_mean(model(x).numpy() - y)", "GP202"),
        ("loss = tf.reduce_mean(model.predict(x) - y)", "GP202"),
        ("loss = tf.reduce_mean(tf.numpy_function(np.tanh, [model(x)], tf.float32))", "GP204"),
    ],
)
def test_operations_that_end_the_only_path(body, code):
    """The operation is named, in the line where it stands."""
    assert_findings(STEP.format(body=f"{body}  # {code}"))


def test_forward_pass_before_the_tape():
    """The call of the model is named, also when a function makes it."""
    assert_findings("""
        def forward():
            return model(x)

        for epoch in range(3):
            prediction = forward()  # GP201
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(prediction - y))
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    """)


def test_loss_after_the_tape():
    """What is computed after the block is not recorded."""
    assert_findings("""
        for epoch in range(3):
            with tf.GradientTape() as tape:
                prediction = model(x)
            loss = tf.reduce_mean(tf.square(prediction - y))  # GP201
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    """)


def test_a_frozen_forward_pass_may_stand_outside():
    """Features of a part that does not train need no tape."""
    assert_findings("""
        for epoch in range(3):
            features = encoder(x)
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(decoder(features) - y))
            gradients = tape.gradient(loss, decoder.trainable_variables)
            optimizer.apply_gradients(zip(gradients, decoder.trainable_variables))
    """)


def test_a_term_of_the_loss_that_is_a_number():
    """The rest of the loss still trains; that term moves nothing."""
    assert_findings("""
        for epoch in range(3):
            with tf.GradientTape() as tape:
                error = tf.reduce_mean(tf.square(model(x) - y))
                penalty = float(tf.reduce_mean(tf.abs(model(x))))  # GP202
                loss = error + 0.1 * penalty
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    """)


def test_tensors_have_to_be_watched():
    """Only variables are watched by themselves."""
    assert_findings("""
        points = tf.constant([[0.0], [1.0]])
        net = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        with tf.GradientTape() as tape:
            value = net(points)
        slope = tape.gradient(value, points)  # GP205
        with tf.GradientTape() as tape:
            tape.watch(points)
            value = net(points)
        slope = tape.gradient(value, points)
    """)


def test_variables_that_become_tensors():
    """The second round differentiates by a tensor."""
    assert_findings("""
        w = tf.Variable(tf.zeros((4, 1)))
        for epoch in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(tf.matmul(x, w) - y))
            gradient = tape.gradient(loss, w)
            w = w - 0.1 * gradient  # GP207
    """)


def test_fast_weights_of_an_inner_step():
    """Meta-learning replaces variables by tensors on purpose."""
    assert_findings("""
        slope, offset = tf.Variable(1.0), tf.Variable(0.0)
        for task in range(5):
            with tf.GradientTape() as outer:
                fast = [slope, offset]
                for inner_step in range(2):
                    with tf.GradientTape() as inner:
                        inner.watch(fast)
                        error = tf.reduce_mean((fast[0] * x + fast[1] - y) ** 2)
                    gradients = inner.gradient(error, fast)
                    fast = [value - 0.1 * gradient for value, gradient in zip(fast, gradients)]
                loss = tf.reduce_mean((fast[0] * x + fast[1] - y) ** 2)
            gradients = outer.gradient(loss, [slope, offset])
            optimizer.apply_gradients(zip(gradients, [slope, offset]))
    """)


def test_integer_variables():
    """Gradients exist for floating dtypes only."""
    assert_findings("""
        scale = tf.Variable(2)  # GP111
        steps = tf.Variable(0, trainable=False)
        for epoch in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.cast(scale, tf.float32) * x)
            optimizer.apply_gradients(zip(tape.gradient(loss, [scale]), [scale]))
            steps.assign_add(1)
    """)


def test_a_tape_answers_once():
    """Unless it is persistent, or another tape."""
    assert_findings("""
        with tf.GradientTape() as tape:
            first = tf.reduce_mean(encoder(x))
            second = tf.reduce_mean(decoder(x))
        optimizer.apply_gradients(
            zip(tape.gradient(first, encoder.trainable_variables), encoder.trainable_variables)
        )
        gradients = tape.gradient(second, decoder.trainable_variables)  # GP213
        keras.optimizers.SGD(0.1).apply_gradients(zip(gradients, decoder.trainable_variables))
    """)


def test_raw_variables_of_a_keras_object():
    """Keras 3 does not track them; Keras 2 does."""
    snippet = """
        class Scale(keras.Model):
            def __init__(self):
                super().__init__()
                self.factor = tf.Variable(1.0){mark}
                self.dense = keras.layers.Dense(1)

            def call(self, inputs):
                return self.factor * self.dense(inputs)


        scale = Scale()
        scale(x)
        for epoch in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(scale(x) - y))
            gradients = tape.gradient(loss, scale.trainable_variables)
            optimizer.apply_gradients(zip(gradients, scale.trainable_variables))
    """
    assert_findings(snippet.format(mark="  # GP101"), keras="3")
    assert_findings(snippet.format(mark=""), keras="2")


GIVEN = """
class Trainer:
    def __init__(self, net, optimizer, loss_fn):
        self.net = net
        self.optimizer = optimizer
        self.loss_fn = loss_fn

    def train_step(self, x, y):
{lines}
        gradients = tape.gradient(loss, self.net.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.net.trainable_variables))
"""


@pytest.mark.parametrize(
    "lines",
    [
        """
        with tf.GradientTape() as tape:
            loss = self.loss_fn(y, self.net(x))
        """,
        """
        with tf.GradientTape() as tape:
            best = tf.argmax(self.net(x), axis=-1)  # GP203
            loss = self.loss_fn(y, best)
        """,
        """
        predictions = self.net(x)  # GP201
        with tf.GradientTape() as tape:
            loss = self.loss_fn(y, predictions)
        """,
        """
        before = self.net(x)
        with tf.GradientTape() as tape:
            loss = self.policy_loss(x, before)
        """,
        """
        before = self.net(x)
        with tf.GradientTape() as tape:
            loss = self.loss_fn(self, before)
        """,
    ],
)
def test_models_handed_in(lines):
    """The call of a model that was handed in connects it; unknown methods may call it as well."""
    assert_findings(GIVEN.format(lines=textwrap.indent(textwrap.dedent(lines), " " * 8)))


def test_pairs_for_an_optimizer_handed_in():
    """Swapped and used up pairs are wrong for any optimizer."""
    assert_findings("""
        def swapped(net, optimizer, x):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(net(x))
            gradients = tape.gradient(loss, net.trainable_variables)
            optimizer.apply_gradients(zip(net.trainable_variables, gradients))  # GP406

        def spent(net, optimizer, x):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(net(x))
            gradients = tape.gradient(loss, net.trainable_variables)
            pairs = zip(gradients, net.trainable_variables)  # GP405
            sizes = [tf.norm(gradient) for gradient, _ in pairs]
            optimizer.apply_gradients(pairs)
            return sizes
    """)


def test_what_prepares_the_data_is_no_layer():
    """An attribute that is called beside the tape may be one; where another has a way, it is not."""
    assert_findings("""
        class Emulator(keras.Model):
            def __init__(self, prepare):
                super().__init__()
                self.prepare = prepare
                self.dense = keras.layers.Dense(4)

            def train(self, given, wanted):
                wanted = self.prepare(wanted)
                for epoch in range(3):
                    with tf.GradientTape() as tape:
                        loss = tf.reduce_mean(tf.square(self.dense(given) - wanted))
                    gradients = tape.gradient(loss, self.trainable_variables)
                    self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
    """)


def test_a_function_handed_to_jax():
    """What `jax.jit` makes of it is called with arrays of its own, not with tensors."""
    assert_findings("""
        import jax

        def slopes(angles):
            with tf.GradientTape() as tape:
                total = tf.reduce_sum(tf.square(angles))
            return tape.gradient(total, angles)

        def compare(angles):
            return jax.jit(slopes, static_argnums=[1])(angles)
    """)


def test_a_variable_that_comes_back():
    """The likelihood of a CRF comes with the very weights that it was given."""
    assert_findings("""
        import tensorflow_addons as tfa

        class Tagger(keras.Model):
            def __init__(self):
                super().__init__()
                self.dense = keras.layers.Dense(5)
                self.pairs = self.add_weight(name="pairs", shape=(5, 5))

            def loss_of(self, words, tags, lengths):
                scores = self.dense(words)
                likelihood, self.pairs = tfa.text.crf_log_likelihood(
                    scores, tags, lengths, self.pairs
                )
                return -tf.reduce_mean(likelihood)

        tagger = Tagger()
        for words, tags, lengths in batches:
            with tf.GradientTape() as tape:
                loss = tagger.loss_of(words, tags, lengths)
            gradients = tape.gradient(loss, tagger.trainable_variables)
            optimizer.apply_gradients(zip(gradients, tagger.trainable_variables))
    """)
