"""An operation without a gradient cuts the path to the loss."""

from __future__ import annotations

from ..fault import Fault

FAULT = Fault("GP203", "nondifferentiable-op", __doc__)
