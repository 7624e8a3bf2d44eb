"""Pages of two runs: a program before and after its mends, and two that are compared."""

from __future__ import annotations

from ...answer import Lines
from ...outcome import Outcome, Proof
from ..proof import closing, ends, rows
from . import source, twins
from .page import Shown, written
from .twins import Beside, Side
from .words import counted


def render_beside(beside: Beside) -> str:
    """Two runs that are compared, as the text of one HTML file."""
    return written(
        "beside.html",
        beside=beside,
        causes=[(name, Shown(one, lines)) for name, one, lines in beside.causes],
        data=twins.data(beside.sides, beside.twins, beside.step),
    )


def render_proof(proof: Proof, lines: Lines) -> str:
    """What mends did to a program, as the text of one HTML file.

    Args:
        proof: What was tried.
        lines: Gives the source lines of a file as it was before any mend.
    """
    before, after = proof.before, proof.after
    sides = (_side("before", before), _side("after", after))
    found = list(rows(before, after))
    return written(
        "proof.html",
        proof=proof,
        verdict=_sentence(proof),
        closing=closing(proof),
        changed=[row for row in found if row[1] != row[2]],
        same=[row for row in found if row[1] == row[2]],
        ends=list(ends(before, after)),
        healed=[
            (
                Shown(one.diagnosis, one.lines or lines),
                one,
                list(source.changes(one.fix, one.lines or lines)),
            )
            for one in proof.healed
        ],
        words=[Shown(one, lines) for one in proof.words],
        sides=sides,
        data=twins.data(sides, (), None) if proof.healed else None,
    )


def _side(name: str, outcome: Outcome) -> Side:
    losses = outcome.losses
    return Side(name, (), range(1, len(losses) + 1), losses)


def _sentence(proof: Proof) -> tuple[str, str]:
    """State and words of the verdict."""
    if proof.before.failure:
        return "unknown", f"{proof.path} could not be watched: {proof.before.failure}."
    if not proof.before.answer.diagnoses:
        return "fine", f"There is nothing to mend in {proof.path}."
    count, left = len(proof.healed), len(proof.words)
    if not count:
        return "error", f"No mend was found that heals {proof.path}."
    mends = counted(count, "mend")
    verb = "heals" if count == 1 else "heal"
    rest = f", and {counted(left, 'fault')} {'remains' if left == 1 else 'remain'}" if left else ""
    return ("error" if left else "fine"), f"{mends} {verb} {proof.path}{rest}."
