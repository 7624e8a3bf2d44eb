"""The files of one answer."""

from __future__ import annotations

from gradproof import source
from gradproof.reading import Reading

PROGRAM = """
import tensorflow as tf

w = tf.Variable(1.0)
with tf.GradientTape() as tape:
    loss = w * w
gradient = tape.gradient(loss, w)
"""


def test_mistake_of_ours_in_one_file_is_a_note(tmp_path, monkeypatch):
    """The other files are judged, and a program to be run would be run."""
    for name in ("one.py", "two.py"):
        (tmp_path / name).write_text(PROGRAM, "utf-8")
    right = source.read

    def broken(text, path, *rest):
        if path.endswith("one.py"):
            raise AssertionError("ours")
        return right(text, path, *rest)

    monkeypatch.setattr(source, "read", broken)
    monkeypatch.setenv("GRADPROOF_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    reading = Reading()
    reading.add("one.py")
    reading.add("two.py")
    one, two = reading.loops()
    assert (one.path, one.gradient_calls) == ("one.py", ())
    assert len(two.gradient_calls) == 1
    (note,) = reading.notes
    assert note.startswith("one.py could not be judged, a mistake in gradproof (")
