"""Why two runs part, as far as their records tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isclose, log2

from ..contrast import Part
from .seen import Seen
from .twins import Pair

NEAR = 2e-3
"""Relative; two numbers that belong together are as near as that."""


def reasons(
    seen: tuple[Seen, Seen], parts: Sequence[Part], twins: Sequence[Pair], names: tuple[str, str]
) -> list[str]:
    """Sentences about the first stage at which two runs part."""
    first = [part for part in parts if part.stage == parts[0].stage]
    found = list(_ratios(first))
    found += _rules(seen, twins, names)
    found += _missing(first, names)
    if parts[0].stage in ("loss", "gradients"):
        found += _chance(seen, names)
    found += _ending(seen, names)
    return found


def _ratios(first: Sequence[Part]) -> Iterator[str]:
    """What one ratio of all that differs tells."""
    factors = [part.factor for part in first]
    ratio = factors[0]
    if ratio is None or any(
        one is None or not isclose(one, ratio, rel_tol=NEAR) for one in factors
    ):
        return
    if len(first) > 1:
        yield f"the ratio is the same for all {len(first)}"
    if isclose(ratio, -1.0, rel_tol=NEAR):
        yield "the sign is the other one"
        return
    power = log2(abs(ratio))
    for size in (ratio, 1 / ratio):
        whole = round(size)
        if whole > 1 and isclose(size, whole, rel_tol=NEAR):
            if abs(power) >= 8 and isclose(abs(power), round(abs(power)), abs_tol=NEAR):
                yield f"the ratio is 2**{round(power)}, as a loss scale has it"
            elif first[0].stage in ("loss", "gradients"):
                yield (
                    f"the ratio is a whole number, {whole}: a sum against a mean, as over a batch, "
                    "its elements or replicas"
                )


def _rules(seen: tuple[Seen, Seen], twins: Sequence[Pair], names: tuple[str, str]) -> Iterator[str]:
    """The optimizers differ."""
    for pair in twins:
        rules = []
        for one, variable in zip(seen, pair, strict=True):
            points = one.points.get(variable.key)
            rules.append(one.rules.get(points[0].place, "") if points else "")
        if all(rules) and rules[0] != rules[1]:
            yield f"{names[0]} updates by {rules[0]}, {names[1]} by {rules[1]}"
            return


def _missing(first: Sequence[Part], names: tuple[str, str]) -> Iterator[str]:
    if first[0].stage not in ("gradients", "change"):
        return
    for which, size in enumerate(("left", "right")):
        absent = [part.variable for part in first if getattr(part, size) is None]
        if absent:
            listed = ", ".join(f"`{name}`" for name in absent[:5])
            more = f" and {len(absent) - 5} more" if len(absent) > 5 else ""
            yield f"not updated in {names[which]}: {listed}{more}"


def _chance(seen: tuple[Seen, Seen], names: tuple[str, str]) -> Iterator[str]:
    draws = [one.draws for one in seen]
    if draws[0] != draws[1]:
        which = draws.index(True)
        yield f"random numbers, as of dropout, are drawn in {names[which]} only"


def _ending(seen: tuple[Seen, Seen], names: tuple[str, str]) -> Iterator[str]:
    for one, name in zip(seen, names, strict=True):
        error = one.about.get("error")
        if isinstance(error, str):
            yield f"{name} ended with {error}"
