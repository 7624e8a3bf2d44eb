"""Edge cases of created-in-call."""

from __future__ import annotations

from dataclasses import replace

from gradproof.evidence.run import Crash, Run
from gradproof.evidence.variable import Variable
from records import at, healthy, operation, proven, with_operations
from snippets import STEP, assert_findings, assert_silent


def test_layer_in_call():
    """A layer made in `call` is found where it is made."""
    assert_findings(
        """
        class Net(keras.Model):
            def call(self, inputs):
                return keras.layers.Dense(4, name="mix")(inputs)  # GP104

        net = Net()
        net(x)
        """
    )


def test_layers_without_variables():
    """What holds no variable may be made on the fly."""
    assert_silent(
        """
        class Net(keras.Model):
            def __init__(self):
                super().__init__()
                self.dense = keras.layers.Dense(4)

            def call(self, inputs):
                return keras.layers.ReLU()(self.dense(inputs))

        net = Net()
        net(x)
        """
    )


def _made_anew(*watched: set[int]) -> Run:
    """Tapes that watched variables which a call made on line 3."""
    run = healthy()
    keys = sorted(set().union(*watched))
    made = [
        Variable(key, "net/mix/kernel", (4, 4), layer_made_at=at(3), during="call") for key in keys
    ]
    tapes = tuple(
        replace(run.tapes[0], key=number + 1, watched=run.tapes[0].watched | one)
        for number, one in enumerate(watched)
    )
    return replace(run, variables=(*run.variables, *made), tapes=tapes)


def test_proven():
    """Every step has a kernel of its own."""
    assert proven(_made_anew({11}, {12}, {13})) == [("GP104", 3)]


def test_made_once():
    """A layer that is made in the first call and kept is found again."""
    assert proven(_made_anew({11}, {11}, {11})) == []


def test_first_step():
    """One step does not tell whether the next will make another."""
    assert proven(_made_anew({11})) == []


def test_refused_by_a_traced_function():
    """The second trace may not make variables."""
    run = _made_anew({11})
    crash = Crash("ValueError", "tf.function only supports singleton tf.Variables", (at(3),))
    assert proven(replace(run, crash=crash))[0] == ("GP104", 3)


def test_made_in_the_loss():
    """A function that is no method of a layer makes a variable under each tape."""
    run = _made_anew({11}, {12}, {13})
    variables = tuple(replace(one, during="", made_at=one.layer_made_at) for one in run.variables)
    making = tuple(
        operation(20 + tape, "VarHandleOp", line=3, tapes=frozenset({tape})) for tape in (1, 2, 3)
    )
    filler = [operation(index, "NoOp", taped=False) for index in range(12, 21)]
    run = with_operations(replace(run, variables=variables), *filler, *making)
    assert proven(run)[0] == ("GP104", 3)


def test_decorated_to_run_once():
    """A decorator may see to it that a method runs only once."""
    assert_silent(
        """
        class Shift(keras.layers.Layer):
            @once
            def start(self, x):
                self.shift = tf.Variable(tf.zeros(x.shape))

            def call(self, x):
                self.start(x)
                return x + self.shift
        """
    )


def test_a_function_under_a_tape():
    """Each step makes a layer that no list holds; one that starts the same each time may."""
    assert_findings(
        """
        def classify(inputs):
            hidden = keras.layers.Dense(8)(inputs)  # GP104
            return keras.layers.LayerNormalization()(hidden)

        scale = tf.Variable(1.0)
        for _ in range(20):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(scale * classify(x)))
            optimizer.apply_gradients(zip(tape.gradient(loss, [scale]), [scale]))
        """
    )


def test_a_model_made_and_trained_under_a_tape():
    """A layer that is asked for belongs to what trains here."""
    assert_silent(
        """
        for _ in range(20):
            with tf.GradientTape() as tape:
                probe = keras.layers.Dense(8)
                loss = tf.reduce_mean(tf.square(probe(x)))
            variables = probe.trainable_variables
            optimizer = keras.optimizers.SGD(0.1)
            optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
        """
    )


def test_made_by_a_function_outside_the_class():
    """The function is innocent; the `call` that asks it each time is not."""
    assert_findings(
        """
        def projection(width):
            return keras.layers.Dense(width)

        class Net(keras.Model):
            def __init__(self):
                super().__init__()
                self.head = keras.layers.Dense(4)

            def call(self, inputs):
                return self.head(projection(4)(inputs))  # GP104

        model = Net()
        """,
        then=STEP,
    )


def test_an_own_layer_made_in_call():
    """What its `__init__` makes is made anew with it."""
    assert_findings(
        """
        class Block(keras.layers.Layer):
            def __init__(self):
                super().__init__()
                self.inner = keras.layers.Dense(4)

            def call(self, inputs):
                return self.inner(inputs)

        class Net(keras.Model):
            def __init__(self):
                super().__init__()
                self.head = keras.layers.Dense(4)

            def call(self, inputs):
                return self.head(Block()(inputs))  # GP104

        model = Net()
        """,
        then=STEP,
    )


def test_made_when_it_is_missing():
    """What is made once, however late and by whatever method, is not made anew."""
    assert_silent(
        """
        class Net(keras.Model):
            def __init__(self):
                super().__init__()
                self.made = {}

            def part(self, name):
                if name not in self.made:
                    self.made[name] = keras.layers.Dense(4)
                return self.made[name]

            def call(self, inputs):
                if not hasattr(self, "head"):
                    self.head = keras.layers.Dense(4)
                return self.head(self.part("one")(inputs))

        model = Net()
        """,
        then=STEP,
    )


DRAWN = """
class Unit(tf.Module):
    def __init__(self):
        super().__init__()
        self.w = tf.Variable(tf.random.normal((4, 4)), name="w")
        self.late = None

    def __call__(self, inputs):
        {made}
        return inputs @ self.w + inputs @ other

unit = Unit()
for _ in range(3):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(unit(x) - y))
    gradients = tape.gradient(loss, unit.trainable_variables)
    optimizer.apply_gradients(zip(gradients, unit.trainable_variables))
"""


def test_variable_drawn_in_a_module():
    """A `tf.Module` that draws a variable whenever it is called."""
    assert_findings(DRAWN.format(made="other = tf.Variable(tf.random.normal((4, 4)))  # GP104"))
    assert_findings(
        DRAWN.format(made="other = tf.Variable(0.1 * tf.random.normal((4, 4)))  # GP104")
    )
    assert_silent(DRAWN.format(made="other = tf.Variable(x + 0.1 * tf.random.normal((4, 4)))"))


def test_variables_made_once_or_for_noise():
    """Made behind a condition, or to hold noise: no weight is lost."""
    once = """if self.late is None:
            self.late = tf.Variable(tf.random.normal((4, 4)))
        other = self.late"""
    assert_silent(DRAWN.format(made=once))
    noise = "noise = tf.Variable(tf.random.normal((4, 4)))\n        other = tf.stop_gradient(noise)"
    assert_silent(DRAWN.format(made=noise))


WATCHED = """
def head(code):
    return keras.layers.Dense(4)(code){mark}

for _ in range(20):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(head({code})))
    variables = tape.watched_variables()
    optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
"""


def test_among_all_that_is_watched():
    """What is new in each step is moved for nothing; fresh weights may be looked at."""
    for code in ("model(x)", "x"):
        assert_findings(WATCHED.format(code=code, mark="  # GP104"))
    looks = WATCHED.replace("optimizer.apply_gradients(zip(", "print(zip(")
    assert_silent(looks.format(code="x", mark=""))


KEPT = """
class Distance:
    def made(self):
        return keras.layers.Dense(4, name="mix"{frozen}){mark}

    {kept}
    def __call__(self, given, wanted):
        mix = {mix}
        return tf.reduce_mean(tf.square(mix(given) - mix(wanted)))

distance = Distance()
for _ in range(3):
    with tf.GradientTape() as tape:
        loss = distance(model(x), y)
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
"""
ONCE = """
    @property
    def mix(self):
        if not hasattr(self, "_mix"):
            self._mix = self.made()
        return self._mix
"""
CACHED = """
    @functools.cache
    def mix(self):
        return self.made()
"""


def test_made_by_a_helper_of_the_loss():
    """A condition or a cache around the helper keeps what it made."""
    anew = {"frozen": "", "mark": "  # GP104", "kept": "", "mix": "self.made()"}
    assert_findings(KEPT.format(**anew))
    for kept, mix in ((ONCE, "self.mix"), (CACHED, "self.mix()")):
        fixed = {"frozen": ", trainable=False", "mark": "", "kept": kept.strip(), "mix": mix}
        assert_silent("import functools\n" + KEPT.format(**fixed))


def test_a_number_that_the_loss_makes_a_variable():
    """It starts from the same number in each step; made once, or kept out of training, it may."""
    text = """
        def loss_of(error):
            scale = tf.Variable(0.0{off}, name="scale"){mark}
            return tf.reduce_mean(tf.square(error) * tf.exp(-scale) + scale)

        for _ in range(10):
            with tf.GradientTape() as tape:
                loss = loss_of(model(x) - y)
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    assert_findings(text.format(off="", mark="  # GP104"))
    assert_silent(text.format(off=", trainable=False", mark=""))
