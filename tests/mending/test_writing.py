"""Files are written whole or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from gradproof.editing import Unfit
from gradproof.finding import Edit, Place, Span
from gradproof.mending.contents import mended_bytes
from gradproof.mending.copies import copied, put
from gradproof.mending.writing import NotWritten, write_atomically


def test_mode_is_kept_and_nothing_is_left_beside(tmp_path):
    """An executable script stays one."""
    path = tmp_path / "a.py"
    path.write_bytes(b"x = 1\n")
    path.chmod(0o751)
    write_atomically(str(path), b"x = 1\n", b"x = 2\n")
    assert path.read_bytes() == b"x = 2\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o751
    assert os.listdir(tmp_path) == ["a.py"]


def test_a_file_that_changed_meanwhile_is_left_alone(tmp_path):
    """Somebody else's work wins."""
    path = tmp_path / "a.py"
    path.write_bytes(b"x = 3\n")
    with pytest.raises(NotWritten, match="has changed since"):
        write_atomically(str(path), b"x = 1\n", b"x = 2\n")
    assert path.read_bytes() == b"x = 3\n"
    assert os.listdir(tmp_path) == ["a.py"]


def test_a_link_stays_a_link(tmp_path):
    """The file it leads to is written."""
    path, link = tmp_path / "a.py", tmp_path / "b.py"
    path.write_bytes(b"x = 1\n")
    link.symlink_to(path)
    write_atomically(str(link), b"x = 1\n", b"x = 2\n")
    assert link.is_symlink()
    assert path.read_bytes() == b"x = 2\n"


def test_a_file_that_is_gone(tmp_path):
    """One sentence says so."""
    with pytest.raises(NotWritten, match="can't be written"):
        write_atomically(str(tmp_path / "a.py"), b"", b"x")


def edit(line: int, column: int, end_column: int, text: str) -> Edit:
    return Edit(Place("a.py", Span(line, column, line, end_column)), text)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"\xef\xbb\xbfx = 1\r\ny\r\n", b"\xef\xbb\xbfx = 2\r\nz\r\ny\r\n"),
        (b"x = 1\n", b"x = 2\nz\n"),
        (b"x = 1", b"x = 2\nz"),
        ("x = 1 # ä\n".encode(), "x = 2\nz # ä\n".encode()),
    ],
    ids=["mark and CRLF", "plain", "no end", "other characters"],
)
def test_encoding_and_line_ends_are_kept(before, after):
    """The mark of UTF-8, and the manner of ending lines."""
    assert mended_bytes(before, "a.py", [edit(1, 5, 6, "2\nz")]) == after


def test_declared_encoding():
    """Latin-1 stays Latin-1; what it can't hold is refused."""
    data = "# coding: latin-1\nx = 'ä'\n".encode("latin-1")
    assert mended_bytes(data, "a.py", [edit(2, 6, 7, "ö")]) == data.replace(b"\xe4", b"\xf6")
    with pytest.raises(Unfit, match="can't hold"):
        mended_bytes(data, "a.py", [edit(2, 6, 7, "😀")])


def test_a_copy_can_be_written(tmp_path):
    """Whatever nobody may write in the original; that one stays as it is."""
    inner = tmp_path / "program" / "inner"
    inner.mkdir(parents=True)
    script = inner / "train.py"
    script.write_text("1\n")
    script.chmod(0o444)
    inner.chmod(0o555)
    try:
        with copied(str(tmp_path / "program")) as folder:
            put(folder, {"inner/train.py": b"2\n"})
            copy = Path(folder, "inner")
            assert (copy / "train.py").read_text() == "2\n"
            assert stat.S_IMODE(copy.stat().st_mode) & 0o700 == 0o700
            assert stat.S_IMODE((copy / "train.py").stat().st_mode) & 0o600 == 0o600
        assert not copy.exists()
        assert stat.S_IMODE(script.stat().st_mode) == 0o444
        assert stat.S_IMODE(inner.stat().st_mode) == 0o555
    finally:
        inner.chmod(0o755)
