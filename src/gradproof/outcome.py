"""What a program did before and after a mend, and whether that healed it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite

from .answer import Answer, Lines, Standing
from .fault import Diagnosis
from .finding import Fix

TENTH = 10
"""Parts of a run of which the first and the last are compared."""


@dataclass(frozen=True)
class Outcome:
    """What one run of a program came to.

    Attributes:
        answer: What the watched run had to say.
        losses: One a step, of the place of update that was passed most.
        status: Its exit status; `None` if it had to be stopped.
        error: Name of the exception that ended it.
        failure: Why it could not be watched; empty if it was.
    """

    answer: Answer
    losses: tuple[float, ...] = ()
    status: int | None = 0
    error: str | None = None
    failure: str = ""

    @property
    def codes(self) -> Counter[str]:
        """How often each fault of level error or warning was found."""
        found = (one for one in self.answer.diagnoses if one.level != "advice")
        return Counter(one.fault.code for one in found)

    @property
    def ends(self) -> tuple[float, float] | None:
        """Mean loss of the first and of the last tenth of the run."""
        if len(self.losses) < 2:
            return None
        part = max(1, len(self.losses) // TENTH)
        first, last = self.losses[:part], self.losses[-part:]
        return sum(first) / part, sum(last) / part

    @property
    def loss_falls(self) -> bool | None:
        """Says whether the loss is lower in the end; `None` if nobody knows."""
        if self.ends is None:
            return None
        first, last = self.ends
        if not isfinite(last):
            return False
        # Batches differ by more than a slow run gains; of both halves they are the same.
        half = len(self.losses) // 2
        halves = sum(self.losses[-half:]) < sum(self.losses[:half])
        return last < first or halves or not isfinite(first)


@dataclass(frozen=True)
class Mend:
    """A fix that was tried by running the program with it.

    Attributes:
        diagnosis: What it is to mend.
        fix: What was changed.
        after: What the program did then.
        harm: Why it does not count as healed; empty if it does.
        others: Titles of other mends, which were not tried.
        lines: The lines that the fix changes, as the mends before it left them.
    """

    diagnosis: Diagnosis
    fix: Fix
    after: Outcome
    harm: str = ""
    others: tuple[str, ...] = ()
    lines: Lines | None = None


@dataclass(frozen=True)
class Proof:
    """All that was tried on one program.

    Attributes:
        path: Of the program, as it is shown.
        steps: Most updates of each run; `None` if the runs came to their end.
        before: What it did as it is.
        healed: Mends that healed and broke nothing, in the order in which
            they were made; each run has those before it as well.
        tried: Mends that were tried in vain.
        words: Diagnoses that need judgement: no edit is known for them.
        notes: Sentences about what the runs had to leave out.
    """

    path: str
    steps: int | None
    before: Outcome
    healed: tuple[Mend, ...] = ()
    tried: tuple[Mend, ...] = ()
    words: tuple[Diagnosis, ...] = field(default=())
    notes: tuple[str, ...] = ()

    @property
    def after(self) -> Outcome:
        """What it does with all mends that healed."""
        return self.healed[-1].after if self.healed else self.before


def harm_of(before: Outcome, after: Outcome, diagnoses: Sequence[Diagnosis]) -> str:
    """Why a mend of diagnoses does not count as healed; empty if it does.

    It heals when the faults are gone, nothing else is found that was not
    found before, no variable stopped moving, and the loss is no worse off.
    """
    if after.failure:
        return after.failure
    if after.error and after.error != before.error:
        return f"the program then ends with {after.error}"
    if after.status != 0 and before.status == 0:
        return f"the program then ends with status {after.status}"
    codes = Counter(one.fault.code for one in diagnoses)
    found = Counter(one.fault.code for one in after.answer.diagnoses)
    known = Counter(one.fault.code for one in before.answer.diagnoses)
    for code in codes:
        if found[code] >= known[code]:
            return f"{code} is still found"
    new = after.codes - before.codes
    if new:
        return f"{', '.join(sorted(new))} is found then"
    if after.error:
        return f"the program still ends with {after.error}"
    if after.answer.steps == 0:
        return "no update is made any more" if before.answer.steps else "still no update is made"
    stopped = _stopped(before.answer.standings, after.answer.standings)
    unreached = _unreached(before.answer)
    if "GP403" not in codes:
        unreached &= _unreached(after.answer)
    stopped = [variable for variable in stopped if variable not in unreached]
    if stopped:
        return f"`{stopped[0]}` does not move any more"
    return _loss_harm(before, after)


def _stopped(before: Sequence[Standing], after: Sequence[Standing]) -> list[str]:
    """Variables of which fewer move than before; copies share their path."""
    moved = Counter(one.variable for one in before if one.moved)
    moves = Counter(one.variable for one in after if one.moved)
    known = {one.variable for one in after}
    return [
        variable
        for variable, count in moved.items()
        if moves[variable] < count and variable in known
    ]


def _unreached(answer: Answer) -> set[str]:
    """Variables that no gradient reaches: what moved them was meant for others."""
    return {
        variable
        for one in answer.diagnoses
        if one.fault.stage in ("tracked", "recorded")
        for variable in one.variables
    }


def _loss_harm(before: Outcome, after: Outcome) -> str:
    if after.ends is None:
        return ""
    if not isfinite(after.ends[1]):
        return "the loss is no longer finite"
    if before.loss_falls and not after.loss_falls:
        return "the loss no longer falls"
    return ""
