"""Mends of names and arguments that this generation of Keras does not have."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping

from ...finding import Edit, Finding, Fix, Span
from .draft import Draft, NoMend, called, keyword
from .reach import argument_of, node_of, same_attribute, without_argument

_GONE = re.compile(r"^`(\w+)` belongs to another|has no `(\w+)` for this")
"""How the name is told, by a run or by source."""

_Written = tuple[str, tuple[Edit, ...]]
"""A title, and the edits."""


def api_generation_mismatch(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The name of the other generation gives way to the one that there is."""
    told = _GONE.search(finding.message)
    name = next(part for part in told.groups() if part) if told else ""
    write = _WRITTEN_ANEW.get(name)
    if write is None:
        yield from _renamed(draft, finding)
        return
    node = node_of(draft, finding)
    calls = [here for here in draft.up(node) if isinstance(here, ast.Call)]
    calls += [here for here in ast.walk(draft.statement(node)) if isinstance(here, ast.Call)]
    for call in dict.fromkeys(calls):
        try:
            title, edits = write(draft, call)
        except NoMend:
            continue
        yield Fix(title, False, edits)


def _renamed(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """A name for a name."""
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
        if isinstance(here, ast.keyword) and here.arg == meant[1]:
            edits = (draft.replace(here, f"{meant[2]}={draft.source(here.value)}"),)
            yield Fix(f"use `{meant[2]}`", False, edits)
            return


def _last_name(draft: Draft, node: ast.Attribute) -> Span:
    """The place of the name behind the last dot."""
    span = draft.span(node)
    return Span(span.end_line, span.end_column - len(node.attr), span.end_line, span.end_column)


def _decay(draft: Draft, call: ast.Call) -> _Written:
    """The rate that `decay` lowers step by step is a schedule that does the same."""
    decay, rate = keyword(call, "decay"), argument_of(call, 0, "learning_rate")
    if decay is None or rate is None:
        raise NoMend
    module = ast.unparse(call.func).rpartition(".")[0] or f"{draft.keras}.optimizers"
    made = f"{module}.schedules.InverseTimeDecay"
    text = f"{made}({draft.source(rate)}, 1, {draft.source(decay)})"
    edits = draft.replace(rate, text), without_argument(draft, call, "decay")
    return "let a schedule lower the learning rate", edits


def _apply(draft: Draft, call: ast.Call) -> _Written:
    """`apply(gradients, variables)` is `apply_gradients` of pairs."""
    if called(call) != "apply" or len(call.args) != 2 or call.keywords:
        raise NoMend
    assert isinstance(call.func, ast.Attribute)
    pairs = ", ".join(draft.source(each) for each in call.args)
    text = f"{draft.source(call.func.value)}.apply_gradients(zip({pairs}))"
    return "use `apply_gradients`", (draft.replace(call, text),)


def _predict_classes(draft: Draft, call: ast.Call) -> _Written:
    """The likeliest class is where the prediction is highest."""
    if called(call) != "predict_classes":
        raise NoMend
    assert isinstance(call.func, ast.Attribute)
    given = [*call.args, *call.keywords]
    text = f"{draft.source(call.func.value)}.predict({', '.join(map(draft.source, given))})"
    return "take the highest of `predict`", (draft.replace(call, f"{text}.argmax(axis=-1)"),)


def _taken_out(name: str) -> Callable[[Draft, ast.Call], _Written]:
    """An argument that says what is the case anyway goes."""

    def write(draft: Draft, call: ast.Call) -> _Written:
        return f"leave `{name}` out", (without_argument(draft, call, name),)

    return write


_WRITTEN_ANEW: Mapping[str, Callable[[Draft, ast.Call], _Written]] = {
    "decay": _decay,
    "apply": _apply,
    "predict_classes": _predict_classes,
    **{
        name: _taken_out(name)
        for name in ("experimental_aggregate_gradients", "skip_gradients_aggregation")
    },
}
"""What takes more than another name."""
