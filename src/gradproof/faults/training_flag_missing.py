"""The model is called without `training=True`."""

from __future__ import annotations

from ..fault import Fault

FAULT = Fault("GP706", "training-flag-missing", __doc__)
