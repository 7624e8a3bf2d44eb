"""Updates along the gradient."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gradproof.evidence.gradients import Target
from gradproof.evidence.run import Run
from gradproof.evidence.variable import Variable
from gradproof.faults.wrong_sign_update import prove
from records import (
    ADD,
    BIAS,
    BIAS_GRADIENT,
    KERNEL,
    KERNEL_GRADIENT,
    MEAN,
    READ_KERNEL,
    SQUARE,
    SUB,
    TANH,
    Y,
    at,
    healthy,
    operation,
    proven,
    with_apply,
    with_call,
    with_operations,
    with_updates,
)
from snippets import STEP, assert_findings, assert_silent, mended_snippet


def test_assigned_sum():
    """`assign` of a sum climbs as well."""
    assert_findings(
        """
        w = tf.Variable(tf.zeros((4, 4)))
        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(tf.matmul(x, w) - y))
            gradient = tape.gradient(loss, w)
            w.assign(w + 0.1 * gradient)  # GP504
        """
    )


def test_negative_rate():
    """Two minus signs make a descent."""
    assert_silent(
        """
        w = tf.Variable(tf.zeros((4, 4)))
        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(tf.matmul(x, w) - y))
            gradient = tape.gradient(loss, w)
            w.assign_add(-0.1 * gradient)
        """
    )


def test_adversarial():
    """An input is moved up the loss on purpose."""
    assert_silent(
        """
        image = tf.Variable(tf.zeros((1, 4)))
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(image) - 1.0))
        image.assign_add(0.1 * tf.sign(tape.gradient(loss, image)))
        """
    )


KICK = """
w = tf.Variable(tf.zeros((4, 4)))
optimizer = keras.optimizers.SGD(0.1)
def loss_of():
    return tf.reduce_mean(tf.square(tf.matmul(x, w) - y))
for _ in range(3):
    with tf.GradientTape() as tape:
        loss = loss_of()
    gradient = tape.gradient(loss, w)
    backup = tf.identity(w)
    w.assign_add(0.1 * gradient / tf.norm(gradient))%s
    with tf.GradientTape() as tape:
        loss = loss_of()
    gradient = tape.gradient(loss, w)
    %s
    optimizer.apply_gradients([(gradient, w)])
"""


def test_adversarial_weights():
    """Weights that are moved up the loss and put back are where they were."""
    assert_silent(KICK % ("", "w.assign(backup)"))
    assert_findings(KICK % ("  # GP504", "kept = backup"))


def test_reward():
    """A reward is climbed."""
    assert_silent(
        """
        w = tf.Variable(tf.zeros((4, 4)))
        for _ in range(3):
            with tf.GradientTape() as tape:
                reward = tf.reduce_mean(tf.matmul(x, w) * y)
            w.assign_add(0.1 * tape.gradient(reward, w))
        """
    )


def test_proven():
    """Every change by hand went along the gradient, and the loss grew."""
    run = with_updates(healthy(), KERNEL, BIAS, along=-1.0)
    steps = tuple(replace(step, loss=float(step.index)) for step in run.steps)
    run = with_apply(run, by="assign_add", optimizer=None)
    assert proven(replace(run, optimizers=(), steps=steps)) == [("GP504", 6)]


def test_an_input_that_fools_a_frozen_model():
    """What climbs is what a model that stands still is asked about."""
    run = with_updates(healthy(), KERNEL, BIAS, along=-1.0)
    steps = tuple(replace(step, loss=float(step.index)) for step in run.steps)
    run = replace(with_apply(run, by="assign_add", optimizer=None), optimizers=(), steps=steps)
    frozen = Variable(3, "dense_1/kernel", (4, 4), trainable=False, owner="layer")
    asked = replace(run.recordings[0].operations[MEAN], reads=frozenset({frozen.key}))
    run = with_operations(replace(run, variables=(*run.variables, frozen)), asked)
    assert proven(run) == []


def test_set_back():
    """An optimizer moves the variables, and the program sets them half of the way back."""
    run = with_updates(healthy(), KERNEL, BIAS, along=-1.0)
    steps = tuple(replace(step, loss=float(step.index)) for step in run.steps)
    back = with_apply(run, by="assign", optimizer=None).applies[0]
    run = replace(run, applies=(*run.applies, replace(back, key=back.key + 100)))
    back_steps = tuple(replace(step, apply=back.key + 100) for step in steps)
    assert proven(replace(run, steps=back_steps)) == []


POLICY = """
def learn(states, actions, reward):
    advantage = reward - tf.reduce_mean(reward)
    with tf.GradientTape() as tape:
        logits = model(states)
        log_prob = tf.gather(tf.nn.log_softmax(logits), actions, batch_dims=1)
        BEFORE
        objective = TARGET  # MARK
    gradients = tape.gradient(objective, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return objective


learn(x, labels, amounts)
"""


def policy(target: str, before: str = "pass") -> str:
    """A policy gradient whose objective is this."""
    return POLICY.replace("TARGET", target).replace("BEFORE", before)


RATIO = "ratio = tf.exp(log_prob - tf.stop_gradient(log_prob))"


@pytest.mark.parametrize(
    ("target", "before"),
    [
        ("tf.reduce_mean(log_prob * advantage)", "pass"),
        ("tf.reduce_mean(log_prob * advantage) - 0.01 * tf.reduce_mean(logits)", "pass"),
        ("tf.reduce_mean(ratio * advantage)", RATIO),
    ],
)
def test_what_pays_is_made_rarer(target: str, before: str):
    """Log-probabilities times advantages lack the minus sign."""
    assert_findings(policy(target, before).replace("MARK", "GP504"))


def test_the_smaller_of_two_products():
    """Both sides of a clipped objective lack it."""
    target = "tf.reduce_mean(tf.minimum(ratio * advantage, tf.minimum(ratio, 1.2) * advantage))"
    assert_findings(policy(target, RATIO).replace("MARK", "GP504"))


@pytest.mark.parametrize(
    ("target", "before"),
    [
        ("-tf.reduce_mean(log_prob * advantage)", "pass"),
        ("tf.reduce_mean(-log_prob * advantage)", "pass"),
        ("tf.reduce_mean(log_prob * advantage)", "log_prob = -log_prob"),
        ("-1.0 * tf.reduce_mean(log_prob * advantage)", "pass"),
        ("tf.reduce_mean(log_prob * cost)", "cost = reward"),
        ("tf.reduce_mean(log_prob * advantage_loss)", "advantage_loss = reward"),
        ("tf.reduce_mean(nll * advantage)", "nll = -log_prob"),
        (
            "tf.reduce_mean(ce * advantage)",
            "ce = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=actions, logits=logits)",
        ),
        ("tf.reduce_mean(log_prob * worse)", "worse = -advantage"),
    ],
)
def test_what_pays_is_made_more_likely(target: str, before: str):
    """With a minus sign, or with a cost, the descent is right."""
    assert_silent(policy(target, before).replace("  # MARK", ""))


def test_gradients_that_are_turned():
    """The objective grows where the gradients are turned before they are applied."""
    text = policy("tf.reduce_mean(log_prob * advantage)").replace("  # MARK", "")
    assert "zip(gradients" in text
    assert_silent(text.replace("zip(gradients", "zip([-g for g in gradients]"))


def test_gradients_that_somebody_else_turns():
    """They are returned as they are, and turned where they are applied."""
    assert_silent(
        """
        def ascent(x, advantage):
            with tf.GradientTape() as tape:
                log_prob = tf.reduce_sum(tf.nn.log_softmax(model(x)), axis=1)
                objective = tf.reduce_mean(log_prob * advantage)
            return tape.gradient(objective, model.trainable_variables)

        up = ascent(x, y)
        optimizer.apply_gradients([(-g, v) for g, v in zip(up, model.trainable_variables)])
        """
    )


def test_an_advantage_that_is_given_turned():
    """The caller hands over what was lost."""
    text = policy("tf.reduce_mean(log_prob * reward)").replace("  # MARK", "")
    assert_silent(text.replace("learn(x, labels, amounts)", "learn(x, labels, -amounts)"))


def test_an_advantage_that_is_given_less_a_baseline():
    """A difference turns nothing around: with the minus sign the descent is right."""
    text = policy("-tf.reduce_mean(log_prob * reward)").replace("  # MARK", "")
    assert_silent(text.replace("learn(x, labels, amounts)", "learn(x, labels, amounts - 0.3)"))
    baseline = "baseline = 0.3\nlearn(x, labels, amounts - baseline)"
    assert_silent(text.replace("learn(x, labels, amounts)", baseline))


LIKELIHOOD = """
class Flow(keras.Model):
    def __init__(self):
        super().__init__()
        self.body = keras.layers.Dense(4)

    def call(self, inputs):
        return self.body(inputs)

    def log_prob(self, inputs):
        return -0.5 * tf.reduce_sum(tf.square(self.body(inputs)), axis=-1)


flow = Flow()
flow(x)


def learn(data):
    with tf.GradientTape() as tape:
        loss = SIGNtf.reduce_mean(flow.log_prob(data))
    gradients = tape.gradient(loss, flow.trainable_variables)
    optimizer.apply_gradients(zip(gradients, flow.trainable_variables))


learn(x)
"""


def test_a_likelihood_that_is_minimised():
    """`flow.log_prob` of the data should grow."""
    mark = "tf.reduce_mean(flow.log_prob(data))"
    assert_findings(LIKELIHOOD.replace("SIGN", "").replace(mark, f"{mark}  # GP504"))
    assert_silent(LIKELIHOOD.replace("SIGN", "-"))
    against = "tf.reduce_mean(flow.log_prob(-data)) - tf.reduce_mean(flow.log_prob(data))"
    assert_silent(LIKELIHOOD.replace("SIGNtf.reduce_mean(flow.log_prob(data))", against))


RULE = """
class Own(keras.optimizers.Optimizer):
    def build(self, variables):
        super().build(variables)
        self.m = [self.add_variable_from_reference(v, name="m") for v in variables]

    def update_step(self, gradient, variable, learning_rate):
        rate = tf.cast(learning_rate, variable.dtype)
        {first}
        m = self.m[self._get_variable_index(variable)]
        {keep}
        {change}
"""
KEEP = "m.assign(0.9 * m + 0.1 * gradient)"


def rule(change: str, keep: str = KEEP, first: str = "pass") -> str:
    """An optimizer class with a momentum."""
    return RULE.format(change=change, keep=keep, first=first)


@pytest.mark.parametrize(
    "program",
    [
        rule("variable.assign_add(rate * tf.sign(m))  # GP504"),
        rule("self.assign_add(variable, rate * m)  # GP504"),
        rule("self.assign(variable, variable * (1 - rate * 0.1) + rate * m)  # GP504"),
        rule("variable.assign(0.99 * variable - -rate * tf.sign(gradient))  # GP504", "pass"),
        rule("variable.assign_sub(rate * m)  # GP504", "m.assign(0.9 * m - 0.1 * gradient)"),
        rule("variable.assign_add(rate * m)  # GP504", first="gradient = tf.sign(gradient)"),
    ],
)
def test_rules_that_climb(program: str):
    """The sign of a gradient or a momentum, added in one way or another."""
    assert_findings(program)


@pytest.mark.parametrize(
    "program",
    [
        rule("variable.assign_sub(rate * tf.sign(m))"),
        rule("self.assign(variable, variable * (1 - rate * 0.1) - rate * m)"),
        rule("variable.assign_add(rate * m)", "m.assign(0.9 * m - 0.1 * gradient)"),
        rule("variable.assign_add(rate * m)", first="gradient = -gradient"),
        rule("variable.assign_add(rate * m)", "m.assign(0.9 * m + tf.square(gradient))"),
        rule("variable.assign(variable * tf.exp(rate * gradient))", "pass"),
    ],
)
def test_rules_that_descend(program: str):
    """The minus sign stands somewhere else, or what is added follows no gradient."""
    assert_silent(program)


def test_a_rule_is_turned_around():
    """`assign_add` becomes `assign_sub`, with whatever is added."""
    after = mended_snippet(rule("variable.assign_add(rate * tf.sign(m))"))
    assert "variable.assign_sub(rate * tf.sign(m))" in after


SLOTS = """
w, b = tf.Variable(tf.zeros((4, 4))), tf.Variable(tf.zeros((4,)))
slots = {{{key}: tf.Variable(tf.zeros_like(v), trainable=False) for v in (w, b)}}
for _ in range(9):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(x @ w + b - y))
    for v, g in zip([w, b], tape.gradient(loss, [w, b])):
        slot = slots[{key}]
        slot.assign(0.9 * slot + g)
        v.{moved}(0.1 * slot){mark}
"""


@pytest.mark.parametrize("key", ["v.ref()", "id(v)"])
def test_momenta_by_variable(key: str):
    """State of an own rule that a dict keeps for each variable."""
    assert_findings(SLOTS.format(key=key, moved="assign_add", mark="  # GP504"))
    assert_silent(SLOTS.format(key=key, moved="assign_sub", mark=""))


def optimized(rate: float, *losses: float) -> Run:
    """Three steps of an optimizer with this learning rate."""
    run = healthy()
    steps = zip(run.steps, losses, strict=True)
    run = replace(
        run, steps=tuple(replace(step, loss=loss, learning_rate=rate) for step, loss in steps)
    )
    kernel, bias = run.applies[0].pairs
    pairs = (replace(kernel, handed=KERNEL_GRADIENT), replace(bias, handed=BIAS_GRADIENT))
    return with_apply(run, pairs=pairs)


def test_a_rate_below_zero():
    """The error grows; who makes an error smaller by a negative rate is not told."""
    (found,) = prove(optimized(-0.1, 1.0, 2.0, 4.0))
    assert found.place == at(1)
    assert list(prove(optimized(-0.1, 4.0, 2.0, 1.0))) == []
    assert list(prove(optimized(0.1, 1.0, 2.0, 4.0))) == []


def negated(via: str = "mean_squared_error", **changes: Any) -> Run:
    """The mean of the squares is negated before it is minimised."""
    run = with_operations(
        optimized(0.1, -1.0, -2.0, -4.0),
        operation(SQUARE, "Square", (SUB,), via=(via,)),
        operation(12, "Neg", (MEAN,), shape=()),
    )
    return with_call(run, targets=(Target(12),), **changes)


def test_an_error_with_its_sign_turned():
    """All that the tape watched is trained by it, and nothing works against it."""
    (found,) = prove(negated())
    assert found.place == at(4)
    assert found.level == "warning"


def test_an_error_that_others_work_against():
    """A generator has a critic; an ascent may turn the gradients once more."""
    run = negated()
    assert list(prove(negated(via="square"))) == [], "a variance is to grow"
    assert list(prove(replace(run, tapes=(replace(run.tapes[0], watched=frozenset({9})),)))) == []
    (kernel, bias) = run.applies[0].pairs
    assert list(prove(with_apply(run, pairs=(replace(kernel, handed=12), bias)))) == []
    other = replace(run.calls[0], key=2, stack=(at(9),), targets=(Target(MEAN),))
    assert list(prove(replace(run, calls=(*run.calls, other)))) == []


def bound(error: str = "Neg", penalty: str = "Sub", to: int = Y) -> Run:
    """`-mean((output - y)**2) - mean(kernel**2)`, or with other signs, is minimised."""
    run = with_operations(
        optimized(0.1, -1.0, -2.0, -4.0),
        operation(SUB, "Sub", (ADD, to)),
        operation(12, "External", (), taped=False, shape=(), value=0.5),
        operation(13, error, (MEAN,), shape=()),
        operation(14, "Square", (READ_KERNEL,)),
        operation(15, "Sum", (14,), shape=()),
        operation(16, "Mul", (12, 15), shape=()),
        operation(17, penalty, (13, 16), shape=()),
    )
    return with_call(run, targets=(Target(17),), at=18)


def test_a_lower_bound_that_is_minimised():
    """The error and the penalty both have a minus sign: an ELBO without its own."""
    (found,) = prove(bound())
    assert (found.place, found.level) == (at(5), "warning")
    assert found.related[0].place == at(4)


@pytest.mark.parametrize(
    "run",
    [
        bound(error="Identity", penalty="AddV2"),
        bound(penalty="AddV2"),
        bound(to=TANH),
        replace(bound(), steps=optimized(0.1, -4.0, -2.0, -1.0).steps),
    ],
    ids=["a loss", "far away, but small", "two outputs apart", "it rises"],
)
def test_what_is_rightly_negative(run: Run):
    """Who deceives a network keeps the change small; two outputs may be pushed apart."""
    assert list(prove(run)) == []


@pytest.mark.parametrize(
    "made",
    [
        'collections.namedtuple("Line", "slope offset")',
        'collections.namedtuple("Line", ["slope", "offset"])',
        "Named",
    ],
)
def test_fields_of_a_named_tuple(made: str):
    """The variables of a named tuple are met one by one, in the order of its fields."""
    assert_findings(f"""
        import collections
        from typing import NamedTuple

        class Named(NamedTuple):
            slope: tf.Variable
            offset: tf.Variable

        Line = {made}
        line = Line(tf.Variable(1.0), tf.Variable(0.0))
        for _ in range(9):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(line.slope * x + line.offset - y))
            for variable, gradient in zip(line, tape.gradient(loss, line)):
                variable.assign_add(0.1 * gradient)  # GP504
    """)


def test_an_error_times_itself():
    """`error * error` is a loss like its square."""
    text = """
        for _ in range(9):
            with tf.GradientTape() as tape:
                error = model(x) - y
                loss = tf.reduce_mean({loss})
            gradients = tape.gradient(loss, model.trainable_variables)
            pairs = [(-g, v) for g, v in zip(gradients, model.trainable_variables)]
            optimizer.apply_gradients(pairs){mark}
    """
    assert_findings(text.format(loss="error * error", mark="  # GP504"))
    assert_silent(text.format(loss="error * x", mark=""))


@pytest.mark.parametrize(
    ("method", "rate", "mark"),
    [
        ("scatter_sub", "0.1", ""),
        ("scatter_add", "-0.1", ""),
        ("scatter_add", "0.1", "  # GP504"),
    ],
)
def test_rows_of_a_table(method: str, rate: str, mark: str):
    """The rows that were looked up are moved by the values of their gradient."""
    text = """
        table = tf.Variable(tf.zeros((9, 4)))
        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(tf.gather(table, indices) - x))
            slope = tape.gradient(loss, table)
            table.{method}(tf.IndexedSlices({rate} * slope.values, slope.indices)){mark}
    """
    text = text.format(method=method, rate=rate, mark=mark)
    (assert_findings if mark else assert_silent)(text)


SCORED = """
cosine = keras.losses.CosineSimilarity()
for step in range(10):
    with tf.GradientTape() as tape:
        loss = TERM
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
"""


def test_a_likeness_that_is_turned_round():
    """The loss is -1 where both are alike already; a metric, or what is kept apart, is not."""
    for term in ("-cosine(y, model(x))", "-keras.losses.CosineSimilarity(axis=1)(y, model(x))"):
        assert_findings(SCORED.replace("TERM", f"{term}  # GP504"))
    for term in (
        "cosine(y, model(x))",
        "cosine(y, model(x)) - 0.1 * cosine(x, model(x))",
        "-tf.reduce_mean(tf.reduce_sum(y * model(x), axis=1))",
    ):
        assert_silent(SCORED.replace("TERM", term))


def test_an_error_that_is_turned_round():
    """Its negative has no least value; of something that plays against the model it may be meant."""
    for term in (
        "-tf.reduce_mean(tf.square(model(x) - y))",
        "-1.0 * tf.reduce_mean((y - model(x)) ** 2)",
        "-tf.reduce_mean(keras.losses.mean_squared_error(y, model(x)))",
    ):
        mark = "# GP504"
        assert_findings(SCORED.replace("TERM", f"{term}  {mark}"))
        assert_silent(SCORED.replace("TERM", term[term.index("tf") :]))
        against = SCORED.replace("TERM", term) + STEP
        assert_silent(against)
    # Components of the largest variance, a term among others.
    assert_silent(SCORED.replace("TERM", "-tf.reduce_mean(tf.square(model(x)))"))
    both = "keras.losses.mse(y, model(x)) - 0.1 * tf.square(model(x) - x)"
    assert_silent(SCORED.replace("TERM", both))


def test_an_objective_of_a_loop_in_no_function():
    """A log-likelihood that a loop of the file itself minimises."""
    text = """
        mean = tf.Variable(0.0)
        def log_likelihood():
            return -0.5 * (x - mean) ** 2
        for step in range(10):
            with tf.GradientTape() as tape:
                loss = {sign}tf.reduce_mean(log_likelihood()){mark}
            gradients = tape.gradient(loss, [mean])
            optimizer.apply_gradients(zip(gradients, [mean]))
    """
    assert_findings(text.format(sign="", mark="  # GP504"))
    assert_silent(text.format(sign="-", mark=""))


def test_a_negated_error_and_an_update_by_hand():
    """Who subtracts the gradient of a negative error makes the error larger."""
    text = """
    w = tf.Variable(tf.zeros((4, 1)))
    b = tf.Variable(0.0)
    with tf.GradientTape() as tape:
        loss = {sign}tf.reduce_mean(tf.square(y - (x @ w + b))){mark}
    dw, db = tape.gradient(loss, [w, b])
    w.assign_{how}(0.1 * dw)
    b.assign_{how}(0.1 * db)
    """
    assert_findings(text.format(sign="-", how="sub", mark="  # GP504"))
    assert_silent(text.format(sign="", how="sub", mark=""))
    assert_silent(text.format(sign="-", how="add", mark=""))


def test_an_input_that_is_moved_against_a_model():
    """Others take part in the error: it is made larger on purpose."""
    assert_silent(
        """
        delta = tf.Variable(tf.zeros((1, 4)))
        with tf.GradientTape() as tape:
            loss = -tf.reduce_mean(tf.square(y - model(x + delta)))
        gradient = tape.gradient(loss, delta)
        delta.assign_sub(0.1 * gradient)
        """
    )


def run_off(*losses: float) -> Run:
    """The negative of plain squares is minimised, and ends far away."""
    run = negated(via="square")
    steps = zip(run.steps, losses, strict=True)
    return replace(run, steps=tuple(replace(step, loss=loss) for step, loss in steps))


def test_squares_that_run_off():
    """As long as it stays near it may be a variance; far away it is an error for sure."""
    (found,) = prove(run_off(-1.0, -1e5, -1e30))
    assert found.level is None
    (found,) = prove(run_off(-1.0, -1e5, float("nan")))
    assert found.level is None
    assert list(prove(run_off(-1.0, -2.0, -4.0))) == []


def test_squares_that_run_off_by_hand(monkeypatch: pytest.MonkeyPatch):
    """So it is where gradients are subtracted by hand; added, they make the squares small."""
    run = run_off(-1.0, -1e5, -1e30)
    run = with_apply(run, by="assign_sub", optimizer=None)
    monkeypatch.setattr("gradproof.evidence.negated.direction", lambda *_: -1)
    (found,) = prove(run)
    assert found.place == at(4)
    monkeypatch.setattr("gradproof.evidence.negated.direction", lambda *_: 1)
    assert list(prove(run)) == []


def test_the_minus_before_a_helper():
    """What a helper gives is right; the line that turns it round is told."""
    text = """
        def error(a, b):
            return tf.reduce_mean(tf.square(a - b))

        with tf.GradientTape() as tape:
            loss = {sign}error(model(x), y){mark}
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    """
    assert_findings(text.format(sign="-", mark="  # GP504"))
    assert_silent(text.format(sign="", mark=""))
