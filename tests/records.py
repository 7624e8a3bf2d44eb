"""A run written by hand, and small changes that break it in one way each.

`healthy()` is what three steps of this program leave behind (its lines are
the lines of `LINES`):

    optimizer = SGD(0.1)                                # 1
    with GradientTape() as tape:                        # 2
        hidden = tanh(x @ kernel)                       # 3
        loss = mean(square(hidden + bias - y))          # 4
    gradients = tape.gradient(loss, [kernel, bias])     # 5
    optimizer.apply_gradients(zip(gradients, ...))      # 6
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from gradproof.diagnose import diagnose
from gradproof.evidence.applies import Apply, Optimizer, Pair, Step, Update
from gradproof.evidence.gradients import GradientCall, Source, Tape, Target
from gradproof.evidence.recording import EXTERNAL, Operation, Recording
from gradproof.evidence.run import Run
from gradproof.evidence.variable import Variable
from gradproof.fault import Verdict
from gradproof.faults import FAULTS
from gradproof.finding import Place, Span

KERNEL, BIAS = 1, 2
"""Keys of the two variables."""

X, READ_KERNEL, MATMUL, TANH, READ_BIAS, ADD, Y, SUB, SQUARE, MEAN = range(10)
KERNEL_GRADIENT, BIAS_GRADIENT = 10, 11
"""Indices of the operations."""


def at(line: int) -> Place:
    """A line of the program."""
    return Place("train.py", Span(line))


def operation(
    index: int,
    kind: str,
    inputs: Sequence[int] = (),
    line: int = 4,
    taped: bool = True,
    **changes: Any,
) -> Operation:
    """An operation of shape (8, 4) that the tape recorded."""
    plain = Operation(
        index,
        kind,
        tuple(inputs),
        shape=(8, 4),
        stack=(at(line),),
        tapes=frozenset({1}) if taped else frozenset(),
    )
    return replace(plain, **changes)


def healthy() -> Run:
    """Three steps in which both variables move down their gradients."""
    variables = (
        Variable(KERNEL, "dense/kernel", (4, 4), tracked=True, holder="Net", owner="layer"),
        Variable(BIAS, "dense/bias", (4,), tracked=True, holder="Net", owner="layer"),
    )
    operations = (
        operation(X, EXTERNAL, line=3, taped=False),
        operation(READ_KERNEL, "ReadVariableOp", line=3, reads=frozenset({KERNEL})),
        operation(MATMUL, "MatMul", (X, READ_KERNEL), line=3),
        operation(TANH, "Tanh", (MATMUL,), line=3),
        operation(READ_BIAS, "ReadVariableOp", reads=frozenset({BIAS})),
        operation(ADD, "AddV2", (TANH, READ_BIAS)),
        operation(Y, EXTERNAL, taped=False),
        operation(SUB, "Sub", (ADD, Y)),
        operation(SQUARE, "Square", (SUB,)),
        operation(MEAN, "Mean", (SQUARE,), shape=()),
        operation(KERNEL_GRADIENT, "MatMul", (X, SUB), line=5, taped=False, backward=True),
        operation(BIAS_GRADIENT, "Sum", (SUB,), line=5, taped=False, backward=True),
    )
    call = GradientCall(
        key=1,
        stack=(at(5),),
        tape=1,
        recording=1,
        at=KERNEL_GRADIENT,
        targets=(Target(MEAN),),
        sources=(
            Source(KERNEL, name="dense/kernel", result=KERNEL_GRADIENT),
            Source(BIAS, name="dense/bias", result=BIAS_GRADIENT),
        ),
        times=3,
    )
    apply = Apply(
        key=1,
        stack=(at(6),),
        recording=1,
        at=BIAS_GRADIENT + 1,
        by="SGD",
        optimizer=1,
        pairs=(
            Pair(KERNEL, taken_for=frozenset({KERNEL}), call=1, name="dense/kernel"),
            Pair(BIAS, taken_for=frozenset({BIAS}), call=1, name="dense/bias"),
        ),
        known=frozenset({KERNEL, BIAS}),
        counted=3,
        call=1,
    )
    return Run(
        generations=("3",),
        variables=variables,
        recordings=(Recording(1, operations=operations),),
        tapes=(Tape(1, 1, (at(2),), opened=1, closed=10, watched=frozenset({KERNEL, BIAS})),),
        calls=(call,),
        optimizers=(Optimizer(1, "SGD", made_at=at(1)),),
        applies=(apply,),
        steps=tuple(
            Step(
                index,
                apply=1,
                updates=(Update(KERNEL, 0.8, 2.0, 0.08, 1.0), Update(BIAS, 0.4, 0.1, 0.04, 1.0)),
                loss=1.0 / index,
                learning_rate=0.1,
                iterations=index - 1,
            )
            for index in (1, 2, 3)
        ),
        counted=3,
    )


def with_operations(run: Run, *operations: Operation) -> Run:
    """The run with operations replaced, or appended at the end."""
    recording = run.recordings[0]
    found = {one.index: one for one in recording.operations}
    found.update({one.index: one for one in operations})
    ordered = tuple(found[index] for index in sorted(found))
    return replace(run, recordings=(replace(recording, operations=ordered),))


def with_variable(run: Run, key: int, **changes: Any) -> Run:
    """The run with facts of one variable changed."""
    variables = tuple(replace(one, **changes) if one.key == key else one for one in run.variables)
    return replace(run, variables=variables)


def with_call(run: Run, **changes: Any) -> Run:
    """The run with facts of its gradient call changed."""
    return replace(run, calls=(replace(run.calls[0], **changes), *run.calls[1:]))


def with_apply(run: Run, **changes: Any) -> Run:
    """The run with facts of its apply call changed."""
    return replace(run, applies=(replace(run.applies[0], **changes), *run.applies[1:]))


def with_updates(run: Run, *keys: int, **changes: Any) -> Run:
    """The run with other numbers for these variables, in every step."""
    steps = tuple(
        replace(
            step,
            updates=tuple(
                replace(update, **changes) if update.variable in keys else update
                for update in step.updates
            ),
        )
        for step in run.steps
    )
    return replace(run, steps=steps)


def unconnected(run: Run, *keys: int) -> Run:
    """The run in which the gradients of these variables are `None`."""
    sources = tuple(
        replace(source, connected=False, result=None) if source.variable in keys else source
        for source in run.calls[0].sources
    )
    pairs = tuple(
        replace(pair, given="none", taken_for=None) if pair.variable in keys else pair
        for pair in run.applies[0].pairs
    )
    still = with_updates(run, *keys, gradient_norm=None, change_norm=0.0, along=None)
    return with_apply(with_call(still, sources=sources), pairs=pairs)


def left_out(run: Run, key: int) -> Run:
    """The run in which no list has this variable."""
    call, apply = run.calls[0], run.applies[0]
    run = with_call(run, sources=tuple(one for one in call.sources if one.variable != key))
    run = with_apply(
        run,
        pairs=tuple(one for one in apply.pairs if one.variable != key),
        known=(apply.known or frozenset()) - {key},
    )
    steps = tuple(
        replace(step, updates=tuple(one for one in step.updates if one.variable != key))
        for step in run.steps
    )
    return replace(run, steps=steps)


def grown(norms: Sequence[float], losses: Sequence[float]) -> Run:
    """The run with one step for each gradient norm of the kernel."""
    run = healthy()
    steps = tuple(
        replace(
            run.steps[0],
            index=index,
            loss=loss,
            updates=(
                Update(KERNEL, norm, 2.0, 0.1 * norm),
                Update(BIAS, norm / 2, 1.0, 0.05 * norm),
            ),
        )
        for index, (norm, loss) in enumerate(zip(norms, losses, strict=True), start=1)
    )
    return replace(run, steps=steps, counted=len(steps))


def never_applied(run: Run) -> Run:
    """The run in which no optimizer was made or called."""
    return replace(run, optimizers=(), applies=(), steps=(), counted=0)


def proven(run: Run) -> list[tuple[str, int | None]]:
    """Codes and lines of what the run proves, the first cause first."""
    found = diagnose(FAULTS, [], run)
    assert all(one.verdict is Verdict.PROVEN for one in found)
    return [(one.fault.code, one.place.line if one.place else None) for one in found]


def replicated(kind: str, factor: float, replicas: int = 2) -> Run:
    """A traced step in each replica whose loss reduces 8 examples and is then scaled.

    Args:
        kind: `"Mean"` or `"Sum"`.
        factor: What the reduced loss is multiplied by.
        replicas: How many there are.
    """
    run = healthy()
    scale = operation(12, "Const", shape=(), value=factor)
    scaled = operation(13, "Mul", (MEAN, 12), shape=())
    reduced = replace(run.recordings[0].operations[MEAN], type=kind)
    run = with_operations(run, reduced, scale, scaled)
    call = replace(run.calls[0], targets=(Target(13),), traced=True)
    apply = replace(run.applies[0], replicas=replicas, traced=True)
    return replace(run, calls=(call,), applies=(apply,))
