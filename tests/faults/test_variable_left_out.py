"""Variables of the loss that no list holds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gradproof.evidence.applies import Apply, Assigned, Pair
from gradproof.evidence.copies import Copy
from gradproof.evidence.run import Crash
from gradproof.evidence.saves import Save
from gradproof.fault import Verdict
from gradproof.faults.variable_left_out import settle
from gradproof.finding import Finding
from records import BIAS, KERNEL, at, healthy, left_out, proven
from snippets import assert_findings, assert_silent, meant, mended_snippet


def test_fine_tuning():
    """Training the head over a frozen part is a decision."""
    assert_silent(
        """
        encoder.trainable = False
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(decoder(encoder(x)) - y))
        gradients = tape.gradient(loss, decoder.trainable_variables)
        optimizer.apply_gradients(zip(gradients, decoder.trainable_variables))
        """
    )


def test_a_second_optimizer():
    """What one optimizer leaves out another one takes."""
    assert_silent(
        """
        temperature = tf.Variable(1.0)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(temperature * model(x) - y))
        gradients, slope = tape.gradient(loss, [model.trainable_variables, temperature])
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        second_optimizer.apply_gradients([(slope, temperature)])
        """
    )


def test_fixed():
    """A constant and a variable that rests are not left out."""
    assert_silent(
        """
        scale = tf.Variable(2.0, trainable=False)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(scale * model(x) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


def test_assigned_by_hand():
    """A variable that is changed by hand is cared for."""
    assert_silent(
        """
        average = tf.Variable(0.0)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y)) - average
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        average.assign(0.9 * average + 0.1 * loss)
        """
    )


def test_proven():
    """The tape watched a variable on the way to the loss that no list has."""
    assert proven(left_out(healthy(), BIAS)) == [("GP109", 5)]


def test_a_saved_model_that_serves_as_it_is():
    """What was loaded has been trained before."""
    run = left_out(healthy(), BIAS)
    loaded = [replace(one, during="load" if one.key == BIAS else "") for one in run.variables]
    assert proven(run)
    assert proven(replace(run, variables=tuple(loaded))) == []


def test_a_reference_that_lent_its_weights():
    """A network from which the trained one began is what it is compared with."""
    run = left_out(healthy(), BIAS)
    lent = (Copy("policy", at(2), 1, 0, (KERNEL,), (BIAS,)),)
    assert proven(replace(run, copies=lent)) == []
    other = (Copy("target", at(2), 1, 0, (99,), (BIAS,)),)
    assert proven(replace(run, copies=other)) == [("GP109", 5)]
    text = """
        reference = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
        policy = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
        {copied}
        for _ in range(9):
            with tf.GradientTape() as tape:
                margin = policy(x) - reference(x)
                loss = -tf.reduce_mean(tf.math.log_sigmoid(margin * y))
            gradients = tape.gradient(loss, policy.trainable_variables)
            optimizer.apply_gradients(zip(gradients, policy.trainable_variables)){mark}
    """
    assert_silent(text.format(copied="policy.set_weights(reference.get_weights())", mark=""))
    named = text.replace(
        "(loss, policy.trainable_variables)", "(loss, policy.trainable_variables)  # GP109"
    )
    assert_findings(named.format(copied="print(reference.get_weights())", mark=""))


def test_values_that_were_put_in():
    """The first layers of a network that was given its weights rest, the last ones train."""
    run = left_out(healthy(), BIAS)
    given = Assigned(BIAS, "assign", 1, (at(2),))
    assert proven(replace(run, assigned=(given,))) == []
    assert proven(replace(run, assigned=(replace(given, places=()),))) == [("GP109", 5)]
    assert proven(replace(run, assigned=(replace(given, variable=KERNEL),))) == [("GP109", 5)]
    loaded = Save("load", "ckpt-1", at(2), frozenset({BIAS}), frozenset(), False)
    assert proven(replace(run, saves=(loaded,))) == []
    assert proven(replace(run, saves=(replace(loaded, kind="save"),))) == [("GP109", 5)]


def test_weights_that_are_there_when_a_layer_is_made():
    """A table of vectors by an initializer, as by `weights=`."""
    text = """
        vectors = np.load("vectors.npy")
        words = keras.layers.Embedding(9, 4, {given})
        net = keras.Sequential([words, keras.layers.Dense(4)])
        net(labels)
        head = net.layers[1].trainable_variables
        for _ in range(9):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(net(labels) - y))
            gradients = tape.gradient(loss, head){mark}
            optimizer.apply_gradients(zip(gradients, head))
    """
    constant = "embeddings_initializer=keras.initializers.Constant({})"
    for given in (constant.format("vectors"), "weights=[vectors]"):
        assert_silent(text.format(given=given, mark=""))
    for given in (constant.format("0.1"), 'name="words"'):
        assert_findings(text.format(given=given, mark="  # GP109"))


def test_the_program_came_to_no_other_update():
    """An exception ended it at its first steps: others may have followed."""
    run = left_out(healthy(), BIAS)
    crash = Crash("ValueError", "Dimensions must be equal", (at(6),))
    assert proven(replace(run, crash=crash)) == []
    assert proven(replace(run, crash=crash, counted=500)) == [("GP109", 5)]


def test_changed_by_hand_is_cared_for():
    """A variable that is assigned is not left out."""
    run = left_out(healthy(), BIAS)
    by_hand = Apply(2, (at(6),), 1, 12, "assign", pairs=(Pair(BIAS, name="dense/bias"),), counted=3)
    assert proven(replace(run, applies=(*run.applies, by_hand))) == []


def test_weights_of_a_layer_in_a_functional_model():
    """A functional model has the weights of a layer whose class stands in the file."""
    assert_silent(
        """
        class Scale(keras.layers.Layer):
            def build(self, shape):
                self.gain = self.add_weight(shape=(4,), name="gain")

            def call(self, x):
                return x * self.gain


        inputs = keras.Input((4,))
        scaled = keras.Model(inputs, keras.layers.Dense(1)(Scale()(inputs)))
        for epoch in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(scaled(x) - y))
            variables = scaled.trainable_variables
            optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
        """
    )


def test_cleared_by_the_run():
    """What the optimizer is given, and moves, is in the list after all."""
    lacks = Finding("the target depends on `kernel`", variables=("self.kernel",))
    assert settle(lacks, healthy()) is Verdict.CLEARED
    assert settle(lacks, left_out(healthy(), KERNEL)) is None
    assert settle(Finding("some variable"), healthy()) is None


def test_the_place_is_where_the_list_is_put_together():
    """A list that another function makes is at fault there; mended there, too."""
    text = """
        class Policy:
            def __init__(self):
                self.body = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
                self.spread = tf.Variable(tf.zeros(4), name="spread")
                self.optimizer = keras.optimizers.SGD(0.1)

            def parameters(self):
                return self.body.trainable_variables  # GP109

            def learn(self, x, y):
                with tf.GradientTape() as tape:
                    loss = tf.reduce_mean(tf.square(self.body(x) - y) * tf.exp(self.spread))
                variables = self.parameters()
                gradients = tape.gradient(loss, variables)
                self.optimizer.apply_gradients(zip(gradients, variables))

        policy = Policy()
        for _ in range(3):
            policy.learn(x, y)
    """
    assert_findings(text)
    assert "return self.body.trainable_variables + [self.spread]" in mended_snippet(text)


def test_a_helper_that_lists_what_it_is_told():
    """Not the helper lacks a network, but what it is given."""
    text = """
        def of(nets, names):
            return [v for name in names for v in nets[name].trainable_variables]

        nets = {
            "encoder": keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)]),
            "decoder": keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)]),
        }

        def fit(trained):
            variables = of(nets, trained)  # GP109
            for _ in range(3):
                with tf.GradientTape() as tape:
                    loss = tf.reduce_mean(tf.square(nets["decoder"](nets["encoder"](x)) - y))
                gradients = tape.gradient(loss, variables)
                optimizer.apply_gradients(zip(gradients, variables))

        fit(["decoder"])
    """
    assert_findings(text)
    assert_silent(text.replace('["decoder"])', '["encoder", "decoder"])').replace("  # GP109", ""))


def test_a_list_that_is_filled_is_told_where_it_is_asked_for():
    """The empty list with which a function begins says nothing of what it lacks."""
    assert_findings("""
        nets = {"first": keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])}
        scale = tf.Variable(1.0, name="scale")

        def collected():
            found = []
            for name in nets:
                found += nets[name].trainable_variables
            return found

        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(scale * nets["first"](x) - y))
            variables = collected()
            gradients = tape.gradient(loss, variables)  # GP109
            optimizer.apply_gradients(zip(gradients, variables))
    """)


def test_a_list_of_which_some_entries_are_unknown():
    """What is not known to be all may hold what seems left out: shared variables taken once."""
    assert_silent("""
        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(decoder(encoder(x)) - y))
            both = encoder.trainable_variables + decoder.trainable_variables
            once = {id(variable): variable for variable in both}.values()
            variables = [variable for variable in once]
            gradients = tape.gradient(loss, variables)
            optimizer.apply_gradients(zip(gradients, variables))
    """)


def test_heads_of_which_a_key_chooses_one():
    """Any of them may be meant where the list is made."""
    assert_silent("""
        heads = {"a": keras.layers.Dense(1), "b": keras.layers.Dense(1)}
        for task in itertools.cycle(heads):
            with tf.GradientTape() as tape:
                outputs = {key: head(encoder(x)) for key, head in heads.items()}
                loss = tf.reduce_mean(tf.square(outputs["a"] - y))
            variables = encoder.trainable_variables + heads[task].trainable_variables
            gradients = tape.gradient(loss, variables)
            optimizer.apply_gradients(zip(gradients, variables))
    """)


PICKED = """
net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, name="first"),
                        keras.layers.BatchNormalization(), keras.layers.Dense(4, name="second")])
weights = [w for w in net.trainable_variables if {test}]
rest = [w for w in net.trainable_variables if "kernel" not in w.name]
for _ in range(9):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(net(x, training=True) - y))
        {more}
    asked = {asked}
    optimizer.apply_gradients(zip(tape.gradient(loss, asked), asked)){mark}
"""


def test_kernels_by_name():
    """A list of kernels lacks the biases; what is named as left out is meant."""
    kernels, none = '"kernel" in w.name', "pass"
    found = PICKED.format(test=kernels, more=none, asked="weights", mark="  # GP109")
    assert_findings(found)
    assert_silent(PICKED.format(test=kernels, more=none, asked="weights + rest", mark=""))
    meant = '"bias" in w.name', '"bias" not in w.name'
    for test in meant:
        assert_silent(PICKED.format(test=test, more=none, asked="weights", mark=""))


def test_kernels_by_name_for_a_penalty():
    """Kernels are picked to keep them small, and all variables are trained."""
    penalty = "loss += 0.01 * tf.add_n([tf.nn.l2_loss(w) for w in weights])"
    asked = "net.trainable_variables"
    assert_silent(PICKED.format(test='"kernel" in w.name', more=penalty, asked=asked, mark=""))


def test_kernels_by_name_that_are_only_measured():
    """How much each kernel matters, before anything is trained."""
    assert_silent(
        """
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        kernels = [w for w in model.trainable_variables if "kernel" in w.name]
        print([tf.reduce_sum(tf.abs(one)) for one in tape.gradient(loss, kernels)])
        """
    )


KEPT_ON = """
def contrastive():
    scale = tf.Variable(2.0, name="scale")

    def loss_of(left, right):
        return tf.reduce_mean(tf.square(scale * left - right))

    loss_of.scale = scale
    return loss_of

loss_of = contrastive()
with tf.GradientTape() as tape:
    loss = loss_of(model(x), y)
optimizer.apply_gradients(zip(tape.gradient(loss, {list}), {list})){mark}
"""


def test_a_variable_that_hangs_from_a_function():
    """What the program keeps as an attribute of a function is that thing."""
    listed = "model.trainable_variables + [loss_of.scale]"
    assert_silent(KEPT_ON.format(list=listed, mark=""))
    assert_findings(KEPT_ON.format(list="model.trainable_variables", mark="  # GP109"))


THAWING = """
class Thawing:
    def __init__(self, groups, forward):
        self.groups, self.forward, self.every = groups, forward, 8
        self.active = [groups[-1]]
        self.optimizer = keras.optimizers.Adam(1e-2)

    def thaw(self):
        remaining = self.groups[: len(self.groups) - len(self.active)]
        if remaining:
            self.active.insert(0, remaining[-1])
            self.optimizer = keras.optimizers.Adam(1e-2)

    def step(self, number):
        if number and number % self.every == 0:
            self.thaw()
        variables = [v for group in self.active for v in group.trainable_variables]
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(self.forward(x) - y))
        self.optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))


layers = [*(keras.layers.Dense(8) for _ in range(3)), keras.layers.Dense(1)]
thawing = Thawing(layers, keras.Sequential([keras.layers.Input((4,)), *layers]))
for number in range(30):
    thawing.step(number)
"""


def test_groups_that_join_one_after_the_other():
    """What thaws now and then may be any of them."""
    assert_silent(THAWING)


def test_a_generator_of_variables():
    """What a generator yields one by one is a list that is known."""
    text = """
        class Pair:
            def __init__(self):
                self.nets = encoder, decoder

            def parameters(self):
                {body}

            def step(self):
                with tf.GradientTape() as tape:
                    loss = tf.reduce_mean(tf.square(decoder(encoder(x)) - x))
                variables = list(self.parameters())
                gradients = tape.gradient(loss, variables){mark}
                optimizer.apply_gradients(zip(gradients, variables))

        encoder = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, name="encoder")])
        decoder = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, name="decoder")])
        Pair().step()
    """
    one = "yield from decoder.trainable_variables"
    both = "for net in self.nets: yield from net.trainable_variables"
    assert_findings(text.format(body=one, mark="  # GP109"))
    assert_silent(text.format(body=both, mark=""))
    unknown = f"if settings.all: yield from encoder.trainable_variables\n{' ' * 16}{one}"
    assert_silent(text.format(body=unknown, mark=""))


def test_a_generator_in_a_loop_of_some_rounds():
    """It yields more than what is followed, so a later round may come to it."""
    assert_silent(
        """
        nets = {
            "one": keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)]),
            "other": keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)]),
        }
        optimizers = {name: keras.optimizers.Adam(1e-3) for name in nets}

        def batches(data, size=8):
            for begin in range(0, 48, size):
                yield data[begin : begin + size]

        def train(name, batch):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(nets["other"](nets["one"](batch)))
            variables = nets[name].trainable_variables
            optimizers[name].apply_gradients(zip(tape.gradient(loss, variables), variables))

        for number, batch in enumerate(batches(x)):
            train("other", batch)
            if number % 3 == 2:
                train("one", batch)
        """
    )


BY_NAME = """
import keras

net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, name="{layer}"), keras.layers.Dense(4)])
chosen = [v for v in net.{listed} if {test}]{mark}
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(net(x) - y))
optimizer.apply_gradients(zip(tape.gradient(loss, chosen), chosen))
"""


@pytest.mark.parametrize(
    "test",
    ['"body" in v.name', '"body" in v.name or "head" in v.name', 'v.name.startswith("body")'],
)
def test_picked_by_a_name_that_keras_3_does_not_give(test):
    """A layer's variable is called `kernel`, and its layer is told by its path alone."""
    text = BY_NAME.format(layer="body", listed="trainable_variables", test=test, mark="  # GP109")
    assert_findings(text)
    assert test.replace(".name", ".path") in mended_snippet(text)


@pytest.mark.parametrize(
    "test", ['"bias" in v.name', '"body" in v.path', '"body" not in v.name', 'keep(v.name, "body")']
)
def test_picked_by_a_name_that_some_have(test):
    """Kernels or biases alone are meant, paths have the layer, and other tests tell nothing."""
    text = BY_NAME.format(layer="body", listed="trainable_variables", test=test, mark="")
    assert_silent(text)


LEAVING_OUT = """
    {made}
    for _ in range(9):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(decoder(encoder(x)) - y))
        gradients = tape.gradient(loss, trained){mark}
        optimizer.apply_gradients(zip(gradients, trained))
"""


@pytest.mark.parametrize(
    "made",
    [
        """trained = []
    for part in (encoder, decoder):
        if part.name in {"encoder"}:
            continue
        trained += part.trainable_variables""",
        """trained = []
    for part in (encoder, decoder):
        if not part.name.startswith("enc"):
            trained.extend(part.trainable_variables)""",
        """everything = encoder.trainable_variables + decoder.trainable_variables
    trained = [v for v in everything if "encoder" not in v.path]""",
    ],
)
def test_what_is_left_out_by_its_name(made):
    """Who writes that a part is passed over wants that; a run is told of it, too."""
    text = LEAVING_OUT.format(made=made, mark="")
    assert_silent(text)
    assert meant(text) == ["variable-left-out"]


def test_left_out_once():
    """A second loss depends on it as well; it is told where the first list lacks it."""
    assert_findings(
        """
        critic = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
        with tf.GradientTape(persistent=True) as tape:
            both = decoder(encoder(x))
            first = tf.reduce_mean(tf.square(both - y))
            second = tf.reduce_mean(tf.square(critic(both) - y))
        ours = tape.gradient(first, encoder.trainable_variables)  # GP109
        theirs = tape.gradient(second, critic.trainable_variables)
        optimizer.apply_gradients(zip(ours, encoder.trainable_variables))
        second_optimizer.apply_gradients(zip(theirs, critic.trainable_variables))
        """
    )


def test_only_what_has_a_name():
    """A list that takes what is called so may have missed what it was to have."""
    made = """trained = []
    for part in (encoder, decoder):
        if part.trainable:
            trained = part.trainable_variables"""
    assert_findings(LEAVING_OUT.format(made=made, mark="  # GP109"))
    assert not meant(LEAVING_OUT.format(made=made, mark=""))
