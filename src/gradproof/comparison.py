"""Two steps from one state: `gradproof.compare(my_step, keras_step(model), x, y)`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from textwrap import fill
from typing import Any

from . import needs
from .contrast import Part
from .report import cells
from .report.contrast import stage_table
from .report.text import WIDTH, counted


@dataclass(frozen=True)
class Comparison(cells.InShells):
    """Where two steps part; true when nothing parts.

    Attributes:
        names: What the two steps are called.
        parts: What differs by more than float noise, in the order of a step.
        reasons: Sentences about the first of them.
        stages: The stages that were compared.
        errors: Sentences about exceptions of the steps.
        notes: Sentences about what could not be compared or made equal.
        causes: Diagnoses of one step that the other has not, as text.
        variables: Number of variables compared.
    """

    names: tuple[str, str]
    parts: tuple[Part, ...] = ()
    reasons: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    variables: int = 0

    @property
    def stage(self) -> str | None:
        """The first stage at which they part."""
        return self.parts[0].stage if self.parts else None

    @property
    def variable(self) -> str | None:
        """The first variable that differs at that stage; `"loss"` for the loss."""
        return self.parts[0].variable if self.parts else None

    def __bool__(self) -> bool:
        return not self.parts and not self.errors

    def __str__(self) -> str:
        lines = fill(self._closing(), WIDTH, subsequent_indent="  ").splitlines()
        lines += [_item(words) for words in (*self.errors, *self.reasons)]
        if self.parts:
            lines += ["", *stage_table(self.parts, self.stages, self.names)]
        lines += [_item(words) for words in self.notes]
        return "\n".join([*lines, *(f"\n{cause}" for cause in self.causes)])

    def _repr_html_(self) -> str:
        """The table for a notebook."""
        parts = [(part.stage, part.variable, part.words(self.names)) for part in self.parts]
        said = [self._closing(), *self.errors, *self.reasons, *self.notes]
        return cells.cell(
            cells.lines("\n".join(said)),
            cells.parts_table(parts),
            cells.folded([("why", "\n\n".join(self.causes))] if self.causes else []),
        )

    def _closing(self) -> str:
        looked = f"{counted(self.variables, 'variable')} compared"
        if self.errors:
            return f"gradproof: the steps could not be compared ({self.errors[0]})"
        if not self.parts:
            return (
                f"gradproof: {self.names[0]} and {self.names[1]} do the same; "
                f"{looked}, nothing differs by more than float noise"
            )
        first = self.parts[0]
        where = (
            first.stage if first.stage == first.variable else f"{first.stage}, `{first.variable}`"
        )
        return f"gradproof: the steps part at {where}: {first.words(self.names)}; {looked}"


def compare(
    step_a: Callable[..., Any],
    step_b: Callable[..., Any],
    *args: Any,
    variables: Sequence[Any] | None = None,
) -> Comparison:
    """Runs two steps from equal state on one batch and says where they part.

    Each step is run several times, as it is and eagerly, also from weights
    and inputs moved by a few spacings of their type: what such a move
    changes is noise, and only what differs by more counts. Steps of two
    models of one build are compared as well: the second starts from the
    values of the first. Afterwards every `tf.Variable` of the process is
    what it was, bit for bit. Python's own state is not put back.

    Args:
        step_a: Trains once; a plain or a traced function.
        step_b: The same, meant to do the same.
        args: The batch, for both.
        variables: Those to compare, with all that follows from them; without
            it, all that either step uses.

    Returns:
        A comparison, which is true when nothing parts.

    Raises:
        TypeError: A step can't be called, an argument can be read only once, or `variables`
            is no list of variables.
        ValueError: `variables` is empty.
        ImportError: TensorFlow is not installed.

    Example:
        ```python
        found = gradproof.compare(my_step, gradproof.keras_step(model), x, y)
        assert found, found
        ```
    """
    _refuse_wrong_use(step_a, step_b, args)
    needs.tensorflow("compare")
    needs.variables(variables)
    from .watching.tensorflow.trying import trial

    names = _names(step_a, step_b)
    with trial.restored() as state:
        for step in (step_a, step_b):
            trial.rehearse(step, args, state)
        from .comparing import Comparing

        found = Comparing((step_a, step_b), names, args, state, variables)
        found.go()

    return Comparison(
        names,
        tuple(
            Part(one.stage, one.name, one.left, one.right, one.difference, one.noise, one.factor)
            for one in found.parts
        ),
        tuple(dict.fromkeys(found.reasons)),
        tuple(found.stages),
        tuple(found.errors),
        tuple(dict.fromkeys(found.notes)),
        tuple(found.causes),
        found.variables,
    )


def _refuse_wrong_use(step_a: object, step_b: object, args: Sequence[object]) -> None:
    for name, step in (("step_a", step_a), ("step_b", step_b)):
        if not callable(step):
            raise TypeError(
                f"`{name}` must be a function that trains once, got {type(step).__name__}"
            )
    for argument in args:
        if hasattr(argument, "__next__"):
            raise TypeError(
                "the arguments must be one batch that can be read many times, "
                f"got the iterator {type(argument).__name__}"
            )


def keras_step(model: Any, own: bool = True) -> Callable[..., Any]:
    """Gives the training step of `fit` as a function of one batch.

    The function takes `(x, y, sample_weight)`, the last one or two of which
    may be left out, and does once what `fit` does with a batch: the oracle to
    compare a loop of one's own with.

    Args:
        model: A compiled Keras 3 or tf-keras model.
        own: Calls the model's `train_step`, also one that its class has
            written itself. With `False`, the one that Keras brings.

    Returns:
        A function that trains once and returns the logs of `fit`.

    Raises:
        TypeError: `model` is no Keras model.
        ValueError: `model` is not compiled.

    Example:
        ```python
        model.compile(optimizer, "mse")
        print(gradproof.compare(my_step, gradproof.keras_step(model), x, y))
        ```
    """
    from .watching.tensorflow.trying.oracle import keras_step as made

    return made(model, own)


def _names(step_a: Callable[..., Any], step_b: Callable[..., Any]) -> tuple[str, str]:
    """What the steps are called, if that tells them apart."""
    found = [str(getattr(step, "__name__", "")) for step in (step_a, step_b)]
    if found[0] == found[1] or not all(found) or "<lambda>" in found:
        return ("A", "B")
    return (found[0], found[1])


def _item(words: str) -> str:
    return fill(words, WIDTH, initial_indent="  - ", subsequent_indent="    ")
