"""Nothing but its place: it puts this folder on the path of all tests.

So tests in every folder can import `worlds`, `snippets` and `programs`.
"""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the option that rewrites rendered reports."""
    parser.addoption(
        "--update-snapshots", action="store_true", help="rewrite tests/report/snapshots"
    )
