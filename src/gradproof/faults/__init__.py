"""Every fault, one a module, in the order of their codes."""

from ..fault import Fault

FAULTS: tuple[Fault, ...] = ()
