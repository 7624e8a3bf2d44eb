"""Two forward passes, told apart by the lines that made them."""

from __future__ import annotations

from gradproof.evidence.gradients import Source, Target
from gradproof.evidence.reruns import reruns
from gradproof.evidence.run import Run
from gradproof.finding import Place
from records import KERNEL, MEAN, READ_KERNEL, TANH, X, at, healthy, operation, with_call
from records import with_operations as changed


def twice(features: tuple[Place, ...], target: tuple[Place, ...]) -> Run:
    """The gradient for features of a pass of their own, with the lines of both passes."""
    read, product = MEAN + 1, MEAN + 2
    run = changed(
        healthy(),
        operation(READ_KERNEL, "ReadVariableOp", reads=frozenset({KERNEL}), stack=target),
        operation(read, "ReadVariableOp", reads=frozenset({KERNEL}), stack=features),
        operation(product, "MatMul", (X, read), stack=features),
    )
    source = Source(None, operation=product, given="tensor", connected=False)
    return with_call(run, sources=(source,), targets=(Target(TANH),))


def test_passes_of_two_lines():
    """Named where the function that opened the tape made them."""
    (found,) = reruns(twice((at(3), at(21)), (at(4), at(22))))
    assert (found.place, found.again) == (at(3), at(4))


def test_passes_of_one_helper():
    """The helper is called once; the two lines in it are told."""
    (found,) = reruns(twice((at(3), at(21), at(30)), (at(3), at(22), at(30))))
    assert (found.place, found.again) == (at(21), at(22))


def test_a_copy_of_a_variable():
    """What was read from a variable, or a part of that, is no forward pass."""
    read, part = MEAN + 1, MEAN + 2
    run = changed(
        healthy(),
        operation(read, "ReadVariableOp", reads=frozenset({KERNEL}), stack=(at(5),)),
        operation(part, "StridedSlice", (read,), stack=(at(5),)),
    )
    for made in (read, part):
        source = Source(None, operation=made, given="tensor", connected=False)
        (found,) = reruns(with_call(run, sources=(source,), targets=(Target(TANH),)))
        assert (found.copied, found.place) == (True, at(5))
    assert not next(reruns(twice((at(3),), (at(4),)))).copied
