"""The name of a variable is rebound to a tensor."""

from __future__ import annotations

from ..fault import Fault

FAULT = Fault("GP207", "variable-rebound-to-tensor", __doc__)
