"""Two runs or two steps beside each other, for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..answer import Lines
from ..contrast import Contrast, Course, Part
from .paint import Paint, plain
from .snippet import wrapped
from .text import WIDTH, counted, render_diagnosis

SHOWN = 5
"""Variables that are listed for a stage."""

STARTS = {
    "equal": "both start from equal values",
    "given": "{1} starts from the values of {0}, which were not its own",
    "different": "they start from different values; --same-start gives {1} those of {0}",
    "unknown": "whether they start from equal values is not known",
}
"""What is told of the values from which two runs start."""


def render(contrast: Contrast, lines: tuple[Lines, Lines], paint: Paint = plain) -> str:
    """The comparison as text, ending with a line end.

    Args:
        contrast: What was found out.
        lines: Gives the source lines of the first and of the second run.
        paint: Colours.
    """
    first, *rest = wrapped(closing(contrast), WIDTH - 2)
    text = [paint(first, "strong"), *(f"  {line}" for line in rest)]
    text += [*_items(STARTS[contrast.start].format(*contrast.names))]
    for words in contrast.reasons:
        text += _items(words)
    if contrast.parts and contrast.stages:
        text += ["", *stage_table(contrast.parts, contrast.stages, contrast.names)]
    for words in contrast.notes:
        text += _items(words)
    blocks = ["\n".join(text)]
    for which, diagnosis in contrast.causes:
        head = f"in {contrast.names[which]} only:"
        blocks.append(f"{head}\n{render_diagnosis(diagnosis, lines[which], paint)}")
    blocks.append("\n".join(_course(course, paint) for course in contrast.courses))
    return "\n\n".join(blocks) + "\n"


def stage_table(
    parts: Sequence[Part], stages: Sequence[str], names: tuple[str, str]
) -> Iterator[str]:
    """The first stage that differs in full, the others in a line each."""
    width = max(map(len, stages), default=0)
    opened = parts[0].stage if parts else None
    for stage in stages:
        found = [part for part in parts if part.stage == stage]
        label = f"  {stage:<{width}}  "
        if not found:
            yield f"{label}the same"
        elif stage != opened:
            yield f"{label}{_listed(found)}"
        else:
            yield from _opened(label, found, names)


def _opened(label: str, found: Sequence[Part], names: tuple[str, str]) -> Iterator[str]:
    for part in found[:SHOWN]:
        name = "" if part.variable == part.stage else f"`{part.variable}` "
        first, *rest = wrapped(f"{name}{part.words(names)}", WIDTH - len(label) - 2)
        yield f"{label}{first}"
        label = " " * len(label)
        yield from (f"{label}  {line}" for line in rest)
    if len(found) > SHOWN:
        yield f"{label}and {len(found) - SHOWN} more"


def _listed(found: Sequence[Part]) -> str:
    """How many differ, in words."""
    if len(found) == 1:
        return (
            "differs" if found[0].variable == found[0].stage else f"`{found[0].variable}` differs"
        )
    return f"{len(found)} differ, such as `{found[0].variable}`"


def closing(contrast: Contrast) -> str:
    """The verdict in one sentence, with what it was said of."""
    names = contrast.names
    looked = (
        f"{counted(len(contrast.twins), 'variable')} and {counted(contrast.steps, 'update')} "
        "compared"
    )
    if contrast:
        how = "" if contrast.noise == "not needed" else " by more than float noise"
        return f"gradproof: {names[0]} and {names[1]} do the same; {looked}, nothing differs{how}"
    return f"gradproof: {parted(contrast)}: {contrast.parts[0].words(names)}"


def parted(contrast: Contrast) -> str:
    """Where two runs part that do."""
    names, part = contrast.names, contrast.parts[0]
    where = "" if part.variable == part.stage else f" of `{part.variable}`"
    at = "at the start" if not contrast.step else f"at update {contrast.step}"
    stage = "values" if part.stage == "start" else part.stage
    return f"{names[0]} and {names[1]} part {at}, {stage}{where}"


def _course(course: Course, paint: Paint) -> str:
    rules = f", {' and '.join(course.rules)}" if course.rules else ""
    wrong = [one.fault.code for one in course.answer.diagnoses if one.level != "advice"]
    faults = f", {', '.join(dict.fromkeys(wrong))}" if wrong else ""
    ended = f", ended with {course.error}" if course.error else ""
    steps = counted(course.answer.steps, "step")
    # A program that is called by its file needs no second name.
    command = f"{course.command}: " if course.command != course.name else ""
    return f"{paint(course.name, 'strong')}: {command}{steps}{rules}{faults}{ended}"


def _items(words: str) -> Iterator[str]:
    first, *rest = wrapped(words, WIDTH - 4)
    yield f"  - {first}"
    yield from (f"    {line}" for line in rest)
