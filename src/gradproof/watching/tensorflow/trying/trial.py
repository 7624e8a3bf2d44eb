"""Calling a step for trial: from the same state, eagerly or traced, nudged."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ...patches import Patches
from ..fitting import forgetting
from ..kinds import bare, is_variable
from ..notes import flat
from .rewind import State
from .slopes import SPACING

SAME = 1e-3
"""Relative difference of two changes that float noise can explain."""

NOISE = 4.0
"""Times the measured float noise that still counts as noise."""

Values = Sequence[tuple[Any, Any]]
"""Variables with values as arrays."""


@dataclass
class Taken:
    """One gradient call of a step, with its tensors.

    Attributes:
        target: The scalar, or tensor, that was differentiated.
        variables: The variables among its sources.
        gradients: One a variable, or `None`.
        first: No variable had changed before it in this step.
    """

    target: Any
    variables: list[Any]
    gradients: list[Any]
    first: bool


@contextlib.contextmanager
def restored() -> Iterator[State]:
    """Puts every variable back when the block ends, however it ends."""
    patches = Patches(lambda problem: None)
    state = State()
    state.watch_new(patches)
    try:
        yield state
    finally:
        patches.restore()
        state.restore()


@contextlib.contextmanager
def run_eagerly(eagerly: bool = True) -> Iterator[None]:
    """Runs traced functions as plain Python while the block lasts."""
    import tensorflow as tf

    before = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(eagerly)
    try:
        with warnings.catch_warnings(), forgetting() if eagerly else contextlib.nullcontext():
            # Nobody asked for that, and tests may turn warnings into errors.
            warnings.filterwarnings("ignore", "Even though the `tf.config.experimental_run_func")
            yield
    finally:
        tf.config.run_functions_eagerly(before)


def rehearse(step: Callable[..., Any], args: Sequence[Any], state: State) -> bool:
    """Calls a step once, eagerly, so that it makes the variables it lacks.

    An optimizer makes its slots at its first step. Made in a traced function
    they would get their first values inside the graph, where nobody sees them.

    Returns:
        Whether it made some.
    """
    before = len(state.variables())
    with contextlib.suppress(Exception), run_eagerly():
        step(*args)
    state.restore()
    return len(state.variables()) > before


def untraced(step: Callable[..., Any]) -> Callable[..., Any]:
    """The step, to be traced anew: a graph that stands already can't be watched."""
    from tensorflow.python.eager.polymorphic_function.polymorphic_function import Function

    if isinstance(step, Function):
        anew: Callable[..., Any] = step._clone(None)
        return anew
    return step


@contextlib.contextmanager
def traced_again(functions: Sequence[Any]) -> Iterator[None]:
    """Lets functions forget their graphs while the block lasts, and remember them then."""
    kept = [(one, dict(vars(one))) for one in functions]
    try:
        for one in functions:
            vars(one).update(vars(one._clone(None)))
        yield
    finally:
        for one, before in kept:
            vars(one).clear()
            vars(one).update(before)


def retraced(step: Callable[..., Any]) -> Callable[..., Any]:
    """The step as one traced function."""
    import tensorflow as tf

    return untraced(step) if is_traced(step) else tf.function(step)


def is_traced(step: Callable[..., Any]) -> bool:
    """The step is a `tf.function` itself."""
    return hasattr(step, "python_function")


def taken(step: Callable[..., Any], args: Sequence[Any], state: State) -> list[Taken]:
    """Calls a step eagerly once and tells of its gradient calls.

    The state is restored afterwards.
    """
    import tensorflow as tf

    found: list[Taken] = []
    patches = Patches(lambda problem: None)
    asking = False

    def asked(tape: Any, arguments: Any, keywords: Any) -> Any:
        nonlocal asking
        if asking or not tf.executing_eagerly():
            return None
        asking = True
        names = ("target", "sources")
        given = {**dict(zip(names, arguments, strict=False)), **keywords}
        return given.get("target"), flat(given.get("sources")), not trained(state)

    def answered(note: Any, tape: Any, result: Any) -> None:
        nonlocal asking
        if note is None:
            return
        asking = False
        target, sources, first = note
        pairs = [
            (_own_copy(source), gradient)
            for source, gradient in zip(sources, flat(result), strict=False)
            if is_variable(source)
        ]
        found.append(Taken(target, [one for one, _ in pairs], [one for _, one in pairs], first))

    def failed(note: Any, tape: Any, problem: BaseException) -> None:
        nonlocal asking
        asking = False

    patches.around(tf.GradientTape, "gradient", before=asked, after=answered, raised=failed)
    try:
        with run_eagerly():
            step(*args)
    finally:
        patches.restore()
        state.restore()
    return found


def _own_copy(variable: Any) -> Any:
    """A variable itself; of one that a strategy replicates, the copy of this replica."""
    inner = bare(variable)
    copy_here = getattr(inner, "_get_on_device_or_primary", None)
    return inner if copy_here is None else copy_here()


def coarsest_of(function: Callable[..., Any], args: Sequence[Any], state: State) -> str:
    """The coarsest type of floats that an eager call computes in."""
    from tensorflow.python.framework import op_callbacks

    met: set[str] = set()

    def look(
        kind: Any, inputs: Any, attributes: Any, outputs: Any, *rest: Any, **more: Any
    ) -> None:
        met.update(one.dtype.name for one in outputs)

    op_callbacks.add_op_callback(look)
    try:
        with run_eagerly():
            function(*args)
    finally:
        op_callbacks.remove_op_callback(look)
        state.restore()
    return next((one for one in ("bfloat16", "float16", "float32") if one in met), "float64")


def trained(state: State) -> bool:
    """A weight has changed; counters and statistics do not count."""
    return any(
        variable.trainable and (variable.dtype.is_floating or variable.dtype.is_complex)
        for variable, _, _ in state.changed()
    )


def changes(step: Callable[..., Any], args: Sequence[Any], state: State) -> Values:
    """Variables that a call of the step changes, with their new values."""
    try:
        step(*args)
        return [(variable, now) for variable, _, now in state.changed()]
    finally:
        state.restore()


def put(variable: Any, value: Any) -> None:
    """Gives a variable another value, past all that watches assignments."""
    import tensorflow as tf

    tensor = tf.constant(value, variable.dtype.base_dtype)
    tf.raw_ops.AssignVariableOp(resource=variable.handle, value=tensor)


def number(target: Any) -> float:
    """The sum of a target, as `tape.gradient` differentiates it."""
    import numpy as np

    return float(sum(np.sum(one.numpy().astype(np.float64)) for one in flat(target)))


def dense(gradient: Any) -> Any:
    """A gradient as an array of doubles, or of their complex kind."""
    import tensorflow as tf

    array = tf.convert_to_tensor(gradient).numpy()
    return wide(array)


def wide(array: Any) -> Any:
    """An array in double precision."""
    return array.astype("complex128" if array.dtype.kind == "c" else "float64")


def scalar_of(result: Any) -> float | None:
    """The loss among what a step returned: a scalar, or the entry `loss`."""
    if isinstance(result, dict):
        result = result.get("loss")
    if isinstance(result, list | tuple):
        result = result[0] if result else None
    shape = getattr(result, "shape", None)
    if shape is None or len(shape) != 0:
        return float(result) if isinstance(result, float) else None
    try:
        return float(result)
    except (TypeError, ValueError):
        return None


@dataclass(frozen=True)
class Difference:
    """Where two sets of values differ most.

    Attributes:
        name: Of the variable.
        relative: Norm of the difference by the norm of the change.
    """

    name: str
    relative: float


def largest_difference(one: Values, other: Values) -> Difference | None:
    """Where the values that two calls left behind differ most.

    Returns:
        The largest difference; `None` if neither changed anything.
    """
    found = _differences(one, other)
    return max(found, key=lambda difference: difference.relative, default=None)


def apart(one: Values, other: Values, noise: dict[str, float]) -> Difference | None:
    """The largest difference that float noise does not explain.

    Args:
        one: Variables with the values that a call left behind.
        other: The same of another call.
        noise: By the names of variables, what a few roundings change.
    """
    beyond = [
        found
        for found in _differences(one, other)
        if found.relative > max(SAME, NOISE * noise.get(found.name, 0.0))
    ]
    return max(beyond, key=lambda difference: difference.relative, default=None)


def noise(
    step: Callable[..., Any], args: Sequence[Any], state: State, usual: Values, dtype: str
) -> dict[str, float]:
    """How far an eager step changes if its variables are moved by half a rounding.

    Args:
        step: Called twice.
        args: Its arguments.
        state: Is restored afterwards.
        usual: What the step leaves behind from where the variables stand.
        dtype: The type whose rounding is meant.
    """
    import numpy as np

    found: dict[str, float] = {}
    moved = [one for one in state.variables() if one.dtype.name in SPACING and one.trainable]
    for seed in range(2):
        rng = np.random.default_rng(seed)
        shifts = {}
        for variable in moved:
            value = wide(variable.numpy())
            shift = SPACING[dtype] / 2 * rng.choice([-1.0, 1.0], value.shape) * value
            shifts[id(variable)] = shift
            put(variable, value + shift)
        with run_eagerly():
            near = changes(step, args, state)
        back = [(one, wide(now) - shifts.get(id(one), 0.0)) for one, now in near]
        for difference in _differences(usual, back):
            known = found.get(difference.name, 0.0)
            found[difference.name] = max(known, difference.relative)
    return found


def _differences(one: Values, other: Values) -> list[Difference]:
    """Of each variable that changed in one of two calls."""
    import numpy as np

    values = [
        {id(variable): (variable, value) for variable, value in part} for part in (one, other)
    ]
    found = []
    for key in {**values[0], **values[1]}:
        variable = (values[0].get(key) or values[1][key])[0]
        left, right = (
            wide(np.asarray(part[key][1] if key in part else variable.numpy())) for part in values
        )
        change = np.linalg.norm(left - variable.numpy())
        size = np.linalg.norm(left - right)
        found.append(
            Difference(str(variable.name), float(size / change) if change else float(size))
        )
    return found
