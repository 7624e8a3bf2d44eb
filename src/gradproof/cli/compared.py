"""One of the runs behind `gradproof compare`: seeded, watched, with its marks."""

from __future__ import annotations

import json
import sys

from .seeded import seed


def main() -> None:
    """Runs the program that stands on the command line after the orders (JSON)."""
    orders = json.loads(sys.argv.pop(1))
    seed(orders["seed"])
    from .. import api, files
    from ..faults import FAULTS
    from ..launch import Program
    from ..running import Wishes
    from ..watching import Aside

    wishes = Wishes(steps=orders["steps"], record=orders["record"], aside=Aside(**orders["aside"]))
    program = Program(sys.argv[1], tuple(sys.argv[2:]))
    try:
        _, _, ending = api.run(
            program, FAULTS, lambda diagnosis, reading: None, orders["keras"], wishes=wishes
        )
    except files.Unreadable as problem:
        sys.exit(f"gradproof: {problem}")
    sys.exit(ending.status)
