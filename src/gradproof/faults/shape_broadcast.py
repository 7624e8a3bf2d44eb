"""Shapes broadcast and the loss mixes all pairs of examples."""

from __future__ import annotations

from ..fault import Fault

FAULT = Fault("GP701", "shape-broadcast", __doc__)
