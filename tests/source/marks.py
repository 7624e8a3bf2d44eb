"""Snippets that carry what is expected of them as trailing comments."""

from __future__ import annotations

import re
import textwrap

from gradproof.faults import FAULTS
from gradproof.source import read

HEADER = """\
import numpy as np
import tensorflow as tf
from tensorflow import keras

x = tf.random.normal((32, 4))
y = tf.random.normal((32, 1))


def network(name):
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, name=name)], name=name)


encoder = network("encoder")
decoder = network("decoder")
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8), keras.layers.Dense(1)])
optimizer = keras.optimizers.Adam(0.01)

"""


def found(text: str, keras: str | None = None, *, advice: bool = True) -> list[tuple[int, str]]:
    """Line and code of everything found in a program, in the order of lines."""
    loop = read(text, "snippet.py", keras)
    findings = [
        (finding.place.line, fault.code)
        for fault in FAULTS
        if fault.find is not None
        for finding in fault.find(loop)
        if finding.place is not None and (advice or (finding.level or fault.level) != "advice")
    ]
    return sorted(set(findings))


def assert_findings(snippet: str, keras: str | None = None, header: str = HEADER) -> None:
    """Exactly the marked lines are found: `# GP403` at the end of a line."""
    text = header + textwrap.dedent(snippet)
    expected = [
        (number, code)
        for number, line in enumerate(text.splitlines(), 1)
        if (mark := re.search(r"#((?: GP\d{3})+)$", line))
        for code in mark.group(1).split()
    ]
    assert found(text, keras) == expected
