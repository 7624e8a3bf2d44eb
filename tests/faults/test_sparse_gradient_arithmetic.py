"""Sparse gradients that are taken for tensors."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gradproof.evidence.run import Crash
from records import READ_KERNEL, at, healthy, operation, proven, with_operations
from snippets import assert_findings, assert_silent


@pytest.mark.parametrize(
    "message",
    [
        "unsupported operand type(s) for +: 'IndexedSlices' and 'IndexedSlices'",
        "'IndexedSlices' object has no attribute 'numpy'",
        "object of type 'IndexedSlices' has no len()",
    ],
)
def test_proven(message: str):
    """The line that raised is named."""
    run = replace(healthy(), crash=Crash("TypeError", message, (at(3), at(6))))
    assert proven(run) == [("GP309", 6)]


def test_names_what_was_looked_up():
    """Only what was looked up has a sparse gradient."""
    from gradproof.diagnose import diagnose
    from gradproof.faults import FAULTS

    looked_up = operation(READ_KERNEL, "ResourceGather", line=3, reads=frozenset({1}))
    crash = Crash("TypeError", "unsupported operand type(s) for +: 'int' and 'IndexedSlices'")
    run = replace(with_operations(healthy(), looked_up), crash=replace(crash, places=(at(6),)))
    assert diagnose(FAULTS, [], run)[0].variables == ("dense/kernel",)


def test_other_errors():
    """An exception that speaks of something else."""
    crash = Crash("TypeError", "unsupported operand type(s) for +: 'int' and 'str'", (at(6),))
    assert "GP309" not in [code for code, _ in proven(replace(healthy(), crash=crash))]


def test_source_is_silent():
    """What TensorFlow's operations do with a sparse gradient is fine."""
    assert_silent(
        """
        words = keras.layers.Embedding(3, 4)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(words(labels) - y))
        gradients = tape.gradient(loss, words.trainable_variables)
        gradients, _ = tf.clip_by_global_norm(gradients, 1.0)
        optimizer.apply_gradients(zip(gradients, words.trainable_variables))
        """
    )


WORDS = """
words = keras.layers.Embedding(3, 4, name="words")
net = keras.Sequential([words, keras.layers.Dense(4)])
net(labels)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(net(labels) - y))
gradients = tape.gradient(loss, net.trainable_variables)
"""


def test_found_in_arithmetic():
    """Scaled, added up, divided by a number."""
    for change in ("0.5 * g", "g / 2", "g * 0.5", "g + g"):
        assert_findings(
            WORDS + f"scaled = [{change} for g in gradients]  # GP309\n"
            "optimizer.apply_gradients(zip(scaled, net.trainable_variables))\n"
        )


def test_silent_for_operations():
    """Operations of TensorFlow, tensors beside it, dense gradients."""
    for change in (
        "tf.convert_to_tensor(g) * 0.5",
        "tf.clip_by_norm(g, 1.0)",
        "tf.zeros_like(v) + g",
        "g",
    ):
        assert_silent(
            WORDS
            + f"scaled = [{change} for g, v in zip(gradients, net.trainable_variables)]\n"
            + "optimizer.apply_gradients(zip(scaled, net.trainable_variables))\n"
        )


TABLE = """
table = tf.Variable(tf.random.normal((9, 4)), name="table")
ids = tf.constant([1, 2, 3])
for _ in range(3):
    with tf.GradientTape() as tape:
        rows = {looked_up}
        loss = tf.reduce_mean(tf.square(rows)){more}
    gradient = tape.gradient(loss, table)
    table.assign_sub(0.1 * gradient){mark}
"""


@pytest.mark.parametrize(
    "looked_up", ["tf.gather(table, ids)", "tf.nn.embedding_lookup(table, ids)"]
)
def test_rows_of_a_variable(looked_up: str):
    """The gradient of a table of one's own is sparse, too."""
    assert_findings(TABLE.format(looked_up=looked_up, more="", mark="  # GP309"))
    whole = " + 0.1 * tf.nn.l2_loss(table)"
    assert_silent(TABLE.format(looked_up=looked_up, more=whole, mark=""))


def test_columns_of_a_variable():
    """Along another axis the gradient is dense."""
    columns = "tf.gather(table, ids, axis=1)"
    assert_silent(TABLE.format(looked_up=columns, more="", mark=""))


MICRO = """
table = tf.Variable(tf.random.normal((9, 4)), name="table")
shift = tf.Variable(tf.zeros(4), name="shift")

def gradients_of(ids):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(tf.gather(table, ids) + shift))
    return tape.gradient(loss, [table, shift])

for _ in range(3):
    parts = [gradients_of(tf.constant([1, 2])), gradients_of(tf.constant([3, 4]))]
    whole = [{sum} / 2.0 for part in zip(*parts)]{mark}
    optimizer.apply_gradients(zip(whole, [table, shift]))
"""


def test_a_sum_of_micro_batches():
    """`sum` begins at 0, to which nothing sparse can be added; TensorFlow's own sum can."""
    assert_findings(MICRO.format(sum="sum(part)", mark="  # GP309"))
    dense = "tf.add_n([tf.convert_to_tensor(one) for one in part])"
    assert_silent(MICRO.format(sum=dense, mark=""))


@pytest.mark.parametrize(
    "change",
    [
        "g if isinstance(g, tf.IndexedSlices) else 0.5 * g",
        "0.5 * g if isinstance(g, tf.Tensor) else g",
        'g if hasattr(g, "indices") else g / 2',
    ],
)
def test_asked_what_it_is(change: str):
    """Only the gradients that are tensors meet the arithmetic."""
    step = (
        f"scaled = [{change} for g in gradients]{{mark}}\n"
        "optimizer.apply_gradients(zip(scaled, net.trainable_variables))\n"
    )
    assert_silent(WORDS + step.format(mark=""))
    other = step.replace("isinstance(g, tf.", "not isinstance(g, tf.").replace(
        "if has", "if not has"
    )
    assert_findings(WORDS + other.format(mark="  # GP309"))


def test_asked_for_its_type():
    """By the name of its class, or by the class itself."""
    for test in ('type(g).__name__ == "IndexedSlices"', "type(g) is tf.IndexedSlices"):
        assert_silent(
            WORDS
            + f"scaled = [g if {test} else 0.5 * g for g in gradients]\n"
            + "optimizer.apply_gradients(zip(scaled, net.trainable_variables))\n"
        )


def test_a_branch_that_leaves():
    """`continue` behind the question."""
    assert_silent(
        WORDS
        + "scaled = []\n"
        + "for g in gradients:\n"
        + "    if isinstance(g, tf.IndexedSlices):\n"
        + "        scaled.append(tf.convert_to_tensor(g))\n"
        + "        continue\n"
        + "    scaled.append(0.5 * g)\n"
        + "optimizer.apply_gradients(zip(scaled, net.trainable_variables))\n"
    )
