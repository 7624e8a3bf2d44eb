"""What `import gradproof` offers; a change here is a promise."""

from __future__ import annotations

import pkgutil

import pytest

import gradproof

PUBLIC = [
    "Comparison",
    "GradientCheck",
    "OptimizerCheck",
    "Proof",
    "Watch",
    "Watched",
    "__version__",
    "check_gradient",
    "check_optimizer",
    "compare",
    "keras_step",
    "prove",
    "watch",
]


def test_public_names():
    """Nothing joins or leaves the package unnoticed."""
    parts = {part.name for part in pkgutil.iter_modules(gradproof.__path__)}
    names = {name for name in vars(gradproof) if not name.startswith(("_", "@"))}
    assert sorted(gradproof.__all__) == PUBLIC
    assert dir(gradproof) == PUBLIC
    assert names - parts == set()


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_is_there(name):
    """Each is found when it is asked for."""
    assert getattr(gradproof, name) is not None


def test_unknown_name():
    """What is not there is said as Python says it."""
    with pytest.raises(AttributeError, match="module 'gradproof' has no attribute 'proof_of'"):
        gradproof.proof_of  # noqa: B018


def test_version_is_the_one_of_the_project():
    """The package and its metadata agree."""
    from importlib.metadata import version

    assert gradproof.__version__ == version("gradproof")


def test_watch_stays_a_function():
    """Nothing that gradproof imports takes the name of what it offers."""
    import gradproof.live
    import gradproof.watching

    assert gradproof.watch is gradproof.live.watch
    assert {part.name for part in pkgutil.iter_modules(gradproof.__path__)}.isdisjoint(PUBLIC)
