"""`%%gradproof` in a real IPython shell, in a process of its own."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

pytestmark = pytest.mark.tensorflow

SESSION = '''
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance()
shell.run_cell("%load_ext gradproof")
shell.run_cell("""
import tensorflow as tf
weight = tf.Variable(1.0, name="weight")
scale = tf.Variable(1.0, name="scale")
optimizer = tf.keras.optimizers.SGD(0.1)

def step():
    with tf.GradientTape() as tape:
        inner = (weight * 2.0).numpy()
        loss = tf.square(inner * scale - 1.0)
    gradients = tape.gradient(loss, [weight, scale])
    optimizer.apply_gradients(zip(gradients, [weight, scale]))
    return loss
""")
result = shell.run_cell_magic("gradproof", "", "print('hello')\\nleft = float(step())\\n")
print("LEFT", shell.user_ns["left"])
print("CODES", [one.fault.code for one in result.diagnoses])
print("HTML", result._repr_html_().startswith('<div class="gradproof">'))
print(result)
print("SHELL", shell.display_formatter.format(result)[0]["text/plain"].endswith(", 1 lost"))
failed = shell.run_cell_magic("gradproof", "", "raise KeyError('mine')")
print("AFTER", failed.diagnoses)
shell.run_cell("%%gradproof\\nx +")
again = shell.run_cell_magic("gradproof", "", "step()")
print("AGAIN", [one.fault.code for one in again.diagnoses])
shell.run_cell("%%gradproof --fast\\n1")
shell.run_cell("""
import gradproof
proof = gradproof.prove(step)
with gradproof.watch(show=False) as run:
    step()
""")
for name in ("proof", "run"):
    shown = shell.user_ns[name]._repr_html_()
    print(name.upper(), "Cell In[" in shown, "inner = (weight * 2.0).numpy()" in shown)
'''


def test_cell_is_watched():
    """The cell runs as always; its diagnosis shows the lines of the other cell."""
    pytest.importorskip("IPython")
    shown = subprocess.run(
        [sys.executable, "-c", SESSION], capture_output=True, text=True, timeout=300
    )
    assert "hello" in shown.stdout, shown.stderr
    assert "LEFT 1.0" in shown.stdout
    assert "CODES ['GP202']" in shown.stdout
    assert re.search(r"--> Cell In\[\d+\]:\d+:\d+\n", shown.stdout)
    assert "1 error; 1 file with 1 loop read" in shown.stdout
    assert "SHELL True" in shown.stdout
    assert "HTML True" in shown.stdout
    assert "inner = (weight * 2.0).numpy()" in shown.stdout
    assert "KeyError" in shown.stdout
    assert "AFTER ()" in shown.stdout
    assert "SyntaxError" in shown.stdout
    assert "Unreadable" not in shown.stdout
    assert "AGAIN ['GP202']" in shown.stdout
    assert "PROOF True True" in shown.stdout
    assert "RUN True True" in shown.stdout
    assert "UsageError: %%gradproof takes no options, got '--fast'" in shown.stderr
