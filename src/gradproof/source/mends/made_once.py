"""Mends of layers that a function makes whenever it is called."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from ...finding import Edit, Finding, Fix
from ..python.methods import names_read, names_stored
from .draft import Draft, Function, NoMend, called, keyword
from .reach import argument_of, node_of


def created_in_function(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The layers are made once, before the function, and trained with all else."""
    function = draft.scope(node_of(draft, finding))
    if not isinstance(function, Function) or not isinstance(draft.parents[function], ast.Module):
        raise NoMend
    local = names_stored(*function.body) | {
        node.arg for node in ast.walk(function.args) if isinstance(node, ast.arg)
    }
    edits: list[Edit] = []
    lines: list[str] = []
    names: list[str] = []
    for made in ast.walk(function):
        if not isinstance(made, ast.Call) or not _made_and_called(draft, made):
            continue
        if names_read(made) & local:
            raise NoMend
        names.append(_free_name(draft, made, names))
        lines.append(f"{names[-1]} = {draft.source(made)}")
        edits.append(draft.replace(made, names[-1]))
    if not names:
        raise NoMend
    edits.append(draft.before(function, "\n".join([*lines, "", ""])))
    edits += _trained_too(draft, names)
    yield Fix("make them once, before the function", False, tuple(edits))


def _made_and_called(draft: Draft, made: ast.Call) -> bool:
    """`Dense(8)` in `Dense(8)(inputs)`."""
    use = draft.parents[made]
    return isinstance(use, ast.Call) and use.func is made and called(made)[:1].isupper()


def _free_name(draft: Draft, made: ast.Call, taken: Sequence[str]) -> str:
    """A name for a layer: its own, else that of its class with a number."""
    own = keyword(made, "name")
    used = {*taken, *names_stored(draft.tree), *names_read(draft.tree)}
    name = str(own.value) if isinstance(own, ast.Constant) else called(made).lower()
    name = name if name.isidentifier() else called(made).lower()
    number = 2
    free = name
    while free in used:
        free, number = f"{name}_{number}", number + 1
    return free


def _trained_too(draft: Draft, names: Sequence[str]) -> Iterator[Edit]:
    """Each list that gradients are taken for and applied to has their weights as well."""
    more = ", ".join(f"*{name}.trainable_variables" for name in names)
    for call in ast.walk(draft.tree):
        wanted: ast.expr | None = None
        if isinstance(call, ast.Call) and called(call) == "gradient":
            wanted = argument_of(call, 1, "sources")
        elif isinstance(call, ast.Call) and called(call) == "zip" and len(call.args) == 2:
            holder = draft.parents[call]
            wanted = call.args[1] if called(holder) in ("apply_gradients", "apply") else None
        if isinstance(wanted, ast.List) and wanted.elts:
            last = wanted.elts[-1]
            yield draft.replace(last, f"{draft.source(last)}, {more}")
        elif isinstance(wanted, ast.Name | ast.Attribute | ast.Call):
            yield draft.replace(wanted, f"[*{draft.source(wanted)}, {more}]")
