"""Records of gradients that are parts of a loss, and of second forward passes."""

from __future__ import annotations

from dataclasses import replace

from gradproof.evidence.gradients import GradientCall, Source, Target
from gradproof.evidence.run import Run
from gradproof.fault import Verdict
from gradproof.faults.disconnected_submodel import prove as prove_rerun
from gradproof.faults.inner_gradient_not_recorded import prove, settle
from gradproof.finding import Finding, Related
from records import (
    KERNEL,
    MEAN,
    READ_KERNEL,
    SQUARE,
    X,
    at,
    healthy,
    operation,
    proven,
    with_call,
    with_operations,
)

SLOPE, NORM, TOTAL = 12, 13, 14


def penalty(taped: bool = False, kind: str = "AddV2", line: int = 2) -> Run:
    """Before the tape a slope is taken; the loss is the mean plus its square.

    The slope is the result of an inner call that reads the kernel.
    """
    inner_read = operation(15, "ReadVariableOp", line=1, taped=False, reads=frozenset({KERNEL}))
    score = operation(16, "MatMul", (X, 15), line=1, taped=False)
    slope = operation(17, "MatMul", (16,), line=line, taped=taped, backward=True)
    norm = operation(18, "Square", (17,), line=4)
    total = operation(19, kind, (MEAN, 18), line=4, shape=())
    run = with_operations(
        healthy(),
        *(operation(index, "NoOp", (), taped=False) for index in (SLOPE, NORM, TOTAL)),
        *(inner_read, score, slope, norm, total),
    )
    inner = GradientCall(
        key=2,
        stack=(at(line),),
        tape=2,
        recording=1,
        at=17,
        targets=(Target(16),),
        sources=(Source(None, X, "tensor", result=17),),
    )
    tapes = (
        replace(run.tapes[0], opened=18, closed=20),
        replace(run.tapes[0], key=2, opened=15, closed=17, stack=(at(1),)),
    )
    run = with_call(run, at=20, targets=(Target(19),))
    return replace(run, calls=(inner, *run.calls), tapes=tapes)


def test_added_to_the_loss():
    """A penalty that the tape takes for a constant."""
    assert proven(penalty()) == [("GP210", 2)]


def test_of_an_earlier_round():
    """A weight made of its own gradient by the same call, a round earlier, is no term."""
    run = penalty()
    assert (
        list(
            prove(
                replace(
                    run, calls=(replace(run.calls[0], stack=run.calls[1].stack), *run.calls[1:])
                )
            )
        )
        == []
    )


def test_recorded():
    """The same with the outer tape recording."""
    assert list(prove(penalty(taped=True))) == []


def test_weight_of_another_term():
    """A gradient that multiplies a loss is a weight, a constant on purpose."""
    assert list(prove(penalty(kind="Mul"))) == []


def test_stopped_on_purpose():
    """Taken inside the block while recording was stopped: a decision."""
    run = penalty()
    tape = replace(run.tapes[0], opened=14)
    assert list(prove(replace(run, tapes=(tape, run.tapes[1])))) == []


def test_goes_through_the_model():
    """An adversarial example is data that the gradient helped to make."""
    run = penalty()
    fed = operation(18, "MatMul", (17, READ_KERNEL), line=4)
    assert list(prove(with_operations(run, fed))) == []


def test_other_variables():
    """A slope of another model does not concern the variables asked for."""
    run = penalty()
    other = operation(15, "ReadVariableOp", line=1, taped=False, reads=frozenset({9}))
    assert list(prove(with_operations(run, other))) == []


def rerun(index: int = 13) -> Run:
    """The source is a product of its own; the target comes from another one."""
    read = operation(12, "ReadVariableOp", line=3, reads=frozenset({KERNEL}))
    own = operation(13, "MatMul", (X, 12), line=3)
    source = Source(None, index, "tensor", connected=False)
    return with_call(with_operations(healthy(), read, own), sources=(source,), at=14)


def test_another_run_of_the_layer():
    """The target was computed from a second product with the same kernel."""
    (finding,) = prove_rerun(rerun())
    assert finding.variables == ("dense/kernel",)


def test_on_the_way():
    """A tensor that the target was computed from is another fault."""
    assert list(prove_rerun(rerun(index=SQUARE))) == []


def test_without_variables():
    """A tensor that no variable made can't come from another run of a layer."""
    plain = operation(13, "Tanh", (X,), line=3)
    assert list(prove_rerun(with_operations(rerun(), plain))) == []


def test_a_loss_that_was_computed_outside_as_a_whole():
    """Then the term is not what is wrong."""
    run = penalty()
    bare = tuple(replace(one, tapes=frozenset()) for one in run.recordings[0].operations)
    bared = replace(run, recordings=(replace(run.recordings[0], operations=bare),))
    assert not list(prove(bared))
    asked = Related(run.calls[-1].place or at(5), "asked for here")
    suspicion = Finding("a term", place=at(2), related=(asked,))
    assert settle(suspicion, bared) is Verdict.CLEARED
    assert settle(suspicion, run) is None
