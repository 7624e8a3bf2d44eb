"""The zip drops variables because one list is shorter."""

from __future__ import annotations

from ..fault import Fault

FAULT = Fault("GP404", "short-zip", __doc__)
