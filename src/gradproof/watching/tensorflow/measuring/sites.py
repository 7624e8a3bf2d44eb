"""The measured steps of one place at which variables change."""

from __future__ import annotations

import hashlib
import math
import weakref
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ....evidence.applies import Step, Update
from ..kinds import bare
from .at_once import Values, norms_now, norms_of

FIRST = 16
RECENT = 512
"""Steps kept of one place: the first ones, and about as many recent ones."""

MOST_UPDATES = 200_000
LEAST = 64
"""Recent updates that are judged, as objects: fewer steps where there are many variables."""

REFRESHED = 64
"""Variables of a site whose values are read at one flush, in turn."""

ROUNDED = {"float32": 2.0**-23, "float64": 2.0**-52}
"""A change smaller than this part of the value may be rounded away whole."""

LARGE = 2**20
UNTRACED = 256
"""Steps in eager code that count as a ring: they are read by themselves, long before."""

EXTRA = 3
"""Numbers of a step beside its variables': loss, learning rate, counter."""


@dataclass(frozen=True, slots=True)
class Block:
    """Steps in a row.

    Attributes:
        first: Index of the first one, from 1.
        values: Half the squared norm of each variable as known then.
        rows: `(steps, variables * width + EXTRA)`, float32; NaN for an extra
            number that is unknown.
    """

    first: int
    values: tuple[float, ...]
    rows: Any


@dataclass
class Site:
    """One place at which variables change, with its measured steps.

    Attributes:
        apply: Key of the apply call.
        variables: Keys of the variables.
        given: Which of them got a gradient.
        directed: The product of change and gradient is measured as well.
        parted: The gradients are sums over replicas; this replica's own part
            is measured as well.
        replica: Which of the replicas of this process, from 0.
        count: Steps so far.
        values: Half the squared norm of each variable when last read.
        ring: Variable of the graph with the newest steps, `slots` of them.
        counter: Variable of the graph: steps so far.
        read: Steps that were read from the ring.
        looped: One call of the function may make many steps.
        idle: Readings since the last one that had a step.
        now: Reads the variables between eager operations.
    """

    apply: int
    variables: tuple[int, ...]
    given: tuple[bool, ...]
    directed: bool = False
    parted: bool = False
    replica: int = 0
    count: int = 0
    values: tuple[float, ...] = ()
    first: list[Block] = field(default_factory=list)
    recent: deque[Block] = field(default_factory=deque)
    ring: Any = None
    counter: Any = None
    read: int = 0
    slots: int = 0
    looped: bool = False
    idle: int = 0
    now: Values = field(default_factory=Values)
    _told: int = 0
    _held: list[weakref.ref[Any]] = field(default_factory=list)
    _turn: int = 0
    _seen: dict[int, bytes] = field(default_factory=dict)

    @property
    def width(self) -> int:
        """Numbers a variable: gradient, change, and their product or the part."""
        return 3 if self.directed or self.parted else 2

    def begin(self, variables: list[Any], earlier: list[Any] | None = None) -> None:
        """Reads the values before the first step, where there are any yet.

        Args:
            variables: What is changed.
            earlier: Their values before the step, if it has been made (eager).
        """
        from tensorflow.python.eager import context
        from tensorflow.python.framework import ops

        self._held = [weakref.ref(bare(variable)) for variable in variables]
        self.values = (0.0,) * len(variables)
        if earlier is not None:
            self.values = tuple(norms_of(earlier))
            return
        with ops.init_scope():
            if context.executing_eagerly() and all(
                type(bare(variable)).__name__ == "ResourceVariable" for variable in variables
            ):
                self.values = tuple(norms_now(variables))

    def refresh(self) -> None:
        """Reads some of the values again, the next ones every time."""
        count = len(self._held)
        chosen = [(self._turn + number) % count for number in range(min(count, REFRESHED))]
        self._turn = (self._turn + len(chosen)) % count
        living = [(place, self._held[place]()) for place in chosen]
        there = [(place, variable) for place, variable in living if variable is not None]
        values = list(self.values)
        for (place, _), value in zip(
            there, norms_now([variable for _, variable in there]) if there else (), strict=True
        ):
            values[place] = value
        self.values = tuple(values)

    def still(self, numbers: Any) -> list[int]:
        """Variables that stand where they stood, whatever was added to them.

        Looks only at those whose change is so small that it may be rounded
        away; they are told apart by a digest of their bytes.
        """
        found = []
        for place, (reference, value) in enumerate(zip(self._held, self.values, strict=True)):
            change = float(numbers[place * self.width + 1])
            variable = reference()
            if variable is None or not 0 < change < value:
                continue
            share = ROUNDED.get(variable.dtype.base_dtype.name)
            if (
                share is None
                or change > share * share * value
                or variable.shape.num_elements() > LARGE
            ):
                continue
            digest = hashlib.blake2b(variable.numpy().tobytes()).digest()
            if self._seen.get(place) == digest:
                found.append(place)
            self._seen[place] = digest
        return found

    def room(self, calls: int) -> int:
        """Calls before the ring is three quarters full, if they go on as the latest ones.

        Args:
            calls: Calls of traced functions since this was last asked.
        """
        fresh, self._told = self.count - self._told, self.count
        self.idle = 0 if fresh else self.idle + 1
        self.looped = self.looped or (self.counter is not None and fresh > calls)
        return (self.slots or UNTRACED) * 3 // 4 * calls // max(1, fresh)

    def add(self, rows: Any, first: int) -> None:
        """Takes in new steps.

        Args:
            rows: As in `Block`.
            first: Index of the first of them.
        """
        block = Block(first, self.values, rows)
        self.count = first + len(rows) - 1
        # A loop inside one call may be past the first steps before anybody looks.
        if first <= FIRST or not self.first:
            self.first.append(block)
            return
        self.recent.append(block)

    @property
    def room_for_recent(self) -> int:
        """Recent steps that are kept to be judged."""
        return min(RECENT, max(LEAST, MOST_UPDATES // max(1, len(self.variables))))

    def thin(self) -> None:
        """Keeps the first steps and the recent ones; the others have been handed over."""
        room = self.room_for_recent
        while self.recent and self.recent[0].first + len(self.recent[0].rows) + room <= self.count:
            self.recent.popleft()

    def steps(self) -> list[Step]:
        """The steps kept, in order. Most rows are never asked for."""
        found = []
        for block, start, stop in self._judged():
            values, norms = [_norm(one) for one in block.values], _norms(block.rows[start:stop])
            for number, row in zip(range(start, stop), norms, strict=True):
                found.append(_step(self, block.first + number, block.rows[number], row, values))
        return found

    def _judged(self) -> Iterator[tuple[Block, int, int]]:
        """Blocks with the first row that is judged and the one after the last."""
        blocks = (*self.first, *self.recent)
        total = sum(len(block.rows) for block in blocks)
        late = max(FIRST, total - self.room_for_recent)
        before = 0
        for block in blocks:
            for start, stop in ((0, FIRST), (late, total)):
                start, stop = max(start - before, 0), min(stop - before, len(block.rows))
                if start < stop:
                    yield block, start, stop
            before += len(block.rows)


def _step(site: Site, index: int, measured: Any, norms: list[float], values: list[float]) -> Step:
    """One row of numbers as a step.

    Args:
        site: Where it was made.
        index: Its number there.
        measured: The row.
        norms: The same as norms.
        values: Norms of the variables.
    """
    updates = []
    width, spare = site.width, site.directed or site.parted
    numbers = measured.tolist() if spare else []
    for position, (variable, value) in enumerate(zip(site.variables, values, strict=True)):
        start = position * width
        gradient, change = norms[start], norms[start + 1]
        given, along, part = site.given[position], None, None
        if spare and site.directed and gradient and change and given:
            product = numbers[start + 2]
            along = -product / (gradient * change) if math.isfinite(product) else None
        if spare and site.parted and given:
            part = None if numbers[start + 2] < 0 else norms[start + 2]
            given = gradient >= 0 or math.isnan(gradient)
        updates.append(Update(variable, gradient if given else None, value, change, along, part))
    loss, rate, iterations = (
        None if math.isnan(number) else number for number in measured[-EXTRA:].tolist()
    )
    counter = None if iterations is None else int(iterations)
    return Step(index, site.apply, tuple(updates), loss, rate, counter)


def last_row(site: Site) -> tuple[int, dict[int, float | None], float | None] | None:
    """The latest step: its index, the norms of its gradients, its learning rate."""
    blocks = site.recent or site.first
    if not blocks:
        return None
    numbers = blocks[-1].rows[-1].tolist()
    norms = {
        key: _norm(numbers[position * site.width]) if site.given[position] else None
        for position, key in enumerate(site.variables)
    }
    rate = numbers[-EXTRA + 1]
    return site.count, norms, None if math.isnan(rate) else rate


def _norms(rows: Any) -> list[list[float]]:
    """Norms from half the sums of squares of whole steps; what is negative stays as it is."""
    import numpy as np

    exact = rows.astype(np.float64)
    with np.errstate(invalid="ignore"):
        return np.where(exact >= 0, np.sqrt(2.0 * exact), exact).tolist()  # type: ignore[no-any-return]


def _norm(half_square: float) -> float:
    """Norm from half the sum of squares; infinite and NaN stay so."""
    return math.sqrt(2.0 * half_square) if half_square >= 0 else half_square
