"""`--html`, `--format html` and `--live`, as users give them."""

from __future__ import annotations

import json
import re
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest

import records
from commands import GRADPROOF, STUCK, ask
from gradproof.answer import Answer
from gradproof.evidence.rows import COLUMNS, StepRow, StepRows
from gradproof.record import Recorder, replaced
from nursery import Nursery

SPIRAL = Path(__file__).parent.parent / "examples" / "stuck" / "spiral.py"
SLOW = """
import os, sys, time
import tensorflow as tf
kernel = tf.Variable(tf.ones((4, 4)), name="kernel")
optimizer = tf.keras.optimizers.SGD(0.001)
print("begun", flush=True)
while not os.path.exists("enough"):
    time.sleep(0.05)  # first: a signal that comes within TensorFlow may become another exception
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(kernel**2)
    optimizer.apply_gradients([(tape.gradient(loss, kernel), kernel)])
print("done", kernel.numpy().sum())
sys.exit(3)
"""


@pytest.mark.tensorflow
def test_a_run_writes_its_page(nursery: Nursery, tmp_path):
    """Into a file; the report in the terminal is what it is without."""
    (tmp_path / "program.py").write_text(STUCK)
    plain = nursery.run(["gradproof", "run", "program.py"], tmp_path)
    done = nursery.run(["gradproof", "run", "--html", "page.html", "program.py"], tmp_path)
    assert (done.status, done.stdout) == (plain.status, plain.stdout)
    assert "gradproof: the page is in page.html\n" in done.stderr
    text = (tmp_path / "page.html").read_text()
    assert "gradients are applied to variables they were not taken for" in text
    assert 'id="time"' in text
    again = nursery.run(
        ["gradproof", "report", "--format", "html", "--output", "again.html"], tmp_path
    )
    assert again.status == plain.status
    part = re.compile(r'<table class="path">.*?</table>', re.DOTALL)
    assert part.findall(text) == part.findall((tmp_path / "again.html").read_text())


@pytest.mark.tensorflow
def test_a_page_needs_no_record(nursery: Nursery, tmp_path):
    """In a folder; no record stays, neither here nor in the temporary folder."""
    (tmp_path / "program.py").write_text(STUCK)
    (tmp_path / "tmp").mkdir()
    done = nursery.run(
        ["gradproof", "run", "--no-record", "--html", "out/", "program.py"],
        tmp_path,
        {"TMPDIR": str(tmp_path / "tmp")},
    )
    assert "out/index.html" in done.stderr
    assert 'id="time"' in (tmp_path / "out" / "index.html").read_text()
    assert not list(tmp_path.rglob("*.sqlite*"))
    assert not list((tmp_path / "tmp").glob("gradproof*"))


def test_a_program_that_updates_nothing_has_a_page(tmp_path):
    """It says so."""
    (tmp_path / "program.py").write_text("print(5)\n")
    done = ask("run", "--html", "page.html", "program.py", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "5\n")
    assert "No update was seen" in (tmp_path / "page.html").read_text()


def kept(path: Path, halved_at: int) -> None:
    """A record of ten steps; from one of them on the changes are half as large."""
    recorder = Recorder(path, lambda: {"program": "train.py"}, replaced)
    rows = tuple(
        StepRow(
            step,
            struct.pack("<6f", 0.8, 2.0, 0.08, 0.4, 1.0, 0.04 if step < halved_at else 0.02),
            1.0 / step,
            0.1,
        )
        for step in range(1, 11)
    )
    recorder.add([StepRows(1, (1, 2), COLUMNS[:3], rows)])
    answer = Answer("run", steps=10, loops=1, rules=("SGD",))
    recorder.finish(answer, records.healthy(), lambda path, cell: [], {"status": 0})


def test_a_comparison_writes_a_page(tmp_path):
    """The first difference, and the curves of both."""
    kept(tmp_path / "one.sqlite", 11)
    kept(tmp_path / "other.sqlite", 4)
    options = ["--format", "html", "--output", "page.html"]
    done = ask("compare", *options, "one.sqlite", "other.sqlite", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    text = (tmp_path / "page.html").read_text()
    assert "part at update 4, change of <code>dense/bias</code>." in text
    assert "factor 2.00" in text
    assert 'id="twin-data"' in text
    done = ask("compare", *options, "one.sqlite", "one.sqlite", cwd=tmp_path)
    assert done.returncode == 0
    assert "do the same" in (tmp_path / "page.html").read_text()


@pytest.mark.tensorflow
def test_modules_of_the_program_do_not_come_between(nursery: Nursery, tmp_path):
    """A folder with an `html.py` and a `jinja2.py`, which the program leaves behind it."""
    for name in ("html", "jinja2", "json", "markdown_it"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('taken for another')\n")
    (tmp_path / "program.py").write_text(STUCK + "import os\nos.chdir('/')\n")
    done = nursery.run(["gradproof", "run", "--html", "page.html", "program.py"], tmp_path)
    assert "gradproof: the page is in page.html\n" in done.stderr
    assert 'id="time"' in (tmp_path / "page.html").read_text()


def test_a_check_writes_a_page(tmp_path):
    """Of what is seen in source."""
    (tmp_path / "program.py").write_text(STUCK)
    done = ask("check", "--format", "html", "--output", "page.html", "program.py", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")
    assert "Seen in source" in (tmp_path / "page.html").read_text()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--html", "nowhere/page.html"], "can't be written"),
        (["--html", "program.py/"], "can't be made"),
        (["--format", "html"], "html is for files"),
        (["--port", "80"], "--port goes with --live"),
        (["--live", "--port", "70000"], "is not in the range"),
    ],
)
def test_what_makes_no_sense_is_told_before_anything_runs(options, words, tmp_path):
    """Exit status 2."""
    (tmp_path / "program.py").write_text("print(5)\n")
    done = ask("run", *options, "program.py", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr


class Live:
    """A run that is watched while it goes on: until there is a file `enough`."""

    def __init__(self, folder: Path, *options: str) -> None:
        (folder / "program.py").write_text(SLOW)
        self.process = subprocess.Popen(
            [GRADPROOF, "run", "--live", *options, "program.py"],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stderr is not None
        self.first = self.process.stderr.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)/[\w-]{20,}/", self.first)
        self.address = found.group() if found else ""
        self.port = int(found.group(1)) if found else 0

    def ended(self) -> tuple[int, str, str]:
        """Status, stdout and the rest of stderr."""
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, out, err


def get(address: str, **headers: str) -> tuple[int, str]:
    """Status and body of an answer."""
    request = urllib.request.Request(address, headers=headers)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.read().decode()


def closed(port: int, seconds: float = 30) -> bool:
    """Nobody listens any more."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)):
                return True
        time.sleep(0.05)
    return False


@pytest.mark.tensorflow
def test_live(tmp_path):
    """The page while it goes on; for nobody else; the last state; then nothing."""
    run = Live(tmp_path)
    assert run.address, run.first
    assert get(f"http://127.0.0.1:{run.port}/")[0] == 404
    assert get(f"http://127.0.0.1:{run.port}/wrong/")[0] == 404
    assert get(run.address + "../../etc/passwd")[0] == 404
    assert get(run.address, Host=f"evil.example:{run.port}")[0] == 403
    seen = []
    version = ""
    while True:
        status, text = get(run.address)
        assert status == 200
        version = re.search('data-version="([^"]*)"', text).group(1)
        seen.append(re.search(r"<h1>(.*?)</h1>", text).group(1))
        if "steps so far" in seen[-1]:
            (tmp_path / "enough").touch()
        status, news = get(f"{run.address}news?version={version}")
        if not json.loads(news)["going"]:
            break
    status, text = get(run.address)
    assert "the run has ended" in text
    assert 'data-going="0"' in text
    status, out, err = run.ended()
    assert status == 3
    assert out.startswith("begun\ndone ")
    assert "Traceback" not in err
    assert seen[0].startswith("No update was seen so far") or "so far" in seen[0]
    assert "steps so far" in "".join(seen)
    assert closed(run.port)


@pytest.mark.tensorflow
def test_live_is_not_seen_by_the_program(tmp_path):
    """It has no child more, the same output, and no file descriptor of the server."""
    program = tmp_path / "program.py"
    program.write_text(
        "import os, tensorflow\n"
        "try:\n    os.wait()\nexcept ChildProcessError:\n    print('childless')\n"
    )
    done = ask("run", "--live", "program.py", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "childless\n")
    port = int(re.search(r"127\.0\.0\.1:(\d+)/", done.stderr).group(1))
    assert closed(port)


@pytest.mark.skipif(sys.platform == "win32", reason="no such signal")
@pytest.mark.parametrize("way", ["kill", "send_signal"])
@pytest.mark.tensorflow
def test_live_ends_with_a_run_that_is_killed(way, tmp_path):
    """By SIGKILL, and by Ctrl-C."""
    import signal

    run = Live(tmp_path)
    assert run.process.stdout is not None
    assert run.process.stdout.readline() == "begun\n"
    for _ in range(5):
        # Python drops a KeyboardInterrupt that comes in a finalizer; users press again.
        run.process.send_signal(signal.SIGKILL if way == "kill" else signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            run.process.wait(10)
            break
    status, _, err = run.ended()
    assert status in (-signal.SIGKILL, -signal.SIGINT), err
    assert ("KeyboardInterrupt" in err) is (way == "send_signal")
    assert closed(run.port)


def test_a_port_that_is_taken_is_told_and_the_run_goes_on(tmp_path):
    """Looking is not worth a run."""
    (tmp_path / "program.py").write_text("print(5)\n")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = ask("run", "--live", "--port", port, "program.py", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "5\n")
    assert f"the page can't be served: port {port}: address already in use" in done.stderr


def test_many_look_at_once(tmp_path):
    """Each is answered."""
    (tmp_path / "program.py").write_text("input()\n")
    process = subprocess.Popen(
        [GRADPROOF, "run", "--live", "program.py"],
        cwd=tmp_path, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    address = re.search(r"http://\S+", process.stderr.readline()).group()
    found = []
    lookers = [threading.Thread(target=lambda: found.append(get(address)[0])) for _ in range(8)]
    for one in lookers:
        one.start()
    for one in lookers:
        one.join()
    process.communicate("enough\n", timeout=60)
    assert found == [200] * 8


@pytest.mark.tensorflow
@pytest.mark.slow
def test_a_proof_writes_a_page(tmp_path):
    """`fix --prove --format html`: before and after, with both losses."""
    shutil.copy(SPIRAL, tmp_path / "program.py")
    options = ["--prove", "--steps", "40", "--format", "html", "--output", "page.html"]
    done = ask("fix", *options, "program.py", cwd=tmp_path)
    text = (tmp_path / "page.html").read_text()
    assert "1 mend heals program.py." in text, done.stderr
    assert 'id="twin-data"' in text


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--format", "html"], "go with --prove"),
        (["--output", "page.html"], "go with --prove"),
        (["--prove", "--format", "html"], "html is for files"),
    ],
)
def test_forms_of_a_proof_that_make_no_sense(options, words, tmp_path):
    """Exit status 2, nothing is run."""
    (tmp_path / "program.py").write_text("print(5)\n")
    done = ask("fix", *options, "program.py", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
