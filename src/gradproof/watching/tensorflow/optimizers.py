"""Who changes variables: optimizers through their one funnel, and `assign`."""

from __future__ import annotations

import dataclasses
import itertools
import threading
import weakref
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ...evidence.applies import Apply, Optimizer, Pair
from ...evidence.origins import follow
from ..patches import Patches
from ..places import Places, Stack
from . import replicas
from .audit import Audits, Opened
from .eager import EagerOperations, in_graph
from .generations import of_keras_2
from .graphs import TracedOperations, stack_here
from .measures import Before, measurable, scalar
from .notes import Operations, identity
from .numbers import Numbers
from .optimizer_state import rule_at
from .pairs import inner_of, keep_pairs, kind_of_gradient, known_to, name_of, pairs_of
from .rates import Rates
from .schedules import described
from .sites import Site
from .sums import Sums
from .tapes import KEEP, Tapes
from .variables import Variables, bare, is_variable
from .writes import Writes

HANDMADE = 400
"""Changes by hand that are remembered one by one."""


@dataclass
class ApplyNote:
    """An apply call while its tensors live."""

    key: int
    stack: Stack
    operations: Operations
    at: int
    by: str
    optimizer: int | None
    pairs: list[tuple[int | None, str, Any, str]]
    traced: bool
    given: str
    known: frozenset[int] | None
    call: int | None
    replicas: int = 1
    replica: int = 0
    error: str | None = None
    counted: int = 0
    site: Site | None = None
    plain: Apply | None = None
    settled: bool = False


@dataclass
class _Passage:
    """One apply call under way."""

    note: ApplyNote | None
    site: Site | None = None
    variables: list[Any] = field(default_factory=list)
    keys: list[int] = field(default_factory=list)
    gradients: list[Any] = field(default_factory=list)
    earlier: list[Before] = field(default_factory=list)
    audit: Opened | None = None
    loss: Any = None
    rate: Any = None
    iterations: Any = None
    start: int = 0
    outermost: bool = True
    merging: bool = False


class Applies:
    """Every place at which variables are changed."""

    def __init__(
        self,
        places: Places,
        variables: Variables,
        eager: EagerOperations,
        tapes: Tapes,
        graph_of: Callable[[], TracedOperations | None],
        passed: Callable[[], None],
        by_hand: Callable[[int], None],
    ) -> None:
        self.notes: list[ApplyNote] = []
        self.numbers = Numbers()
        self.writes = Writes(places, variables)
        self.rates = Rates(places)
        self.audits = Audits(
            variables,
            tapes.taken_now,
            lambda tensor: identity(tensor) in tapes.origin,
            self.numbers.flush,
        )
        self.unwatched: set[str] = set()
        self.optimizers: list[Optimizer] = []
        self.sums = Sums()
        self._merging = 0
        self._places = places
        self._variables = variables
        self._eager = eager
        self._tapes = tapes
        self._graph_of = graph_of
        self._passed = passed
        self._by_hand = by_hand
        self.passages = 0
        self._keys: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
        self._notes: dict[Any, ApplyNote] = {}
        self._times: Counter[Any] = Counter()
        self._local = threading.local()
        self._numbers = itertools.count(1)

    def install_assigns(self, patches: Patches) -> None:
        """Watches `assign*` of `tf.Variable`s, and so of Keras variables."""
        from tensorflow.python.ops.resource_variable_ops import (
            BaseResourceVariable,
            ResourceVariable,
        )

        # ResourceVariable has its own, set by TensorFlow's weak tensors.
        for kind in (BaseResourceVariable, ResourceVariable):
            for name in ("assign", "assign_add", "assign_sub"):
                if name in vars(kind):
                    patches.around(
                        kind,
                        name,
                        before=lambda variable, args, kwargs, name=name: self._assigning(
                            variable, args, kwargs, name
                        ),
                        after=lambda passage, variable, result: self._assigned(passage),
                        raised=lambda passage, variable, problem: self._unassigned(passage),
                    )

    def install_optimizer(self, patches: Patches, kind: Any, methods: tuple[str, ...]) -> None:
        """Watches the optimizers of one Keras generation."""
        for name in methods:
            if name in vars(kind):
                patches.around(
                    kind,
                    name,
                    before=lambda optimizer, args, kwargs, name=name: self._applying(
                        optimizer, args, kwargs, name
                    ),
                    after=lambda note, optimizer, result: self._applied(note, optimizer),
                    raised=self._failed,
                    prepare=keep_pairs if name == "apply_gradients" else None,
                )
        if "__init__" in vars(kind):
            patches.around(kind, "__init__", after=lambda note, new, result: self._made(new))

    def made(self) -> tuple[Optimizer, ...]:
        """All optimizers as plain data; those gone as last seen."""
        for optimizer, key in list(self._keys.items()):
            self.optimizers[key - 1] = described(optimizer, self.optimizers[key - 1])
        return tuple(self.optimizers)

    @property
    def _depth(self) -> int:
        return getattr(self._local, "depth", 0)

    def _made(self, optimizer: Any) -> None:
        self.rates.made(optimizer, self.key(optimizer, True))

    @property
    def used(self) -> bool:
        """An optimizer was asked to apply gradients: it is not only there."""
        return any(note.optimizer is not None for note in self.notes)

    def key(self, optimizer: Any, new: bool = False) -> int:
        """The number of an optimizer object."""
        found = self._keys.get(optimizer)
        if found is not None:
            return found
        found = self._keys[optimizer] = len(self.optimizers) + 1
        stack: Stack = ()
        if new:
            stack = (stack_here(self._places) if in_graph() else self._places.here(4))[0]
        module = next(
            (
                base.__module__
                for base in type(optimizer).__mro__
                if base.__module__.startswith(("keras.", "tf_keras."))
            ),
            "",
        )
        self.optimizers.append(
            Optimizer(
                found,
                type(optimizer).__name__,
                stack[-1] if stack else None,
                "trace" if new and in_graph() else "",
                generation="2" if of_keras_2(module) else "3",
                rule_at=rule_at(optimizer, self._places),
            )
        )
        return found

    def _applying(self, optimizer: Any, args: Any, kwargs: Any, method: str) -> _Passage | None:
        given, pairs = pairs_of(method, args, kwargs, optimizer)
        if method == "minimize" and given != "loss":
            return None  # it goes on to `apply_gradients`, which tells all
        depth = self._depth
        self._local.depth = depth + 1
        if depth:
            return _Passage(None, outermost=False)
        if given == "spent" and (self._tapes.last is None or not self._tapes.last.asked):
            given = "empty"
        traced = in_graph()
        operations: Operations | None = self._graph_of() if traced else self._eager
        # Replicas hand their gradients to the main thread, which assigns for all.
        passage = _Passage(None, merging=replicas.count() > 1)
        self._merging += passage.merging
        if operations is None:
            return passage
        passage.start = len(operations)
        note = self._note(optimizer, method, given, pairs, operations, traced)
        passage.note = note
        self._measure(passage, note, pairs, optimizer)
        if not traced:
            self._eager.paused = True
        return passage

    def _note(
        self,
        optimizer: Any,
        method: str,
        given: str,
        pairs: list[tuple[Any, Any]],
        operations: Operations,
        traced: bool,
    ) -> ApplyNote:
        """The note of this place, a new one when something is new."""
        stack = (stack_here(self._places) if traced else self._places.here(5))[0]
        number = self.key(optimizer)
        keys = [
            self._variables.key(variable) if is_variable(variable) else None
            for _, variable in pairs
        ]
        pattern = (
            stack[-1] if stack else None,
            number,
            given,
            tuple(keys),
            tuple(gradient is None for gradient, _ in pairs),
            operations.key,
            replicas.index(),
        )
        self._times[pattern] += 1
        if not traced and self._times[pattern] > KEEP:
            return self._notes[pattern]
        note = ApplyNote(
            next(self._numbers),
            stack,
            operations,
            len(operations),
            type(inner_of(optimizer)).__name__
            if method != "minimize"
            else type(optimizer).__name__,
            number,
            [
                (key, kind_of_gradient(gradient), self._own(gradient), name_of(variable))
                for key, (gradient, variable) in zip(keys, pairs, strict=True)
            ],
            traced,
            given,
            known_to(optimizer, self._variables),
            self._tapes.last.key if self._tapes.last is not None else None,
            replicas.count(),
            replicas.index() or 0,
        )
        earlier = self._notes.get(pattern)
        if earlier is not None:
            note.site = earlier.site
        self._notes[pattern] = note
        self.notes.append(note)
        if not traced:
            self._plain_apply(note)
        self._tapes.fresh = True
        return note

    def _own(self, gradient: Any) -> Any:
        """A gradient; of one that the replica had summed its own part."""
        part = self.sums.part_of(gradient)
        return gradient if part is None else part

    def _measure(
        self, passage: _Passage, note: ApplyNote, pairs: list[tuple[Any, Any]], optimizer: Any
    ) -> None:
        """Reads the values before the step."""
        if note.given != "pairs":
            return
        parted = note.replicas > 1
        if parted and replicas.index() is None:
            self.unwatched.add("steps applied outside the replicas of a strategy")
            return
        for gradient, variable in pairs:
            key = self._variables.key(variable) if is_variable(variable) else None
            here = replicas.local(variable) if parted and key is not None else variable
            if key is None or key in passage.keys or not measurable(here):
                continue
            passage.keys.append(key)
            passage.variables.append(here)
            passage.gradients.append(gradient)
        if not passage.variables or (note.traced and self.numbers.saving):
            return
        if note.site is None:
            note.site = self._site(note, passage)
        passage.site = note.site
        if parted:
            self.sums.begin(passage.gradients)
            passage.loss = self._loss(note)
        self._eager.paused = True
        passage.earlier = self.numbers.before(passage.variables)
        if note.traced or note.counted < KEEP or note.counted % 16 == 0:
            passage.rate, passage.iterations = _state(optimizer)
        if not parted:
            passage.audit = self.audits.begin(
                note.site, optimizer, passage.variables, passage.gradients, note.traced
            )
        self._eager.paused = False

    def _site(self, note: ApplyNote, passage: _Passage, directed: bool = False) -> Site:
        site = Site(
            note.key,
            tuple(passage.keys),
            tuple(gradient is not None for gradient in passage.gradients),
            directed,
            note.replicas > 1,
            note.replica,
        )
        self.numbers.sites.append(site)
        return site

    def _finish(self, passage: _Passage) -> None:
        """Measures what the step did."""
        note = passage.note
        if note is None:
            return
        operations = note.operations
        note.counted += 1
        first = note.replica == 0
        self.passages += note.optimizer is not None and not note.traced and first
        if passage.site is not None:
            gradients, parts = passage.gradients, None
            if passage.site.parted:
                gradients, parts = self.sums.end(passage.gradients)
            self.numbers.after(
                passage.site,
                passage.variables,
                gradients,
                passage.earlier,
                passage.loss if passage.site.parted else self._loss(note),
                passage.rate,
                passage.iterations,
                parts,
            )
            self.audits.end(passage.audit, passage.rate)
        if isinstance(operations, TracedOperations):
            operations.ranges.append((passage.start, len(operations), "apply"))
        if not note.traced:
            self._tapes.steps += first
            if note.plain is not None:
                note.plain = dataclasses.replace(note.plain, counted=note.counted)
        if first:
            self._passed()

    def _loss(self, note: ApplyNote) -> Any:
        """The latest target, if it can be read where the step happens."""
        loss = self._tapes.loss
        if loss is None or not hasattr(loss, "dtype") or not loss.dtype.is_floating:
            return None
        if hasattr(loss, "numpy"):
            return loss if not note.traced else None
        graph = getattr(note.operations, "graph", None)
        return loss if note.traced and loss.graph is graph else None

    def _applied(self, passage: _Passage | None, optimizer: Any) -> None:
        if passage is None:
            return
        self._merging -= passage.merging
        self._local.depth = max(0, self._depth - 1)
        if passage.outermost:
            self._eager.paused = True
            try:
                self._finish(passage)
            finally:
                self._eager.paused = False
            if passage.note is not None and passage.note.counted == 1:
                # It may be gone before anybody asks.
                key = self.key(optimizer)
                self.optimizers[key - 1] = described(optimizer, self.optimizers[key - 1])

    def _failed(self, passage: _Passage | None, optimizer: Any, problem: BaseException) -> None:
        if passage is None:
            return
        self._merging -= passage.merging
        self._local.depth = max(0, self._depth - 1)
        if passage.outermost:
            self._eager.paused = False
            if passage.note is not None:
                passage.note.error = f"{type(problem).__name__}: {str(problem)[:300]}"
                plain = self._plain_apply(passage.note)
                passage.note.plain = dataclasses.replace(plain, error=passage.note.error)

    def _assigning(self, variable: Any, args: Any, kwargs: Any, name: str) -> _Passage | None:
        self.writes.note(variable, name, not self._depth, bool(self._tapes.open))
        busy = self._depth or self._merging or self._eager.paused
        if busy or not getattr(variable, "trainable", False):
            return None
        key = self._variables.key(variable)
        if key is None or not self._tapes.trained:
            return None
        traced = in_graph()
        if traced and _initializing():
            return None
        operations: Operations | None = self._graph_of() if traced else self._eager
        if operations is None or len(self.notes) > HANDMADE:
            return None
        stack, via = stack_here(self._places) if traced else self._places.here(4)
        word = next((step for step in via if step.startswith("assign_")), name)
        pattern = (stack[-1] if stack else None, key, word, operations.key)
        self._times[pattern] += 1
        self._by_hand(self._times[pattern])
        passage = _Passage(None, start=len(operations))
        value = args[0] if args else kwargs.get("value", kwargs.get("delta"))
        note = self._notes.get(pattern)
        if note is None or traced or self._times[pattern] <= KEEP:
            note = self._hand_note(note, stack, operations, word, key, variable, value, traced)
            self._notes[pattern] = note
        passage.note = note
        measured = not (traced and self.numbers.saving) and replicas.count() == 1
        if measured and key in self._tapes.trained and measurable(variable):
            gradient = self._tapes.latest.get(key)
            if gradient is not None and _usable(gradient, traced, operations):
                passage.gradients = [gradient]
            else:
                passage.gradients = [None]
            passage.variables, passage.keys = [variable], [key]
            if note.site is None:
                note.site = self._site(note, passage, directed=True)
            passage.site = note.site
            passage.earlier = self.numbers.before(passage.variables)
        self._local.depth = self._depth + 1
        return passage

    def _hand_note(
        self,
        earlier: ApplyNote | None,
        stack: Stack,
        operations: Operations,
        word: str,
        key: int,
        variable: Any,
        value: Any,
        traced: bool,
    ) -> ApplyNote:
        note = ApplyNote(
            next(self._numbers),
            stack,
            operations,
            len(operations),
            word,
            None,
            [(key, "gradient", value, name_of(variable))],
            traced,
            "pairs",
            None,
            self._tapes.last.key if self._tapes.last is not None else None,
        )
        if earlier is not None and not traced:
            note.site = earlier.site
        self.notes.append(note)
        if not traced:
            self._plain_apply(note)
        return note

    def _unassigned(self, passage: _Passage | None) -> None:
        if passage is not None:
            self._local.depth = max(0, self._depth - 1)

    def _assigned(self, passage: _Passage | None) -> None:
        if passage is not None:
            self._local.depth = max(0, self._depth - 1)
            self._eager.paused = True
            try:
                self._finish(passage)
            finally:
                self._eager.paused = False

    def forget(self, operations: Operations) -> None:
        """Drops the notes of a trace that another one has replaced."""
        gone = {note.key for note in self.notes if note.operations is operations}
        self.notes = [note for note in self.notes if note.key not in gone]
        self.numbers.sites = [site for site in self.numbers.sites if site.apply not in gone]
        self.audits.forget(gone)

    def settle(self, operations: Operations) -> None:
        """Turns the notes of a finished graph into plain data."""
        for note in self.notes:
            if note.operations is operations:
                self._plain_apply(note, final=True)

    def record(self) -> tuple[Apply, ...]:
        """All apply calls as plain data."""
        return tuple(self._plain_apply(note) for note in self.notes)

    def _plain_apply(self, note: ApplyNote, final: bool = False) -> Apply:
        if note.plain is not None and (note.settled or not note.traced):
            return note.plain
        operations = note.operations
        at = operations.position(note.at) if isinstance(operations, TracedOperations) else note.at
        note.plain = Apply(
            note.key,
            note.stack,
            operations.key,
            at,
            note.by,
            note.optimizer,
            tuple(self._pair(note, *pair) for pair in note.pairs),
            note.traced,
            note.given,
            note.error,
            note.known,
            note.counted,
            note.call,
            note.replicas,
            note.replica,
        )
        if final or not note.traced:
            note.settled = True
            note.pairs = []
        return note.plain

    def _pair(self, note: ApplyNote, key: int | None, kind: str, gradient: Any, name: str) -> Pair:
        if kind != "gradient":
            buffer = self._variables.key(gradient) if kind == "variable" else None
            return Pair(key, kind, None, None, name, buffer=buffer)
        found = self._tapes.origin.get(identity(gradient))
        if isinstance(note.operations, EagerOperations) and not note.operations.on:
            index = -1
        else:
            index = note.operations.find(getattr(gradient, "values", gradient))
        handed = index if index >= 0 else None
        if found is not None:
            return Pair(key, kind, frozenset({found[1]}), found[0], name, handed)
        if handed is None:
            return Pair(key, kind, None, None, name)
        taken = follow(note.operations.record(), handed, self._results(note.operations))
        return Pair(key, kind, taken, None, name, handed)

    def _results(self, operations: Operations) -> dict[int, frozenset[int]]:
        """For operations that made gradients: the variables they are for."""
        found: dict[int, set[int]] = {}
        for call in self._tapes.calls:
            if call.tape.operations is not operations:
                continue
            if call.plain is not None and call.settled:
                for source in call.plain.sources:
                    if source.result is not None and source.variable is not None:
                        found.setdefault(source.result, set()).add(source.variable)
                continue
            for source, gradient in zip(call.sources, call.results or [], strict=False):
                key = self._variables.key(source) if is_variable(source) else None
                if key is not None and gradient is not None:
                    index = operations.find(getattr(gradient, "values", gradient))
                    found.setdefault(index, set()).add(key)
        return {index: frozenset(keys) for index, keys in found.items() if index >= 0}


def _state(optimizer: Any) -> tuple[Any, Any]:
    """Learning rate and counter in force: numbers, or tensors of a graph."""
    inner = inner_of(optimizer)
    try:
        rate = (
            inner._get_current_learning_rate()
            if hasattr(inner, "_get_current_learning_rate")
            else inner.learning_rate
        )
        iterations = inner.iterations
    except (AttributeError, TypeError, ValueError):
        return None, None
    if callable(rate) and not hasattr(rate, "dtype"):
        rate = rate(bare(iterations))
    if in_graph():
        return scalar(rate), None
    return float(replicas.local(rate)), int(replicas.local(iterations))


def _usable(gradient: Any, traced: bool, operations: Operations) -> bool:
    """The gradient belongs to the graph (or the eager code) at hand."""
    tensor = getattr(gradient, "values", gradient)
    eager = hasattr(tensor, "numpy")
    if not traced:
        return eager
    return eager or tensor.graph is operations.graph  # type: ignore[union-attr]


def _initializing() -> bool:
    """TensorFlow is tracing the first values of variables made in a function."""
    from tensorflow.python.framework import ops

    graph = ops.get_default_graph()
    while graph is not None and getattr(graph, "name", "") != "initialize_variables":
        graph = getattr(graph, "outer_graph", None)
    return graph is not None
