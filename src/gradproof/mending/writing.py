"""Writes a file whole or not at all, and never over what others wrote."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path


class NotWritten(Exception):
    """A file was left as it is; the message says why in one sentence."""


def write_atomically(path: str, before: bytes, after: bytes) -> None:
    """Replaces the content of a file that still holds what was read.

    The new content is written beside it and then takes its name, so that a
    reader sees the old file or the new one. Mode is kept; a symbolic link
    stays a link, and the file that it leads to is written.

    Args:
        path: The file.
        before: What it held when it was read.
        after: What it is to hold.

    Raises:
        NotWritten: It has changed meanwhile, or can't be written.
    """
    target = os.path.realpath(path)
    try:
        mode = os.stat(target)
        if Path(target).read_bytes() != before:
            raise NotWritten(f"{path}: not written, it has changed since it was read")
        if not os.access(target, os.W_OK):
            raise NotWritten(f"{path}: not written, it is read-only")
        _replace(target, after, mode)
    except OSError as problem:
        reason = (problem.strerror or type(problem).__name__).lower()
        raise NotWritten(f"{path}: can't be written ({reason})") from None


def _replace(target: str, after: bytes, mode: os.stat_result) -> None:
    handle, beside = tempfile.mkstemp(
        prefix=f".{os.path.basename(target)}.", dir=os.path.dirname(target)
    )
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(after)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(beside, stat.S_IMODE(mode.st_mode))
        if hasattr(os, "chown") and (os.stat(beside).st_uid, os.stat(beside).st_gid) != (
            mode.st_uid,
            mode.st_gid,
        ):
            _keep_owner(beside, mode)
        os.replace(beside, target)
    except BaseException:
        os.unlink(beside)
        raise


def _keep_owner(beside: str, mode: os.stat_result) -> None:
    try:
        os.chown(beside, mode.st_uid, mode.st_gid)
    except OSError:
        # Only root may give a file away; the content matters more.
        return
