"""The update climbs the loss instead of descending."""

from __future__ import annotations

from ..fault import Fault

FAULT = Fault("GP504", "wrong-sign-update", __doc__)
