"""A watched program notices nothing: it behaves as under plain `python`."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

GRADPROOF = [str(Path(sys.executable).with_name("gradproof")), "run"]
PYTHON = [sys.executable]

PROGRAMS = {
    "says who it is": """
        import sys
        print(__name__, __file__, __spec__, __package__, __doc__, __builtins__.__name__)
        print(sys.argv, sys.path[0], sys.modules["__main__"].__dict__ is globals())
        print(sorted(name for name in globals()))
        """,
    "exits with a number": "import sys; print('bye'); sys.exit(3)",
    "exits with zero": "import sys; sys.exit(0)",
    "exits with nothing": "import sys; sys.exit()",
    "exits with a sentence": "import sys; sys.exit('the data is missing')",
    "exits with true": "raise SystemExit(True)",
    "exits beyond a byte": "import sys; sys.exit(259)",
    "raises": """
        def fetch(row):
            return {"a": 1}[row]

        fetch("b")
        """,
    "raises while it handles": """
        try:
            1 / 0
        except ZeroDivisionError:
            raise ValueError("no rate")
        """,
    "raises from": "raise KeyError('x') from OSError(2, 'gone')",
    "raises a group of words": "raise ValueError('line one\\nline two')",
    "recurses": "def again(): again()\ntry: again()\nexcept RecursionError: print('deep')",
    "has its own excepthook": """
        import sys
        sys.excepthook = lambda kind, value, trace: print("seen:", value, trace.tb_lineno)
        raise ValueError("mine")
        """,
    "has a broken excepthook": """
        import sys
        def hook(*_): raise RuntimeError("hook")
        sys.excepthook = hook
        raise ValueError("mine")
        """,
    "leaves work for the end": "import atexit; atexit.register(print, 'last'); print('first')",
    "ends with a thread running": """
        import threading, time
        threading.Thread(target=lambda: (time.sleep(0.2), print("from the thread"))).start()
        """,
    "changes folder": "import os; os.chdir('/'); print(os.getcwd())",
    "writes to stderr": "import sys; print('warned', file=sys.stderr)",
    "warns": "import warnings\nfor _ in range(3): warnings.warn('slow')",
    "asks for its source": "import inspect\ndef f(): return 1\nprint(inspect.getsource(f))",
    "pickles its own class": """
        import pickle
        class Point: x = 1
        print(pickle.loads(pickle.dumps(Point())).x, Point.__module__)
        """,
    "annotates with what is not there": "def f(x: Missing = None): return x",
    "uses click itself": """
        import click
        print(click.get_current_context(silent=True))
        """,
    "closes stderr": "import sys; sys.stderr.close(); print('still here')",
}


def compared(arguments: list[str], folder: Path, stdin: str = "") -> tuple[tuple[object, ...], ...]:
    """Status, stdout and stderr under plain Python and under gradproof."""
    outcomes = []
    for command in (PYTHON, GRADPROOF):
        done = subprocess.run(
            [*command, *arguments],
            cwd=folder,
            env={**os.environ, "GRADPROOF_HOME": str(folder / "home")},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
        )
        report = done.stderr.rfind("gradproof: ") if command is GRADPROOF else -1
        stderr = done.stderr if report < 0 else done.stderr[:report]
        outcomes.append((done.returncode, done.stdout, stderr))
    return tuple(outcomes)


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_behaves_as_under_python(name, tmp_path):
    """Status, stdout and stderr are the same, but for our report at the end."""
    (tmp_path / "program.py").write_text(textwrap.dedent(PROGRAMS[name]).lstrip("\n"))
    bare, watched = compared(["program.py", "one", "--two", "-h", "--format", "json"], tmp_path)
    assert watched == bare


@pytest.mark.parametrize(
    "text",
    [
        b"\xef\xbb\xbfprint('bom')\n",
        b"print('crlf')\r\nprint('two')\r\n",
        "# -*- coding: latin-1 -*-\nprint(len('é'))\n".encode("latin-1"),
        "print('größe'.upper())\n".encode(),
        b"",
        b"print('no line end')",
        b"\x0cprint('form feed')\n",
    ],
    ids=["bom", "crlf", "latin-1", "utf-8", "empty", "no line end", "form feed"],
)
def test_source_is_read_as_python_reads_it(text, tmp_path):
    """Marks, cookies and line ends mean what they mean to Python."""
    (tmp_path / "program.py").write_bytes(text)
    bare, watched = compared(["program.py"], tmp_path)
    assert watched == bare


def test_a_module_runs_as_with_dash_m(tmp_path):
    """`run -m` gives `__main__`, argv, spec and tracebacks of `python -m`."""
    package = tmp_path / "work"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "other.py").write_text("value = 5\n")
    (package / "train.py").write_text(
        "import sys\nfrom . import other\n"
        "print(__name__, __file__, __package__, __spec__.name, sys.argv, sys.path[0], other.value)\n"
        "raise ValueError('end')\n"
    )
    bare, watched = compared(["-m", "work.train", "--epochs", "3"], tmp_path)
    assert watched == bare


def test_a_missing_module_is_told_in_the_words_of_python(tmp_path):
    """The sentence is runpy's own."""
    _, (status, stdout, stderr) = compared(["-m", "nowhere"], tmp_path)
    assert (status, stdout) == (1, "")
    assert str(stderr).endswith(": No module named nowhere\n")


def test_stdin_is_the_programs(tmp_path):
    """What is piped in arrives."""
    (tmp_path / "program.py").write_text("print(input()[::-1])\n")
    bare, watched = compared(["program.py"], tmp_path, stdin="abc\n")
    assert watched == bare
    assert watched[1] == "cba\n"


def test_a_script_elsewhere_finds_its_neighbours(tmp_path):
    """`sys.path[0]` is the script's folder, links followed."""
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "near.py").write_text("name = 'near'\n")
    (tmp_path / "real" / "program.py").write_text(
        "import near, sys\nprint(near.name, sys.path[0], __file__)\n"
    )
    (tmp_path / "link.py").symlink_to(tmp_path / "real" / "program.py")
    bare, watched = compared(["link.py"], tmp_path)
    assert watched == bare


def test_ctrl_c_ends_the_program_by_the_signal(tmp_path):
    """A shell sees the signal, the traceback is shown, atexit runs, and so does the report."""
    (tmp_path / "program.py").write_text(
        "import atexit, time\natexit.register(print, 'tidy')\nprint('ready', flush=True)\n"
        "time.sleep(30)\n"
    )
    started = subprocess.Popen(
        [*GRADPROOF, "program.py"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert started.stdout is not None
    assert started.stdout.readline() == "ready\n"
    time.sleep(0.1)
    started.send_signal(signal.SIGINT)
    stdout, stderr = started.communicate(timeout=30)
    assert started.returncode == -signal.SIGINT
    assert stdout == "tidy\n"
    assert stderr.count("KeyboardInterrupt") == 1
    assert "gradproof: " in stderr


def test_traceback_is_the_very_one_of_python(tmp_path):
    """Our frames are not in it, so that it can be pasted anywhere."""
    (tmp_path / "program.py").write_text("def f():\n    return 1 / 0\n\nf()\n")
    bare, watched = compared(["program.py"], tmp_path)
    assert watched == bare
    assert "gradproof" not in str(watched[2]).replace(str(tmp_path), "")


def test_nothing_is_written_beside_the_program(tmp_path):
    """A run that goes well leaves no folder behind."""
    (tmp_path / "program.py").write_text("print(1)\n")
    subprocess.run([*GRADPROOF, "program.py"], cwd=tmp_path, capture_output=True, check=True)
    assert [path.name for path in tmp_path.iterdir()] == ["program.py"]


BROKEN_WATCHER = """
import sys
from gradproof import cli
from gradproof.watching import Watcher
real = Watcher.snapshot
def snapshot(self, *given, **named):
    raise RuntimeError("a mistake of ours")
Watcher.snapshot = snapshot
sys.argv = ["gradproof", "run", "program.py"]
cli.main()
"""


def test_a_watcher_that_fails_steps_aside(tmp_path):
    """The program ends as it would, and one line says what happened."""
    (tmp_path / "program.py").write_text("print('trained')\n")
    done = subprocess.run(
        [sys.executable, "-c", BROKEN_WATCHER],
        cwd=tmp_path,
        env={**os.environ, "GRADPROOF_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0
    assert done.stdout == "trained\n"
    assert "Traceback" not in done.stderr
    assert "stepped aside" in done.stderr
    kept = list((tmp_path / "home").iterdir())
    assert "a mistake of ours" in kept[0].read_text()


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("traced", "kind"), [(False, "ValueError"), (True, "ValueError"), (True, "KeyError")]
)
def test_traceback_from_inside_tensorflow_is_its_own(traced, kind, tmp_path):
    """Nothing that the watcher wraps is to be seen in it."""
    text = """
        import tensorflow as tf

        variable = tf.Variable(1.0)
        optimizer = tf.keras.optimizers.SGD(0.1)

        DECORATOR
        def step():
            with tf.GradientTape() as tape:
                loss = tf.constant(1.0)
            gradient = tape.gradient(loss, [variable])
            try:
                optimizer.apply_gradients(zip(gradient, [variable]))
            except KIND as problem:
                raise RuntimeError("no step") from problem

        step()
        """
    text = text.replace("DECORATOR", "@tf.function" if traced else "").replace("KIND", kind)
    (tmp_path / "program.py").write_text(textwrap.dedent(text))
    (_, _, bare), (_, _, watched) = compared(["program.py"], tmp_path)
    bare, watched = (re.sub(r"generated_file\w+", "", str(text)) for text in (bare, watched))
    own = [text[text.index("Traceback (most recent") :] for text in (bare, watched)]
    assert re.split(r"\n+(?:error|warning)\[", own[1])[0].strip() == own[0].strip()


def test_our_frames_leave_room_for_the_program_s(tmp_path):
    """Calls at no depth take memory from the system and give it back each time."""
    (tmp_path / "program.py").write_text(
        textwrap.dedent(
            """
            import resource

            def faults():
                return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

            def leaf(one=0, two=0, three=0):
                return one

            def deep(left):
                if left:
                    return deep(left - 1)
                before = faults()
                for _ in range(300):
                    leaf()
                return faults() - before

            print(max(deep(left) for left in range(150)))
            """
        )
    )
    done = subprocess.run(
        [*GRADPROOF, "program.py"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 100
