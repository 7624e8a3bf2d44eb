"""Bare `tf.Variable`s in Keras 3 layers and models."""

from __future__ import annotations

from records import BIAS, at, healthy, left_out, proven, with_variable
from snippets import STEP, assert_findings, assert_silent


def test_made_in_build():
    """A variable made in `build` is not tracked either."""
    assert_findings(
        """
        class Scale(keras.layers.Layer):
            def build(self, shape):
                self.scale = tf.Variable(tf.ones(shape[-1:]))  # GP101

            def call(self, inputs):
                return inputs * self.scale

        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4), Scale()])
        """,
        then=STEP,
    )


def test_in_a_dict_of_a_layer():
    """Keras 3 looks into the dict and takes no bare variable; Keras 2 tracks it."""
    text = """
        class Scale(keras.layers.Layer):
            def __init__(self):
                super().__init__()
                self.known = {{"scale": tf.Variable(tf.ones((4,)))}}{mark}

            def call(self, inputs):
                return inputs * self.known["scale"]

        given = keras.Input((4,))
        model = keras.Model(given, Scale()(keras.layers.Dense(4)(given)))
        """
    assert_findings(text.format(mark="  # GP101"), then=STEP)
    assert_findings(text.format(mark=""), then=STEP, keras="2")


def test_in_a_model():
    """A model's own weights get lost in the same way, one by one."""
    assert_findings(
        """
        class Line(keras.Model):
            def __init__(self):
                super().__init__()
                self.w = tf.Variable(0.5)  # GP101
                self.b = tf.Variable(0.0)  # GP101

            def call(self, inputs):
                return self.w * inputs + self.b

        model = Line()
        """,
        then=STEP,
    )


def test_tf_keras_tracks_it():
    """Under tf-keras the same class is right."""
    assert_silent(
        """
        class Line(keras.Model):
            def __init__(self):
                super().__init__()
                self.w = tf.Variable(0.5)

            def call(self, inputs):
                return self.w * inputs

        model = Line()
        """,
        then=STEP,
        keras="2",
    )


def test_meant_to_rest():
    """A variable that says it does not train need not be listed."""
    assert_silent(
        """
        class Count(keras.layers.Layer):
            def __init__(self):
                super().__init__()
                self.calls = tf.Variable(0.0, trainable=False)
                self.dense = keras.layers.Dense(4)

            def call(self, inputs):
                self.calls.assign_add(1.0)
                return self.dense(inputs)

        model = keras.Sequential([keras.Input((4,)), Count()])
        """,
        then=STEP,
    )


def test_tracked_kinds():
    """What Keras makes itself is tracked."""
    assert_silent(
        """
        class Scale(keras.layers.Layer):
            def __init__(self):
                super().__init__()
                self.scale = self.add_weight(shape=(), initializer="ones")
                self.shift = keras.Variable(0.0)

            def call(self, inputs):
                return inputs * self.scale + self.shift

        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4), Scale()])
        """,
        then=STEP,
    )


def test_handed_over_explicitly():
    """In a plain class or a `tf.Module`, named in the list, all is right."""
    assert_silent(
        """
        class Line(tf.Module):
            def __init__(self):
                super().__init__()
                self.w = tf.Variable(0.5)

            def __call__(self, inputs):
                return self.w * inputs

        line = Line()
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(line(x) - y))
        gradients = tape.gradient(loss, [line.w])
        optimizer.apply_gradients(zip(gradients, [line.w]))
        """
    )


def test_proven():
    """The loss uses a bare variable of a layer, and no list has it."""
    run = with_variable(
        left_out(healthy(), BIAS), BIAS, kind="tf.Variable", tracked=False, made_at=at(3)
    )
    assert proven(run) == [("GP101", 3)]


def test_a_layer_in_a_functional_model():
    """A bare variable of a layer of the file's own, reached through a functional model."""
    assert_findings(
        """
        class Scale(keras.layers.Layer):
            def build(self, shape):
                self.gain = tf.Variable(tf.ones((shape[-1],)))  # GP101

            def call(self, inputs):
                return inputs * self.gain

        entry = keras.Input((4,))
        network = keras.Model(entry, keras.layers.Dense(1)(Scale()(entry)))
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(network(x)))
        gradients = tape.gradient(loss, network.trainable_variables)
        optimizer.apply_gradients(zip(gradients, network.trainable_variables))
        """
    )


def test_held_by_a_checkpoint():
    """A checkpoint keeps what it is given; it trains nothing."""
    assert_findings("""
        class Scaled(keras.layers.Layer):
            def __init__(self):
                super().__init__()
                self.inner = keras.layers.Dense(4)
                self.gain = tf.Variable(1.0)  # GP101

            def call(self, inputs):
                return self.gain * self.inner(inputs)

        net = Scaled()
        checkpoint = tf.train.Checkpoint(net=net, optimizer=optimizer)
        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(net(x) - y))
            gradients = tape.gradient(loss, net.trainable_variables)
            optimizer.apply_gradients(zip(gradients, net.trainable_variables))
        checkpoint.save("here")
    """)
