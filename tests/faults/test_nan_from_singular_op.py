"""Operations whose derivative is infinite where their value is a number."""

from __future__ import annotations

from dataclasses import replace
from math import inf, nan

import pytest

from gradproof.evidence.applies import Update
from gradproof.evidence.run import Run
from gradproof.fault import Verdict
from gradproof.faults.nan_from_singular_op import settle
from gradproof.finding import Finding
from records import (
    ADD,
    BIAS,
    KERNEL,
    MATMUL,
    MEAN,
    READ_BIAS,
    READ_KERNEL,
    SQUARE,
    SUB,
    TANH,
    X,
    at,
    healthy,
    operation,
    proven,
    with_operations,
)
from records import with_updates as updated
from snippets import assert_findings, assert_silent, mended_snippet

LOSS = """
with tf.GradientTape() as tape:
    rate = model(x)
    {lines}
gradients = tape.gradient(loss, model.trainable_variables)
optimizer.apply_gradients(zip(gradients, model.trainable_variables))
"""


def test_masked_logarithm():
    """`tf.where` hides the value of the logarithm, not its slope."""
    line = "loss = tf.reduce_mean(tf.where(rate > 0.0, tf.math.log(rate), 0.0))  # GP303"
    assert_findings(LOSS.format(lines=line))


def test_argument_made_safe():
    """The argument is safe before the logarithm sees it."""
    lines = """safe = tf.where(rate > 0.0, rate, 1.0)
    loss = tf.reduce_mean(tf.where(rate > 0.0, tf.math.log(safe), 0.0))"""
    assert_silent(LOSS.format(lines=lines))


def test_norm_of_other_things():
    """A norm is healthy where nothing says that it meets zero."""
    assert_silent(LOSS.format(lines="loss = tf.reduce_mean(tf.norm(rate - y, axis=1))"))


def _with_root(loss: float = 0.5, argument: str = "Sub", value: float | None = None) -> Run:
    """NaN gradients at the second step, with one square root on the way."""
    run = with_operations(
        healthy(),
        operation(SQUARE, "Sqrt", (SUB,)),
        operation(SUB, argument, (5, 6)),
        operation(6, "External", taped=False, value=value, dtype="float32"),
    )
    bad = updated(run, KERNEL, gradient_norm=nan, change_norm=nan, along=None).steps[1]
    return replace(run, steps=(run.steps[0], replace(bad, loss=loss), run.steps[2]))


def test_proven():
    """One square root alone can have made the NaN: its line is the place."""
    assert proven(_with_root()) == [("GP303", 4)]


def test_guarded_root():
    """A root of something plus a positive constant is no edge; another is."""
    run = _with_root(argument="AddV2", value=1e-8)
    run = with_operations(run, operation(MEAN, "Sqrt", (SQUARE,), line=7, shape=()))
    assert proven(run) == [("GP303", 7)]


def test_a_division_that_gives_zero_at_its_edge():
    """The derivative of `divide_no_nan` at zero is zero: the mean of a Keras loss has one."""
    run = with_operations(_with_root(loss=inf), operation(SQUARE, "DivNoNan", (SUB, 6)))
    assert proven(run) == [("GP304", 6)]


def test_two_candidates():
    """Two lines can have made it: only the applying is sure."""
    run = with_operations(_with_root(), operation(MEAN, "Sqrt", (SQUARE,), line=7, shape=()))
    assert proven(run) == [("GP304", 6)]


def test_infinite_loss_blames_what_is_infinite():
    """At its edge a logarithm is infinite, a root is not."""
    run = with_operations(_with_root(loss=inf), operation(MEAN, "Log", (SQUARE,), line=7, shape=()))
    assert proven(run) == [("GP303", 7)]


def test_exponential_is_no_edge():
    """Of two logarithms the one of an exponential is the less likely."""
    run = _with_root(loss=inf)
    run = with_operations(
        run,
        operation(TANH, "Exp", (MATMUL,), line=3),
        operation(ADD, "Log", (TANH, READ_BIAS)),
        operation(MEAN, "Log", (SQUARE,), line=7, shape=()),
    )
    assert proven(run) == [("GP303", 7)]


def test_divergence_is_another_fault():
    """Gradients that had exploded before need no singular operation."""
    run = _with_root()
    first, bad, last = run.steps
    grown = replace(bad, loss=1e12)
    assert proven(replace(run, steps=(first, grown, last))) == [("GP304", 6)]


def test_another_change_that_ran_away_before():
    """Changes by hand are one place each: what ended a step earlier ended this one, too."""
    run = _with_root()
    first = run.steps[0]
    far = replace(first, apply=2, updates=(Update(BIAS, 1e6, 0.1, 1e5),))
    lost = replace(far, index=2, updates=(Update(BIAS, inf, 0.1, inf),))
    late = tuple(replace(step, index=step.index + 1) for step in run.steps)
    apply = replace(run.applies[0], key=2)
    run = replace(run, steps=(far, lost, *late), applies=(*run.applies, apply))
    codes = [code for code, _ in proven(run)]
    assert "GP306" in codes
    assert "GP303" not in codes


def test_divisor_kept_from_zero():
    """A divisor that `tf.maximum` or an added constant keeps from zero is no edge."""
    lines = """size = tf.sqrt(tf.maximum(tf.reduce_sum(tf.square(rate)), 1e-12))
    loss = tf.reduce_mean(rate * tf.where(size <= 1.0, tf.ones_like(size), 1.0 / size))"""
    assert_silent(LOSS.format(lines=lines))
    lines = """size = tf.reduce_sum(tf.square(rate)) + 1e-6
    loss = tf.reduce_mean(rate * tf.where(size <= 1.0, tf.ones_like(size), 1.0 / size))"""
    assert_silent(LOSS.format(lines=lines))
    lines = """size = tf.reduce_sum(tf.square(rate))
    loss = tf.reduce_mean(tf.where(size > 0.0, 1.0 / size, 0.0))  # GP303"""
    assert_findings(LOSS.format(lines=lines))


def test_distances_from_a_gram_matrix():
    """The distance of a row to itself is 0; what is added for it keeps the root away."""
    assert_findings(
        """
        def distances(a):
            squares = tf.reduce_sum(tf.square(a), axis=1)
            return squares[:, None] - 2.0 * tf.matmul(a, a, transpose_b=True) + squares[None, :]

        with tf.GradientTape() as tape:
            found = tf.maximum(distances(model(x)), 0.0)
            loss = tf.reduce_mean(tf.sqrt(found))  # GP303
            masked = found + 1e-16 * tf.cast(found <= 0.0, tf.float32)
            right = tf.reduce_mean(tf.sqrt(masked)) + tf.reduce_mean(tf.sqrt(found + 1e-9))
            also_right = tf.reduce_mean(tf.sqrt(tf.maximum(distances(model(x)), 1e-12)))
            total = loss + right + also_right
        gradients = tape.gradient(total, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


def _with_gaps(test: str = "IsNan", mask: str = "SelectV2") -> Run:
    """NaN gradients at the first step; the data are asked whether they are numbers."""
    run = with_operations(
        healthy(),
        operation(MEAN, mask, (10, SQUARE), shape=()),
        operation(10, test, (6,), taped=False),
    )
    run = replace(run, calls=(replace(run.calls[0], at=12),))
    return updated(run, KERNEL, BIAS, gradient_norm=nan, change_norm=nan, along=None)


def test_gaps_in_the_data_behind_a_mask():
    """`where` hides the squared error of what is missing, not its derivative."""
    assert proven(_with_gaps()) == [("GP303", 4)]


def test_no_mask_after_gaps_in_the_data():
    """Without a mask, or without a question, nothing tells of gaps."""
    assert proven(_with_gaps(mask="Mean")) == [("GP304", 6)]
    assert proven(_with_gaps(test="Greater")) == [("GP304", 6)]


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("tf.sqrt(tf.nn.relu(model(x)))", "  # GP303"),
        ("tf.math.log(keras.layers.Dense(4, activation='relu')(model(x)))", "  # GP303"),
        ("tf.sqrt(tf.nn.relu(model(x)) + 1e-6)", ""),
        ("tf.sqrt(tf.maximum(tf.nn.relu(model(x)), 1e-6))", ""),
        ("tf.math.log(tf.clip_by_value(tf.nn.relu(model(x)), 1e-6, 1.0))", ""),
        ("tf.sqrt(tf.maximum(model(x), 0.0))", ""),
        ("tf.sqrt(tf.nn.relu(x)) * model(x)", ""),
    ],
)
def test_a_root_of_what_a_relu_gives(value: str, code: str):
    """Infinite times the zero of the ReLU is no number; `tf.maximum` takes a side instead."""
    assert_findings(
        f"""
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean({value}){code}
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


BETWEEN = """
def distance(left, right):
    squares = tf.reduce_sum(left * left, axis=1)[:, None]
    squares += tf.reduce_sum(right * right, axis=1)[None, :]
    squares = squares - 2.0 * {product}
    return tf.sqrt(tf.maximum(squares, 0.0)){mark}

with tf.GradientTape() as tape:
    codes = model(x)
    loss = tf.reduce_mean(distance(codes, {other}))
gradients = tape.gradient(loss, model.trainable_variables)
optimizer.apply_gradients(zip(gradients, model.trainable_variables))
"""


@pytest.mark.parametrize(
    "product",
    [
        "tf.matmul(left, tf.transpose(right))",
        "tf.matmul(left, right, transpose_b=True)",
        "(left @ tf.transpose(right))",
    ],
)
def test_distances_of_what_a_function_is_given_twice(product: str):
    """It is the values that meet, whatever their names are."""
    assert_findings(BETWEEN.format(product=product, other="codes", mark="  # GP303"))
    assert_silent(BETWEEN.format(product=product, other="model(x + 1.0)", mark=""))


PAIRS = """
def length(left, right):
    return {length}{mark}

def spread(codes):
    rows = {rows}
    return tf.reduce_mean(length(rows, {columns}))

with tf.GradientTape() as tape:
    loss = spread(model(x))
gradients = tape.gradient(loss, model.trainable_variables)
optimizer.apply_gradients(zip(gradients, model.trainable_variables))
"""
NORM = "tf.norm(left - right, axis=-1)"
ROOT = "tf.sqrt(tf.reduce_sum(tf.math.squared_difference(left, right), -1){more})"


@pytest.mark.parametrize("length", [NORM, ROOT.format(more="")])
@pytest.mark.parametrize(
    ("rows", "columns"),
    [("codes[:, None]", "codes[None]"), ("tf.expand_dims(codes, 0)", "tf.expand_dims(codes, 1)")],
)
def test_distances_of_views(length: str, rows: str, columns: str):
    """Whoever takes the difference, it is that of one tensor with itself."""
    made = {"rows": rows, "columns": columns}
    assert_findings(PAIRS.format(length=length, mark="  # GP303", **made))
    kept = ROOT.format(more=" + 1e-9")
    assert_silent(PAIRS.format(length=kept, mark="", **made))
    made["columns"] = "tf.expand_dims(model(x + 1.0), 1)"
    assert_silent(PAIRS.format(length=length, mark="", **made))


def test_two_that_do_the_same():
    """`log(p)` and `log(1 - p)` in neighbouring lines are one formula; a root is another."""
    log = operation(SQUARE, "Log", (SUB,))
    run = with_operations(_with_root(loss=inf), log)
    same = with_operations(run, operation(MEAN, "Log", (SQUARE,), line=5, shape=()))
    assert proven(same) == [("GP303", 4)]
    other = with_operations(run, operation(MEAN, "RealDiv", (SUB, SQUARE), line=5, shape=()))
    assert proven(other) == [("GP304", 6)]


def test_a_sum_of_exponentials_keeps_away():
    """`tf.reduce_logsumexp` takes the logarithm of one or more; a sum of anything else may be 0."""
    run = with_operations(
        _with_root(loss=inf),
        operation(SQUARE, "RealDiv", (SUB, 6)),
        operation(11, "Max", (SQUARE,), line=7),
        operation(12, "Sub", (SQUARE, 11), line=7),
        operation(13, "Exp", (12,), line=7),
        operation(14, "Sum", (13,), line=7),
        operation(MEAN, "Log", (14,), line=7, shape=()),
    )
    assert proven(run) == [("GP303", 4)]
    plain = with_operations(run, operation(13, "Square", (12,), line=7))
    assert proven(plain) == [("GP304", 6)]


def test_a_guarded_operation_in_the_line_of_another():
    """A square by `pow` has no edge; the logarithm behind it in the same line does."""
    run = with_operations(
        _with_root(loss=inf),
        operation(SQUARE, "Pow", (SUB, 6)),
        operation(6, "External", taped=False, value=2.0, dtype="float32"),
        operation(MEAN, "Log", (SQUARE,), shape=()),
    )
    assert proven(run) == [("GP303", 4)]


@pytest.mark.parametrize(
    "line",
    [
        "scores = rate + (1.0 - mask) * -np.inf",
        "scores = rate + float('-inf') * (1 - mask)",
        "scores = rate + tf.cast(rate < 0.5, tf.float32) * -math.inf",
    ],
)
def test_a_mask_times_infinity(line):
    """0 times infinity is no number."""
    lines = f"""{line}  # GP303
    loss = tf.reduce_mean(tf.nn.softmax(scores)[:, 0])"""
    assert_findings("import math\n" + LOSS.format(lines=lines))


@pytest.mark.parametrize(
    "line",
    ["rate + (1.0 - mask) * -1e9", "tf.where(mask > 0.5, rate, -np.inf)", "rate * (2.0 - mask)"],
)
def test_a_mask_without_infinite_products(line):
    """A large number, or a choice, gives no product of 0 and infinity."""
    assert_silent(LOSS.format(lines=f"loss = tf.reduce_mean(tf.nn.softmax({line})[:, 0])"))


@pytest.mark.parametrize(("value", "code"), [(-inf, "GP303"), (-1e9, "GP304")])
def test_proven_product_with_infinity(value, code):
    """A first gradient that is no number, of a target computed from a product with infinity."""
    run = with_operations(
        healthy(),
        operation(SQUARE, "Mul", (SUB, 6), line=5),
        operation(6, "External", taped=False, value=value),
    )
    run = updated(run, KERNEL, gradient_norm=nan, change_norm=nan, along=None)
    run = replace(run, steps=tuple(replace(step, loss=None) for step in run.steps))
    assert proven(run) == [(code, 5 if code == "GP303" else 6)]


def test_a_quotient_masked_by_size():
    """`tf.where` asks how large the denominator is, and divides by it everywhere."""
    line = "tf.where(tf.abs(rate) < 1e-4, 1.0, tf.sin(rate) / rate)"
    assert_findings(LOSS.format(lines=f"loss = tf.reduce_mean({line})  # GP303"))
    asked = "tf.where(tf.less(tf.abs(rate), 1e-4), 1.0, tf.sin(rate) / rate)"
    assert_findings(LOSS.format(lines=f"loss = tf.reduce_mean({asked})  # GP303"))
    lines = """small = tf.abs(rate) < 1e-4
    safe = tf.where(small, 1.0, rate)
    loss = tf.reduce_mean(tf.where(small, 1.0, tf.sin(safe) / safe))"""
    assert_silent(LOSS.format(lines=lines))


def test_an_angle_clipped_to_the_edge():
    """A cosine clipped to 1 lies where the slope of its angle is infinite."""
    line = "loss = tf.reduce_mean(tf.acos(tf.clip_by_value(rate, {0}, {1})))"
    assert_findings(LOSS.format(lines=line.format(-1.0, 1.0) + "  # GP303"))
    assert_silent(LOSS.format(lines=line.format(-0.999, 0.999)))


def test_mended_product_with_infinity():
    """Infinity is replaced, not a mask that has these letters in its name."""
    lines = """scores = rate + (1.0 - info) * -np.inf
    loss = tf.reduce_mean(tf.nn.softmax(scores)[:, 0])"""
    assert "(1.0 - info) * -1e9" in mended_snippet(LOSS.format(lines=lines))


@pytest.mark.parametrize(
    ("last", "given", "found"),
    [
        ("tanh", "share", True),
        ("tanh", "share + 1e-7", True),
        ("tanh", "share + 1.0", False),
        ("tanh", "tf.clip_by_value(share, 1e-7, 1.0)", False),
        ("tanh", "tf.maximum(share, 1e-7)", False),
        ("tanh", "(share + 1e-7) ** 2", False),
        ("sigmoid", "share + 1e-7", False),
        ("linear", "share", True),
        ("linear", "tf.nn.softplus(share)", False),
        ("linear", "tf.square(share)", False),
        ("linear", "tf.nn.softmax(share)", False),
        ("softmax", "share", False),
    ],
)
def test_a_logarithm_of_what_may_be_negative(last: str, given: str, *, found: bool):
    """Half of what tanh gives is below zero, where no small number added helps."""
    text = f"""
        net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="{last}")])
        with tf.GradientTape() as tape:
            share = net(x)
            loss = -tf.reduce_mean(tf.math.log({given})){"  # GP303" if found else ""}
        gradients = tape.gradient(loss, net.trainable_variables)
        optimizer.apply_gradients(zip(gradients, net.trainable_variables))
        """
    (assert_findings if found else assert_silent)(text)


def _with_logarithm(argument: str, loss: float = nan) -> Run:
    """A logarithm on the way, steps with finite gradients, and such a loss."""
    run = with_operations(
        healthy(),
        operation(SQUARE, "Log", (SUB,)),
        operation(SUB, argument, (5, 6)),
    )
    return replace(run, steps=tuple(replace(step, loss=loss) for step in run.steps))


def test_a_loss_that_is_no_number():
    """The derivative of a logarithm is finite below zero, where the loss is NaN."""
    assert proven(_with_logarithm("AddV2")) == [("GP303", 4)]
    assert proven(_with_logarithm("Sigmoid")) == []
    assert proven(_with_logarithm("AddV2", loss=0.5)) == []


def test_one_minus_a_probability():
    """It gets to zero by rounding only; a quotient beside it is the likelier cause."""
    run = with_operations(
        healthy(),
        operation(X, "Const", taped=False, value=1.0, dtype="float32"),
        operation(MATMUL, "Sigmoid", (READ_KERNEL,), line=3),
        operation(TANH, "Sub", (X, MATMUL), line=3),
        operation(ADD, "Log", (TANH,), line=3),
        operation(SQUARE, "RealDiv", (ADD, SUB)),
    )
    bad = updated(run, KERNEL, gradient_norm=nan, change_norm=nan, along=None).steps[1]
    run = replace(run, steps=(run.steps[0], replace(bad, loss=nan), run.steps[2]))
    assert proven(run) == [("GP303", 4)]


APART = """
with tf.GradientTape() as tape:
    out = model(x)
    apart = {root}
    far = apart > 1.0
    same = y[:, None] == y[None, :]
    {mask}
    {lines}
gradients = tape.gradient(loss, model.trainable_variables)
optimizer.apply_gradients(zip(gradients, model.trainable_variables))
"""
ALL_PAIRS = "tf.sqrt(tf.reduce_sum(tf.square(out[:, None] - out[None, :]), -1))"


@pytest.mark.parametrize(
    "line",
    [
        "loss = tf.reduce_sum(apart * off)",
        "loss = tf.reduce_sum(tf.multiply(tf.nn.relu(1.0 - apart), off))",
        "loss = tf.reduce_mean(tf.where(far, apart, 0.0))",
        "loss = tf.reduce_mean(tf.boolean_mask(apart, off > 0.0))",
        "loss = tf.reduce_mean(tf.reduce_max(tf.where(same, apart, 0.0), axis=1))",
        "loss = tf.reduce_mean(tf.reduce_min(tf.where(same, 9.0, apart), axis=1))",
        "loss = tf.reduce_mean(tf.reduce_max(apart, axis=1))",
        "loss = tf.reduce_mean(tf.linalg.set_diag(apart, tf.zeros(8)))",
        "loss = -tf.reduce_mean(tf.math.top_k(-apart, 4).values[:, 1:])",
    ],
)
def test_a_root_behind_a_mask(line: str):
    """The derivative of a root at 0, times the 0 of a mask, is 0."""
    mask = "off = 1.0 - tf.eye(8)" if "off" in line else "pass"
    assert_silent(APART.format(root=ALL_PAIRS, lines=line, mask=mask))


@pytest.mark.parametrize(
    "line",
    [
        "loss = tf.reduce_mean(apart)",
        "loss = tf.reduce_mean(tf.exp(-apart))",
        "loss = tf.reduce_mean(tf.stack([apart, apart + 1.0]))",
        "loss = tf.reduce_sum(apart * off) + tf.reduce_mean(apart)",
        "loss = tf.reduce_sum(apart * tf.nn.softmax(out))",
        "loss = tf.reduce_sum(apart * tf.cast(same, tf.float32))",
        "loss = tf.reduce_sum(tf.where(same, apart, 0.0))",
        "loss = tf.reduce_mean(tf.reduce_min(apart, axis=1))",
        "loss = tf.reduce_sum(apart * 0.5)",
    ],
)
def test_a_root_that_no_mask_hides(line: str):
    """A number, or a factor that is learned itself, is none; one of equal classes leaves nobody out."""
    mask = "off = 1.0 - tf.eye(8)" if "off" in line else "pass"
    assert_findings(APART.format(root=ALL_PAIRS + "  # GP303", lines=line, mask=mask))


def test_a_masked_root_under_xla():
    """XLA writes the derivative as it stands in the book: 0 times infinity."""
    step = """
        @tf.function(jit_compile=True)
        def step():
            with tf.GradientTape() as tape:
                rate = model(x)
                loss = tf.reduce_mean(tf.where(rate > 0.0, tf.sqrt(rate), 0.0)){mark}
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))

        step()
    """
    assert_findings(step.format(mark="  # GP303"))
    assert_silent(step.format(mark="").replace("(jit_compile=True)", ""))


def test_cleared_by_finite_gradients():
    """Gradients came through the line ten times, and all were finite; three times tell nothing."""
    suspicion = Finding("in source", place=at(4))
    run = with_operations(
        healthy(), operation(SQUARE, "Sqrt", (SUB,)), operation(SUB, "Sub", (5, 6))
    )
    step = run.steps[0]
    longer = replace(run, steps=tuple(replace(step, index=number) for number in range(1, 11)))
    assert settle(suspicion, run) is None
    assert settle(suspicion, longer) is Verdict.CLEARED
    assert settle(replace(suspicion, place=at(40)), longer) is None
    broken = updated(longer, KERNEL, gradient_norm=nan)
    assert settle(suspicion, broken) is None


@pytest.mark.parametrize(
    ("test", "found"),
    [
        ("len(v.shape) == 2", False),
        ("len(v.shape) > 1", False),
        ("v.shape.rank != 1", False),
        ("v.ndim >= 2", False),
        ("len(v.shape) < 3", True),
        ("v.trainable", True),
    ],
)
def test_norms_of_matrices_only(test: str, *, found: bool):
    """Biases start at zero, kernels do not: a list may be without the biases."""
    text = f"""
        picked = [v for v in model.trainable_variables if {test}]
        with tf.GradientTape() as tape:
            penalty = tf.add_n([tf.norm(v) for v in picked])  # GP303
            loss = tf.reduce_mean(tf.square(model(x) - y)) + penalty
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    """
    if found:
        assert_findings(text)
    else:
        assert_silent(text.replace("  # GP303", ""))


def test_a_list_of_matrices_that_is_trained():
    """Who sorts variables by their rank knows what he leaves out."""
    assert_silent(
        """
        matrices = [v for v in model.trainable_variables if len(v.shape) == 2]
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        optimizer.apply_gradients(zip(tape.gradient(loss, matrices), matrices))
        """
    )
