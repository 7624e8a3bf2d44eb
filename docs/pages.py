"""Pages that are made from the code when the documentation is built.

MkDocs calls the functions with `on_` in their names. They add a page a fault,
the table of codes and the page of commands, and put the picture of the path
where a page says `<!-- path -->`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from mkdocs.structure.files import File, Files

from gradproof.cli import COMMANDS, gradproof
from gradproof.fault import STAGES, Fault
from gradproof.faults import FAULTS

PICTURE = (Path(__file__).parent / "path.svg").read_text(encoding="utf-8")
BENCHMARKS = Path(__file__).parent.parent / "benchmarks" / "README.md"
BY_NAME = {fault.name: fault for fault in FAULTS}
GENERATIONS = {"3": "Keras 3", "2": "tf-keras (Keras 2)"}
MODES = {"eager": "eager code", "traced": "`tf.function`"}

QUESTIONS = {
    "tracked": "Is the variable in the list that trains?",
    "recorded": "Is there a recorded path from the variable to the loss?",
    "differentiated": "Is the gradient usable: not None, finite, not all zero, right?",
    "applied": "Does that gradient reach that variable through the optimizer?",
    "moved": "Does the value change, by what the update rule says?",
    "repeated": "Does it hold at the next step, in the traced graph, on every replica?",
    "learned": "Everything moved as told: is the loss the one that was meant?",
    "cost": "Beside the path: the update arrives, but at a price.",
}


def on_config(config: Any) -> Any:
    """Puts the pages of faults into the menu, stage by stage."""
    menu = next(part for part in config.nav if "Look up" in part)["Look up"]
    stages = [
        {f"GP{number} {stage}": [{_short(one): f"faults/{one.name}.md"} for one in here]}
        for number, stage in enumerate(STAGES, 1)
        if (here := [fault for fault in FAULTS if fault.stage == stage])
    ]
    menu[menu.index("faults/index.md")] = {"Faults": ["faults/index.md", *stages]}
    return config


def _short(fault: Fault) -> str:
    return f"{fault.code} {fault.name}"


def on_files(files: Files, config: Any) -> Files:
    """Adds the pages."""
    made = {f"faults/{fault.name}.md": page(fault) for fault in FAULTS}
    made["faults/index.md"] = "\n".join(table())
    made["commands.md"] = "\n".join(commands())
    for name, text in made.items():
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Puts the picture and the figures where a page wants them."""
    return markdown.replace("<!-- path -->", picture()).replace("<!-- overhead -->", _overhead())


def _overhead() -> str:
    """The table of what watching costs, and the machine that it was taken on."""
    first = BENCHMARKS.read_text(encoding="utf-8").split("\n## ")[0]
    return first[first.index("\n| ") :].strip()


def picture(stage: str | None = None) -> str:
    """The path of an update, one stage of it marked; the page's CSS colours it."""
    drawn = re.sub(r"\s*<style>.*?</style>", "", PICTURE, flags=re.DOTALL).strip()
    if stage in STAGES[:-1]:
        drawn = drawn.replace(f'<g id="stage-{stage}">', f'<g id="stage-{stage}" class="lost">')
        drawn = re.sub(r"(<title[^>]*>.*?)(</title>)", rf"\1; lost at {stage}\2", drawn)
    # Ids would not be unique on a page with two pictures.
    drawn = re.sub(r' (id|aria-labelledby)="[^"]*"', "", drawn)
    return f'<div class="path-frame" tabindex="0">{re.sub(chr(10) + " *", "", drawn)}</div>'


def page(fault: Fault) -> str:
    """The page of a fault: its docstring with its place on the path."""
    body = "\n".join(fault.page.strip().splitlines()[1:])
    lead, rest = body.split("\n## Bad", 1)
    return "\n".join(
        [
            f"---\ntitle: {_short(fault)}\n---",
            f"# {fault.code} `{fault.name}`",
            "",
            f"**{fault.page.strip().splitlines()[0]}**",
            "",
            picture(fault.stage),
            "",
            *facts(fault),
            "",
            linked(lead.strip(), fault),
            "",
            "## Bad" + linked(_visible(rest), fault),
            "",
            _ending(fault),
        ]
    )


def _ending(fault: Fault) -> str:
    return (
        f"In a terminal: `gradproof explain {fault.code}`. Allowed where it is meant: "
        f"`# gradproof: allow[{fault.name}] reason`."
    )


def facts(fault: Fault) -> Iterator[str]:
    """Level, stage, how it is seen, and where its bad example is one."""
    bad = fault.sections["Bad"]
    modes = _marked("mode", bad) or tuple(MODES)
    generations = _marked("keras", bad) or tuple(GENERATIONS)
    stage = "beside the path (cost)" if fault.stage == "cost" else f"at *{fault.stage}*"
    seen = [
        words
        for words, how in (("in source (`gradproof check`)", fault.find),
                           ("in a run (`gradproof run`)", fault.prove or fault.settle))
        if how
    ]  # fmt: skip
    yield f"| level | {fault.level} |"
    yield "|---|---|"
    yield f"| lost | {stage}: {QUESTIONS[fault.stage]} |"
    yield f"| seen | {' and '.join(seen)} |"
    for key, name in GENERATIONS.items():
        held = "the bad example below shows it" if key in generations else "no fault here"
        yield f"| {name} | {held} |"
    yield f"| shown in | {' and '.join(MODES[mode] for mode in modes)} |"
    if fault.symptoms:
        links = ", ".join(_link(name) for name in fault.symptoms)
        yield f"| explains | {links}, when they concern the same variables |"


def _marked(name: str, section: str) -> tuple[str, ...]:
    found = re.search(rf"<!-- {name}: ([\w ,]+?) -->", section)
    return tuple(found[1].replace(",", " ").split()) if found else ()


def _visible(text: str) -> str:
    return re.sub(r"<!-- (mode|keras): .*? -->\n", "", text)


def linked(text: str, fault: Fault) -> str:
    """Names of other faults become links; so do bare addresses."""
    parts = re.split(r"(```.*?```)", text, flags=re.DOTALL)
    for number in range(0, len(parts), 2):
        parts[number] = re.sub(
            r"`([a-z0-9-]+)`",
            lambda found: _link(found[1]) if found[1] != fault.name else found[0],
            parts[number],
        )
        parts[number] = re.sub(r"(?<![(<\[])(https://[^\s),]+[^\s),.:;])", r"<\1>", parts[number])
    return "".join(parts)


def _link(name: str) -> str:
    return f"[`{name}`]({name}.md)" if name in BY_NAME else f"`{name}`"


def table() -> Iterator[str]:
    """All codes, by stage."""
    yield "# Faults"
    yield ""
    yield "The first digit of a code is the stage of the [path](../path.md) at which the update"
    yield "is lost. *Source* and *run* say which of the two shows the fault."
    for number, stage in enumerate(STAGES, 1):
        yield f"\n## GP{number}: {stage}\n\n{QUESTIONS[stage]}\n"
        yield "| code | fault | what goes wrong | level | source | run |"
        yield "|---|---|---|---|---|---|"
        for fault in FAULTS:
            if fault.stage == stage:
                title = fault.page.strip().splitlines()[0].rstrip(".").replace("|", "\\|")
                seen = " | ".join(
                    "yes" if how else "no" for how in (fault.find, fault.prove or fault.settle)
                )
                yield f"| {fault.code} | {_link(fault.name)} | {title} | {fault.level} | {seen} |"


def commands() -> Iterator[str]:
    """What each command says of itself with `--help`."""
    yield "# Commands"
    yield ""
    yield "The same as `gradproof COMMAND --help`. Exit status: 0 nothing wrong; 1 a fault of level"
    yield "error or warning stands; 2 wrong usage, or a file that was named can't be read. `run`"
    yield "gives the program's own status first if that is not 0."
    context = click.Context(gradproof, info_name="gradproof")
    for name in COMMANDS:
        command = gradproof.get_command(context, name)
        inner = click.Context(
            command, info_name=name, parent=context, max_content_width=88, terminal_width=88
        )
        yield f"\n## gradproof {name}\n\n```text\n{command.get_help(inner)}\n```"
