"""The programs of 'Why is custom parameter update in TensorFlow failing?'.

Written anew after its description, with the conditions and symptoms that it
lists: each eager and traced, in both generations of Keras, with a mended twin.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from programs import CORPUS, ask

ARTICLE = CORPUS / "article"


@dataclass(frozen=True)
class Row:
    """What has to be named in one program of the article.

    Attributes:
        program: Name of its file, without mode.
        keras3: Faults that `run` must name under Keras 3.
        keras2: The same under tf-keras; empty: it trains there.
        check: Faults that `check` must name.
        besides: Faults that may be named as well: they are there, but the
            program need not come so far as to show them.
    """

    program: str
    keras3: frozenset[str]
    keras2: frozenset[str]
    check: frozenset[str]
    besides: frozenset[str] = field(default_factory=frozenset)

    def run(self, generation: int) -> frozenset[str]:
        """Faults that `run` must name in this generation."""
        return self.keras3 if generation == 3 else self.keras2


def row(program: str, keras3: str, keras2: str, check: str, besides: str = "") -> Row:
    """Writes a row from names separated by spaces."""
    return Row(program, *(frozenset(part.split()) for part in (keras3, keras2, check, besides)))


UNTRACKED = "untracked-variable"
BYPASSED = "update-bypasses-variables"
OUTSIDE = "forward-outside-tape"
MISUSED = "optimizer-call-misuse"
SINGULAR = "nan-from-singular-op"

ROWS = (
    row("list-assigned", BYPASSED, BYPASSED, BYPASSED),
    row("item-assigned", BYPASSED, BYPASSED, BYPASSED),
    row("item-assigned-bare", UNTRACKED, BYPASSED, UNTRACKED, BYPASSED),
    row("as-printed-bare", UNTRACKED, "", UNTRACKED),
    row("forward-before-tape", OUTSIDE, OUTSIDE, OUTSIDE),
    row("forward-before-tape-bare", f"{UNTRACKED} {OUTSIDE}", OUTSIDE, f"{UNTRACKED} {OUTSIDE}"),
    row("loss-before-tape", OUTSIDE, OUTSIDE, OUTSIDE),
    row("unzipped", MISUSED, MISUSED, MISUSED),
    row("unzipped-bare", f"{UNTRACKED} {MISUSED}", MISUSED, f"{UNTRACKED} {MISUSED}"),
    row("zipped-backwards", MISUSED, MISUSED, MISUSED),
    row(
        "wrong-lists",
        "mispaired-gradients",
        "mispaired-gradients",
        "mispaired-gradients",
    ),
    row(
        "never-applied",
        "gradients-never-applied",
        "gradients-never-applied",
        "gradients-never-applied",
    ),
    row("learning-rate-zero", "learning-rate-zero", "learning-rate-zero", "learning-rate-zero"),
    row("added-gradient", "wrong-sign-update", "wrong-sign-update", "wrong-sign-update"),
    row("nan-weights", SINGULAR, SINGULAR, "", f"nan-gradient-applied {SINGULAR}"),
)
MODES = ("eager", "traced")
QUICK = {
    ("as-printed-bare", "eager", 3),
    ("forward-before-tape-bare", "eager", 3),
    ("forward-before-tape-bare", "traced", 3),
    ("item-assigned", "traced", 2),
    ("unzipped", "eager", 2),
    ("wrong-lists", "traced", 3),
    ("nan-weights", "traced", 2),
}
"""The runs that stay in the everyday suite; the others are marked slow."""


def runs() -> list[object]:
    """Gives every row with mode and generation; the long tail is slow."""
    return [
        pytest.param(
            each,
            mode,
            generation,
            id=f"{each.program}-{mode}-keras{generation}",
            marks=() if (each.program, mode, generation) in QUICK else pytest.mark.slow,
        )
        for each in ROWS
        for mode in MODES
        for generation in (3, 2)
    ]


@pytest.mark.tensorflow
@pytest.mark.parametrize(("each", "mode", "generation"), runs())
def test_run_names_what_is_wrong_and_nothing_else(each: Row, mode: str, generation: int) -> None:
    """A watched program of the article gets the names of its faults."""
    answer = ask("run", ARTICLE / "stuck" / f"{each.program}-{mode}.py", generation)
    named = {diagnosis["fault"] for diagnosis in answer.loud}
    wanted = each.run(generation)
    assert wanted <= named <= wanted | each.besides, (
        f"named {answer.named}\n{answer.stderr[-3000:]}"
    )


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("each", ROWS, ids=lambda each: each.program)
def test_check_names_what_the_source_shows(each: Row, mode: str) -> None:
    """Reading alone names the faults of the article."""
    answer = ask("check", ARTICLE / "stuck" / f"{each.program}-{mode}.py")
    named = {diagnosis["fault"] for diagnosis in answer.loud}
    assert each.check <= named <= each.check | each.besides, f"named {answer.named}"


MENDED = sorted((ARTICLE / "mended").glob("*.py"))


@pytest.mark.parametrize("program", MENDED, ids=lambda program: program.stem)
def test_check_is_silent_on_the_mended_program(program) -> None:
    """Reading finds nothing in the right form."""
    assert ask("check", program).named == []


def different(programs: list) -> list[object]:
    """Leaves out programs of the same text; all but two of the rest are slow."""
    texts = {program.read_text(encoding="utf-8"): program for program in reversed(programs)}
    quick = {"forward-before-tape-eager", "nan-weights-traced"}
    return [
        pytest.param(
            program, id=program.stem, marks=() if program.stem in quick else pytest.mark.slow
        )
        for program in sorted(texts.values())
    ]


@pytest.mark.tensorflow
@pytest.mark.parametrize("generation", [3, 2])
@pytest.mark.parametrize("program", different(MENDED))
def test_run_is_silent_on_the_mended_program(program, generation: int) -> None:
    """A watched right program gets no error and no warning, and status 0."""
    answer = ask("run", program, generation)
    assert (answer.named, answer.status) == ([], 0), answer.stderr[-3000:]
