"""What one call of a step does, in arrays: losses, gradients, changes."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...patches import Patches
from ..kinds import bare, is_variable
from ..notes import flat
from ..pairs import inner_of, keep_pairs, pairs_of
from .rewind import State
from .trial import dense, number, run_eagerly, scalar_of

_HOLDING = ("ReadVariableOp", "Assign", "Resource")
_BROADCASTING = ("Sub", "AddV2", "Mul", "SquaredDifference", "RealDiv", "Maximum", "Minimum")
_FUNNELS = (
    ("keras.src.optimizers.base_optimizer", "BaseOptimizer", "apply"),
    ("tf_keras.src.optimizers.optimizer", "Optimizer", "apply_gradients"),
    ("tf_keras.src.optimizers.legacy.optimizer_v2", "OptimizerV2", "apply_gradients"),
    ("keras.src.optimizers.optimizer", "Optimizer", "apply_gradients"),
    ("keras.src.optimizers.legacy.optimizer_v2", "OptimizerV2", "apply_gradients"),
)
"""The method that every optimizer of a kind goes through."""


@dataclass
class Taken:
    """One gradient call that asks for variables.

    Attributes:
        value: Sum of the target.
        shape: Of the target; `None` for several targets.
        pairs: Variables with their gradients as arrays, or `None`.
    """

    value: float
    shape: tuple[int, ...] | None
    pairs: list[tuple[Any, Any]]


@dataclass
class Handed:
    """One call of an optimizer.

    Attributes:
        optimizer: The one whose rule is used.
        rate: Its learning rate in force, if it tells.
        pairs: Variables with the gradients as handed over, or `None`.
    """

    optimizer: Any
    rate: float | None
    pairs: list[tuple[Any, Any]]


@dataclass
class Side:
    """What one call of a step did.

    Attributes:
        taken: Gradient calls, in order.
        handed: Optimizer calls, in order.
        touched: Variables that were read or written, in order.
        before: Values at the start, by identity of the variable.
        after: Values at the end, by identity of the variable.
        returned: The loss that the step returned.
        drew: It drew random numbers.
        grown: Operations whose two inputs broadcast to more than either.
        coarse: Types of 16 bits were used.
    """

    taken: list[Taken] = field(default_factory=list)
    handed: list[Handed] = field(default_factory=list)
    touched: dict[int, Any] = field(default_factory=dict)
    before: dict[int, Any] = field(default_factory=dict)
    after: dict[int, Any] = field(default_factory=dict)
    returned: float | None = None
    drew: bool = False
    grown: list[str] = field(default_factory=list)
    coarse: str = ""


def observe(
    step: Callable[..., Any],
    args: Sequence[Any],
    state: State,
    begin: Callable[[], None] = lambda: None,
    eagerly: bool = True,
) -> Side:
    """Calls a step once and tells what it did; the state is restored afterwards.

    Args:
        step: The step.
        args: Its arguments.
        state: What to go back to.
        begin: Puts variables where they have to start.
        eagerly: Runs traced functions as plain Python. Otherwise only values
            before and after are known.

    Raises:
        Exception: Whatever the step raises.
    """
    from tensorflow.python.eager import context

    side = Side()
    try:
        # Kernels with a seed count their draws.
        context.context().clear_kernel_cache()
        begin()
        starts = {id(one): now for one, _, now in state.changed()}
        with contextlib.ExitStack() as around:
            if eagerly:
                around.enter_context(run_eagerly())
                around.enter_context(_captured(side))
                around.enter_context(_listening(side, state))
            result = step(*args)
        side.returned = scalar_of(result)
        pairs = [pair for taken in side.taken for pair in taken.pairs]
        pairs += [pair for handed in side.handed for pair in handed.pairs]
        for variable, _ in pairs:
            # The fast path of TensorFlow reads variables without a word.
            side.touched.setdefault(id(variable), variable)
        changed = {id(one): (one, was, now) for one, was, now in state.changed()}
        for key, (variable, was, now) in changed.items():
            if key not in side.touched and _same(starts.get(key), now):
                continue  # it has only got its start
            side.touched.setdefault(key, variable)
            side.before[key] = starts.get(key, was)
            side.after[key] = now
        for key, variable in side.touched.items():
            if key not in side.after:
                side.after[key] = variable.numpy()
                side.before[key] = starts.get(key, side.after[key])
    finally:
        state.restore()
    return side


def _same(one: Any, other: Any) -> bool:
    return one is not None and bool(one.tobytes() == other.tobytes())


@contextlib.contextmanager
def _captured(side: Side) -> Iterator[None]:
    """Keeps what tapes give and what optimizers get."""
    import tensorflow as tf

    patches = Patches(_again)
    patches.around(
        tf.GradientTape,
        "gradient",
        before=lambda tape, args, kwargs: {
            **dict(zip(("target", "sources"), args, strict=False)),
            **kwargs,
        },
        after=lambda given, tape, result: _gradient(side, given, result),
    )
    for module, kind, method in _FUNNELS:
        owner = getattr(sys.modules.get(module), kind, None)
        if owner is not None:
            patches.around(
                owner,
                method,
                before=lambda optimizer, args, kwargs, method=method: side.handed.append(
                    _handed(method, optimizer, args, kwargs)
                ),
                prepare=keep_pairs,
            )
    try:
        yield
    finally:
        patches.restore()


def _again(problem: BaseException) -> None:
    """What goes wrong here is ours; under trial nobody has to be spared."""
    raise problem


def _gradient(side: Side, given: dict[str, Any] | None, result: Any) -> None:
    import tensorflow as tf

    if given is None or not tf.executing_eagerly():
        return
    pairs = [
        (bare(source), None if gradient is None else dense(gradient))
        for source, gradient in zip(flat(given.get("sources")), flat(result), strict=False)
        if is_variable(source)
    ]
    targets = flat(given.get("target"))
    if pairs and targets:
        shape = tuple(targets[0].shape) if len(targets) == 1 else None
        side.taken.append(Taken(number(targets), shape, pairs))


def _handed(method: str, optimizer: Any, args: Any, kwargs: Any) -> Handed:
    inner = inner_of(optimizer)
    _, pairs = pairs_of(method, args, kwargs, optimizer)
    kept = [
        (bare(variable), None if gradient is None else dense(gradient))
        for gradient, variable in pairs
        if is_variable(variable)
    ]
    return Handed(inner, _rate(inner), kept)


def _rate(optimizer: Any) -> float | None:
    """The learning rate in force; a schedule is asked for it."""
    try:
        rate = optimizer.learning_rate
        rate = rate(optimizer.iterations) if callable(rate) else rate
        return float(bare(rate).numpy() if hasattr(bare(rate), "numpy") else rate)
    except Exception:
        return None  # a learning rate that is none, or code that fails alone


@contextlib.contextmanager
def _listening(side: Side, state: State) -> Iterator[None]:
    """Notes variables, random numbers and shapes as operations run."""
    from tensorflow.python.framework import op_callbacks

    handles: dict[int, Any] = {}

    def hear(
        kind: Any, inputs: Any, attrs: Any, outputs: Any, op_name: Any = None, graph: Any = None
    ) -> None:
        if graph is not None:
            return
        name = kind.decode() if isinstance(kind, bytes) else str(kind)
        if name.startswith(_HOLDING) and inputs:
            handle = inputs[0]._id
            if handle not in handles:
                handles.update((one.handle._id, one) for one in state.variables())
            variable = handles.get(handle)
            if variable is not None:
                side.touched.setdefault(id(variable), variable)
            return
        side.drew = side.drew or "Random" in name or name == "Multinomial"
        for output in outputs:
            if getattr(output.dtype, "name", "") in ("float16", "bfloat16"):
                side.coarse = output.dtype.name
        if name in _BROADCASTING and len(inputs) == 2:
            _grown(side, name, inputs, outputs)

    op_callbacks.add_op_callback(hear)
    try:
        yield
    finally:
        op_callbacks.remove_op_callback(hear)


def _grown(side: Side, name: str, inputs: Any, outputs: Any) -> None:
    """Notes that two tensors of like sizes make one of a larger size."""
    left, right = (tuple(one.shape) for one in inputs)
    made = tuple(outputs[0].shape)
    size = outputs[0].shape.num_elements()
    sizes = [one.shape.num_elements() for one in inputs]
    if size > max(sizes) and min(sizes) > 1 and len(left) != len(right):
        words = f"`{name}` of {left} and {right} makes {made}"
        if words not in side.grown:
            side.grown.append(words)
