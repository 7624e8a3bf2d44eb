"""The path picture: a row a variable, a column a stage, and where its update is lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ...answer import Answer, Standing
from ...evidence.run import Run
from ...fault import STAGES, Diagnosis
from .lanes import Lane, Summary
from .stages import Facts, sentences

PATH = STAGES[:-1]
"""The seven stages of the picture; costs stand beside it."""


@dataclass(frozen=True)
class Cell:
    """One variable at one stage.

    Attributes:
        stage: Its name.
        state: `"held"`, `"lost"`, `"after"` (behind the stage at which it is
            lost), `"rest"` or `"open"` (nothing is known).
        words: What was seen there.
    """

    stage: str
    state: str
    words: str


@dataclass
class Branch:
    """A model, a layer or a variable in the tree of names.

    Attributes:
        label: Its part of the name.
        standing: Of a variable; `None` for a group.
        name: The whole name of a variable.
        cells: Of a variable.
        branches: What a group holds.
        code: Of the diagnosis that tells where a variable is lost.
    """

    label: str
    standing: Standing | None = None
    name: str = ""
    cells: list[Cell] = field(default_factory=list)
    branches: list[Branch] = field(default_factory=list)
    code: str = ""

    def leaves(self) -> Iterator[Branch]:
        """The variables below."""
        if self.standing is not None:
            yield self
        for branch in self.branches:
            yield from branch.leaves()

    def count(self) -> Counter[str]:
        """How many variables are lost, moved and at rest below."""
        return Counter(leaf.standing.state for leaf in self.leaves() if leaf.standing)

    def tally(self) -> list[tuple[str, int, int]]:
        """For each stage its worst state, how many are lost there, and of how many."""
        leaves = list(self.leaves())
        found = []
        for at in range(len(PATH)):
            states = Counter(leaf.cells[at].state for leaf in leaves)
            worst = next((one for one in ("lost", "held", "open", "rest") if states[one]), "after")
            found.append((worst, states["lost"], len(leaves)))
        return found


@dataclass(frozen=True)
class Picture:
    """The whole picture.

    Attributes:
        branches: Of the tree.
        codes: For each stage the codes of the diagnoses there.
        lost: For each stage the number of variables lost there.
    """

    branches: list[Branch]
    codes: Mapping[str, list[str]]
    lost: Mapping[str, int]

    @property
    def count(self) -> int:
        """Number of variables."""
        return sum(1 for branch in self.branches for _ in branch.leaves())

    @property
    def large(self) -> bool:
        """So large that groups in which nothing is lost are better folded."""
        return self.count > 24


def picture(answer: Answer, run: Run | None = None, found: Sequence[Lane] = ()) -> Picture:
    """Draws the picture of an answer.

    Args:
        answer: What was found out.
        run: The facts, for the numbers behind each cell.
        found: The lanes of the run, likewise.
    """
    summaries = {row.key: (lane, row.summary) for lane in found for row in lane.rows}
    facts = Facts.of(run) if run is not None else None
    leaves = [
        (name, _leaf(name, standing, facts, summaries))
        for name, standing in _named(_in_order(answer.standings, run))
    ]
    lost = Counter(standing.stage for standing in answer.standings if standing.state == "broken")
    return Picture(_tree(leaves), _codes(answer.diagnoses), {k: v for k, v in lost.items() if k})


def names(answer: Answer, run: Run | None) -> dict[int, str]:
    """Unambiguous names of the variables by key."""
    found = {
        standing.key: name
        for name, standing in _named(_in_order(answer.standings, run))
        if standing.key is not None
    }
    for variable in run.variables if run else ():
        found.setdefault(variable.key, variable.path)
    return found


def _in_order(standings: Sequence[Standing], run: Run | None) -> list[Standing]:
    """As the model made its variables, not the broken ones first."""
    if run is None:
        return list(standings)
    order = {variable.key: at for at, variable in enumerate(run.variables)}
    last = len(order)
    return sorted(standings, key=lambda one: order.get(-1 if one.key is None else one.key, last))


def _named(standings: Iterable[Standing]) -> Iterator[tuple[str, Standing]]:
    """Names that no two variables share, also in records in which paths do."""
    seen: Counter[str] = Counter()
    for standing in standings:
        path = standing.variable
        seen[path] += 1
        yield path if seen[path] == 1 else f"{path}#{seen[path]}", standing


def _leaf(
    name: str,
    standing: Standing,
    facts: Facts | None,
    summaries: Mapping[int, tuple[Lane, Summary]],
) -> Branch:
    lane, summary = summaries.get(-1 if standing.key is None else standing.key, (None, None))
    told = sentences(standing, facts, lane, summary)
    shown = {
        "repeated": summary is not None and summary.moved > 1,
        "learned": bool(lane and lane.loss_ends and lane.loss_ends[1] < lane.loss_ends[0]),
    }
    cells = [
        Cell(stage, _state(standing, stage, shown.get(stage, True)), told[stage]) for stage in PATH
    ]
    first = standing.why.split(" ", 1)[0]
    code = first if standing.state == "broken" and first.startswith("GP") else ""
    return Branch(name.rpartition("/")[2], standing, name, cells, code=code)


def _state(standing: Standing, stage: str, seen: bool) -> str:
    at = PATH.index(stage)
    if standing.state == "broken" and standing.stage in PATH:
        lost = PATH.index(standing.stage)
        return "held" if at < lost else "lost" if at == lost else "after"
    if standing.state == "resting":
        return "rest" if at == 0 else "after"
    return "held" if seen else "open"


def _codes(diagnoses: Iterable[Diagnosis]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for diagnosis in diagnoses:
        here = found.setdefault(diagnosis.fault.stage, [])
        if diagnosis.fault.code not in here:
            here.append(diagnosis.fault.code)
    return found


def _tree(leaves: Iterable[tuple[str, Branch]]) -> list[Branch]:
    """Names by their parts; a group with a single part is joined with it."""
    root = Branch("")
    groups: dict[tuple[str, ...], Branch] = {(): root}
    for name, leaf in leaves:
        parts = _groups(name)
        for depth in range(1, len(parts) + 1):
            if parts[:depth] not in groups:
                group = groups[parts[:depth]] = Branch(parts[depth - 1])
                groups[parts[: depth - 1]].branches.append(group)
        groups[parts].branches.append(leaf)
    return [_joined(branch) for branch in root.branches]


def _groups(name: str) -> tuple[str, ...]:
    """The groups that a variable lies in: `up/kernel#2` is in the second `up`."""
    *groups, leaf = name.split("/")
    _, mark, number = leaf.rpartition("#")
    if groups and mark and number.isdigit():
        groups[-1] += f"#{number}"
    return tuple(groups)


def _joined(branch: Branch) -> Branch:
    branch.branches = [_joined(one) for one in branch.branches]
    if branch.standing is None and len(branch.branches) == 1:
        (only,) = branch.branches
        only.label = f"{branch.label}/{only.label}"
        return only
    return branch
