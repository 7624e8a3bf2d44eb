"""The forward pass leaves TensorFlow before it reaches the loss."""

from __future__ import annotations

from ..fault import Fault

FAULT = Fault("GP202", "numpy-on-loss-path", __doc__)
