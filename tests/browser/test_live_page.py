"""A run that is watched in a browser while it goes on."""

from __future__ import annotations

import re
import subprocess
import time

import pytest

from commands import GRADPROOF

PROGRAM = """
import time
import tensorflow as tf
kernel = tf.Variable(tf.ones((4, 4)), name="kernel")
bias = tf.Variable(tf.ones((4,)), name="bias")
optimizer = tf.keras.optimizers.SGD(0.001)
for number in range(200):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(kernel**2) + tf.reduce_sum(bias**2)
    gradients = tape.gradient(loss, [kernel, bias])
    optimizer.apply_gradients(zip(gradients, [kernel, bias]))
    time.sleep(0.05)
"""
STEP = "gp.page.kept().step"
"""The step at which the page stands; at the last one it goes along."""


@pytest.mark.tensorflow
def test_the_page_follows_the_run(open_page, tmp_path):
    """It grows, keeps what the reader has chosen, and says when the run has ended."""
    (tmp_path / "program.py").write_text(PROGRAM)
    process = subprocess.Popen(
        [GRADPROOF, "run", "--no-record", "--live", "program.py"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    address = re.search(r"http://\S+", process.stderr.readline()).group()
    page = open_page(address)
    assert "so far" in page.text("h1")
    page.tab.wait_for_selector("#variable option:nth-child(2)", state="attached", timeout=60_000)
    page.tab.locator("#variable").select_option(index=1)
    page.tab.locator("#measure").select_option("gradient")
    page.tab.locator("#tracks").focus()
    page.tab.keyboard.press("End")
    before = page.tab.evaluate(STEP)
    until = time.monotonic() + 60
    while page.tab.evaluate(STEP) <= before + 20:
        assert time.monotonic() < until
        page.tab.wait_for_timeout(100)
    assert page.tab.locator("#variable option:checked").inner_text() == "bias"
    assert page.tab.locator("#measure").input_value() == "gradient"
    page.tab.wait_for_selector('[data-going="0"]', timeout=60_000)
    assert page.text("#live-words") == "the run has ended"
    assert page.text("h1") == "Nothing wrong was found: all 2 variables moved in 200 steps."
    _, err = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "both variables moved" in err
