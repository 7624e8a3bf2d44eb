"""What a watched program did: facts only, plain data, no tensors."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from ..finding import Place
from .applies import Apply, Assigned, Optimizer, Pair, Step, Update
from .copies import Copy
from .custom import CustomGradient
from .frozen import FrozenState
from .gaps import Gap
from .gradients import GradientCall, Tape
from .hoards import Hoard
from .iterators import Generator
from .layers import LayerMode, ListRead
from .ledger import Audit, CopiedRate
from .offers import Offer
from .pace import Pace
from .recording import Recording
from .saves import Save
from .stale import Flip, LossScale, Replaced, Untrained
from .tracings import Tracing
from .units import Units
from .variable import Variable
from .workers import Digest, Feed, Worker

ASSIGNMENTS = frozenset({"assign", "assign_add", "assign_sub"})
"""Changes of a whole variable."""

PATIENCE = 30
"""Steps after which something that never happened counts as missing."""


@dataclass(frozen=True, slots=True)
class Crash:
    """The exception that ended the program.

    Attributes:
        kind: Name of the class.
        message: What it says; of a long text both ends.
        places: The user's lines on the way to it, outermost first.
    """

    kind: str
    message: str
    places: tuple[Place, ...] = ()


@dataclass(frozen=True)
class Run:
    """A window on what happened while a program was watched.

    Attributes:
        generations: Keras generations in use: `"3"` for Keras 3, `"2"` for
            tf-keras; empty without Keras.
        variables: By key.
        recordings: By key.
        tapes: By key.
        calls: Gradient calls, in order (the first few of each place).
        optimizers: By key.
        applies: Apply calls, in order of first passage.
        steps: Recent steps in full and the first few, in order.
        frozen: Python values frozen at trace.
        replaced: Optimizers that traced steps hold on to.
        flips: Flags of trainable variables that traced steps don't know of.
        untrained: Models without trainable variables that Keras trained.
        scales: How the loss scales stand.
        custom_gradients: Those that finite differences contradict.
        units: Entries of biases that changed, and that did not.
        modes: Layers with a training mode, as called under tapes.
        reads: Variable lists read from unbuilt models.
        assigned: What was assigned to, and how; by hand or by a library.
        audits: A few steps beside what their rule says.
        copied_rates: Learning rates that changed where no optimizer looks.
        tracings: Traces that eager code caused, in order.
        offers: What the losses were offered to take in.
        paces: How fast eager steps follow one another.
        copies: Weights that were given to whole layers and models.
        gaps: Variables whose copies in the replicas of a strategy differ.
        digests: Values of variables now and then, where several processes
            train together.
        feeds: What the replicas of this process were given.
        workers: All processes of the job, where their records were joined.
        saves: What was saved and loaded, in order.
        generators: Generators that were kept while steps were made.
        hoards: Lists that grew with the steps.
        crash: The exception that ended the program.
        unwatched: Sentences: what could not be seen.
        unrecorded: Traces of functions that came after those that are recorded.
        finished: The program has ended.
        counted: Updates that happened, all apply calls together.
    """

    generations: tuple[str, ...] = ()
    variables: tuple[Variable, ...] = ()
    recordings: tuple[Recording, ...] = ()
    tapes: tuple[Tape, ...] = ()
    calls: tuple[GradientCall, ...] = ()
    optimizers: tuple[Optimizer, ...] = ()
    applies: tuple[Apply, ...] = ()
    steps: tuple[Step, ...] = ()
    frozen: tuple[FrozenState, ...] = ()
    replaced: tuple[Replaced, ...] = ()
    flips: tuple[Flip, ...] = ()
    untrained: tuple[Untrained, ...] = ()
    scales: tuple[LossScale, ...] = ()
    custom_gradients: tuple[CustomGradient, ...] = ()
    units: tuple[Units, ...] = ()
    modes: tuple[LayerMode, ...] = ()
    reads: tuple[ListRead, ...] = ()
    assigned: tuple[Assigned, ...] = ()
    audits: tuple[Audit, ...] = ()
    copied_rates: tuple[CopiedRate, ...] = ()
    tracings: tuple[Tracing, ...] = ()
    offers: tuple[Offer, ...] = ()
    paces: tuple[Pace, ...] = ()
    copies: tuple[Copy, ...] = ()
    gaps: tuple[Gap, ...] = ()
    digests: tuple[Digest, ...] = ()
    feeds: tuple[Feed, ...] = ()
    workers: tuple[Worker, ...] = ()
    saves: tuple[Save, ...] = ()
    generators: tuple[Generator, ...] = ()
    hoards: tuple[Hoard, ...] = ()
    crash: Crash | None = None
    unwatched: tuple[str, ...] = ()
    unrecorded: int = 0
    finished: bool = True
    counted: int = 0

    @cached_property
    def _by_key(self) -> dict[int, Variable]:
        return {variable.key: variable for variable in self.variables}

    def variable(self, key: int) -> Variable:
        """The variable with this key."""
        return self._by_key[key]

    def path(self, key: int) -> str:
        """The path of the variable with this key."""
        return self._by_key[key].path

    @cached_property
    def _recordings(self) -> dict[int, Recording]:
        return {recording.key: recording for recording in self.recordings}

    def recording(self, key: int) -> Recording:
        """The recording with this number."""
        return self._recordings[key]

    @cached_property
    def _tapes(self) -> dict[int, Tape]:
        return {tape.key: tape for tape in self.tapes}

    def tape(self, key: int) -> Tape:
        """The tape with this number."""
        return self._tapes[key]

    @cached_property
    def updates(self) -> dict[int, list[Update]]:
        """Every measured change of each variable, step by step."""
        found: dict[int, list[Update]] = {}
        for step in self.steps:
            for update in step.updates:
                found.setdefault(update.variable, []).append(update)
        return found

    @cached_property
    def gradient_norms(self) -> dict[int, list[float]]:
        """Norms of the gradients of each variable that was handed any, step by step."""
        norms = {
            key: [one.gradient_norm for one in found if one.gradient_norm is not None]
            for key, found in self.updates.items()
        }
        return {key: found for key, found in norms.items() if found}

    @cached_property
    def _steps(self) -> dict[int, tuple[Step, ...]]:
        found: dict[int, list[Step]] = {}
        for step in self.steps:
            found.setdefault(step.apply, []).append(step)
        return {apply: tuple(steps) for apply, steps in found.items()}

    def steps_of(self, apply: int) -> tuple[Step, ...]:
        """The measured steps of one apply call."""
        return self._steps.get(apply, ())

    def asked_for(self, apply: Apply) -> GradientCall | None:
        """The gradient call that was answered last before an apply call, if it is remembered."""
        return next((call for call in self.calls if call.key == apply.call), None)

    def pairs_at(self, *places: Place | None) -> list[tuple[Pair, ...]]:
        """The pairs of each apply call at one of these places.

        None at all where one of the calls is an update by hand, or raised: then the pairs
        that are known need not be all.
        """
        here = [
            one
            for one in self.applies
            if one.place is not None and any(map(one.place.overlaps, places))
        ]
        whole = not any(one.by_hand or one.error is not None for one in here)
        return [one.pairs for one in here] if whole else []

    def apply(self, key: int) -> Apply:
        """The apply call with this number."""
        return next(apply for apply in self.applies if apply.key == key)

    @property
    def early(self) -> bool:
        """The run goes on and is young: what has not happened yet still may.

        Steps often alternate, a critic five times, then a generator once.
        """
        return not self.finished and self.counted < PATIENCE

    @property
    def unsettled(self) -> bool:
        """What has not happened may still, or an exception ended the young run before it."""
        return self.early or (self.crash is not None and self.counted < PATIENCE)

    @cached_property
    def moved(self) -> frozenset[int]:
        """Keys of the variables that changed in a measured step."""
        return frozenset(
            key
            for key, found in self.updates.items()
            if any(update.change_norm != 0 for update in found)
        )

    @cached_property
    def asked(self) -> frozenset[int]:
        """Keys of the variables that some gradient was taken for."""
        return frozenset(
            source.variable
            for call in self.calls
            for source in call.sources
            if source.variable is not None
        )

    @cached_property
    def connected(self) -> frozenset[int]:
        """Keys of the variables for which some gradient was not `None`."""
        return frozenset(key for call in self.calls for key in call.reached)

    @cached_property
    def handed(self) -> frozenset[int]:
        """Keys of the variables that an optimizer or `assign` was given."""
        return frozenset(
            pair.variable
            for apply in self.applies
            for pair in apply.pairs
            if pair.variable is not None
        )

    @cached_property
    def optimized(self) -> frozenset[int | None]:
        """Keys of the variables that an optimizer was given; `None` if one is not known."""
        return frozenset(
            pair.variable for apply in self.applies if not apply.by_hand for pair in apply.pairs
        )

    @cached_property
    def scattered(self) -> frozenset[int]:
        """Keys of the variables of which single rows were changed by hand."""
        return frozenset(one.variable for one in self.assigned if one.method not in ASSIGNMENTS)

    @cached_property
    def updated(self) -> frozenset[int]:
        """Keys of the variables that an update was given, in whatever way."""
        return self.handed | self.moved | self.scattered

    def wanted(self, call: GradientCall) -> bool:
        """Somebody means to update with this call's gradients.

        Its variables are handed to an optimizer or changed by hand, or the
        program ended with an exception before it came to that.
        """
        if self.crash is not None or (call.inner and self.applies):
            return True
        keys = {source.variable for source in call.sources if source.variable is not None}
        return any(
            apply.call == call.key or any(pair.variable in keys for pair in apply.pairs)
            for apply in self.applies
        )
