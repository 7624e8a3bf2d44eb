"""Edge cases of tracing-cost."""

from __future__ import annotations

from dataclasses import replace

from gradproof.evidence.tracings import Argument, Tracing
from gradproof.faults.tracing_cost import prove
from records import KERNEL, at, healthy
from snippets import assert_findings, assert_silent


def test_defined_in_a_loop():
    """Each round traces its own function."""
    assert_findings(
        """
        for turn in range(10):

            @tf.function  # GP802
            def double(values):
                return 2.0 * values

            double(x)
        """
    )


def test_one_function_for_each_model():
    """A comprehension keeps the functions that it makes; each is traced once."""
    assert_silent(
        """
        def training(model):
            @tf.function
            def step(x):
                return model(x)

            return step

        steps = {name: training(model) for name, model in models.items()}
        """
    )


def test_defined_in_the_round_of_a_loop_around_a_comprehension():
    """The loop makes them anew, and throws them away."""
    assert_findings(
        """
        for turn in range(10):
            steps = [tf.function(model) for model in models]

            @tf.function  # GP802
            def double(values):
                return 2.0 * values

            double(x)
        """
    )


def test_tensor_arguments():
    """A tensor is no new signature."""
    assert_silent(
        """
        @tf.function
        def scale(values, factor):
            return values * factor

        for turn in range(10):
            scale(x, tf.constant(1.0 / (1 + turn)))
        """
    )


def traced(*arguments: Argument, objects: bool = False, every: int = 1) -> object:
    """A run in which `step`, defined at line 2 and called at line 9, was traced so often."""
    tracings = tuple(
        Tracing(
            "step",
            at(2),
            (at(9),),
            number if objects else 1,
            number * every,
            (argument,),
            frozenset({KERNEL}),
            0.25,
        )
        for number, argument in enumerate(arguments, start=1)
    )
    return replace(healthy(), tracings=tracings)


NUMBERS = [Argument("rate", "number", str(1 / turn)) for turn in range(1, 8)]
SHAPES = [Argument("x", "tensor", f"float32({turn}, 4)") for turn in range(1, 8)]


def test_a_number_that_changes():
    """The argument, its values and the time are told; the call is the place."""
    (found,) = prove(traced(*NUMBERS))
    assert found.place == at(9)
    assert "`rate`" in found.message
    assert "7 times in 7 calls" in found.message
    assert found.evidence == {"traces": 7, "seconds": 1.75}


def test_shapes_that_change():
    """A new length at each call is traced each time."""
    (found,) = prove(traced(*SHAPES))
    assert "tensor" in found.message


def test_lengths_that_come_back():
    """A few lengths that are met again and again are traced once each."""
    assert list(prove(traced(*SHAPES, every=40))) == []


def test_a_new_function_each_time():
    """Defined anew for the same variables: the definition is the place."""
    (found,) = prove(traced(*[SHAPES[0]] * 6, objects=True))
    assert found.place == at(2)
    assert found.related[0].place == at(9)


def test_a_new_function_for_each_model():
    """Other variables each time: each model has its own step."""
    run = traced(*[SHAPES[0]] * 6, objects=True)
    tracings = tuple(
        replace(one, variables=frozenset({number})) for number, one in enumerate(run.tracings)
    )
    assert list(prove(replace(run, tracings=tracings))) == []


def test_a_flag():
    """Two values, two traces."""
    flags = [Argument("training", "object", "True"), Argument("training", "object", "False")]
    assert list(prove(traced(*flags))) == []


def test_one_function_for_each_optimizer():
    """Each fold trains a model of its own, by an optimizer of its own."""
    assert_silent(
        """
        def fit(rows):
            fresh = keras.optimizers.Adam(0.1)

            @tf.function
            def step(x):
                with tf.GradientTape() as tape:
                    loss = tf.reduce_mean(model(x))
                gradients = tape.gradient(loss, model.trainable_variables)
                fresh.apply_gradients(zip(gradients, model.trainable_variables))

            for row in rows:
                step(row)

        for fold in folds:
            fit(fold)
        """
    )


TRACED = """
    def train(inputs, targets):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(inputs) - targets))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))

    {before}
    for _ in range(20):
        {call}
"""


def test_traced_for_one_call():
    """A function that is wrapped where it is called forgets its trace at once."""
    assert_findings(TRACED.format(before="", call="tf.function(train)(x, y)  # GP802"))
    assert_silent(TRACED.format(before="step = tf.function(train)", call="step(x, y)"))


def test_a_new_traced_function_around_the_same_one():
    """`tf.function(step)` again and again: the line that makes it is the place."""
    run = traced(*[SHAPES[0]] * 6, objects=True)
    tracings = tuple(replace(one, made=at(7)) for one in run.tracings)
    (found,) = prove(replace(run, tracings=tracings))
    assert (found.place, found.related[0].place) == (at(7), at(9))


ONCE = """
    def train(inputs, targets):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(inputs) - targets))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))

    def on_batch(inputs, targets):
        {made}
        {called}

    for _ in range(20):
        on_batch(x, y)
"""


def test_made_by_a_function_for_each_of_its_calls():
    """It is called once, and forgotten; unless a loop or an attribute makes use of it."""
    made = "step = tf.function(train)"
    assert_findings(ONCE.format(made=f"{made}  # GP802", called="return step(inputs, targets)"))
    both = "step(inputs, targets)\n        for _ in range(9):\n            step(inputs, targets)"
    assert_silent(ONCE.format(made=made, called=both))
    assert_silent(ONCE.format(made="global step\n        " + made, called="step(inputs, targets)"))


FOR_EACH = """
def build(net, optimizer):
    @tf.function{mark}
    def step(inputs, targets):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(net(inputs) - targets))
        gradients = tape.gradient(loss, net.trainable_variables)
        optimizer.apply_gradients(zip(gradients, net.trainable_variables))

    return step


nets = {{name: keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)]) for name in "ab"}}
optimizers = {{name: keras.optimizers.Adam(0.01) for name in "ab"}}
for name in "ab":
    step = build({given})
    for _ in range(9):
        step(x, y)
"""


def test_a_step_for_each_network():
    """Each round trains another network, and needs a trace of its own."""
    assert_silent(FOR_EACH.format(mark="", given="nets[name], optimizers[name]"))
    assert_findings(FOR_EACH.format(mark="  # GP802", given="model, optimizer"))


def test_a_flag_has_two_values():
    """`step % 3 == 0` makes two traces; a number that counts makes ever more."""
    text = """
        @tf.function
        def train(inputs, warm):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(inputs) - y))
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))

        for step in range(90):
            train(x, {given}){mark}
    """
    assert_silent(text.format(given="step % 3 == 0", mark=""))
    assert_findings(text.format(given="step / 3", mark="  # GP802"))
