"""The command line from fixed seeds, for runs that are to be compared.

Two runs of one program can be compared only if chance is the same in both.
A program that sets seeds itself does so later, and gets its own.
"""

from __future__ import annotations

import random
import sys

from ..watching.imports import AfterImport

SEED = 1


def seed(number: int) -> None:
    """Seeds what there is, and what is imported later, as it comes."""
    random.seed(number)
    AfterImport(
        {
            "numpy": lambda numpy: numpy.random.seed(number),
            "tensorflow": lambda tensorflow: tensorflow.random.set_seed(number),
        }
    ).install()


def main() -> None:
    """The command line, seeded."""
    seed(SEED)
    from . import main as gradproof

    gradproof(sys.argv[1:])
