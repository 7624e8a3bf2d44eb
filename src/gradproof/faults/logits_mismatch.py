"""The loss and the model disagree about logits."""

from __future__ import annotations

from ..fault import Fault

FAULT = Fault("GP702", "logits-mismatch", __doc__)
