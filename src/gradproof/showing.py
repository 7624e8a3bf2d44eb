"""What makes and serves the pages of runs, in processes of their own."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from secrets import compare_digest
from urllib.parse import parse_qs, urlsplit

from . import detached
from .answer import Answer
from .record import Record, Unusable

WAITING = 20.0
"""Seconds after which a question for news is answered in any case."""

SHARE = 10
"""A page that took a second to make is followed by this many seconds without."""

LAST_LOOK = 3.0
"""Seconds in which open pages may fetch the last state."""

FOLLOWING = 5.0
"""Seconds after which a page that asked for news no more is taken for closed."""

LOOK = 0.25
"""Seconds between two looks at the record."""


class Pages:
    """The page of a record, made anew when the record has changed.

    Args:
        record: The file; it need not be there yet.

    Attributes:
        going: The run goes on.
    """

    def __init__(self, record: Path) -> None:
        self.going = True
        self._record = record
        self._lock = threading.Lock()
        self._page: tuple[str, str] | None = None
        self._next = 0.0

    def version(self) -> str:
        """Changes whenever the record, or the state of the run, has changed."""
        marks = [str(int(self.going))]
        for path in (self._record, Path(f"{self._record}-wal")):
            with suppress(OSError):
                found = path.stat()
                marks.append(f"{found.st_mtime_ns:x}.{found.st_size:x}")
        return "-".join(marks)

    def newer(self, version: str) -> bool:
        """Says whether there is a page newer than this, and time to make it."""
        if self.version() == version:
            return False
        return time.monotonic() >= self._next or not self.going

    def text(self) -> str:
        """The page as it is now."""
        with self._lock:
            version = self.version()
            if self._page is None or self._page[0] != version:
                start = time.monotonic()
                self._page = version, self._rendered(version)
                self._next = time.monotonic() + SHARE * (time.monotonic() - start)
            return self._page[1]

    def _rendered(self, version: str) -> str:
        # Only now: the program waits until the server can be reached.
        from .report.html import Page, render

        try:
            with Record(self._record) as record:
                about = record.about
                page = Page(
                    record.answer(going=self.going),
                    record.lines,
                    record.facts(),
                    record.series(),
                    about,
                    self.going,
                    version,
                )
                return render(page)
        except Unusable:
            # Nothing is written before the first update.
            empty = Answer("run")
            return render(Page(empty, lambda path, cell: [], going=self.going, version=version))


class Handler(BaseHTTPRequestHandler):
    """Answers those who know the token, and asks for this machine by name."""

    pages: Pages
    token: str
    port: int = 0
    looked: float = 0.0
    followed: float = 0.0
    server_version = "gradproof"
    sys_version = ""
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """The page, or whether there is a newer one."""
        # A name that leads here from elsewhere is how other sites would ask.
        if self.headers.get("Host") not in (f"127.0.0.1:{self.port}", f"localhost:{self.port}"):
            return self._answer(403, "text/plain", b"asked under another name\n")
        asked = urlsplit(self.path)
        _, token, *rest = [*asked.path.split("/", 2), ""]
        if not compare_digest(token.encode(), self.token.encode()):
            return self._answer(404, "text/plain", b"not found\n")
        if rest[0] == "news":
            return self._news(parse_qs(asked.query).get("version", [""])[0])
        if rest[0]:
            return self._answer(404, "text/plain", b"not found\n")
        return self._answer(200, "text/html; charset=utf-8", self.pages.text().encode())

    def _news(self, version: str) -> None:
        """Waits until there is a newer page, or the run has ended."""
        until = time.monotonic() + WAITING
        type(self).followed = time.monotonic()
        while not self.pages.newer(version) and self.pages.going and time.monotonic() < until:
            time.sleep(LOOK)
            type(self).followed = time.monotonic()
        news = {"newer": self.pages.newer(version), "going": self.pages.going}
        self._answer(200, "application/json", json.dumps(news).encode())

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        type(self).looked = time.monotonic()
        with suppress(OSError):
            self.send_response(status)
            for name, value in (
                ("Content-Type", kind),
                ("Content-Length", str(len(body))),
                ("Cache-Control", "no-store"),
                ("X-Content-Type-Options", "nosniff"),
                ("X-Frame-Options", "DENY"),
                ("Referrer-Policy", "no-referrer"),
                ("Cross-Origin-Resource-Policy", "same-origin"),
            ):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing: the terminal is the program's."""


class Server(ThreadingHTTPServer):
    """Its threads do not keep it alive."""

    daemon_threads = True
    # Two runs must not share a port: the second is told that it is taken.
    allow_reuse_address = os.name == "posix"

    def handle_error(self, *_: object) -> None:
        """A browser that has gone away is no error."""


def serve(record: str, port: int, token: str, run: int) -> None:
    """Serves until the run has ended; says first where, on stdout.

    Args:
        record: File of the run record.
        port: 0 for any that is free.
        token: Stands in the address.
        run: Number of the process that is watched.
    """

    class Here(Handler):
        """Answers for this run."""

        pages = Pages(Path(record))

    Here.token = token
    handler = Here
    try:
        server = Server(("127.0.0.1", port), handler)
    except (OSError, OverflowError) as problem:
        reason = getattr(problem, "strerror", None) or str(problem)
        detached.refuse(f"port {port}: {reason.lower()}")
        return
    detached.leave()
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    handler.port = server.server_port
    detached.begun(port=server.server_port)
    threading.Thread(target=server.serve_forever, args=(LOOK,), daemon=True).start()
    while not ended.wait(LOOK) and detached.is_there(run):
        pass
    _take_leave(handler)
    os._exit(0)


def write_page(record: str, html: str) -> None:
    """Writes the page of a record into a file; a problem ends the process with its words."""
    from .report.html import Page, render

    try:
        with Record(Path(record)) as kept:
            text = render(Page(kept.answer(), kept.lines, kept.facts(), kept.series(), kept.about))
        Path(html).write_text(text, encoding="utf-8")
    except Unusable as problem:
        sys.exit(str(problem))
    except OSError as problem:
        sys.exit((problem.strerror or str(problem)).lower())


def _take_leave(handler: type[Handler]) -> None:
    """Lets those who look now see how it ended."""
    handler.pages.going = False
    if not handler.followed or time.monotonic() - handler.followed > FOLLOWING:
        return
    handler.looked = time.monotonic()
    # Made once, before all of them ask.
    handler.pages.text()
    until = time.monotonic() + LAST_LOOK
    while time.monotonic() < until and time.monotonic() - handler.looked < 1:
        time.sleep(LOOK / 5)
