"""The account of one variable: its step, term by term."""

from __future__ import annotations

from collections.abc import Iterator

from .evidence.handmade import named
from .evidence.ledger import Audit
from .evidence.run import Run
from .evidence.variable import Variable

MOST = 3
"""Variables that are shown when a name stands for several."""


def account(run: Run, name: str) -> tuple[str, ...]:
    """Lines about the steps of the variables that a name stands for.

    Args:
        run: What happened.
        name: A path, or some of its components, such as `"dense"`.

    Returns:
        Lines without line ends; a sentence when there is no such variable.
    """
    named_so = [one for one in run.variables if one.role == "model" and _is_called(one, name)]
    if not named_so:
        others = ", ".join(f"`{one.path}`" for one in run.variables if one.role == "model")
        return (f"no variable is called `{name}`; there are {others or 'none'}",)
    lines: list[str] = []
    for variable in named_so[:MOST]:
        lines += _lines(run, variable)
    if len(named_so) > MOST:
        lines.append(f"and {len(named_so) - MOST} more variables with `{name}` in their names")
    return tuple(lines)


def _is_called(variable: Variable, name: str) -> bool:
    path = variable.path if "#" in name else variable.path.split("#")[0]
    parts, wanted = path.split("/"), name.strip("/").split(":")[0].split("/")
    width = len(wanted)
    return any(parts[at : at + width] == wanted for at in range(len(parts) - width + 1))


def _lines(run: Run, variable: Variable) -> Iterator[str]:
    shape = "x".join(str(length) for length in variable.shape) or "one number"
    yield f"`{variable.path}` ({shape}, {variable.dtype}), norms:"
    audits = [audit for audit in run.audits if audit.variable == variable.key]
    if audits:
        yield from _rows(_entries(audits[-1]))
        return
    found = [
        (apply, step, update)
        for apply in run.applies
        for step in run.steps_of(apply.key)
        for update in step.updates
        if update.variable == variable.key
    ]
    if not found:
        yield "  no step of it was measured"
        return
    apply, step, update = found[-1]
    entries = [("step", f"{step.index} of {apply.by}"), ("value", f"{update.value_norm:.6g}")]
    if update.gradient_norm is not None:
        entries.append(("gradient handed over", f"{update.gradient_norm:.6g}"))
    if step.learning_rate is not None:
        entries.append(("learning rate", f"{step.learning_rate:.6g}"))
    what = named(run, apply) if apply.by_hand else ""
    entries.append(("change that happened", f"{update.change_norm:.6g}{what and '  ' + what}"))
    yield from _rows(entries)


def _entries(audit: Audit) -> Iterator[tuple[str, str]]:
    """One audited step from the gradient to the change."""
    yield "step", f"{audit.step} of {audit.rule}"
    yield "value before", f"{audit.value_norm:.6g}"
    norms = (
        ("gradient as taken", audit.taken_norm),
        ("gradient handed over", audit.gradient_norm),
        ("gradient used", audit.used_norm),
    )
    for label, norm in norms:
        yield label, "not followed" if norm is None else f"{norm:.6g}"
    for label, value in audit.terms:
        yield label, f"{value:.6g}"
    if audit.predicted_norm is not None:
        yield "change predicted", f"{audit.predicted_norm:.6g}"
    verdict = {True: f"  as {audit.rule} says", False: f"  not as {audit.rule} says", None: ""}
    yield "change that happened", f"{audit.change_norm:.6g}{verdict[audit.agrees]}"


def _rows(entries: Iterator[tuple[str, str]] | list[tuple[str, str]]) -> Iterator[str]:
    kept = list(entries)
    width = max(len(label) for label, _ in kept)
    for label, words in kept:
        yield f"  {label:<{width}}  {words}"
