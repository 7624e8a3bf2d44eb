"""Tries mends by running the program with them, and keeps what heals."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from ..editing import Unfit, collide
from ..fault import Diagnosis, Fault
from ..files import Unreadable
from ..finding import Edit, Fix
from ..outcome import Mend, Outcome, Proof, harm_of
from ..reading import Reading
from .cells import left_out
from .changing import changed_bytes, reread
from .copies import copied, put
from .judging import judge_of
from .measuring import Trial, measure
from .offers import Healer

MOST_RUNS = 12
"""Runs of one program at most, the one before the mends included."""

Say = Callable[[str], None]


@dataclass
class _Search:
    """The state of the mending of one program."""

    trial: Trial
    root: str
    reading: Reading
    faults: Sequence[Fault]
    advice: bool
    say: Say
    before: dict[str, bytes] = field(default_factory=dict)
    after: dict[str, bytes] = field(default_factory=dict)
    healed: list[Mend] = field(default_factory=list)
    tried: list[Mend] = field(default_factory=list)
    runs: int = 0

    def run(self, files: dict[str, bytes]) -> Outcome:
        """What the program does with other contents of some files."""
        self.runs += 1
        with copied(self.root) as folder:
            put(folder, files)
            return measure(self.trial, folder)

    def fixes(self, diagnosis: Diagnosis) -> Iterator[Fix]:
        """What may mend a diagnosis, after a look at the text alone."""
        if diagnosis.place is not None:
            _add(self.reading, self.root, diagnosis.place.path)
        healer = Healer(self.reading, judge_of(self.faults), self.after)
        yield from healer.healing(diagnosis)

    def made(self, edits: Sequence[Edit]) -> tuple[dict[str, bytes], dict[str, bytes], Reading]:
        """Contents of files before and after edits, and the reading of these."""
        before, after = changed_bytes(self.reading, edits, self.after)
        return before, after, reread(self.reading, after)

    def attempt(self, group: Sequence[tuple[Diagnosis, Fix]], now: Outcome) -> Outcome | None:
        """Runs the program with fixes; the outcome, if they heal."""
        edits = [edit for _, fix in group for edit in fix.edits]
        try:
            before, after, reading = self.made(edits)
        except (Unfit, Unreadable) as problem:
            self.tried += [Mend(one, fix, now, str(problem)) for one, fix in group[:1]]
            return None
        names = ", ".join(dict.fromkeys(one.fault.code for one, _ in group))
        self.say(f"run {self.runs + 1}: with a mend of {names}")
        outcome = self.run({**self.after, **after})
        harm = harm_of(now, outcome, [one for one, _ in group])
        mends = [Mend(one, fix, outcome, harm, lines=self.reading.lines) for one, fix in group]
        if harm:
            self.tried += mends if len(group) == 1 else []
            return None
        for path, data in before.items():
            self.before.setdefault(path, data)
        self.after.update(after)
        self.reading = reading
        self.healed += mends
        return outcome


@dataclass(frozen=True)
class Proven:
    """What was proven, and the files as they were and as they are to be."""

    proof: Proof
    reading: Reading
    before: dict[str, bytes]
    after: dict[str, bytes]


def prove_mends(
    trial: Trial, root: str, faults: Sequence[Fault], *, advice: bool, say: Say
) -> Proven:
    """Runs a program, mends what is found, and runs it again.

    Args:
        trial: The program and how it is run.
        root: The folder that is copied for each run.
        faults: What to look for.
        advice: Mend what is only advice as well.
        say: Told before each run.

    Raises:
        Unreadable: The script can't be read.
        TooLarge: The folder can't be copied.
    """
    reading = Reading(trial.keras, root)
    reading.add(os.path.join(root, trial.script))
    search = _Search(trial, root, reading, faults, advice, say)
    say("run 1: as it is")
    first = now = search.run({})
    if not first.failure:
        now = _together(search, now)
        now = _one_by_one(search, now)
    left = [one for one in now.answer.diagnoses if advice or one.level != "advice"]
    proof = Proof(
        trial.script,
        trial.steps,
        first,
        tuple(search.healed),
        tuple(search.tried),
        tuple(left),
        tuple(left_out(os.path.join(root, trial.script))),
    )
    return Proven(proof, reading, search.before, search.after)


def _together(search: _Search, now: Outcome) -> Outcome:
    """Tries the likeliest mends of several diagnoses in one run."""
    group: list[tuple[Diagnosis, Fix]] = []
    edits: list[Edit] = []
    wanted = [one for one in now.answer.diagnoses if search.advice or one.level != "advice"]
    if len(wanted) < 2:
        return now
    for diagnosis in wanted:
        fix = next(search.fixes(diagnosis), None)
        if fix is not None and not collide(fix.edits, edits):
            group.append((diagnosis, fix))
            edits += fix.edits
    if len(group) < 2:
        return now
    return search.attempt(group, now) or now


def _one_by_one(search: _Search, now: Outcome) -> Outcome:
    """Tries candidates for each diagnosis until one heals."""
    given_up: set[object] = set()
    while True:
        diagnosis = next(
            (
                one
                for one in now.answer.diagnoses
                if _name(one) not in given_up and (search.advice or one.level != "advice")
            ),
            None,
        )
        if diagnosis is None or search.runs >= MOST_RUNS:
            return now
        given_up.add(_name(diagnosis))
        fixes = search.fixes(diagnosis)
        for fix in fixes:
            if search.runs >= MOST_RUNS:
                break
            outcome = search.attempt([(diagnosis, fix)], now)
            if outcome is not None:
                now = outcome
                titles = dict.fromkeys(other.title for other in fixes)
                others = tuple(title for title in titles if title != fix.title)
                search.healed[-1] = replace(search.healed[-1], others=others)
                break


def _name(diagnosis: Diagnosis) -> object:
    place = diagnosis.place
    where = place and (place.path, place.cell, place.line)
    return diagnosis.fault.code, where, diagnosis.message[:40]


def _add(reading: Reading, root: str, path: str) -> None:
    """Reads a file of the program that a diagnosis speaks of."""
    if os.path.isabs(path) or reading.text(path) is not None:
        return
    try:
        reading.add(os.path.join(root, path))
    except Unreadable:
        # Then nothing in it is mended.
        return
