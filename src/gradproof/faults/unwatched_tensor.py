"""The tape does not watch a tensor it is asked about."""

from __future__ import annotations

from ..fault import Fault

FAULT = Fault("GP205", "unwatched-tensor", __doc__)
