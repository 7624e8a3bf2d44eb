"""The arguments of a function, to be moved one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..kinds import is_variable
from .rewind import State
from .slopes import SPACING, Number, number_of
from .trial import run_eagerly


@dataclass(frozen=True)
class Leaf:
    """One array among the arguments that can be moved.

    Attributes:
        place: Among the leaves of all arguments.
        name: As it is shown.
        tensor: Its numbers.
        whole: Makes the argument from other numbers.
    """

    place: int
    name: str
    tensor: Any
    whole: Callable[[Any], Any]


@dataclass
class Call:
    """A function with its arguments, to be called with some of them moved."""

    function: Callable[..., Any]
    given: Sequence[Any]
    state: State

    def __post_init__(self) -> None:
        import tensorflow as tf

        self.given = [_as_tensor(argument) for argument in self.given]
        self.flat = tf.nest.flatten(self.given)
        self.leaves = list(_leaves(self.given))

    def result(self, moved: dict[int, Any]) -> Any:
        """What it gives with other leaves at some places."""
        import tensorflow as tf

        flat = [moved.get(place, one) for place, one in enumerate(self.flat)]
        return self.function(*tf.nest.pack_sequence_as(self.given, flat))

    def number(self, moved: dict[int, Any]) -> Number:
        """One number made of all that it gives."""
        try:
            with run_eagerly():
                return number_of([part.numpy() for part in weighed(self.result(moved))])
        finally:
            self.state.restore()


def _as_tensor(argument: Any) -> Any:
    import numpy as np
    import tensorflow as tf

    if isinstance(argument, float | np.ndarray | np.generic):
        return tf.convert_to_tensor(argument)
    if isinstance(argument, list) and argument and _numbers(argument):
        return tf.convert_to_tensor(argument)
    if isinstance(argument, dict | list | tuple):
        return tf.nest.map_structure(_as_tensor, argument) if argument else argument
    return argument


def _numbers(argument: Any) -> bool:
    """A list, or list of lists, of plain numbers."""
    if isinstance(argument, list):
        return all(map(_numbers, argument))
    return isinstance(argument, int | float | complex)


def _leaves(given: Sequence[Any]) -> Iterator[Leaf]:
    """The arrays of floats among arguments, however deep they lie."""
    import tensorflow as tf
    from tensorflow.python.util import nest

    for place, ((first, *path), one) in enumerate(nest.flatten_with_tuple_paths(list(given))):
        name = f"input {first + 1}" + "".join(f"[{key!r}]" for key in path)
        if isinstance(one, tf.SparseTensor):
            leaf = Leaf(place, f"{name}.values", one.values, one.with_values)
        elif isinstance(one, tf.RaggedTensor):
            leaf = Leaf(place, f"{name}.flat_values", one.flat_values, one.with_flat_values)
        elif isinstance(one, tf.Tensor) and not is_variable(one):
            leaf = Leaf(place, name, one, lambda moved: moved)
        else:
            continue
        if leaf.tensor.dtype.name in SPACING and int(tf.size(leaf.tensor)) > 0:
            yield leaf


def weighed(result: Any) -> list[Any]:
    """Doubles whose sum heeds everything that a function gives.

    Each entry has its own weight: the sum alone would not tell whether a
    gradient heeds what comes from above it.
    """
    import numpy as np
    import tensorflow as tf

    found = []
    for number, part in enumerate(tf.nest.flatten(result, expand_composites=True)):
        try:
            tensor = tf.convert_to_tensor(part)
        except (TypeError, ValueError):
            raise TypeError(f"`fn` must give tensors, got {type(part).__name__}") from None
        if not (tensor.dtype.is_floating or tensor.dtype.is_complex):
            continue
        rng = np.random.default_rng(number)
        weights = rng.uniform(0.5, 1.5, tensor.shape) * rng.choice([-1.0, 1.0], tensor.shape)
        if tensor.dtype.is_complex:
            turned = tf.cast(tensor, tf.complex128) * tf.constant(weights * np.exp(1j * weights))
            found.append(tf.math.real(turned))
        else:
            weights = np.ones(()) if tensor.shape.rank == 0 else weights
            found.append(tf.cast(tensor, tf.float64) * tf.constant(weights))
    return found
