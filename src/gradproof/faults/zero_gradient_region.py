"""The loss is computed where its gradient is exactly zero."""

from __future__ import annotations

from ..fault import Fault

FAULT = Fault("GP302", "zero-gradient-region", __doc__)
