"""Models that care about the training flag."""

from __future__ import annotations

from dataclasses import replace

from gradproof.evidence.layers import LayerMode
from gradproof.finding import Finding, Related
from records import at, healthy, proven
from snippets import STEP, assert_findings, assert_silent, mended_snippet


def test_dropout():
    """Dropout does nothing without the flag."""
    assert_findings(
        """
        net = keras.Sequential([keras.Input((4,)), keras.layers.Dropout(0.5), keras.layers.Dense(4)])
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(net(x) - y))  # GP706
        gradients = tape.gradient(loss, net.trainable_variables)
        optimizer.apply_gradients(zip(gradients, net.trainable_variables))
        """
    )


def test_decided():
    """`training=False` is a decision."""
    assert_silent(
        """
        net = keras.Sequential([keras.Input((4,)), keras.layers.Dropout(0.5), keras.layers.Dense(4)])
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(net(x, training=False) - y))
        gradients = tape.gradient(loss, net.trainable_variables)
        optimizer.apply_gradients(zip(gradients, net.trainable_variables))
        """
    )


def test_nothing_to_switch():
    """A model without such layers needs no flag."""
    assert_silent(
        """
        print(model(x))
        """,
        then=STEP,
    )


def test_evaluation():
    """Outside of training the flag is rightly missing."""
    assert_silent(
        """
        net = keras.Sequential([keras.Input((4,)), keras.layers.Dropout(0.5), keras.layers.Dense(4)])
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(net(x, training=True) - y))
        gradients = tape.gradient(loss, net.trainable_variables)
        optimizer.apply_gradients(zip(gradients, net.trainable_variables))
        print(tf.reduce_mean(tf.square(net(x) - y)))
        """
    )


def test_proven():
    """A BatchNormalization ran in inference mode under the tape, and never otherwise."""
    mode = LayerMode("norm", "BatchNormalization", False, False, True, at(3), 1)
    assert proven(replace(healthy(), modes=(mode,))) == [("GP706", 3)]


def test_a_decision():
    """`training=False` in the user's own code is a decision."""
    mode = LayerMode("norm", "BatchNormalization", False, True, True, at(3), 1)
    assert proven(replace(healthy(), modes=(mode,))) == []


HELPER = """
class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.norm = keras.layers.BatchNormalization()
        self.out = keras.layers.Dense(4)

    def encode(self, inputs, training=False):
        return self.norm(inputs, training=training)

    def call(self, inputs, training=False):
        return self.out(CALL)


net = Net()
net(x)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(net(x, training=True) - y))
gradients = tape.gradient(loss, net.trainable_variables)
optimizer.apply_gradients(zip(gradients, net.trainable_variables))
"""


def test_a_helper_that_is_not_told():
    """`call` has the flag, and a method of the model runs at its default."""
    told = "self.encode(inputs)"
    assert_findings(HELPER.replace("CALL)", f"{told})  # GP706"))


def test_a_helper_that_is_told_somewhere():
    """The flag is handed on, or one call decides and the other may mean its default."""
    for told in (
        "self.encode(inputs, training=training)",
        "self.encode(inputs, training)",
        "self.encode(inputs, training=False)",
        "self.encode(inputs) + self.encode(inputs, training=training)",
    ):
        assert_silent(HELPER.replace("CALL", told))


HANDED_ON = """
net = keras.Sequential([keras.Input((4,)), keras.layers.Dropout(0.5), keras.layers.Dense(4)])


def step(flag):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(net(x, training=flag) - y))  # GP706
    gradients = tape.gradient(loss, net.trainable_variables)
    optimizer.apply_gradients(zip(gradients, net.trainable_variables))


step(None)
"""


def test_a_flag_that_is_handed_on_is_no_place_for_another():
    """`training=flag, training=True` is no Python."""
    assert_findings(HANDED_ON)
    assert mended_snippet(HANDED_ON) == ""


def test_told_whenever_it_ran():
    """Another call of the same lines was not; this run has to do with one that was."""
    from gradproof.fault import Verdict
    from gradproof.faults.training_flag_missing import settle

    run = healthy()
    finding = Finding("untold", place=at(3), evidence={"kinds": "Dropout"})
    mode = LayerMode("dropout", "Dropout", True, True, True, at(3), 1)
    assert settle(finding, replace(run, modes=(mode,))) is Verdict.CLEARED
    assert (
        settle(finding, replace(run, modes=(replace(mode, training=False, explicit=False),)))
        is None
    )
    assert settle(replace(finding, evidence={"kinds": "GaussianNoise"}), run) is None
    off = replace(run, modes=(replace(mode, training=False),))
    assert settle(finding, off) is Verdict.CLEARED
    assert settle(replace(finding, label="always `training=False`"), off) is None


def test_false_is_written_where_the_flag_is_taken():
    """`call` takes `training`, never reads it, and switches its own dropout off."""
    text = """
        class Net(keras.Model):
            def __init__(self, **words):
                super().__init__()
                self.drop = keras.layers.{kind}
                self.out = keras.layers.Dense(1)

            def call(self, inputs, training=False):
                return self.out(self.drop({given})){mark}

        net = Net(){after}
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(net(x, training=True) - y))
        gradients = tape.gradient(loss, net.trainable_variables)
        optimizer.apply_gradients(zip(gradients, net.trainable_variables))
    """
    off, norm = "inputs, training=False", "BatchNormalization()"
    mark = "  # GP706"
    assert_findings(text.format(kind="Dropout(0.3)", given=off, mark=mark, after=""))
    assert_findings(text.format(kind=norm, given=off, mark=mark, after=""))
    told = "inputs, training=training"
    assert_silent(text.format(kind="Dropout(0.3)", given=told, mark="", after=""))
    loaded = '\n        net.load_weights("old.weights.h5")'
    assert_silent(text.format(kind=norm, given=off, mark="", after=loaded))
    assert_silent(text.format(kind="Dense(4)", given=off, mark="", after=""))


PIPELINE = """
class Pipeline:
    def __init__(self):
        self.body = keras.Sequential([keras.Input((4,)), keras.layers.BatchNormalization()])
        self.head = keras.layers.Dense(4)

    def forward(self, x, training=False):
        return self.head(self.body(x, training=training))

    def fit(self):
        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square({forward} - y)){mark}
            variables = self.body.trainable_variables + self.head.trainable_variables
            gradients = tape.gradient(loss, variables)
            optimizer.apply_gradients(zip(gradients, variables))
        return self.forward(x)


Pipeline().fit()
"""


def test_a_function_that_leaves_the_flag_at_its_default():
    """What `training=False` of a signature is handed on is nobody's decision."""
    text = PIPELINE.format(forward="self.forward(x)", mark="  # GP706")
    assert_findings(text)
    assert "self.forward(x, training=True)" in mended_snippet(text)
    for told in ("training=True", "training=False", "True"):
        assert_silent(PIPELINE.format(forward=f"self.forward(x, {told})", mark=""))


def test_what_a_run_saw_of_a_default():
    """It is proven where the model never ran otherwise under a tape, and cleared where it did."""
    from gradproof.fault import Verdict
    from gradproof.faults.training_flag_missing import settle

    label, related = "leaves `training` at its default", (Related(at(3), "handed on here"),)
    finding = Finding("untold", place=at(4), label=label, related=related)
    mode = LayerMode("norm", "BatchNormalization", False, True, True, at(3), 1)
    run = replace(healthy(), modes=(mode,))
    assert settle(finding, run) is finding
    told = replace(mode, training=True)
    assert settle(finding, replace(run, modes=(mode, told))) is Verdict.CLEARED
    beside = replace(told, layer="other")
    assert settle(finding, replace(run, modes=(mode, beside))) is finding


def test_a_block_of_the_program_is_told_to_stay_in_inference():
    """It holds layers that care, as the class itself might."""
    text = """
        class Block(keras.layers.Layer):
            def __init__(self):
                super().__init__()
                self.inner = keras.layers.Dense(4)
                self.{name} = keras.layers.{kind}

            def call(self, x, training=False):
                return self.{name}(self.inner(x), training=training)

        class Net(keras.Model):
            def __init__(self):
                super().__init__()
                self.block = Block()
                self.out = keras.layers.Dense(1)

            def call(self, x, training=False):
                return self.out(self.block(x, training={flag})){mark}
    """
    norm = {"name": "norm", "kind": "BatchNormalization()"}
    assert_findings(text.format(**norm, flag="False", mark="  # GP706"))
    assert_silent(text.format(**norm, flag="training", mark=""))
    assert_silent(text.format(name="act", kind="ReLU()", flag="False", mark=""))


def test_a_default_by_another_name():
    """What a helper's own `train` is by default, the model is told."""
    text = """
        class Runner:
            def __init__(self):
                self.net = keras.Sequential([keras.layers.Dropout(0.5), keras.layers.Dense(1)])

            def forward(self, x, train={default}):
                return self.net(x, training=train)

            def step(self, x, y):
                with tf.GradientTape() as tape:
                    loss = tf.reduce_mean(tf.square(self.forward(x{told}) - y)){mark}
                gradients = tape.gradient(loss, self.net.trainable_variables)
                optimizer.apply_gradients(zip(gradients, self.net.trainable_variables))

        runner = Runner()
        runner.step(x, y)
        print(runner.forward(x))
    """
    assert_findings(text.format(default="False", told="", mark="  # GP706"))
    assert_silent(text.format(default="False", told=", True", mark=""))
    assert_silent(text.format(default="False", told=", train=False", mark=""))
    assert_silent(text.format(default="True", told="", mark=""))


def test_call_past_keras():
    """A layer's own `call` takes the default of its signature, which Keras would not."""
    text = """
        class Block(keras.layers.Layer):
            def __init__(self):
                super().__init__()
                self.dense, self.drop = keras.layers.Dense(4), keras.layers.Dropout(0.5)

            def call(self, inputs, training=False):
                return self.drop(self.dense(inputs), training=training)

        class Net(keras.Model):
            def __init__(self):
                super().__init__()
                self.block = Block()

            def call(self, inputs, training=False):
                return {made}

        net = Net()
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(net(x, training=True) - y))
        gradients = tape.gradient(loss, net.trainable_variables)
        optimizer.apply_gradients(zip(gradients, net.trainable_variables))
        """
    assert_findings(text.format(made="self.block.call(inputs)  # GP706"))
    assert_silent(text.format(made="self.block.call(inputs, training)"))
    assert_silent(text.format(made="self.block(inputs)"))


FUNCTIONAL = """
inputs = keras.Input((4,))
hidden = keras.layers.Dropout(0.1)(inputs{said})
net = keras.Model(inputs, keras.layers.Dense(4)(hidden))
print(net(x, training=False))
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(net(x) - y)){mark}
gradients = tape.gradient(loss, net.trainable_variables)
optimizer.apply_gradients(zip(gradients, net.trainable_variables))
"""


def test_said_where_the_model_was_made():
    """A functional model keeps the flag with which one of its layers was called."""
    assert_silent(FUNCTIONAL.format(said=", training=True", mark=""))
    assert_findings(FUNCTIONAL.format(said="", mark="  # GP706"))
    assert_findings(FUNCTIONAL.format(said=", training=None", mark="  # GP706"))


def test_said_for_all_calls():
    """Keras 2 has one flag for all calls that say none."""
    step = FUNCTIONAL.replace("with tf.", "{phase}\nwith tf.")
    for phase in ("keras.backend.set_learning_phase(1)", "keras.backend.set_learning_phase(True)"):
        assert_silent(step.format(said="", mark="", phase=phase), keras="2")
    assert_findings(step.format(said="", mark="  # GP706", phase=""), keras="2")


def test_chance_that_is_switched_off():
    """`Dropout(0.0)` computes the same in training."""
    for layer in ("Dropout(0.0)", "Dropout(rate=0)", "GaussianNoise(0.0)", "Dropout(RATE)"):
        text = FUNCTIONAL.replace("Dropout(0.1)", layer)
        assert_silent("RATE = 0.0\n" + text.format(said="", mark=""))
    noisy = FUNCTIONAL.replace("Dropout(0.1)", "GaussianNoise(0.1)")
    assert_findings(noisy.format(said="", mark="  # GP706"))
