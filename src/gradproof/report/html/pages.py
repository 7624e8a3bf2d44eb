"""The pages of faults, from Markdown to what a browser shows."""

from __future__ import annotations

from functools import cache

from markdown_it import MarkdownIt
from markupsafe import Markup

from ...fault import Fault


@cache
def _markdown() -> MarkdownIt:
    # Without raw HTML: a record of other people may bring the name of a fault.
    return MarkdownIt("commonmark", {"html": False})


def page(fault: Fault) -> Markup:
    """The page of a fault, without its title."""
    _, _, rest = fault.page.strip().partition("\n")
    return Markup(_markdown().render(rest.replace("\n## ", "\n#### ")))
