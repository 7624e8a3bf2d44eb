"""What `import gradproof` offers; a change here is a promise."""

from __future__ import annotations

import gradproof


def test_public_names():
    """Nothing joins or leaves the package unnoticed."""
    public = {name for name in vars(gradproof) if not name.startswith("_")}
    loaded = {"answer", "api", "cli", "diagnose", "evidence", "explain", "fault", "faults"}
    loaded |= {"baseline", "cache", "check", "checking", "collecting", "config", "editing"}
    loaded |= {"generation", "mending", "record", "running", "suppression", "words"}
    loaded |= {
        "live",
        "proof",
        "files",
        "finding",
        "launch",
        "reading",
        "report",
        "source",
        "standing",
        "watch",
    }
    assert sorted(gradproof.__all__) == ["Proof", "Watched", "__version__", "prove", "watch"]
    assert public - loaded == set()


def test_version_is_the_one_of_the_project():
    """The package and its metadata agree."""
    from importlib.metadata import version

    assert gradproof.__version__ == version("gradproof")
