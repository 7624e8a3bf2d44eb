"""What watching costs: bare, watched and check_numerics steps, interleaved.

    python benchmarks/overhead.py [--write] [--only WORKLOAD] [--rounds N] [--launches N]

Every workload is trained by worker processes that live at the same time, one a
mode, and two bare ones. They are asked in turn for a short block of steps,
again and again, so that all modes meet the same machine. Two equal processes
differ by some per cent for as long as they live, so all are launched anew a few
times; each ratio is the median over the rounds of all launches, against the
mean of the two bare processes of the round. A round's time is that of its
median step; what all its steps took, those included in which gradproof reads,
judges and records what was measured, stands beside it. `--write` puts the figures into
README.md beside this file.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

HERE = Path(__file__).parent
WORKER = str(HERE / "worker.py")
GRADPROOF = str(Path(sys.executable).with_name("gradproof"))
MODES = {
    "bare": ([sys.executable, WORKER], []),
    "watched": ([GRADPROOF, "run", WORKER], []),
    "check_numerics": ([sys.executable, WORKER], ["--check-numerics"]),
    "curt_health": ([sys.executable, WORKER], ["--CURT_HEALTH"]),
    "full_health": ([sys.executable, WORKER], ["--FULL_HEALTH"]),
    "bare again": ([sys.executable, WORKER], []),
}
"""For each mode the command before the workload's name and what follows it.

`bare again` shows what two equal processes differ by.
"""

LIMITS = {
    "mlp": 1.15,
    "cnn": 1.03,
    "lstm": 1.05,
    "transformer": 1.03,
    "gan": 1.15,
    "embedding": 1.15,
    "cnn-fit": 1.05,
    "cnn-jit": 1.05,
    "cnn-eager": 1.05,
}
"""Watched step / bare step that has to hold, for each workload.

Those of lstm, gan, embedding and cnn-fit are ours; the design names the others. Embedding is
bound by memory: Adam moves its whole table at each step, and to measure that is a pass over it.
"""

FIRST_STEP_LIMIT = 1.3
MEMORY_SHARE, MEMORY_FIXED = 0.02, 64 * 2**20
BLOCK_SECONDS = 0.2
WARM_UP_STEPS = 40
FIRST_STEPS = 4
SLOW = ("check_numerics", "curt_health", "full_health")
SLOW_ROUNDS = 5
BARE = ("bare", "bare again")
FIRST_MODES = (*BARE, "watched")


class Worker:
    """A training process in one mode that answers orders."""

    def __init__(self, mode: str, workload: str) -> None:
        """Starts it and waits until its first step is done."""
        before, after = MODES[mode]
        self.log = tempfile.TemporaryFile(mode="w+")  # noqa: SIM115 - closed in __exit__
        self.process = subprocess.Popen(
            [*before, workload, *after],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        )
        try:
            ready = self.answer()
        except RuntimeError:
            self.__exit__(None, None, None)
            raise
        self.first: float = ready["first"]
        self.variables: int = ready["variables"]
        self.versions: str = ready["versions"]

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Ends the process if it still lives."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()
        self.log.close()

    def answer(self) -> Any:
        """Reads one answer.

        Raises:
            RuntimeError: If the process has ended; its last words are told.
        """
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            self.log.seek(0)
            raise RuntimeError(self.log.read()[-2000:])
        return json.loads(line)

    def ask(self, order: str) -> Any:
        """Gives an order and returns what is answered."""
        assert self.process.stdin is not None
        self.process.stdin.write(order + "\n")
        self.process.stdin.flush()
        return self.answer()

    def finish(self) -> str:
        """Lets it end by itself and returns what it wrote to stderr."""
        assert self.process.stdin is not None
        self.process.stdin.write("stop\n")
        self.process.stdin.flush()
        self.process.wait(60)
        self.log.seek(0)
        return self.log.read()


@dataclass
class Figures:
    """What was measured for one workload; ratios are against the bare runs."""

    workload: str
    variables: int = 0
    versions: str = ""
    step: float = 0.0
    rounds: list[dict[str, float]] = field(default_factory=list)
    wholes: list[dict[str, float]] = field(default_factory=list)
    firsts: list[dict[str, float]] = field(default_factory=list)
    anew: list[dict[str, float]] = field(default_factory=list)
    memory: dict[str, float] = field(default_factory=dict)
    watched: bool = True

    def ratio(self, mode: str, kind: str = "rounds") -> float | None:
        """Median over the rounds of a mode's time by that of the bare ones.

        Args:
            mode: As in `MODES`.
            kind: `"rounds"` for median steps, `"wholes"` for all steps, `"firsts"` for the
                first step of a process, `"anew"` for that of a model built after others.
        """
        against = ("bare",) if mode in BARE else BARE
        rounds = [one for one in getattr(self, kind) if mode in one]
        if not rounds:
            return None
        return statistics.median(
            one[mode] / statistics.mean(one[bare] for bare in against) for one in rounds
        )

    @property
    def added_memory(self) -> float:
        """Peak bytes of the watched process above the bare one's."""
        return self.memory["watched"] - self.memory["bare"]

    @property
    def holds(self) -> bool:
        """Says whether step, first step of the process and memory keep their limits."""
        step, first = self.ratio("watched"), self.ratio("watched", "firsts")
        return (
            None not in (step, first)
            and step <= LIMITS[self.workload]
            and first <= FIRST_STEP_LIMIT
            and self.added_memory <= MEMORY_SHARE * self.variables + MEMORY_FIXED
        )


def measure(workload: str, rounds: int, launches: int) -> Figures:
    """Runs one workload in all modes, block by block in turn."""
    figures = Figures(workload)
    for launch in range(launches):
        modes = [mode for mode in MODES if not launch or mode not in SLOW]
        with ExitStack() as stack:
            workers = start(workload, modes, stack)
            figures.variables = workers["bare"].variables
            figures.versions = workers["bare"].versions
            for seconds in blocks(workers, -(-rounds // launches)):
                figures.rounds.append({k: statistics.median(v) for k, v in seconds.items()})
                figures.wholes.append({k: statistics.mean(v) for k, v in seconds.items()})
            figures.memory = {mode: worker.ask("memory") for mode, worker in workers.items()}
            figures.firsts.append({mode: workers[mode].first for mode in FIRST_MODES})
            figures.anew += first_steps(workload, workers)
            figures.watched &= "steps watched" in workers["watched"].finish()
    figures.step = statistics.median(one["bare"] for one in figures.rounds)
    return figures


def blocks(workers: dict[str, Worker], rounds: int) -> list[dict[str, list[float]]]:
    """Seconds of the steps in each mode, round by round."""
    for mode, worker in workers.items():
        worker.ask(f"go {WARM_UP_STEPS // 10 if mode in SLOW else WARM_UP_STEPS}")
    seconds = statistics.mean(workers["bare"].ask(f"go {WARM_UP_STEPS}"))
    count = max(3, round(BLOCK_SECONDS / seconds))
    measured = []
    for turn in range(rounds):
        times: dict[str, list[float]] = {}
        for mode in list(workers)[:: 1 if turn % 2 else -1]:
            if mode in SLOW and turn >= SLOW_ROUNDS:
                continue
            steps = max(3, count // 5) if mode in SLOW else count
            times[mode] = workers[mode].ask(f"go {steps}")
        measured.append(times)
    return measured


def first_steps(workload: str, workers: dict[str, Worker]) -> list[dict[str, float]]:
    """Seconds of the first steps of models built anew; an eager one has nothing to trace."""
    return [
        {mode: workers[mode].ask("first") for mode in FIRST_MODES}
        for _ in range(0 if workload == "cnn-eager" else FIRST_STEPS)
    ]


def start(workload: str, modes: list[str], stack: ExitStack) -> dict[str, Worker]:
    """Starts a worker for each mode that can run this workload at all."""
    workers = {}
    for mode in modes:
        try:
            workers[mode] = stack.enter_context(Worker(mode, workload))
        except RuntimeError as failure:
            if mode not in SLOW:
                raise
            print(f"{workload}: {mode} fails: {str(failure).strip()[-120:]}", file=sys.stderr)
    return workers


def number(value: float | None, form: str = ".3f") -> str:
    """Writes a number, or a dash where nothing could be measured."""
    return "-" if value is None else format(value, form)


COLUMNS = (
    "workload",
    "bare step (ms)",
    "watched / bare",
    "to hold",
    "all steps, watched / bare",
    "bare again / bare",
    "check_numerics",
    "Debugger V2 CURT_HEALTH",
    "FULL_HEALTH",
    "first step, watched / bare",
    "of a model built anew",
    "memory added (MB)",
    "holds",
)


def table(rows: list[Figures]) -> str:
    """Renders the figures as a Markdown table."""
    lines = [
        "| " + " | ".join(COLUMNS) + " |",
        "|---" * len(COLUMNS) + "|",
    ]
    for row in rows:
        cells = (
            row.workload,
            f"{row.step * 1000:.2f}",
            number(row.ratio("watched")),
            f"{LIMITS[row.workload]:.2f}",
            number(row.ratio("watched", "wholes")),
            number(row.ratio("bare again")),
            *(number(row.ratio(mode), ".1f") for mode in SLOW),
            number(row.ratio("watched", "firsts"), ".2f"),
            number(row.ratio("watched", "anew"), ".2f"),
            f"{row.added_memory / 2**20:.0f}",
            ("yes" if row.holds else "no") if row.watched else "NOT WATCHED",
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def machine(versions: str) -> str:
    """Says on what the figures were taken."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GB, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}, {versions}"
    )


README = """\
# Benchmarks

`make bench` runs `overhead.py`: what watching costs. Processes live side by side and are asked
in turn for short blocks of steps: bare, watched (`gradproof run`, with its record), bare again
(what two equal processes differ by), and with TensorFlow's own watchers, whose columns are
ratios to the bare step, too. All are launched {launches} times; every ratio is the median over the
rounds of their median steps, against the mean of the two bare processes. `all steps` has those in
it, too, in which gradproof reads what was measured, judges and records it: they get rarer as a run
goes on, and these are its first thousand or so. The first step is timed with its tracing: that of
the process, and those of models built after others. Memory is the peak of the watched process above
the bare one's. Every variable is measured on every step.

{table}

Taken on: {machine}; {rounds} rounds.
"""


def main() -> int:
    """Measures, prints and, if asked, writes the figures."""
    ask = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    ask.add_argument("--write", action="store_true", help="write the figures into README.md")
    ask.add_argument("--only", choices=LIMITS, help="measure this workload alone")
    ask.add_argument("--rounds", type=int, default=36, help="blocks of each mode")
    ask.add_argument("--launches", type=int, default=6, help="times that all are started anew")
    options = ask.parse_args()
    rows = []
    for workload in [options.only] if options.only else LIMITS:
        rows.append(measure(workload, options.rounds, options.launches))
        print(table(rows[-1:]).splitlines()[-1], flush=True)
    print("\n" + table(rows))
    if options.write:
        text = README.format(
            table=table(rows),
            machine=machine(rows[0].versions),
            rounds=options.rounds,
            launches=options.launches,
        )
        readme = HERE / "README.md"
        # What reading.py wrote there stays.
        _, mark, rest = readme.read_text(encoding="utf-8").partition("\n## Reading\n")
        readme.write_text(text + mark + rest, encoding="utf-8")
    return 0 if all(row.holds and row.watched for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
