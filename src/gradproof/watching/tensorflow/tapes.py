"""Gradient tapes: what they recorded, what they were asked, what came out."""

from __future__ import annotations

import dataclasses
import itertools
import threading
import weakref
from collections import Counter
from typing import Any

from ...evidence.gradients import GradientCall, Tape
from ...finding import Place
from ..patches import Patches
from ..places import Places, Stack
from .eager import EagerOperations, in_graph
from .frames import stack_here
from .frozen import FrozenNumbers
from .functions import Functions
from .graphs import TracedOperations
from .kinds import bare, is_variable
from .notes import CallNote, Operations, TapeNote, flat, identity
from .plain_tapes import plain_call, plain_tape
from .variables import Variables

KEEP = 3
"""Steps of each tape that are recorded operation by operation."""

UNASKED = 16
"""The same while none of them was asked for a gradient, or few steps were made: parts of a large
batch, say."""


class Tapes:
    """All tapes and gradient calls that are worth remembering.

    Args:
        functions: The traced functions, which know the graph that is being traced.
        frozen: Is told of each tape that is opened while tracing.
    """

    def __init__(
        self,
        places: Places,
        variables: Variables,
        eager: EagerOperations,
        functions: Functions,
        frozen: FrozenNumbers,
    ) -> None:
        self.notes: list[TapeNote] = []
        self.calls: list[CallNote] = []
        self.origin: dict[Any, tuple[int, int]] = {}
        self.latest: dict[int, Any] = {}
        self.trained: set[int] = set()
        self.loss: Any = None
        self.last: CallNote | None = None
        self.steps = 0
        self.passed = 0
        self._lit = -1
        self.fresh = False
        self._places = places
        self._variables = variables
        self._eager = eager
        self._functions = functions
        self._frozen = frozen
        self._of: weakref.WeakKeyDictionary[Any, TapeNote] = weakref.WeakKeyDictionary()
        self._seen: Counter[Stack] = Counter()
        self._asked: Counter[Stack] = Counter()
        self._answers: set[Stack] = set()
        self._patterns: set[tuple[Place | None, tuple[bool, ...]]] = set()
        self._local = threading.local()
        self._numbers = itertools.count(1)

    def install(self, patches: Patches) -> None:
        """Watches `tf.GradientTape`."""
        from tensorflow.python.eager.backprop import GradientTape

        patches.around(
            GradientTape,
            "_push_tape",
            before=lambda tape, args, kwargs: tape._tape is None,
            after=lambda fresh, tape, result: self._push(tape, fresh),
        )
        patches.around(GradientTape, "_pop_tape", before=lambda tape, args, kw: self._pop(tape))
        patches.around(GradientTape, "watch", before=self._watch)
        for method in ("gradient", "jacobian", "batch_jacobian"):
            patches.around(
                GradientTape,
                method,
                before=lambda tape, args, kwargs, method=method: self._ask(
                    tape, args, kwargs, method
                ),
                after=self._answered,
                raised=lambda note, tape, problem: self._answered(note, tape, None, problem),
            )

    @property
    def open(self) -> list[TapeNote]:
        """Tapes that are recording in this thread, outermost first."""
        found: list[TapeNote] | None = getattr(self._local, "open", None)
        if found is None:
            found = self._local.open = []
        return found

    def _push(self, tape: Any, fresh: bool) -> None:
        """A tape records from now on; what it had recorded is gone if it is fresh."""
        note = None if fresh else self._of.get(tape)
        if note is None:
            self._of.pop(tape, None)
            note = self._new(tape)
            if note is None:
                return
            self._of[tape] = note
            self.notes.append(note)
        self.open.append(note)
        self._mark(note, True)

    def _new(self, tape: Any) -> TapeNote | None:
        operations: Operations | None
        if in_graph():
            operations = self._functions.graph()
            if operations is None:
                return None
            stack, _ = stack_here(self._places)
            self._frozen.note()
        else:
            stack, _ = self._places.here(4)
            self._seen[stack] += 1
            # Gradients of several parts of a batch may make one step.
            alone = stack not in self._answers or self.steps < 2
            if self._seen[stack] <= (UNASKED if alone else KEEP):
                self._eager.start()
            elif not self.open:
                self._eager.stop()
            if not self._eager.on:
                return None
            operations = self._eager
            self._eager.pinned = True
        return TapeNote(
            next(self._numbers),
            operations,
            stack,
            len(operations),
            bool(tape._persistent),
            bool(tape._watch_accessed_variables),
            tuple(outer.key for outer in self.open),
            self._eager.gaps,
        )

    def _pop(self, tape: Any) -> None:
        note = self._of.get(tape)
        if note is not None and note in self.open:
            self.open.remove(note)
            self._mark(note, False)

    def _mark(self, note: TapeNote, recording: bool) -> None:
        """Tells the recording which tapes are on."""
        operations = note.operations
        if isinstance(operations, EagerOperations):
            operations.tapes = frozenset(
                other.key for other in self.open if other.operations is operations
            )
        else:
            spans = operations.tapes.setdefault(note.key, [])
            if recording:
                spans.append((len(operations), None))
            elif spans:
                spans[-1] = (spans[-1][0], len(operations))
        note.closed = None if recording else len(operations)

    def _watch(self, tape: Any, args: Any, kwargs: Any) -> None:
        note = self._of.get(tape)
        if note is not None:
            stack = (stack_here(self._places) if in_graph() else self._places.here(4))[0]
            for tensor in flat(args[0] if args else kwargs.get("tensor")):
                if is_variable(tensor):
                    continue
                if not in_graph() and hasattr(tensor, "_id"):
                    tensor = self._eager.locate(tensor, stack)
                note.watches.append((tensor, stack[-1] if stack else None))

    def _ask(self, tape: Any, args: Any, kwargs: Any, method: str) -> CallNote | None:
        if getattr(self._local, "asking", False):
            return None
        names = ("target", "sources", "output_gradients", "unconnected_gradients")
        given = {**dict(zip(names, args, strict=False)), **kwargs}
        targets = flat(given.get("target"))
        self.loss = targets[0] if len(targets) == 1 else None
        note = self._of.get(tape)
        if note is None:
            self._local.sources = flat(given.get("sources"))
            return None
        traced = isinstance(note.operations, TracedOperations)
        stack = (stack_here(self._places) if traced else self._places.here(4))[0]
        note.watched = frozenset(
            key
            for key in (self._variables.key(variable) for variable in tape.watched_variables())
            if key is not None and self._variables.trains(key)
        )
        call = CallNote(
            next(self._numbers),
            note,
            stack,
            len(note.operations),
            0,
            targets,
            flat(given.get("sources")),
            None,
            method,
            traced,
            str(
                getattr(
                    given.get("unconnected_gradients"), "value", given.get("unconnected_gradients")
                )
            )
            == "zero",
            any(other is not note for other in self.open),
            min(self.passed, self._asked[stack]),
        )
        call.asked = len(call.sources)
        call.before = self._functions.calls
        self._asked[stack] += 1
        self._local.asking = True
        self._eager.backward = not traced
        return call

    def _answered(self, call: CallNote | None, tape: Any, result: Any, problem: Any = None) -> None:
        if call is None:
            if result is not None:
                self._light(tape, result)
            return
        self._local.asking = False
        self._eager.backward = False
        self._answers.add(call.tape.stack)
        call.end = len(call.tape.operations)
        if isinstance(call.tape.operations, TracedOperations):
            call.tape.operations.ranges.append((call.at, call.end, "gradient"))
        if problem is not None:
            call.error = f"{type(problem).__name__}: {str(problem)[:300]}"
        else:
            call.results = flat(result)
            self._remember(call)
        self.calls.append(call)
        self.last = call
        self._lit = -1 if call.traced else self.steps
        self.fresh = True
        if not call.traced:
            plain_call(call, self._variables)

    def _light(self, tape: Any, result: Any) -> None:
        """A call that is not recorded: looks only whether something is new."""
        if getattr(self._local, "asking", False) or in_graph():
            return
        self._lit = self.steps
        results = flat(result)
        # A change by hand may follow: it is measured by the gradient of its own step.
        for source, gradient in zip(self._local.sources, results, strict=False):
            key = self._variables.key(source) if is_variable(source) else None
            if key in self.trained:
                self.latest[key] = gradient
        stack, _ = self._places.here(4)
        self._asked[stack] += 1
        lacking = tuple(part is None for part in results)
        pattern = (stack[-1] if stack else None, lacking)
        if pattern not in self._patterns:
            self._patterns.add(pattern)
            if any(lacking):
                for seen in self._seen:
                    self._seen[seen] = min(self._seen[seen], KEEP - 2)

    def _remember(self, call: CallNote) -> None:
        results = call.results or []
        self._patterns.add(
            (call.stack[-1] if call.stack else None, tuple(part is None for part in results))
        )
        for source, gradient in zip(call.sources, results, strict=False):
            key = self._variables.key(source) if is_variable(source) else None
            if key is None:
                continue
            self.trained.add(key)
            self.latest[key] = gradient
            if gradient is not None:
                self.origin[identity(gradient)] = (call.key, key)

    def taken_now(self, key: int) -> Any:
        """The gradient that was taken for a variable since the last eager step."""
        gradient = self.latest.get(key)
        eager = getattr(gradient, "values", gradient)  # of single rows
        sized = getattr(gradient, "dense_shape", ()) is not None
        fresh = self._lit == self.steps and sized
        return gradient if fresh and hasattr(eager, "numpy") else None

    def shape_of(self, operations: Operations) -> tuple[Any, ...]:
        """What the tapes of a trace tell it apart by from another trace."""
        return tuple(
            (call.stack, call.asked, tuple(identity(bare(source)) for source in call.sources))
            for call in self.calls
            if call.tape.operations is operations
        )

    def forget(self, operations: Operations) -> None:
        """Drops the notes of a trace that another one has replaced."""
        self.notes = [note for note in self.notes if note.operations is not operations]
        self.calls = [call for call in self.calls if call.tape.operations is not operations]

    def settle(self, operations: Operations) -> None:
        """Turns the notes of a finished graph into plain data."""
        for note in self.notes:
            if note.operations is operations:
                plain_tape(note, self._eager.gaps)
        for call in self.calls:
            if call.tape.operations is operations:
                plain_call(call, self._variables, final=True)

    def record(self, calls: int) -> tuple[tuple[Tape, ...], tuple[GradientCall, ...]]:
        """Tapes and calls as plain data.

        Args:
            calls: Calls of traced functions so far.
        """
        return (
            tuple(plain_tape(note, self._eager.gaps) for note in self.notes),
            tuple(
                dataclasses.replace(
                    plain_call(call, self._variables),
                    times=max(1, calls - call.before)
                    if call.traced
                    else max(1, self._asked[call.stack]),
                )
                for call in self.calls
            ),
        )
