"""What the workers of one job have in common, and what sets them apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .run import Run

COMPARED = 3
"""Steps at the beginning whose gradients are compared, replica by replica."""

NEAR = 1e-6
"""Relative difference below which two norms are the same number."""


@dataclass(frozen=True, slots=True)
class Digest:
    """The value of a variable at one moment, in a few bytes.

    Attributes:
        updates: Updates that had been made.
        name: Name of the variable.
        digest: Equal for equal values, bit for bit.
        norm: Of the value.
    """

    updates: int
    name: str
    digest: str
    norm: float


@dataclass(frozen=True, slots=True)
class Feed:
    """What the replicas of this process were given to work on.

    Attributes:
        sizes: Examples that each of them got.
        times: How often; in a traced function once a trace.
    """

    sizes: tuple[int, ...]
    times: int


@dataclass(frozen=True, slots=True)
class Part:
    """The norms of one replica's own gradients at one step, before the sum.

    Attributes:
        step: Number of the step.
        replica: Number of the replica in its process.
        norms: One a variable.
    """

    step: int
    replica: int
    norms: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Worker:
    """One process of a job, as its own record tells.

    Attributes:
        name: Such as `"worker 1"`.
        digests: Values of its variables, now and then.
        feeds: What its replicas were given.
        parts: Its gradients at the first steps.
    """

    name: str
    digests: tuple[Digest, ...] = ()
    feeds: tuple[Feed, ...] = ()
    parts: tuple[Part, ...] = ()

    @property
    def size(self) -> int | None:
        """Examples that it mostly got at a step, all its replicas together."""
        if not self.feeds:
            return None
        return sum(max(self.feeds, key=lambda feed: feed.times).sizes)


def told(run: Run, name: str) -> Worker:
    """What the record of one worker says to the others."""
    return Worker(name, run.digests, run.feeds, tuple(parts(run)))


def parts(run: Run) -> Iterator[Part]:
    """The gradients of each replica at its first steps, where they are known."""
    replicas = {apply.key: apply.replica for apply in run.applies if apply.replicas > 1}
    seen: Counter[int] = Counter()
    for step in run.steps:
        replica = replicas.get(step.apply)
        known = any(update.part_norm is not None for update in step.updates)
        if replica is None or not known or step.index > COMPARED:
            continue
        if seen[replica] < COMPARED:
            seen[replica] += 1
            norms = tuple(update.part_norm for update in step.updates)
            yield Part(step.index, replica, norms)


@dataclass(frozen=True)
class Drift:
    """A variable that has different values in different workers.

    Attributes:
        name: Of the variable.
        updates: After how many updates that was seen first.
        norms: By the name of each worker, the norm of the value.
    """

    name: str
    updates: int
    norms: dict[str, float]


def drifts(run: Run) -> list[Drift]:
    """The first moment at which each variable was seen to differ between workers."""
    seen: dict[tuple[str, int], dict[str, Digest]] = {}
    for worker in run.workers:
        for one in worker.digests:
            seen.setdefault((one.name, one.updates), {})[worker.name] = one
    found: dict[str, Drift] = {}
    for (name, updates), by in sorted(seen.items(), key=lambda item: item[0][1]):
        if name not in found and len({one.digest for one in by.values()}) > 1:
            norms = {worker: one.norm for worker, one in by.items()}
            found[name] = Drift(name, updates, norms)
    return list(found.values())


def alike(run: Run) -> tuple[str, ...]:
    """Names of the replicas that all had the same gradients at the first steps.

    Only where each was given its own part of the data: the same tensors
    handed to all of them are meant.
    """
    gradients: dict[str, dict[int, tuple[float | None, ...]]] = {}
    workers = run.workers or (told(run, ""),)
    if not all(worker.feeds for worker in workers):
        return ()
    for worker in workers:
        for part in worker.parts:
            name = f"replica {part.replica}" + (f" of {worker.name}" if worker.name else "")
            gradients.setdefault(name, {})[part.step] = part.norms
    first, *others = gradients.values() or ({},)
    if not others or len(first) < COMPARED or not any(any(norms) for norms in first.values()):
        return ()
    return tuple(gradients) if all(_same(first, other) for other in others) else ()


def _same(
    one: dict[int, tuple[float | None, ...]], other: dict[int, tuple[float | None, ...]]
) -> bool:
    if one.keys() != other.keys():
        return False
    pairs = [
        pair
        for step in one
        if len(one[step]) == len(other[step])
        for pair in zip(one[step], other[step], strict=True)
    ]
    return len(pairs) == sum(len(norms) for norms in one.values()) and all(
        a == b or (a is not None and b is not None and abs(a - b) <= NEAR * max(a, b))
        for a, b in pairs
    )
