"""Does this optimizer keep its promises? `gradproof.check_optimizer(factory)`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from textwrap import fill
from typing import Any

from . import needs
from .report import cells
from .report.text import WIDTH, counted, told

MARKS = {True: "holds", False: "FAILS", None: "-"}


@dataclass(frozen=True)
class Promise:
    """One thing that every optimizer promises.

    Attributes:
        name: What it is about.
        holds: `None` if this optimizer does not promise it.
        words: What was seen; why it was not tried.
    """

    name: str
    holds: bool | None
    words: str = ""


@dataclass(frozen=True)
class OptimizerCheck(cells.InShells):
    """What an optimizer keeps of its promises; true when it keeps all.

    Attributes:
        optimizer: Name of its class.
        promises: One entry for each that was tried.
    """

    optimizer: str
    promises: tuple[Promise, ...]

    @property
    def broken(self) -> tuple[Promise, ...]:
        """Those that do not hold."""
        return tuple(one for one in self.promises if one.holds is False)

    def __bool__(self) -> bool:
        return not self.broken

    def __str__(self) -> str:
        tried = sum(one.holds is not None for one in self.promises)
        if self:
            head = f"gradproof: {self.optimizer} holds; {counted(tried, 'check')}"
        else:
            first = self.broken[0]
            head = (
                f"gradproof: {self.optimizer} fails {len(self.broken)} of "
                f"{counted(tried, 'check')} (first: {first.name}: {first.words})"
            )
        lines = [fill(head, WIDTH, subsequent_indent="  ")]
        for one in self.promises:
            words = f": {one.words}" if one.words else ""
            line = f"  {MARKS[one.holds]:<5}  {one.name}{words}"
            lines.append(fill(line, WIDTH, subsequent_indent=" " * 9))
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """The list for a notebook."""
        return cells.cell(cells.lines(str(self)))


def check_optimizer(factory: Callable[[], Any], reference: Any = None) -> OptimizerCheck:
    """Tries whether an optimizer does what every optimizer promises.

    For those who write optimizers, of Keras 3 or tf-keras. On a few small
    variables: all of them move, state is made once, `None` and sparse
    gradients, types, eager against traced and compiled by XLA, the counter,
    the learning rate and schedules, clipping, weight decay, moving averages
    and accumulation where its config offers them, saving, `get_config`,
    `stateless_apply`, two models, the order of variables, two replicas, and a
    convex problem. For the replicas, the processor is made two devices if
    TensorFlow has not begun yet.

    Args:
        factory: Makes a new optimizer each time it is called: a class, or a
            function without arguments.
        reference: The rule as a function of `(value, gradient, state)`, all
            arrays of float64, `state` being `None` at first. It gives the
            new value and the new state. Or an optimizer of optax, such as
            `optax.adam(0.001)`.

    Returns:
        What holds, what does not, and why; true when nothing fails.

    Raises:
        TypeError: `factory` can't be called, or gives no optimizer.
        ImportError: TensorFlow is not installed.
        Exception: Whatever `factory` raises.

    Example:
        ```python
        found = gradproof.check_optimizer(lambda: MyOptimizer(0.1))
        assert found, found
        ```
    """
    if not callable(factory):
        raise TypeError(
            f"`factory` must be a function that makes an optimizer, got {type(factory).__name__}"
        )
    needs.tensorflow("check_optimizer")
    from .watching.tensorflow.trying import trial
    from .watching.tensorflow.trying.optimizer_checks import CHECKS
    from .watching.tensorflow.trying.optimizer_replicas import two_processors
    from .watching.tensorflow.trying.optimizer_rules import follows
    from .watching.tensorflow.trying.optimizer_trials import keras_of

    two_processors()
    optimizer = factory()
    keras_of(optimizer)
    with trial.restored():
        promises = [_tried(name, check, factory) for name, check in CHECKS]
        if reference is not None:
            rule = reference
            promises.append(_tried("reference", lambda made: follows(made, rule), factory))
    return OptimizerCheck(type(optimizer).__name__, tuple(promises))


def _tried(
    name: str, check: Callable[[Callable[[], Any]], str | None], factory: Callable[[], Any]
) -> Promise:
    from .watching.tensorflow.trying.optimizer_trials import NotApplicable

    try:
        words = check(factory)
    except NotApplicable as reason:
        return Promise(name, None, str(reason))
    except Exception as problem:
        return Promise(name, False, f"raised {told(problem, 300)}")
    return Promise(name, words is None, words or "")
