"""What was seen of one variable at each stage of the path, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ...answer import Standing
from ...evidence.applies import Apply
from ...evidence.gradients import Source
from ...evidence.ledger import Audit
from ...evidence.run import Run
from ...evidence.variable import Variable
from .lanes import Lane, Summary
from .words import counted, number


@dataclass
class Facts:
    """Facts of a run by variable, sorted once.

    Attributes:
        variables: By key.
        sources: Entries of gradient calls.
        applies: Places at which it is handed over.
        audits: Its last audited step.
    """

    variables: dict[int, Variable] = field(default_factory=dict)
    sources: dict[int, list[Source]] = field(default_factory=dict)
    applies: dict[int, list[Apply]] = field(default_factory=dict)
    audits: dict[int, Audit] = field(default_factory=dict)

    @classmethod
    def of(cls, run: Run) -> Facts:
        """Sorts the facts of a run."""
        found = cls({variable.key: variable for variable in run.variables})
        for call in run.calls:
            for source in call.sources:
                if source.variable is not None:
                    found.sources.setdefault(source.variable, []).append(source)
        for apply in run.applies:
            for pair in apply.pairs:
                if pair.variable is not None:
                    found.applies.setdefault(pair.variable, []).append(apply)
        for audit in run.audits:
            found.audits[audit.variable] = audit
        return found


def sentences(
    standing: Standing, facts: Facts | None, lane: Lane | None, summary: Summary | None
) -> Mapping[str, str]:
    """What was seen at each stage; empty where nothing is known.

    Args:
        standing: How far the updates of the variable came.
        facts: Of the run.
        lane: In which it was updated.
        summary: Its numbers.
    """
    key = standing.key
    told = dict.fromkeys(
        ("tracked", "recorded", "differentiated", "applied", "moved", "repeated", "learned"), ""
    )
    if facts is not None and key is not None:
        told["tracked"] = _tracked(facts, key)
        told["recorded"] = _recorded(facts.sources.get(key, []))
        told["applied"] = _applied(facts.applies.get(key, []))
    if summary is not None:
        told["differentiated"] = _differentiated(summary)
        told["moved"] = _moved(summary, facts.audits.get(key) if facts and key else None)
        told["repeated"] = _repeated(summary)
    told["learned"] = _learned(lane)
    if standing.state == "broken" and standing.stage in told:
        told[standing.stage] = "; ".join(filter(None, (standing.why, told[standing.stage])))
    elif standing.state == "resting":
        told["tracked"] = standing.why
    return told


def _tracked(facts: Facts, key: int) -> str:
    variable = facts.variables.get(key)
    if variable is None or variable.tracked is None:
        return ""
    holder = f"`{variable.holder}`" if variable.holder else "its owner"
    return f"in the list of {holder}" if variable.tracked else f"missing in the list of {holder}"


def _recorded(sources: list[Source]) -> str:
    known = [one.connected for one in sources if one.connected is not None]
    if not known:
        return ""
    if all(known):
        return "a path to the loss was recorded"
    without = known.count(False)
    return f"no path to the loss in {without} of {counted(len(known), 'gradient call')}"


def _differentiated(summary: Summary) -> str:
    first, last, least, greatest = summary.gradient
    words = [f"gradient norm {_gradient(first)} at first, {_gradient(last)} at last"]
    if greatest > 0:
        words.append(f"between {number(least)} and {number(greatest)}")
    elif not summary.without:
        words.append("zero at every step")
    for count, what in ((summary.without, "none"), (summary.unfinite, "not finite")):
        words += [f"{what} at {counted(count, 'step')}"] if count else []
    return "; ".join(words)


def _gradient(norm: float) -> str:
    return "none" if norm < 0 else number(norm)


def _applied(applies: list[Apply]) -> str:
    places = dict.fromkeys(
        f"{apply.by} at {apply.place.words}" if apply.place else apply.by for apply in applies
    )
    return f"handed to {' and '.join(places)}" if places else ""


def _moved(summary: Summary, audit: Audit | None) -> str:
    words = [f"changed by {number(summary.change)} (norm) at the last step"]
    if summary.ratio == summary.ratio:
        words.append(f"{number(summary.ratio)} of its value in the median")
    if audit is not None and audit.agrees is not None:
        words.append(f"{'as' if audit.agrees else 'not as'} {audit.rule} says")
    return "; ".join(words)


def _repeated(summary: Summary) -> str:
    if summary.steps < 2:
        return ""
    return f"moved at {summary.moved:,} of {summary.steps:,} steps that were kept"


def _learned(lane: Lane | None) -> str:
    ends = lane.loss_ends if lane else None
    if ends is None:
        return ""
    return f"loss {number(ends[0])} at first, {number(ends[1])} at last"
