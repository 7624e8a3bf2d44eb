"""Runs a program in this process as plain `python` would run it."""

from __future__ import annotations

import builtins
import linecache
import os
import re
import runpy
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from types import ModuleType, TracebackType

from .cell_places import traceback_in_cells
from .files import SourceText, load

_OURS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "")
_OUR_LINES = re.compile(
    rf'(?: *File "{re.escape(_OURS)}[^\n]*\n(?: {{8}}[^\n]*\n)?)+( *File [^\n]*)'
)
"""Our lines in a traceback that AutoGraph wrote into a message, and the next."""


@dataclass(frozen=True)
class Program:
    """What to run: a script, or a module by name, with its arguments.

    Attributes:
        target: The script, or the name of the module.
        arguments: Its own.
        module: It is a module.
    """

    target: str
    arguments: tuple[str, ...] = ()
    module: bool = False

    @property
    def notebook(self) -> bool:
        """The Python of its cells runs as one script, as Jupyter would run them in turn."""
        return not self.module and self.target.endswith(".ipynb")


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
    path = os.path.abspath(program.target)
    book = load(path) if program.notebook else None
    if program.module:
        start = _start_module(program)
    elif book is not None:
        start = _start_notebook(program, book, main)
    else:
        start = _start_script(program, main)
    try:
        _with_room(start)
    except SystemExit as request:
        return Ending(_status_of(request))
    except BaseException as raised:
        error = _own_again(raised)
    else:
        return Ending(0)
    # Not while the exception is handled: what a hook raises has no context.
    if book is not None:
        _show_in_cells(error, book)
    else:
        _show(error)
    return Ending(1, error)


def _with_room(start: Callable[[], None]) -> None:
    start()


# CPython keeps the frames of a thread in chunks of 16 KB. Where calls of a hot
# loop step over the end of one, each takes a chunk from the system and gives it
# back: steps take up to half as long again, from our few frames below the
# program's. A frame as large as this gets a chunk of its own size, and leaves as
# much room above it. The room costs nothing until it is used.
_with_room.__code__ = _with_room.__code__.replace(co_stacksize=32_000)


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


def _start_notebook(program: Program, book: SourceText, main: ModuleType) -> Callable[[], None]:
    """Jupyter starts in the notebook's folder, and gives it `display` but no `__file__`."""
    path = book.path
    _search_first(os.path.dirname(path))
    sys.argv = [program.target, *program.arguments]
    main.__dict__["display"] = lambda *shown, **_: print(*shown)

    def start() -> None:
        source = book.text + "\n"
        # For tracebacks, and for AutoGraph: the file itself has other lines.
        linecache.cache[path] = len(source), None, source.splitlines(keepends=True), path
        os.chdir(os.path.dirname(path))
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


def _own_again(error: BaseException) -> BaseException:
    """The exception, and those it stems from, without our frames."""
    todo: list[BaseException | None] = [error]
    seen: set[int] = set()
    while todo:
        one = todo.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        one.__traceback__ = _without_our_frames(one.__traceback__)
        if one.args and isinstance(one.args[0], str) and _OURS in one.args[0]:
            one.args = (_OUR_LINES.sub(_line_after, one.args[0]), *one.args[1:])
        todo += [one.__cause__, one.__context__, *getattr(one, "exceptions", ())]
    return error


def _line_after(found: re.Match[str]) -> str:
    """The line after ours; AutoGraph marks the first that it left as it was."""
    marked = "  **" in found[0][: found.start(1) - found.start()] and not found[1].endswith("*")
    return found[1] + ("  **" if marked else "")


def _without_our_frames(trace: TracebackType | None) -> TracebackType | None:
    """The traceback without what the launcher and the watcher put into it."""
    while trace is not None and _is_ours(trace):
        trace = trace.tb_next
    link = trace
    while link is not None:
        while link.tb_next is not None and _is_ours(link.tb_next):
            link.tb_next = link.tb_next.tb_next
        link = link.tb_next
    return trace


def _is_ours(trace: TracebackType) -> bool:
    return trace.tb_frame.f_code.co_filename.startswith(_OURS)


def _show(error: BaseException) -> None:
    kind, trace = type(error), error.__traceback__
    sys.last_type, sys.last_value, sys.last_traceback = kind, error, trace
    try:
        sys.excepthook(kind, error, trace)
    except Exception as failure:
        print("Error in sys.excepthook:", file=sys.stderr)
        of_hook = _own_again(failure)
        sys.__excepthook__(type(of_hook), of_hook, of_hook.__traceback__)
        print("\nOriginal exception was:", file=sys.stderr)
        sys.__excepthook__(kind, error, trace)


def _show_in_cells(error: BaseException, book: SourceText) -> None:
    """Names cells, as Jupyter does: nobody sees the lines of all cells together."""
    shown = "".join(traceback.format_exception(error))
    print(traceback_in_cells(shown, book), end="", file=sys.stderr)
