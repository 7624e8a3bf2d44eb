"""One answer for all workers of a job, from the records that each of them keeps."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from .answer import Answer, WorkerEnd
from .diagnose import diagnose
from .evidence.run import Run
from .evidence.workers import Worker
from .fault import Diagnosis
from .faults import FAULTS
from .record import Record, Unusable, of_job

ACROSS = ("replica-divergence", "replicas-see-same-data")
"""Faults that show when the records of several workers lie side by side."""

PATIENCE = 5.0
"""Seconds for which the first worker waits for the others to finish theirs."""


@dataclass(frozen=True)
class _Part:
    """What one record holds of its worker."""

    worker: Worker
    end: WorkerEnd
    answer: Answer
    started: str
    of: int
    leads: bool
    path: Path

    @property
    def over(self) -> str:
        return self.end.last or self.started


def joined(record: Record, answer: Answer | None = None) -> Answer:
    """The answer of a record, with those of the other workers of its job.

    Args:
        record: Of one of the workers.
        answer: Its own answer, if that is known already.

    Returns:
        Its own answer as it is, if it trained alone.

    Raises:
        Unusable: The record is broken.
    """
    own = answer or record.answer()
    job = record.about.get("job")
    if not isinstance(job, str):
        return own
    parts, notes = _parts(record.path, job)
    mine = next((part for part in parts if part.path == record.path), None)
    if mine is None:
        return own
    parts = _together(parts, mine)
    lead = next((part for part in parts if part.leads), mine)
    try:
        with Record(lead.path) as first:
            run = replace(first.run(), workers=tuple(part.worker for part in parts))
    except Unusable:
        run = Run()
    base = own if lead is mine else lead.answer
    return replace(
        base,
        diagnoses=tuple(_all(base, parts, run)),
        workers=tuple(part.end for part in parts),
        notes=(*base.notes, *notes, *_remarks(parts, mine.of)),
    )


def wait(record: Path, patience: float = PATIENCE) -> None:
    """Waits a moment until the other workers of a job have ended, too.

    Nobody waits for those that write elsewhere, or not any more.
    """
    until = time.monotonic() + patience
    mine = _about(record)
    job, started = mine.get("job"), str(mine.get("started", ""))
    while isinstance(job, str) and time.monotonic() < until:
        others = map(_about, of_job(record.parent, job))
        if not any("ended" not in one and str(one.get("written")) >= started for one in others):
            return
        time.sleep(0.25)


def _about(path: Path) -> dict[str, object]:
    """What a record says of its run; nothing, if it can't be read."""
    try:
        with Record(path) as record:
            return record.about
    except Unusable:
        return {"ended": None}


def _parts(path: Path, job: str) -> tuple[list[_Part], list[str]]:
    """All records of a job in the folder of one of them."""
    found, notes = [], []
    for other in of_job(path.parent, job):
        try:
            with Record(other) as record:
                if record.about.get("job") == job:
                    found.append(_part(record))
        except Unusable as problem:
            notes.append(str(problem))
    return sorted(found, key=lambda part: (not part.leads, _order(part))), notes


def _order(part: _Part) -> tuple[str, int, str]:
    kind, _, number = part.worker.name.partition(" ")
    return kind, int(number) if number.isdecimal() else 0, part.started


def _part(record: Record) -> _Part:
    about = record.about
    answer = record.answer()
    worker = record.worker()
    ended = "ended" in about
    last = about.get("ended" if ended else "written")
    error = about.get("error")
    end = WorkerEnd(
        worker.name,
        record.newest_step(),
        str(last)[:19].replace("T", " ") if last else "",
        ended,
        str(error) if error else None,
        worker.size,
    )
    count, leads = about.get("workers"), about.get("leads")
    return _Part(
        worker,
        end,
        answer,
        str(about.get("started", "")),
        count if isinstance(count, int) else 0,
        leads is True,
        record.path,
    )


def _together(parts: Sequence[_Part], mine: _Part) -> list[_Part]:
    """Those that ran while this one did: the cluster may have run before."""
    start = mine.started[:19].replace("T", " ")
    return [
        part
        for part in parts
        if part is mine or (part.over >= start and part.started[:19].replace("T", " ") <= mine.over)
    ]


def _all(base: Answer, parts: Sequence[_Part], run: Run) -> Iterator[Diagnosis]:
    """What any worker found, each thing once, and what only all of them show."""
    seen = set()
    across = [fault for fault in FAULTS if fault.name in ACROSS]
    every = [*base.diagnoses, *diagnose(across, [], run)]
    every += [one for part in parts for one in part.answer.diagnoses]
    for diagnosis in every:
        place = diagnosis.place
        key = (diagnosis.fault.code, (place.path, place.line) if place else diagnosis.variables)
        if key not in seen:
            seen.add(key)
            yield diagnosis


def _remarks(parts: Sequence[_Part], workers: int) -> Iterator[str]:
    """Sentences about workers that are missing, died, or went another way."""
    names = {part.worker.name for part in parts}
    if len(names) < workers:
        yield (
            f"records of {len(names)} of {workers} workers lie here; the others wrote elsewhere, "
            "or made no step"
        )
    broken = [part.end for part in parts if not part.end.ended or part.end.error]
    if (broken and len(broken) < len(parts)) or any(not end.ended for end in broken):
        first = min(broken, key=lambda end: (end.steps, end.last))
        how = (
            f"with {first.error}" if first.error else "without a word: killed, or it still goes on"
        )
        yield f"{first.name} was the first to stop, after {first.steps:,} steps, {how}"
    done = [part.end for part in parts if part.end.ended and not part.end.error]
    if done:
        most = max(end.steps for end in done)
        for end in done:
            if end.steps < most:
                yield f"{end.name} ended {most - end.steps:,} steps before the others"
    sizes = {part.worker.size for part in parts if part.worker.size is not None}
    if len(sizes) > 1:
        listed = ", ".join(
            f"{part.worker.size} in {part.worker.name}" for part in parts if part.worker.size
        )
        yield (
            f"workers mostly get different numbers of examples a step ({listed}): where the loss "
            "is a mean over each worker's own, those of the small parts count more"
        )
