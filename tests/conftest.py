"""Its place puts this folder on the path of all tests.

So tests in every folder can import `worlds`, `snippets` and `programs`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from nursery import Nursery


@pytest.fixture(scope="session", autouse=True)
def _records_elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Runs leave their records beside no program that lies here."""
    earlier = os.environ.get("GRADPROOF_HOME")
    os.environ["GRADPROOF_HOME"] = str(tmp_path_factory.mktemp("gradproof"))
    yield
    os.environ.pop("GRADPROOF_HOME")
    if earlier is not None:
        os.environ["GRADPROOF_HOME"] = earlier


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """Runs programs without importing TensorFlow anew for each of them."""
    with Nursery() as running:
        yield running


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the option that rewrites rendered reports."""
    parser.addoption(
        "--update-snapshots", action="store_true", help="rewrite tests/report/snapshots"
    )
