"""What a page carries inside: its data, its scripts, its style, and who may run."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path

from markupsafe import Markup

ASSETS = Path(__file__).parent / "assets"

SCRIPTS = (
    "uplot/uPlot.iife.min.js",
    "data.js",
    "page.js",
    "heat.js",
    "charts.js",
    "ledger.js",
    "twins.js",
    "live.js",
    "start.js",
)
STYLES = ("uplot/uPlot.min.css", "report.css", "path.css")
EARLY = "early.js"
"""The script that runs before anything is drawn: it chooses the colours."""


@cache
def asset(name: str) -> Markup:
    """The text of a script or style that comes with the package."""
    return Markup((ASSETS / name).read_text(encoding="utf-8"))


def policy(scripts: Sequence[str], styles: Sequence[str], live: bool) -> str:
    """The content security policy: what is in the page may run, and nothing else.

    Args:
        scripts: Texts of the scripts.
        styles: Texts of the styles.
        live: The page asks its own server for news.
    """
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {_hashes(scripts)}",
            f"style-src {_hashes(styles)}",
            "img-src data:",
            f"connect-src '{'self' if live else 'none'}'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _hashes(texts: Sequence[str]) -> str:
    found = (b64encode(sha256(text.encode()).digest()).decode() for text in texts)
    return " ".join(f"'sha256-{one}'" for one in found)


def data(value: object) -> Markup:
    """Plain data as JSON that can stand in a page: pure ASCII, no markup in it."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)
