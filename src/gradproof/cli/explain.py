"""`gradproof explain`: shows the page of a fault, or lists all of them."""

from __future__ import annotations

import sys
from functools import partial

import click

from .options import Work, refuse, write


@click.command()
@click.argument("fault", required=False)
def explain(fault: str | None) -> Work:
    """Show the page of a fault (name or code), or list all of them."""
    return partial(_explain, fault)


def _explain(name: str | None) -> int:
    from ..explain import listing, page, similar
    from ..faults import FAULTS

    if name is None:
        write(listing(FAULTS), sys.stdout)
        return 0
    for fault in FAULTS:
        if name.lower() in (fault.name, fault.code.lower()):
            page(fault, sys.stdout)
            return 0
    near = similar(name, FAULTS)
    return refuse(f"no fault is called {name!r}" + (f"; did you mean {near}?" if near else ""))
