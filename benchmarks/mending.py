"""How many faulty programs does `gradproof fix --prove` mend, and does it leave right ones alone?

    python benchmarks/mending.py [--only TEXT] [--generation 3|2|both] [--answers FILE]
                                 [--part N] [--minutes M] [--no-twins] [--cases FOLDER ...]
                                 [--right FOLDER ...] [--misses] [--write]

Every faulty program of the exam is mended as `gradproof fix --prove --write` would
(with `--unsafe` where the fault is one of level advice); so are the twins and
the right programs, which have to stay as they are.
Each run is forked from a process that has imported TensorFlow. Answers are
kept in a file (`--answers`, a line each) and asked for once, so it can be
measured in parts.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from math import isfinite
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "exam"))
sys.path.insert(0, str(HERE))

import labels  # noqa: E402
from run import GENERATIONS, machine, share  # noqa: E402
from tools import Nursery, nursery_of  # noqa: E402

from gradproof.faults import FAULTS  # noqa: E402
from gradproof.mending import measuring, proving  # noqa: E402
from gradproof.outcome import Outcome, harm_of  # noqa: E402
from precision import put  # noqa: E402

MARK = "\n## Mending\n"
INTRODUCTION = """\
`python benchmarks/mending.py` lets `gradproof fix --prove --write` mend the faulty programs of the
exam, and gives it right ones as well: the mended twins, and programs that only look wrong. Mended
means that the program that would be written is silent under `gradproof run` and its loss falls.
To hold: at least 80 % are mended, none is made worse, no right program is edited."""
COSTS = {fault.name for fault in FAULTS if fault.stage == "cost"}
LOSS = re.compile(r"loss\w*[ :=(]*([-+]?\d[\d.]*(?:e[-+]?\d+)?|nan|inf)", re.IGNORECASE)


@dataclass(frozen=True)
class Task:
    """One program that is to be mended, or to be left alone.

    Attributes:
        path: Its file.
        fault: What is wrong with it; empty for a right program.
        generation: Of Keras.
        advice: Its fault is one of level advice, so advice is mended as well.
    """

    path: Path
    fault: str
    generation: str
    advice: bool = False

    @property
    def key(self) -> str:
        """Its place, its text and its generation."""
        text = hashlib.sha256(self.path.read_bytes()).hexdigest()[:12]
        return f"{'/'.join(self.path.parts[-2:])}|{text}|{self.generation}"


@dataclass
class Answer:
    """What came of one program.

    Attributes:
        key: Of the task.
        fault: What was wrong; empty for a right program.
        changed: Whether anything would be written.
        before: Faults found in the first run.
        after: Faults found in the run of what would be written.
        error: Exception or failure that ends it then.
        falls: Whether its loss falls then; None if no loss is seen or printed.
        worse: In what it is worse than it was; empty if in nothing.
        healed: What was mended, and how.
        tried: What was tried in vain, and why.
        left: Faults that need judgement.
        seconds: For all runs.
    """

    key: str
    fault: str
    changed: bool
    before: list[str]
    after: list[str]
    error: str
    falls: bool | None
    worse: str
    healed: list[list[str]]
    tried: list[list[str]]
    left: list[str]
    seconds: float

    @property
    def mended(self) -> bool:
        """The written program is silent and its loss falls."""
        return self.changed and not self.after and not self.error and self.falls is True


def faulty(folders: Sequence[Path], only: str) -> Iterator[Task]:
    """The cases and their twins."""
    for folder in folders:
        for case in sorted(path.parent for path in folder.glob("*/case.toml")):
            if only not in case.name:
                continue
            text = labels.tomllib.loads((case / "case.toml").read_text(encoding="utf-8"))
            for generation in text["keras"]:
                advice = text.get("advice", text["fault"] in COSTS)
                yield Task(case / "stuck.py", text["fault"], generation, advice)
                yield Task(case / "mended.py", "", generation)


def right(folders: Sequence[Path], only: str) -> Iterator[Task]:
    """Right programs that only look wrong."""
    for folder in folders:
        for path in sorted(folder.rglob("*.py")):
            if only in path.stem:
                yield Task(path, "", "2" if "keras2" in path.stem else "3")


def mend(task: Task, nursery: Nursery) -> Answer:
    """Mends a copy of a program; nothing is written."""
    printed: list[str] = []

    def carry_out(
        trial: measuring.Trial, folder: str, entry: str, options: Sequence[str], said: Path
    ) -> int | None:
        done = nursery.run(
            [entry, *options, trial.script, *trial.arguments],
            Path(folder),
            {"PYTHONHASHSEED": "0", "GRADPROOF_HOME": str(Path(folder).parent / "home")},
        )
        said.write_text(done.stdout + done.stderr, encoding="utf-8")
        printed.append(done.stdout)
        return done.status

    measuring.carry_out = carry_out
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        name = "train.py"
        Path(folder, name).write_bytes(task.path.read_bytes())
        trial = measuring.Trial(name, (), None, task.generation)
        proven = proving.prove_mends(
            trial, folder, FAULTS, advice=task.advice, say=lambda words: None
        )
        proof = proven.proof
        falls = proof.after.loss_falls
        if falls is None and proven.after:
            falls = _printed_falls(_last_run(task, nursery, proven.after, Path(folder)))
    return Answer(
        task.key,
        task.fault,
        bool(proven.after),
        sorted(proof.before.codes),
        sorted(proof.after.codes),
        proof.after.failure or proof.after.error or "",
        falls,
        _worse(proof.before, proof.after, [one.diagnosis for one in proof.healed]),
        [[one.diagnosis.fault.code, one.fix.title] for one in proof.healed],
        [[one.diagnosis.fault.code, one.fix.title, one.harm] for one in proof.tried],
        [one.fault.code for one in proof.words],
        round(time.monotonic() - began, 1),
    )


def _last_run(task: Task, nursery: Nursery, files: dict[str, bytes], folder: Path) -> str:
    """What the mended program prints, run plainly."""
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return nursery.run(["python", *files], folder, {"PYTHONHASHSEED": "0"}).stdout


def _printed_falls(text: str) -> bool | None:
    """Whether the first loss that is printed is above the last one."""
    found = [float(number) for number in LOSS.findall(text)]
    return isfinite(found[-1]) and found[-1] < found[0] if len(found) > 1 else None


def _worse(before: Outcome, after: Outcome, diagnoses: Sequence[Any]) -> str:
    """What the whole of the mends did harm to."""
    return harm_of(before, after, diagnoses) if diagnoses and not before.failure else ""


class Answers:
    """What was measured so far; a line of a file for each program."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.kept: dict[str, Answer] = {}
        if path is not None and path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                one = Answer(**json.loads(line))
                self.kept[one.key] = one

    def put(self, answer: Answer) -> None:
        """Keeps an answer."""
        self.kept[answer.key] = answer
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(answer)) + "\n")


def measure(tasks: Sequence[Task], answers: Answers, minutes: float | None) -> None:
    """Mends what was not mended yet, until the time is over."""
    until = time.monotonic() + 60 * minutes if minutes else float("inf")
    for generation in GENERATIONS:
        open_ = [
            task for task in tasks if task.generation == generation and task.key not in answers.kept
        ]
        if not open_:
            continue
        with nursery_of(generation) as nursery:
            for task in open_:
                if time.monotonic() > until:
                    return
                answers.put(mend(task, nursery))


def table(tasks: Sequence[Task], answers: Answers) -> Iterator[str]:
    """The figures, a line a generation."""
    yield "| programs | mended: silent, and the loss falls | edited, not mended | made worse |"
    yield "|---|---|---|---|"
    for faults, name in ((True, "faulty"), (False, "right")):
        for generation in GENERATIONS:
            found = [
                answers.kept[one.key]
                for one in tasks
                if one.generation == generation
                and bool(one.fault) == faults
                and one.key in answers.kept
            ]
            if not found:
                continue
            mended = sum(one.mended for one in found)
            edited = sum(one.changed for one in found) - faults * mended
            worse = sum(bool(one.worse) for one in found)
            figure = share(mended, len(found)) if faults else "-"
            yield (
                f"| {name}, generation {generation} | {figure} "
                f"| {edited} of {len(found)} | {worse} |"
            )


def misses(tasks: Sequence[Task], answers: Answers) -> Iterator[str]:
    """What was not mended, and what was wrongly edited."""
    for task in tasks:
        one = answers.kept.get(task.key)
        if one is None or one.mended or (not task.fault and not one.changed):
            continue
        yield (
            f"{one.key}: {'not mended' if task.fault else 'EDITED'}; before {one.before}, after "
            f"{one.after}, loss falls {one.falls}, {one.error}"
        )
        yield from (f"    healed {code}: {title}" for code, title in one.healed)
        yield from (f"    in vain {code}: {title}: {why}" for code, title, why in one.tried)
    faults = Counter(one.fault for one in answers.kept.values() if one.fault and not one.mended)
    yield "not mended, by fault: " + ", ".join(f"{name} {n}" for name, n in faults.most_common())


def main() -> int:
    """Measures and prints the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--only", default="", help="programs with this text in their name")
    parser.add_argument("--generation", choices=[*GENERATIONS, "both"], default="both")
    parser.add_argument("--answers", type=Path, help="keep answers here; ask only for others")
    parser.add_argument("--part", type=int, default=1, metavar="N", help="every N-th program only")
    parser.add_argument("--minutes", type=float, help="begin no program after so many")
    parser.add_argument("--no-twins", action="store_true", help="leave out the mended twins")
    parser.add_argument("--cases", type=Path, nargs="*", default=[labels.CASES])
    parser.add_argument("--right", type=Path, nargs="*", default=list(labels.RIGHT))
    parser.add_argument("--misses", action="store_true", help="list what was missed")
    parser.add_argument("--write", action="store_true", help="put the table into README.md")
    options = parser.parse_args()
    wanted = GENERATIONS if options.generation == "both" else (options.generation,)
    tasks = [
        task
        for task in (*faulty(options.cases, options.only), *right(options.right, options.only))
        if task.generation in wanted
        and _chosen(task, options.part)
        and not (options.no_twins and task.path.name == "mended.py")
    ]
    answers = Answers(options.answers)
    measure(tasks, answers, options.minutes)
    lines = [*INTRODUCTION.splitlines(), "", *table(tasks, answers), "", machine()]
    print("\n".join(lines))
    if options.misses:
        print("\n".join(misses(tasks, answers)))
    if options.write:
        put(MARK, lines, HERE / "README.md")
    return 0


def _chosen(task: Task, part: int) -> bool:
    """Every N-th program, by its name, whatever it is run for."""
    name = "/".join(task.path.parts[-2:])
    return int(hashlib.sha256(name.encode()).hexdigest(), 16) % part == 0


if __name__ == "__main__":
    sys.exit(main())
