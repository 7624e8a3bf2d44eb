"""Edge cases of clipping-dropped."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gradproof.evidence.applies import Apply, Pair
from gradproof.evidence.run import Run
from gradproof.evidence.variable import Variable
from gradproof.faults.clipping_dropped import prove
from records import (
    BIAS,
    BIAS_GRADIENT,
    KERNEL,
    KERNEL_GRADIENT,
    at,
    healthy,
    operation,
    with_apply,
    with_operations,
)
from snippets import assert_findings, assert_silent

STEP = """
def step(x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    {clip}
    optimizer.apply_gradients(zip({used}, model.trainable_variables))

step(x, y)
"""


@pytest.mark.parametrize(
    "clip",
    [
        "tf.clip_by_global_norm(gradients, 1.0)",
        "clipped, norm = tf.clip_by_global_norm(gradients, 1.0)",
        "clipped, norm = tf.clip_by_global_norm(gradients, 1.0); tf.print(norm)",
        "clipped = [tf.clip_by_norm(g, 1.0) for g in gradients]",
        "[tf.clip_by_value(g, -1.0, 1.0) for g in gradients]",
    ],
)
def test_dropped(clip: str):
    """The result is thrown away, or has a name that nobody reads."""
    assert_findings(STEP.format(clip=clip + "  # GP513", used="gradients"))


@pytest.mark.parametrize(
    ("clip", "used"),
    [
        ("gradients, _ = tf.clip_by_global_norm(gradients, 1.0)", "gradients"),
        ("clipped, _ = tf.clip_by_global_norm(gradients, 1.0)", "clipped"),
        ("_, norm = tf.clip_by_global_norm(gradients, 1.0); tf.print(norm)", "gradients"),
        ("gradients = [tf.clip_by_norm(g, 1.0) for g in gradients]", "gradients"),
        ("pass", "[tf.clip_by_norm(g, 1.0) for g in gradients]"),
        ("clipped = tf.clip_by_value(x, -1.0, 1.0)", "gradients"),
        ("() = tf.clip_by_global_norm(x, 1.0)", "gradients"),
    ],
)
def test_used(clip: str, used: str):
    """The result is applied, or the norm is looked at."""
    assert_silent(STEP.format(clip=clip, used=used))


CLIPPED, NEXT = BIAS_GRADIENT + 1, BIAS_GRADIENT + 2


def clipped(run: Run, handed: int, *, used: bool = False) -> Run:
    """The kernel's gradient is clipped between the two calls."""
    run = with_operations(
        run,
        operation(CLIPPED, "Mul", (KERNEL_GRADIENT,), 5, taped=False, via=("clip_by_norm",)),
        operation(NEXT, "Square", (CLIPPED if used else BIAS_GRADIENT,), 5, taped=False),
    )
    kernel, bias = run.applies[0].pairs
    pairs = (replace(kernel, handed=handed), replace(bias, handed=BIAS_GRADIENT))
    return with_apply(run, at=NEXT + 1, pairs=pairs)


def test_raw_gradients_are_applied():
    """The clipped gradient goes nowhere."""
    (found,) = prove(clipped(healthy(), KERNEL_GRADIENT))
    assert found.place == at(5)
    assert "`tf.clip_by_norm`" in found.message


def test_an_own_rule_gets_the_raw_gradients():
    """A momentum is assigned from them; the clipping makes its ones with another function."""
    run = clipped(healthy(), KERNEL_GRADIENT)
    ones = operation(NEXT, "Fill", (CLIPPED,), 5, taped=False, via=("ones_like",))
    last = operation(NEXT + 1, "Select", (NEXT, CLIPPED), 5, taped=False, via=("clip_by_norm",))
    run = with_operations(run, ones, last)
    pair = Pair(BIAS, taken_for=frozenset({KERNEL}), name="momentum")
    apply = Apply(1, (at(6),), 1, NEXT + 2, "assign", pairs=(pair,))
    (found,) = prove(replace(run, applies=(apply,)))
    assert found.place == at(5)
    assert found.variables == ("dense/kernel",)


def test_clipped_gradients_are_applied():
    """What the clipping returned is handed over."""
    assert not list(prove(clipped(healthy(), CLIPPED)))


def test_clipped_gradients_are_used_otherwise():
    """Something else is computed from the clipped gradient."""
    assert not list(prove(clipped(healthy(), KERNEL_GRADIENT, used=True)))


def test_clipped_gradients_are_only_measured():
    """The norm after the clipping goes into a log or a metric; a rate that it sets is a use."""
    run = clipped(healthy(), KERNEL_GRADIENT, used=True)
    run = with_operations(run, operation(NEXT + 1, "Sum", (NEXT,), 5, taped=False, shape=()))
    (found,) = prove(with_apply(run, at=NEXT + 2))
    assert found.place == at(5)
    kept = Variable(9, "norm/total", (), role="metric", trainable=False)
    write = operation(NEXT + 2, "AssignAddVariableOp", (NEXT + 1,), 5, False)
    run = replace(run, variables=(*run.variables, kept))
    for key, count in ((9, 1), (BIAS, 0)):
        written = with_operations(run, replace(write, writes=frozenset({key})))
        assert len(list(prove(with_apply(written, at=NEXT + 3)))) == count
    raw, bias = run.applies[0].pairs
    scaled = operation(NEXT + 2, "Mul", (BIAS_GRADIENT, NEXT + 1), 5, taped=False)
    run = with_apply(
        with_operations(run, scaled), at=NEXT + 3, pairs=(raw, replace(bias, handed=NEXT + 2))
    )
    assert not list(prove(run))


def test_dropped_though_the_norm_is_read():
    """The norm goes into a log; the clipped list has a name, and nobody reads it."""
    clip = "clipped, norm = tf.clip_by_global_norm(gradients, 1.0)  # GP513\n    tf.print(norm)"
    assert_findings(STEP.format(clip=clip, used="gradients"))


def test_a_loop_that_binds_its_own_name():
    """The list stays as it was."""
    assert_findings("""
        for _ in range(9):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(x) - y))
            gradients = tape.gradient(loss, model.trainable_variables)
            for gradient in gradients:
                gradient = tf.clip_by_value(gradient, -1.0, 1.0)  # GP513
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    """)


def test_a_method_whose_result_gets_a_name_that_nobody_reads():
    """What a helper returns is lost as well by a name as by none."""
    text = """
        class Runner:
            def clipped(self, gradients):
                return [tf.clip_by_norm(gradient, 5.0) for gradient in gradients]

            def step(self, x, y):
                with tf.GradientTape() as tape:
                    loss = tf.reduce_mean(tf.square(model(x) - y))
                gradients = tape.gradient(loss, model.trainable_variables)
                {name} = self.clipped(gradients){mark}
                optimizer.apply_gradients(zip(gradients, model.trainable_variables))

        for _ in range(9):
            Runner().step(x, y)
    """
    assert_findings(text.format(name="small", mark="  # GP513"))
    assert_silent(text.format(name="gradients", mark=""))


def test_a_method_of_whose_two_results_only_the_norm_is_taken():
    """The clipped list is the first part of what it returns."""
    text = """
        class Runner:
            def clip(self, gradients):
                clipped, norm = tf.clip_by_global_norm(gradients, 5.0)
                return clipped, norm

            def step(self, x, y):
                with tf.GradientTape() as tape:
                    loss = tf.reduce_mean(tf.square(model(x) - y))
                gradients = tape.gradient(loss, model.trainable_variables)
                {name}, norm = self.clip(gradients){mark}
                optimizer.apply_gradients(zip(gradients, model.trainable_variables))
                return norm

        for _ in range(9):
            Runner().step(x, y)
    """
    assert_findings(text.format(name="_", mark="  # GP513"))
    assert_silent(text.format(name="gradients", mark=""))


def scaled(*used: int, by_norm: bool = True) -> Run:
    """Both gradients times a bound over a norm; the raw ones are handed over."""
    norm = (KERNEL_GRADIENT,) if by_norm else ()
    run = with_operations(
        clipped(healthy(), KERNEL_GRADIENT),
        operation(12, "L2Loss", norm, 7, False, shape=()),
        operation(13, "RealDiv", (12, 12), 7, False, shape=()),
        operation(14, "Mul", (KERNEL_GRADIENT, 13), 8, False),
        operation(15, "Mul", (13, BIAS_GRADIENT), 8, False),
        *(operation(20 + n, "Neg", (one,), 9, False) for n, one in enumerate(used)),
    )
    pairs = tuple(
        replace(pair, handed=handed)
        for pair, handed in zip(run.applies[0].pairs, (KERNEL_GRADIENT, BIAS_GRADIENT), strict=True)
    )
    return with_apply(run, at=30, pairs=pairs)


def test_clipped_by_hand_and_dropped():
    """Gradients that are scaled by what their own norm says, and go nowhere."""
    (found,) = prove(scaled())
    assert found.place == at(8)
    assert "2 gradients are multiplied" in found.message


@pytest.mark.parametrize("run", [scaled(15), scaled(by_norm=False)], ids=["used", "by a number"])
def test_scaled_for_something_else(run: Run):
    """One product that is used tells that the others are, too; a number alone clips nothing."""
    assert list(prove(run)) == []


BY_HAND = """
w = tf.Variable(tf.zeros((4, 1)))
b = tf.Variable(tf.zeros(1))

def bounded(gradients):
    {clip}
    return {result}

for _ in range(3):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(x @ w + b - y))
    gradients = bounded(tape.gradient(loss, [w, b]))
    for variable, gradient in zip([w, b], gradients):
        variable.assign_sub(0.1 * gradient)
"""


def test_the_name_of_a_loop_is_bound_to_the_clipped_one():
    """The list keeps the raw ones, which then change the variables by hand."""
    one = "for g in gradients: g = tf.clip_by_norm(g, 1.0){mark}"
    wrong = BY_HAND.format(clip=one.format(mark="  # GP513"), result="gradients")
    assert_findings(wrong)
    every = "clipped = [tf.clip_by_norm(g, 1.0) for g in gradients]"
    assert_silent(BY_HAND.format(clip=every, result="clipped"))


def test_a_list_of_clipped_ones_that_nobody_reads():
    """They are gathered, and the others are applied."""
    gathered = "safe = [];{0}for g in gradients: safe.append(tf.clip_by_norm(g, 1.0)){1}"
    wrong = gathered.format("\n    ", "  # GP513")
    assert_findings(BY_HAND.format(clip=wrong, result="gradients"))
    assert_silent(BY_HAND.format(clip=gathered.format("\n    ", ""), result="safe"))


PORTED = """
def clip_grads(grads, most):
    norm = tf.linalg.global_norm(grads)
    if norm > most:
        grads = [g * (most / norm) for g in grads]
    return {result}

for _ in range(3):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    {call}
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
"""


def test_clipped_for_the_helper_alone():
    """A function of another framework changes what it is given; this one a name of its own."""
    wrong = PORTED.format(result="norm", call="norm = clip_grads(gradients, 1.0)  # GP513")
    assert_findings(wrong)
    right = PORTED.format(result="grads, norm", call="gradients, norm = clip_grads(gradients, 1.0)")
    assert_silent(right)


def test_only_the_norm_of_the_clipped_ones_is_told():
    """How large they would be is no use of them."""
    text = """
        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(x) - y))
            gradients = tape.gradient(loss, model.trainable_variables)
            clipped, norm = tf.clip_by_global_norm(gradients, 1.0){mark}
            optimizer.apply_gradients(zip({given}, model.trainable_variables))
            print(float(norm), float(tf.linalg.global_norm(clipped)))
    """
    assert_findings(text.format(mark="  # GP513", given="gradients"))
    assert_silent(text.format(mark="", given="clipped"))


def test_factors_that_nobody_reads():
    """Gradients made smaller by hand get a name of their own, and the raw ones are applied."""
    text = """
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        norm = tf.linalg.global_norm(gradients)
        small = [g * tf.minimum(1.0, 1.0 / norm) for g in gradients]{mark}
        optimizer.apply_gradients(zip({given}, model.trainable_variables))
        {then}
    """
    assert_findings(text.format(mark="  # GP513", given="gradients", then="print(norm)"))
    assert_silent(text.format(mark="", given="small", then="print(norm)"))
    assert_silent(text.format(mark="", given="gradients", then="save(small)"))


@pytest.mark.parametrize(
    "clip",
    [
        "for i in range(len(gradients)):\n    tf.clip_by_norm(gradients[i], 1.0)  # GP513",
        "tf.nest.map_structure(lambda g: tf.clip_by_norm(g, 1.0), gradients)  # GP513",
    ],
)
def test_a_clipping_that_is_a_statement(clip: str):
    """Clipping gives its result back, and changes nothing where it stands by itself."""
    text = """
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(model(x) - y))
gradients = tape.gradient(loss, model.trainable_variables)
{clip}
optimizer.apply_gradients(zip(gradients, model.trainable_variables))
"""
    assert_findings(text.format(clip=clip))
    kept = clip.replace("    tf.", "    gradients[i] = tf.").replace(
        "tf.nest", "gradients = tf.nest"
    )
    assert_silent(text.format(clip=kept.replace("  # GP513", "")))
