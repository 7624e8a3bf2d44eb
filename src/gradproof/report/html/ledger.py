"""The ledger of each variable: audited steps, term by term."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ...evidence.ledger import Audit
from ...evidence.run import Run
from .lanes import Lane
from .words import number

MOST = 8
"""Audited steps of one variable that a page holds: the first and the last ones."""


@dataclass(frozen=True)
class Entry:
    """The last audited step of one variable, for reading without charts."""

    name: str
    step: int
    rule: str
    terms: tuple[tuple[str, str], ...]
    verdict: str


def entries(run: Run | None, names: Mapping[int, str]) -> list[Entry]:
    """One entry a variable that was audited."""
    last = {audit.variable: audit for audit in run.audits} if run else {}
    return [
        Entry(
            names.get(key, f"variable {key}"),
            audit.step,
            audit.rule,
            tuple(
                (label, "not followed" if one is None else number(one))
                for label, one in _terms(audit)
            ),
            _verdict(audit),
        )
        for key, audit in last.items()
    ]


def packed(run: Run | None, found: Sequence[Lane]) -> dict[str, object]:
    """All audited steps as the page's script reads them."""
    labels: dict[str, int] = {}
    rules: dict[str, int] = {}
    lane_of = {key: at for at, lane in enumerate(found) for key in lane.applies}
    rows = []
    for audit in _kept(run):
        terms = [
            [labels.setdefault(label, len(labels)), None if one is None else _short(one)]
            for label, one in _terms(audit)
        ]
        agrees = -1 if audit.agrees is None else int(audit.agrees)
        rule = rules.setdefault(audit.rule, len(rules))
        rows.append([lane_of.get(audit.apply, 0), audit.variable, audit.step, rule, agrees, terms])
    return {"labels": list(labels), "rules": list(rules), "rows": rows}


def _kept(run: Run | None) -> Iterator[Audit]:
    by_variable: dict[tuple[int, int], list[Audit]] = {}
    for audit in run.audits if run else ():
        by_variable.setdefault((audit.apply, audit.variable), []).append(audit)
    for audits in by_variable.values():
        few = len(audits) <= MOST
        yield from audits if few else [*audits[: MOST // 2], *audits[-MOST // 2 :]]


def _terms(audit: Audit) -> Iterator[tuple[str, float | None]]:
    """One audited step from the value over the gradient to the change."""
    yield "value before", audit.value_norm
    yield "gradient as taken", audit.taken_norm
    yield "gradient handed over", audit.gradient_norm
    yield "gradient used", audit.used_norm
    yield from audit.terms
    if audit.predicted_norm is not None:
        yield "change predicted", audit.predicted_norm
    yield "change that happened", audit.change_norm


def _verdict(audit: Audit) -> str:
    if audit.agrees is None:
        return ""
    return f"{'as' if audit.agrees else 'not as'} {audit.rule} says"


def _short(value: float) -> float | str:
    # JSON has no word for NaN and infinity.
    shown = f"{value:.6g}"
    return shown if shown in ("nan", "inf", "-inf") else float(shown)
