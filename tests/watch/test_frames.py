"""Stacks of traced operations: read in part, they are what reading them whole gives."""

from __future__ import annotations

from collections import namedtuple
from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gradproof.watching import patches
from gradproof.watching.places import Places
from gradproof.watching.tensorflow.frames import TraceFrames
from gradproof.watching.tensorflow.optimizers import _around as around_the_class

Frame = namedtuple("Frame", "filename lineno name")

HOOK = Frame(patches.__file__, 112, "watched")
PROGRAM = [Frame("/home/me/train.py", line, f"f{line}") for line in range(1, 5)]
LIBRARY = [Frame("/x/site-packages/keras/layer.py", line, f"call{line}") for line in range(1, 4)]

stacks = st.lists(st.sampled_from([*PROGRAM, *LIBRARY, HOOK]), max_size=6)


def operation(frames: list[Frame]) -> SimpleNamespace:
    """An operation of a graph, as far as its stack goes."""
    return SimpleNamespace(traceback=frames)


@given(st.lists(st.sampled_from([*PROGRAM, *LIBRARY]), max_size=4), st.lists(stacks, min_size=1))
def test_a_trace_inside_one_watched_call(outer, inner):
    """The part outside the call is the same for all, and read once."""
    places = Places()
    trace = TraceFrames(places)
    for frames in inner:
        whole = [*outer, HOOK, *frames]
        assert trace.of(operation(whole)) == TraceFrames(places).of(operation(whole))
        assert trace.of(operation(whole)) == places.of_frames(whole)


@given(st.lists(st.lists(st.sampled_from([*PROGRAM, *LIBRARY]), max_size=5), min_size=1))
def test_a_trace_that_no_hook_surrounds(stacks):
    """Without one, nothing is known to be the same."""
    places = Places()
    trace = TraceFrames(places)
    for frames in stacks:
        assert trace.of(operation(frames)) == places.of_frames(frames)


def test_another_thread_begins_elsewhere():
    """An operation that a replica's thread makes has another outer part."""
    places = Places()
    trace = TraceFrames(places)
    trace.of(operation([PROGRAM[0], HOOK, PROGRAM[1]]))
    threaded = [LIBRARY[0], PROGRAM[2], PROGRAM[3]]
    assert trace.of(operation(threaded)) == places.of_frames(threaded)
    later = [PROGRAM[3], HOOK, PROGRAM[1]]
    assert trace.of(operation(later)) == places.of_frames(later)


def test_what_has_no_stack():
    """Its place is not known."""
    assert TraceFrames(Places()).of(operation(None)) == ((), ())


def made(path: str) -> list[int]:
    """Lines told for an optimizer whose constructor, in a file, calls the hook from line 3."""
    places, found = Places(), []
    stack = tuple(places.place("/home/me/train.py", line) for line in (32, 3))
    names: dict[str, Any] = {}
    text = "class Adam:\n    def __init__(self, look):\n        look(self)\n"
    exec(compile(text, path, "exec"), names)
    names["Adam"](lambda own: found.append(around_the_class(stack, own, places)))
    return [place.span.line for place in found[0]]


def test_the_line_that_makes_an_optimizer():
    """Lines of its own constructor are left out; a line of Keras's with the same number is not."""
    assert made("/home/me/train.py") == [32]
    assert made("/x/site-packages/keras/adam.py") == [32, 3]
