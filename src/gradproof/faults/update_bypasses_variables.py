"""The update is written to values, not to the variables."""

from __future__ import annotations

from ..fault import Fault

FAULT = Fault("GP402", "update-bypasses-variables", __doc__)
