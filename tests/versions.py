"""Which TensorFlow and Keras the tests run with, and what is otherwise in old ones."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from typing import Any

import pytest

OTHERWISE: Mapping[str, Mapping[str, str]] = {
    "2.15": {
        "multi_hot": "Keras 2 has no `multi_hot`",
        "README.md": "Keras 2 names the variables of a model without it",
        "quickstart.md": "Keras 2 names the variables of a model without it",
        "untracked-variable": "Keras 2 tracks variables that are attributes of a layer",
    },
    "2.16": {
        "gradient_accumulation_steps": "Keras 3.3 counts calls as steps of Adam",
        "two replicas": "Keras 3.3 does not sum the gradients of replicas",
        "mirrored_strategy": "Keras 3.3 does not sum the gradients of replicas",
        "replica-divergence": "Keras 3.3 does not sum the gradients of replicas",
        "replicas-see-same-data": "Keras 3.3 does not sum the gradients of replicas",
        "replica-loss-divided-twice": "losses of Keras 3.3 do not divide by the replicas",
        "stateful-optimizer-in-keras3-strategy": "Keras 3.3 does not trace a branch there",
        "ndim": "`ndim` of Keras 3.3 takes no bare `tf.Variable`",
        "int-dtype-variable": "Keras 3.3 refuses a bare `tf.Variable`",
        "variable-left-out": "Keras 3.3 refuses a bare `tf.Variable`",
        "trap-12-pinn": "Keras 3.3 refuses a bare `tf.Variable`",
        "zero-gradient-region-1": "Keras 3.3 refuses a bare `tf.Variable`",
    },
    "2.19": {
        "keras3-variable-interop": "Keras 3.9 fails over its own words about a variable",
        "ndim": "`ndim` of Keras 3.9 takes no bare `tf.Variable`",
    },
}
"""For each TensorFlow: faults and programs that are something else there, and why."""


@cache
def tensorflow() -> str:
    """Such as `"2.21"`."""
    return re.sub(r"\.\d+\D*$", "", version("tensorflow"))


@cache
def generations() -> tuple[str, ...]:
    """Those of Keras; up to TensorFlow 2.15 there is Keras 2 alone, built in."""
    return ("2",) if version("keras").startswith("2.") else ("3", "2")


def skip_without(generation: str) -> None:
    """Skips a test of a Keras that is not here."""
    if generation not in generations():
        pytest.skip(f"there is no Keras {generation} with TensorFlow {tensorflow()}")


def keras(generation: str) -> Any:
    """The Keras of a generation, whatever it is called here; without it the test is skipped."""
    skip_without(generation)
    found = "tf_keras" if generation == "2" and "3" in generations() else "keras"
    return pytest.importorskip(found)


def otherwise(generation: str | None = None) -> Mapping[str, str]:
    """What is no fault with the versions that are here, or another one, and why.

    With a generation: nothing for tf-keras beside Keras 3, which is alike everywhere.
    """
    if generation not in (None, generations()[0]):
        return {}
    return OTHERWISE.get(tensorflow(), {})


def skip_if_otherwise(name: str, generation: str | None = None) -> None:
    """Skips a test of a fault or program that is something else here, and says why."""
    if name in (found := otherwise(generation)):
        pytest.skip(found[name])


def adapted(text: str) -> str:
    """A program for `tf_keras` with the name that Keras 2 has here."""
    if "3" in generations():
        return text
    return text.replace("import tf_keras as keras", "from tensorflow import keras")
