"""Reading programs: from paths to one answer."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .answer import Answer
from .checking import Checked, Task, check_all
from .collecting import collect, is_left_out
from .config import Choice, Configuration
from .files import Unreadable, content, load, shown_path, source_text
from .reading import Reading, home
from .suppression import Allowance, allowances, remarks, sift

if TYPE_CHECKING:
    from .fault import Diagnosis, Fault

Results = Sequence[tuple[Task, Checked]]


@dataclass(frozen=True)
class Manner:
    """How files are chosen and gone through.

    Attributes:
        configuration: What holds for each file.
        force_exclude: Leave out files that were named, too.
        given: A file that does not lie on disk: its name, and its bytes.
        jobs: Most processes to use; 0 for as many as there are processors.
        cached: Use and keep what was found before.
        baseline: Path of a list of old faults.
        begin: Told how many files there are; what it gives is told how many
            are done.
    """

    configuration: Configuration = field(default_factory=Configuration)
    force_exclude: bool = False
    given: tuple[str, bytes] | None = None
    jobs: int = 1
    cached: bool = False
    baseline: str | None = None
    begin: Callable[[int], Callable[[int], None]] = lambda count: lambda done: None


def check(
    paths: Sequence[str],
    faults: Iterable[Fault] | None = None,
    keras: str | None = None,
    manner: Manner | None = None,
) -> tuple[Answer, Reading]:
    """Reads programs and says what their source makes us suspect.

    Args:
        paths: Files, and folders that are searched for programs.
        faults: What to look for; all faults if not given.
        keras: `"2"` or `"3"`, if it is known.
        manner: How the files are chosen and gone through. Without it no
            file of the project counts but those that are read.

    Returns:
        The answer, and the reading that knows the source lines.

    Raises:
        Unreadable: A path does not exist, the only file that was named can't
            be read as Python, or configuration or baseline make no sense.
    """
    if manner is None:
        manner = Manner(Configuration(Choice(keras=keras, isolated=True)))
    tasks = _tasks(paths, faults, manner)
    results = _results(tasks, manner)
    failed = [checked.failed for task, checked in results if task.named and checked.failed]
    if failed and len(tasks) == 1:
        raise Unreadable(failed[0])
    reading = Reading(keras)
    for task, checked in results:
        if checked.diagnoses:
            _hold(reading, task)
    found = _in_order(results, manner.configuration)
    found, allowed, notes = _allowed(found, results, reading)
    old = 0
    if manner.baseline:
        found, old, stale = _without_old(found, manner.baseline, reading, tasks)
        notes += stale
    answer = Answer(
        "check",
        tuple(found),
        files=sum(not checked.failed for _, checked in results),
        loops=sum(checked.loops for _, checked in results),
        notes=tuple(dict.fromkeys([*_notes(results), *notes])),
        unsure=sum(checked.unsure for _, checked in results if checked.loops),
        allowed=allowed,
        old=old,
        failed=len(failed),
    )
    return answer, reading


def _tasks(paths: Sequence[str], faults: Iterable[Fault] | None, manner: Manner) -> list[Task]:
    """What is to be done for each file."""
    configuration = manner.configuration
    start = os.getcwd()
    never: frozenset[str] = frozenset()
    if faults is not None:
        from .faults import FAULTS

        never = frozenset(fault.code for fault in FAULTS) - {fault.code for fault in faults}

    def task(name: str, named: bool, data: bytes | None = None) -> Task:
        path = os.path.abspath(name)
        left_out = never | configuration.codes_left_out(path)
        keras = configuration.keras(path)
        return Task(path, shown_path(name, start), named, keras, left_out, data, manner.cached)

    found = collect(paths, configuration.leaves_out, force=manner.force_exclude)
    tasks = [task(name, named, _passed(name)) for name, named in found.items()]
    if manner.given is not None:
        name, data = manner.given
        whole = os.path.abspath(name)
        if not (manner.force_exclude and is_left_out(whole, False, configuration.leaves_out)):
            tasks.append(task(name, True, data))
    return tasks


def _passed(name: str) -> bytes | None:
    """The bytes of what can be read only once, such as `<(command)` of a shell."""
    if os.path.isfile(name):
        return None
    try:
        return content(name, name)
    except Unreadable:
        # It is tried again, and then told.
        return None


def _results(tasks: Sequence[Task], manner: Manner) -> Results:
    """What each file gave, in the order of the tasks."""
    done = manner.begin(len(tasks))
    if not manner.cached or not tasks:
        given = dict(check_all(tasks, jobs=manner.jobs, done=done))
    else:
        from .cache import Cache

        with closing(Cache(home())) as cache:
            given = dict(check_all(tasks, jobs=manner.jobs, cache=cache, done=done))
            cache.write()
    return [(task, given[task]) for task in tasks]


def _hold(reading: Reading, task: Task) -> None:
    """Keeps the text of a file for whoever shows or mends what was found."""
    try:
        if task.data is None:
            reading.hold(load(task.path, task.shown), task.keras)
        else:
            reading.hold(source_text(task.data, task.path, task.shown), task.keras)
    except Unreadable:
        # It changed since it was judged; then its lines are not shown.
        pass


def _in_order(results: Results, configuration: Configuration) -> list[Diagnosis]:
    """All diagnoses, each once, ranked; without those left out where they stand."""
    found = [diagnosis for _, checked in results for diagnosis in checked.diagnoses]
    if not found:
        return []
    from .diagnose import ranked

    # A fault may stand in another file than the one that was judged.
    return [
        diagnosis
        for diagnosis in ranked(found)
        if diagnosis.place is None
        or diagnosis.fault.code
        not in configuration.codes_left_out(os.path.abspath(diagnosis.place.path))
    ]


def _allowed(
    found: list[Diagnosis], results: Results, reading: Reading
) -> tuple[list[Diagnosis], int, list[str]]:
    """Takes out what comments allow; also how many, and what to say of comments."""
    comments = [comment for _, checked in results for comment in checked.comments]
    known = {task.shown for task, _ in results}
    elsewhere = list(_elsewhere(found, known, reading))
    if not comments and not elsewhere:
        return found, 0, []
    from .faults import FAULTS

    sifted = sift(found, [*comments, *elsewhere])
    notes = [
        words
        for task, checked in results
        for words in remarks(
            checked.comments,
            sifted.used,
            FAULTS,
            [fault for fault in FAULTS if fault.code not in task.left_out],
        )
    ]
    return list(sifted.diagnoses), sifted.allowed, notes


def _elsewhere(
    found: Sequence[Diagnosis], known: set[str], reading: Reading
) -> Iterator[Allowance]:
    """Comments in files that were read only because others import them."""
    places = [diagnosis.place for diagnosis in found]
    for path in dict.fromkeys(place.path for place in places if place and place.path not in known):
        try:
            yield from allowances(load(path))
        except Unreadable:
            continue


def _without_old(
    found: Sequence[Diagnosis], baseline: str, reading: Reading, tasks: Sequence[Task]
) -> tuple[list[Diagnosis], int, list[str]]:
    """Takes out what the baseline knows; also how many, and what is stale."""
    from . import baseline as old

    compared = old.compare(
        baseline, old.read(baseline), found, reading.lines, {task.path for task in tasks}
    )
    notes = []
    if compared.stale:
        entries = "1 entry" if compared.stale == 1 else f"{compared.stale} entries"
        notes = [f"{baseline}: {entries} not found any more; `--write-baseline` writes it anew"]
    return list(compared.new), compared.old, notes


def _notes(results: Results) -> Iterator[str]:
    for _, checked in results:
        if checked.failed:
            yield f"not read: {checked.failed}"
        yield from checked.notes
