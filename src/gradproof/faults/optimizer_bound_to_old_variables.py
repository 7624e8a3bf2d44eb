"""The optimizer was built for other variables."""

from __future__ import annotations

from ..fault import Fault

FAULT = Fault("GP407", "optimizer-bound-to-old-variables", __doc__)
