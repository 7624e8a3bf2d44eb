"""Two runs that were compared, as a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...answer import Lines
from ...contrast import Contrast, Course, Point
from ...contrast import Twin as Found
from ..contrast import STARTS, closing, parted
from .besides import render_beside
from .buckets import NAN
from .twins import Beside, Curve, Side, Sizes, Twin
from .words import counted, number


def render_contrast(contrast: Contrast, lines: tuple[Lines, Lines]) -> str:
    """The comparison as the text of one HTML file.

    Args:
        contrast: What was found out.
        lines: Gives the source lines of the first and of the second run.
    """
    names = contrast.names
    apart = {part.variable for part in contrast.parts}
    found = [_twin(twin, bool(apart & set(twin.names))) for twin in contrast.twins]
    chosen = next((one for one in contrast.twins if apart & set(one.names)), None)
    chosen = chosen or next(iter(contrast.twins), Found(("", "")))
    sides = (
        _side(contrast.courses[0], chosen.left),
        _side(contrast.courses[1], chosen.right),
    )
    sentence = closing(contrast).removeprefix("gradproof: ") if contrast else parted(contrast)
    return render_beside(
        Beside(
            f"{sentence}.",
            "fine" if contrast else "error",
            f"compare {names[0]} and {names[1]}",
            sides,
            contrast.step,
            tuple(
                Sizes(part.stage, part.variable, *part.sizes, part.apart) for part in contrast.parts
            ),
            any(part.is_norm for part in contrast.parts),
            (STARTS[contrast.start].format(*names), *contrast.reasons),
            tuple((names[which], one, lines[which]) for which, one in contrast.causes),
            contrast.notes,
            tuple(found),
        )
    )


def _twin(twin: Found, parts: bool) -> Twin:
    left, right = twin.names
    name = left if left == right else f"{left} and {right}"
    return Twin(name, _curve(twin.left), _curve(twin.right), parts)


def _curve(points: Sequence[Point]) -> Curve:
    kept = list(_rising(points))
    return Curve(
        [one.step for one in kept],
        [-1.0 if one.gradient is None else one.gradient for one in kept],
        [one.change / one.value if one.value else NAN for one in kept],
        [one.change for one in kept],
    )


def _rising(points: Sequence[Point]) -> Iterator[Point]:
    """The points whose steps rise: another place of update may count anew."""
    last = 0
    for point in points:
        if point.step > last:
            last = point.step
            yield point


def _side(course: Course, points: Sequence[Point]) -> Side:
    kept = list(_rising(points))
    answer = course.answer
    rules = f" by {' and '.join(f'`{rule}`' for rule in course.rules)}" if course.rules else ""
    facts = [f"{counted(answer.steps, 'step')}{rules}"]
    if course.command != course.name:
        facts.insert(0, f"`{course.command}`")
    known = [one.loss for one in kept if one.loss is not None]
    if known:
        facts.append(f"loss {number(known[0])} at first, {number(known[-1])} at last")
    wrong = dict.fromkeys(one.fault.code for one in answer.diagnoses if one.level != "advice")
    facts += [f"faults: {', '.join(wrong)}"] if wrong else []
    facts += [f"ended with {course.error}"] if course.error else []
    losses = [NAN if one.loss is None else one.loss for one in kept]
    return Side(course.name, tuple(facts), [one.step for one in kept], losses)
