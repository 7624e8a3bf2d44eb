"""What source makes us suspect, and what a run proves of it, as one finding."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from .fault import LEVELS
from .finding import Finding, Fix, Place, Related


def join(
    suspected: Sequence[Finding], proven: Sequence[Finding], usual: str
) -> tuple[list[Finding], list[Finding]]:
    """Joins each proof with the suspicion that it confirms.

    Args:
        suspected: What the source makes us suspect.
        proven: What the run proves.
        usual: The level of the fault.

    Returns:
        The proven findings, with what source adds to them, and the
        suspicions that no proof confirms.
    """
    confirmed: set[int] = set()
    joined: list[Finding] = []
    partners = [_partner(proof, suspected) for proof in proven]
    for proof, partner in zip(proven, partners, strict=True):
        if partner is None:
            partner = _loose_partner(proof, suspected, confirmed | set(_known(partners)))
        if partner is None:
            joined.append(proof)
        else:
            confirmed.add(partner)
            joined.append(_united(suspected[partner], proof, usual))
    for number, suspicion in enumerate(suspected):
        told = (place for place, proof in enumerate(joined) if _tells(proof, suspicion))
        if number not in confirmed and (place := next(told, None)) is not None:
            confirmed.add(number)
            joined[place] = _mending_both(joined[place], suspicion)
    return joined, [finding for number, finding in enumerate(suspected) if number not in confirmed]


def _tells(proof: Finding, suspicion: Finding) -> bool:
    """Says whether the proof names the place and a variable of the suspicion as its own."""
    return same_variables(proof, suspicion) and any(
        overlap(there.place, suspicion.place) for there in proof.related
    )


def _mending_both(proof: Finding, suspicion: Finding) -> Finding:
    """The proof, with what mends the other place in the same way."""
    fix, other = proof.fix, suspicion.fix
    if fix is None or other is None or fix.title != other.title or not (fix.edits and other.edits):
        return proof
    edits = fix.edits + tuple(edit for edit in other.edits if edit not in fix.edits)
    return replace(proof, fix=Fix(fix.title, fix.safe and other.safe, edits))


def _known(partners: Iterable[int | None]) -> Iterable[int]:
    return (partner for partner in partners if partner is not None)


def _partner(proof: Finding, suspected: Sequence[Finding]) -> int | None:
    """The suspicion at the place of a proof, else one about its variables."""
    for agrees in (_same_lines, _related_lines, same_variables):
        for number, suspicion in enumerate(suspected):
            if agrees(suspicion, proof):
                return number
    return None


def _loose_partner(proof: Finding, suspected: Sequence[Finding], taken: set[int]) -> int | None:
    """A suspicion that nothing speaks against: one lacks place or variables."""
    for number, suspicion in enumerate(suspected):
        lacks_place = suspicion.place is None or proof.place is None
        lacks_variables = not suspicion.variables or not proof.variables
        if number not in taken and (lacks_place or lacks_variables):
            return number
    return None


def _same_lines(one: Finding, other: Finding) -> bool:
    return overlap(one.place, other.place)


def _related_lines(one: Finding, other: Finding) -> bool:
    """The source names the place of the proof as the other end of its story."""
    return any(overlap(there.place, other.place) for there in one.related)


def same_variables(one: Finding, other: Finding) -> bool:
    """Says whether two findings name a variable both, or one a part of the other's."""
    return any(_same_name(a, b) for a in one.variables for b in other.variables)


def overlap(one: Place | None, other: Place | None) -> bool:
    """Says whether two places are known and share text."""
    return one is not None and one.overlaps(other)


def _same_name(one: str, other: str) -> bool:
    """Says whether one path is part of the other: `encoder`, `encoder/kernel`."""
    short, long = sorted((_segments(one), _segments(other)), key=len)
    width = len(short)
    return bool(short) and any(
        long[start : start + width] == short for start in range(len(long) - width + 1)
    )


def _segments(name: str) -> list[str]:
    parts = [part for part in re.split(r"[/.\[\]:'\"]+", name) if part]
    return parts[1:] if len(parts) > 1 and parts[0] == "self" else parts


def _worse(level: str | None, usual: str) -> str | None:
    """The level of a suspicion where that makes it worse: a proof makes none milder."""
    worse = level is not None and LEVELS.index(level) < LEVELS.index(usual)
    return level if worse else None


def _united(suspicion: Finding, proof: Finding, usual: str) -> Finding:
    """A proof with what source knows: narrower place, label, fix."""
    if suspicion.place is None or proof.place is None:
        place = proof.place or suspicion.place
    elif overlap(suspicion.place, proof.place):
        place = _narrower(suspicion.place, proof.place)
    elif _related_lines(suspicion, proof):
        # A run sees where the update is lost, the source why.
        place = suspicion.place
    elif proof.inferred and _one_story(suspicion, proof):
        place = suspicion.place
    else:
        place = proof.place
    related = list(proof.related)
    for other in suspicion.related:
        if not any(overlap(other.place, there.place) for there in related):
            related.append(other)
    if suspicion.place is not None and not overlap(suspicion.place, place):
        related.insert(0, Related(suspicion.place, suspicion.label or "seen here in source"))
    return replace(
        proof,
        place=place,
        label=suspicion.label if place == suspicion.place and suspicion.label else proof.label,
        related=tuple(there for there in related if there.place != place),
        variables=proof.variables or suspicion.variables,
        fix=suspicion.fix or proof.fix,
        level=proof.level or _worse(suspicion.level, usual),
        symptoms=proof.symptoms + suspicion.symptoms,
    )


def _one_story(suspicion: Finding, proof: Finding) -> bool:
    """Both name the same gradient call, say, as the other end of their story."""
    return any(overlap(one.place, two.place) for one in suspicion.related for two in proof.related)


def _narrower(one: Place, other: Place) -> Place:
    def width(place: Place) -> tuple[bool, int, int]:
        span = place.span
        return (not span.end_column, span.end_line - span.line, span.end_column - span.column)

    return min(one, other, key=width)
