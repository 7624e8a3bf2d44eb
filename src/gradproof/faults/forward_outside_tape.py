"""The forward pass runs outside the tape."""

from __future__ import annotations

from ..fault import Fault

FAULT = Fault("GP201", "forward-outside-tape", __doc__)
