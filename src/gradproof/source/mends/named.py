"""Mends of names that this generation of Keras does not have."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ...finding import Finding, Fix, Span
from .draft import Draft
from .reach import node_of


def api_generation_mismatch(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The name of the other generation gives way to the one that there is."""
    meant = re.search(r"no `(\w+)`.* has `(\w+)`", finding.message)
    if meant is None:
        return
    node = node_of(draft, finding)
    for here in [*draft.up(node), *ast.walk(draft.statement(node))]:
        if isinstance(here, ast.Attribute) and here.attr == meant[1]:
            span = draft.span(here)
            column = span.end_column - len(here.attr)
            place = Span(span.end_line, column, span.end_line, span.end_column)
            yield Fix(f"use `{meant[2]}`", False, (draft.edit(place, meant[2]),))
            return


MENDS = {"api-generation-mismatch": api_generation_mismatch}
