"""Snippets that carry their expectation as a trailing comment, and mends."""

from __future__ import annotations

import re
import textwrap
from collections import Counter

from gradproof.diagnose import diagnose
from gradproof.fault import Diagnosis
from gradproof.faults import FAULTS
from gradproof.files import SourceText
from gradproof.mending.judging import judge_of
from gradproof.mending.offers import with_fixes
from gradproof.mending.rounds import mend
from gradproof.reading import Reading
from gradproof.source import read
from worlds import HEADER, IMPORTS, WORLDS

PRELUDE = "{imports}\n" + "\n".join(WORLDS.values()) + "\n"
"""Stands before every snippet: imports, and all worlds by their names."""

STEP = """
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(model(x) - y))
gradients = tape.gradient(loss, model.trainable_variables)
optimizer.apply_gradients(zip(gradients, model.trainable_variables))
"""
"""A right step that trains `model`, for snippets that are about the model."""


def suspects(text: str, keras: str = "3") -> list[Diagnosis]:
    """What the source alone makes us suspect, folded and ranked."""
    return diagnose(FAULTS, [read(text, "snippet.py", keras)])


def assert_findings(text: str, then: str = "", keras: str = "3") -> None:
    """Asserts that exactly the lines with a trailing `# GPxxx` are found.

    A line may expect several faults: `# GP401 GP403`. Lines without such a
    comment must stay silent. `then` is text that follows, such as `STEP`.
    """
    prelude = PRELUDE.format(imports=HEADER.format(keras=IMPORTS[keras]))
    snippet = prelude + textwrap.dedent(text).lstrip("\n") + then
    expected: Counter[tuple[int, str]] = Counter()
    for number, line in enumerate(snippet.splitlines(), start=1):
        comment = re.search(r"#((?: GP\d{3})+)\s*$", line)
        for code in comment.group(1).split() if comment else ():
            expected[number, code] += 1
    found: Counter[tuple[int, str]] = Counter()
    for diagnosis in suspects(snippet, keras):
        line = diagnosis.place.line if diagnosis.place else 0
        found[line, diagnosis.fault.code] += 1
    assert found == expected, _difference(snippet, found, expected)


def assert_silent(text: str, then: str = "", keras: str = "3") -> None:
    """Asserts that nothing at all is suspected."""
    assert "# GP" not in text, "a silent snippet marks no line"
    assert_findings(text, then, keras)


def meant(text: str, keras: str = "3") -> list[str]:
    """Faults that the program says to want, which a run must not tell of."""
    snippet = PRELUDE.format(imports=HEADER.format(keras=IMPORTS[keras])) + textwrap.dedent(text)
    return [name for name, _ in read(snippet, "snippet.py", keras).meant]


def mended(text: str, keras: str = "3") -> str | None:
    """The text with every mend made, unsafe ones too; `None` if there is none."""
    reading, known = Reading(keras), {"snippet.py": text.encode()}
    reading.hold(SourceText("snippet.py", text), keras)
    judge = judge_of(FAULTS)
    found = with_fixes(judge(reading), reading, judge, known)
    after = mend(reading, found, judge, unsafe=True, known=known).after
    return after["snippet.py"].decode() if after else None


def mended_snippet(text: str, keras: str = "3") -> str:
    """A snippet with every mend made, behind its prelude; empty if there is none."""
    prelude = PRELUDE.format(imports=HEADER.format(keras=IMPORTS[keras]))
    return mended(prelude + textwrap.dedent(text).lstrip("\n"), keras) or ""


def _difference(
    snippet: str, found: Counter[tuple[int, str]], expected: Counter[tuple[int, str]]
) -> str:
    lines = snippet.splitlines()

    def told(counts: Counter[tuple[int, str]]) -> list[str]:
        return [
            f"  {code} at line {number}: {lines[number - 1].strip() if number else 'no place'}"
            for number, code in sorted(counts.elements())
        ]

    return "\n".join(
        ["missing:", *told(expected - found), "not expected:", *told(found - expected)]
    )
