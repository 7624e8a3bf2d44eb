"""The pages of faults, for reading in a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import TextIO

from .fault import STAGES, Fault


def listing(faults: Sequence[Fault]) -> str:
    """All faults by the stage at which they lose the update."""
    width = max((len(fault.name) for fault in faults), default=0)
    lines = ["The path of an update: " + " > ".join(STAGES[:-1])]
    for stage in STAGES:
        here = [fault for fault in faults if fault.stage == stage]
        if here:
            lines += ["", stage]
            lines += [f"  {fault.code}  {fault.name:<{width}}  {fault.title}" for fault in here]
    return "\n".join([*lines, "", "A page: gradproof explain GP403", ""])


def page(fault: Fault, stream: TextIO) -> None:
    """Writes the page of a fault: rendered on a terminal, else as it is."""
    head = f"{fault.code} {fault.name} ({fault.level}, lost at: {fault.stage})"
    if not stream.isatty():
        stream.write(f"# {head}\n\n{fault.page.strip()}\n")
        return
    from rich.console import Console
    from rich.markdown import Markdown

    console = Console(file=stream, width=min(Console(file=stream).width, 100))
    console.print(Markdown(f"# {head}\n\n{fault.page.strip()}"))


def similar(name: str, faults: Sequence[Fault]) -> str:
    """Names and codes that look like a mistyped one; empty if none does."""
    known = [word for fault in faults for word in (fault.name, fault.code)]
    near = get_close_matches(name if name.islower() else name.upper(), known, n=3)
    near += [fault.name for fault in faults if name.lower() in fault.name.split("-")]
    return ", ".join(list(dict.fromkeys(near))[:3])
