"""Keras does not track the variable."""

from __future__ import annotations

from ..fault import Fault

FAULT = Fault("GP101", "untracked-variable", __doc__)
