"""Lines that change a name, read from the bytecode of a program."""

from __future__ import annotations

import pytest

from gradproof.watching.tensorflow.stores import store_lines

TEXT = """\
config = {"rate": 0.1}
rate = 0.1


class Trainer:
    def run(self):
        self.config["rate"] *= self.config["decay"]
        self.rate = 0.5 * self.rate


def fall():
    global rate
    rate = rate / 2
    return config["rate"], "rate"


def start(given):
    rate, other = given
    return other
"""


@pytest.mark.parametrize(
    ("kind", "lines"), [("entry", (7,)), ("attribute", (8,)), ("name", (2, 13, 18))]
)
def test_store_lines(kind: str, lines: tuple[int, ...]) -> None:
    """Reading a name, or making a dictionary with it, changes nothing."""
    code = compile(TEXT, "program.py", "exec")
    names: dict[str, object] = {}
    exec(code, names)
    assert store_lines(code, names, kind, "rate") == lines


def test_functions_of_the_module() -> None:
    """From the code of one function, the others of its file are found as well."""
    names: dict[str, object] = {}
    exec(compile(TEXT, "program.py", "exec"), names)
    fall = names["fall"]
    assert store_lines(fall.__code__, names, "attribute", "rate") == (8,)  # type: ignore[attr-defined]
