"""Numbers packed for the page: logarithms in 16 bits, compressed, as base64."""

from __future__ import annotations

import sys
import zlib
from array import array
from base64 import b64encode
from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import isfinite, log2

MISSING, NONE, NOT_A_NUMBER, INFINITE, ZERO, LEAST = 0, 1, 2, 3, 4, 8
"""Codes of what has no logarithm; numbers begin at `LEAST`. See `assets/data.js`."""

OCTAVES = 278
"""Powers of two that the codes span, from `2**-LOWEST`: all of float32."""

LOWEST = 150

TINY, HUGE = 2.0**-LOWEST, 2.0 ** (OCTAVES - LOWEST)

_SCALE = (65535 - LEAST) / OCTAVES


def code(number: float) -> int:
    """A norm in 16 bits, to 0.15 percent; below zero stands for a missing gradient."""
    if number > 0:
        if number == float("inf"):
            return INFINITE
        return min(65535, max(LEAST, LEAST + round((log2(number) + LOWEST) * _SCALE)))
    if number == 0:
        return ZERO
    return NONE if number < 0 else NOT_A_NUMBER


def codes(numbers: Sequence[float], present: Sequence[bool]) -> array[int]:
    """The codes of a series; `present` tells a missing number from a NaN."""
    # Most series are plain; half a million calls would be felt.
    if numbers and min(numbers) > TINY and max(numbers) < HUGE and isfinite(sum(numbers)):
        begin = LEAST + LOWEST * _SCALE + 0.5
        return array("H", [int(log2(number) * _SCALE + begin) for number in numbers])
    return array(
        "H",
        [
            code(number) if there else MISSING
            for number, there in zip(numbers, present, strict=True)
        ],
    )


def block(series: Iterable[array[int]]) -> str:
    """Many series of codes: differences, low bytes and high bytes, deflated."""
    differences = array("H")
    for one in series:
        if one:
            differences.append(one[0])
            differences.extend((after - before) & 0xFFFF for before, after in pairwise(one))
    if sys.byteorder == "big":
        differences.byteswap()
    data = differences.tobytes()
    return deflated(data[::2] + data[1::2])


def deflated(data: bytes) -> str:
    """Bytes, compressed, as base64 text."""
    return b64encode(zlib.compress(data, 6)).decode("ascii")
