"""A run that is watched in a browser while it goes on."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

PROGRAM = """
import struct, sys, time
from dataclasses import replace
from pathlib import Path
sys.path.insert(0, sys.argv[2])
import records
from gradproof.answer import Answer, Standing
from gradproof.evidence.rows import COLUMNS, StepRow, StepRows
from gradproof.record import Recorder, replaced, writing
from gradproof.serving import Served

writing.INTERVAL, writing.SHARE = 0.2, 1
path = Path(sys.argv[1])
served = Served(path)
print(served.address, flush=True)
sys.stdin.readline()
run = records.healthy()
recorder = Recorder(path, lambda: {"program": "train.py"}, replaced)
standings = tuple(
    Standing(one.path, one.shape, "moved", None, "changed by 0.08", True, one.key)
    for one in run.variables
)
def answer(steps):
    return Answer("run", (), standings, 1, 1, steps, "every step", ("SGD",))
for step in range(1, 81):
    if step == 41:
        sys.stdin.readline()
    numbers = struct.pack("<6f", 0.8, 2.0, 0.08, 0.4, 1.0, 0.04)
    recorder.add([StepRows(1, (1, 2), COLUMNS[:3], (StepRow(step, numbers, 1.0 / step, 0.1),))])
    if step in (1, 5, 20, 50):
        recorder.judged(answer(step), run, lambda path, cell: [])
    time.sleep(0.08)
recorder.finish(answer(80), run, lambda path, cell: [], {"status": 0})
served.end()
print("gone", flush=True)
"""
"""What a run does, as fast as a test may want it; each half of its steps waits until it is asked for."""

STEP = "gp.page.kept().step"
"""The step at which the page stands; at the last one it goes along."""


def go_on(process: subprocess.Popen[str]) -> None:
    """Asks for the next 40 steps."""
    assert process.stdin is not None
    process.stdin.write("go on\n")
    process.stdin.flush()


def test_the_page_follows_the_run(open_page, tmp_path):
    """It grows, keeps what the reader has chosen, and says when the run has ended."""
    here = str(Path(__file__).parent.parent)
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "run.sqlite"), here],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    page = open_page(process.stdout.readline().strip())
    assert page.text("h1") == "No update was seen so far, so nothing was judged."
    go_on(process)
    page.tab.wait_for_selector("#variable option:nth-child(2)", state="attached", timeout=60_000)
    page.tab.locator("#variable").select_option(index=1)
    page.tab.locator("#measure").select_option("gradient")
    page.tab.locator("details summary").first.click()
    page.tab.locator("#tracks").focus()
    page.tab.keyboard.press("End")
    before = page.tab.evaluate(STEP)
    go_on(process)
    until = time.monotonic() + 60
    while page.tab.evaluate(STEP) <= before + 10:
        assert time.monotonic() < until
        page.tab.wait_for_timeout(100)
    assert page.tab.locator("#variable option:checked").inner_text() == "dense/bias"
    assert page.tab.locator("#measure").input_value() == "gradient"
    assert page.tab.locator("details").first.get_attribute("open") is not None
    assert page.tab.evaluate("document.activeElement.id") == "tracks"
    page.tab.wait_for_selector('[data-going="0"]', timeout=60_000)
    assert page.text("#live-words") == "the run has ended"
    assert page.text("h1") == "Nothing wrong was found: both variables moved in 80 steps."
    assert page.tab.evaluate(STEP) == 80
    out, _ = process.communicate(timeout=30)
    assert (process.returncode, out) == (0, "gone\n")
