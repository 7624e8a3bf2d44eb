"""The page as text: what it says, that it is safe, and how large it gets."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from html.parser import HTMLParser

import pytest

import page_samples as pages
from answers import CHECK, PROVEN, TRAIN, lines_of
from gradproof.answer import Answer, Standing
from gradproof.faults import FAULTS
from gradproof.report.html import Page, path_fragment, render, render_beside, render_proof


class Reader(HTMLParser):
    """Tags, attributes and the text between them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._within: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._within.append(tag)
        self.texts += [" "] if tag in ("td", "th", "tr", "li") else []

    def handle_endtag(self, tag):
        if tag in self._within:
            while self._within.pop() != tag:
                pass

    def handle_data(self, data):
        if not {"script", "style"} & set(self._within):
            self.texts.append(data)

    @property
    def text(self) -> str:
        """All that is read, with single spaces."""
        return " ".join("".join(self.texts).split())


def test_all_that_matters_is_there_without_scripts():
    """Verdict, path, diagnosis, mend, numbers, ledger, what was not watched."""
    text = Reader(render(pages.broken())).text
    for words in (
        "1 of 3 variables loses its update at applied: gradients are applied to variables",
        "applied: lost here; GP403 mispaired-gradients",
        "differentiated: holds; gradient norm 0.5 at first, 0.0125 at last",
        "at step 1 encoder/kernel moved by 0.141 (norm) along the gradient of decoder/kernel",
        "applied to 2 of these 4",
        "use one list in both calls",
        "- optimizer.apply_gradients(zip(gradients, model.trainable_variables))",
        "+ optimizer.apply_gradients(zip(gradients, decoder.trainable_variables))",
        "explains GP208 too",
        "GP403 was proven at step 1",
        "change that happened 0.01 as SGD says",
        "not watched: 1 step is compiled by XLA",
        "train.py, 2026-03-01 10:00 UTC",
    ):
        assert words in text, words


def test_the_page_of_the_fault_is_unfolded_there():
    """Its examples as code; nothing of its Markdown is left."""
    fault = next(one for one in FAULTS if one.code == "GP403")
    page = pages.broken()
    page = replace(page, answer=replace(page.answer, diagnoses=(replace(PROVEN, fault=fault),)))
    text = render(page)
    assert "Not this fault</h4>" in text
    assert "<pre><code" in text
    assert "## " not in Reader(text).text


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer("run", steps=5, loops=1), "Nothing wrong was found: 0 of 0 variables moved in 5"),
        (Answer("run"), "No update was seen, so nothing was judged."),
        (Answer("check"), "No training loop was found, so there is nothing to judge."),
        (Answer("check", loops=3), "No fault is seen in the source of 3 loops."),
        (CHECK, "Seen in source: gradients are applied to variables they were not taken for."),
        (replace(CHECK, diagnoses=CHECK.diagnoses * 3), "not taken for, and 2 more."),
    ],
)
def test_the_verdict_is_one_sentence(answer, words):
    """It stands first, whatever was found."""
    text = render(Page(answer, lines_of()))
    heading = re.search("<h1>(.*?)</h1>", text, re.DOTALL)
    assert heading
    assert words in Reader(heading.group(1)).text


@pytest.mark.parametrize("words", pages.HOSTILE)
def test_what_users_write_stays_text(words):
    """No tag, attribute or script comes from a name, a message or a line of source."""
    text = render(pages.hostile(words))
    text.encode("utf-8")
    harmless = render(pages.hostile("harmless"))
    found, expected = Reader(text), Reader(harmless)
    # Backticks make code of a name, whatever it is.
    tags = [[tag for tag, _ in one.tags if tag != "code"] for one in (found, expected)]
    assert tags[0] == tags[1]
    assert not [name for _, given in found.tags for name in given if name.startswith("on")]
    links = [given["href"] for tag, given in found.tags if tag == "a"]
    assert all(link.startswith(("#", "https://")) for link in links)
    assert not set("\u2028\u202e\u200f\udc80") & set(text)
    data = re.search('id="data">(.*?)</script>', text, re.DOTALL)
    assert data
    assert data.group(1).isascii()
    assert not set("<>&") & set(data.group(1))
    assert json.loads(data.group(1))["lanes"][0]["rows"]


def test_a_run_without_a_step_does_not_say_that_all_were_watched():
    """It broke off before the first one."""
    page = pages.broken()
    page = replace(page, answer=replace(page.answer, steps=0, notes=()))
    assert "Nothing: there was no step to watch." in Reader(render(page)).text


def test_a_program_that_breaks_off_is_not_called_fine():
    """Its updates were right as far as it came."""
    page = pages.healthy()
    text = render(replace(page, about={"error": "ValueError"}))
    assert 'class="verdict unknown"' in text
    assert "; then the program ended with <code>ValueError</code>.</h1>" in text


def test_only_what_is_in_the_page_may_run():
    """A policy without network and without exceptions for inline code."""
    text = render(pages.broken())
    (policy,) = [given["content"] for tag, given in Reader(text).tags if "http-equiv" in given]
    assert "default-src 'none'" in policy
    assert "connect-src 'none'" in policy
    assert "unsafe" not in policy
    outside = ("src", "srcset", "action", "data-src", "style")
    given = [name for tag, attributes in Reader(text).tags for name in attributes]
    assert not set(outside) & set(given)


def test_names_that_stand_for_several_variables_are_told_apart():
    """Keras 3 gives two layers of one name the same paths."""
    run = pages.named("up/kernel", "up/bias", "up/kernel", "up/bias")
    standings = tuple(
        Standing(one.path, (1,), "moved", None, "moved", True, one.key) for one in run.variables
    )
    page = Page(Answer("run", (), standings, steps=3), lines_of(), run, [pages.series(run, 3)])
    tree = re.findall(r"<bdi[^>]*>(.*?)</bdi>", render(page))
    assert tree[:6] == ["up", "kernel", "bias", "up#2", "kernel#2", "bias#2"]


def test_a_check_shows_the_stages_and_no_charts():
    """Nothing was run."""
    text = render(Page(CHECK, lines_of()))
    assert "Seen" in Reader(text).text
    assert 'id="time"' not in text
    assert "Nothing was run" in Reader(text).text


def test_numbers_that_are_not_finite_are_told():
    """NaN, infinity, no gradient, a value that was zero."""
    run = pages.named("a", "b")
    nan, inf = float("nan"), float("inf")
    rows = [[1.0, 0.0, 1.0, -1.0, 1.0, 0.0], [nan, 1.0, nan, inf, 1.0, inf]]
    standings = tuple(
        Standing(one.path, (1,), "moved", None, "moved", True, one.key) for one in run.variables
    )
    page = Page(
        Answer("run", (), standings, steps=2), lines_of(), run, [pages.series(run, 2, rows)]
    )
    text = Reader(render(page)).text
    assert "gradient norm 1 at first, NaN at last" in text
    assert "none at 1 step" in text
    assert "not finite at 1 step" in text


def test_a_long_run_of_many_variables_is_small_and_quick():
    """100,000 steps of 200 variables, as many as a record keeps of them."""
    page = pages.tall()
    start = time.process_time()
    text = render(page)
    # A second at rest; a machine may be slow, and busy.
    assert time.process_time() - start < 15
    assert len(text.encode()) < 2_000_000


def test_the_path_alone_needs_nothing_else():
    """A fragment for notebooks: a table with its style, no script, no page."""
    page = pages.broken()
    text = path_fragment(page.answer, page.run, page.series)
    tags = {tag for tag, _ in Reader(text).tags}
    assert {"table", "style"} <= tags
    assert not {"html", "script"} & tags
    assert "lost here" in Reader(text).text


def test_a_proof_shows_before_and_after():
    """The table, both losses, the mend, what was tried, what remains."""
    text = Reader(render_proof(pages.mended(), lines_of(train=TRAIN))).text
    for words in (
        "1 mend heals train.py, and 1 fault remains.",
        "encoder/kernel lost at [applied] moved",
        "faults GP403 none",
        "loss 1.005 > 1.185",
        "+ optimizer.apply_gradients(zip(gradients, decoder.trainable_variables))",
        "Not tried: make two optimizers",
        "use one list in both calls. GP403 is still found",
        "in source; not measured",
    ):
        assert words in text, words


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"healed": (), "words": ()}, "No mend was found that heals train.py."),
        ({"words": ()}, "1 mend heals train.py."),
    ],
)
def test_the_verdict_of_a_proof(changes, words):
    """Healed, or not."""
    text = render_proof(replace(pages.mended(), **changes), lines_of(train=TRAIN))
    assert f"<h1>{words}</h1>" in text


def test_two_runs_beside_each_other():
    """Where they part, by how much, why, and what was not compared."""
    text = Reader(render_beside(pages.parting())).text
    for words in (
        "The runs part at update 3: change of dense/kernel",
        "The first difference, at update 3",
        "stage variable mine.py fit.py apart change dense/kernel 0.02 0.04 factor 0.50",
        "the Euclidean norm is told",
        "the learning rate of mine.py is half of that of fit.py",
        "in mine.py error GP403",
        "ema has no twin",
    ):
        assert words in text, words


@pytest.mark.parametrize("words", pages.HOSTILE)
def test_names_of_runs_stay_text(words):
    """In comparisons, too."""
    found, expected = (Reader(render_beside(pages.parting(name))) for name in (words, "harmless"))
    tags = [[tag for tag, _ in one.tags if tag != "code"] for one in (found, expected)]
    assert tags[0] == tags[1]


def test_replicas_side_by_side():
    """Each one's own gradient, the sum that was applied, and whether their changes are equal."""
    text = Reader(render(pages.spread())).text
    assert "SGD at train.py:6, step 3" in text
    assert "encoder/kernel 0.125 0.375 0.5 0.01 in all" in text
    assert "loss 0.5 1 " in text
    apart = Reader(render(pages.spread(alike=False))).text
    assert "encoder/kernel 0.125 0.375 0.5 0.01, 0.02" in apart
    assert "Replicas" not in Reader(render(pages.broken())).text


def test_rows_of_replicas_are_told_apart():
    """Each has its own row of colours; where there is one, nobody counts it."""
    names = re.findall(r'\[1,"([^"]*)",[01]\]', render(pages.spread()))
    assert names == ["encoder/kernel (replica 0)", "encoder/kernel (replica 1)"]
    assert "(replica" not in render(pages.broken())


def test_workers_and_how_they_ended():
    """As the text says it: an exception, or silence."""
    text = Reader(render(pages.spread())).text
    for words in (
        "Workers and replicas",
        "worker 0 1,203 2026-03-01 12:03:00 8 ended",
        "worker 1 1,200 2026-03-01 12:02:58 not known UnavailableError",
        "worker 2 812 2026-03-01 12:01:10 not known not told: killed, or it still goes on",
    ):
        assert words in text, text
