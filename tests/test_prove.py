"""`gradproof.prove`: a certificate for a step, and everything as it was afterwards."""

from __future__ import annotations

import runpy

import numpy as np
import pytest

import versions

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def tf():
    """TensorFlow."""
    return pytest.importorskip("tensorflow")


@pytest.fixture(params=["keras3", "tf-keras"])
def keras(request, tf):
    """Both generations of Keras in one process."""
    return pytest.importorskip({"keras3": "keras", "tf-keras": "tf_keras"}[request.param])


@pytest.fixture
def world(tf, keras):
    """A small model with its optimizer, and a batch."""
    keras.utils.set_random_seed(3)
    layers = keras.layers
    model = keras.Sequential([layers.Input((4,)), layers.Dense(6, "tanh"), layers.Dense(1)])
    x = tf.constant(np.random.default_rng(0).normal(size=(16, 4)), tf.float32)
    y = tf.reduce_sum(x, axis=1, keepdims=True)
    return model, keras.optimizers.Adam(0.01), x, y


def right_step(tf, model, optimizer):
    """A step without any fault."""

    def step(x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x, training=True) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    return step


def snapshot(model, optimizer):
    """All values, as bytes; slots that are not there yet count as nothing."""
    held = optimizer.variables() if callable(optimizer.variables) else optimizer.variables
    values = [np.asarray(one).tobytes() for one in [*model.variables, *held]]
    return [value for value in values if any(value)]


@pytest.mark.parametrize("traced", [False, True])
def test_right_step_holds(tf, world, traced):
    """Each variable passes every stage; the checks that were asked for agree."""
    from gradproof import prove

    model, optimizer, x, y = world
    step = right_step(tf, model, optimizer)
    step = tf.function(step) if traced else step
    proof = prove(step, x, y, gradients=True, graph=True, overfit=True)
    assert proof, str(proof)
    assert [row.stages for row in proof.rows] == [(True,) * 7] * 4
    assert {check.name: check.holds for check in proof.checks} == {
        "gradients": True,
        "graph": True,
        "overfit": True,
    }
    assert proof.steps == 3
    assert len(proof.losses) == 3
    assert proof.unchecked == ()
    assert "the step holds; 3 steps watched" in str(proof)


def test_everything_is_what_it_was(tf, world):
    """Weights, slots and the counter stand as before, and training goes on alike."""
    from gradproof import prove

    model, optimizer, x, y = world
    step = right_step(tf, model, optimizer)
    step(x, y)
    before = snapshot(model, optimizer)
    prove(tf.function(step), x, y, gradients=True, graph=True)
    assert snapshot(model, optimizer) == before


def test_slots_made_in_a_traced_step_are_put_back(tf, world):
    """The slots of an optimizer that took its first steps traced are no exception."""
    from gradproof import prove

    model, optimizer, x, y = world
    step = tf.function(right_step(tf, model, optimizer))
    for _ in range(2):
        step(x, y)
    before = snapshot(model, optimizer)
    prove(step, x, y, steps=1)
    assert snapshot(model, optimizer) == before


def test_slots_made_by_the_trial_are_empty_again(tf, world):
    """An optimizer that was never used takes its first step as if for the first time."""
    from gradproof import prove

    model, optimizer, x, y = world
    before = snapshot(model, optimizer)
    prove(right_step(tf, model, optimizer), x, y)
    assert [one for one in snapshot(model, optimizer) if one not in before] == []


def test_step_that_raises_is_told_and_undone(tf, world):
    """The exception is an answer, and the half step before it is undone."""
    from gradproof import prove

    model, optimizer, x, y = world
    right = right_step(tf, model, optimizer)
    right(x, y)
    before = snapshot(model, optimizer)

    def step(x, y):
        right(x, y)
        raise ZeroDivisionError("after the update")

    proof = prove(step, x, y)
    assert not proof
    assert proof.error == "ZeroDivisionError: after the update"
    assert "the step raised ZeroDivisionError" in str(proof)
    assert snapshot(model, optimizer) == before


def test_lost_gradient_names_stage_and_cause(tf, world):
    """A forward pass outside the tape is lost at stage recorded, with its fault."""
    from gradproof import prove

    model, optimizer, x, y = world

    def step(x, y):
        prediction = model(x)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(prediction - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))

    proof = prove(step, x, y)
    assert not proof
    assert [one.fault.code for one in proof.diagnoses] == ["GP201"]
    assert {row.lost_at for row in proof.rows} == {"recorded"}
    assert "error[GP201]" in str(proof)


def test_variables_that_have_to_move(tf, world):
    """A variable that is named and rests does not hold; unnamed it may rest."""
    from gradproof import prove

    model, optimizer, x, y = world
    head = model.layers[-1]

    def step(x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x, training=True) - y))
        gradients = tape.gradient(loss, head.trainable_variables)
        optimizer.apply_gradients(zip(gradients, head.trainable_variables, strict=True))

    assert prove(step, x, y, variables=head.trainable_variables)
    proof = prove(step, x, y, variables=model.trainable_variables)
    assert not proof
    assert [row.lost_at for row in proof.rows] == ["tracked", "tracked", None, None]


def test_gradients_that_lie_are_found(tf, world):
    """A custom gradient with the wrong factor differs from central differences."""
    from gradproof import prove

    model, optimizer, x, y = world

    @tf.custom_gradient
    def half(value):
        return value * 1.0, lambda upstream: upstream * 0.5

    def step(x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(half(model(x, training=True)) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    (check,) = prove(step, x, y, gradients=True).checks
    assert check.holds is False
    assert "central differences give" in check.words


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "float16"])
def test_halves_are_no_fault(tf, keras, policy):
    """A loss that moves by leaps is measured over a span, and rounding is not a difference."""
    from gradproof import prove

    keras.utils.set_random_seed(1)
    layers = keras.layers
    model = keras.Sequential(
        [
            layers.Input((4,)),
            layers.Dense(8, "tanh", dtype=policy),
            layers.Dense(1, dtype=policy),
        ]
    )
    x = tf.constant(np.random.default_rng(0).normal(size=(16, 4)), tf.float32)
    y = tf.reduce_sum(x, axis=1, keepdims=True)
    optimizer = keras.optimizers.SGD(0.05)

    def stepping(sign):
        turned = tf.custom_gradient(lambda value: (value * 1.0, lambda up: sign * up))

        def step(x, y):
            with tf.GradientTape() as tape:
                prediction = tf.cast(turned(model(x, training=True)), tf.float32)
                loss = tf.reduce_mean(tf.square(prediction - y))
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
            return loss

        return step

    proof = prove(stepping(1.0), x, y, gradients=True, graph=True)
    assert [check.holds for check in proof.checks] == [True, True], str(proof)
    wrong = prove(stepping(-1.0), x, y, gradients=True).checks[0]
    assert wrong.holds is False, str(wrong)


def test_wrong_gradient_is_named_before_what_follows(tf, world):
    """A sign error shows in the slopes; that nothing is learned follows from it."""
    from gradproof import prove

    model, optimizer, x, y = world
    turned = tf.custom_gradient(lambda value: (value * 1.0, lambda up: -up))

    def step(x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(turned(model(x, training=True)) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    proof = prove(step, x, y, gradients=True, overfit=True)
    assert proof.wrong[0].startswith("gradients: the tape's slope for ")
    assert {row.why for row in proof.rows} == {"it moved, and the loss of one batch did not fall"}


def test_complex_variable_by_hand(tf):
    """It is measured in both of its parts, without a warning."""
    from gradproof import prove

    number = tf.Variable(tf.complex([1.0, 0.5], [0.2, -0.4]))

    def step():
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(tf.abs(number - tf.complex(0.0, 1.0))))
        number.assign_sub(0.1 * tape.gradient(loss, number))
        return loss

    checks = prove(step, gradients=True, graph=True).checks
    assert [check.holds for check in checks] == [True, True]


def test_no_update_is_told_first(tf):
    """A step that trains nothing learns nothing either."""
    from gradproof import prove

    proof = prove(lambda: tf.constant(1.0), overfit=True)
    assert proof.wrong[0] == "no update was seen"


@pytest.mark.parametrize("flag", [False, None])
def test_inference_mode_may_be_meant(tf, keras, flag):
    """Who passes `training=False` means it; who passes nothing forgot it."""
    from gradproof import prove

    keras.utils.set_random_seed(5)
    layers = keras.layers
    body = keras.Sequential([layers.Input((4,)), layers.Dense(4), layers.BatchNormalization()])
    optimizer = keras.optimizers.SGD(0.1)
    words = {} if flag is None else {"training": flag}

    @tf.function
    def step(x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(body(x, **words) - 1.0))
        gradients = tape.gradient(loss, body.trainable_variables)
        optimizer.apply_gradients(zip(gradients, body.trainable_variables, strict=True))

    proof = prove(step, tf.random.stateless_normal((8, 4), [1, 2]))
    assert [one.fault.code for one in proof.diagnoses] == ([] if flag is False else ["GP706"])


CLIPPED = """\
import tensorflow as tf
import {keras} as keras

model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(1)])
optimizer = keras.optimizers.SGD(0.1)
latest = tf.Variable(0.0, trainable=False)


@tf.function
def step(x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x, training=True) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    clipped, norm = tf.clip_by_global_norm(gradients, 1.0)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    latest.assign(norm)
    return loss


@tf.function
def other(x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x, training=True) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss
"""


def test_what_only_source_shows_counts(tf, keras, tmp_path):
    """A clipped list that nobody applies, its norm being kept; on lines that ran."""
    from runpy import run_path

    from gradproof import prove

    path = tmp_path / "clipping_step.py"
    path.write_text(CLIPPED.format(keras=keras.__name__))
    names = run_path(str(path))
    x, y = tf.ones((8, 4)), tf.ones((8, 1))
    proof = prove(names["step"], x, y)
    assert [(one.fault.code, one.verdict) for one in proof.diagnoses] == [("GP513", "suspected")]
    assert not proof
    assert prove(names["other"], x, y)


def test_a_step_of_fit_is_traced_inside(tf, keras):
    """It can't be traced as a whole, and need not be."""
    from gradproof import prove

    keras.utils.set_random_seed(6)
    model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.01), "mse")
    x = tf.random.stateless_normal((16, 4), [1, 2])

    def step(x, y):
        return model.fit(x, y, batch_size=16, verbose=0).history["loss"][0]

    proof = prove(step, x, tf.reduce_sum(x, axis=1, keepdims=True), graph=True)
    assert [check.holds for check in proof.checks] == [True], str(proof)
    assert proof
    calls = []
    own = model.train_step
    model.train_step = lambda data: calls.append(1) or own(data)
    model.fit(x, tf.ones((16, 1)), batch_size=1, verbose=0)
    assert len(calls) < 16, "training goes on eagerly"


def test_loss_scale_may_settle_first(tf, keras):
    """A scale that begins too high skips steps until it fits; that is no fault."""
    from gradproof import prove

    keras.utils.set_random_seed(6)
    layers = keras.layers
    model = keras.Sequential(
        [
            layers.Input((4,)),
            layers.Dense(4, dtype="mixed_float16"),
            layers.Dense(1, dtype="float32"),
        ]
    )
    kind = getattr(keras.mixed_precision, "LossScaleOptimizer", None)
    model.compile(kind(keras.optimizers.SGD(1e-4)), "mse")
    x = 100.0 * tf.random.stateless_normal((8, 4), [1, 2])
    proof = prove(lambda: model.fit(x, tf.ones((8, 1)), verbose=0) and None)
    assert proof, str(proof)
    assert proof.steps > 3


def test_an_empty_list_is_told(tf, keras):
    """Read before the model was built; the exception alone would not say so."""
    from gradproof import prove

    model = keras.Sequential([keras.layers.Dense(1)])
    variables = model.trainable_variables if keras.__version__ >= "3" else []
    optimizer = keras.optimizers.SGD(0.1)

    def step(x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x)))
        gradients = tape.gradient(loss, variables)
        optimizer.apply_gradients(zip(gradients, variables, strict=True))

    proof = prove(step, tf.ones((4, 2)))
    assert not proof
    assert any("was given an empty list of variables" in note for note in proof.notes), str(proof)


PLAIN_WEIGHT = """
import tensorflow as tf
from {keras} import keras


class Scaled(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(2)
        self.kernel = tf.random.normal((2, 2))

    def call(self, x):
        return tf.matmul(self.dense(x), self.kernel)


model = Scaled()
optimizer = keras.optimizers.SGD(0.1)


def step(x):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x)))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss
"""


def test_a_weight_that_is_a_tensor_does_not_hold(tf, keras, tmp_path):
    """Made before the step, used by it: every variable that there is moves."""
    from gradproof import prove

    path = tmp_path / "plain_weight.py"
    text = PLAIN_WEIGHT.replace("from {keras} import keras", f"import {keras.__name__} as keras")
    path.write_text(text, encoding="utf-8")
    proof = prove(runpy.run_path(str(path))["step"], tf.ones((4, 2)))
    assert not proof
    assert [one.fault.code for one in proof.diagnoses] == ["GP113"], str(proof)
    assert all(row.lost_at is None for row in proof.rows)


KINDS = """
import numpy as np
import tensorflow as tf
import {keras} as keras


def network(normalized=False, penalty=None):
    return keras.Sequential(
        [
            keras.layers.Input((4,)),
            *([keras.layers.BatchNormalization()] if normalized else []),
            keras.layers.Dense(1, kernel_regularizer=penalty),
        ]
    )


def make_step(model, kind, training=True):
    optimizer = keras.optimizers.SGD(0.1)
    held = tf.Variable(tf.zeros((8, 1)), trainable=False)

    def step(x, y):
        with tf.GradientTape() as tape:
            output = model(x, training=training)
            if kind == "rounded":
                output = tf.round(output)
            elif kind == "numpy":
                output = tf.constant(np.tanh(output.numpy()))
            elif kind == "held":
                held.assign(output)
                output = held
            loss = tf.reduce_mean(tf.square(output - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        return loss

    return step


steps = {{
    "right": make_step(network(), "plain"),
    "GP203": make_step(network(), "rounded"),
    "GP202": make_step(network(), "numpy"),
    "GP206": make_step(network(), "held"),
    "GP703": make_step(network(penalty="l2"), "plain"),
}}
untold = {{
    "right": make_step(network(normalized=True), "plain"),
    "GP706": make_step(network(normalized=True), "plain", training=None),
}}

if __name__ == "__main__":
    x, y = tf.random.normal((8, 4)), tf.random.normal((8, 1))
    for turn in range(3):
        steps["right"](x, y)
        steps["GP203"](x, y)
        steps["GP202"](x, y)
        steps["GP206"](x, y)
        steps["GP703"](x, y)
        untold["right"](x, y)
        untold["GP706"](x, y)
"""


def test_other_steps_of_the_same_lines_do_not_count(tf, keras, tmp_path):
    """What source says of a line may be true of another call of what made the step."""
    from gradproof import prove

    path = tmp_path / "kinds.py"
    path.write_text(KINDS.format(keras=keras.__name__), encoding="utf-8")
    names = runpy.run_path(str(path))
    x, y = tf.random.stateless_normal((8, 4), [1, 2]), tf.ones((8, 1))
    for steps in (names["steps"], names["untold"]):
        for code, step in steps.items():
            proof = prove(step, x, y)
            proven = [one.fault.code for one in proof.diagnoses if one.verdict == "proven"]
            assert proven == ([] if code == "right" else [code]), str(proof)
            assert bool(proof) == (code == "right"), str(proof)


def test_checks_of_a_step_that_can_not_go_on(tf, world):
    """What can't be traced is told; an iterator that ends leaves a check open."""
    from gradproof import prove

    model, optimizer, x, y = world
    right = right_step(tf, model, optimizer)
    proof = prove(lambda a, b: right(a, b).numpy(), x, y, graph=True)
    (check,) = proof.checks
    assert check.holds is False
    assert check.words.startswith("traced, the step raises ")
    batches = iter([(x, y)] * 9)
    before = snapshot(model, optimizer)
    proof = prove(lambda: right(*next(batches)), overfit=True)
    (check,) = proof.checks
    assert check.holds is None
    assert check.words == "not checked: at step 6, the step raises StopIteration"
    assert snapshot(model, optimizer) == before


def test_random_loss_is_not_judged(tf, keras):
    """With dropout two calls differ: no claim about gradients or graph."""
    from gradproof import prove

    layers = keras.layers
    keras.utils.set_random_seed(4)
    model = keras.Sequential([layers.Input((4,)), layers.Dropout(0.5), layers.Dense(1)])
    noise = tf.random.Generator.from_non_deterministic_state()
    optimizer = keras.optimizers.SGD(0.1)
    x, y = tf.ones((8, 4)), tf.ones((8, 1))

    def step(x, y):
        with tf.GradientTape() as tape:
            prediction = model(x, training=True) + tf.random.uniform(())
            loss = tf.reduce_mean(tf.square(prediction - y)) + 0.0 * noise.normal(())
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    proof = prove(step, x, y, gradients=True, graph=True)
    assert proof, str(proof)
    assert [check.holds for check in proof.checks] == [None, None]


def test_loss_that_does_not_fall(tf, world):
    """A rate far too small moves every variable and learns nothing."""
    from gradproof import prove

    model, optimizer, x, y = world
    optimizer.learning_rate = 1e-6
    proof = prove(right_step(tf, model, optimizer), x, y, overfit=True)
    assert not proof
    assert [check.holds for check in proof.checks] == [False]
    assert {row.lost_at for row in proof.rows} == {"learned"}


@pytest.mark.parametrize(
    ("step", "options", "words"),
    [
        (3, {}, "`step` must be a function"),
        (print, {"steps": 0}, "`steps` must be 1 or more, got 0"),
        (print, {"steps": 2.5}, "`steps` must be a whole number, got 2.5"),
        (print, {"variables": ["dense/kernel"]}, "`variables` must hold variables, got str"),
        (print, {"variables": np.ones(3)}, "`variables` must be a list of variables, got ndarray"),
        (print, {"variables": []}, "`variables` is empty: was it read before the model was built"),
    ],
)
def test_wrong_use(step, options, words):
    """What was expected, and what was given."""
    from gradproof import prove

    with pytest.raises((TypeError, ValueError), match=words):
        prove(step, **options)


def adding_step(tf, model, optimizer, every):
    """Adds up gradients of a few calls, counted in a variable, before each update."""
    sums = [tf.Variable(tf.zeros_like(one), trainable=False) for one in model.trainable_variables]
    count = tf.Variable(0)

    def step(x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x, training=True) - y)) / every
        gradients = tape.gradient(loss, model.trainable_variables)
        for total, gradient in zip(sums, gradients, strict=True):
            total.assign_add(gradient)
        count.assign_add(1)
        if count % every == 0:
            added = [total.value() for total in sums]
            optimizer.apply_gradients(zip(added, model.trainable_variables, strict=True))
            for total in sums:
                total.assign(tf.zeros_like(total))
        return loss

    return step


@pytest.mark.parametrize("traced", [False, True])
def test_a_step_that_adds_up_gradients_is_called_until_it_moves_twice(tf, world, traced):
    """Three calls would show gradients that nobody applies."""
    from gradproof import prove

    model, optimizer, x, y = world
    optimizer.build(model.trainable_variables)
    step = adding_step(tf, model, optimizer, every=5)
    proof = prove(tf.function(step) if traced else step, x, y)
    assert proof, str(proof)
    assert len(proof.losses) == 11
    assert [row.stages[:6] for row in proof.rows] == [(True,) * 6] * 4


def test_an_optimizer_that_accumulates_is_called_until_it_moves(tf):
    """Keras 3 adds up itself, if it is asked to."""
    versions.skip_without("3")
    import keras

    from gradproof import prove

    model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(1)])
    optimizer = keras.optimizers.SGD(0.1, gradient_accumulation_steps=8)
    proof = prove(right_step(tf, model, optimizer), tf.ones((8, 4)), tf.ones((8, 1)))
    assert proof, str(proof)


def test_batches_may_end_while_nothing_moves(tf, world):
    """The fault is told, not that there were no more batches than were asked for."""
    from gradproof import prove

    model, _, x, y = world
    batches = iter([(x, y)] * 7)

    def step():
        x, y = next(batches)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        return tape.gradient(loss, model.trainable_variables)[0]

    proof = prove(step)
    assert proof.error is None
    assert [one.fault.code for one in proof.diagnoses] == ["GP401"]


def test_a_graph_that_was_made_before_is_told(tf, world):
    """A concrete function can't be traced anew; it trains where nobody sees it."""
    from gradproof import prove

    model, optimizer, x, y = world
    optimizer.build(model.trainable_variables)
    concrete = tf.function(right_step(tf, model, optimizer)).get_concrete_function(x, y)
    before = snapshot(model, optimizer)
    proof = prove(concrete, x, y)
    assert not proof
    assert any("in a graph that was made before" in note for note in proof.notes)
    assert snapshot(model, optimizer) == before


def test_a_long_exception_is_cut(tf):
    """Keras prints the values of variables into some."""
    from gradproof import prove

    def step():
        raise ValueError("no " * 1000)

    assert len(prove(step).error) < 250


def test_a_loss_that_has_nowhere_to_fall_is_not_judged(tf):
    """It is zero from the first step on."""
    from gradproof import prove

    weight = tf.Variable(0.0)

    def step():
        with tf.GradientTape() as tape:
            loss = tf.square(weight)
        weight.assign_sub(tape.gradient(loss, weight) + 0.0)
        return loss

    (check,) = prove(step, overfit=True).checks
    assert check.holds is None


REPLICATED = """
import tensorflow as tf

whole = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(whole, [tf.config.LogicalDeviceConfiguration()] * 2)
keras = tf.keras
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
with strategy.scope():
    model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(3), keras.layers.Dense(1)])
    optimizer = keras.optimizers.SGD(0.01)


def replica_step(x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(model(x, training=True) - y)) / 16.0
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss


@tf.function
def step(x, y):
    return strategy.reduce("SUM", strategy.run(replica_step, (x, y)), axis=None)


x = tf.random.stateless_normal((16, 4), [1, 2])
data = tf.data.Dataset.from_tensor_slices((x, tf.reduce_sum(x, 1, keepdims=True))).batch(16)
(batch,) = list(strategy.experimental_distribute_dataset(data))

import gradproof

proof = gradproof.prove(step, *batch, gradients=True)
assert proof, proof
print(proof)
"""


def test_slopes_of_each_replica(nursery, tmp_path):
    """Each replica differentiates by copies of its own."""
    (tmp_path / "replicated.py").write_text(REPLICATED)
    done = nursery.run(["python", "replicated.py"], tmp_path)
    assert done.status == 0, done.stderr[-2000:]
    assert "8 of 8 slopes agree" in done.stdout


def test_watch_tells_of_a_block(tf, world, capsys):
    """The block's answer is there afterwards; its exceptions are its own."""
    import gradproof.live

    model, optimizer, x, y = world
    step = right_step(tf, model, optimizer)
    with gradproof.live.watch() as seen:
        step(x, y)
        step(x, y)
    assert seen.diagnoses == ()
    assert seen.answer.steps == 2
    assert "2 steps watched, all 4 variables moved (Adam)" in capsys.readouterr().err
    with seen:
        step(x, y)
    assert seen.answer.steps == 1
    with pytest.raises(KeyError), gradproof.live.watch(show=False):
        raise KeyError("mine")


def test_what_python_keeps_is_named(tf, world):
    """Counters, lists, attributes and iterators are not put back; the proof says which."""
    model, optimizer, x, y = world
    history = []

    class Trainer:
        def __init__(self):
            self.count = 0
            self.batches = iter([(x, y)] * 20)

        def step(self):
            self.count += 1
            a, b = next(self.batches)
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(a) - b))
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
            history.append(float(loss))
            return loss

    from gradproof import prove

    proof = prove(Trainer().step)
    assert proof, str(proof)
    said = "\n".join(proof.unchecked)
    assert "`self.count` went from 0 to 4 and stays so" in said
    assert "`history` went from 0 to 4 entries and stays so" in said
    assert "`self.batches` is an iterator: its place is not put back" in said
    assert said.count("Python's own state") == 3
