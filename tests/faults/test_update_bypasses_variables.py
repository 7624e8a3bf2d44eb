"""New values that no variable gets."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gradproof.diagnose import diagnose
from gradproof.evidence.applies import Assigned
from gradproof.evidence.recording import Conversion
from gradproof.evidence.run import Run
from gradproof.fault import Verdict
from gradproof.faults import FAULTS
from gradproof.faults.update_bypasses_variables import settle
from gradproof.finding import Finding
from records import (
    BIAS,
    BIAS_GRADIENT,
    KERNEL,
    KERNEL_GRADIENT,
    READ_BIAS,
    READ_KERNEL,
    at,
    healthy,
    never_applied,
    operation,
    proven,
    with_operations,
)
from snippets import assert_findings, assert_silent


def test_new_list():
    """New tensors in a new list change nothing."""
    assert_findings(
        """
        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(x) - y))
            gradients = tape.gradient(loss, model.trainable_variables)
            variables = [v - 0.1 * g for v, g in zip(model.trainable_variables, gradients)]  # GP402
        """
    )


def test_item_of_the_property():
    """An item of the property's list is thrown away."""
    assert_findings(
        """
        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(x) - y))
            gradients = tape.gradient(loss, model.trainable_variables)
            for index, gradient in enumerate(gradients):
                model.trainable_variables[index] = model.trainable_variables[index] - 0.1 * gradient  # GP402
        """
    )


def test_assigned_after_a_function_of_new_values():
    """A list that a function fills, and that a loop goes through beside the variables."""
    text = """
        a, b = tf.Variable(tf.ones((3, 8))), tf.Variable(tf.ones((8, 1)))

        def moved(weights, gradients):
            fresh = []
            for w, g in zip(weights, gradients):
                fresh.append(w - 0.1 * g)
            return fresh

        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(x @ a @ b - y))
            fresh = moved([a, b], tape.gradient(loss, [a, b]))MARK
            LOOP
        """
    loop = "for variable, value in zip([a, b], fresh):\n                variable.assign(value)"
    assert_silent(text.replace("MARK", "").replace("LOOP", loop))
    assert_findings(text.replace("MARK", "  # GP402").replace("LOOP", "print(loss)"))


CLIPPED = """
        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(x) - y))
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))
            for w in model.trainable_variables:
                {}
        """


def test_weights_clipped_in_a_name():
    """The clipped value is bound to the loop's name; the weights stay as they are."""
    assert_findings(CLIPPED.format("w = tf.clip_by_value(w, -0.1, 0.1)  # GP402"))
    assert_silent(CLIPPED.format("w.assign(tf.clip_by_value(w, -0.1, 0.1))"))
    used = "w = tf.clip_by_value(w, -0.1, 0.1)\n                print(tf.norm(w))"
    assert_silent(CLIPPED.format(used))


def test_settled_by_moving():
    """What source takes for lost, and a run sees arrive, is no fault; but a clip is not settled."""
    suspicion = Finding("put into a list", place=at(5), variables=("dense",))
    assert settle(suspicion, healthy()) is Verdict.CLEARED
    clip = replace(suspicion, label="the variables are not clipped")
    assert settle(clip, healthy()) is None


def test_assigned_afterwards():
    """New values that are assigned arrive."""
    assert_silent(
        """
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        values = [v - 0.1 * g for v, g in zip(model.trainable_variables, gradients)]
        for variable, value in zip(model.trainable_variables, values):
            variable.assign(value)
        """
    )


def test_set_weights():
    """`set_weights` assigns all of them."""
    assert_silent(
        """
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        model.set_weights([v - 0.1 * g for v, g in zip(model.trainable_variables, gradients)])
        """
    )


def test_proven():
    """New values were made from variables and gradients, and nobody assigned them."""
    run = with_operations(
        never_applied(healthy()),
        operation(12, "Sub", (READ_KERNEL, KERNEL_GRADIENT), line=6, taped=False),
        operation(13, "Sub", (READ_BIAS, BIAS_GRADIENT), line=6, taped=False),
    )
    assert proven(run) == [("GP402", 6)]


def test_settled():
    """What source suspects is proven by gradients that moved nothing, NumPy or not."""
    suspicion = Finding("the new values are bound to a name", place=None)
    settled = settle(suspicion, never_applied(healthy()))
    assert settled is not None
    assert settled.variables == ("dense/kernel", "dense/bias")
    assert settle(suspicion, healthy()) is None
    keys = [key for call in healthy().calls for key in call.reached]
    rows = tuple(Assigned(key, "scatter_sub") for key in keys)
    assert settle(suspicion, replace(never_applied(healthy()), assigned=rows)) is None


def copied(*operations: int) -> Run:
    """Values of these operations are made arrays after the gradients were taken."""
    run = with_operations(
        never_applied(healthy()),
        operation(12, "ReadVariableOp", line=6, taped=False, reads=frozenset({KERNEL})),
        operation(13, "ReadVariableOp", line=6, taped=False, reads=frozenset({BIAS})),
        operation(14, "Identity", (13,), line=6, taped=False),
    )
    (recording,) = run.recordings
    left = tuple(Conversion(index, "numpy", (at(6),), 15) for index in operations)
    return replace(run, recordings=(replace(recording, conversions=left),))


def test_arrays_are_changed():
    """Values and gradients of all variables become arrays: the copies move, nothing else."""
    run = copied(12, 14, KERNEL_GRADIENT, BIAS_GRADIENT)
    (found,) = diagnose(FAULTS, [], run)
    assert (found.fault.code, found.place) == ("GP402", at(6))
    assert [one.fault.code for one in found.consequences] == ["GP401"]


def test_arrays_are_looked_at():
    """Gradients, or some values, are printed."""
    for operations in ((KERNEL_GRADIENT, BIAS_GRADIENT), (12, 14), (12, KERNEL_GRADIENT)):
        assert proven(copied(*operations)) == [("GP401", 5)]


def test_a_list_that_a_helper_writes_entry_by_entry():
    """The line that writes is named, not the one where the list was made; its mend assigns."""
    text = """
        weights = tf.Variable(tf.ones((4, 4)))
        bias = tf.Variable(tf.zeros((4,)))
        parameters = [weights, bias]

        def descend(parameters, gradients, rate):
            for i, (parameter, gradient) in enumerate(zip(parameters, gradients)):
                {write}
            return parameters

        for _ in range(9):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(x @ weights + bias - y))
            descend(parameters, tape.gradient(loss, [weights, bias]), 0.1)
    """
    assert_findings(text.format(write="parameters[i] = parameter - rate * gradient  # GP402"))
    assert_silent(text.format(write="parameters[i].assign(parameter - rate * gradient)"))


def test_fast_weights_that_are_read_by_their_numbers():
    """An inner step of meta-learning goes on with its new values, under the outer tape."""
    text = """
        for _ in range(3):
            with tf.GradientTape() as outer:
                with tf.GradientTape() as inner:
                    loss = tf.reduce_mean(tf.square(encoder(x) - y))
                variables = encoder.trainable_variables
                gradients = inner.gradient(loss, variables)
                {fast} = [v - 0.1 * g for v, g in zip(variables, gradients)]{mark}
                again = tf.reduce_mean(tf.square({forward} - y))
            gradients = outer.gradient(again, encoder.trainable_variables)
            optimizer.apply_gradients(zip(gradients, encoder.trainable_variables))
    """
    assert_silent(text.format(fast="fast", mark="", forward="x @ fast[0] + fast[1]"))
    assert_findings(text.format(fast="fast", mark="  # GP402", forward="encoder(x)"))


@pytest.mark.parametrize(
    ("kind", "factor", "found"),
    [
        ("Sub", (14, 13), [("GP402", 7)]),
        ("Exp", (13,), [("GP402", 7)]),
        ("Square", (13,), [("GP401", 5)]),
    ],
)
def test_new_values_by_a_factor(kind, factor, found):
    """`v * (1 - rate * g)` is a new value of `v`; `v * g**2` only says how much it matters."""
    run = with_operations(
        replace(never_applied(healthy()), steps=()),
        operation(12, "External", (), 7, False, shape=(), value=0.1),
        operation(13, "Mul", (12, KERNEL_GRADIENT), 7, False),
        operation(14, "External", (), 7, False, shape=(), value=1.0),
        operation(15, kind, factor, 7, False),
        operation(16, "ReadVariableOp", (), 7, False, reads=frozenset({KERNEL})),
        operation(17, "Mul", (16, 15), 7, False),
    )
    assert proven(run) == found


def test_copies_that_get_weights_gave():
    """An array that is changed in place is a copy, until `set_weights` puts it back."""
    text = """
        def descend(gradients):
            weights = model.get_weights()
            for weight, gradient in zip(weights, gradients):
                weight -= 0.1 * gradient.numpy()  # GP402
            {put_back}

        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(x) - y))
            descend(tape.gradient(loss, model.trainable_variables))
    """
    assert_findings(text.format(put_back="return weights"))
    right = text.format(put_back="model.set_weights(weights)").replace("  # GP402", "")
    assert_silent(right)


TWINS = """
twins = [tf.Variable(v) for v in model.trainable_variables]
for _ in range(3):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(GUESS - y))
    gradients = tape.gradient(loss, SOURCES)
    for twin, gradient in zip(twins, gradients):
        twin.assign_sub(0.1 * gradient)MARK
    THEN
"""


def twins(guess="model(x)", sources="model.trainable_variables", mark="", then="pass"):
    """Variables made of a model's, which change by hand."""
    text = TWINS.replace("GUESS", guess).replace("SOURCES", sources)
    return text.replace("MARK", mark).replace("THEN", then)


def test_twins_of_the_variables_move():
    """They begin with the same values, and nothing else reads them."""
    assert_findings(twins(mark="  # GP402"))


@pytest.mark.parametrize(
    "then",
    [
        "[v.assign(t) for v, t in zip(model.trainable_variables, twins)]",
        "model.set_weights([t.numpy() for t in twins])",
    ],
)
def test_twins_that_are_given_back(then: str):
    """The model gets what they have."""
    assert_silent(twins(then=then))


def test_twins_that_compute():
    """The forward pass reads them, not the model's."""
    assert_silent(twins("(tf.tanh(x @ twins[0] + twins[1]) @ twins[2])", "twins"))


REPTILE = """
        def meta_step():
            before = model.get_weights()
            descend()
            after = model.get_weights()
            model.set_weights(before)
            for i, (old, new) in enumerate(zip(before, after)):
                before[i] = old + 0.1 * (new - old){mark}
            {then}

        def descend():
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(x) - y))
            optimizer.apply_gradients(
                zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
            )

        for _ in range(9):
            meta_step()
"""


def test_new_weights_that_stay_in_their_list():
    """Reptile moves the arrays of `get_weights`, and the network does not get them."""
    assert_findings(REPTILE.format(mark="  # GP402", then="print(len(after))"))


@pytest.mark.parametrize(
    "then",
    [
        "model.set_weights(before)",
        "return before",
        "self.slow = before",
        "check(lambda: before)",
        "[v.assign(w) for v, w in zip(model.weights, before)]",
    ],
)
def test_new_weights_that_somebody_reads(then: str):
    """They are given back, returned, kept or handed on."""
    assert_silent(REPTILE.format(mark="", then=then))


def test_weights_that_go_round():
    """The list is filled in one round of a loop and given back in the next."""
    text = """
        weights = model.get_weights()
        for _ in range(9):
            model.set_weights(weights)
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(x) - y))
            gradients = tape.gradient(loss, model.trainable_variables)
            for i, gradient in enumerate(gradients):
                weights[i] = weights[i] - 0.1 * gradient.numpy()
    """
    assert_silent(text)
    assert_silent(text.replace("weights = model", "kept = weights = model"))


def test_entries_of_a_dict_whose_names_are_one_text():
    """`"w b".split()` is a list of names like any other."""
    text = """
        w, b = tf.Variable(tf.ones((4, 4))), tf.Variable(tf.zeros(4))
        parameters = {"w": w, "b": b}

        def update(parameters, grads):
            for key in parameters:
                NEW
            return parameters

        for _ in range(9):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(x @ w + b - y))
            grads = dict(zip("w b".split(), tape.gradient(loss, [w, b])))
            parameters = update(parameters, grads)
    """
    new = "parameters[key] - 0.1 * grads[key]"
    assert_findings(text.replace("NEW", f"parameters[key] = {new}  # GP402"))
    assert_silent(text.replace("NEW", f"parameters[key].assign({new})"))


BLENDED = """
def outer(x, y):
    before = model.get_weights()
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    after = model.get_weights()
    {lines}
    return loss

for _ in range(9):
    outer(x, y)
"""
BLEND = "before = [b + 0.1 * (a - b) for b, a in zip(before, after)]"


def test_weights_that_are_blended_too_late():
    """What is set are the old ones, and nobody reads the new."""
    assert_findings(BLENDED.format(lines=f"model.set_weights(before)\n    {BLEND}  # GP402"))


@pytest.mark.parametrize(
    "lines",
    [
        f"{BLEND}\n    model.set_weights(before)",
        f"for _ in range(3):\n        print(before)\n        {BLEND}",
        "step = [a - b for b, a in zip(before, after)]",
    ],
)
def test_weights_that_are_blended_in_time(lines: str):
    """They are set, shown in the next round, or only a difference."""
    assert_silent(BLENDED.format(lines=lines))


def test_a_new_variable_in_the_place_of_the_old():
    """`w = tf.Variable(w - rate * gradient)` trains, if not well; under another name it does not."""
    step = """
        w = tf.Variable(tf.zeros((4, 1)))
        for _ in range(9):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(tf.matmul(x, w) - y))
            gradient = tape.gradient(loss, w)
            {name} = tf.Variable(w - 0.1 * gradient){mark}
        """
    assert_silent(step.format(name="w", mark=""))
    assert_findings(step.format(name="moved", mark="  # GP402"))


def test_an_array_that_numpy_gives_of_a_variable():
    """It is a copy: what is put into it is lost; a name for it may be assigned back."""
    text = """
        w = tf.Variable(tf.zeros((4, 4)))
        for step in range(10):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(x @ w - y))
            gradient = tape.gradient(loss, w)
            {change}
    """
    assert_findings(text.format(change="w.numpy()[:] -= 0.1 * gradient.numpy()  # GP402"))
    put_back = "a = w.numpy(); a[:] -= 0.1 * gradient.numpy(); w.assign(a)"
    assert_silent(text.format(change=put_back))


def test_new_variables_seen_in_a_run():
    """`w = tf.Variable(w - rate * gradient)`: the next gradient is asked of what that line made."""
    lost = with_operations(
        never_applied(healthy()),
        operation(12, "Sub", (READ_KERNEL, KERNEL_GRADIENT), line=6, taped=False),
        operation(13, "Sub", (READ_BIAS, BIAS_GRADIENT), line=6, taped=False),
    )
    for line, found in ((1, [("GP402", 6)]), (6, [])):
        made = tuple(replace(one, made_at=at(line)) for one in lost.variables)
        assert proven(replace(lost, variables=made)) == found


def test_arrays_that_a_loop_rebinds():
    """A loop's own name gets the new weights, and the old ones are set."""
    text = """
    def outer_step():
        start = model.get_weights()
        model.fit(x, y)
        end = model.get_weights()
        for old, new in zip(start, end):
            old = old + 0.1 * (new - old){mark}{use}
        model.set_weights(start)

    for _ in range(3):
        outer_step()
    """
    assert_findings(text.format(mark="  # GP402", use=""))
    assert_silent(text.format(mark="", use="\n            print(old.mean())"))


def test_a_rule_that_rebinds_the_variables_it_was_given():
    """The line that loses the update is all: no state that the class lacks, and told once."""
    assert_findings(
        """
        class Momentum:
            def __init__(self, params):
                self.params = params
                self.velocity = [tf.Variable(tf.zeros_like(p), trainable=False) for p in params]

            def step(self, gradients):
                for p, v, g in zip(self.params, self.velocity, gradients):
                    v.assign(0.9 * v + 0.1 * g)
                    p = p - 0.05 * v  # GP402

        rule = Momentum(model.trainable_variables)
        for _ in range(9):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(x) - y))
            rule.step(tape.gradient(loss, model.trainable_variables))
        """
    )
