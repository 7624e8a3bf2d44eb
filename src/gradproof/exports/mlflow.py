"""A run record as a run of MLflow: parameters, metrics, and the report."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from ..answer import Answer
from ..record import Record
from ..report import html, json, text
from . import Refused
from .curves import Curve, numbers

MOST_VALUES = 20_000
"""Values of all variables together; a database takes them one by one."""

BATCH = 1000
"""Metrics that MLflow takes at once."""


def log(record: Record, uri: str | None) -> str:
    """Logs what a record shows as a run of MLflow.

    Experiment and run are those that MLflow's own environment variables name,
    else a new run in the default experiment.

    Args:
        record: Open for reading.
        uri: Of the tracking store; MLflow's own choice without one.

    Returns:
        Where it went, in words.

    Raises:
        Refused: MLflow does not take it.
        Unusable: The record is broken.
    """
    # Read when MLflow is imported: it would tell its makers of its use.
    os.environ.update(MLFLOW_DISABLE_TELEMETRY="true", DO_NOT_TRACK="true")
    import mlflow

    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    answer, about = record.answer(), record.about
    try:
        if uri is not None:
            mlflow.set_tracking_uri(uri)
        with mlflow.start_run(run_name=record.path.stem) as run:
            mlflow.log_params(_parameters(answer, about))
            faults = ", ".join(dict.fromkeys(one.fault.code for one in answer.diagnoses))
            mlflow.set_tags({"gradproof.faults": faults or "none"})
            client = mlflow.MlflowClient()
            for part in _parts(list(_metrics(record, about))):
                client.log_batch(run.info.run_id, metrics=part)
            mlflow.log_text(text.render(answer, record.lines), "gradproof/report.txt")
            mlflow.log_text(json.render(answer), "gradproof/report.json")
            page = html.Page(answer, record.lines, record.facts(), record.series(), about)
            mlflow.log_text(html.render(page), "gradproof/report.html")
            return f"run {run.info.run_name} in {mlflow.get_tracking_uri()}"
    except Exception as problem:
        # Stores raise what their drivers raise.
        first = (str(problem).strip().splitlines() or [""])[0]
        where = uri or "its store"
        raise Refused(
            f"MLflow can't log to {where} ({type(problem).__name__}: {first[:200]})"
        ) from None


def _parameters(answer: Answer, about: dict[str, object]) -> dict[str, object]:
    """What of the run does not change from step to step."""
    named = ("program", "arguments", "gradproof", "python", "tensorflow", "keras", "tf_keras")
    found = {name: about.get(name) for name in named if about.get(name)}
    found.update(
        update_rules=", ".join(answer.rules) or "none",
        variables=len(answer.standings),
        steps=answer.steps,
    )
    return {f"gradproof.{name}": str(value)[:250] for name, value in found.items()}


def _metrics(record: Record, about: dict[str, object]) -> Iterator[Any]:
    from mlflow.entities import Metric

    when = int(datetime.fromisoformat(str(about["started"])).timestamp() * 1000)
    curves = numbers(record).curves
    whole = [curve for curve in curves if curve.name.startswith(("loss", "learning_rate"))]
    rest = [curve for curve in curves if curve not in whole]
    most = max(2, MOST_VALUES // max(1, len(rest)))
    for curve in [*whole, *(_thinned(one, most) for one in rest)]:
        # Other characters are refused in names of metrics.
        key = re.sub(r"[^\w\-./ ]", "_", curve.name)[:250]
        for step, value in zip(curve.steps, curve.values, strict=True):
            yield Metric(key, value, when, step)


def _thinned(curve: Curve, most: int) -> Curve:
    stride = -(-len(curve.steps) // most)
    return Curve(curve.name, curve.steps[::stride], curve.values[::stride])


def _parts(metrics: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(metrics), BATCH):
        yield metrics[start : start + BATCH]
