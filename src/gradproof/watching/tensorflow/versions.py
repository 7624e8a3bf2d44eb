"""Which versions of TensorFlow this was tried with, and what another one lacks."""

from __future__ import annotations

import re
from collections.abc import Mapping

TRIED = ((2, 15), (2, 21))
"""The oldest and the newest."""


def remark(version: str, lost: Mapping[str, str], lacking: list[str]) -> str | None:
    """What to say of a version, if anything.

    Args:
        version: Of TensorFlow.
        lost: What can't be watched there, each with the reason.
        lacking: Names that are not where they were looked for; some of them
            may never have been in this version.
    """
    found = re.match(r"(\d+)\.(\d+)", version)
    number = (int(found[1]), int(found[2])) if found else None
    lowest, highest = (".".join(map(str, one)) for one in TRIED)
    words = [f"{what} ({why})" for what, why in lost.items()]
    if number is None or TRIED[0] <= number <= TRIED[1]:
        return f"with TensorFlow {version}: {'; '.join(words)}" if words else None
    age = "older" if number < TRIED[0] else "newer"
    words += [f"`{name}` is not there" for name in lacking[:5]]
    rest = "; ".join(words) or "all that is watched was found in it"
    return (
        f"TensorFlow {version} is {age} than those that this gradproof was tried with ({lowest} "
        f"to {highest}): {rest}"
    )
