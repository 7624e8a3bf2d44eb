"""What a watched program did: facts only, plain data, no tensors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from ..finding import Place
from .copies import Copy
from .custom import CustomGradient
from .gaps import Gap
from .hoards import Hoard
from .iterators import Generator
from .ledger import Audit, CopiedRate
from .offers import Offer
from .pace import Pace
from .recording import Recording
from .saves import Save
from .stale import Flip, LossScale, Replaced, Untrained
from .tracings import Tracing
from .units import Units
from .workers import Digest, Feed, Worker

PATIENCE = 30
"""Steps after which something that never happened counts as missing."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable that the program made or used.

    Attributes:
        key: Number that the other records use for it.
        path: Name as the framework gives it, such as `"encoder/kernel"`.
        shape: Lengths of its axes, in elements.
        dtype: Such as `"float32"`.
        trainable: Its own flag.
        kind: `"tf.Variable"` or `"keras.Variable"`.
        role: `"model"`, `"optimizer"`, `"metric"`, `"seed"`, `"dataset"` or
            `"strategy"`: whose code made it.
        made_at: The user's line that made it.
        layer_made_at: The user's line that made the Keras layer that owns
            it, if a library layer made it (`Dense` builds its own kernel).
        made_in: Name of the class of the object whose method made it.
        owner: What that object is: `"layer"` (a Keras layer or model),
            `"module"` (a `tf.Module`), `"object"`, or `None` (no object).
        during: What ran when it was made: `"call"` (a layer's `call`),
            `"trace"` (a traced function), `"build"` or `""`.
        holder: Class of the layer, model or module that should hold it: in
            one of its methods the variable (or its layer) was made.
        tracked: The holder's own list of variables has it.
        count: Value of an integer variable without axes, when last seen.
        copy_of: Key of the variable that it is the copy of, in another
            replica of a strategy.
    """

    key: int
    path: str
    shape: tuple[int | None, ...] = ()
    dtype: str = "float32"
    trainable: bool = True
    kind: str = "keras.Variable"
    role: str = "model"
    made_at: Place | None = None
    layer_made_at: Place | None = None
    made_in: str | None = None
    owner: str | None = None
    during: str = ""
    holder: str | None = None
    tracked: bool | None = None
    count: int | None = None
    copy_of: int | None = None


@dataclass(frozen=True, slots=True)
class Tape:
    """A `tf.GradientTape` and the stretch of operations that it recorded.

    Attributes:
        key: Number of the tape.
        recording: Number of the recording in which it was opened.
        stack: The user's lines that opened it, outermost first.
        opened: Number of operations recorded before it was opened.
        closed: The same for its closing; `None` while it is open.
        persistent: Made with `persistent=True`.
        automatic: Watches trainable variables by itself.
        watched: Keys of the variables that it watched when first asked.
        watches: For each tensor given to `watch`: the index of the operation
            that made it (-1 if unknown) and the user's line.
        outer: Keys of the tapes that were open when it was opened.
        whole: Every operation since it was opened was recorded.
    """

    key: int
    recording: int
    stack: tuple[Place, ...]
    opened: int
    closed: int | None = None
    persistent: bool = False
    automatic: bool = True
    watched: frozenset[int] = frozenset()
    watches: tuple[tuple[int, Place | None], ...] = ()
    outer: tuple[int, ...] = ()
    whole: bool = True

    @property
    def place(self) -> Place | None:
        """The innermost of the user's lines that led to it."""
        return self.stack[-1] if self.stack else None


@dataclass(frozen=True, slots=True)
class Source:
    """One entry of the sources of a gradient call.

    Attributes:
        variable: Key, if it is a variable.
        operation: For a tensor: index of the operation that made it.
        given: `"variable"`, `"tensor"` or `"other"`.
        name: Path of the variable, or how the tensor was made.
        dtype: Such as `"float32"`.
        connected: The gradient is not `None`. Unknown (`None`) if the call
            raised.
        result: Index of the operation that made the gradient.
    """

    variable: int | None
    operation: int | None = None
    given: str = "variable"
    name: str = ""
    dtype: str = "float32"
    connected: bool | None = True
    result: int | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """A target of a gradient call: the operation that made it, its shape."""

    operation: int
    shape: tuple[int | None, ...] | None = ()
    dtype: str = "float32"


@dataclass(frozen=True, slots=True)
class GradientCall:
    """One `tape.gradient` (or `jacobian`) as it was called.

    Attributes:
        key: Number of the call.
        stack: The user's lines that led to it, outermost first.
        tape: Key of the tape.
        recording: Number of the recording.
        at: Number of operations recorded before the call.
        targets: What was differentiated.
        sources: With respect to what.
        method: `"gradient"`, `"jacobian"`, `"batch_jacobian"`.
        traced: Called while a function was traced.
        zeros: Called with `unconnected_gradients="zero"`.
        inner: Another tape was recording during the call (a penalty, a
            meta-gradient, a PINN derivative).
        error: Class and message of the exception that it raised.
        step: Number of updates applied before it, in eager code.
        times: How often it was called from these lines, as far as known; for
            a traced call how often traced functions were called since.
    """

    key: int
    stack: tuple[Place, ...]
    tape: int
    recording: int
    at: int
    targets: tuple[Target, ...]
    sources: tuple[Source, ...]
    method: str = "gradient"
    traced: bool = False
    zeros: bool = False
    inner: bool = False
    error: str | None = None
    step: int = 0
    times: int = 1

    @property
    def place(self) -> Place | None:
        """The innermost of the user's lines that led to it."""
        return self.stack[-1] if self.stack else None

    @property
    def unconnected(self) -> tuple[Source, ...]:
        """Sources whose gradient came out `None`."""
        return tuple(source for source in self.sources if source.connected is False)


@dataclass(frozen=True, slots=True)
class Optimizer:
    """An optimizer object.

    Attributes:
        key: Number; apply calls refer to it.
        name: Name of its class.
        made_at: The user's line that made it.
        during: `"trace"` when it was made inside a traced function.
        generation: `"3"` for Keras 3, `"2"` for tf-keras.
        schedule: Class of its learning rate schedule; empty without one.
        state: Variables that it keeps beside its counter and learning rate;
            `None` if it was never built, or is not known.
        rule_at: Where the user's class defines its own update.
    """

    key: int
    name: str
    made_at: Place | None = None
    during: str = ""
    generation: str = "3"
    schedule: str = ""
    state: int | None = None
    rule_at: Place | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """One gradient handed to one variable.

    Attributes:
        variable: Key of the variable; `None` if it is no variable.
        given: What stands at the gradient's place: `"gradient"` (a tensor),
            `"none"`, `"variable"`, `"other"`.
        taken_for: Keys of the variables that this gradient was taken for,
            followed through clipping, scaling and averaging; empty when it
            stems from no gradient call; `None` when it can't be followed.
        call: Key of the gradient call that it stems from, if known.
        name: Path of the variable, or what stands there instead.
        handed: Index of the operation that made the gradient; `None` if it
            was not recorded.
        buffer: Key of the variable that stands at the gradient's place.
    """

    variable: int | None
    given: str = "gradient"
    taken_for: frozenset[int] | None = None
    call: int | None = None
    name: str = ""
    handed: int | None = None
    buffer: int | None = None


@dataclass(frozen=True, slots=True)
class Apply:
    """A place where variables are changed: an optimizer, or `assign*`.

    Attributes:
        key: Number; steps refer to it.
        stack: The user's lines that led to it, outermost first.
        recording: Number of the recording.
        at: Number of operations recorded before it.
        by: Class of the optimizer, or `"assign"`, `"assign_add"`,
            `"assign_sub"` for a change by hand.
        optimizer: Number of the optimizer object; `None` for a change by hand.
        pairs: What was handed over; for a change by hand one pair, whose
            gradient is what the new value was computed from.
        traced: In a traced function.
        given: How the pairs came: `"pairs"`, `"empty"`, `"spent"` (an
            iterator that had nothing left), `"two lists"`, `"swapped"`,
            `"not pairs"`, `"loss"` (a loss tensor, for `minimize`).
        error: Class and message of the exception that the call raised.
        known: Keys of the variables that the optimizer was built for
            before this call; `None` if it was not built yet.
        counted: Times that it was passed so far.
        call: Key of the gradient call that was answered last before it.
        replicas: Copies of the model that a strategy keeps in step there.
        replica: Which of those in this process it is in, from 0.
    """

    key: int
    stack: tuple[Place, ...]
    recording: int
    at: int
    by: str
    optimizer: int | None = None
    pairs: tuple[Pair, ...] = ()
    traced: bool = False
    given: str = "pairs"
    error: str | None = None
    known: frozenset[int] | None = None
    counted: int = 0
    call: int | None = None
    replicas: int = 1
    replica: int = 0

    @property
    def place(self) -> Place | None:
        """The innermost of the user's lines that led to it."""
        return self.stack[-1] if self.stack else None

    @property
    def by_hand(self) -> bool:
        """Changed by `assign*`, not by an optimizer."""
        return self.optimizer is None


@dataclass(frozen=True, slots=True)
class Assigned:
    """A variable was assigned to, in eager code or while tracing.

    Attributes:
        variable: Key.
        method: `"assign"`, `"assign_add"` or `"assign_sub"`.
        times: Calls so far; a traced function makes its calls once a trace.
        places: The user's first lines that did it.
        frozen: The layer that owns it was frozen, and a tape was recording.
    """

    variable: int
    method: str
    times: int = 1
    places: tuple[Place, ...] = ()
    frozen: bool = False


@dataclass(frozen=True, slots=True)
class Update:
    """What one step did to one variable. Norms are Euclidean, float32.

    Attributes:
        variable: Key.
        gradient_norm: Norm of the gradient handed over; `None` if there was
            none.
        value_norm: Norm of the variable before the step, or some steps
            earlier: it is read now and then.
        change_norm: Norm of the change.
        along: Cosine between the change and the *negative* gradient: 1 is
            plain descent, -1 is ascent; `None` if either is zero or unknown.
        part_norm: Under a strategy the norm of this replica's own gradient,
            before all replicas' are summed into the one that is applied;
            `None` elsewhere, or if unknown.
    """

    variable: int
    gradient_norm: float | None
    value_norm: float
    change_norm: float
    along: float | None = None
    part_norm: float | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One passage through one apply call.

    Attributes:
        index: Number of the update at this place, from 1.
        apply: Key of the `Apply`.
        updates: One a variable, in the order of the pairs.
        loss: Mean of the target of the gradient call before it, if known.
        learning_rate: In force at the step, if the optimizer tells.
        iterations: The optimizer's own counter before the step.
    """

    index: int
    apply: int
    updates: tuple[Update, ...]
    loss: float | None = None
    learning_rate: float | None = None
    iterations: int | None = None


@dataclass(frozen=True, slots=True)
class FrozenState:
    """A Python value that a traced function read once, and that changed since.

    Attributes:
        name: As the source says it: `"self.weight"`, `"EPOCH"`.
        function: Name of the user's function that reads it.
        place: Where that function is defined.
        traced_value: Value while it was traced.
        value: Value at the later call.
        call: Number of the call, from 1, at which the difference was seen.
        traces: How often the function was traced so far.
    """

    name: str
    function: str
    place: Place | None
    traced_value: str
    value: str
    call: int
    traces: int


@dataclass(frozen=True, slots=True)
class LayerMode:
    """A layer that behaves differently in training was called under a tape.

    Attributes:
        layer: Path or name.
        kind: `"BatchNormalization"`, `"Dropout"`, ...
        training: The mode in which it ran.
        explicit: The user's code passed the flag itself (`training=False`
            is then a decision).
        trainable: The layer's own flag (a frozen BatchNormalization stays in
            inference mode by design).
        place: The user's line that called the model.
        tape: Key of the innermost tape that was recording.
        variables: Keys of the layer's variables.
    """

    layer: str
    kind: str
    training: bool
    explicit: bool
    trainable: bool
    place: Place | None
    tape: int | None
    variables: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ListRead:
    """`trainable_variables` (or the like) of a model was read.

    Attributes:
        model: Name of the model or layer.
        built: It had been built.
        count: Number of variables in the list.
        place: The user's line.
    """

    model: str
    built: bool
    count: int
    place: Place | None


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

    def updates(self) -> Iterator[tuple[Step, Update]]:
        """Every measured change, step by step."""
        for step in self.steps:
            for update in step.updates:
                yield step, update

    def steps_of(self, apply: int) -> tuple[Step, ...]:
        """The measured steps of one apply call."""
        return tuple(step for step in self.steps if step.apply == apply)

    def apply(self, key: int) -> Apply:
        """The apply call with this number."""
        return next(apply for apply in self.applies if apply.key == key)

    @property
    def early(self) -> bool:
        """The run goes on and is young: what has not happened yet still may.

        Steps often alternate, a critic five times, then a generator once.
        """
        return not self.finished and self.counted < PATIENCE

    @cached_property
    def moved(self) -> frozenset[int]:
        """Keys of the variables that changed in a measured step."""
        return frozenset(update.variable for _, update in self.updates() if update.change_norm != 0)

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
        return frozenset(
            source.variable
            for call in self.calls
            for source in call.sources
            if source.variable is not None and source.connected
        )

    @cached_property
    def handed(self) -> frozenset[int]:
        """Keys of the variables that an optimizer or `assign` was given."""
        return frozenset(
            pair.variable
            for apply in self.applies
            for pair in apply.pairs
            if pair.variable is not None
        )

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
