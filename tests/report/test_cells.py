"""What notebooks show is a table, and harmless whatever names are in it."""

from __future__ import annotations

from html.parser import HTMLParser

from gradproof.answer import Standing
from gradproof.comparison import Comparison, Part
from gradproof.fault import STAGES
from gradproof.proof import Proof, Row
from gradproof.report import cells

HOSTILE = "<img src=x onerror=alert(1)>/</table><script>&amp;\"'"


class Tags(HTMLParser):
    """Collects tags and text; complains about what is not closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self._open.append(tag)
        assert not any(name.startswith("on") for name, _ in attributes)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_hostile_names():
    """Come out as the text that they are, in all three kinds."""
    row = Row(HOSTILE, (True, False, None, None, None, None, None), HOSTILE)
    proof = Proof((row,), (), (), (), 1, HOSTILE, (HOSTILE,), (), "")
    part = Part("loss", HOSTILE, 1.0, 2.0, 1.0, 0.0, 0.5)
    comparison = Comparison((HOSTILE, "B"), (part,), (HOSTILE,), ("loss",), causes=(HOSTILE,))
    standing = Standing(HOSTILE, (1,), "broken", "recorded", HOSTILE)
    run = cells.cell(
        cells.path_table(list(cells.rows_of([standing]))), cells.folded([(HOSTILE, HOSTILE)])
    )
    for shown in (proof._repr_html_(), comparison._repr_html_(), run):
        found = Tags(shown)
        assert "script" not in found.tags
        assert "img" not in found.tags
        assert found.text.count(HOSTILE) >= 2
        assert shown.startswith('<div class="gradproof"><style>')


def test_the_lost_come_first_and_the_rest_is_counted():
    """A long table is short, and what is wrong is in it."""
    whole = (True,) * 5 + (None,) * 2
    rows = [(f"w{number}", whole, "") for number in range(40)]
    rows.append(("broken", (True, False, *(None,) * 5), "GP202"))
    text = Tags(cells.path_table(rows)).text
    assert text.index("broken") < text.index("w0")
    assert text.endswith("and 26 more, 0 of them lost")


def test_stages_of_a_standing():
    """What was passed holds, what comes later is not known."""
    moved = Standing("w", (1,), "moved", None, "")
    assert cells.stages_of(moved) == (True,) * 5 + (None, None)
    resting = Standing("w", (1,), "resting", None, "")
    assert cells.stages_of(resting) == (None,) * 7
    for at, stage in enumerate(STAGES[:-1]):
        found = cells.stages_of(Standing("w", (1,), "broken", stage, ""))
        assert found == (True,) * at + (False,) + (None,) * (6 - at)
