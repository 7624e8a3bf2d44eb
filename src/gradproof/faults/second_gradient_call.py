"""A spent tape is asked for a second gradient."""

from __future__ import annotations

from ..fault import Fault

FAULT = Fault("GP213", "second-gradient-call", __doc__)
