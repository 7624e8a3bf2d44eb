"""Pages made by hand, for tests of what a browser shows of them."""

from __future__ import annotations

import math
from array import array
from dataclasses import replace

import records
from answers import PROVEN, RUN, SUSPECTED, TRAIN, lines_of
from gradproof.answer import Answer, Standing, WorkerEnd
from gradproof.evidence.applies import Apply, Pair
from gradproof.evidence.ledger import Audit
from gradproof.evidence.run import Run
from gradproof.evidence.series import Series
from gradproof.evidence.variable import Variable
from gradproof.fault import Fault
from gradproof.finding import Fix, Place, Span
from gradproof.outcome import Mend, Outcome, Proof
from gradproof.report.html import Beside, Curve, Page, Side, Sizes, Twin

HOSTILE = (
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "javascript:alert(1)",
    "a\u2028b\u202ec\u200fd",
    "'`${alert(1)}`{{ 7*7 }}{% raw %}",
    "<!--<b>&amp;",
    "\udc80lone",
)
"""Names that would be markup, script, or nothing that can be seen."""

NAMES = ("gradient_norm", "value_norm", "change_norm")


def series(run: Run, steps: int, rows: list[list[float]] | None = None) -> Series:
    """Numbers for the variables of a run: the same at each step, or rows by step."""
    keys = tuple(pair.variable for pair in run.applies[0].pairs)
    numbers = array("f")
    for step in range(1, steps + 1):
        for at, _ in enumerate(keys):
            numbers.extend(rows[step - 1][3 * at : 3 * at + 3] if rows else (0.5 / step, 2.0, 0.01))
    return Series(
        1,
        range(1, steps + 1),
        [1.0 / step for step in range(1, steps + 1)],
        [0.1] * steps,
        keys,
        NAMES,
        numbers,
    )


def named(*paths: str, **changes: object) -> Run:
    """A healthy run with variables of these names, each audited once."""
    keys = range(1, len(paths) + 1)
    apply = Apply(
        1,
        (Place("train.py", Span(6)),),
        1,
        1,
        "SGD",
        1,
        tuple(
            Pair(key, taken_for=frozenset({key}), name=path) for key, path in enumerate(paths, 1)
        ),
        counted=3,
    )
    audits = tuple(
        Audit(1, 2, key, "SGD", value_norm=2.0, gradient_norm=0.25, used_norm=0.25,
              predicted_norm=0.01, change_norm=0.01, error=0.0, terms=(("learning rate", 0.1),))
        for key in keys
    )  # fmt: skip
    variables = tuple(Variable(key, path, (4, 4)) for key, path in enumerate(paths, 1))
    return replace(
        records.healthy(), variables=variables, applies=(apply,), audits=audits, calls=(), steps=(),
        **changes,
    )  # fmt: skip


def broken(steps: int = 40) -> Page:
    """One variable of three is lost, with source, mend and numbers."""
    run = named("encoder/kernel", "encoder/bias", "decoder/kernel")
    standings = (
        Standing("encoder/kernel", (4, 4), "broken", "applied", "GP403 mispaired-gradients", True, 1),
        Standing("encoder/bias", (4,), "moved", None, "changed by 0.01 (norm) when last seen", True, 2),
        Standing("decoder/kernel", (4, 4), "moved", None, "changed by 0.01 (norm) when last seen", True, 3),
    )  # fmt: skip
    answer = Answer(
        "run", (PROVEN,), standings, 1, 1, steps, "every step", ("SGD",),
        notes=("not watched: 1 step is compiled by XLA",),
    )  # fmt: skip
    about = {"program": "train.py", "started": "2026-03-01T10:00:00.000+00:00", "python": "3.11"}
    return Page(answer, lines_of(train=TRAIN), run, [series(run, steps)], about)


def healthy() -> Page:
    """Nothing is wrong."""
    page = broken()
    standings = tuple(replace(one, state="moved", stage=None) for one in page.answer.standings)
    return replace(page, answer=replace(page.answer, diagnoses=(), standings=standings, notes=()))


def tall(variables: int = 200, kept: int = 16_000, steps: int = 100_000) -> Page:
    """As a record has it of a long run of many variables: kept thinly at first."""
    paths = [f"tower/block_{at // 4}/{'kb'[at % 2]}{at % 4 // 2}" for at in range(variables)]
    run = named(*paths)
    unit = array("f")
    for step in range(1000):
        for at in range(variables):
            size = math.exp(math.sin(step * (at + 1)) - at % 7)
            unit.extend((size, 3.0, 0.003 * size))
    numbered = [*range(1, kept // 2), *range(steps - kept // 2, steps + 1)]
    long = Series(
        1, numbered, [1.0] * kept, [0.1] * kept, tuple(range(1, variables + 1)), NAMES,
        unit * (kept // 1000),
    )  # fmt: skip
    standings = tuple(
        Standing(path, (64, 64), "moved", None, "changed by 0.01 (norm) when last seen", True, key)
        for key, path in enumerate(paths, 1)
    )
    answer = Answer("run", (), standings, 1, 1, steps, "every step", ("Adam",))
    return Page(answer, lines_of(), run, [long], {})


def hostile(words: str) -> Page:
    """A page in which everything that users name is hostile."""
    page = broken()
    run = named(words, f"group/{words}", "plain")
    diagnosis = replace(
        PROVEN,
        fault=Fault("GP403", words, words),
        title=words,
        message=f"`{words}` and {words}",
        label=words,
        variables=(words,),
        evidence={words: words},
        place=Place(words, Span(1, 1, 1, 4)),
        related=(),
        fix=Fix(words, False, tuple(replace(e, text=words) for e in PROVEN.fix.edits)),
    )
    standings = tuple(
        Standing(one.path, (1,), "broken", "applied", f"GP403 {words}", True, one.key)
        for one in run.variables
    )
    answer = replace(page.answer, diagnoses=(diagnosis,), standings=standings, notes=(words,))
    about = {"program": words, "command": [words], "error": words, "started": words}
    return replace(page, answer=answer, run=run, about=about, lines=lambda path, cell: [words] * 9)


def mended() -> Proof:
    """One mend heals, another was tried in vain, one fault remains."""
    before = Outcome(replace(RUN, steps=20), tuple(1.0 + 0.01 * step for step in range(20)))
    healthy = replace(
        RUN,
        diagnoses=(),
        standings=tuple(replace(one, state="moved", stage=None) for one in RUN.standings),
    )
    after = Outcome(healthy, tuple(1.0 / step for step in range(1, 21)))
    assert PROVEN.fix
    mend = Mend(PROVEN, PROVEN.fix, after, others=("make two optimizers",))
    vain = Mend(SUSPECTED, PROVEN.fix, before, "GP403 is still found")
    return Proof("train.py", 20, before, (mend,), (vain,), (SUSPECTED,))


def parting(name: str = "dense/kernel", steps: int = 30) -> Beside:
    """Two runs that part at the third update."""
    numbers = range(1, steps + 1)

    def curve(size: float) -> Curve:
        return Curve(
            numbers,
            [0.5 * size / step for step in numbers],
            [0.01 * size] * steps,
            [0.02 * size] * steps,
        )

    sides = (
        Side("mine.py", ("30 updates by `Adam`",), numbers, [1.0 / step for step in numbers]),
        Side("fit.py", ("30 updates by `Adam`",), numbers, [2.0 / step for step in numbers]),
    )
    return Beside(
        f"The runs part at update 3: change of `{name}`",
        "error",
        "mine.py and fit.py",
        sides,
        3,
        (Sizes("change", name, "0.02", "0.04", "factor 0.50"),),
        True,
        ("the learning rate of `mine.py` is half of that of `fit.py`",),
        (("mine.py", PROVEN, lines_of(train=TRAIN)),),
        ("`ema` has no twin",),
        (Twin("bias", curve(1), curve(1)), Twin(name, curve(1), curve(2), parts=True)),
    )


def spread(alike: bool = True) -> Page:
    """Two replicas of one step, three workers, one of which was killed."""
    page = broken()
    (apply,) = page.run.applies
    run = replace(page.run, applies=tuple(
        replace(apply, key=key, replicas=2, replica=key - 1) for key in (1, 2)
    ))  # fmt: skip
    numbers = {1: (0.5, 2.0, 0.01, 0.125), 2: (0.5, 2.0, 0.01 if alike else 0.02, 0.375)}
    kept = [
        Series(
            key, range(1, 4), [1.0, 0.75, 0.5 * key], [0.1] * 3, (1, 2, 3), (*NAMES, "part_norm"),
            array("f", numbers[key] * 9),
        )
        for key in (1, 2)
    ]  # fmt: skip
    workers = (
        WorkerEnd("worker 0", 1203, "2026-03-01 12:03:00", True, batch=8),
        WorkerEnd("worker 1", 1200, "2026-03-01 12:02:58", True, "UnavailableError"),
        WorkerEnd("worker 2", 812, "2026-03-01 12:01:10", False),
    )
    answer = replace(page.answer, workers=workers)
    return replace(page, answer=answer, run=run, series=kept)
