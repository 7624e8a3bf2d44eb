"""What a proof looks like, and what counts as healed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from answers import PROVEN, RUN, TRAIN, lines_of
from gradproof.answer import Standing
from gradproof.outcome import Mend, Outcome, Proof, harm_of
from gradproof.report.proof import render

STUCK = Standing("encoder/kernel", (4, 4), "broken", "applied", "GP403 mispaired-gradients")
MOVING = replace(STUCK, state="moved", stage=None, why="changed by 0.1", moved=True)
OTHER = replace(MOVING, variable="decoder/kernel")

BEFORE = Outcome(replace(RUN, diagnoses=(PROVEN,), standings=(STUCK, OTHER)), (1.0, 1.1, 1.2))
AFTER = Outcome(replace(RUN, diagnoses=(), standings=(MOVING, OTHER)), (1.0, 0.5, 0.2))


def test_what_heals_does_no_harm():
    """The fault is gone, nothing new is there, all move, the loss falls."""
    assert harm_of(BEFORE, AFTER, [PROVEN]) == ""


@pytest.mark.parametrize(
    ("after", "harm"),
    [
        (replace(AFTER, answer=BEFORE.answer), "GP403 is still found"),
        (replace(AFTER, error="ValueError", status=1), "the program then ends with ValueError"),
        (replace(AFTER, status=3), "the program then ends with status 3"),
        (replace(AFTER, losses=(1.0, float("nan"))), "the loss is no longer finite"),
        (
            replace(AFTER, answer=replace(AFTER.answer, standings=(MOVING, replace(OTHER, moved=False)))),
            "`decoder/kernel` does not move any more",
        ),
        (replace(AFTER, answer=replace(AFTER.answer, steps=0)), "no update is made any more"),
        (replace(AFTER, failure="it went on for more than 9 s"), "it went on for more than 9 s"),
    ],
)  # fmt: skip
def test_what_does_harm_is_told(after, harm):
    """In words that say what is worse."""
    assert harm_of(BEFORE, after, [PROVEN]) == harm


def test_a_loss_that_fell_must_go_on_falling():
    """A mend may change what the loss is, not that it falls."""
    falling = replace(BEFORE, losses=(2.0, 1.0))
    assert harm_of(falling, replace(AFTER, losses=(1.0, 2.0)), [PROVEN]) == (
        "the loss no longer falls"
    )
    assert harm_of(BEFORE, replace(AFTER, losses=(1.0, 2.0)), [PROVEN]) == ""


def test_new_faults_are_harm():
    """Of level error or warning; advice is none."""
    other = replace(PROVEN, fault=replace(PROVEN.fault, code="GP404", name="short-zip"))
    found = replace(AFTER, answer=replace(AFTER.answer, diagnoses=(other,)))
    assert harm_of(BEFORE, found, [PROVEN]) == "GP404 is found then"
    advice = replace(
        AFTER, answer=replace(AFTER.answer, diagnoses=(replace(other, level="advice"),))
    )
    assert harm_of(BEFORE, advice, [PROVEN]) == ""


def test_what_moved_by_mistake_may_stop():
    """No gradient reaches it, before as after: it was moved along those of others."""
    cut = replace(
        PROVEN,
        fault=replace(PROVEN.fault, code="GP208", name="unconnected-variable"),
        level="warning",
        variables=("decoder/kernel",),
    )
    before = replace(BEFORE, answer=replace(BEFORE.answer, diagnoses=(PROVEN, cut)))
    rests = (MOVING, replace(OTHER, moved=False))
    after = replace(AFTER, answer=replace(AFTER.answer, diagnoses=(cut,), standings=rests))
    assert harm_of(before, after, [PROVEN]) == ""
    assert harm_of(BEFORE, after, [PROVEN]) == "GP208 is found then"
    # With the None taken out of both lists nothing speaks of it any more.
    silent = replace(after, answer=replace(after.answer, diagnoses=()))
    assert harm_of(before, silent, [PROVEN]) == ""
    assert harm_of(BEFORE, silent, [PROVEN]) == "`decoder/kernel` does not move any more"


def test_copies_may_share_a_path():
    """A clone that rests is no variable that stopped."""
    rests = replace(MOVING, state="resting", moved=False)
    clone = replace(AFTER, answer=replace(AFTER.answer, standings=(MOVING, rests, OTHER)))
    moved = replace(BEFORE, answer=replace(BEFORE.answer, standings=(MOVING, OTHER)))
    assert harm_of(moved, clone, [PROVEN]) == ""


def test_the_table_puts_before_beside_after():
    """With the mend, what changed, and what was tried in vain."""
    fix = PROVEN.fix
    vain = Mend(PROVEN, replace(fix, title="guess"), BEFORE, "GP403 is still found")
    proof = Proof("train.py", 20, BEFORE, (Mend(PROVEN, fix, AFTER, others=("wait",)),), (vain,))
    text = render(proof, lines_of(train=TRAIN))
    assert "train.py:5: GP403 mispaired-gradients" in text
    assert "+     optimizer.apply_gradients(zip(gradients, decoder.trainable_variables))" in text
    assert "  encoder/kernel  lost at [applied]  moved" in text
    assert "  loss            1 > 1.2            1 > 0.2" in text
    assert "  1 as before" in text
    assert "  - not tried: wait" in text
    assert "  - guess: GP403 is still found" in text
    assert text.endswith("1 mend proven in runs of at most 20 steps, 0 faults remain\n")
    assert max(map(len, text.splitlines())) <= 100


def test_a_mend_is_shown_in_the_lines_that_it_met():
    """Those of the program as the mends before it left them."""
    moved = lines_of(train="# one line more\n" + TRAIN)
    at = PROVEN.fix.edits[0].place
    span = replace(at.span, line=at.span.line + 1, end_line=at.span.end_line + 1)
    edit = replace(PROVEN.fix.edits[0], place=replace(at, span=span))
    later = Mend(PROVEN, replace(PROVEN.fix, edits=(edit,)), AFTER, lines=moved)
    text = render(Proof("train.py", 20, BEFORE, (later,)), lines_of(train=TRAIN))
    assert "+     optimizer.apply_gradients(zip(gradients, decoder.trainable_variables))" in text


def test_nothing_to_mend():
    """One line says so."""
    right = replace(AFTER, answer=replace(RUN, diagnoses=()))
    assert render(Proof("a.py", None, right), lines_of()) == (
        "gradproof: a.py: nothing to mend in whole runs\n"
    )
    advised = replace(right, answer=replace(RUN, diagnoses=(replace(PROVEN, level="advice"),)))
    assert "nothing to mend" in render(Proof("a.py", None, advised), lines_of())
