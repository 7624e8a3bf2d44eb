"""Edge cases of constant-weight."""

from __future__ import annotations

import pytest

from snippets import PRELUDE, assert_findings, assert_silent, suspects
from worlds import HEADER, IMPORTS

LAYER = """
class {name}(keras.layers.Layer):
    def build(self, shape):
        self.{weight} = {made}

    def call(self, inputs):
        return {used}
"""


def layer(
    name: str = "Mine",
    weight: str = "w",
    made: str = "tf.random.normal((4, 4))",
    used: str = "inputs @ self.w",
) -> str:
    """A layer with one weight."""
    return LAYER.format(name=name, weight=weight, made=made, used=used)


def test_random_tensor():
    """Named like a weight, made like a constant, used like a weight."""
    assert_findings(layer(made="tf.random.normal((4, 4))  # GP113"))
    assert_findings(layer(made="tf.random.uniform((4,))  # GP113", used="inputs * self.w"))


@pytest.mark.parametrize(
    "text",
    [
        layer(made="tf.Variable(tf.random.normal((4, 4)), trainable=False)"),
        layer(made="self.add_weight(shape=(4, 4))"),
        layer(made="tf.ones((4, 4))"),
        layer(name="RandomFourierFeatures"),
        layer(weight="table", used="inputs @ self.table"),
        layer(used="inputs"),
    ],
)
def test_right_ones(text: str):
    """A variable, a fixed table, a layer that says that it is fixed."""
    assert_silent(text)


def test_random_numbers_in_a_constant():
    """`tf.constant` around them makes no variable either."""
    assert_findings("""
        class Net(tf.Module):
            def __init__(self):
                self.w1 = tf.Variable(tf.random.normal((4, 8)))
                self.w2 = tf.constant(tf.random.normal((8, 4)))  # GP113

            def __call__(self, x):
                return tf.nn.relu(x @ self.w1) @ self.w2
    """)


def test_a_generator_draws():
    """Numbers of a `tf.random.Generator` are as constant as others."""
    assert_findings("""
        class Field(tf.Module):
            def __init__(self):
                gen = tf.random.Generator.from_seed(1)
                self.w_in = gen.normal([4, 8])  # GP113
                self.w_out = tf.Variable(gen.normal([8, 4]))

            def __call__(self, x):
                return tf.tanh(x @ self.w_in) @ self.w_out
    """)


def test_random_projections_are_meant():
    """A projection that trains is none; a random one says so."""
    layer = """
        class {name}(keras.layers.Layer):
            def __init__(self):
                super().__init__()
                self.w = tf.random.normal((4, 4)){mark}

            def call(self, x):
                return tf.matmul(x, self.w)
    """
    assert_findings(layer.format(name="Projection", mark="  # GP113"))
    assert_silent(layer.format(name="RandomProjection", mark=""))


def test_the_use_is_shown_beside_the_making():
    """A step runs the line that uses it, not the one that made it."""
    text = PRELUDE.format(imports=HEADER.format(keras=IMPORTS["3"])) + layer()
    (found,) = suspects(text)
    (use,) = found.related
    assert text.splitlines()[use.place.line - 1].strip() == "return inputs @ self.w"


def test_drawn_by_an_initializer():
    """What draws weights draws no data, whatever it is called."""
    direct = "keras.initializers.HeNormal()(shape=(4, 4))  # GP113"
    assert_findings(layer(weight="mix", made=direct, used="tf.matmul(inputs, self.mix)"))
    named = layer(weight="mix", made="start(shape=(4, 4))  # GP113", used="inputs @ self.mix")
    make = "        start = keras.initializers.GlorotUniform(seed=1)\n        self.mix"
    assert_findings(named.replace("        self.mix", make, 1))
    kept = layer(weight="mix", made="tf.Variable(keras.initializers.HeNormal()((4, 4)))")
    assert_silent(kept)


BARE = """
w1 = tf.Variable(tf.random.normal((4, 8)))
{name} = tf.random.normal((8, 4)){mark}
{between}
for _ in range(3):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(tf.nn.relu(x @ w1) @ {name} - y))
    optimizer.apply_gradients(zip(tape.gradient(loss, [w1]), [w1]))
"""


def test_beside_variables():
    """A weight by name, beside one that is a variable."""
    assert_findings(BARE.format(name="w2", mark="  # GP113", between=""))


@pytest.mark.parametrize(
    ("name", "between"),
    [("w_true", ""), ("w2", "y = x @ w2"), ("noise", ""), ("w2", "w2 = w2 * 2")],
)
def test_beside_variables_and_right(name: str, between: str):
    """What made the data, what is named like no weight, what changes by hand."""
    assert_silent(BARE.format(name=name, mark="", between=between))


@pytest.mark.parametrize(
    "text",
    [
        layer(weight="omega", made="keras.initializers.Orthogonal()((4, 4))"),
        layer(weight="omega", made="keras.initializers.RandomNormal()((4, 4))"),
        layer(name="RandomMix", weight="matrix"),
    ],
)
def test_fixed_projections(text: str):
    """What is drawn for projections as well as for weights, and a layer that says it is random."""
    use = "omega" if "omega" in text else "matrix"
    assert_silent(text.replace("inputs @ self.w", f"inputs @ self.{use}"))


def test_used_by_a_method_that_a_class_above_calls():
    """`call` stands in a base class; the weight is used in a method of the class below."""
    assert_findings("""
        class Tower(keras.layers.Layer):
            def call(self, inputs):
                return self.features(inputs)

        class Bilinear(Tower):
            def __init__(self):
                super().__init__()
                self.kernel = keras.initializers.GlorotUniform()((4, 4))  # GP113

            def features(self, inputs):
                return inputs @ self.kernel
    """)


CELL = """
def drawn(rows, columns):
    return {draw}

class Cell(tf.Module):
    def __init__(self):
        super().__init__()
        self.inner = tf.Variable(drawn(4, 4))
        self.state = drawn(4, 4){mark}

    def __call__(self, inputs):
        return inputs @ self.inner + inputs @ self.state

cell = Cell()
"""


def test_drawn_as_its_siblings():
    """A function draws variables of a class, and a tensor beside them."""
    draw = "tf.random.uniform((rows, columns), -0.1, 0.1)"
    assert_findings(CELL.format(draw=draw, mark="  # GP113"))
    assert_silent(CELL.format(draw="tf.zeros((rows, columns))", mark=""))


ELMAN = """
class Elman(tf.Module):
    def __init__(self):
        super().__init__()
        glorot = tf.keras.initializers.GlorotUniform(seed=1)
        orthogonal = tf.keras.initializers.Orthogonal(seed=1)
        self.into = {into}
        self.around = orthogonal((4, 4)){mark}
        self.out = tf.Variable(glorot((4, 4)))

    def __call__(self, inputs):
        return tf.tanh(inputs @ self.into + inputs @ self.around) @ self.out

elman = Elman()
"""


def test_initialized_as_its_siblings():
    """Initializers draw the variables of a class, and a tensor; of a reservoir, most of it."""
    into = "tf.Variable(glorot((4, 4)))"
    assert_findings(ELMAN.format(into=into, mark="  # GP113"))
    fixed = ELMAN.format(into="tf.constant(1.0)", mark="")
    assert_silent(fixed.replace("Elman", "EchoState"))


def test_drawn_by_a_helper():
    """A function of the file draws it, alone or beside what is a variable."""
    text = """
        def init(*shape):
            return {drawn}

        class Cell(tf.Module):
            def __init__(self):
                super().__init__()
                {made}{mark}

            def __call__(self, inputs):
                return inputs @ self.w_out + self.b_out
    """
    made = "self.w_out, self.b_out = init(4, 1), tf.Variable(tf.zeros(1))"
    for drawn in ("tf.random.normal(shape, stddev=0.1)", "0.1 * tf.random.normal(shape)"):
        assert_findings(text.format(drawn=drawn, made=made, mark="  # GP113"))
        assert_silent(text.format(drawn=f"tf.Variable({drawn})", made=made, mark=""))
    fixed = made.replace("init(4, 1)", "tf.Variable(init(4, 1))")
    assert_silent(text.format(drawn="tf.random.normal(shape)", made=fixed, mark=""))


def test_prototypes():
    """What a layer compares its input with is learned, unless it says that it is not."""
    text = """
        class {name}(keras.layers.Layer):
            def __init__(self, count):
                super().__init__()
                self.prototypes = {made}{mark}

            def call(self, inputs):
                gaps = tf.expand_dims(inputs, 1) - self.prototypes
                return -tf.reduce_sum(tf.square(gaps), axis=-1)
    """
    drawn = "tf.random.normal((count, 4))"
    assert_findings(text.format(name="Nearest", made=drawn, mark="  # GP113"))
    assert_silent(text.format(name="FixedPrototypes", made=drawn, mark=""))
    made = 'self.add_weight(shape=(count, 4), name="prototypes")'
    assert_silent(text.format(name="Nearest", made=made, mark=""))


def test_a_weight_in_a_helper_beside_variables():
    """The helper is called while the tape records; what is drawn for the data is no weight."""
    text = """
        {name} = 0.4 * tf.random.normal((4, 8)){mark}
        hidden_b = tf.Variable(tf.zeros(8))
        out_w = tf.Variable(tf.random.normal((8, 1)))

        def forward(inputs):
            return tf.nn.relu(inputs @ {name} + hidden_b) @ out_w

        for _ in range(9):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(forward(x) - y))
            gradients = tape.gradient(loss, [hidden_b, out_w])
            optimizer.apply_gradients(zip(gradients, [hidden_b, out_w]))
        """
    assert_findings(text.format(name="hidden_w", mark="  # GP113"))
    assert_silent(text.format(name="features", mark=""))
    assert_silent(text.format(name="fixed_w", mark=""))
