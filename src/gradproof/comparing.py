"""The work behind `gradproof.compare`: two steps, run from one state."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from .live import Watched
from .report.text import told

if TYPE_CHECKING:
    from .watching.tensorflow.trying.alignment import Alignment
    from .watching.tensorflow.trying.parting import Parted, Runs
    from .watching.tensorflow.trying.rewind import State
    from .watching.tensorflow.trying.sides import Side

TRACED = "traced"
"""The stage at which steps part that do the same in eager code."""

SHOWN = 5


class Comparing:
    """One comparison under way; `go` fills what it tells.

    Attributes:
        parts: What differs, in the order of a step.
        reasons: Sentences about the first of them.
        stages: Those that were compared.
        errors: Sentences about exceptions of the steps.
        notes: Sentences about what could not be compared.
        causes: Diagnoses of one step that the other has not, as text.
        variables: Number of variables compared.
    """

    def __init__(
        self,
        steps: tuple[Callable[..., Any], Callable[..., Any]],
        names: tuple[str, str],
        args: Sequence[Any],
        state: State,
        only: Sequence[Any] | None,
    ) -> None:
        self.parts: list[Parted] = []
        self.reasons: list[str] = []
        self.stages: list[str] = []
        self.errors: list[str] = []
        self.notes: list[str] = []
        self.causes: list[str] = []
        self.variables = 0
        self._steps = steps
        self._names = names
        self._args = args
        self._state = state
        self._only = only
        self._eagerly = True
        self._begin: Callable[[], None] = _as_it_is

    def go(self) -> None:
        """Observes both steps, aligns them and compares."""
        sides = self._observed()
        if sides is None:
            return
        from .watching.tensorflow.trying.alignment import Alignment
        from .watching.tensorflow.trying.parting import parted

        alignment = Alignment(*sides)
        self.notes += alignment.notes
        if alignment.apart:
            listed = ", ".join(f"`{one}`" for one in alignment.apart[:SHOWN])
            self.notes.append(f"no counterpart in the other step: {listed}")
        self._begin = alignment.begin
        runs = self._runs(alignment)
        self._describe(runs)
        self.parts = self._chosen(parted(*runs), alignment)
        drew = [one.side.drew for one in runs]
        if self.parts and all(drew):
            runs = self._runs(alignment, stirred=True)
            self.parts = self._chosen(parted(*runs), alignment)
        if self.parts:
            self._explain(runs)
        elif any(drew):
            self.notes.append("random numbers are drawn: how they run traced was not compared")
        elif self._eagerly:
            self._trace(alignment, runs)

    def _observed(self) -> list[Side] | None:
        """What each step does; eagerly, or both as they are."""
        from .watching.tensorflow.trying.sides import observe

        for self._eagerly in (True, False):
            sides, problems = [], []
            for name, step in zip(self._names, self._steps, strict=True):
                try:
                    sides.append(observe(step, self._args, self._state, eagerly=self._eagerly))
                except Exception as problem:
                    problems.append(f"{name} raised {told(problem)}")
            if not problems:
                if not self._eagerly:
                    self.notes.append("not seen inside: a step does not run eagerly")
                return sides
            self.errors = self.errors or problems
        return None

    def _runs(self, alignment: Alignment, stirred: bool = False) -> tuple[Runs, Runs]:
        from .watching.tensorflow.trying.parting import run

        self.errors = []
        one, other = (
            run(step, self._args, self._state, alignment, self._begin, self._eagerly, stirred)
            for step in self._steps
        )
        return one, other

    def _describe(self, runs: tuple[Runs, Runs]) -> None:
        """What is compared at all."""
        from .watching.tensorflow.trying.parting import STAGES, comparable

        self.stages = [stage for stage in STAGES if comparable(stage, *runs)]
        self.variables = len({name for one in runs for name in one.values["change"]})
        counts = [len(one.side.taken) for one in runs]
        if counts[0] != counts[1] and all(counts):
            self.notes.append(
                f"gradients are taken {counts[0]} times in {self._names[0]}, {counts[1]} times in "
                f"{self._names[1]}: they are compared as they are handed over"
            )

    def _chosen(self, parts: Iterable[Parted], alignment: Alignment) -> list[Parted]:
        """Those about the variables that were named, and about losses."""
        if self._only is None:
            return list(parts)
        names = {alignment.name(variable) for variable in self._only}
        return [one for one in parts if one.stage == "loss" or one.name.split(" (")[0] in names]

    def _explain(self, runs: tuple[Runs, Runs]) -> None:
        from .watching.tensorflow.trying.reasons import reasons

        self.reasons = reasons(
            *runs, self.parts, self._names, self._starting, self._args, self._state
        )
        blocks = [self._diagnosed(which) for which in (0, 1)]
        for which, name in enumerate(self._names):
            for code in blocks[which]:
                if code not in blocks[1 - which]:
                    self.causes.append(f"in {name} only:\n{blocks[which][code]}")

    def _starting(self, which: int) -> Callable[..., Any]:
        """A step that begins where both begin."""

        def step(*args: Any) -> Any:
            self._begin()
            return self._steps[which](*args)

        return step

    def _diagnosed(self, which: int) -> dict[str, str]:
        """What is wrong with one step, as blocks of text by code."""
        from .watching.tensorflow.trying import trial

        self._begin()
        try:
            with trial.run_eagerly(), Watched() as seen:
                self._steps[which](*self._args)
        except Exception:
            return {}  # it did not raise when it was compared
        finally:
            self._state.restore()
        return {one.fault.code: seen.block(one) for one in seen.diagnoses if one.level != "advice"}

    def _trace(self, alignment: Alignment, runs: tuple[Runs, Runs]) -> None:
        """Runs both steps as they are, traced or not, and compares again."""
        from .watching.tensorflow.trying.parting import CHANGE, Runs, parted, quantities
        from .watching.tensorflow.trying.sides import observe

        traced = []
        for step, one in zip(self._steps, runs, strict=True):
            side = observe(step, self._args, self._state, self._begin, eagerly=False)
            for key, variable in one.side.touched.items():
                side.touched.setdefault(key, variable)
                side.before.setdefault(key, one.side.before[key])
                side.after.setdefault(key, one.side.before[key])
            side.handed = one.side.handed
            values = {**one.values, CHANGE: quantities(side, alignment)[CHANGE]}
            traced.append(Runs(one.side, values, one.noise))
        self.stages.append(TRACED)
        found = self._chosen(parted(*traced), alignment)
        if not found:
            return
        self.parts = [_at(TRACED, one) for one in found]
        for name, step, before, after in zip(self._names, self._steps, runs, traced, strict=True):
            if next(parted(before, after), None) is not None:
                kind = "traced" if hasattr(step, "python_function") else "run as it is"
                self.reasons.append(f"{name} does something else {kind} than in eager code")


def _at(stage: str, part: Parted) -> Parted:
    import dataclasses

    return dataclasses.replace(part, stage=stage)


def _as_it_is() -> None:
    """Begins where the state is."""
