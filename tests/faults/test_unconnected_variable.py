"""Variables without a way to the loss."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gradproof.evidence.recording import EXTERNAL
from gradproof.fault import Verdict
from gradproof.faults.unconnected_variable import prove, settle
from gradproof.finding import Finding, Related
from records import (
    ADD,
    KERNEL,
    MATMUL,
    READ_BIAS,
    READ_KERNEL,
    TANH,
    X,
    at,
    healthy,
    operation,
    proven,
    unconnected,
    with_call,
    with_operations,
    with_variable,
)
from snippets import STEP, assert_findings, assert_silent


def test_head_not_in_the_loss():
    """A head whose output is not used gets no gradient."""
    assert_findings(
        """
        variables = encoder.trainable_variables + decoder.trainable_variables
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(encoder(x) - y))
        gradients = tape.gradient(loss, variables)  # GP208
        optimizer.apply_gradients(zip(gradients, variables))
        """
    )


def test_alternating():
    """A head that another loss of the step uses is not forgotten."""
    assert_silent(
        """
        variables = encoder.trainable_variables + decoder.trainable_variables
        for turn in range(4):
            with tf.GradientTape() as tape:
                hidden = encoder(x)
                if turn % 2:
                    loss = tf.reduce_mean(tf.square(hidden - y))
                else:
                    loss = tf.reduce_mean(tf.square(decoder(hidden) - y))
            gradients = tape.gradient(loss, variables)
            optimizer.apply_gradients(zip(gradients, variables))
        """
    )


def test_proven():
    """What is computed from the kernel is used by nobody."""
    run = unconnected(healthy(), KERNEL)
    run = with_operations(run, operation(ADD, "Identity", (READ_BIAS,)))
    assert proven(run) == [("GP208", 3)]


def test_told_once():
    """What source suspects of the call that the run has proven is not told again."""
    run = unconnected(healthy(), KERNEL)
    run = with_operations(run, operation(ADD, "Identity", (READ_BIAS,)))
    asked = next(call.place for call in run.calls)
    suspicion = Finding("a layer", place=at(99), related=(Related(asked, "asked for here"),))
    assert settle(suspicion, run) is Verdict.CLEARED
    assert settle(replace(suspicion, related=()), run) is None


def test_compiled_loss():
    """`compiled_loss` of a model hands on what it is given, whichever loss it is."""
    assert_silent(
        """
        class Views(keras.Model):
            def __init__(self, body, head):
                super().__init__()
                self.body = body
                self.head = head

            def train_step(self, data):
                with tf.GradientTape() as tape:
                    first = self.head(self.body(data, training=True), training=True)
                    total = self.compiled_loss(tf.stop_gradient(first), first)
                    total += sum(self.body.losses)
                sources = self.body.trainable_variables + self.head.trainable_variables
                gradients = tape.gradient(total, sources)
                self.optimizer.apply_gradients(zip(gradients, sources))
                return {"loss": total}

        views = Views(keras.Sequential([keras.layers.Dense(3)]), keras.layers.Dense(1))
        views.compile("adam", loss=chosen_loss)
        views.fit(x, y)
        """
    )


def test_none_is_expected():
    """Who takes out gradients that are None knows of layers that are not used."""
    assert_silent("""
        class Net(keras.Model):
            def __init__(self):
                super().__init__()
                self.skip = keras.layers.Dense(4)
                self.out = keras.layers.Dense(4)

            def call(self, x, skip=False):
                return self.out(x) + self.skip(x) if skip else self.out(x)

        net = Net()
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(net(x) - y))
        gradients = tape.gradient(loss, net.trainable_variables)
        pairs = [(g, v) for g, v in zip(gradients, net.trainable_variables) if g is not None]
        optimizer.apply_gradients(pairs)
    """)


def test_taken_out_by_the_program():
    """Nothing reads the kernel, and its None was not handed to the optimizer."""
    run = unconnected(healthy(), KERNEL)
    run = with_operations(
        run, operation(READ_KERNEL, EXTERNAL, taped=False), operation(TANH, "Tanh", (X,))
    )
    assert [code for code, _ in proven(run)] == ["GP208"]
    pairs = tuple(pair for pair in run.applies[0].pairs if pair.variable != KERNEL)
    assert proven(replace(run, applies=(replace(run.applies[0], pairs=pairs),))) == []


def test_built_before_the_first_call():
    """`build` is called by hand; the first call makes no second set of variables."""
    assert_silent(
        """
        class Weighing(keras.Model):
            def build(self, shape):
                self.weighing = self.add_weight(name="weighing", shape=(4,))

            def call(self, x):
                return x

        net = Weighing()
        net.build((None, 4))
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(net(x) * net.weighing))
        gradients = tape.gradient(loss, net.trainable_variables)
        optimizer.apply_gradients(zip(gradients, net.trainable_variables))
        """
    )


def test_read_in_a_custom_gradient():
    """What a function with an own gradient reads is not lost: it returns those gradients."""
    assert_silent(
        """
        weight = tf.Variable(tf.ones((4, 1)), name="weight")

        @tf.custom_gradient
        def product(x):
            def backward(upstream, variables=None):
                return upstream @ tf.transpose(weight), [tf.transpose(x) @ upstream]

            return x @ weight, backward

        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(product(x)))
        weight.assign_sub(tape.gradient(loss, weight))
        """
    )


def test_custom_gradient_around_unknown_code():
    """What an unknown call in its body passes on is not known, so nothing is said."""
    assert_silent("""
        class Block(keras.layers.Layer):
            def __init__(self):
                super().__init__()
                self.between = keras.activations.get("relu")

            def build(self, shape):
                self.first, self.second = keras.layers.Dense(4), keras.layers.Dense(1)

            def call(self, inputs, training=None):
                return self.second(self.between(self.first(inputs)))


        class Pair(keras.layers.Layer):
            def __init__(self, f):
                super().__init__()
                self.f = f

            def call(self, inputs, training=None):
                @tf.custom_gradient
                def doubled(inputs):
                    with tf.GradientTape() as inner:
                        inner.watch(inputs)
                        result = self.f(inputs, training=training)
                        y = tf.concat([tf.identity(result), result], axis=-1)

                    def gradient(upstream, variables=None):
                        found = inner.gradient(y, [inputs] + variables, output_gradients=upstream)
                        return found[0], found[1:]

                    return y, gradient

                return doubled(inputs)


        pair = Pair(Block())


        @tf.function
        def step():
            with tf.GradientTape() as tape:
                output = pair(x, training=True)
            gradients = tape.gradient(output, pair.trainable_variables)
            optimizer.apply_gradients(zip(gradients, pair.trainable_variables))


        step()
    """)


def test_unknown_backbone_of_a_functional_model():
    """A head on what a backbone of other code gives: its layers lie behind the head's own."""
    assert_silent(
        """
        backbone = load_backbone()
        head = keras.layers.Dense(2)
        joined = keras.Model(backbone.input, head(backbone.output))

        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(joined(x, training=True))
            gradients = tape.gradient(loss, joined.trainable_variables)
            optimizer.apply_gradients(zip(gradients, joined.trainable_variables))
        """
    )


def test_the_line_that_drops_it():
    """What a function gave is used nowhere: that shows where it was called."""
    run = unconnected(healthy(), KERNEL)
    inner = replace(operation(TANH, "Tanh", (MATMUL,)), stack=(at(3), at(20)))
    run = with_operations(run, inner, operation(ADD, "Identity", (READ_BIAS,)))
    (found,) = prove(run)
    assert found.place == at(3)
    assert [there.place for there in found.related] == [at(20)]


def test_the_place_is_what_was_made_of_it_last():
    """A term that the loss forgets is named itself, not the layer that it comes from."""
    assert_findings("""
        class World(keras.Model):
            def __init__(self):
                super().__init__()
                self.core = keras.layers.Dense(8)
                self.state, self.reward = keras.layers.Dense(4), keras.layers.Dense(1)

            def call(self, inputs):
                hidden = self.core(inputs)
                return self.state(hidden), self.reward(hidden)

        world = World()
        warm = world(x)
        for _ in range(3):
            with tf.GradientTape() as tape:
                state, reward = world(x)
                dynamics = tf.reduce_mean(tf.square(state - x))
                gain = tf.reduce_mean(tf.square(reward - y))  # GP208
                loss = dynamics
            gradients = tape.gradient(loss, world.trainable_variables)
            optimizer.apply_gradients(zip(gradients, world.trainable_variables))
            print(float(gain))
    """)


def test_entries_of_a_list_handed_on_with_a_star():
    """Of how many entries nobody knows: the loss may use each."""
    assert_silent("""
        def triplet(anchor, positive, negative):
            near, far = tf.square(anchor - positive), tf.square(anchor - negative)
            return tf.reduce_mean(tf.maximum(near - far, 0.0))

        def step(rows):
            with tf.GradientTape() as tape:
                embedded = [model(part) for part in rows]
                loss = triplet(*embedded)
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))

        rows = []
        for _ in range(3):
            rows.append(x)
        step([row * 1.0 for row in rows])
    """)


def test_a_run_in_which_all_gradients_were_there():
    """What source did not see reach the loss did reach it."""
    suspicion = Finding("", place=at(3), related=(Related(at(5), "asked here"),))
    assert settle(suspicion, healthy()) is Verdict.CLEARED
    assert settle(suspicion, with_call(healthy(), zeros=True)) is None
    assert settle(replace(suspicion, related=()), healthy()) is None


def test_a_star_takes_the_rest():
    """Of a list that was appended to, a starred name may hold any entry."""
    assert_silent("""
        class Perceptron(tf.Module):
            def __init__(self, sizes):
                super().__init__()
                self.pairs = []
                for rows, columns in sizes:
                    kernel = tf.Variable(tf.ones((rows, columns)))
                    self.pairs.append((kernel, tf.Variable(tf.zeros(columns))))

            def __call__(self, value):
                *hidden, (kernel, bias) = self.pairs
                for k, b in hidden:
                    value = tf.nn.relu(value @ k + b)
                return value @ kernel + bias

        net = Perceptron([(4, 8), (8, 4)])
        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(net(x) - y))
            gradients = tape.gradient(loss, net.trainable_variables)
            optimizer.apply_gradients(zip(gradients, net.trainable_variables))
    """)


KEPT_BACK = """
class Refine(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.first = keras.layers.Dense(4)
        self.second = keras.layers.Dense(4)

    def call(self, inputs):
        return inputs + self.second(self.first(inputs))

class Picker(keras.Model):
    def __init__(self):
        super().__init__()
        self.coarse = keras.layers.Dense(4)
        self.refine = Refine()

    def call(self, inputs):
        coarse = self.coarse(inputs)
        picks = self.refine(coarse){mark}
        return {back}

model = Picker()
model(x)
"""


def test_what_a_function_keeps_back():
    """One cause, at the line of which the result gets a name and goes nowhere."""
    assert_findings(KEPT_BACK.format(back="coarse", mark="  # GP208"), STEP)
    assert_silent(KEPT_BACK.format(back="picks", mark=""), STEP)


def test_losses_by_name():
    """What is left out of the named losses that are summed is told where they are computed."""
    text = """
        class Net(keras.Model):
            def __init__(self):
                super().__init__()
                self.box = keras.layers.Dense(4, name="box")
                self.aux = keras.layers.Dense(1, name="aux")

            def call(self, inputs):
                return {{"box": self.box(inputs), "aux": self.aux(inputs)}}

        net = Net()
        weights = {weights}

        def losses_of(outputs):
            return {{name: tf.reduce_mean(tf.square(given)) for name, given in outputs.items()}}

        def step():
            with tf.GradientTape() as tape:
                losses = losses_of(net(x)){mark}
                total = tf.add_n([weight * losses[name] for name, weight in weights.items()])
            gradients = tape.gradient(total, net.trainable_variables)
            optimizer.apply_gradients(zip(gradients, net.trainable_variables))

        step()
    """
    assert_findings(text.format(weights='{"box": 1.0}', mark="  # GP208"))
    assert_silent(text.format(weights='{"box": 1.0, "aux": 0.5}', mark=""))


def test_handed_to_a_function_that_leaves_it_out():
    """A function that is given two branches and gives back one of them."""
    text = """
        class Fusion(keras.Model):
            def __init__(self, way="concat"):
                super().__init__()
                self.image, self.text = keras.layers.Dense(4), keras.layers.Dense(4, name="text")
                self.way = way

            def merge(self, a, b):
                if self.way == "concat":
                    return tf.concat([a, {second}], axis=-1){mark}
                return a + b

            def call(self, given):
                a, b = self.image(given), self.text(given)
                return tf.nn.relu(self.merge(a, b))

        net = Fusion()
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(net(x)))
        gradients = tape.gradient(loss, net.trainable_variables)
        optimizer.apply_gradients(zip(gradients, net.trainable_variables))
    """
    assert_findings(text.format(second="a", mark="  # GP208"))
    assert_silent(text.format(second="b", mark=""))


def test_a_layer_that_its_class_never_calls():
    """It is told where the class makes it, all such layers of one step at once."""
    text = """
        class Net(keras.Model):
            def __init__(self):
                super().__init__()
                self.first = keras.layers.Dense(4)
                self.second = keras.layers.Dense(4){mark}
                self.third = keras.layers.Dense(4)
                self.out = keras.layers.Dense(4)
                self.second.build((None, 4))
                self.third.build((None, 4))

            def call(self, x):
                return self.out({inner})

        model = Net()
    """
    assert_findings(text.format(inner="self.first(self.first(x))", mark="  # GP208"), STEP)
    assert_silent(text.format(inner="self.third(self.second(self.first(x)))", mark=""), STEP)


def test_what_nothing_reads_is_told_where_it_was_made():
    """By a class of the program; a network for itself is told where it is asked for."""
    run = unconnected(healthy(), KERNEL)
    run = with_operations(run, operation(READ_KERNEL, "Const"))
    asked = next(call.place for call in run.calls)
    assert [found.place for found in prove(run)] == [asked]
    own = with_variable(run, KERNEL, made_in="Cell", made_at=at(2))
    assert [found.place for found in prove(own)] == [at(2)]
    held = with_variable(run, KERNEL, made_in="Dense", holder="Net", layer_made_at=at(1))
    assert [found.place for found in prove(held)] == [at(1)]


@pytest.mark.parametrize(
    "made",
    [
        "tf.random.normal(tf.shape(mean), mean, 0.1)",
        "tf.random.normal((8, 4), mean=mean)",
        "tf.random.uniform((8, 4), minval=mean - 1.0, maxval=mean + 1.0)",
        "tf.random.stateless_normal((8, 4), (1, 2), mean)",
        "tf.fill((8, 4), tf.reduce_mean(mean))",
    ],
)
def test_values_that_are_drawn_around_an_output(made: str):
    """TensorFlow shifts and scales what it draws: a gradient comes back."""
    assert_silent(
        f"""
        with tf.GradientTape() as tape:
            mean = encoder(x)
            loss = tf.reduce_mean(tf.square(decoder({made}) - y))
        variables = encoder.trainable_variables + decoder.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
        """
    )
