"""The zip was used up before it reached the optimizer."""

from __future__ import annotations

from ..fault import Fault

FAULT = Fault("GP405", "spent-zip", __doc__)
