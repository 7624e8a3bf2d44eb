"""Is this gradient right? `gradproof.check_gradient(fn, x)`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from textwrap import fill
from typing import TYPE_CHECKING, Any

from . import needs
from .report import cells
from .report.text import WIDTH, counted

if TYPE_CHECKING:
    from .watching.tensorflow.trying.jacobians import Input

MARKS = {True: "holds", False: "WRONG", None: "-"}


@dataclass(frozen=True)
class GradientCheck(cells.InShells):
    """What central differences say of a gradient; true when it is right.

    Attributes:
        inputs: One entry an input, and one a variable that was read.
        notes: Sentences: what could not be looked at.
    """

    inputs: tuple[Input, ...]
    notes: tuple[str, ...] = ()

    @property
    def wrong(self) -> tuple[str, ...]:
        """Sentences: what is wrong, input by input."""
        return tuple(f"{one.name}: {one.words}" for one in self.inputs if one.holds is False)

    def __bool__(self) -> bool:
        return not self.wrong and any(one.holds for one in self.inputs)

    def __str__(self) -> str:
        lines = [self._closing()]
        lines += [f"{MARKS[one.holds]:<5}  {one.name}: {one.words}" for one in self.inputs]
        lines += [f"not checked: {words}" for words in self.notes]
        head, *rest = (fill(line, WIDTH, subsequent_indent="    ") for line in lines)
        return "\n".join([head, *(f"  {line}" for line in rest)])

    def _repr_html_(self) -> str:
        """The same for a notebook."""
        return cells.cell(cells.lines(str(self)))

    def _closing(self) -> str:
        looked = counted(len(self.inputs), "input")
        if self.wrong:
            return f"gradproof: the gradient is wrong ({self.wrong[0]}); {looked}"
        if not self:
            why = f" ({self.notes[0]})" if self.notes else ""
            return f"gradproof: nothing could be checked{why}"
        return f"gradproof: the gradient agrees with central differences; {looked}"


def check_gradient(fn: Callable[..., Any], *args: Any) -> GradientCheck:
    """Compares the gradient of a function with central differences.

    For functions with `tf.custom_gradient`, and for whole losses. Every
    array or tensor of floats among the arguments, in lists and dictionaries
    too, is moved to and fro along some directions, small ones also element
    by element; so is every trainable variable that the function reads. The
    size of the move follows the values and the coarsest type that the function
    computes in; float16 and bfloat16 go by leaps, so a curve is laid through
    many points there, and what their scatter hides is not judged. At a kink,
    anything between the slopes of its two sides counts as right. Variables
    are put back, bit for bit.

    Args:
        fn: Gives a tensor, or a nest of them; plain or traced.
        args: Its arguments. Those of other kinds are passed on as they are.

    Returns:
        What was seen for each input; true when each gradient is right.

    Raises:
        TypeError: `fn` can't be called, or gives no tensor.
        ImportError: TensorFlow is not installed.
        Exception: Whatever `fn` raises.

    Example:
        ```python
        @tf.custom_gradient
        def clipped(x):
            return tf.clip_by_value(x, 0.0, 1.0), lambda upstream: upstream

        print(gradproof.check_gradient(clipped, tf.constant([0.5, 2.0])))
        ```
    """
    if not callable(fn):
        raise TypeError(f"`fn` must be a function that gives a tensor, got {type(fn).__name__}")
    needs.tensorflow("check_gradient")
    from .watching.tensorflow.trying import trial
    from .watching.tensorflow.trying.jacobians import check_inputs

    with trial.restored() as state:
        inputs, notes = check_inputs(fn, args, state)
    return GradientCheck(tuple(inputs), tuple(notes))
