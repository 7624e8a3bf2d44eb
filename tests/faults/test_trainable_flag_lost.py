"""Edge cases of trainable-flag-lost."""

from __future__ import annotations

from snippets import STEP, assert_findings, assert_silent

NETS = """
base = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
model = keras.Sequential([keras.Input((4,)), base, keras.layers.Dense(4)])
"""


def test_outer_flag_hands_down():
    """In Keras 2 the flag of the model overwrites the one inside."""
    text = NETS + "base.trainable = False\nmodel.trainable = True  # GP105"
    assert_findings(text, STEP, keras="2")
    assert_silent(text.replace("  # GP105", ""), STEP, keras="3")


def test_right_order():
    """The outer flag first, then the inner one; or the inner one once more."""
    assert_silent(NETS + "model.trainable = True\nbase.trainable = False", STEP, keras="2")
    again = "base.trainable = False\nmodel.trainable = True\nbase.trainable = False"
    assert_silent(NETS + again, STEP, keras="2")


def test_phases():
    """The head first, then everything: that is fine-tuning."""
    second = "model.trainable = True\noptimizer = keras.optimizers.SGD(0.01)" + STEP
    assert_silent(NETS + "base.trainable = False\n" + STEP + second, keras="2")


def test_true_already():
    """In Keras 3 a flag that is true already thaws nothing."""
    frozen = NETS + "for layer in base.layers:\n    layer.trainable = False\n"
    assert_findings(frozen + "base.trainable = True  # GP105", STEP, keras="3")
    assert_silent(frozen + "base.trainable = True", STEP, keras="2")


def test_thawed():
    """Frozen as a whole and thawed as a whole; or all but the first layers."""
    assert_silent(NETS + "base.trainable = False\nbase.trainable = True", STEP, keras="3")
    some = "base.trainable = True\nfor layer in base.layers[:1]:\n    layer.trainable = False\n"
    assert_silent(NETS + "head = model.layers[-1]\n" + some.replace("base.l", "model.l"), "", "3")


HUB = """
import tensorflow_hub as hub
encoder = hub.KerasLayer("https://tfhub.dev/google/nnlm-en-dim50/2"{flag}){mark}
head = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(head(encoder(x)) - y))
variables = {list}
gradients = tape.gradient(loss, variables)
optimizer.apply_gradients(zip(gradients, variables))
"""
BOTH = "encoder.trainable_variables + head.trainable_variables"


def test_hub():
    """Its trainable variables are asked for, and it has none."""
    assert_findings(HUB.format(flag="", mark="  # GP105", list=BOTH))


def test_hub_that_is_right():
    """Told to train; or a fixed extractor, whose variables nobody wants."""
    assert_silent(HUB.format(flag=", trainable=True", mark="", list=BOTH))
    assert_silent(HUB.format(flag="", mark="", list="head.trainable_variables"))


def test_a_layer_of_ones_own_that_is_frozen():
    """Its flag holds for the layers in it."""
    assert_silent(
        """
        class Encoder(keras.layers.Layer):
            def __init__(self):
                super().__init__()
                self.inner = keras.layers.Dense(4)

            def call(self, x):
                return self.inner(x)

        own = Encoder()
        net = keras.Sequential([keras.Input((4,)), own, keras.layers.Dense(4)])
        own.trainable = False
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(net(x) - y))
        gradients = tape.gradient(loss, net.trainable_variables)
        optimizer.apply_gradients(zip(gradients, net.trainable_variables))
    """,
        keras="2",
    )


def test_all_layers_frozen():
    """The new head as well: the model has layers, and its list has nothing."""
    assert_findings(NETS + "for layer in model.layers:\n    layer.trainable = False  # GP105", STEP)
    assert_silent(NETS + "for layer in model.layers[:-1]:\n    layer.trainable = False", STEP)
    thawed = "\nmodel.layers[-1].trainable = True"
    frozen = NETS + "for layer in model.layers:\n    layer.trainable = False"
    assert_silent(frozen + thawed, STEP)


INNER = """
inputs = keras.Input((4,))
first = keras.layers.Dense(4, activation="relu", name="first")(inputs)
body = keras.Model(inputs, keras.layers.Dense(4, name="second")(first))
body.trainable = False
{model}
body.layers[-1].trainable = True{mark}
"""
NESTED = "model = keras.Model(inputs, keras.layers.Dense(4)(body(inputs)))"


def test_thawed_inside_of_what_is_frozen():
    """In Keras 2 the flag of a nested model counts for all that it holds."""
    for model in (NESTED, "model = keras.Sequential([body, keras.layers.Dense(4)])"):
        assert_findings(INNER.format(model=model, mark="  # GP105"), STEP, keras="2")
        assert_silent(INNER.format(model=model, mark=""), STEP, keras="3")


def test_thawed_where_nothing_is_nested():
    """A model that goes on from the output of another holds its layers by themselves."""
    flat = "model = keras.Model(body.input, keras.layers.Dense(4)(body.output))"
    assert_silent(INNER.format(model=flat, mark=""), STEP, keras="2")
    refrozen = INNER.format(model=NESTED, mark="\nbody.trainable = False")
    assert_silent(refrozen, STEP, keras="2")


PROBE = """
class Probe(keras.Model):
    def __init__(self):
        super().__init__()
        self.backbone = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
        self.probe = keras.layers.Dense(4)

    def call(self, inputs):
        return self.probe(self.backbone(inputs))

model = Probe()
model(x)
"""


def test_a_model_of_ones_own_hands_down():
    """In Keras 2 its flag overwrites those of its layers, as that of any other does."""
    text = PROBE + "model.backbone.trainable = False\nmodel.trainable = True"
    assert_findings(text + "  # GP105", STEP, keras="2")
    assert_silent(text, STEP, keras="3")
    first = "model.trainable = True\nmodel.backbone.trainable = False"
    assert_silent(PROBE + first, STEP, keras="2")
    second = "model.trainable = True\noptimizer = keras.optimizers.SGD(0.01)" + STEP
    assert_silent(PROBE + "model.backbone.trainable = False\n" + STEP + second, keras="2")


def test_thawed_on_a_known_condition():
    """A parameter that is true decides; where nobody knows, the flag may have been set before."""
    text = """
        def build(fine_tune{default}):
            base = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, name="base")])
            for layer in base.layers:
                layer.trainable = False
            if fine_tune:
                base.trainable = True{mark}
            return base

        net = build({given})
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(net(x) + model(x)))
        trained = net.trainable_variables + model.trainable_variables
        gradients = tape.gradient(loss, trained)
        optimizer.apply_gradients(zip(gradients, trained))
    """
    assert_findings(text.format(default="=True", mark="  # GP105", given=""), keras="3")
    assert_silent(text.format(default="", mark="", given="settings.fine_tune"), keras="3")


def test_thawed_inside_of_a_frozen_sequential():
    """In Keras 2 a `Sequential` that another model calls lets none of its layers train."""
    text = """
        base = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8), keras.layers.Dense(8)])
        base.trainable = {whole}
        for layer in base.layers[-1:]:
            layer.trainable = {part}{mark}
        inputs = keras.Input((4,))
        model = keras.Model(inputs, keras.layers.Dense(4)(base(inputs)))
        """
    held = text.format(whole="False", part="True", mark="  # GP105")
    assert_findings(held, STEP, keras="2")
    assert_silent(text.format(whole="False", part="True", mark=""), STEP, keras="3")
    assert_silent(text.format(whole="True", part="False", mark=""), STEP, keras="2")
