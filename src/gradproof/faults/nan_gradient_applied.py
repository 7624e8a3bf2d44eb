"""A gradient that is not finite is applied."""

from __future__ import annotations

from ..fault import Fault

FAULT = Fault("GP304", "nan-gradient-applied", __doc__)
