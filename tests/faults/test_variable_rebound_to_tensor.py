"""Names that lose their variable."""

from __future__ import annotations

import textwrap
from dataclasses import replace

from gradproof.evidence.applies import Assigned
from gradproof.evidence.gradients import Source, Target
from gradproof.evidence.run import Crash
from gradproof.faults import variable_rebound_to_tensor
from records import (
    BIAS,
    KERNEL,
    KERNEL_GRADIENT,
    READ_KERNEL,
    X,
    at,
    healthy,
    left_out,
    never_applied,
    operation,
    proven,
    with_operations,
)
from snippets import assert_findings, assert_silent, mended_snippet


def test_in_a_loop():
    """The second turn of the loop meets a tensor."""
    assert_findings(
        """
        w = tf.Variable(tf.zeros((4, 4)))
        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(tf.matmul(x, w) - y))
            gradient = tape.gradient(loss, w)
            w = w - 0.1 * gradient  # GP207
        """
    )


def test_augmented():
    """`-=` rebinds as well."""
    assert_findings(
        """
        w = tf.Variable(tf.zeros((4, 4)))
        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(tf.matmul(x, w) - y))
            gradient = tape.gradient(loss, w)
            w -= 0.1 * gradient  # GP207
        """
    )


TREE = """
params = [{"w": tf.Variable(tf.zeros((4, 4))), "b": tf.Variable(tf.zeros(4))} for _ in range(2)]
def loss_of(params):
    hidden = x
    for layer in params:
        hidden = tf.matmul(hidden, layer["w"]) + layer["b"]
    return tf.reduce_mean(tf.square(hidden - y))
for _ in range(3):
    with tf.GradientTape() as tape:
        loss = loss_of(params)
    gradients = tape.gradient(loss, params)
    """


def test_a_tree():
    """New values of a tree of variables take the place of the tree, as in JAX."""
    mapped = "tf.nest.map_structure(lambda p, g: {}, params, gradients)"
    text = f"{TREE}params = {mapped.format('p - 0.1 * g')}"
    assert_findings(f"{text}  # GP207")
    assert "assign(tf" not in mended_snippet(text)
    assert_silent(f"{TREE}{mapped.format('p.assign_sub(0.1 * g)')}")


def test_assigned():
    """`assign_sub` keeps the variable."""
    assert_silent(
        """
        w = tf.Variable(tf.zeros((4, 4)))
        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(tf.matmul(x, w) - y))
            w.assign_sub(0.1 * tape.gradient(loss, w))
        """
    )


def test_fast_weights():
    """Tensors that live for one step are fast weights."""
    assert_silent(
        """
        w = tf.Variable(tf.zeros((4, 4)))
        for _ in range(3):
            with tf.GradientTape() as outer:
                with tf.GradientTape() as inner:
                    first = tf.reduce_mean(tf.square(tf.matmul(x, w) - y))
                fast = w - 0.1 * inner.gradient(first, w)
                loss = tf.reduce_mean(tf.square(tf.matmul(x, fast) - y))
            w.assign_sub(0.1 * outer.gradient(loss, w))
        """
    )


def test_proven():
    """The second call asks for a tensor made of the variable and its gradient."""
    run = never_applied(left_out(healthy(), BIAS))
    run = with_operations(
        run,
        operation(12, "Sub", (READ_KERNEL, KERNEL_GRADIENT), line=6, taped=False),
        operation(13, "MatMul", (X, 12), line=3),
        operation(14, "Mean", (13,)),
    )
    second = replace(
        run.calls[0],
        key=2,
        at=15,
        targets=(Target(14),),
        sources=(Source(None, 12, "tensor", connected=False),),
    )
    crash = Crash("TypeError", "unsupported operand type(s) for *", (at(6),))
    run = replace(run, calls=(*run.calls, second), crash=crash)
    assert ("GP207", 6) in proven(run)


PROJECTED = """
    w = tf.Variable(tf.ones((4, 4)), name="w")
    for _ in range(3):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(tf.matmul(x, w) - y))
        optimizer.apply_gradients([(tape.gradient(loss, w), w)])
        {projected}
"""


def test_projected():
    """What the variable becomes need not come of a gradient."""
    assert_findings(PROJECTED.format(projected="w = w / tf.norm(w)  # GP207"))
    assert_silent(PROJECTED.format(projected="w.assign(w / tf.norm(w))"))
    assert_silent(PROJECTED.format(projected="shown = w / tf.norm(w)"))


def test_a_transformed_argument_keeps_its_variable():
    """In a function the name is its own; the caller's still stands for the variable."""
    assert_silent(
        """
        w = tf.Variable(tf.ones((4, 4)), name="w")

        def forward(w, x):
            w = tf.nn.softplus(w)
            return tf.matmul(x, w)

        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(forward(w, x) - y))
            optimizer.apply_gradients([(tape.gradient(loss, w), w)])
        """
    )


def test_projected_and_proven():
    """The call was given the variable before, and now a tensor made of it."""
    run = never_applied(left_out(healthy(), BIAS))
    run = with_operations(
        run,
        operation(12, "L2Loss", (READ_KERNEL,), line=6, taped=False),
        operation(13, "MatMul", (X, 12), line=3),
        operation(14, "Mean", (13,)),
    )
    second = replace(
        run.calls[0],
        key=2,
        at=15,
        targets=(Target(14),),
        sources=(Source(None, 12, "tensor", connected=False),),
    )
    crash = Crash("ValueError", "No gradients provided for any variable", (at(6),))
    run = replace(run, calls=(*run.calls, second), crash=crash)
    assert ("GP207", 6) in proven(run)
    alone = replace(run, calls=(second,))
    assert ("GP207", 6) not in proven(alone)


def test_a_variable_that_a_tensor_took_the_place_of():
    """It was reached before; then it was read once more, and never again."""
    run = healthy()
    again = (
        operation(12, "ReadVariableOp", line=7, taped=False, reads=frozenset({KERNEL})),
        operation(13, "Mul", (12,), line=7, taped=False),
        *(
            operation(index, "MatMul", (X, 13), line=3, tapes=frozenset({tape}))
            for index, tape in ((14, 2), (16, 3))
        ),
        *(
            operation(index, "Mean", (index - 1,), tapes=frozenset({index // 2 - 5}), shape=())
            for index in (15, 17)
        ),
    )
    run = with_operations(run, *again)
    lost = tuple(replace(one, connected=False) for one in run.calls[0].sources[:1])
    later = tuple(
        replace(run.calls[0], key=key, tape=key, at=end + 1, targets=(Target(end),), sources=lost)
        for key, end in ((2, 15), (3, 17))
    )
    tapes = tuple(replace(run.tapes[0], key=key) for key in (2, 3))
    run = replace(run, calls=(*run.calls, *later), tapes=(*run.tapes, *tapes))
    assert ("GP207", 7) in proven(run)


def test_an_attribute_that_a_list_was_made_from():
    """The list still has the variable; what is computed with is a tensor that took its name."""
    text = """
        class Line:
            def __init__(self):
                self.w = tf.Variable(tf.ones((4, 4)))

        line = Line()
        variables = [line.w]
        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(x @ line.w - y))
            optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
            {shrunk}
    """
    assert_findings(text.format(shrunk="line.w = 0.99 * line.w  # GP207"))
    assert_silent(text.format(shrunk="line.w.assign(0.99 * line.w)"))


NAMED = """
def updated(weights, gradients):
    {updated}

weights = {{"w": tf.Variable(tf.zeros((4, 4))), "b": tf.Variable(tf.zeros((4,)))}}
for _ in range(5):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(x @ weights["w"] + weights["b"] - y))
    gradients = tape.gradient(loss, weights)
    weights = updated(weights, gradients){mark}
"""


def test_a_dict_of_new_values():
    """A function gives new values by name, and the name of the dict takes them."""
    new = "return {key: weights[key] - 0.1 * gradients[key] for key in weights}"
    assert_findings(NAMED.format(updated=new, mark="  # GP207"))
    assigned = """for key in weights:
        weights[key].assign_sub(0.1 * gradients[key])
    return weights"""
    assert_silent(NAMED.format(updated=assigned, mark=""))


HANDED_BACK = """
    w = tf.Variable(tf.zeros((4, 4)))
    for _ in range(3):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(tf.matmul(x, w) - y))
        gradient = tape.gradient(loss, w)
        {updated}
"""


def test_what_an_assignment_gives_back():
    """It looks like the variable, and no tape records that it is read."""
    assert_findings(HANDED_BACK.format(updated="w = w.assign_sub(0.1 * gradient)  # GP207"))
    assert_findings(HANDED_BACK.format(updated="w = w.assign(w - 0.1 * gradient)  # GP207"))
    assert_silent(HANDED_BACK.format(updated="w.assign_sub(0.1 * gradient)"))
    assert_silent(HANDED_BACK.format(updated="moved = w.assign_sub(0.1 * gradient)"))


LISTED = """
    class Line:
        def __init__(self):
            self.parts = [tf.Variable(tf.zeros((4, 4))), tf.Variable(tf.zeros((4,)))]

    line = Line()
    for _ in range(3):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(tf.matmul(x, line.parts[0]) + line.parts[1] - y))
        gradients = tape.gradient(loss, line.parts)
        {updated}
"""


def test_what_an_assignment_gives_back_is_mended():
    """The call stays, alone or in a loop."""
    text = textwrap.dedent(HANDED_BACK).format(updated="w = w.assign_sub(0.1 * gradient)")
    assert mended_snippet(text).rstrip().endswith("\n    w.assign_sub(0.1 * gradient)")
    new = "[one.assign_sub(g) if g is not None else one for one, g in zip(line.parts, gradients)]"
    text = textwrap.dedent(LISTED).format(updated=f"line.parts = {new}")
    assert """
    for one, g in zip(line.parts, gradients):
        if g is not None:
            one.assign_sub(g)""" in mended_snippet(text)


def test_a_list_of_what_assignments_give_back():
    """The list is made anew of them; a list that nobody keeps, or a loop's own name, is fine."""
    new = "[part.assign_sub(0.1 * one) for part, one in zip(line.parts, gradients)]"
    assert_findings(LISTED.format(updated=f"line.parts = {new}  # GP207"))
    assert_silent(LISTED.format(updated=f"made = {new}"))
    assert_silent(
        LISTED.format(
            updated="for part, one in zip(line.parts, gradients):\n"
            "            part = part.assign_sub(0.1 * one)"
        )
    )


def test_an_entry_of_a_dict_that_an_assignment_gave_back():
    """So it is with `weights["w"]`."""
    text = HANDED_BACK.replace("w = tf", "p = {{}}\n    p['w'] = tf").replace(", w)", ", p['w'])")
    assert_findings(text.format(updated="p['w'] = p['w'].assign_sub(0.1 * gradient)  # GP207"))
    assert_silent(text.format(updated="p['w'].assign_sub(0.1 * gradient)"))


def test_a_watched_one_is_recorded():
    """`tape.watch` takes it as well."""
    text = HANDED_BACK.replace("as tape:\n", "as tape:\n            tape.watch(w)\n")
    assert_silent(text.format(updated="w = w.assign_sub(0.1 * gradient)"))


def test_given_back_and_proven():
    """The same call, asked about the variable before and now about what `assign_sub` gave."""
    run = healthy()
    sources = tuple(replace(one, connected=False, handed_back=True) for one in run.calls[0].sources)
    second = replace(run.calls[0], key=2, step=1, sources=sources)
    assigned = (Assigned(KERNEL, "assign_sub", places=(at(6),)),)
    run = replace(run, calls=(*run.calls, second), assigned=assigned)
    first, *_ = variable_rebound_to_tensor.prove(run)
    assert (first.variables, first.place, first.step) == (("dense/kernel",), at(6), 2)
    itself = tuple(replace(one, handed_back=False) for one in sources)
    run = replace(run, calls=(run.calls[0], replace(second, sources=itself)))
    assert not list(variable_rebound_to_tensor.prove(run))
