"""When a run is judged, when it ends, and what is said while it goes on."""

from __future__ import annotations

import pytest

from gradproof import running
from gradproof.answer import Answer
from gradproof.evidence.rows import COLUMNS, StepRow, StepRows
from gradproof.evidence.run import Run
from gradproof.launch import Program
from gradproof.running import Bystander, Wishes
from gradproof.watching import Pace


def judged(pace: Pace, updates: int) -> list[int]:
    """Numbers of the updates after which a run would be judged."""
    return [number for number in range(1, updates + 1) if pace.due(number)]


def test_a_run_is_judged_often_at_first_then_seldom():
    """For ever: a fault may show itself late."""
    assert judged(Pace(), 5_000) == [1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000]


def test_every_judges_at_equal_distances():
    """Calls that make several updates do not make it judge twice."""
    pace = Pace(every=4)
    assert judged(pace, 13) == [4, 8, 12]
    assert pace.due(33)
    assert not pace.due(35)
    assert pace.due(36)


@pytest.mark.parametrize(("made", "words"), [(7, "as `--steps 7`"), (9, "inside a call")])
def test_the_end_is_asked_for_once(made, words):
    """It comes as `SystemExit`, and comes again if it is swallowed."""
    pace = Pace(limit=7)
    pace.reached(6)
    pace.stop()
    pace.reached(made)
    pace.finish("another reason")
    assert pace.end is not None
    assert pace.end.startswith(f"ended after {made} updates")
    assert words in pace.end
    for _ in range(2):
        with pytest.raises(SystemExit):
            pace.stop()


def steps(apply: int, first: int, last: int, by_hand: bool = False) -> list[StepRows]:
    """News of one place, without numbers."""
    rows = tuple(StepRow(number, b"") for number in range(first, last + 1))
    return [StepRows(apply, (), COLUMNS if by_hand else COLUMNS[:3], rows)]


@pytest.mark.parametrize("patient", [True, False])
def test_a_long_run_says_now_and_then_how_far_it_is(patient, monkeypatch, tmp_path):
    """On a terminal one line, at ever longer intervals; elsewhere nothing."""
    seconds = [0.0]
    monkeypatch.setattr(running.time, "monotonic", lambda: seconds[0])
    said: list[str] = []
    wishes = Wishes(recorded=False, say=said.append, patient=patient)
    bystander = Bystander(Program("train.py"), wishes, tmp_path)
    for number in range(1, 601):
        seconds[0] = float(number)
        bystander.steps(steps(1, 10 * number - 9, 10 * number))
        bystander.steps(steps(2, number, number))
        bystander.steps(steps(3, 5 * number, 5 * number, by_hand=True))
    expected = [
        "\ngradproof: 329 steps watched in 30 s, nothing wrong so far",
        "\ngradproof: 659 steps watched in 60 s, nothing wrong so far",
        "\ngradproof: 1,319 steps watched in 2 min, nothing wrong so far",
        "\ngradproof: 2,639 steps watched in 4 min, nothing wrong so far",
        "\ngradproof: 5,279 steps watched in 8 min, nothing wrong so far",
    ]
    assert said == (expected if patient else [])


def test_no_record_is_made_when_none_is_wanted(tmp_path):
    """Nothing is written, not even a folder."""
    bystander = Bystander(Program("train.py"), Wishes(recorded=False), tmp_path / "home")
    bystander.steps(steps(1, 1, 3))
    bystander.judged(Answer("run"), Run(), lambda *_: [])
    assert not list(tmp_path.iterdir())
