"""Which of several workers this process is: read from `TF_CONFIG`, as TensorFlow does."""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Task:
    """A process of a job that several processes share.

    Attributes:
        kind: Such as `"worker"` or `"chief"`.
        index: Its number among those of its kind, from 0.
        workers: How many processes train together.
        job: The same for all processes of one cluster, and for no others.
    """

    kind: str
    index: int
    workers: int
    job: str

    @property
    def name(self) -> str:
        """Such as `"worker 1"`."""
        return f"{self.kind} {self.index}"

    @property
    def leads(self) -> bool:
        """It is the one that reports for all: the chief, or the first worker without one."""
        return self.kind == "chief" or (self.kind == "worker" and self.index == 0)


def task(environment: str | None = None) -> Task | None:
    """The task of this process; `None` if it trains alone.

    Args:
        environment: In place of the variable `TF_CONFIG`.
    """
    text = os.environ.get("TF_CONFIG") if environment is None else environment
    try:
        config = json.loads(text or "null")
        cluster, here = config["cluster"], config["task"]
        kind, index = str(here["type"]), int(here["index"])
        workers = sum(len(cluster.get(name, ())) for name in ("chief", "master", "worker"))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    if workers < 2 or not re.fullmatch(r"[a-z_]{1,20}", kind) or not 0 <= index < 1_000_000:
        return None
    spelled = json.dumps(cluster, sort_keys=True)
    return Task(kind, index, workers, hashlib.sha256(spelled.encode()).hexdigest()[:8])
