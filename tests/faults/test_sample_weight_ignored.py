"""Edge cases of sample-weight-ignored."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gradproof.evidence.gradients import Target
from gradproof.evidence.offers import Offer
from gradproof.evidence.recording import EXTERNAL
from gradproof.evidence.run import Crash, Run
from gradproof.fault import Verdict
from gradproof.faults.sample_weight_ignored import prove, settle
from gradproof.finding import Finding
from records import (
    ADD,
    KERNEL,
    SQUARE,
    SUB,
    X,
    Y,
    at,
    healthy,
    operation,
    with_call,
    with_operations,
)
from snippets import assert_findings, assert_silent, mended_snippet

MODEL = """
class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.score = keras.layers.Dense(4)

    def call(self, inputs):
        return self.score(inputs)

    def train_step(self, data):
        {unpack}
        with tf.GradientTape() as tape:
            each = tf.reduce_mean(tf.square(self(a, training=True) - b), axis=-1)
            loss = {loss}
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
        return {{"loss": loss}}

net = Net()
net.compile(optimizer=keras.optimizers.SGD(0.1))
net.fit(x, y{weights})
"""

HELPER = "a, b, w = keras.utils.unpack_x_y_sample_weight(data)"


def program(unpack: str, loss: str = "tf.reduce_mean(each)", weights: str = "") -> str:
    """A model with its own step."""
    return MODEL.format(unpack=unpack, loss=loss, weights=weights)


@pytest.mark.parametrize("weights", [", sample_weight=np.ones(8)", ", class_weight={0: 1.0}"])
@pytest.mark.parametrize("unpack", [HELPER, "a, b, w = data", HELPER.replace("w =", "_ =")])
def test_unpacked_and_unused(unpack: str, weights: str):
    """`fit` is given weights and the step does not look at them."""
    assert_findings(program(unpack, "tf.reduce_mean(each)  # GP704", weights))


def test_named_weights():
    """Weights by name, though the file itself never fits."""
    assert_findings(program("a, b, sample_weight = data", "tf.reduce_mean(each)  # GP704"))


def test_two_parts_only():
    """A step that takes two parts where three come."""
    assert_findings(program("a, b = data  # GP704", weights=", sample_weight=np.ones(8)"))


def test_argument_of_a_step():
    """A hand-written step that is given weights."""
    assert_findings(
        """
        def train(a, b, sample_weight):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(a) - b))  # GP704
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


@pytest.mark.parametrize(
    "program",
    [
        program(HELPER, "tf.reduce_mean(each * w)", ", sample_weight=np.ones(8)"),
        program(HELPER, "self.compute_loss(a, b, each, w)", ", sample_weight=np.ones(8)"),
        program("a, b, _ = data"),
        program("a, b, index = data"),
        program("a, b = data"),
        program("a, b = data", weights=", sample_weight=None"),
    ],
)
def test_right_ones(program: str):
    """Used, thrown away by name, or never given."""
    assert_silent(program)


TAGGER = """
inputs = keras.Input((6,), dtype="int32")
inner = keras.layers.Embedding(9, 8, mask_zero={masked})(inputs)
{between}
tagger = keras.Model(inputs, keras.layers.Dense(3)(inner))
tokens = tf.zeros((8, 6), "int32")

with tf.GradientTape() as tape:
    each = tf.nn.sparse_softmax_cross_entropy_with_logits(tokens, tagger(tokens))
    loss = {loss}
gradients = tape.gradient(loss, tagger.trainable_variables)
optimizer.apply_gradients(zip(gradients, tagger.trainable_variables))
"""


def test_padding():
    """A mean over all positions of a model that masks padding."""
    loss = "tf.reduce_mean(each)  # GP704"
    assert_findings(TAGGER.format(masked="True", between="", loss=loss))
    between = "inner = keras.layers.LSTM(8, return_sequences=True)(inner)"
    assert_findings(TAGGER.format(masked="True", between=between, loss=loss))


@pytest.mark.parametrize(
    ("masked", "between", "loss"),
    [
        ("False", "", "tf.reduce_mean(each)"),
        ("True", "inner = keras.layers.LSTM(8)(inner)", "tf.reduce_mean(each)"),
        ("True", "", "tf.reduce_sum(each * tf.cast(tokens > 0, 'float32'))"),
        ("True", "", "tf.reduce_mean(tf.boolean_mask(each, tokens > 0))"),
    ],
)
def test_padding_is_left_out(masked: str, between: str, loss: str):
    """No mask, one output a sequence, or a mask in the loss."""
    assert_silent(TAGGER.format(masked=masked, between=between, loss=loss))


LOSS = """
def error(target, given, {name}):
    each = tf.square(given - target)
    {body}

def train(a, b, weight):
    with tf.GradientTape() as tape:
        loss = {call}
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
{more}
"""
FOUND = "return tf.reduce_mean(each)  # GP704"
LEFT = "return tf.reduce_mean(each)"


def loss(
    body: str, name: str = "weight", call: str = "error(b, model(a), weight)", more: str = ""
) -> str:
    """A step whose loss is a function of its own."""
    return LOSS.format(body=body, name=name, call=call, more=more)


@pytest.mark.parametrize(
    "program",
    [
        loss(FOUND),
        loss(FOUND, call="error(b, model(a), weight=weight)"),
        loss(FOUND, name="mask", call="error(b, model(a), mask=weight)"),
        loss("mask = tf.cast(tf.not_equal(target, 0), tf.float32)\n    " + FOUND, "other"),
        loss("sample_weight = tf.where(target > 0, 2.0, 1.0)\n    " + FOUND, "other"),
    ],
)
def test_what_a_loss_leaves_aside(program: str):
    """Weights or a mask that it is given, or makes itself."""
    assert_findings(program)


@pytest.mark.parametrize(
    "program",
    [
        loss("return tf.reduce_mean(each * weight)"),
        loss("del weight\n    " + LEFT),
        loss(LEFT, call="tf.reduce_mean(error(b, model(a), weight) * weight)"),
        loss(LEFT, call="error(b, model(a), 0.5)"),
        loss(LEFT, call="error(b, model(a), model.trainable_variables)"),
        loss(LEFT, name="weight=None", call="error(b, model(a))"),
        loss(LEFT, more="class Other:\n    def error(self, weight):\n        return weight"),
        loss("mask = target > 0\n    return tf.reduce_mean(tf.boolean_mask(each, mask))"),
        loss("valid = 3\n    return tf.reduce_mean(each * weight)"),
    ],
)
def test_what_a_loss_does_not_leave_aside(program: str):
    """Used, thrown away, weighed by the caller, no weights of samples, or one of several rules."""
    assert_silent(program)


def test_what_is_left_aside_is_put_to_use():
    """The mean is weighed; of a mask, what it keeps is averaged."""
    assert "tf.cast(weight, each.dtype) * each" in mended_snippet(loss(FOUND))
    masked = loss("mask = tf.cast(target > 0, tf.float32)\n    " + FOUND, "other")
    kept = "tf.cast(mask, each.dtype)"
    mean = f"return tf.reduce_sum(each * {kept}) / tf.reduce_sum({kept})"
    assert mean in mended_snippet(masked)


def test_a_mask_that_a_step_makes():
    """No function between: the mask stands beside the loss."""
    step = """
        def train(a, b):
            mask = tf.cast(tf.not_equal(b, 0), tf.float32)
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean({each})MARK
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    plain = "tf.square(model(a) - b)"
    assert_findings(step.format(each=plain).replace("MARK", "  # GP704"))
    assert_silent(step.format(each=f"mask * {plain}").replace("MARK", ""))


def test_a_run_whose_loss_leaves_the_weights_out():
    """The weights came with the data, and nothing on the way to the loss took them."""
    run = with_operations(healthy(), operation(12, EXTERNAL, shape=(8,)))
    run = replace(run, offers=(Offer("sample weight", "sample_weight", 1, (12,)),))
    (found,) = prove(run)
    assert found.place == at(4)
    assert "`sample_weight`" in found.message


def test_a_run_whose_loss_takes_the_weights():
    """A product with the weights on the way to the target is enough."""
    weight = operation(12, EXTERNAL, shape=(8,))
    product = operation(13, "Mul", (SQUARE, 12))
    mean = operation(14, "Mean", (13,), shape=())
    run = with_operations(healthy(), weight, product, mean)
    call = replace(run.calls[0], targets=(Target(14),))
    offers = (Offer("sample weight", "sample_weight", 1, (12,)),)
    assert list(prove(replace(run, calls=(call,), offers=offers))) == []


def test_a_mask_of_every_position():
    """A layer's mask has the shape of what the mean takes in, and reaches nothing."""
    mask = operation(12, "NotEqual", (0,), dtype="bool", via=("__call__", "compute_mask"))
    (found,) = prove(with_operations(healthy(), mask, operation(6, "Const", taped=False)))
    assert "mask" in found.message


def test_a_mask_by_hand():
    """Somebody who compares data on the way to the loss masks by hand."""
    mask = operation(12, "NotEqual", (0,), dtype="bool", via=("__call__", "compute_mask"))
    own = operation(13, "NotEqual", (0,), dtype="bool")
    kept = operation(14, "Mul", (SQUARE, 13))
    mean = operation(15, "Mean", (14,), shape=())
    run = with_operations(healthy(), mask, own, kept, mean, operation(6, "Const", taped=False))
    call = replace(run.calls[0], targets=(Target(15),))
    assert list(prove(replace(run, calls=(call,)))) == []


def own_mask(function: str | None = "step", **changes: Any) -> Run:
    """`mask = tf.cast(tf.not_equal(y, 0), tf.float32)` in a helper that goes on without it."""
    compared = operation(12, "NotEqual", (0,), dtype="bool", line=3)
    numbers = replace(operation(13, "Cast", (12,), line=3), **changes)
    run = with_call(with_operations(healthy(), compared, numbers), at=15)
    return replace(run, recordings=(replace(run.recordings[0], function=function),))


def test_an_own_mask_that_nothing_uses():
    """One number for each entry of the mean, in a graph: there all that is used has a user."""
    (found,) = prove(own_mask())
    assert found.place == at(4)
    assert [related.place for related in found.related] == [at(3)]


def test_an_own_mask_of_a_sequence():
    """A loss of steps and rows puts them into one axis and back."""
    run = with_operations(
        own_mask(shape=(8, 5)),
        operation(SUB, "SparseSoftmaxCrossEntropyWithLogits", (ADD, Y), shape=(40,)),
        operation(ADD, "Reshape", (X,), shape=(40, 3)),
        operation(X, "External", shape=(8, 5, 3), taped=False),
        operation(SQUARE, "Reshape", (SUB,), shape=(8, 5)),
    )
    (found,) = prove(run)
    assert found.place == at(4)
    odd = with_operations(run, operation(X, "External", shape=(7, 5, 3), taped=False))
    assert list(prove(odd)) == []


@pytest.mark.parametrize(
    "run",
    [
        own_mask(function=None),
        own_mask(shape=(8,)),
        own_mask(via=("compute_mask",)),
        own_mask(tapes=frozenset()),
        own_mask(dtype="int32"),
        with_operations(own_mask(), operation(14, "Identity", (13,))),
        with_operations(own_mask(), operation(0, "ReadVariableOp", reads=frozenset({KERNEL}))),
    ],
)
def test_other_numbers_that_nothing_uses(run: Run):
    """Eager, of another shape, a library's, outside of the tape, given back, or of weights."""
    assert list(prove(run)) == []


def test_a_step_that_unpacks_two_parts():
    """The exception confirms what source suspects, and nothing else."""
    suspicion = Finding("two parts only", place=at(3), label="a third part comes")
    message = "too many values to unpack (expected 2)"
    ended = replace(healthy(), crash=Crash("ValueError", message, (at(3),)))
    settled = settle(suspicion, ended)
    assert isinstance(settled, Finding)
    assert "ValueError" in settled.message
    assert settle(suspicion, healthy()) is None
    assert settle(replace(suspicion, label="never used"), ended) is not Verdict.CLEARED


def test_data_taken_apart_by_their_places():
    """`data[0]` and `data[1]`, and `fit` hands over a third part."""
    text = """
        class Net(keras.Model):
            def __init__(self):
                super().__init__()
                self.dense = keras.layers.Dense(4)

            def call(self, inputs):
                return self.dense(inputs)

            def train_step(self, data):
                inputs = data[0]
                targets = data[1]{mark}
                with tf.GradientTape() as tape:
                    loss = tf.reduce_mean(tf.square(self(inputs, training=True) - targets){more})
                gradients = tape.gradient(loss, self.trainable_variables)
                self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
                return {{"loss": loss}}

        net = Net()
        net.compile(optimizer="adam")
        net.fit(x, y{given})
    """
    given = ", sample_weight=np.ones(8)"
    assert_findings(text.format(mark="  # GP704", more="", given=given))
    assert_silent(text.format(mark="", more="", given=""))
    assert_silent(text.format(mark="", more=" * data[2][:, None]", given=given))


@pytest.mark.parametrize("unpack", [HELPER, "a, b, weights = data"])
def test_given_to_the_metrics_only(unpack: str):
    """The metric counts the weights, and the loss does not."""
    name = "w" if unpack == HELPER else "weights"
    measured = f"self.seen.update_state(b, each, sample_weight={name})"
    steps = "tf.reduce_mean(each){mark}\n        " + measured
    assert_findings(program(unpack, steps.format(mark="  # GP704")))
    assert_silent(program(unpack, f"self.weighed(each, {name})\n        {measured}"))


FIELDS = """
from typing import NamedTuple

class Batch(NamedTuple):
    features: tf.Tensor
    target: tf.Tensor
    weight: tf.Tensor

deviance = keras.losses.MeanSquaredError()

@tf.function
def step(batch):
    with tf.GradientTape() as tape:
        guess = model(batch.features, training=True)
        LOSS
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))

for _ in range(3):
    step(Batch(x, y, tf.ones(32)))
"""


def test_weights_in_a_field_that_no_line_reads():
    """The step reads every other field of its batch."""
    plain = "loss = deviance(batch.target, guess)"
    assert_findings(FIELDS.replace("LOSS", f"{plain}  # GP704"))


@pytest.mark.parametrize(
    "loss",
    [
        "loss = deviance(batch.target, guess, sample_weight=batch.weight)",
        "_, _, w = batch; loss = deviance(batch.target, guess, w)",
        "loss = tf.reduce_mean(weighed(*batch, guess)) + deviance(batch.target, guess)",
        "loss = deviance(batch.features, guess)",
    ],
)
def test_weights_in_a_field_that_is_read(loss: str):
    """By name, or with all others; or the step does not read the target, either."""
    assert_silent(FIELDS.replace("LOSS", loss))


def test_weights_of_a_loop_that_no_line_reads():
    """`for x, y, sample_weight in data`, around the tape."""
    text = """
        data = tf.data.Dataset.from_tensor_slices((x, y, tf.ones((32, 1)))).batch(8)
        error = keras.losses.MeanSquaredError()
        for a, b, {name} in data:
            with tf.GradientTape() as tape:
                loss = error(b, model(a, training=True){given}){mark}
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    """
    assert_findings(text.format(name="sample_weight", given="", mark="  # GP704"))
    weighed = ", sample_weight=sample_weight"
    assert_silent(text.format(name="sample_weight", given=weighed, mark=""))
    assert_silent(text.format(name="_", given="", mark=""))


LOOPED = """
w = tf.ones((32, 1))
data = tf.data.Dataset.from_tensor_slices((x, y, {third})).batch(8)
error = keras.losses.MeanSquaredError()
for {taken}:
    with tf.GradientTape() as tape:
        loss = error(b, model(a, training=True){given}){mark}
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
"""


@pytest.mark.parametrize(
    "taken",
    [
        "a, b, wb in data",
        "step, (a, b, w_batch) in enumerate(data.take(3))",
        "batch in data:\n    a, b, wb = batch",
    ],
)
def test_short_names_of_weights_that_no_line_reads(taken: str):
    """`w` is short for weights where the data hold some; in a count of steps, or after the loop."""
    name = "w_batch" if "w_batch" in taken else "wb"
    text = LOOPED.replace("{taken}:", taken if "\n" in taken else f"{taken}:")
    assert_findings(text.format(third="w", given="", mark="  # GP704"))
    assert_silent(text.format(third="w", given=f", sample_weight={name}", mark=""))
    assert_silent(text.format(third="x", given="", mark=""))
    assert_findings(text.replace("w = tf", "W = tf").format(third="W", given="", mark="  # GP704"))


def test_a_key_that_a_loop_never_reads():
    """The loop stands in the module, in no function."""
    text = """
        data = tf.data.Dataset.from_tensor_slices({{"x": x, "y": y, "weight": y}}).batch(8)
        for batch in data:
            with tf.GradientTape() as tape:
                error = tf.square(model(batch["x"]) - batch["y"]){used}{mark}
                loss = tf.reduce_mean(error)
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    """
    assert_findings(text.format(used="", mark="  # GP704"))
    assert_silent(text.format(used=' * batch["weight"]', mark=""))


@pytest.mark.parametrize("loop", ["a, b, c in data", "i, (a, b, c) in enumerate(data)"])
def test_weights_of_a_loop_that_the_dataset_names(loop):
    """What the dataset is made of tells that the third part is weights."""
    text = """
        table = tf.ones((4, 1))
        kinds = tf.zeros((32,), tf.int32)
        data = tf.data.Dataset.from_tensor_slices((x, y, {third})).batch(8)

        @tf.function
        def train(a, b):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(a, training=True) - b))
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))

        for {loop}:
            train(a, b){mark}
            {more}
    """
    weights = "tf.gather(class_weights, kinds)"
    named = text.replace("table", "class_weights")
    assert_findings(named.format(third=weights, loop=loop, mark="  # GP704", more="pass"))
    assert_silent(named.format(third=weights, loop=loop, mark="", more="print(c)"))
    assert_silent(text.format(third="tf.gather(table, kinds)", loop=loop, mark="", more="pass"))


KEYED = """
def objective(batch):
    error = tf.square(model(batch["x"]) - batch["y"]){mark}
    return tf.reduce_mean(error{used})

def train(data):
    for given, wanted, weights in data:
        batch = {{"x": given, "y": wanted, "{key}": weights}}
        {whole}
        with tf.GradientTape() as tape:
            loss = objective(batch)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))

train(batches)
"""


@pytest.mark.parametrize("key", ["w", "sample_weight"])
def test_a_key_of_the_batch_that_nobody_reads(key):
    """A dict goes to the loss, and of its keys that of the weights is never read."""
    assert_findings(KEYED.format(key=key, mark="  # GP704", used="", whole="pass"))
    assert_silent(KEYED.format(key=key, mark="", used=f' * batch["{key}"]', whole="pass"))
    whole = "batch = {name: tf.cast(one, tf.float32) for name, one in batch.items()}"
    assert_silent(KEYED.format(key=key, mark="", used="", whole=whole))
    assert_silent(KEYED.format(key="extra", mark="", used="", whole="pass"))


def test_weights_by_keyword():
    """What the caller names otherwise, the function's parameter names as weights."""
    text = """
        def objective(wanted, given, weights=None):
            error = tf.square(wanted - given)
            return tf.reduce_mean(error{used}){mark}

        def step(given, wanted, w):
            with tf.GradientTape() as tape:
                loss = objective(wanted, model(given), weights=w)
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))

        for given, wanted, w in batches:
            step(given, wanted, w)
    """
    assert_findings(text.format(used="", mark="  # GP704"))
    assert_silent(text.format(used=" * weights", mark=""))


def test_a_step_that_hands_its_data_on():
    """A method of the model takes the data apart, and leaves the third part."""
    text = """
        class Net(keras.Model):
            def __init__(self):
                super().__init__()
                self.out = keras.layers.Dense(1)

            def call(self, x):
                return self.out(x)

            def objective(self, data):
                {taken}
                return tf.reduce_mean(tf.square(y - self(x)){weighed})

            def train_step(self, data):
                with tf.GradientTape() as tape:
                    loss = self.objective(data)
                gradients = tape.gradient(loss, self.trainable_variables)
                self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
                return {{"loss": loss}}

        net = Net()
        net.compile("adam")
        net.fit(x, y, class_weight={{0: 1.0, 1: 9.0}})
    """
    for taken in ("x, y = data[0], data[1]", "x, y = data"):
        assert_findings(text.format(taken=f"{taken}  # GP704", weighed=""))
    assert_silent(text.format(taken="x, y, w = data", weighed=" * w"))


def test_a_weight_is_looked_up_for_nothing():
    """The class weights are gathered by the labels, and the loss goes on without them."""
    text = """
        class_weights = tf.constant([0.5, 0.5, 1.0, 2.0])
        error = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

        def step(x, labels):
            w = tf.gather({table}, labels){mark}
            with tf.GradientTape() as tape:
                loss = error(labels, model(x){given})
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))

        step(x, labels)
    """
    assert_findings(text.format(table="class_weights", mark="  # GP704", given=""))
    assert_silent(text.format(table="class_weights", mark="", given=", sample_weight=w"))
    assert_silent(text.format(table="tf.range(4)", mark="", given=""))


def test_weights_that_are_looked_up_and_left():
    """`tf.gather` of the class weights, and a loss without them."""
    text = """
        class_weight = tf.constant([1.0, 5.0])
        loss_function = keras.losses.MeanSquaredError()

        def step(features, labels):
            weights = tf.gather(class_weight, labels){mark}
            with tf.GradientTape() as tape:
                loss = loss_function(y, model(features){given})
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))

        step(x, np.zeros(8, "int64"))
        """
    assert_findings(text.format(mark="  # GP704", given=""))
    assert_silent(text.format(mark="", given=", sample_weight=weights"))


def test_a_step_that_is_handed_weights():
    """Data as `weights` beside inputs and targets; weights of a network are something else."""
    text = """
        loss_function = keras.losses.BinaryCrossentropy(from_logits=True)
        dataset = tf.data.Dataset.from_tensor_slices((x, y, np.ones(8))).batch(4)

        def step(inputs, targets, weights):
            with tf.GradientTape() as tape:
                loss = loss_function(targets, model(inputs){given}){mark}
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))

        for inputs, targets, weights in dataset:
            step(inputs, targets, {handed})
        """
    assert_findings(text.format(given="", mark="  # GP704", handed="weights"))
    assert_silent(text.format(given=", weights", mark="", handed="weights"))
    other = text.replace("targets, weights in", "targets, _ in")
    assert_silent(other.format(given="", mark="", handed="model.trainable_variables"))
