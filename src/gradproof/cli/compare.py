"""`gradproof compare`: two programs or two run records, side by side."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING

import click

from .fix import split_arguments
from .options import Work, refuse, try_to_write, write

if TYPE_CHECKING:
    from ..contrast import Contrast
    from ..pairing.contrasting import Contrasting

STEPS = 100
"""Updates after which programs end, unless another number is asked for."""

SECONDS = 900.0


@click.command()
@click.argument("sides", nargs=-1, type=click.UNPROCESSED, metavar="A B [-- ARGS]")
@click.option(
    "--steps",
    type=click.IntRange(1),
    default=STEPS,
    show_default=True,
    metavar="N",
    help="End each run after N updates; of records, the first N of each variable are compared.",
)
@click.option(
    "--same-start", is_flag=True, help="Start B from the values of A, if they are not the same."
)
@click.option("--keras", type=click.Choice(["2", "3"]), help="The generation the code is for.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "html"]),
    default="text",
    show_default=True,
    help="For people, for programs, for a browser.",
)
@click.option("--output", metavar="FILE", help="Write the comparison to a file.")
@click.option("--exit-zero", is_flag=True, help="Exit with 0 whatever is found.")
def compare(
    sides: tuple[str, ...],
    steps: int,
    same_start: bool,
    keras: str | None,
    form: str,
    output: str | None,
    exit_zero: bool,
) -> Work:
    """Name the first update, variable and stage at which two runs part.

    A and B are programs, notebooks, or records that `gradproof run` has kept. A program
    with arguments of its own is one word: "train.py --eager"; settings of the
    environment may stand before it: "TF_USE_LEGACY_KERAS=1 train.py". What
    stands after -- is given to both. Programs are run in copies of their
    folder, from the same seeds; if they part, A is run again from values that
    are moved by a few roundings, to learn what float noise does.
    """
    words, arguments = split_arguments(sides)
    if len(words) != 2:
        raise click.UsageError(f"two programs or run records are needed, got {len(words)}")
    if output:
        try_to_write(output)
    return partial(_compare, words, arguments, steps, same_start, keras, form, output, exit_zero)


def _compare(
    words: tuple[str, ...],
    arguments: tuple[str, ...],
    steps: int,
    same_start: bool,
    keras: str | None,
    form: str,
    output: str | None,
    exit_zero: bool,
) -> int:
    from .. import needs
    from ..pairing.contrasting import Contrasting
    from ..pairing.programs import Unfit, named, room_for_runs

    try:
        one, other = (named(each, arguments, steps, keras) for each in words)
        if needs.absent() and (one.trial or other.trial):
            return refuse(needs.TO_RUN.format(nothing="programs can't be run to be compared"))
        names = (one.short, other.short) if one.short != other.short else ("A", "B")
        with room_for_runs(SECONDS) as runs:
            contrasting = Contrasting(
                runs, (one, other), names, steps, lambda told: write(f"{told}\n", sys.stderr)
            )
            found = contrasting.go(same_start)
            _give(contrasting, found, form, output)
    except Unfit as problem:
        return refuse(str(problem))
    except KeyboardInterrupt:
        return 130
    except OSError as problem:
        return refuse(f"{problem.filename or output}: {(problem.strerror or str(problem)).lower()}")
    return int(not found and not exit_zero)


def _give(contrasting: Contrasting, found: Contrast, form: str, output: str | None) -> None:
    """Writes the comparison where it is wanted."""
    from contextlib import ExitStack

    from ..record import Record
    from ..report import contrast, json
    from ..report.paint import paint_for

    with ExitStack() as around:
        stream = sys.stdout
        if output:
            stream = around.enter_context(open(output, "w", encoding="utf-8"))
        if form == "json":
            write(json.render_contrast(found), stream)
            return
        left, right = (around.enter_context(Record(one.path)) for one in contrasting.seen)
        if form == "html":
            from ..report.html import render_contrast

            write(render_contrast(found, (left.lines, right.lines)), stream)
            return
        write(contrast.render(found, (left.lines, right.lines), paint_for(stream)), stream)
