"""Mending in rounds: nothing overlaps, nothing breaks, nothing goes on for ever."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gradproof.fault import Diagnosis, Verdict
from gradproof.faults import FAULTS
from gradproof.files import SourceText
from gradproof.finding import Edit, Fix, Place, Span
from gradproof.mending.judging import judge_of
from gradproof.mending.offers import with_fixes
from gradproof.mending.rounds import MOST_ROUNDS, mend
from gradproof.reading import Reading

MISPAIRED = next(fault for fault in FAULTS if fault.code == "GP403")


def held(text: str) -> Reading:
    """A reading of one file that lies nowhere."""
    reading = Reading("3")
    reading.hold(SourceText("a.py", text), "3")
    return reading


def wrong(line: int, start: int, end: int, text: str, *, safe: bool = True) -> Diagnosis:
    """A diagnosis whose fix replaces some columns of a line."""
    place = Place("a.py", Span(line, start, line, end))
    fix = Fix("write it otherwise", safe, (Edit(place, text),))
    return Diagnosis(MISPAIRED, "error", Verdict.SUSPECTED, "wrong", f"at {line}", place, fix=fix)


def test_a_fix_that_breaks_the_syntax_is_refused_and_named():
    """The others are made all the same."""
    text = "x = 1\ny = 2\n"
    breaking, good = wrong(1, 5, 6, "("), wrong(2, 5, 6, "3")
    mended = mend(held(text), [breaking, good], lambda _: [], unsafe=False, known=known(text))
    assert mended.after["a.py"] == b"x = 1\ny = 3\n"
    assert mended.made == [good]


def known(text: str) -> dict[str, bytes]:
    return {"a.py": text.encode()}


def test_of_fixes_that_overlap_the_first_is_made():
    """The second is looked at again when the file has been read again."""
    text = "x = 12\n"
    first, second = wrong(1, 5, 7, "3"), wrong(1, 6, 7, "4")
    mended = mend(held(text), [first, second], lambda _: [], unsafe=False, known=known(text))
    assert mended.after["a.py"] == b"x = 3\n"


def test_unsafe_fixes_are_made_only_when_asked_for():
    """And what is left says so."""
    text = "x = 1\n"
    unsafe = wrong(1, 5, 6, "2", safe=False)
    mended = mend(held(text), [unsafe], lambda _: [], unsafe=False, known=known(text))
    assert not mended.after
    assert mended.left == [unsafe]


def test_fixes_that_undo_each_other_end():
    """A bound ends what would never end."""
    rounds = 0

    def judge(reading: Reading) -> Sequence[Diagnosis]:
        nonlocal rounds
        rounds += 1
        text = reading.text("a.py")
        now = "1" if text is not None and "1" in text.text else "2"
        return [wrong(1, 5, 6, "2" if now == "1" else "1")]

    reading = held("x = 1\n")
    mended = mend(reading, judge(reading), judge, unsafe=False, known=known("x = 1\n"))
    assert len(mended.made) <= MOST_ROUNDS
    assert rounds <= 20 * MOST_ROUNDS


LOOP = """\
import tensorflow as tf
from tensorflow import keras

model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
optimizer = keras.optimizers.SGD(0.1)


def step(x, y):  # a comment that stays
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)   # odd   spacing
    optimizer.apply_gradients(gradients, model.trainable_variables)
    return loss
"""


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    ends=st.sampled_from(["\n", "\r\n", "\r"]),
    last=st.booleans(),
    mark=st.booleans(),
    lead=st.lists(st.sampled_from(["# ä😀", "", "x = '''", "'''"]), max_size=3),
)
def test_comments_line_ends_and_marks_survive(ends, last, mark, lead):
    """Everything but the call is the same, byte for byte."""
    if lead.count("x = '''") or lead.count("'''"):
        lead = ["x = '''", "inside", "'''"]
    text = "\n".join([*lead, LOOP])
    text = (text if last else text.rstrip("\n")).replace("\n", ends)
    data = text.encode("utf-8-sig" if mark else "utf-8")
    reading = Reading("3")
    reading.hold(SourceText("a.py", text.replace("\r\n", "\n").replace("\r", "\n")), "3")
    judge = judge_of(FAULTS)
    found = with_fixes(judge(reading), reading, judge, {"a.py": data})
    mended = mend(reading, found, judge, unsafe=False, known={"a.py": data})
    wanted = text.replace(
        "(gradients, model.trainable_variables)", "(zip(gradients, model.trainable_variables))"
    )
    assert mended.after["a.py"] == wanted.encode("utf-8-sig" if mark else "utf-8")
    assert not mended.left
    ast.parse(mended.after["a.py"])
