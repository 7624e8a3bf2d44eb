"""Mends of names that this generation of Keras does not have."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ...finding import Finding, Fix, Span
from .draft import Draft
from .reach import node_of, same_attribute


def api_generation_mismatch(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The name of the other generation gives way to the one that there is."""
    meant = re.search(r"`(\w+)` belongs.* is `(\w+)`", finding.message)
    meant = meant or re.search(r"no `(\w+)`.* has `(\w+)`", finding.message)
    if meant is None:
        return
    node = node_of(draft, finding)
    for here in [*draft.up(node), *ast.walk(draft.statement(node))]:
        if isinstance(here, ast.Attribute) and here.attr == meant[1]:
            # What has one name of the other generation has it wherever it is asked.
            edits = tuple(
                draft.edit(_last_name(draft, each), meant[2])
                for each in ast.walk(draft.tree)
                if isinstance(each, ast.Attribute) and same_attribute(each, here)
            )
            yield Fix(f"use `{meant[2]}`", False, edits)
            return


def _last_name(draft: Draft, node: ast.Attribute) -> Span:
    """The place of the name behind the last dot."""
    span = draft.span(node)
    return Span(span.end_line, span.end_column - len(node.attr), span.end_line, span.end_column)


MENDS = {"api-generation-mismatch": api_generation_mismatch}
