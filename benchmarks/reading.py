"""How fast gradproof reads: beside ruff, pyflakes and pylint, interleaved.

    python benchmarks/reading.py [--write] [--rounds N] [--files N] [--tools FOLDER]

The tree is a pinned selection of installed packages (TensorFlow, Keras 3,
tf-keras, NumPy and what else stands beside them), chosen by a hash of each
path, so that the same versions give the same files. All tools are asked in
turn, round after round, each over its own process from start to end; every
figure is the median over the rounds. Processor time counts all processes a
tool starts. pylint gets a part of the tree, being too slow for all of it, and
is compared with gradproof over that part.

The linters are installed into a scratch environment (`--tools` keeps it).
`--write` puts the figures into README.md beside this file.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
import venv
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

# Installed tools have their bytecode; this one may be asked not to write any.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

HERE = Path(__file__).parent
GRADPROOF = str(Path(sys.executable).with_name("gradproof"))
LINTERS = ("ruff==0.14.5", "pyflakes==3.4.0", "pylint==4.0.3")
PART = 40
"""Files of the tree that pylint reads, too."""

ONE_FILE = 0.15
"""Seconds that one file may take, from the command to the answer."""

SHORT = 10
"""Times that a command for one file is run in each round: it is over at once."""

RUFF, PYLINT, WARM = 10.0, 20.0, 5.0
"""Times slower than ruff (at most), faster than pylint, faster when warm."""

MARK = "\n## Reading\n"


@dataclass
class Timed:
    """Runs of one command.

    Attributes:
        wall: Seconds from start to end, one a round.
        work: Seconds of all processors together.
        memory: Peak of the largest process, in MB.
    """

    wall: list[float] = field(default_factory=list)
    work: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)

    def run(self, command: Sequence[str], folder: Path) -> None:
        """Runs it once more."""
        begun = time.perf_counter()
        with subprocess.Popen(
            command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        self.wall.append(time.perf_counter() - begun)
        self.work.append(used.ru_utime + used.ru_stime)
        self.memory.append(used.ru_maxrss / 1024)


def tools(folder: Path) -> Path:
    """The folder with the commands of the linters, installed if need be."""
    commands = folder / ("Scripts" if os.name == "nt" else "bin")
    if not (commands / "pylint").exists():
        venv.create(folder, with_pip=True)
        subprocess.run([commands / "pip", "install", "--quiet", *LINTERS], check=True)
    return commands


def selection(files: int) -> list[Path]:
    """Files of the installed packages, in the order of a hash of their paths."""
    root = Path(sysconfig.get_path("purelib"))
    found = [path.relative_to(root) for path in root.rglob("*.py")]
    found = [path for path in found if "gradproof" not in path.parts[0]]
    return sorted(found, key=lambda path: hashlib.blake2b(path.as_posix().encode()).digest())[
        :files
    ]


def laid_out(paths: Sequence[Path], folder: Path) -> int:
    """Copies files into a folder; returns their bytes."""
    root = Path(sysconfig.get_path("purelib"))
    size = 0
    for path in paths:
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / path, target)
        size += target.stat().st_size
    return size


def measured(scratch: Path, linters: Path, options: argparse.Namespace) -> dict[str, Timed]:
    """Every command, round after round."""
    paths = selection(options.files)
    whole, part, quarter, one = (scratch / name for name in ("whole", "part", "quarter", "one"))
    size = laid_out(paths, whole)
    laid_out(paths[:PART], part)
    laid_out(paths[: options.files // 4], quarter)
    one.mkdir()
    shutil.copyfile(HERE.parent / "examples" / "stuck" / example(), one / "train.py")
    print(f"{len(paths)} files, {size / 1e6:.1f} MB")
    cold = [GRADPROOF, "check", "--no-cache", "--exit-zero", "."]
    ruff = [str(linters / "ruff"), "check", "--select", "ALL", "--isolated", "--no-cache", "."]
    flakes = [str(linters / "pyflakes"), "."]
    pylint = [str(linters / "pylint"), "--recursive=y", "--rcfile=", "."]
    warm = [GRADPROOF, "check", "--exit-zero", "."]
    subprocess.run(warm, cwd=whole, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    commands: dict[str, tuple[list[str], Path]] = {
        "gradproof, one file": ([*cold[:-1], "train.py"], one),
        "gradproof, one file, warm": ([*warm[:-1], "train.py"], one),
        "gradproof": (cold, whole),
        "gradproof, one process": ([*cold[:-1], "--jobs", "1", "."], whole),
        "gradproof, warm": (warm, whole),
        "gradproof, a quarter": ([*cold[:-1], "--jobs", "1", "."], quarter),
        "ruff ALL": (ruff, whole),
        "pyflakes": (flakes, whole),
        "gradproof, part": (cold, part),
        "pylint, part": (pylint, part),
    }
    timed = {name: Timed() for name in commands}
    for round_ in range(options.rounds):
        for name, (command, folder) in commands.items():
            for _ in range(SHORT if folder == one else 1):
                timed[name].run(command, folder)
            print(f"round {round_ + 1}: {name} {timed[name].wall[-1]:.2f} s", flush=True)
    return timed


def example() -> str:
    """The first stuck example of the repository."""
    return sorted(path.name for path in (HERE.parent / "examples" / "stuck").glob("*.py"))[0]


def report(timed: dict[str, Timed], options: argparse.Namespace) -> tuple[str, bool]:
    """The figures as text, and whether all of them hold."""
    wall = {name: statistics.median(one.wall) for name, one in timed.items()}
    work = {name: statistics.median(one.work) for name, one in timed.items()}
    memory = {name: max(one.memory) for name, one in timed.items()}
    held = (
        ("one file, start to end", f"{wall['gradproof, one file']:.3f} s", f"<= {ONE_FILE} s",
         wall["gradproof, one file"] <= ONE_FILE),
        ("the tree / ruff ALL, processor time",
         f"{work['gradproof'] / work['ruff ALL']:.1f} x", f"<= {RUFF:.0f} x",
         work["gradproof"] <= RUFF * work["ruff ALL"]),
        ("pylint / gradproof, the same part",
         f"{work['pylint, part'] / work['gradproof, part']:.1f} x", f">= {PYLINT:.0f} x",
         work["pylint, part"] >= PYLINT * work["gradproof, part"]),
        ("cold / warm, processor time",
         f"{work['gradproof'] / work['gradproof, warm']:.1f} x", f">= {WARM:.0f} x",
         work["gradproof"] >= WARM * work["gradproof, warm"]),
        ("memory, whole tree / a quarter of it",
         f"{memory['gradproof, one process']:.0f} / {memory['gradproof, a quarter']:.0f} MB",
         "<= 1.5 x",
         memory["gradproof, one process"] <= 1.5 * memory["gradproof, a quarter"]),
    )  # fmt: skip
    lines = [f"`python benchmarks/reading.py` reads {options.files} files of installed packages."]
    lines += ["", "| what | figure | to hold | holds |", "|---|---|---|---|"]
    lines += [
        f"| {what} | {figure} | {limit} | {'yes' if holds else 'no'} |"
        for what, figure, limit, holds in held
    ]
    lines += ["", "| command | wall (s) | processor (s) | memory (MB) |", "|---|---|---|---|"]
    lines += [
        f"| {name} | {wall[name]:.2f} | {work[name]:.2f} | {memory[name]:.0f} |" for name in timed
    ]
    versions = ", ".join(linter.replace("==", " ") for linter in LINTERS)
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}"
    taken = f"Taken on: {machine}, Python {platform.python_version()}, {versions}"
    lines += ["", f"{taken}; {options.rounds} rounds. pylint reads {PART} of the files."]
    return "\n".join(lines) + "\n", all(holds for *_, holds in held)


def write(text: str) -> None:
    """Puts the figures under their heading in README.md."""
    readme = HERE / "README.md"
    before, _, after = readme.read_text(encoding="utf-8").partition(MARK)
    _, heading, rest = after.partition("\n## ")
    whole = before.rstrip("\n") + "\n" + MARK + "\n" + text.rstrip("\n") + "\n" + heading + rest
    readme.write_text(whole, encoding="utf-8")


def main() -> int:
    """Measures, prints, and says whether the limits hold."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--write", action="store_true", help="put the figures into README.md")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--tools", type=Path, help="keep the linters in this folder")
    options = parser.parse_args()
    # As for users: Python keeps what it compiled.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as scratch:
        linters = tools(options.tools or Path(scratch, "tools"))
        text, holds = report(measured(Path(scratch), linters, options), options)
    print("\n" + text)
    if options.write:
        write(text)
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
