"""The run record: one SQLite file a run, written while it runs."""

from .folder import default, find, ready, replaced
from .reading import Passage, Record
from .schema import Unusable, is_record
from .writing import Recorder

__all__ = [
    "Passage",
    "Record",
    "Recorder",
    "Unusable",
    "default",
    "find",
    "is_record",
    "ready",
    "replaced",
]
