"""Runs a sample of the tests on other versions of TensorFlow, Keras and Python.

    python tests/matrix.py              # all environments; each is made once, in .venv-*
    python tests/matrix.py 2.15         # those whose name has this in it

An environment whose Python is not on this machine is left out, and said so.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
TOOLS = ("pytest>=8", "hypothesis>=6", "jsonschema>=4")
TESTS = (
    "tests/test_smoke.py",
    "tests/watch/test_versions.py",
    "tests/watch/test_replicas.py",
    "tests/test_conformance.py",
    # These read bytecode, which each Python has anew.
    "tests/watch/test_own_names.py",
    "tests/watch/test_stores.py",
    "tests/evidence/test_custom.py",
)


@dataclass(frozen=True)
class Environment:
    """A Python, and what is installed there."""

    python: str
    packages: tuple[str, ...]

    @property
    def name(self) -> str:
        """Such as `2.15-py3.10`."""
        version = self.packages[0].split("==")[1].removesuffix(".*")
        return f"{version}-py{self.python}"


MATRIX = (
    Environment("3.10", ("tensorflow==2.15.*", "tf-keras==2.15.*")),
    # The last of Keras 3 that was out with TensorFlow 2.16.
    Environment("3.11", ("tensorflow==2.16.*", "tf-keras==2.16.*", "keras==3.3.*")),
    # tf-keras up to 2.18 fails with Python 3.12.
    Environment("3.12", ("tensorflow==2.19.*", "tf-keras==2.19.*", "keras==3.9.*")),
    Environment("3.13", ("tensorflow==2.21.*", "tf-keras==2.21.*")),
)


def interpreter(version: str) -> str | None:
    """Where this Python is: on the path, or among those of pyenv."""
    homes = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    for candidate in (
        shutil.which(f"python{version}"),
        *sorted(map(str, homes.glob(f"{version}.*/bin/python"))),
    ):
        if candidate is None:
            continue
        asked = [candidate, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
        done = subprocess.run(asked, capture_output=True, text=True)
        if done.stdout.strip() == version:
            return candidate
    return None


def ready(environment: Environment) -> Path | None:
    """Makes the environment, if it is not there; its Python."""
    home = ROOT / f".venv-{environment.name}"
    python = home / "bin" / "python"
    mark = home / ".ready"
    if mark.exists():
        return python
    base = interpreter(environment.python)
    if base is None:
        return None
    subprocess.run([base, "-m", "venv", "--clear", str(home)], check=True)
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, *environment.packages, *TOOLS], check=True)
    subprocess.run([*install, "-e", str(ROOT)], check=True)
    mark.touch()
    return python


def main() -> int:
    """Runs all that were asked for; fails if one of them does."""
    asked = sys.argv[1:]
    ended: dict[str, str] = {}
    for environment in MATRIX:
        if asked and not any(word in environment.name for word in asked):
            continue
        python = ready(environment)
        if python is None:
            ended[environment.name] = f"left out: there is no Python {environment.python} here"
            continue
        command = [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", *TESTS]
        variables = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
        done = subprocess.run(command, cwd=ROOT, env=variables)
        ended[environment.name] = "passed" if done.returncode == 0 else "failed"
    for name, how in ended.items():
        print(f"{name:<12}  {how}")
    return int("failed" in ended.values())


if __name__ == "__main__":
    sys.exit(main())
