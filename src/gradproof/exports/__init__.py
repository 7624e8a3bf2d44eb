"""What other tools get of a run record: TensorBoard's event files, MLflow's runs."""

from __future__ import annotations

from importlib.util import find_spec

NEEDED = {"tensorboard": "TensorBoard", "mlflow": "MLflow"}
"""The package that each of them needs, which is the name of an extra, too."""


class Refused(Exception):
    """Another tool could not be served; the message is one sentence."""


def lacking(package: str) -> str | None:
    """Why a package can't be used; `None` if it is installed."""
    # Looked up, not imported: that would take its second or three.
    if find_spec(package) is not None:
        return None
    return (
        f"`--{package}` needs {NEEDED[package]}, which is not installed: "
        f"`pip install 'gradproof[{package}]'`"
    )
