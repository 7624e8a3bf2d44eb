"""The variable has an integer dtype."""

from __future__ import annotations

from ..fault import Fault

FAULT = Fault("GP111", "int-dtype-variable", __doc__)
