"""What the documentation shows works as it is printed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import pages
import versions
from gradproof.faults import FAULTS

ROOT = Path(__file__).parent.parent
PAGES = sorted((ROOT / "docs").rglob("*.md"))
QUICK = {"quickstart.md", "update-rules.md"}
"""Pages that are played in every run of the tests, not only in `make test-all`."""

PLAYED = {"python", "console", "ipython"}


def _named(page: Path) -> str:
    return str(page.relative_to(ROOT / "docs"))


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, marks=[] if page.name in QUICK else pytest.mark.slow)
        for page in PAGES
        if any(block.kind in PLAYED and block.played for block in pages.blocks(page))
    ],
    ids=_named,
)
def test_page(page, tmp_path, nursery):
    """Files, commands and programs do what the page says."""
    versions.skip_if_otherwise(page.name)
    pages.play(page, tmp_path, nursery)


@pytest.mark.parametrize("page", PAGES, ids=_named)
def test_extras_exist(page):
    """What is to be installed can be installed."""
    declared = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for names in re.findall(r"gradproof\[([\w,]+)\]", page.read_text(encoding="utf-8")):
        for name in names.split(","):
            assert re.search(rf"^{name} = \[", declared, re.MULTILINE), name


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The documentation, built as `make docs` builds it."""
    pytest.importorskip("mkdocs")
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(folder)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr.strip() == ""
    return folder


def test_every_fault_has_its_page(site):
    """With the picture of its stage, and in the table of codes."""
    table = (site / "faults" / "index.html").read_text(encoding="utf-8")
    for fault in FAULTS:
        text = (site / "faults" / f"{fault.name}.html").read_text(encoding="utf-8")
        assert fault.code in text
        assert f'href="{fault.name}.html"' in table
        lost = re.findall(r'<g class="lost">.*?class="name"[^>]*>(\w+)<', text)
        assert lost == ([fault.stage] if fault.stage != "cost" else [])


def test_nothing_comes_from_the_network(site):
    """Scripts, styles, fonts and pictures are the site's own."""
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        fetched = re.findall(r"<(?:script|img|iframe|source)\b[^>]*\bsrc=\"?([^\"\s>]+)", text)
        fetched += [
            re.search(r"href=\"?([^\"\s>]+)", tag)[1]
            for tag in re.findall(r"<link\b[^>]*>", text)
            if re.search(r"rel=\"?(stylesheet|preload|preconnect|icon|modulepreload)", tag)
        ]
        away = [address for address in fetched if re.match(r"(https?:)?//", address)]
        assert not away, (page.name, away)
    for style in site.rglob("*.css"):
        assert not re.search(r"(@import|url\()\s*[\"']?(https?:)?//", style.read_text())
