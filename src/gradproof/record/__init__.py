"""The run record: one SQLite file a run, written while it runs."""

from .folder import default, find, of_job, ready, replaced
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
    "of_job",
    "ready",
    "replaced",
]
