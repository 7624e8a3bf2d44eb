"""A real browser: Debian's Chromium without a window, driven by Playwright."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gradproof.report.html import Page, render

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The browser; tests that need it are skipped where there is none, but not in CI."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    driver = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    if found is None:
        if os.environ.get("CI_BROWSER"):
            pytest.fail("no Chromium, though CI was to install it")
        pytest.skip("needs Chromium: `apt-get install chromium`")
    with driver.sync_playwright() as playing:
        # A launch without a profile's folder makes a fresh one each time.
        browser = playing.chromium.launch(executable_path=found, headless=True, args=list(FLAGS))
        yield browser
        browser.close()


class Opened:
    """A page in the browser, and what it complained about."""

    def __init__(self, tab: Any) -> None:
        self.tab = tab
        self.complaints: list[str] = []
        tab.on("console", lambda said: self.complaints.append(f"{said.type}: {said.text}"))
        tab.on("pageerror", lambda error: self.complaints.append(str(error)))
        tab.on("request", self._asked)

    def _asked(self, request: Any) -> None:
        if not request.url.startswith(("file:", "data:", "http://127.0.0.1", "blob:")):
            self.complaints.append(f"asked for {request.url}")

    def text(self, selector: str) -> str:
        """What one element shows."""
        return str(self.tab.locator(selector).first.inner_text())


@pytest.fixture
def open_page(chromium: Any, tmp_path: Path) -> Iterator[Callable[..., Opened]]:
    """Writes a page into a file and opens it; at the end nothing was complained about."""
    opened = []

    def show(
        page: Page | str, width: int = 1280, scheme: str = "light", scripts: bool = True
    ) -> Opened:
        context = chromium.new_context(
            viewport={"width": width, "height": 800},
            color_scheme=scheme,
            java_script_enabled=scripts,
        )
        found = Opened(context.new_page())
        opened.append((context, found))
        address = page
        if not str(page).startswith("http://"):
            text = render(page) if isinstance(page, Page) else page
            file = tmp_path / "page.html"
            file.write_text(text, encoding="utf-8")
            address = file.as_uri()
        found.tab.goto(address)
        if scripts:
            found.tab.wait_for_selector("html[data-ready]", state="attached", timeout=20_000)
        return found

    yield show
    for context, found in opened:
        context.close()
        assert not found.complaints
