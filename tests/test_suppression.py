"""`# gradproof: allow[name] reason`: where it counts, and what is said of it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands import RIGHT, STUCK, ask
from gradproof.files import SourceText
from gradproof.suppression import allowances

APPLY = "    optimizer.apply_gradients(zip(gradients, encoder.trainable_variables))\n"


def checked(text, tmp_path, *options):
    """What `check` says of a program."""
    (tmp_path / "train.py").write_text(text)
    return ask("check", *options, "train.py", cwd=tmp_path)


@pytest.mark.parametrize(
    "line",
    [
        APPLY.replace("\n", "  # gradproof: allow[mispaired-gradients] as in the paper\n"),
        APPLY.replace("\n", "  # gradproof: allow[GP403]\n"),
        APPLY.replace("\n", "  # type: ignore # gradproof:allow[ gp403 , short-zip ]\n"),
        "    # gradproof: allow[GP403] as in the paper\n" + APPLY,
        "    # gradproof: allow[GP403]\n    # another remark\n\n" + APPLY,
        "# gradproof: allow[GP403]\n" + APPLY,
        """\
    optimizer.apply_gradients(  # gradproof: allow[GP403] on the first line
        zip(
            gradients,
            encoder.trainable_variables,
        )
    )
""",
        """\
    # gradproof: allow[GP403] above the statement
    optimizer.apply_gradients(
        zip(gradients, encoder.trainable_variables)
    )
""",
    ],
)
def test_allowed(line, tmp_path):
    """At the end of the statement, within it, or above it."""
    done = checked(STUCK.replace(APPLY, line), tmp_path)
    assert done.returncode == 0, done.stdout
    assert "1 allowed by comments" in done.stdout
    assert "allow[mispaired" not in done.stdout


@pytest.mark.parametrize(
    "line",
    [
        APPLY.replace("\n", '; "# gradproof: allow[GP403]"\n'),
        APPLY + "    # gradproof: allow[GP403] below\n",
        "    # gradproof: allow[GP403] a statement too early\n    pass\n" + APPLY,
        APPLY.replace("\n", "  # gradproof: allow[GP404]\n"),
        APPLY.replace("\n", "  # allow[GP403]\n"),
        APPLY.replace("\n", "  # gradproof: we should allow[GP403]\n"),
        '    note = """\n    # gradproof: allow[GP403]\n    """\n' + APPLY,
    ],
)
def test_not_allowed(line, tmp_path):
    """A string is no comment; a comment counts for its own statement."""
    done = checked(STUCK.replace(APPLY, line), tmp_path)
    assert done.returncode == 1
    assert "allowed by" not in done.stdout


@pytest.mark.parametrize(
    ("comment", "words"),
    [
        ("allow[GP403]", "train.py:13: `allow[GP403]` is not needed: nothing is found by reading"),
        ("allow[mispaired]", "`allow[mispaired]`: no fault is called so; did you mean `mispaired-"),
        ("allow[qqq]", "train.py:13: `allow[qqq]`: no fault is called so"),
        ("allow GP403", "the comment allows nothing; write `# gradproof: allow[fault-name]"),
        ("allow[]", "the comment allows nothing"),
    ],
)
def test_comments_that_do_nothing(comment, words, tmp_path):
    """They are named, as a note: the status stays 0."""
    apply = "zip(gradients, variables))"
    right = RIGHT.replace(apply, f"{apply}  # gradproof: {comment}")
    assert comment in right
    done = checked(right, tmp_path)
    assert done.returncode == 0
    assert words in " ".join(done.stdout.split())


def test_what_was_not_looked_for_is_not_called_needless(tmp_path):
    """With `--select GP1` nobody knows whether GP403 would be found."""
    line = APPLY.replace("\n", "  # gradproof: allow[GP403]\n")
    done = checked(STUCK.replace(APPLY, line), tmp_path, "--select", "GP1")
    assert "not needed" not in done.stdout


def test_a_comment_in_a_file_without_training(tmp_path):
    """It is named even where nothing else is looked at."""
    (tmp_path / "other.py").write_text("x = 1  # gradproof: allow[GP403] once upon a time\n")
    done = ask("check", cwd=tmp_path)
    assert "other.py:1: `allow[GP403]` is not needed" in done.stdout


def test_notebook(tmp_path):
    """Lines and statements count within a cell."""
    first, second = STUCK.split("for _", 1)
    loop = "for _" + second

    def saved(last):
        sources = ["# gradproof: allow[GP403] an end of a cell is an end\n", first, last]
        cells = [{"cell_type": "code", "source": text.splitlines(True)} for text in sources]
        (tmp_path / "book.ipynb").write_text(json.dumps({"cells": cells}))
        return ask("check", "book.ipynb", cwd=tmp_path)

    done = saved(loop)
    assert done.returncode == 1
    assert "book.ipynb:cell 1:1: `allow[GP403]` is not needed" in done.stdout
    done = saved(loop.replace(APPLY, f"    # gradproof: allow[GP403] here\n{APPLY}"))
    assert done.returncode == 0
    assert "1 allowed by comments" in done.stdout


def test_a_comment_in_an_imported_file(tmp_path):
    """It counts where it stands, whichever file leads there."""
    (tmp_path / "steps.py").write_text(
        "import tensorflow as tf\n\n"
        "def step(encoder, decoder, optimizer, x):\n"
        "    with tf.GradientTape() as tape:\n"
        "        loss = tf.reduce_mean(tf.square(decoder(encoder(x)) - x))\n"
        "    gradients = tape.gradient(loss, decoder.trainable_variables)\n"
        f"{APPLY}"
    )
    head = STUCK[: STUCK.index("for _")]
    (tmp_path / "train.py").write_text(
        f"from steps import step\n{head}for _ in range(3):\n    step(encoder, decoder, optimizer, x)\n"
    )
    before = ask("check", "train.py", cwd=tmp_path)
    steps = tmp_path / "steps.py"
    steps.write_text(steps.read_text().replace(APPLY, f"    # gradproof: allow[GP403]\n{APPLY}"))
    after = ask("check", "train.py", cwd=tmp_path)
    assert (before.returncode, after.returncode) == (1, 0), before.stdout + after.stdout
    assert "1 allowed by comments" in after.stdout


@pytest.mark.tensorflow
def test_run_leaves_it_out_too(tmp_path):
    """Neither while the program runs nor at its end; and it is counted."""
    line = APPLY.replace("\n", "  # gradproof: allow[GP403] as in the paper\n")
    (tmp_path / "train.py").write_text(STUCK.replace(APPLY, line))
    done = ask("run", "train.py", cwd=tmp_path)
    assert done.returncode == 0
    assert "GP403" not in done.stderr
    assert "1 allowed by comments" in done.stderr


def lines(text):
    """What each comment covers: its line, names, first and last line."""
    return [(one.line, one.names, one.lines) for one in allowances(SourceText("a.py", text))]


def test_decorators_and_definitions():
    """A comment above a decorator covers the definition's head as well."""
    text = "# gradproof: allow[a]\n@tf.function\ndef f(\n    x,\n):\n    return x\n"
    assert lines(text) == [(1, ("a",), (2, 2)), (1, ("a",), (3, 5))]


def test_a_block_is_covered_by_its_head_only():
    """What stands in a `with` needs a comment of its own."""
    text = "with tape:  # gradproof: allow[a]\n    x = 1\n    y = 2\n"
    assert lines(text) == [(1, ("a",), (1, 1))]


@given(
    st.lists(
        st.sampled_from(
            [
                "# gradproof: allow[a]",
                "x = (",
                ")",
                "\n",
                "\n    ",
                '"""',
                "@",
                "def f():",
                "\\",
                "\t",
                "é",
                "\0",
            ]
        )
    ).map("".join)
)
def test_any_text(text):
    """Whatever stands in a file: no failure, and lines that it has."""
    count = text.count("\n") + 1
    for line, _, (first, last) in lines(text):
        assert 1 <= line <= count
        assert 1 <= first <= last <= count


def test_text_that_is_no_python():
    """Comments before the break count; nothing fails."""
    assert lines("x = 1  # gradproof: allow[a]\ny = (\n") == [(1, ("a",), (1, 1))]
    assert lines("if x:\n   y\n  z  # gradproof: allow[a]\n") == []
    assert lines("# gradproof: allow[a]") == [(1, ("a",), (1, 1))]
