"""Reads one program: what is known at every moment of the reading.

The reader follows the program forward as Python would run it, with values
that are only partly known. Branches are joined, loops run twice, functions of
the file are entered at each call. What it meets on the way goes to `facts`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from ..evidence.loop import Spot
from ..finding import Span
from . import modules
from .dependence import NO_FLOW, Flow, Path, Trail
from .facts import Facts
from .flow import cut as cut_flow
from .flow import merge, origin, recorded
from .joining import leaves
from .noticing import state
from .project import FIRST_ELSEWHERE, Project, Source
from .python import calls, expressions, statements, uncalled
from .store import Store
from .values import (
    Constant,
    Dataset,
    DictValue,
    Function,
    Group,
    Instance,
    Layer,
    ListValue,
    Module,
    Scope,
    Tape,
    Tensor,
    Unknown,
    Value,
    Variable,
    Zip,
)

MOST_STEPS = 60_000
"""Expressions and statements read in one file before the reading ends."""

DEEPEST = 24
"""Calls within calls that are followed."""


_AT_A_CALL = "tapes active silent indexing replicas keras_calls outer_call outer_flag".split()
"""What a call leaves as it was."""


class Exhausted(Exception):
    """The program is larger than one reading may be."""


@dataclass(eq=False, repr=False)
class Frame:
    """One call that is being followed.

    Attributes:
        scopes: Innermost first.
        traced: The traced function around this call, if any.
        open_ended: What it yields may be more than `yielded`, or less.
        guarded: Branches around the present statement; `unsure`: those of them that nobody knows
            to be taken.
        training: Whether Keras runs in training, as far as the calls say.
        building: Whether a layer is making its variables here.
        looping: Loops around the present statement; `long_loops`: those of
            more than a few rounds; `sampling`: those of which not every round is followed;
            `gathering`: those of comprehensions.
        block: For a context manager: what to follow where it yields.
        tests: Conditions on tensors around the present statement.
    """

    scopes: tuple[Scope, ...]
    function: Function | None = None
    call: ast.AST | None = None
    receiver: Value | None = None
    returned: list[Value] = field(default_factory=list)
    yielded: list[Value] = field(default_factory=list)
    open_ended: bool = False
    traced: Function | None = None
    guarded: int = 0
    unsure: int = 0
    training: object = None
    building: bool = False
    looping: int = 0
    gathering: int = 0
    long_loops: int = 0
    sampling: int = 0
    keras_call: object = None
    block: Callable[[Value], None] | None = None
    tests: list[ast.expr] = field(default_factory=list)


class Reader:
    """The state of one reading."""

    def __init__(
        self,
        source: Source,
        generation: str | None,
        project: Project | None = None,
    ) -> None:
        self.source = source
        self.project = project
        self.modules: dict[str, Module] = {}
        self.following: tuple[Module, ...] = ()
        self.cut_short = False
        self.unfinished = False
        self.looked_up: set[tuple[int, str]] = set()
        self.module_steps = 0
        self.most_steps = MOST_STEPS
        self._sources = [source]
        self._trains: bool | None = None
        self.generation = generation
        self.store = Store()
        self.facts = Facts(self)
        self.tapes: list[Tape] = []
        self.active: frozenset[int] = frozenset()
        self.module = Scope()
        known = Module("__main__", source.path, source, self.module, followed=True)
        self.modules[source.path] = known
        self.frames = [Frame((self.module,))]
        self.steps = 0
        self.serial = 0
        self.speculative = False
        self.entered: set[int] = set()
        self.loops: dict[int, int] = {}
        self.constants: dict[int, Constant] = {}
        self.functions: list[Function] = []
        self.silent = False
        self.built_reads: set[int] = set()
        self.indexing = False
        self.replicas: list[int] = []  # of each `strategy.run` on the way: the frames before it
        self.keras_calls = 0
        self.outer_call: tuple[Layer | Instance, ast.AST, int, Path] | None = None
        self.runs_eagerly = False
        self.phase: Constant | Unknown | None = None
        self.outer_flag: Value | None = None
        self.default_flags: set[int] = set()
        self.samples: dict[int, Instance] = {}

    # The program

    def run(self) -> None:
        """Follows the module, then every function nobody called."""
        try:
            self.execute(self.source.tree.body)
            self.speculative = True
            uncalled.visit_uncalled(self)
        except Exhausted:
            self.cut_short = self.unfinished = True

    @property
    def frame(self) -> Frame:
        """The call being followed."""
        return self.frames[-1]

    def count_step(self) -> None:
        """Counts one step of the reading.

        Raises:
            Exhausted: Too many.
        """
        self.steps += 1
        if self.steps > self.most_steps:
            raise Exhausted

    @contextmanager
    def sparing(self, steps: int) -> Iterator[None]:
        """Ends the block, not the reading, when it takes more than so many steps."""
        all_steps, self.most_steps = self.most_steps, min(self.most_steps, self.steps + steps)
        before = {name: getattr(self, name) for name in _AT_A_CALL}
        frames, branches = list(self.frames), self.store.branches
        try:
            yield
        except Exhausted:
            if self.steps > all_steps:
                raise
            self.cut_short = True
            while self.store.branches > branches:
                self.store.take_back()
            self.frames = frames
            for name, value in before.items():
                setattr(self, name, value)
        finally:
            self.most_steps = all_steps

    def evaluate(self, node: ast.expr) -> Value:
        """What an expression may be."""
        return expressions.evaluate(self, node)

    def execute(self, body: list[ast.stmt]) -> str | None:
        """Follows statements; says how they end: `return`, `loop`, `raise`."""
        return statements.execute(self, body)

    def call(
        self, callee: Value, arguments: list[Value], keywords: dict[str, Value], node: ast.AST
    ) -> Value:
        """What a call gives."""
        return calls.call(self, callee, arguments, keywords, node)

    # Places

    def trains(self) -> bool:
        """Says whether the program trains, itself or by a file it imports."""
        if self._trains is None:
            self._trains = self.source.trains or modules.trained_elsewhere(self)
        return self._trains

    @property
    def sources(self) -> list[Source]:
        """The files that take part, the program itself first."""
        return self._sources

    def add_source(self, source: Source) -> None:
        """Lets another file take part."""
        self._sources.append(source)

    @property
    def lines(self) -> Iterator[str]:
        """The lines of all files that take part."""
        return (line for source in self._sources for line in source.lines)

    def home(self, node: ast.AST) -> Source:
        """The file that a node stands in."""
        return self.source_of(int(getattr(node, "lineno", 1)))

    def around(self, node: ast.AST) -> list[ast.AST]:
        """What a node stands in, in its own file, outermost first, and the node itself."""
        return self.home(node).around(node)

    def source_of(self, line: int) -> Source:
        """The file that a line number belongs to."""
        if line < FIRST_ELSEWHERE:
            return self.source
        return max(
            (source for source in self._sources if source.first < line),
            key=lambda source: source.first,
            default=self.source,
        )

    def path(self, node: ast.AST) -> Path:
        """The calls that lead here, then the node."""
        return (*(frame.call for frame in self.frames[1:] if frame.call is not None), node)

    def span(self, node: ast.AST) -> Span:
        """The place of a node; columns count characters from 1."""
        line = int(getattr(node, "lineno", 1))
        end = int(getattr(node, "end_lineno", None) or line)
        start_column = self._column(line, int(getattr(node, "col_offset", 0)))
        end_column = self._column(end, int(getattr(node, "end_col_offset", None) or 0))
        return Span(line, start_column, end, end_column)

    def _column(self, line: int, offset: int) -> int:
        source = self.source_of(line)
        row = line - source.first
        text = source.lines[row - 1] if row <= len(source.lines) else ""
        if text.isascii():
            return offset + 1
        return len(text.encode("utf-8", "replace")[:offset].decode("utf-8", "ignore")) + 1

    def text(self, span: Span) -> str:
        """The source text of a span."""
        source = self.source_of(span.line)
        row, end = span.line - source.first, span.end_line - source.first
        lines = source.lines[row - 1 : end]
        if len(lines) < 2:
            return "".join(lines)[span.column - 1 : span.end_column - 1]
        return "".join(
            (lines[0][span.column - 1 :], *lines[1:-1], lines[-1][: span.end_column - 1])
        )

    def head(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> Span:
        """The line of a definition, without its body."""
        line = node.lineno
        source = self.source_of(line)
        row = line - source.first
        width = len(source.lines[row - 1].rstrip()) if row <= len(source.lines) else 0
        return Span(line, self._column(line, node.col_offset), line, width + 1)

    def spot(self, node: ast.AST) -> Spot:
        """The place and text of a node."""
        span = self.span(node)
        return Spot(span, self.text(span))

    # Tapes

    @contextmanager
    def recording(self, tape: Tape) -> Iterator[None]:
        """Lets a tape record while the block lasts."""
        before = self.tapes, self.active
        self.tapes = [*self.tapes, tape]
        self.active = self.active | {tape.number}
        try:
            yield
        finally:
            self.tapes, self.active = before

    @contextmanager
    def not_recording(self, tape: Tape) -> Iterator[None]:
        """Stops one tape while the block lasts."""
        before = self.tapes, self.active
        self.tapes = [other for other in self.tapes if other is not tape]
        self.active = self.active - {tape.number}
        try:
            yield
        finally:
            self.tapes, self.active = before

    def watching(self, owner: object, trainable: bool | None) -> frozenset[int]:
        """The active tapes that record what a variable of `owner` is used for, now."""
        recording = frozenset(
            tape.number
            for tape in self.tapes
            if id(owner) in tape.watched_owners
            or tape.watches_unknown
            or (tape.watches_variables is not False and trainable is not False)
        )
        step = self.facts.inner_steps.get(id(owner))
        if step is not None:
            step.read_by |= recording
        return recording

    # Dependence

    def read(self, value: Value, node: ast.AST) -> Flow:
        """What a value depends on, when an operation at `node` reads it."""
        if isinstance(value, Tensor):
            flow = recorded(value.flow, self.active, self.path(node)) if value.flow else NO_FLOW
            for tape in self.tapes:
                tape.unwatched |= value.tokens - tape.watched.keys()
                for token in value.tokens & tape.watched.keys():
                    flow = merge(
                        (flow, {token: (Trail(frozenset((tape.number,)), self.path(node)),)})
                    )
            return flow
        if isinstance(value, Constant):
            return NO_FLOW
        if isinstance(value, Variable):
            return self._read_variable(value, node)
        if isinstance(value, Group):
            owner = value.owner
            trainable = owner.trainable if isinstance(owner, Layer | Variable) else None
            return origin(owner, self.watching(owner, trainable), self.path(node))
        if isinstance(value, ListValue):
            state.list_read(self, value, node)
        if isinstance(value, ListValue | DictValue):
            return merge(self.read(item, node) for item in leaves(value))
        if isinstance(value, Zip):
            return merge(self.read(item, node) for item in value.columns)
        if isinstance(value, Unknown):
            flow = recorded(value.flow, self.active)
            either = (self.read(one, node) for one in value.either)
            return merge((flow, origin(value, self.active, self.path(node)), *either))
        if isinstance(value, Dataset):
            return self.read(value.element, node)
        return NO_FLOW

    def _read_variable(self, variable: Variable, node: ast.AST) -> Flow:
        flow = origin(variable, self.watching(variable, variable.trainable), self.path(node))
        if self.active and not variable.dense:
            self.store.set_field(variable, "dense", True)
        if self.frame.building:
            self.built_reads.add(id(node))
        if variable.holds is not None:
            held, path = variable.holds
            flow = merge((flow, cut_flow(held, "assign", "assign", path, self.active)))
        return flow
