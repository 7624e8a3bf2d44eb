"""Runs programs one after the other in this process, each under a watcher.

`python example_runner.py WORK.json`: the file lists the programs; what was
diagnosed in each of them is printed as one JSON object on the last line.
TensorFlow is imported once for all of them, so a hundred examples take as
long as a handful of scripts.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any

from gradproof.api import crash as crash_of
from gradproof.diagnose import diagnose
from gradproof.evidence.run import Run
from gradproof.faults import FAULTS
from gradproof.source import read
from gradproof.watching import Watcher


def watched(path: Path) -> Run:
    """Runs one program and returns what was seen of it."""
    code = compile(path.read_text(encoding="utf-8"), str(path), "exec")
    watcher = Watcher(lambda *evidence: None, path.parent)
    crash = None
    watcher.start()
    try:
        exec(code, {"__name__": "__main__", "__file__": str(path)})
    except Exception as error:
        crash = crash_of(error, [str(path.parent)])
    finally:
        run = watcher.snapshot(crash=crash, finished=True)
        watcher.stop()
    if watcher.failure is not None:
        raise RuntimeError(watcher.failure)
    return run


def told(run: Run, path: Path, generation: str) -> dict[str, Any]:
    """What the run proves, alone and beside the source, as plain data."""
    found = diagnose(FAULTS, [], run)
    source = read(path.read_text(encoding="utf-8"), str(path), generation)
    return {
        "with source": sorted(
            {(one.fault.code, one.verdict.value) for one in diagnose(FAULTS, [source], run)}
        ),
        "codes": sorted({diagnosis.fault.code for diagnosis in found}),
        "verdicts": sorted({diagnosis.verdict.value for diagnosis in found}),
        "consequences": sorted(
            {inner.fault.code for diagnosis in found for inner in diagnosis.consequences}
        ),
        "messages": [f"{diagnosis.fault.code}: {diagnosis.message}" for diagnosis in found],
        "lines": [diagnosis.place.line if diagnosis.place else None for diagnosis in found],
        "crash": run.crash and f"{run.crash.kind}: {run.crash.message[:200]}",
        "unwatched": list(run.unwatched),
    }


def main() -> None:
    """Runs everything; a failure of ours stands beside its program."""
    work = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    # Up to TensorFlow 2.15 `keras` is Keras 2, which no variable asks for.
    asked = sys.argv[2] if len(sys.argv) > 2 else None
    generation = asked or ("2" if os.environ.get("TF_USE_LEGACY_KERAS") else "3")
    importlib.import_module("tensorflow")
    _two_devices()
    # `clear_session` collects garbage; half of all time went into looking
    # through what the frameworks themselves keep.
    gc.freeze()
    answers: dict[str, Any] = {}
    for name in work:
        with contextlib.redirect_stdout(sys.stderr):
            try:
                answers[name] = told(watched(Path(name)), Path(name), generation)
            except Exception:
                answers[name] = {"failure": traceback.format_exc()}
            _forget()
    print(json.dumps(answers))


def _two_devices() -> None:
    """Gives strategies something to replicate on; it can't be done later."""
    config = sys.modules["tensorflow"].config
    whole = config.list_physical_devices("CPU")[0]
    config.set_logical_device_configuration(whole, [config.LogicalDeviceConfiguration()] * 2)


def _forget() -> None:
    """Drops what Keras keeps between programs, names above all."""
    for name in ("keras", "tf_keras"):
        if name in sys.modules:
            sys.modules[name].backend.clear_session()


if __name__ == "__main__":
    main()
