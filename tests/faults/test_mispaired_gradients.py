"""Lists of gradients and of variables that differ."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gradproof.evidence.applies import Apply, Assigned, Pair
from gradproof.evidence.run import Run
from gradproof.evidence.variable import Variable
from gradproof.fault import Verdict
from gradproof.faults.mispaired_gradients import prove, settle
from gradproof.finding import Finding
from records import (
    BIAS,
    BIAS_GRADIENT,
    KERNEL,
    KERNEL_GRADIENT,
    at,
    healthy,
    operation,
    proven,
    with_apply,
    with_operations,
)
from snippets import assert_findings, assert_silent, mended_snippet, suspects


def test_different_models():
    """Gradients of one network on the variables of another."""
    assert_findings(
        """
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(decoder(x) - y))
        gradients = tape.gradient(loss, decoder.trainable_variables)
        optimizer.apply_gradients(zip(gradients, encoder.trainable_variables))  # GP403
        """
    )


def test_networks_without_names():
    """Of their variables nothing is said but that they are others."""
    (diagnosis,) = suspects(
        """
import tensorflow as tf
from tensorflow import keras


class Pair(keras.Model):
    def __init__(self, left, right):
        super().__init__()
        self.left, self.right = left, right

    def train_step(self, data):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(self.left(data)))
        gradients = tape.gradient(loss, self.left.trainable_weights)
        self.optimizer.apply_gradients(zip(gradients, self.right.trainable_weights))
        return {"loss": loss}


left = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4), keras.layers.Dense(4)])
right = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4), keras.layers.Dense(4)])
pair = Pair(left, right)
pair.compile(keras.optimizers.Adam(1e-4))
pair.fit(tf.random.normal((128, 4)))
"""
    )
    assert diagnosis.fault.code == "GP403"
    assert diagnosis.message == (
        "these gradients were taken for other variables, and are applied to these"
    )


BACKWARDS = """
    wide = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4), keras.layers.Dense(4)])

    def step(x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(wide(x) - y))
        gradients = tape.gradient(loss, wide.trainable_variables)
        optimizer.apply_gradients({pairs}){mark}
"""


def test_from_the_end():
    """One of the two lists goes backwards."""
    mark = "  # GP403"
    pairs = "zip(gradients, wide.trainable_variables[::-1])"
    assert_findings(BACKWARDS.format(pairs=pairs, mark=mark))
    pairs = "zip(gradients[::-1], wide.trainable_variables)"
    assert_findings(BACKWARDS.format(pairs=pairs, mark=mark))


@pytest.mark.parametrize(
    "pairs",
    [
        "zip(gradients[::-1], wide.trainable_variables[::-1])",
        "zip(reversed(gradients), wide.trainable_variables[::-1])",
        "list(zip(gradients, wide.trainable_variables))[::-1]",
        "[pair for pair in zip(gradients, wide.trainable_variables)][::-1]",
        "zip(gradients, wide.trainable_variables[::-1][::-1])",
    ],
)
def test_both_from_the_end(pairs: str):
    """The order of pairs is free."""
    assert_silent(BACKWARDS.format(pairs=pairs, mark=""))


def test_reversed():
    """The same list, but the other way round."""
    assert_findings(
        """
        variables = model.trainable_variables
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, variables)
        optimizer.apply_gradients(zip(gradients, reversed(variables)))  # GP403
        """
    )


def test_two_names():
    """Two names for one list are one list."""
    assert_silent(
        """
        variables = decoder.trainable_variables
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(decoder(x) - y))
        gradients = tape.gradient(loss, variables)
        optimizer.apply_gradients(zip(gradients, decoder.trainable_variables))
        """
    )


def test_clipped():
    """Clipping keeps the order."""
    assert_silent(
        """
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        gradients, norm = tf.clip_by_global_norm(gradients, 1.0)
        gradients = [tf.clip_by_value(gradient, -1.0, 1.0) for gradient in gradients]
        optimizer.apply_gradients(zip(gradients, model.trainable_weights))
        """
    )


def test_proven():
    """Each variable got the gradient of the other one."""
    first, second = healthy().applies[0].pairs
    pairs = (
        replace(first, taken_for=frozenset({BIAS})),
        replace(second, taken_for=frozenset({KERNEL})),
    )
    assert proven(with_apply(healthy(), pairs=pairs)) == [("GP403", 6)]


def test_copies():
    """A worker's gradients are meant for what it was given; other networks' are not."""
    run = healthy()
    shapes = {KERNEL: (4, 4), BIAS: (4,)}
    others = {KERNEL: KERNEL + 10, BIAS: BIAS + 10}
    worker = tuple(Variable(others[key], f"worker/{key}", shapes[key]) for key in others)
    pairs = tuple(
        replace(pair, taken_for=frozenset({others[pair.variable]}))
        for pair in run.applies[0].pairs
        if pair.variable is not None
    )
    apart = with_apply(replace(run, variables=(*run.variables, *worker)), pairs=pairs)
    assert [one.place.line for one in prove(apart) if one.place] == [6]
    assigned = tuple(Assigned(key, "assign", 3, (at(2),)) for key in others.values())
    assert not [*prove(replace(apart, assigned=assigned))]
    once = replace(apart, assigned=tuple(replace(one, times=1) for one in assigned))
    assert not [*prove(once)]
    assert [*prove(with_apply(once, counted=30))]
    built = tuple(replace(one, places=()) for one in assigned)
    assert [*prove(replace(apart, assigned=built))]
    assert [*prove(replace(apart, assigned=assigned[:1]))]


@pytest.mark.parametrize("made", ["tf.Variable(v)", "tf.Variable(tf.identity(v))"])
def test_fast_weights(made: str):
    """Meta-learning of the first order moves a model by gradients at copies of its weights."""
    assert_silent(
        f"""
        meta = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
        for task in range(4):
            fast = [{made} for v in meta.trainable_variables]
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(tf.matmul(x, fast[0]) + fast[1] - y))
            gradients = tape.gradient(loss, fast)
            optimizer.apply_gradients(zip(gradients, meta.trainable_variables))
        """
    )


def test_unknown_is_silent():
    """A gradient that can't be followed accuses nobody."""
    pairs = tuple(replace(pair, taken_for=None) for pair in healthy().applies[0].pairs)
    assert proven(with_apply(healthy(), pairs=pairs)) == []


def test_a_shifted_slice():
    """Each gradient lands on the next variable."""
    assert_findings(
        """
        variables = model.trainable_variables
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, variables)
        optimizer.apply_gradients(zip(gradients, variables[1:]))  # GP403
        optimizer.apply_gradients(zip(gradients[1:], variables[1:]))
        """
    )


def test_gradients_without_the_missing_ones():
    """What is left moves up, if any was None; pairs that are filtered stay pairs."""
    assert_findings(
        """
        class Two(keras.Model):
            def __init__(self):
                super().__init__()
                self.first = keras.layers.Dense(2)
                self.second = keras.layers.Dense(2)

            def call(self, inputs):
                return self.second(inputs)

        two = Two()
        two(x)
        variables = two.trainable_variables
        with tf.GradientTape(persistent=True) as tape:
            loss = tf.reduce_mean(tf.square(two(x) - y))
        gradients = [g for g in tape.gradient(loss, variables) if g is not None]
        optimizer.apply_gradients(zip(gradients, variables))  # GP403
        pairs = [(g, v) for g, v in zip(tape.gradient(loss, variables), variables) if g is not None]
        optimizer.apply_gradients(pairs)
        """
    )


def test_a_filter_that_finds_nothing():
    """Where every gradient exists, nothing is left out."""
    assert_silent(
        """
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        found = tape.gradient(loss, model.trainable_variables)
        gradients = [g for g in found if g is not None]
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


def by_hand(kernel: int, bias: int, *, second: str = "assign_sub") -> Run:
    """Both variables are changed by hand, each by the gradient of the variable that is given."""
    pairs = ((KERNEL, kernel, "assign_sub"), (BIAS, bias, second))
    hand = tuple(
        Apply(
            key,
            (at(6),),
            1,
            BIAS_GRADIENT + 1,
            method,
            pairs=(Pair(key, taken_for=frozenset({taken}), call=1),),
            call=1,
        )
        for key, taken, method in pairs
    )
    return replace(healthy(), applies=hand)


def test_changes_by_hand():
    """`assign_sub` with the gradient of another variable that was asked for as well."""
    (found,) = prove(by_hand(BIAS, KERNEL))
    assert found.place == at(6)
    assert found.variables == ("dense/kernel", "dense/bias")
    assert "2 of 2" in found.message
    assert list(prove(by_hand(KERNEL, BIAS))) == []


def test_positions_and_momenta():
    """Motion is simulated so: one goes down the other's gradient, the other one up."""
    assert list(prove(by_hand(BIAS, KERNEL, second="assign_add"))) == []


def test_a_variable_that_follows_another_gradient_as_well():
    """Players of a game who look at each other."""
    run = by_hand(KERNEL, BIAS)
    more = replace(
        run.applies[0], key=3, pairs=(Pair(BIAS, taken_for=frozenset({KERNEL}), call=1),)
    )
    assert list(prove(replace(run, applies=(*run.applies, more)))) == []


MOMENTUM = 3


def with_momentum(variable: int) -> Run:
    """A momentum that is made of the kernel's gradient moves a variable."""
    buffer = frozenset({MOMENTUM})
    run = with_operations(
        by_hand(KERNEL, BIAS),
        operation(12, "AssignVariableOp", (KERNEL_GRADIENT,), writes=buffer, taped=False),
        operation(13, "ReadVariableOp", reads=buffer, taped=False),
        operation(14, "AssignSubVariableOp", (13,), writes=frozenset({variable}), taped=False),
    )
    kept, moved = run.applies
    kept = replace(
        kept, by="assign", pairs=(Pair(MOMENTUM, taken_for=frozenset({KERNEL}), handed=10),)
    )
    other = replace(
        moved, key=4, pairs=(replace(moved.pairs[0], variable=BIAS + KERNEL - variable),)
    )
    moved = replace(moved, at=13, pairs=(Pair(variable, taken_for=frozenset(), handed=13),))
    variables = (
        *(replace(one, shape=(4, 4)) for one in run.variables),
        Variable(MOMENTUM, "momentum", (4, 4)),
    )
    return replace(run, variables=variables, applies=(kept, moved, other))


def test_a_slot_of_another_variable():
    """What a momentum was made of says whose it is."""
    (found,) = prove(with_momentum(BIAS))
    assert "dense/bias" in found.variables
    own = with_momentum(KERNEL)
    fixed = replace(own.applies[2], pairs=(Pair(BIAS, taken_for=frozenset({BIAS}), call=1),))
    assert list(prove(replace(own, applies=(*own.applies[:2], fixed)))) == []


def crashed(*keys: int, error: str) -> Run:
    """Gradients that came out of a function go to these variables, and the optimizer raises."""
    pairs = tuple(Pair(key, taken_for=frozenset(), name=f"v{key}") for key in keys)
    return with_apply(healthy(), pairs=pairs, error=error, counted=0)


SHAPES = "InvalidArgumentError: Cannot update variable with shape [4], shapes must be equal."


def test_shapes_that_do_not_fit():
    """The list is turned around: the optimizer's exception says no more than two shapes."""
    (found,) = prove(crashed(BIAS, KERNEL, error=SHAPES))
    assert found.place == at(6)
    assert found.variables == ("v2", "v1")


def test_shapes_that_do_not_fit_in_one_order():
    """The same order: what raises is something else, the user's own rule perhaps."""
    assert list(prove(crashed(KERNEL, BIAS, error=SHAPES))) == []
    assert list(prove(crashed(BIAS, KERNEL, error="ValueError: no gradients"))) == []


def test_a_slot_that_the_recording_alone_tells_of():
    """`momentum.assign(0.9 * momentum + gradient)` stands in no list of changes by hand."""
    run = with_momentum(BIAS)
    (found,) = prove(replace(run, applies=run.applies[1:]))
    assert "dense/bias" in found.variables
    own = with_momentum(KERNEL)
    fixed = replace(own.applies[2], pairs=(Pair(BIAS, taken_for=frozenset({BIAS}), call=1),))
    assert list(prove(replace(own, applies=(own.applies[1], fixed)))) == []


def test_one_operation_that_gives_all_gradients():
    """Behind a traced function nobody can tell which of them a momentum was made of."""
    run = with_momentum(BIAS)
    (call,) = run.calls
    right = replace(run.applies[2], pairs=(Pair(KERNEL, taken_for=frozenset({KERNEL}), call=1),))
    run = replace(run, applies=(run.applies[1], right))
    assert len(list(prove(run))) == 1
    sources = tuple(replace(source, result=KERNEL_GRADIENT) for source in reversed(call.sources))
    assert list(prove(replace(run, calls=(replace(call, sources=sources),)))) == []


CUT = """
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(decoder(encoder(x)) - y))
gradients = tape.gradient(loss, {taken})
cut = len(encoder.trainable_variables)
optimizer.build(encoder.trainable_variables)
optimizer.apply_gradients(zip(gradients[:cut], encoder.trainable_variables)){mark}
keras.optimizers.SGD(0.1).apply_gradients(zip(gradients[cut:], decoder.trainable_variables))
"""
ENCODER_FIRST = "encoder.trainable_variables + decoder.trainable_variables"
DECODER_FIRST = "decoder.trainable_variables + encoder.trainable_variables"


def test_gradients_that_are_cut_where_another_list_ends():
    """The first of them were taken for the other network."""
    text = CUT.format(taken=DECODER_FIRST, mark="  # GP403")
    assert_findings(text)
    assert ENCODER_FIRST in mended_snippet(text)
    assert_silent(CUT.format(taken=ENCODER_FIRST, mark=""))


BY_HAND = """
w, u, b = (tf.Variable(tf.ones((4, 4))) for _ in range(3))
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(x @ w * (x @ u) + x @ b - y))
gradients = tape.gradient(loss, {taken})
momenta = [tf.Variable(tf.zeros((4, 4))) for _ in range(3)]
for {names} in zip({columns}):{mark}
    {body}
"""
MOMENTUM = "m.assign(0.9 * m + g)\n    v.assign_sub(0.1 * m)"


def test_pairs_that_are_assigned_by_hand():
    """A loop over two orders of one list, with or without momenta."""
    three = {"names": "v, g, m", "columns": "[w, u, b], gradients, momenta", "body": MOMENTUM}
    text = BY_HAND.format(taken="[w, b, u]", mark="  # GP403", **three)
    assert_findings(text)
    assert "gradient(loss, [w, u, b])" in mended_snippet(text)
    assert_silent(BY_HAND.format(taken="[w, u, b]", mark="", **three))
    two = {"names": "g, v", "columns": "gradients, [w, u, b]", "body": "v.assign_sub(0.1 * g)"}
    assert_findings(BY_HAND.format(taken="[w, b, u]", mark="  # GP403", **two))


def test_gradients_that_are_kept_by_hand():
    """Accumulators are other variables, in whatever order."""
    kept = {"names": "m, g", "columns": "momenta, gradients", "body": "m.assign(0.9 * m + g)"}
    then = "optimizer.apply_gradients(zip(momenta, [w, u, b]))"
    assert_silent(BY_HAND.format(taken="[w, u, b]", mark="", **kept), then)


TWO_OF_A_KIND = """
import tensorflow as tf
from tensorflow import keras


class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.norm, self.out = keras.layers.BatchNormalization(), keras.layers.Dense(4)

    def call(self, x):
        return self.out(self.norm(x))


net, other, optimizer = Net(), Net(), keras.optimizers.SGD()
x = tf.ones((8, 4))
net(x), other(x)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(net(x, training=True)))
gradients = tape.gradient(loss, net.trainable_variables)
optimizer.apply_gradients(zip(gradients, GIVEN))
"""


def test_words_for_equal_names():
    """Two networks of one class, or the moving statistics of one of them."""
    (one,) = suspects(TWO_OF_A_KIND.replace("GIVEN", "other.trainable_variables"))
    assert one.message.endswith("`norm`, `out` of one network, and are applied to those of another")
    (one,) = suspects(TWO_OF_A_KIND.replace("GIVEN", "net.variables"))
    assert "moving statistics stand among those they meet" in one.message


def test_sorted_by_different_keys():
    """One order for the gradients, another for what they are applied to."""
    text = """
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        sources = sorted(model.trainable_variables, key=lambda v: v.path)
        targets = sorted(model.trainable_variables, {key})
        gradients = tape.gradient(loss, sources)
        gradients = [tf.clip_by_norm(gradient, 1.0) for gradient in gradients]
        optimizer.apply_gradients(zip(gradients, {given}))  {mark}
        """
    by_path, by_size = "key=lambda one: one.path", "key=lambda v: len(v.shape)"
    assert_findings(text.format(key=by_size, given="targets", mark="# GP403"))
    assert_findings(text.format(key=f"{by_path}, reverse=True", given="targets", mark="# GP403"))
    assert_findings(text.format(key=by_path, given="model.trainable_variables", mark="# GP403"))
    assert_silent(text.format(key=by_path, given="targets", mark=""))
    assert_silent(text.format(key=by_size, given="sources", mark=""))
    assert_silent(text.format(key="key=unknown", given="[v for v in sources]", mark=""))


def test_put_in_order_by_names_that_are_known():
    """`right` comes before `left` in the list, and behind it by name."""
    text = """
        def by_name(variables):
            return sorted(variables, key=lambda v: v.name)

        right = tf.Variable(tf.zeros((4, 1)), name="{first}")
        left = tf.Variable(tf.zeros((4, 1)), name="{second}")
        weights = (right, left)
        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(x @ right - x @ left - y))
            gradients = tape.gradient(loss, by_name(weights))
            optimizer.apply_gradients(zip(gradients, weights)){mark}
    """
    assert_findings(text.format(first="right", second="left", mark="  # GP403"))
    assert_silent(text.format(first="a", second="b", mark=""))
    assert_silent(text.format(first="same", second="same", mark=""))


CROSSED = """
slope, offset = tf.Variable(0.0), tf.Variable(0.0)
for step in range(10):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(slope * x + offset - y))
    d_slope, d_offset = tape.gradient(loss, [SOURCES])
    slope.assign_sub(0.1 * d_slope)
    offset.assign_sub(0.1 * d_offset)
"""


def test_gradients_that_are_named_in_another_order():
    """Each of two variables follows the gradient of the other."""
    marked = CROSSED.replace("* d_slope)", "* d_slope)  # GP403")
    assert_findings(marked.replace("SOURCES", "offset, slope"))
    assert_silent(CROSSED.replace("SOURCES", "slope, offset"))


def test_a_gradient_that_was_taken_for_a_copy():
    """A variable that follows its fast copy is one way only."""
    assert_silent("""
        slow = tf.Variable(0.0)
        fast = tf.Variable(1.0)
        for step in range(10):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(fast * x - y))
            slope = tape.gradient(loss, fast)
            fast.assign_sub(0.1 * slope)
            slow.assign_sub(0.01 * slope)
    """)


def test_a_run_clears_what_source_suspects():
    """Each pair had the gradient of its own variable; with a sum of several nobody knows."""
    run = healthy()
    (apply,) = run.applies
    finding = Finding("suspected", place=apply.place)
    assert settle(finding, run) is Verdict.CLEARED
    both = replace(apply.pairs[0], taken_for=frozenset({KERNEL, BIAS}))
    assert settle(finding, with_apply(run, pairs=(both, apply.pairs[1]))) is None
    assert settle(finding, with_apply(run, by="assign_sub", optimizer=None)) is None
    assert settle(Finding("suspected", place=at(99)), run) is None


NAMED = """
    net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8), keras.layers.Dense(4)])
    for _ in range(9):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(net(x) - y))
        gradients = tape.gradient(loss, net.trainable_variables)
        kept = {{{key}: g for v, g in zip(net.trainable_variables, gradients)}}{mark}
        optimizer.apply_gradients([(kept[{key}], v) for v in net.trainable_variables])
"""


def test_gradients_by_the_name_of_a_variable():
    """Keras 3 calls the variables of all layers alike; their paths differ, and names of Keras 2."""
    assert_findings(NAMED.format(key="v.name", mark="  # GP403"))
    assert_silent(NAMED.format(key="v.path", mark=""))
    assert_silent(NAMED.format(key="v.name", mark=""), keras="2")
