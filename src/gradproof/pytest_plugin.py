"""pytest: the fixture `prove`, the option `--gradproof`, the marker `gradproof`.

Nothing of gradproof is loaded before a test asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .live import Watched
    from .proof import Proof

MARKER = (
    "gradproof(watch=True, allow=()): watch the updates of this test and fail on proven errors; "
    "`watch=False` leaves the test alone, `allow` lists faults by name or code"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds `--gradproof`."""
    group = parser.getgroup("gradproof")
    group.addoption(
        "--gradproof",
        action="store_true",
        help="watch every test that trains, and fail those with a proven error",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Makes the marker known."""
    config.addinivalue_line("markers", MARKER)


@pytest.fixture
def prove() -> Callable[..., Proof]:
    """`gradproof.prove`, which fails the test when the step does not hold."""

    def checked(step: Callable[..., Any], *args: Any, **options: Any) -> Proof:
        __tracebackhide__ = True
        from .proof import prove as prove_step

        proof = prove_step(step, *args, **options)
        if not proof:
            pytest.fail(str(proof), pytrace=False)
        return proof

    return checked


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Watches a test that wants it."""
    wanted, allowed = _wishes(item)
    if not wanted:
        return (yield)
    from .live import Watched

    seen = Watched()
    try:
        with seen:
            result = yield
    except BaseException as failure:
        # The test's own failure is its message; what it does not say stands beside it.
        said = str(failure)
        blocks = [block for block in _errors(seen, allowed) if block not in said]
        item.add_report_section("call", "gradproof", "\n\n".join(blocks))
        raise
    wrong = "\n\n".join(_errors(seen, allowed))
    if seen.failure:
        raise RuntimeError(seen.failure)
    if wrong:
        pytest.fail(f"updates of this test are lost\n\n{wrong}", pytrace=False)
    return result


def _wishes(item: pytest.Item) -> tuple[bool, set[str]]:
    """Whether a test is watched, and the faults that it may have."""
    wanted = bool(item.config.getoption("--gradproof"))
    marker = item.get_closest_marker("gradproof")
    if marker is None:
        return wanted, set()
    unknown = set(marker.kwargs) - {"watch", "allow"}
    if unknown or marker.args:
        given = ", ".join([*map(repr, marker.args), *(f"`{name}`" for name in sorted(unknown))])
        pytest.fail(f"the marker `gradproof` takes `watch` and `allow`, got {given}", pytrace=False)
    allowed = marker.kwargs.get("allow", ())
    names = {allowed} if isinstance(allowed, str) else set(allowed)
    if names:
        _refuse_unknown(names)
    return bool(marker.kwargs.get("watch", True)), names


def _refuse_unknown(names: set[str]) -> None:
    """A name that is misspelt would allow nothing, and say nothing."""
    from .faults import FAULTS

    known = {word for fault in FAULTS for word in (fault.name, fault.code)}
    for name in sorted(names - known):
        pytest.fail(f"the marker `gradproof`: no fault is called {name!r}", pytrace=False)


def _errors(seen: Watched, allowed: set[str]) -> list[str]:
    """The proven errors as `gradproof run` prints them."""
    return [
        seen.block(one)
        for one in seen.diagnoses
        if one.level == "error" and allowed.isdisjoint({one.fault.code, one.fault.name})
    ]
