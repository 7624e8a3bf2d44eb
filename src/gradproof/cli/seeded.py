"""The command line from fixed seeds, for runs that are to be compared.

Two runs of one program can be compared only if chance is the same in both.
A program that sets seeds itself does so later, and gets its own.
"""

from __future__ import annotations

import random
import sys
from types import ModuleType

from ..watching.imports import AfterImport

SEED = 1


def _seed_numpy(numpy: ModuleType) -> None:
    numpy.random.seed(SEED)


def _seed_tensorflow(tensorflow: ModuleType) -> None:
    tensorflow.random.set_seed(SEED)


def main() -> None:
    """Seeds what there is, and what is imported later, as it comes."""
    random.seed(SEED)
    AfterImport({"numpy": _seed_numpy, "tensorflow": _seed_tensorflow}).install()
    from . import main as gradproof

    gradproof(sys.argv[1:])
