"""What all tests share: marks, and the readings of the pages' examples."""

from __future__ import annotations

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Two marks only; a typo in a mark is an error."""
    config.addinivalue_line("markers", "tensorflow: runs TensorFlow")
    config.addinivalue_line("markers", "slow: takes more than a few seconds")
