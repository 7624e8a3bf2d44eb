"""The learning rate is zero."""

from __future__ import annotations

from ..fault import Fault

FAULT = Fault("GP501", "learning-rate-zero", __doc__)
