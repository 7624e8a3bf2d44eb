"""What is kept of the exception that ends a program."""

from __future__ import annotations

from gradproof.api import crash


def test_long_message_keeps_both_ends():
    """AutoGraph names a dozen paths before it says what went wrong; long paths hide nothing."""
    message = "in user code:\n" + 'File "train.py", line 3\n' * 500 + "merge_call called"
    kept = crash(RuntimeError(message), [])
    assert kept is not None
    assert kept.message.startswith("in user code:")
    assert kept.message.endswith("merge_call called")
    assert len(kept.message) < 4100


def test_no_crash():
    """Neither the end of a program nor Ctrl-C is one."""
    assert crash(None, []) is None
    assert crash(KeyboardInterrupt(), []) is None


def test_message_that_raises():
    """An exception whose text can't be made is an exception all the same."""

    class Odd(Exception):
        def __str__(self) -> str:
            raise ValueError

    kept = crash(Odd(), [])
    assert kept is not None
    assert (kept.kind, kept.message) == ("Odd", "")
