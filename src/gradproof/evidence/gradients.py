"""Tapes, and what was asked of them."""

from __future__ import annotations

from dataclasses import dataclass

from ..finding import Place


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
        handed_back: Not the variable itself, but what an assignment to it gave back: no
            tape records that it is read.
    """

    variable: int | None
    operation: int | None = None
    given: str = "variable"
    name: str = ""
    dtype: str = "float32"
    connected: bool | None = True
    result: int | None = None
    handed_back: bool = False


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
        step: Steps made before it in eager code, as often as it was called itself.
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
    def reached(self) -> tuple[int, ...]:
        """Keys of the variables whose gradient was not `None`, in their order."""
        return tuple(
            source.variable
            for source in self.sources
            if source.connected and source.variable is not None
        )

    @property
    def unconnected(self) -> tuple[Source, ...]:
        """Sources whose gradient came out `None`."""
        return tuple(source for source in self.sources if source.connected is False)
