"""Edge cases of memory-growth."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gradproof.evidence.hoards import Hoard
from gradproof.faults.memory_growth import prove
from records import at, healthy
from snippets import assert_findings, assert_silent

TENSORS = Hoard("outputs", at(7), "tensor", 50, 40_000_000, 50, 30, 30)


def test_a_list_of_outputs():
    """Entries, size and growth are told; the line that adds is the place."""
    (found,) = prove(replace(healthy(), hoards=(TENSORS,)))
    assert found.place == at(7)
    assert "`outputs` keeps 50 tensors of 40 MB" in found.message
    assert found.evidence == {"entries": 50, "bytes": 40_000_000}


def test_whole_batches_from_the_start():
    """A kilobyte a step is little, and is kept for ever."""
    (found,) = prove(replace(healthy(), hoards=(replace(TENSORS, size=51_200),)))
    assert found.step == 20


def test_a_list_that_is_emptied_now_and_then():
    """What one epoch collects is no growth over the run."""
    hoard = replace(TENSORS, size=51_200, steps=200)
    assert list(prove(replace(healthy(), hoards=(hoard,)))) == []


def test_a_list_of_tapes():
    """A tape keeps everything that it recorded, however much that is."""
    (found,) = prove(replace(healthy(), hoards=(replace(TENSORS, kind="tape", size=0),)))
    assert "tapes" in found.message


@pytest.mark.parametrize(
    "hoard",
    [replace(TENSORS, size=200), replace(TENSORS, grown=2)],
    ids=["losses", "one an epoch"],
)
def test_small_lists(hoard):
    """Losses take a few bytes, and an entry an epoch is no growth with the steps."""
    assert list(prove(replace(healthy(), hoards=(hoard,)))) == []


def test_nothing_kept():
    """Nothing is said of programs that keep nothing."""
    assert list(prove(healthy())) == []


KEEPS = """
kept = {made}
for turn in range(40):
    with tf.GradientTape(persistent={persistent}) as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    kept.append({what}){mark}
    {after}
"""


def keeps(
    what: str, after: str = "", mark: str = "", persistent: bool = True, made: str = "[]"
) -> str:
    """A loop that appends something to a list."""
    return KEEPS.format(made=made, what=what, after=after, mark=mark, persistent=persistent)


def test_tapes_in_a_list():
    """Each persistent tape holds all that it recorded."""
    assert_findings(keeps("tape", mark="  # GP803"))


def test_lists_that_may_grow():
    """Numbers; tapes that were used up; lists that are emptied or have a limit."""
    assert_silent(keeps("float(loss)"))
    assert_silent(keeps("loss"))
    assert_silent(keeps("tape", persistent=False))
    assert_silent(keeps("tape", after="kept.clear()"))
    assert_silent(keeps("tape", after="kept = kept[-2:]"))
    assert_silent(keeps("tape", after="del kept[0]"))
    assert_silent("from collections import deque\n" + keeps("tape", made="deque(maxlen=2)"))


INSIDE = """
with tf.GradientTape(persistent=True) as tape:
    loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables){mark}
    {more}
optimizer.apply_gradients(zip({use}, model.trainable_variables))
"""


def test_asked_while_it_records():
    """The backward pass is recorded as well, for nothing."""
    assert_findings(INSIDE.format(mark="  # GP803", more="pass", use="gradients"))


def test_second_derivatives():
    """A penalty on the gradient needs the backward pass on the tape."""
    more = "penalty = loss + sum(tf.reduce_sum(g * g) for g in gradients)"
    use = "tape.gradient(penalty, model.trainable_variables)"
    assert_silent(INSIDE.format(mark="", more=more, use=use))


def test_one_tape_for_all_rounds():
    """A persistent tape that is entered again records after what it has."""
    assert_findings(
        """
        tape = tf.GradientTape(persistent=True)
        for x, y in data:
            with tape:  # GP803
                loss = tf.reduce_mean(tf.square(model(x) - y))
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """,
    )


@pytest.mark.parametrize(
    ("options", "end"), [("persistent=True", "tape.reset()"), ("", "pass")], ids=["reset", "anew"]
)
def test_one_tape_that_forgets(options, end):
    """`reset` lets go of it all, and a tape that is not persistent begins anew."""
    assert_silent(
        f"""
        tape = tf.GradientTape({options})
        for x, y in data:
            with tape:
                loss = tf.reduce_mean(tf.square(model(x) - y))
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))
            {end}
        """
    )


KEPT = """
log = MADE
for step in range(100):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    log.append(KEEP)
"""


def test_a_log_of_all_gradients():
    """It holds as much as the model once more for each step; norms or a bound do not."""
    assert_findings(KEPT.replace("MADE", "[]").replace("KEEP)", "gradients)  # GP803"))
    assert_silent(
        KEPT.replace("MADE", "[]").replace("KEEP", "[float(tf.norm(g)) for g in gradients]")
    )
    assert_silent(KEPT.replace("MADE", "deque(maxlen=5)").replace("KEEP", "gradients"))
    assert_silent(KEPT.replace("MADE", "[]").replace("KEEP", "gradients") + "    log.clear()\n")
