"""How many injected defects gradproof finds in real, right training loops.

    python benchmarks/mutants.py [FOLDER...] [--cache FOLDER] [--most N] [--only TEXT] [--misses]
                                 [--sites] [--write]

The loops come from the packages that `precision.py` has unpacked, from
`examples/right`, `tests/corpus/clean`, the exam and `FOLDER`s given (of which
files named `stuck.py` are left out). Each operator puts one defect into one place,
as a text edit; what is found in the unchanged file is subtracted. An operator
is applied only where the result is wrong for sure as far as its neighbourhood
tells. `found` counts any error or warning that is new, `as expected` one of
the codes that the defect should have. Intervals are Wilson's, at 95 %.

A place counts as resolved if every gradient call of the function around it
is: for each source the reader knows whether the path from the loss is live or
where it is lost. `--sites` prints what became of each gradient call,
`--misses` each defect that was not found at a resolved place.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import hashlib
import math
import os
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from gradproof.faults import FAULTS
from gradproof.source import Project
from gradproof.source.dependence import ANYTHING
from gradproof.source.framework.tapes import entries, owner_of
from gradproof.source.project import Source, lines_of
from gradproof.source.reader import Reader
from gradproof.source.values import Tensor, Unknown
from gradproof.words import trains
from operators import OPERATORS, Edit, Program
from precision import put

HERE = Path(__file__).parent
ROOT = HERE.parent
MARK = "\n## Injected defects\n"
GOAL, RESOLVED_GOAL = 0.9, 0.8


@dataclass
class Judged:
    """What reading one text gave.

    Attributes:
        found: Code and message of every error and warning, with its count.
        sites: What became of each gradient call, by its line.
    """

    found: Counter[tuple[str, str]]
    sites: dict[int, str]


@dataclass
class Tally:
    """The figures of one operator, at resolved places and at all."""

    n: int = 0
    found: int = 0
    expected: int = 0
    everywhere: int = 0
    found_everywhere: int = 0
    misses: list[str] = field(default_factory=list)


def project_of(folder: Path) -> Project:
    """The files of a package, as its modules import each other."""

    def load(path: str) -> str | None:
        try:
            return (folder / path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return None

    def listing(path: str) -> list[str]:
        try:
            return os.listdir(folder / path)
        except OSError:
            return []

    return Project(load, listing)


def judge(text: str, path: str, project: Project, keras: str | None) -> Judged:
    """Reads one text with everything that it imports."""
    source = Source(path, lines_of(text), ast.parse(text), trains=trains(text))
    reader = Reader(source, keras, project)
    with contextlib.suppress(RecursionError):
        reader.run()
    loop = reader.facts.finish(path, keras)
    found: Counter[tuple[str, str]] = Counter()
    for fault in FAULTS:
        for finding in fault.find(loop) if fault.find else ():
            if (finding.level or fault.level) != "advice":
                found[fault.code, finding.message] += 1
    return Judged(found, _sites(reader))


def _sites(reader: Reader) -> dict[int, str]:
    """How well each gradient call was understood."""
    kinds: dict[int, set[str]] = defaultdict(set)
    for question in reader.facts.asked:
        given = entries(question.asked.sources)
        links = [link for _, link in question.found]
        if links and all(link.live or link.lost for link in links):
            flow = reader.facts.target_flow(question.asked.target)
            number = question.asked.tape.number
            vague = any(number in trail.tapes for trail in flow.get(ANYTHING, ()))
            kind = "resolved, unknown code beside" if vague else "resolved"
        elif given and all(isinstance(one, Tensor) for one in given):
            kind = "tensors"
        elif any(owner_of(one) is not None for one in given):
            kind = "opaque"
        elif any(isinstance(one, Unknown) and one.data for one in given):
            kind = "tensors"
        else:
            kind = "unknown list"
        kinds[question.asked.node.lineno].add(kind)
    order = ("resolved", "resolved, unknown code beside", "opaque", "unknown list", "tensors")
    return {line: next(kind for kind in order if kind in found) for line, found in kinds.items()}


def programs(folders: Iterable[Path], cache: Path) -> Iterator[tuple[Path, str]]:
    """Every file with a tape: the folder of its project, and its path there."""
    packages = sorted((cache / "unpacked").glob("*==*")) if (cache / "unpacked").exists() else []
    own = [ROOT / "examples" / "right", ROOT / "tests" / "corpus" / "clean"]
    own += [HERE / "exam" / "cases", HERE / "exam" / "right"]
    for folder in [*own, *folders, *packages]:
        for path in sorted(folder.rglob("*.py")):
            if path.name == "stuck.py":
                continue
            try:
                text = path.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError):
                continue
            if "GradientTape" in text and len(text) < 200_000:
                yield folder, path.relative_to(folder).as_posix()


def changed(text: str, edits: Iterable[Edit]) -> str:
    """The text with edits at byte offsets."""
    data = text.encode()
    for edit in sorted(edits, key=lambda one: one.start, reverse=True):
        data = data[: edit.start] + edit.text.encode() + data[edit.end :]
    return data.decode()


def wilson(hits: int, n: int) -> tuple[float, float]:
    """The 95 % interval of a share."""
    if not n:
        return 0.0, 1.0
    z, share = 1.96, hits / n
    middle = share + z * z / (2 * n)
    spread = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return (middle - spread) / (1 + z * z / n), (middle + spread) / (1 + z * z / n)


class Campaign:
    """Puts defects into programs and counts what is found."""

    def __init__(self, most: int, only: str) -> None:
        self.most = most
        self.operators = {name: one for name, one in OPERATORS.items() if only in name}
        self.tallies = {name: Tally() for name in self.operators}
        self.sites: Counter[str] = Counter()
        self.listed: list[str] = []
        self.per_package: Counter[tuple[str, str]] = Counter()

    def add(self, folder: Path, path: str, project: Project) -> None:
        """Puts every defect into one program."""
        text = (folder / path).read_text(encoding="utf-8")
        try:
            program = Program(text)
        except (SyntaxError, ValueError):
            return
        base = judge(text, path, project, program.keras)
        for line in program.gradient_lines:
            kind = base.sites.get(line, "not read")
            self.sites[kind] += 1
            self.listed.append(f"{kind}: {folder.name}/{path}:{line}")
        for name, operator in self.operators.items():
            taken = 0
            for mutant in operator.places(program):
                if taken == 2 or self._enough(name, folder, path):
                    break
                after = changed(text, mutant.edits)
                try:
                    ast.parse(after)
                except SyntaxError:
                    continue
                taken += 1
                # What it imports is parsed once for all its defects.
                new = judge(after, path, project, program.keras).found - base.found
                self._count(name, operator.codes, base, new, mutant.line, program, folder, path)

    def _enough(self, name: str, folder: Path, path: str) -> bool:
        tally = self.tallies[name]
        # No package may outweigh the others.
        full = self.per_package[name, folder.name] >= max(6, self.most // 8)
        return tally.n >= self.most or (full and folder.name.count("==") > 0)

    def _count(
        self,
        name: str,
        codes: frozenset[str],
        base: Judged,
        new: Counter[tuple[str, str]],
        line: int,
        program: Program,
        folder: Path,
        path: str,
    ) -> None:
        tally = self.tallies[name]
        found = bool(new)
        tally.everywhere += 1
        tally.found_everywhere += found
        around = program.gradient_lines_around(line)
        if not around or any(base.sites.get(one) != "resolved" for one in around):
            return
        self.per_package[name, folder.name] += 1
        tally.n += 1
        tally.found += found
        tally.expected += any(code in codes for code, _ in new)
        if not any(code in codes for code, _ in new):
            what = ", ".join(sorted({code for code, _ in new})) or "nothing"
            tally.misses.append(f"{name}: {folder.name}/{path}:{line}: {what}")


def table(campaign: Campaign) -> Iterator[str]:
    """A line for each operator, then what became of the gradient calls."""
    yield "| defect | n | found | 95 % | as expected | at all places | holds |"
    yield "|---|---|---|---|---|---|---|"
    for name, tally in campaign.tallies.items():
        if not tally.n:
            yield f"| {name} | 0 | - | - | - | {tally.found_everywhere}/{tally.everywhere} | - |"
            continue
        low, high = wilson(tally.found, tally.n)
        share = tally.found / tally.n
        yield (
            f"| {name} | {tally.n} | {share:.0%} | {low:.0%}-{high:.0%} | "
            f"{tally.expected / tally.n:.0%} | {tally.found_everywhere}/{tally.everywhere} | "
            f"{'yes' if share >= GOAL else 'no'} |"
        )
    yield ""
    yield "| gradient calls | n | share of those that ask for variables |"
    yield "|---|---|---|"
    asked = sum(n for kind, n in campaign.sites.items() if kind != "tensors")
    for kind, n in campaign.sites.most_common():
        share = "-" if kind == "tensors" else f"{n / max(asked, 1):.0%}"
        yield f"| {kind} | {n} | {share} |"


def main() -> int:
    """Runs the campaign and prints its table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    home = os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache"))
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--cache", type=Path, default=Path(home, "gradproof-precision"))
    parser.add_argument("--most", type=int, default=120, help="defects of a kind, resolved places")
    parser.add_argument("--part", type=int, default=1, help="read every N-th file only")
    parser.add_argument("--only", default="", help="operators with this text in their name")
    parser.add_argument("--misses", action="store_true", help="list what was not found")
    parser.add_argument("--sites", action="store_true", help="list what became of gradient calls")
    parser.add_argument("--write", action="store_true", help="put the figures into README.md")
    options = parser.parse_args()
    campaign = Campaign(options.most, options.only)
    begun = time.monotonic()
    chosen = list(programs(options.folders, options.cache))
    chosen.sort(key=lambda one: hashlib.sha256(f"{one[0].name}/{one[1]}".encode()).digest())
    for done, (folder, path) in enumerate(chosen[:: options.part], 1):
        campaign.add(folder, path, project_of(folder))
        if done % 25 == 0:
            print(f"{done} files, {time.monotonic() - begun:.0f} s", file=sys.stderr, flush=True)
    lines = list(table(campaign))
    print("\n".join(lines))
    if options.misses:
        print("\n".join(miss for tally in campaign.tallies.values() for miss in tally.misses))
    if options.sites:
        print("\n".join(sorted(campaign.listed)))
    if options.write:
        put(MARK, [_INTRODUCTION, "", *lines])
    return 0


_INTRODUCTION = """\
`python benchmarks/mutants.py` puts one defect at a time into right loops of the packages above, of
`examples/right`, of `tests/corpus/clean` and of the exam, and reads them. Counted are places in
functions whose gradient calls the reader resolves, without unknown code on the way; the last column
but one counts all. To hold: 90 % of each kind, and 80 % of the gradient calls for variables
resolved: for each source it is known whether its way to the target is live, or where it is lost."""


if __name__ == "__main__":
    sys.exit(main())
