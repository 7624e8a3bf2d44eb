"""From an answer, and what was kept of its run, to the text of a page."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from math import isfinite
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ...answer import Answer, Lines
from ...evidence.run import Run
from ...evidence.series import Series
from ...fault import Diagnosis, Verdict
from . import embedding, ledger, packing, pages, source, words
from .lanes import Lane, lanes
from .path import PATH, names, picture
from .replicas import replicas
from .verdict import verdict


@dataclass(frozen=True)
class Page:
    """What a page is made of.

    Attributes:
        answer: What was found out.
        lines: Gives the source lines of a file.
        run: The facts of a run.
        series: Its numbers.
        about: What a record says of the program and its surroundings.
        going: The run still goes on.
        version: Of the page, for a server that has newer ones; else empty.
    """

    answer: Answer
    lines: Lines
    run: Run | None = None
    series: Sequence[Series] = ()
    about: Mapping[str, object] = field(default_factory=dict)
    going: bool = False
    version: str = ""


def render(page: Page) -> str:
    """The page as the text of one HTML file."""
    answer, run = page.answer, page.run
    found = lanes(run, page.series, answer) if run is not None else []
    named = _named(names(answer, run), found)
    return written(
        "report.html",
        page.version,
        page=page,
        answer=answer,
        about=page.about,
        verdict=verdict(answer, page.going, str(page.about.get("error") or "")),
        picture=picture(answer, run, found),
        diagnoses=[Shown(one, page.lines) for one in answer.diagnoses],
        lanes=found,
        replicas=list(replicas(run, page.series, named)),
        names=named,
        summaries=list(_summaries(found, named)),
        entries=ledger.entries(run, named),
        data=_data(found, named, answer, run) if found else None,
    )


def path_fragment(answer: Answer, run: Run | None = None, series: Sequence[Series] = ()) -> str:
    """The path picture alone, with its style, for a notebook or another page."""
    found = lanes(run, series, answer) if run is not None else []
    template = _environment().get_template("fragment.html")
    return template.render(
        picture=picture(answer, run, found), stages=PATH, style=embedding.asset("path.css")
    )


class Shown:
    """A diagnosis as the template reads it."""

    def __init__(self, diagnosis: Diagnosis, lines: Lines) -> None:
        self.one = diagnosis
        self.proven = diagnosis.verdict is Verdict.PROVEN
        self.listings = list(source.listings(diagnosis, lines))
        fix = diagnosis.fix
        self.changes = list(source.changes(fix, lines)) if fix else []
        self.unsafe = bool(fix and fix.edits and not fix.safe)
        self.page = pages.page(diagnosis.fault)
        self.consequences = list(_flat(diagnosis.consequences))
        self.place = source.where(diagnosis.place) if diagnosis.place else ""


def _flat(consequences: Sequence[Diagnosis]) -> Iterator[Diagnosis]:
    for consequence in consequences:
        yield consequence
        yield from _flat(consequence.consequences)


def _summaries(found: Sequence[Lane], named: Mapping[int, str]) -> Iterator[tuple[str, object]]:
    for lane in found:
        for row in lane.rows:
            yield row.name(named), row.summary


def _named(known: Mapping[int, str], found: Sequence[Lane]) -> dict[int, str]:
    """Names of all variables with numbers; a record may lack some."""
    keys = {row.key: f"variable {row.key}" for lane in found for row in lane.rows}
    return {**keys, **known}


def _data(
    found: Sequence[Lane], named: Mapping[int, str], answer: Answer, run: Run | None
) -> Markup:
    """The numbers of the page, for its script."""
    lost = {one.key for one in answer.standings if one.state == "broken"}
    audits = json.dumps(ledger.packed(run, found), separators=(",", ":")).encode()
    return embedding.data(
        {
            "lanes": [_lane(lane, named, lost) for lane in found],
            "block": packing.block(
                series for lane in found for row in lane.rows for series in row.series
            ),
            "ledger": packing.deflated(audits),
        }
    )


def _lane(lane: Lane, named: Mapping[int, str], lost: Collection[int | None]) -> dict[str, object]:
    loss = lane.loss
    return {
        "name": words.visible(lane.name),
        "starts": lane.starts,
        "loss": [_numbers(one) for one in (loss.low, loss.middle, loss.high)],
        "rate": _numbers(lane.rate),
        "scales": lane.scales,
        "marks": [[step, code, words.visible(title)] for step, code, title in lane.marks],
        "rows": [
            [row.key, words.visible(row.name(named)), int(row.key in lost)] for row in lane.rows
        ],
    }


def _numbers(values: Sequence[float]) -> list[float | None]:
    return [float(f"{value:.6g}") if isfinite(value) else None for value in values]


def written(name: str, version: str = "", **context: object) -> str:
    """A template with all that a page carries inside.

    Args:
        name: Of the template.
        version: Of a page that is served; it may ask its server for newer ones.
        context: What the template shows.
    """
    scripts = [embedding.asset(one) for one in (embedding.EARLY, *embedding.SCRIPTS)]
    styles = [embedding.asset(one) for one in embedding.STYLES]
    template = _environment().get_template(name)
    text = template.render(
        version=version,
        stages=PATH,
        early=scripts[0],
        scripts=scripts[1:],
        styles=styles,
        policy=embedding.policy(scripts, styles, live=bool(version)),
        **context,
    )
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=words.visible,
    )
    environment.filters.update(
        ticked=words.ticked,
        number=words.number,
        counted=words.counted,
        moment=words.moment,
        short=words.short,
    )
    environment.globals["lasting"] = words.lasting
    return environment
