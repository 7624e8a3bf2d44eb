"""Properties of reading that hold for any text."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from marks import HEADER, found

from gradproof.evidence.loop import Loop
from gradproof.source import read

PROGRAM = (
    HEADER
    + """
class Trainer:
    def __init__(self, network, rate=0.1):
        self.network, self.rate = network, rate
        self.optimizer = keras.optimizers.Adam(rate)

    @tf.function
    def step(self, batch, target):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(self.network(batch, training=True) - target))
        variables = self.network.trainable_variables
        gradients, norm = tf.clip_by_global_norm(tape.gradient(loss, variables), 1.0)
        self.optimizer.apply_gradients(zip(gradients, variables))
        return {"loss": loss, "norm": norm}


trainer = Trainer(model)
for epoch in range(3):
    for begin in range(0, 32, 8):
        logs = trainer.step(x[begin:begin + 8], y[begin:begin + 8])
    print(f"epoch {epoch} {float(logs['loss']):.3f}")
"""
)
CORPUS = Path(__file__).parents[1] / "corpus" / "clean"


def test_a_right_program_is_silent():
    """Nothing is found in the program that the others mangle."""
    assert found(PROGRAM) == []


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*.py")), ids=lambda path: path.stem)
def test_right_programs_stay_silent(path):
    """Idioms that look wrong and are healthy."""
    generation = "2" if path.stem.endswith("keras2") else None
    assert found(path.read_text(encoding="utf-8"), generation, advice=False) == []


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(PROGRAM)), st.integers(0, 40))
def test_mangled_text(start, length):
    """Text with a hole is read, or it is no Python; twice the same."""
    text = PROGRAM[:start] + PROGRAM[start + length :]
    try:
        first = read(text, "mangled.py")
    except (SyntaxError, ValueError):
        return
    assert read(text, "mangled.py") == first


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(PROGRAM.splitlines()), max_size=30))
def test_shuffled_lines(lines):
    """Lines in any order raise nothing but what Python itself would."""
    try:
        read("\n".join(lines), "shuffled.py")
    except (SyntaxError, ValueError):
        return


def test_a_file_without_training_is_an_empty_record():
    """Files that hold no loop are not followed at all."""
    assert read("import os\nprint(os.getcwd())\n", "plain.py") == Loop("plain.py")


@pytest.mark.parametrize("text", ["def f(:\n", "x = \0\n"])
def test_text_that_is_no_program(text):
    """The caller words these."""
    with pytest.raises((SyntaxError, ValueError)):
        read(text, "broken.py")


@pytest.mark.parametrize(
    ("line", "generation"),
    [
        ("import tf_keras as keras", "2"),
        ('import os; os.environ["TF_USE_LEGACY_KERAS"] = "1"', "2"),
        ("import keras", "3"),
        ("import tensorflow as tf, keras", "3"),
        ("import keras\nfrom keras.utils.np_utils import to_categorical", "2"),
        ("import keras\nimport tensorflow as tf\nsession = tf.Session()", "2"),
        ("import tensorflow as tf", None),
    ],
)
def test_the_generation_that_the_imports_tell(line, generation):
    """What is known from elsewhere tells what `import keras` means; tf_keras is tf_keras."""
    assert read(line + "\n", "program.py").generation == generation
    assert read(line + "\n", "program.py", "2").generation == "2"
    legacy = "2" if generation == "2" else "3"
    assert read(line + "\n", "program.py", "3").generation == legacy


def test_columns_count_characters():
    """Text before a place may take several bytes a character."""
    text = PROGRAM + "größe = keras.optimizers.SGD(0.0)\n"
    (rate,) = read(text, "umlaut.py").rates
    assert rate.at.text == "0.0"
    assert rate.at.span.column == 30
