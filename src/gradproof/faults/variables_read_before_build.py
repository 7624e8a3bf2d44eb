"""Variables are read before the model is built."""

from __future__ import annotations

from ..fault import Fault

FAULT = Fault("GP103", "variables-read-before-build", __doc__)
