"""The command line as users meet it: one clear sentence, the right status."""

from __future__ import annotations

import json
import os
import subprocess

import pytest

from commands import GRADPROOF, RIGHT, STUCK, ask, refused

BAD_FILES = {
    "syntax.py": (b"x = 1\ndef f(:\n    pass\n", "syntax.py:2: syntax error, invalid syntax"),
    "latin.py": (b"name = '\xe9'\n", "latin.py: not valid UTF-8, and no other encoding is"),
    "cookie.py": (b"# coding: nonsense\n", "cookie.py: not valid UTF-8, and no other encoding is"),
    "binary.py": (b"\x7fELF\x00\x00\x01", "binary.py: a binary file, not Python source"),
}


@pytest.mark.parametrize("verb", ["check", "run"])
@pytest.mark.parametrize("name", BAD_FILES)
def test_files_that_are_no_programs(verb, name, tmp_path):
    """One sentence that says which file, and why."""
    text, sentence = BAD_FILES[name]
    (tmp_path / name).write_bytes(text)
    assert refused(ask(verb, name, cwd=tmp_path)).startswith(sentence)


@pytest.mark.parametrize("verb", ["check", "run"])
def test_missing_file(verb, tmp_path):
    """It is named."""
    assert refused(ask(verb, "nowhere.py", cwd=tmp_path)).startswith("nowhere.py: no such file")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads all")
def test_forbidden_file(tmp_path):
    """The reason is the system's."""
    (tmp_path / "secret.py").touch(mode=0)
    assert "permission denied" in refused(ask("check", "secret.py", cwd=tmp_path))


def test_folder_given_to_run(tmp_path):
    """A folder is no program."""
    assert refused(ask("run", ".", cwd=tmp_path)) == ".: a folder, not a program"


@pytest.mark.parametrize("text", ["{", "[]", '{"cells": 3}', '{"cells": [{"cell_type": "code"}]}'])
def test_broken_notebook(text, tmp_path):
    """No traceback of the JSON reader."""
    (tmp_path / "book.ipynb").write_text(text)
    assert "broken notebook" in refused(ask("check", "book.ipynb", cwd=tmp_path))


def test_syntax_error_in_a_notebook_names_the_cell(tmp_path):
    """Lines count within the cell; magic is no syntax error."""
    cells = [
        {"cell_type": "markdown", "source": ["# text"]},
        {"cell_type": "code", "source": ["%matplotlib inline\n", "!pip list\n", "x = 1\n"]},
        {"cell_type": "code", "source": ["%%bash\n", "ls = =\n"]},
        {"cell_type": "code", "source": ["%%gradproof\n", "y = = 2\n"]},
    ]
    (tmp_path / "book.ipynb").write_text(json.dumps({"cells": cells}))
    assert refused(ask("check", "book.ipynb", cwd=tmp_path)).startswith("book.ipynb:cell 3:2: ")


def test_empty_file_is_healthy(tmp_path):
    """There is nothing in it to judge."""
    (tmp_path / "empty.py").touch()
    done = ask("check", "empty.py", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "gradproof: 1 file with 0 loops read, nothing to judge\n"


def test_huge_file(tmp_path):
    """It is not read, and that is said."""
    (tmp_path / "huge.py").write_text("x = 1\n" * 1_000_000)
    assert "6,000,000 bytes" in refused(ask("check", "huge.py", cwd=tmp_path))


def test_a_file_of_more_than_one_reading_follows(tmp_path):
    """Its beginning is judged, and that the rest is not is said."""
    text = "import tensorflow as tf\ntape = tf.GradientTape()\n" + "x = 1\n" * 60_000
    (tmp_path / "long.py").write_text(text)
    done = ask("check", "long.py", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "  - long.py holds more than one reading follows: the end of it" in done.stdout


def test_deeply_nested_source(tmp_path):
    """What Python's own parser gives up on is told as such."""
    (tmp_path / "deep.py").write_text("x = " + "(" * 500 + ")" * 500 + "\n")
    assert refused(ask("check", "deep.py", cwd=tmp_path)).startswith("deep.py")


def test_folder_with_one_broken_file(tmp_path):
    """The others are judged, and the broken one is named."""
    (tmp_path / "bad.py").write_text("import keras\ndef f(:\n")
    (tmp_path / "good.py").write_text("x = 1\n")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "worse.py").write_text("import keras\ndef f(:\n")
    done = ask("check", cwd=tmp_path)
    assert done.returncode == 0
    assert "1 file with 0 loops read" in done.stdout
    assert "not read: bad.py:2: syntax error" in done.stdout
    assert "worse" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run"], "a script or -m MODULE is needed"),
        (["run", "--nonsense", "x.py"], "no such option: --nonsense"),
        (["check", "--nonsense"], "No such option"),
        (["fly"], "No such command"),
        (["check", "--format", "xml", "."], "xml"),
        (["check", "--keras", "4", "."], "4"),
        (["check", "--select", "GP999", "."], "no fault is called 'GP999'"),
        (["check", "--ignore", "nonsense", "."], "no fault is called 'nonsense'"),
        (["check", "--output", "no/such/folder.json", "."], "can't be written"),
        (["check", "--output", ".", "."], "is a folder"),
        (["run", "--output", "no/such/folder.json", "x.py"], "can't be written"),
    ],
)
def test_wrong_usage(arguments, words, tmp_path):
    """Status 2, and nothing was run."""
    (tmp_path / "x.py").write_text("print('ran')\n")
    done = ask(*arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_version_and_help(tmp_path):
    """Both answer on stdout with status 0."""
    assert ask("--version", cwd=tmp_path).stdout.startswith("gradproof, version 0.")
    for arguments in (["--help"], ["check", "--help"], ["run", "-h"], ["explain", "--help"]):
        done = ask(*arguments, cwd=tmp_path)
        assert done.returncode == 0
        assert done.stdout.startswith("Usage: gradproof")


def test_explain_lists_and_shows_pages(tmp_path):
    """By code or name; in any case of letters."""
    listing = ask("explain", cwd=tmp_path).stdout
    assert "GP403  mispaired-gradients" in listing
    by_code = ask("explain", "gp403", cwd=tmp_path)
    by_name = ask("explain", "mispaired-gradients", cwd=tmp_path)
    assert by_code.returncode == 0
    assert by_code.stdout == by_name.stdout
    assert "## Good" in by_code.stdout


@pytest.mark.parametrize("name", ["mispaired-gradient", "GP40", "zip"])
def test_explain_suggests(name, tmp_path):
    """A mistyped name is answered with what was meant."""
    assert "did you mean" in refused(ask("explain", name, cwd=tmp_path))


def test_explain_knows_when_it_knows_nothing(tmp_path):
    """No wild guess."""
    assert refused(ask("explain", "qqqq", cwd=tmp_path)) == "no fault is called 'qqqq'"


def test_check_ends_with_1_when_something_is_wrong(tmp_path):
    """Unless told otherwise, or the fault is left out."""
    (tmp_path / "train.py").write_text(STUCK)
    done = ask("check", "train.py", cwd=tmp_path)
    assert done.returncode == 1
    assert "error[GP403]" in done.stdout
    assert "train.py:12:" in done.stdout
    assert ask("check", "--exit-zero", "train.py", cwd=tmp_path).returncode == 0
    assert ask("check", "--ignore", "GP403,GP404", "train.py", cwd=tmp_path).returncode == 0
    assert ask("check", "--select", "GP1", "train.py", cwd=tmp_path).returncode == 0


def test_check_ends_with_0_when_nothing_is(tmp_path):
    """With numbers, never just OK."""
    (tmp_path / "train.py").write_text(RIGHT)
    done = ask("check", "train.py", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout == ("gradproof: 1 file with 1 loop read, no fault seen in source\n")


def test_check_runs_nothing(tmp_path):
    """A program that would write a file does not."""
    (tmp_path / "train.py").write_text("open('touched', 'w')\n")
    ask("check", "train.py", cwd=tmp_path)
    assert not (tmp_path / "touched").exists()


def test_check_repeats_no_warning_of_the_compiler(tmp_path):
    """An odd escape is the business of the program, not of this report."""
    (tmp_path / "train.py").write_text("pattern = '\\d'\nsame = 1 is 1\n")
    assert ask("check", "train.py", cwd=tmp_path, PYTHONWARNINGS="always").stderr == ""


def test_a_closed_pipe_is_no_failure(tmp_path):
    """`gradproof explain | head -1` ends quietly."""
    done = subprocess.run(
        f"{GRADPROOF} explain GP403 | head -c 1",
        shell=True,
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""


def test_output_goes_to_a_file(tmp_path):
    """Then stdout stays empty."""
    (tmp_path / "train.py").write_text(RIGHT)
    done = ask("check", "--format", "json", "--output", "out.json", "train.py", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert json.loads((tmp_path / "out.json").read_text())["summary"]["files"] == 1


def test_no_tensorflow_in_the_program(tmp_path):
    """A program without TensorFlow is told so."""
    (tmp_path / "train.py").write_text("print('hello')\n")
    done = ask("run", "train.py", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "hello\n")
    assert "no TensorFlow was seen" in done.stderr


def test_tensorflow_is_not_installed(tmp_path):
    """The program's ImportError is its own, with its own status."""
    (tmp_path / "tensorflow.py").write_text("raise ImportError('No module named tensorflow')\n")
    (tmp_path / "train.py").write_text("import tensorflow\n")
    done = ask("run", "train.py", cwd=tmp_path)
    assert done.returncode == 1
    assert "ImportError: No module named tensorflow" in done.stderr
    assert "no TensorFlow was seen" in done.stderr


def test_json_of_a_run_goes_to_stderr(tmp_path):
    """What the program prints stays its own."""
    (tmp_path / "train.py").write_text("print('hello')\n")
    done = ask("run", "--format", "json", "train.py", cwd=tmp_path)
    assert done.stdout == "hello\n"
    assert json.loads(done.stderr)["command"] == "run"


def test_check_is_quick(tmp_path):
    """A file is answered before one notices: seconds of the processor, compiled."""
    (tmp_path / "train.py").write_text(STUCK)
    best = 9.0
    for _ in range(5):
        start = os.times()
        ask(
            "check",
            "train.py",
            cwd=tmp_path,
            PYTHONDONTWRITEBYTECODE="",
            PYTHONPYCACHEPREFIX=str(tmp_path / "cache"),
        )
        end = os.times()
        used = end.children_user - start.children_user
        best = min(best, used + end.children_system - start.children_system)
    assert best < 0.4


@pytest.mark.tensorflow
@pytest.mark.parametrize("legacy", ["0", "1"])
def test_run_tells_at_the_step_and_at_the_end(legacy, tmp_path):
    """On stderr twice: in full when it happens, and ranked at the end."""
    (tmp_path / "train.py").write_text(STUCK + "print('trained')\n")
    done = ask("run", "train.py", cwd=tmp_path, TF_USE_LEGACY_KERAS=legacy)
    assert (done.returncode, done.stdout) == (1, "trained\n")
    assert done.stderr.count("error[GP403]") == 2
    assert done.stderr.count("= proof:") == done.stderr.count("(in full above)") == 1
    assert "3 steps watched" in done.stderr


@pytest.mark.tensorflow
def test_run_of_a_right_program(tmp_path):
    """A short line with numbers; status 0."""
    (tmp_path / "train.py").write_text(RIGHT)
    done = ask("run", "train.py", cwd=tmp_path)
    assert done.returncode == 0
    assert "1 file with 1 loop read, 3 steps watched, all 4 variables moved (SGD)" in done.stderr


@pytest.mark.tensorflow
def test_status_of_the_program_goes_first(tmp_path):
    """A fault does not hide the program's own status."""
    (tmp_path / "train.py").write_text(STUCK + "raise SystemExit(3)\n")
    done = ask("run", "train.py", cwd=tmp_path)
    assert done.returncode == 3
    assert "error[GP403]" in done.stderr


@pytest.mark.tensorflow
def test_run_reads_the_modules_that_the_script_imports(tmp_path):
    """A fault in a neighbour is named there; a file nobody imports is not read."""
    (tmp_path / "work.py").write_text(STUCK)
    (tmp_path / "unused.py").write_text(STUCK)
    (tmp_path / "train.py").write_text("import work\n")
    done = ask("run", "--format", "json", "--output", "o.json", "train.py", cwd=tmp_path)
    assert done.returncode == 1
    answer = json.loads((tmp_path / "o.json").read_text())
    assert answer["summary"]["files"] == 2
    assert {found["place"]["path"] for found in answer["diagnoses"]} == {"work.py"}
