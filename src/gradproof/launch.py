"""Runs a program in this process as plain `python` would run it."""

from __future__ import annotations

import builtins
import os
import runpy
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from types import ModuleType, TracebackType


@dataclass(frozen=True)
class Program:
    """What to run: a script, or a module by name, with its arguments."""

    target: str
    arguments: tuple[str, ...] = ()
    module: bool = False


@dataclass(frozen=True)
class Ending:
    """How a program ended.

    Attributes:
        status: Its exit status, as given to `sys.exit`.
        error: The exception that ended it, its traceback without our frames;
            `None` if it came to its end or called `sys.exit`.
    """

    status: int
    error: BaseException | None = None

    @property
    def interrupted(self) -> bool:
        """Says whether Ctrl-C ended it."""
        return isinstance(self.error, KeyboardInterrupt)


def launch(program: Program) -> Ending:
    """Runs the program to its end and prints its traceback if it raises.

    `__main__`, `sys.argv` and `sys.path[0]` become the program's and stay so,
    for what it leaves behind (threads, `atexit`) may still need them.

    Args:
        program: A script that can be read, or the name of a module.

    Returns:
        Exit status and exception. Nothing that the program raises gets out.
    """
    main = ModuleType("__main__")
    main.__dict__["__builtins__"] = builtins
    if sys.version_info < (3, 14):
        main.__dict__.update(__annotations__={})
    sys.modules["__main__"] = main
    start = _start_module(program) if program.module else _start_script(program, main)
    try:
        start()
    except SystemExit as request:
        return Ending(_status_of(request))
    except BaseException as raised:
        error = raised.with_traceback(_without_our_frames(raised.__traceback__))
    else:
        return Ending(0)
    # Not while the exception is handled: what a hook raises has no context.
    _show(error)
    return Ending(1, error)


def _start_script(program: Program, main: ModuleType) -> Callable[[], None]:
    path = os.path.abspath(program.target)
    # Python itself follows links for the search path, but not for __file__.
    _search_first(os.path.dirname(os.path.realpath(path)))
    sys.argv = [program.target, *program.arguments]
    main.__dict__.update(
        __file__=path,
        __cached__=None,
        __package__=None,
        __spec__=None,
        __loader__=SourceFileLoader("__main__", path),
    )

    def start() -> None:
        with open(path, "rb") as file:
            source = file.read()
        exec(compile(source, path, "exec", dont_inherit=True), main.__dict__)

    return start


def _start_module(program: Program) -> Callable[[], None]:
    _search_first(os.getcwd())
    sys.argv = ["-m", *program.arguments]
    # This is the very function that `python -m` calls; `run_module` would
    # take `__main__` away again when the module's body ends.
    run_as_main = getattr(runpy, "_run_module_as_main")  # noqa: B009

    def start() -> None:
        run_as_main(program.target, alter_argv=True)

    return start


def _search_first(folder: str) -> None:
    # Under `python -P` nobody, and so not the script either, gets a place.
    if not getattr(sys.flags, "safe_path", False):
        sys.path[0] = folder


def _status_of(request: SystemExit) -> int:
    if request.code is None:
        return 0
    if isinstance(request.code, int):
        return request.code
    print(request.code, file=sys.stderr)
    return 1


def _without_our_frames(trace: TracebackType | None) -> TracebackType | None:
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    return trace


def _show(error: BaseException) -> None:
    kind, trace = type(error), error.__traceback__
    sys.last_type, sys.last_value, sys.last_traceback = kind, error, trace
    try:
        sys.excepthook(kind, error, trace)
    except Exception as failure:
        print("Error in sys.excepthook:", file=sys.stderr)
        trace_of_hook = _without_our_frames(failure.__traceback__)
        sys.__excepthook__(type(failure), failure.with_traceback(trace_of_hook), trace_of_hook)
        print("\nOriginal exception was:", file=sys.stderr)
        sys.__excepthook__(kind, error, trace)
