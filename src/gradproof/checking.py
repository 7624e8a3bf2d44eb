"""One file from its bytes to its diagnoses, and many files at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from .files import Unreadable, content, source_text
from .suppression import Allowance, allowances
from .words import may_train

if TYPE_CHECKING:
    from .cache import Cache
    from .evidence.loop import Loop
    from .fault import Diagnosis, Fault
    from .reading import Reading

WORTH_A_POOL = 200
"""Files to judge from which on processes share them."""

CHUNK = 16
"""Files that a process takes at once."""


class Task(NamedTuple):
    """One file to be checked.

    Attributes:
        path: Absolute.
        shown: As it is shown.
        named: Asked for itself, not found in a folder.
        keras: The generation known from elsewhere, `"2"` or `"3"`.
        left_out: Codes of the faults not to look for.
        data: Its bytes, where they don't lie on disk.
        kept: What it gives will be kept beside a digest of its bytes.
    """

    path: str
    shown: str
    named: bool = False
    keras: str | None = None
    left_out: frozenset[str] = frozenset()
    data: bytes | None = None
    kept: bool = False


class Checked(NamedTuple):
    """What one file gave.

    Attributes:
        diagnoses: Ranked.
        loops: Number of training loops.
        unsure: Nothing told the Keras generation of these loops.
        notes: Sentences about what could not be judged.
        comments: Those that allow a fault.
        read: Other files that were read for it, as they are shown.
        absent: Files that would have been read for it.
        failed: Why it was not read at all; then the rest is empty.
        digest: Of the bytes that were judged, if the task asks for it.
        slipped: A mistake of ours is among the notes: another time it may not be.
    """

    diagnoses: tuple[Diagnosis, ...] = ()
    loops: int = 0
    unsure: bool = False
    notes: tuple[str, ...] = ()
    comments: tuple[Allowance, ...] = ()
    read: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    failed: str = ""
    digest: str = ""
    slipped: bool = False


NOTHING = Checked()
"""What a file gives in which no training is."""


def check_all(
    tasks: Sequence[Task],
    *,
    jobs: int = 1,
    cache: Cache | None = None,
    done: Callable[[int], None] = lambda count: None,
) -> Iterator[tuple[Task, Checked]]:
    """Checks files: first those that need no judging, then the others.

    Args:
        tasks: The files.
        jobs: Most processes to use; 0 for as many as there are processors.
        cache: What was found before.
        done: Told how many files are done, after each.

    Yields:
        Each file once, in any order, with what it gave.
    """
    waiting: list[Task] = []
    finished = 0
    for task in tasks:
        checked = _at_once(task, cache)
        if checked is None:
            waiting.append(task)
            continue
        finished += 1
        done(finished)
        yield task, checked
    for task, checked in _judged(waiting, jobs):
        if cache is not None:
            cache.keep(task, checked)
        finished += 1
        done(finished)
        yield task, checked


def _at_once(task: Task, cache: Cache | None) -> Checked | None:
    """What a file gives that needs no judging; `None` if it does need it."""
    try:
        data = _bytes(task)
    except Unreadable as problem:
        return Checked(failed=str(problem))
    if not task.named and not may_train(data) and b"gradproof" not in data:
        return NOTHING
    return cache.known(task, data) if cache is not None else None


def _bytes(task: Task) -> bytes:
    return content(task.path, task.shown) if task.data is None else task.data


def _judged(tasks: Sequence[Task], jobs: int) -> Iterator[tuple[Task, Checked]]:
    if not tasks:
        # Nothing is imported in vain.
        return
    processes = min(jobs or os.cpu_count() or 1, len(tasks) // CHUNK)
    if processes < 2 or len(tasks) < WORTH_A_POOL:
        yield from zip(tasks, _each(tasks), strict=True)
        return
    from concurrent.futures import BrokenExecutor, ProcessPoolExecutor, as_completed

    chunks = [tasks[start : start + CHUNK] for start in range(0, len(tasks), CHUNK)]
    with ProcessPoolExecutor(processes, initializer=_end_at_interrupts) as pool:
        with _interrupts_wait():
            waiting = {pool.submit(_chunk, chunk): chunk for chunk in chunks}
        try:
            for future in as_completed(waiting):
                given = future.result()
                yield from zip(waiting.pop(future), given, strict=True)
            return
        except BrokenExecutor:
            # A process was killed, by the system or by hand: then without.
            left = [task for chunk in waiting.values() for task in chunk]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    yield from zip(left, _each(left), strict=True)


@contextmanager
def _interrupts_wait() -> Iterator[None]:
    """Lets Ctrl-C wait while processes are forked: Python would lose it amid that."""
    import signal

    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_at_interrupts() -> None:
    """Lets a process end at once, without a word, at Ctrl-C; one that waited counts, too."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def _chunk(tasks: Sequence[Task]) -> list[Checked]:
    return list(_each(tasks))


def _each(tasks: Iterable[Task]) -> Iterator[Checked]:
    """Judges files one after the other; what they import is read once."""
    from .faults import FAULTS
    from .reading import Reading

    reading = Reading()
    for task in tasks:
        try:
            yield _one(task, reading, FAULTS)
        except Unreadable as problem:
            yield Checked(failed=str(problem))


def _one(task: Task, reading: Reading, faults: Sequence[Fault]) -> Checked:
    """Judges one file.

    Raises:
        Unreadable: It is no text, or no Python.
    """
    from .diagnose import diagnose

    data = _bytes(task)
    text = source_text(data, task.path, task.shown)
    reading.notes.clear()
    reading.slipped = False
    reading.hold(text, task.keras)
    wanted = [fault for fault in faults if fault.code not in task.left_out]
    try:
        loop = reading.loop(text.path)
        sought = reading.sought()
        found: Sequence[Diagnosis] = diagnose(
            wanted, [loop], locate=reading.located, show=reading.shown, on_failure=reading.unjudged
        )
        if found:
            from .mending.judging import judge_of
            from .mending.offers import with_fixes

            found = with_fixes(found, reading, judge_of(wanted), {text.path: data})
    finally:
        reading.forget(text.path)
    return Checked(
        tuple(found),
        count(loop),
        loop.generation is None,
        tuple(reading.notes),
        tuple(allowances(text)),
        tuple(sought.read),
        tuple(sought.absent),
        digest=digest(data) if task.kept else "",
        slipped=reading.slipped,
    )


def count(loop: Loop) -> int:
    """Number of training loops in a file: places that take gradients."""
    taken = {call.at for call in loop.gradient_calls}
    return len(taken | {call.at for call in loop.apply_calls if call.method == "minimize"})


def digest(data: bytes) -> str:
    """What tells one content of a file from another."""
    # Here, since it loads OpenSSL, which is of use only beside a cache.
    from hashlib import blake2b

    return blake2b(data, digest_size=20).hexdigest()
