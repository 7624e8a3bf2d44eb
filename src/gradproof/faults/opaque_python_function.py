"""A Python function call hides the path to the loss."""

from __future__ import annotations

from ..fault import Fault

FAULT = Fault("GP204", "opaque-python-function", __doc__)
