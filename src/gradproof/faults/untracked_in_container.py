"""A container hides variables from tracking."""

from __future__ import annotations

from ..fault import Fault

FAULT = Fault("GP102", "untracked-in-container", __doc__)
