"""The loss does not depend on some of the variables."""

from __future__ import annotations

from ..fault import Fault

FAULT = Fault("GP208", "unconnected-variable", __doc__, level="warning")
