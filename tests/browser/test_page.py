"""The page as people use it: pointer, keyboard, phone, dark, without scripts."""

from __future__ import annotations

import math
import re
import time
from dataclasses import replace

import pytest

import page_samples as pages
from answers import TRAIN, lines_of
from gradproof.report.html import Curve, render_beside, render_proof

WIDE = "document.documentElement.scrollWidth"


def number(text: str) -> float:
    """The first number in a text."""
    found = re.search(r"[\d.]+(e-?\d+)?", text.replace(",", ""))
    assert found, text
    return float(found.group())


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("make", [pages.broken, pages.healthy])
def test_it_opens_and_fits(make, width, open_page):
    """No complaint of the browser, nothing wider than the window, charts drawn."""
    page = open_page(make(), width)
    assert page.tab.evaluate(WIDE) <= width
    for track in ("ratio", "gradient", "loss", "rate"):
        assert page.tab.locator(f'[data-track="{track}"] canvas').count() == 1
    assert page.tab.locator("#heat canvas").bounding_box()["width"] > width / 2


def test_a_cell_tells_its_numbers_to_the_pointer(open_page):
    """And is silent when the pointer has gone."""
    page = open_page(pages.broken())
    cell = page.tab.locator("tr.broken td.cell.lost")
    cell.hover()
    assert (
        page.text("#tip") == "encoder/kernel\napplied: lost here; GP403 mispaired-gradients; "
        "handed to SGD at train.py:6"
    )
    page.tab.locator("h1").hover()
    assert page.tab.locator("#tip").is_hidden()


def test_a_tap_tells_the_numbers_on_a_phone(open_page):
    """The words stay inside of the window."""
    page = open_page(pages.broken(), 390)
    page.tab.locator("tr.leaf td.cell").nth(4).click()
    box = page.tab.locator("#tip").bounding_box()
    assert "changed by 0.01 (norm) at the last step" in page.text("#tip")
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390


def test_the_path_works_with_the_keyboard(open_page):
    """Arrows go from cell to cell; groups fold and unfold."""
    page = open_page(pages.broken())
    page.tab.locator("td.cell").first.focus()
    page.tab.keyboard.press("ArrowDown")
    for _ in range(3):
        page.tab.keyboard.press("ArrowRight")
    assert page.text("#tip").startswith("encoder/kernel\napplied: lost here")
    page.tab.keyboard.press("Escape")
    assert page.tab.locator("#tip").is_hidden()
    fold = page.tab.locator("button.fold").first
    fold.focus()
    page.tab.keyboard.press("Enter")
    assert fold.get_attribute("aria-expanded") == "false"
    assert page.tab.locator("tr.broken").is_hidden()
    page.tab.keyboard.press("Enter")
    assert page.tab.locator("tr.broken").is_visible()


def test_charts_tell_the_numbers_under_the_pointer(open_page):
    """At the middle of 41 steps the loss is one twenty-first."""
    page = open_page(pages.broken(41))
    over = page.tab.locator('[data-track="loss"] .u-over')
    over.scroll_into_view_if_needed()
    box = over.bounding_box()
    page.tab.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert page.text("#at") == "step 21"
    assert number(page.text('[data-track="loss"] .reading')) == pytest.approx(1 / 21, rel=1e-2)
    assert number(page.text('[data-track="gradient"] .reading')) == pytest.approx(
        0.5 / 21, rel=1e-2
    )
    assert number(page.text('[data-track="ratio"] .reading')) == pytest.approx(0.005, rel=1e-2)


def test_a_stretch_is_zoomed_by_drag_buttons_and_keys(open_page):
    """All charts together; a double click or 0 shows all steps again."""
    page = open_page(pages.broken(101))
    view = "(gp => [gp.kept()?.view?.map(Math.round)])(gp.page)"
    over = page.tab.locator('[data-track="loss"] .u-over')
    over.scroll_into_view_if_needed()
    box = over.bounding_box()
    page.tab.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + 20)
    page.tab.mouse.down()
    page.tab.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + 20, steps=4)
    page.tab.mouse.up()
    ((low, high),) = page.tab.evaluate(view)
    assert (low, high) == (pytest.approx(21, abs=1), pytest.approx(41, abs=1))
    page.tab.mouse.dblclick(box["x"] + box["width"] / 2, box["y"] + 20)
    assert page.tab.evaluate(view) == [None]
    page.tab.locator('[data-zoom="in"]').click()
    ((low, high),) = page.tab.evaluate(view)
    assert high - low == pytest.approx(50, abs=1)
    page.tab.locator('[data-zoom="right"]').click()
    assert page.tab.evaluate(view)[0][0] > low
    page.tab.locator("#tracks").focus()
    page.tab.keyboard.press("+")
    ((low, high),) = page.tab.evaluate(view)
    assert high - low == pytest.approx(25, abs=1)
    page.tab.keyboard.press("0")
    assert page.tab.evaluate(view) == [None]


def test_arrows_choose_the_step_and_the_variable(open_page):
    """Charts and ledger follow."""
    page = open_page(pages.broken())
    page.tab.locator("#tracks").focus()
    page.tab.keyboard.press("Home")
    page.tab.keyboard.press("ArrowRight")
    page.tab.keyboard.press("ArrowDown")
    assert page.text("#at") == "step 2"
    assert page.text("[data-track=ratio] .chosen") == "encoder/bias"
    assert page.tab.locator("#ledger-variable option:checked").inner_text() == "encoder/bias"
    ledger = page.text("#ledger-table")
    assert "Step 2 by SGD, audited" in ledger
    assert "as SGD says" in ledger
    page.tab.keyboard.press("ArrowRight")
    assert "Step 3, not audited" in page.text("#ledger-table")


def test_the_ledger_is_chosen_by_hand(open_page):
    """Any variable, any step."""
    page = open_page(pages.broken())
    page.tab.locator("#ledger-variable").select_option(label="decoder/kernel")
    page.tab.locator("#ledger-step").select_option(label="10")
    text = page.text("#ledger-table")
    assert "Step 10, not audited" in text
    (line,) = [line for line in text.splitlines() if line.startswith("gradient handed over")]
    assert number(line) == pytest.approx(0.05, rel=1e-2)


def test_a_click_on_the_colours_chooses_a_variable(open_page):
    """The second row is the second variable."""
    page = open_page(pages.broken())
    canvas = page.tab.locator("#heat canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    page.tab.mouse.move(box["x"] + box["width"] / 2, box["y"] + 27)
    assert "encoder/bias" in page.text("#tip")
    assert "change / value 0.005" in page.text("#tip")
    page.tab.mouse.down()
    page.tab.mouse.up()
    assert page.tab.locator("#variable option:checked").inner_text() == "encoder/bias"


def paper(page) -> list[int]:
    """The colour behind everything."""
    found = page.tab.evaluate("getComputedStyle(document.body).backgroundColor")
    return [int(part) for part in re.findall(r"\d+", found)[:3]]


def test_dark_and_light(open_page):
    """As the system wants it, until the reader wants it otherwise."""
    page = open_page(pages.broken(), scheme="dark")
    assert max(paper(page)) < 60
    page.tab.locator("#theme").click()
    assert min(paper(page)) > 200
    assert min(paper(open_page(pages.broken(), scheme="light"))) > 200
    assert max(paper(open_page(pages.broken(), scheme="dark", scripts=False))) < 60


def contrast(page, selector: str) -> float:
    """Contrast of a text with the card behind it, as WCAG counts it."""
    text, back = (
        page.tab.evaluate(
            "([selector, what]) => getComputedStyle(document.querySelector(selector))[what]", given
        )
        for given in ([selector, "color"], [".diagnosis", "backgroundColor"])
    )

    def light(colour: str) -> float:
        parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
        linear = [
            part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
        ]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    one, other = sorted((light(text), light(back)))
    return (other + 0.05) / (one + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read(scheme, open_page):
    """Contrast of 4.5 to 1 for what has to be read."""
    page = open_page(pages.broken(), scheme=scheme)
    for selector in (".proof", ".unit", "td.why", "summary", ".facts li", ".badge", ".strip .hit"):
        assert contrast(page, selector) >= 4.5, selector


def test_without_scripts_all_text_is_there(open_page):
    """Nothing is folded away that only a script could unfold; nothing is offered in vain."""
    page = open_page(pages.broken(), scripts=False)
    text = page.text("main")
    for words in ("at `applied`".replace("`", ""), "handed to SGD at train.py:6", "use one list"):
        assert words in text
    assert page.tab.locator("select:visible, button:visible, #tracks:visible").count() == 0
    page.tab.locator("summary", has_text="The numbers as a table").click()
    assert "change / value, median" in page.text("main")
    assert page.tab.evaluate("1") == 1
    assert page.tab.locator("td.cell .aside").first.is_visible()


@pytest.mark.parametrize("words", pages.HOSTILE)
def test_hostile_names_do_nothing(words, open_page):
    """Neither in the page, nor in what its script makes of them."""
    page = open_page(pages.hostile(words))
    asked = []
    page.tab.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    page.tab.locator("td.cell").first.hover()
    page.tab.locator("#variable").select_option(index=1)
    page.tab.wait_for_timeout(50)
    assert not asked
    assert page.tab.locator("img").count() == 0
    assert page.tab.evaluate(WIDE) <= 1280


def test_a_long_run_opens_quickly(open_page):
    """100,000 steps of 200 variables, in seconds: at rest within two, here with room for a busy machine."""
    page = pages.tall()
    opened = open_page(page)
    taken = []
    for _ in range(3):  # the quickest counts: other tests run beside this one
        start = time.monotonic()
        opened.tab.reload()
        opened.tab.wait_for_selector("html[data-ready]", state="attached")
        taken.append(time.monotonic() - start)
    assert min(taken) < 10
    assert opened.tab.evaluate(WIDE) <= 1280
    assert "steps" in opened.text("#ledger-table") or "Step" in opened.text("#ledger-table")


@pytest.mark.parametrize("width", [1280, 390])
def test_two_runs_are_drawn_beside_each_other(width, open_page):
    """The variable that parts is chosen, at the step at which it does."""
    page = open_page(render_beside(pages.parting()), width)
    assert page.tab.evaluate(WIDE) <= width
    assert page.text("#at") == "step 3"
    assert page.tab.locator("#twin option:checked").inner_text() == "dense/kernel (parts)"
    left, right = page.text("[data-track=change] .reading").split(" against ")
    assert float(left) == pytest.approx(0.02, rel=1e-2)
    assert float(right) == pytest.approx(0.04, rel=1e-2)
    page.tab.locator("#twin").select_option(label="bias")
    left, right = page.text("[data-track=change] .reading").split(" against ")
    assert left == right
    page.tab.locator("#twins").focus()
    page.tab.keyboard.press("ArrowRight")
    assert page.text("#at") == "step 4"
    page.tab.keyboard.press("+")
    view = page.tab.evaluate("gp.twinView().view")
    assert view["max"] - view["min"] < 16


def test_one_point_is_no_curve(open_page):
    """What is known at the first update only has no chart; the others stay."""
    page = pages.parting()

    def once(curve: Curve) -> Curve:
        return replace(curve, ratios=[curve.ratios[0], *[math.nan] * (len(curve.steps) - 1)])

    twins = tuple(
        replace(twin, left=once(twin.left), right=once(twin.right)) for twin in page.twins
    )
    opened = open_page(render_beside(replace(page, twins=twins)))
    assert not opened.tab.locator("[data-track=ratio]").is_visible()
    assert opened.tab.locator("[data-track=change]").is_visible()


def test_a_proof_draws_both_losses(open_page):
    """Beside each other, under the pointer."""
    page = open_page(render_proof(pages.mended(), lines_of(train=TRAIN)))
    over = page.tab.locator("[data-track=loss] .u-over")
    box = over.bounding_box()
    page.tab.mouse.move(box["x"] + box["width"] - 2, box["y"] + 30)
    left, right = page.text("[data-track=loss] .reading").split(" against ")
    assert float(left) == pytest.approx(1.19)
    assert float(right) == pytest.approx(0.05)
