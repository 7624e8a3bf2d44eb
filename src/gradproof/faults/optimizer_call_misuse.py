"""The optimizer is called with arguments it does not take."""

from __future__ import annotations

from ..fault import Fault

FAULT = Fault("GP406", "optimizer-call-misuse", __doc__)
