"""A Python value is frozen into the traced step."""

from __future__ import annotations

from ..fault import Fault

FAULT = Fault("GP601", "python-state-frozen-at-trace", __doc__)
