"""Gradients are applied to variables they were not taken for."""

from __future__ import annotations

from ..fault import Fault

FAULT = Fault("GP403", "mispaired-gradients", __doc__)
