"""Generators and critics: who pushes a judgement which way."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gradproof.evidence.adversaries import accomplices
from gradproof.evidence.applies import Apply, Pair
from gradproof.evidence.gradients import GradientCall, Source, Tape, Target
from gradproof.evidence.recording import EXTERNAL, Operation, Recording
from gradproof.evidence.run import Run
from gradproof.evidence.variable import Variable
from records import at, operation, proven

GENERATOR, CRITIC = 1, 2


def call(key: int, variable: int, target: int, line: int) -> GradientCall:
    """A gradient of one target for the one variable of a network."""
    return GradientCall(
        key,
        (at(line),),
        tape=key,
        recording=1,
        at=30,
        targets=(Target(target),),
        sources=(Source(variable, result=30 + key),),
        times=9,
    )


def game(*generator: Operation, last: int, real: str = "Neg") -> Run:
    """A critic that wants more for data and less for what is made; the generator's loss follows.

    The judgement of what is made is operation 5, that of the data operation 8.
    """
    empty = [operation(index, "NoOp", taped=False) for index in range(33)]
    critic = (
        operation(0, EXTERNAL, taped=False),
        operation(1, "ReadVariableOp", reads=frozenset({GENERATOR})),
        operation(2, "MatMul", (0, 1)),
        operation(3, "ReadVariableOp", reads=frozenset({CRITIC})),
        operation(5, "MatMul", (2, 3)),
        operation(6, EXTERNAL, taped=False),
        operation(8, "MatMul", (6, 3)),
        operation(9, real, (8,)),
        operation(10, "Softplus", (9,)),
        operation(11, "Softplus", (5,)),
        operation(12, "AddV2", (10, 11)),
        operation(13, "Mean", (12,), shape=()),
    )
    for one in (*critic, *generator):
        empty[one.index] = one
    return Run(
        variables=(
            Variable(GENERATOR, "generator/kernel", (4, 4)),
            Variable(CRITIC, "critic/kernel", (4, 4)),
        ),
        recordings=(Recording(1, "play", tuple(empty)),),
        tapes=(Tape(1, 1, (at(2),), opened=1), Tape(2, 1, (at(7),), opened=1)),
        calls=(call(1, CRITIC, 13, 5), call(2, GENERATOR, last, 9)),
        applies=tuple(
            Apply(key, (at(line),), 1, 31, "Adam", key, (Pair(variable, call=key),), call=key)
            for key, line, variable in ((1, 6, CRITIC), (2, 10, GENERATOR))
        ),
        counted=9,
    )


def competing() -> Run:
    """The generator wants more for what it makes."""
    return game(operation(20, "Neg", (5,), line=8), operation(21, "Mean", (20,)), last=21)


def helping() -> Run:
    """The generator wants less for what it makes, as the critic does."""
    return game(operation(20, "Softplus", (5,), line=8), operation(21, "Mean", (20,)), last=21)


def test_competing():
    """That is how such games are played."""
    assert list(accomplices(competing())) == []


def test_helping():
    """Both push the same judgement down: named at the line of the generator's loss."""
    (found,) = accomplices(helping())
    assert (found.critic.key, found.generator.key) == (1, 2)
    assert proven(helping()) == [("GP504", 4)]


@pytest.mark.parametrize("kind", ["Sub", "Mul", "RealDiv"])
def test_arithmetic(kind: str):
    """A minus sign may stand in a difference or in a factor."""
    value = operation(19, EXTERNAL, shape=(), value=0.0 if kind == "Sub" else -2.0)
    inputs = (19, 5) if kind == "Sub" else (5, 19)
    run = game(value, operation(20, kind, inputs), operation(21, "Mean", (20,)), last=21)
    assert list(accomplices(run)) == []


@pytest.mark.parametrize("kind", ["Abs", "Cos", "Rsqrt"])
def test_unknown_way(kind: str):
    """Whether an error grows with the judgement depends on its value."""
    run = game(operation(20, kind, (5,)), operation(21, "Mean", (20,)), last=21)
    assert list(accomplices(run)) == []


def cross_entropy(*labels: Operation) -> tuple[Operation, ...]:
    """The loss of the generator's judgement, with these labels as operation 20."""
    return (
        *labels,
        operation(21, "Mul", (5, 20)),
        operation(22, "Relu", (5,)),
        operation(23, "Sub", (22, 21)),
        operation(24, "Abs", (5,)),
        operation(25, "Neg", (24,)),
        operation(26, "Exp", (25,)),
        operation(27, "Log1p", (26,)),
        operation(28, "AddV2", (23, 27)),
        operation(29, "Mean", (28,), shape=()),
    )


@pytest.mark.parametrize(
    ("labels", "helps"),
    [
        (operation(20, "ZerosLike", (5,)), True),
        (operation(20, "Const", value=0.0), True),
        (operation(20, "OnesLike", (5,)), False),
        (operation(20, "Const", value=0.9), False),
        (operation(20, "Const", value=0.5), False),
        (operation(20, EXTERNAL), False),
    ],
)
def test_cross_entropy(labels: Operation, helps: bool):
    """Labels say which way a cross-entropy pushes: zeros for what is made are the critic's."""
    assert bool(list(accomplices(game(*cross_entropy(labels), last=29)))) == helps


@pytest.mark.parametrize(("level", "helps"), [(0.0, True), (1.0, False)])
@pytest.mark.parametrize("kind", ["Square", "Pow", "SquaredDifference"])
def test_least_squares(kind: str, level: float, helps: bool):
    """A distance to a number pushes towards it."""
    apart = (5, 19) if kind == "SquaredDifference" else (20, 18)
    run = game(
        operation(18, "Const", shape=(), value=2.0),
        operation(19, "Const", value=level),
        operation(20, "Sub", (5, 19)),
        operation(21, kind, apart),
        operation(22, "Mean", (21,), shape=()),
        last=22,
    )
    assert bool(list(accomplices(run))) == helps


def test_penalty():
    """A penalty on the critic's slope pushes no judgement."""
    run = helping()
    (recording,) = run.recordings
    operations = list(recording.operations)
    operations[14] = operation(14, "MatMul", (8, 3), backward=True)
    operations[15] = operation(15, "Cos", (14,))
    operations[16] = operation(16, "AddV2", (13, 15), shape=())
    run = replace(run, recordings=(replace(recording, operations=tuple(operations)),))
    critic = replace(run.calls[0], targets=(Target(16),))
    assert len(list(accomplices(replace(run, calls=(critic, run.calls[1]))))) == 1


def test_no_contest():
    """A head that wants less for everything competes with nobody: both may help it."""
    run = helping()
    (recording,) = run.recordings
    operations = list(recording.operations)
    operations[9] = operation(9, "Identity", (8,))
    run = replace(run, recordings=(replace(recording, operations=tuple(operations)),))
    assert list(accomplices(run)) == []


def test_one_optimizer_for_both():
    """Variables that both calls are for are trained together, not against each other."""
    run = helping()
    both = replace(run.calls[1], sources=run.calls[0].sources + run.calls[1].sources)
    assert list(accomplices(replace(run, calls=(run.calls[0], both)))) == []
