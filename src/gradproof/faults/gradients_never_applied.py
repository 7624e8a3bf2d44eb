"""Gradients are computed but never applied."""

from __future__ import annotations

from ..fault import Fault

FAULT = Fault("GP401", "gradients-never-applied", __doc__)
