"""The public exam: which tool tells why an update fails, and stays silent where none does?

    python benchmarks/exam/run.py [--tools TEXT] [--only TEXT] [--generation 3|2|both]
                                  [--answers FILE] [--part N] [--mutants N] [--misses]
                                  [--write]

Every tool is asked about every program: the faulty ones of `cases`, their
mended twins, and right programs that only look wrong. Answers are kept in
a file (`--answers`, a line each) and asked for only once, so the exam can be
sat in parts. README.md says what the columns mean and how to enter a tool.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import hashlib
import json
import os
import platform
import statistics
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from scipy.stats import binomtest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from labels import Case, Program, Remark, Score, faulty, judge, right  # noqa: E402
from tools import TOOLS, Said, Tool, nursery_of  # noqa: E402

from gradproof.faults import FAULTS  # noqa: E402
from mutants import changed  # noqa: E402
from operators import OPERATORS  # noqa: E402
from operators import Program as Text  # noqa: E402
from precision import put  # noqa: E402

GENERATIONS = ("3", "2")
MARK = "\n## Results\n"
HEADS = ("tool", "detected", "cause named first", "and line right", "speaks of right programs")


class Answers:
    """What tools have said so far; a line of a file for each answer."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._kept: dict[str, Said] = {}
        if path is not None and path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                one = json.loads(line)
                remarks = [
                    Remark(**{**given, "variables": tuple(given["variables"])})
                    for given in one["remarks"]
                ]
                self._kept[one["key"]] = Said(remarks, one["seconds"], one["failed"])

    def get(self, tool: Tool, path: Path, generation: str) -> Said | None:
        """What a tool said of this very text."""
        return self._kept.get(self._key(tool, path, generation))

    def put(self, tool: Tool, path: Path, generation: str, said: Said) -> None:
        """Keeps an answer."""
        key = self._key(tool, path, generation)
        self._kept[key] = said
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"key": key, **asdict(said)}) + "\n")

    @staticmethod
    def _key(tool: Tool, path: Path, generation: str) -> str:
        text = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
        return f"{tool.name}|{path.name}|{text}|{generation}"


def chosen(program: Program, part: int) -> bool:
    """Every N-th program, by its name: a faulty one together with its twin."""
    name = program.path.parent.name if program.path.parent.parent.name == "cases" else program.name
    return int(hashlib.sha256(name.encode()).hexdigest(), 16) % part == 0


def generations_for(tool: Tool, program: Program, wanted: Iterable[str]) -> list[str]:
    """Those a tool is asked under: what reads need not be asked twice."""
    given = [one for one in program.generations if one in wanted]
    return given if tool.runs else given[:1]


def paths(program: Program) -> Iterator[Path]:
    """The files that belong to a program of the exam."""
    yield program.path
    if program.twin is not None:
        yield program.twin


def ask(tools: list[Tool], programs: list[Program], wanted: list[str], answers: Answers) -> None:
    """Asks for all answers that are not there yet, one generation after the other."""
    for generation in wanted:
        open_ = [
            (tool, path)
            for program in programs
            for path in paths(program)
            for tool in tools
            if generation in generations_for(tool, program, wanted)
            and answers.get(tool, path, generation) is None
        ]
        runs = any(tool.runs for tool, _ in open_)
        with nursery_of(generation) if runs else contextlib.nullcontext() as nursery:
            for number, (tool, path) in enumerate(open_, 1):
                # A twin may have been asked as a program of its own.
                if answers.get(tool, path, generation) is None:
                    answers.put(tool, path, generation, tool.ask(path, generation, nursery))
                if number % 50 == 0:
                    print(f"{number} of {len(open_)} answers", file=sys.stderr, flush=True)


def score(
    tool: Tool, programs: list[Program], wanted: list[str], answers: Answers, bare: Tool
) -> tuple[Score, list[str]]:
    """The figures of a tool, and what it missed."""
    total, missed = Score(), []
    for program in programs:
        for generation in generations_for(tool, program, wanted):
            said = answers.get(tool, program.path, generation)
            if said is None:
                continue
            total.failed += bool(said.failed)
            if program.case is None:
                loud = [remark for remark in said.remarks if remark.loud]
                total.right += 1
                total.alarms += bool(loud)
                if loud:
                    missed.append(f"alarm: {program.name} ({generation}): {told(loud)}")
                base = answers.get(bare, program.path, generation)
                if tool.runs and base is not None and base.seconds and not said.failed:
                    total.costs.append(said.seconds / base.seconds)
                elif not tool.runs:
                    total.costs.append(said.seconds)
                continue
            twin = answers.get(tool, program.twin, generation) if program.twin else None
            of_twin = twin.remarks if twin is not None else []
            verdict = judge(program.case, said.remarks, of_twin, ranked=tool.ranked)
            total.add(verdict)
            if not (verdict.named and verdict.line):
                missed.append(f"miss: {program.name} ({generation}): {told(said.remarks)}")
    return total, missed


def told(remarks: list[Remark]) -> str:
    """Remarks in a line, for people."""
    short = [f"{one.fault or one.text[:60]!r}@{one.line}" for one in remarks[:3]]
    return ", ".join(short) or "nothing"


def share(hits: int, n: int) -> str:
    """A share with its exact (Clopper-Pearson) interval at 95 %."""
    if not n:
        return "-"
    interval = binomtest(hits, n).proportion_ci(0.95, method="exact")
    return f"{hits}/{n} = {hits / n:.0%} ({interval.low:.0%}-{interval.high:.0%})"


def row(tool: Tool, total: Score) -> str:
    """A line of the table."""
    cost = statistics.median(total.costs) if total.costs else None
    words = "-" if cost is None else f"{cost:.2f} x" if tool.runs else f"{cost:.2f} s"
    cells = [share(hits, total.asked) for hits in (total.detected, total.named, total.lines)]
    cells.append(share(total.alarms, total.right))
    return f"| {tool.name} | " + " | ".join(cells) + f" | {words} | {total.failed or ''} |"


def mutated(folder: Path, most: int) -> Iterator[Program]:
    """Right programs with one defect each put in by an operator.

    Of the places that operators find, a sample that depends on names alone is
    taken, so that the exam is the same wherever it is sat.
    """
    found = []
    for program in right():
        text = Text(program.path.read_text(encoding="utf-8"))
        for name, operator in OPERATORS.items():
            # One place an operator and program: no program may outweigh the others.
            for mutant in list(operator.places(text))[:1]:
                key = hashlib.sha256(f"{name}/{program.name}".encode()).hexdigest()
                found.append((key, name, program, mutant))
    for key, name, program, mutant in sorted(found, key=lambda one: one[0])[:most]:
        text = program.path.read_text(encoding="utf-8")
        after = changed(text, mutant.edits)
        try:
            compile(after, "mutant", "exec")
        except SyntaxError:
            continue
        path = folder / f"{key[:8]}-{program.path.parent.name}-{program.path.name}"
        path.write_text(after, encoding="utf-8")
        faults = {fault.name for fault in FAULTS if fault.code in OPERATORS[name].codes}
        case = Case(
            name=f"{name}: {program.name}",
            faults=frozenset(faults),
            lines=_changed_lines(text, after, mutant.line),
            variables=(),
            outcome="silent",
            generations=program.generations[:1],
            static="partly",
        )
        yield Program(path, case, program.path, program.generations[:1])


def _changed_lines(before: str, after: str, line: int) -> tuple[int, int]:
    """From the first to the last line that a defect touches, as the new text counts."""
    matcher = difflib.SequenceMatcher(None, before.splitlines(), after.splitlines(), False)
    spans = [(low + 1, high) for tag, _, _, low, high in matcher.get_opcodes() if tag != "equal"]
    lines = [line, *(number for span in spans for number in span)]
    return max(min(lines), 1), max(lines)


def machine() -> str:
    """On what the figures were taken."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    names = ("tensorflow", "keras", "tf-keras", "ruff", "pylint")
    packages = []
    for name in names:
        with contextlib.suppress(PackageNotFoundError):  # A tool that was not asked.
            packages.append(f"{name} {version(name)}")
    return (
        f"Taken on: {os.cpu_count()} cores, {memory:.0f} GB, {platform.system()} "
        f"{platform.machine()}, Python {platform.python_version()}, {', '.join(packages)}."
    )


def main() -> int:
    """Sits the exam and prints the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--tools", default="", help="tools with this text in their name")
    parser.add_argument("--only", default="", help="programs with this text in their name")
    parser.add_argument("--generation", choices=[*GENERATIONS, "both"], default="both")
    parser.add_argument("--answers", type=Path, help="keep answers here; ask only for others")
    parser.add_argument("--part", type=int, default=1, metavar="N", help="every N-th program only")
    parser.add_argument("--mutants", type=int, metavar="N", help="judge N mutants instead")
    parser.add_argument("--misses", action="store_true", help="list what was missed")
    parser.add_argument("--write", action="store_true", help="put the table into README.md")
    options = parser.parse_args()
    wanted = list(GENERATIONS) if options.generation == "both" else [options.generation]
    tools = [tool for tool in TOOLS if options.tools in tool.name]
    answers = Answers(options.answers)
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        if options.mutants:
            programs = list(mutated(Path(folder), options.mutants))
        else:
            programs = [
                program
                for program in (*faulty(options.only), *right(options.only))
                if chosen(program, options.part)
            ]
        ask(tools, programs, wanted, answers)
        lines.append(f"| {' | '.join(HEADS)} | cost | no answer |")
        lines.append("|---|---|---|---|---|---|---|")
        for tool in tools:
            total, missed = score(tool, programs, wanted, answers, TOOLS[0])
            lines.append(row(tool, total))
            if options.misses:
                print("\n".join(f"{tool.name}: {one}" for one in missed))
    lines += ["", machine()]
    print("\n".join(lines))
    if options.write:
        put(MARK, lines, HERE / "README.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
