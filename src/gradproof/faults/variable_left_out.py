"""A variable is used by the loss but left out of the list."""

from __future__ import annotations

from ..fault import Fault

FAULT = Fault("GP109", "variable-left-out", __doc__)
