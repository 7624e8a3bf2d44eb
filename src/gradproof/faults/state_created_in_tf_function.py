"""Variables are created inside a traced function."""

from __future__ import annotations

from ..fault import Fault

FAULT = Fault("GP409", "state-created-in-tf-function", __doc__)
