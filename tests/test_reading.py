"""The files of one answer."""

from __future__ import annotations

import builtins
import textwrap

from gradproof import source
from gradproof.api import run
from gradproof.faults import FAULTS
from gradproof.launch import Program
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


def test_a_file_is_read_once_for_what_it_says_itself(tmp_path, monkeypatch):
    """Whatever generation was expected, or seen later."""
    (tmp_path / "old.py").write_text(PROGRAM.replace("\nw =", "\nimport tf_keras\nw ="), "utf-8")
    (tmp_path / "any.py").write_text(PROGRAM, "utf-8")
    monkeypatch.chdir(tmp_path)
    reading = Reading("3")
    reading.add("old.py")
    reading.add("any.py")
    old, either = reading.loops()
    assert (old.generation, either.generation) == ("2", "3")
    assert reading.loops(("3",))[0] is old
    again_old, again = reading.loops(("2",))
    assert again_old is old
    assert again.generation == "2"


def test_a_run_reads_its_script_before_it_starts(tmp_path, monkeypatch):
    """No step has to wait for it, and it is not read again when the run has ended."""
    script = tmp_path / "train.py"
    script.write_text(
        f"if False:\n{textwrap.indent(PROGRAM, '    ')}\nevents.append('runs')\n", "utf-8"
    )
    events: list[str] = []
    monkeypatch.setattr(builtins, "events", events, raising=False)
    right = source.read

    def noting(text, path, keras=None, *rest):
        events.append(f"read for {keras}")
        return right(text, path, keras, *rest)

    monkeypatch.setattr(source, "read", noting)
    monkeypatch.setattr("gradproof.api.installed_generation", lambda: "3")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GRADPROOF_HOME", str(tmp_path / "home"))
    answer, _, ending = run(Program(str(script)), FAULTS, lambda *told: None)
    assert events == ["read for 3", "runs"]
    assert (ending.status, answer.files) == (0, 1)
