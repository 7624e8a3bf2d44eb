"""Lists that change where they stand: a list of gradients and one of variables part, or stay one."""

from __future__ import annotations

import ast

import pytest

from snippets import assert_findings, assert_silent

STEP = """
    def step():
        variables = [encoder_kernel, encoder_bias, decoder_kernel, decoder_bias]
        with tf.GradientTape() as tape:
            code = x @ encoder_kernel + encoder_bias
            loss = tf.reduce_mean(tf.square(code @ decoder_kernel + decoder_bias - x))
        gradients = tape.gradient(loss, variables)
        {changes}
        optimizer.apply_gradients(zip(gradients, variables)){mark}

    encoder_kernel, encoder_bias = tf.Variable(tf.ones([4, 4])), tf.Variable(tf.ones([4]))
    decoder_kernel, decoder_bias = tf.Variable(tf.ones([4, 4])), tf.Variable(tf.ones([4]))
    for _ in range(9):
        step()
"""


def step(changes: str, mark: str = "") -> str:
    return STEP.replace("{changes}", changes).replace("{mark}", mark)


APART = ["reverse()", "pop(0)", "insert(0, gradients[-1])", "remove(gradients[0])"]


@pytest.mark.parametrize("change", APART)
def test_one_list_changes(change: str):
    assert_findings(step(f"gradients.{change}", "  # GP403"))


@pytest.mark.parametrize("change", ["del gradients[0]", "del gradients[:2]"])
def test_entries_are_deleted(change: str):
    assert_findings(step(change, "  # GP403"))


@pytest.mark.parametrize(
    "change",
    ["{}.reverse()", "del {}[0]", "{}.pop(1)", "{}.insert(1, {}.pop())", "del {}[1:3]", "{}.pop()"],
)
def test_both_lists_change_alike(change: str):
    assert_silent(step("; ".join(change.replace("{}", n) for n in ("gradients", "variables"))))


@pytest.mark.parametrize("change", ["gradients.pop(some)", "del gradients[some:]"])
def test_nobody_knows_what_is_left(change: str):
    text = step(f"some = int(x[0, 0])\n        {change}")
    assert_silent(text)


def test_a_change_that_may_not_happen():
    """What a branch takes away is gone in that branch only."""
    assert_silent(
        step("if float(code[0, 0]) > 3.0:\n            gradients.pop(0); variables.pop(0)")
    )


def test_a_network_without_its_last_part():
    """`pop` of a model's list is a slice of it."""
    text = """
        variables = list(model.trainable_variables)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, variables)
        {change}
        optimizer.apply_gradients(zip(gradients, variables)){mark}
    """
    apart = text.replace("{change}", "variables.pop(0)").replace("{mark}", "  # GP403")
    alike = text.replace("{change}", "variables.pop(); gradients.pop()").replace("{mark}", "")
    assert_findings(apart)
    assert_silent(alike)


def test_a_list_is_put_in_order():
    """`sort` does to a list what `sorted` gives of it."""
    text = """
        bias, kernel = tf.Variable(tf.ones([4]), name="bias"), tf.Variable(tf.ones([4]), name="a")
        variables = [bias, kernel]
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(x * kernel + bias - y))
        {before}
        gradients = tape.gradient(loss, variables)
        {after}
        optimizer.apply_gradients(zip(gradients, variables)){mark}
    """
    change = "variables.sort(key=lambda v: v.name)"
    apart = text.replace("{before}", "").replace("{after}", change)
    assert_findings(apart.replace("{mark}", "  # GP403"))
    alike = text.replace("{before}", change).replace("{after}", "")
    assert_silent(alike.replace("{mark}", ""))


def test_keys_that_are_taken_out():
    """A dict without an entry gives the others in their order."""
    text = """
        parts = {"first": tf.Variable(1.0), "second": tf.Variable(2.0), "third": tf.Variable(3.0)}
        {change}
        variables = list(parts.values())
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(variables[0] * x + variables[1] - y))
        gradients = tape.gradient(loss, variables)
        optimizer.apply_gradients(zip(gradients, {given})){mark}
    """
    for change in ('del parts["first"]', 'parts.pop("first")'):
        filled = text.replace("{change}", change)
        right = '[parts["second"], parts["third"]]'
        assert_silent(filled.replace("{given}", right).replace("{mark}", ""))
        wrong = '[parts["third"], parts["second"]]'
        assert_findings(filled.replace("{given}", wrong).replace("{mark}", "  # GP403"))


def test_a_group_of_exceptions():
    """`except*` is read like `except`."""
    text = """
        try:
            gradients = []
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(x) - y))
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables[::-1]))  # GP403
        except* ValueError:
            pass
    """
    if hasattr(ast, "TryStar"):
        assert_findings(text)
