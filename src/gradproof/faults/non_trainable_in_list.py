"""The list holds non-trainable variables."""

from __future__ import annotations

from ..fault import Fault

FAULT = Fault("GP108", "non-trainable-in-list", __doc__, level="warning")
