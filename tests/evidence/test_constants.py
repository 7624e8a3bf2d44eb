"""Records of tensors that were made once, where a weight was meant."""

from __future__ import annotations

from dataclasses import replace

from gradproof.evidence.recording import Recording
from gradproof.evidence.run import Run
from gradproof.faults.constant_weight import settle
from gradproof.finding import Finding
from records import ADD, READ_BIAS, TANH, X, at, healthy, operation, with_call, with_operations

SEEN = Finding("`self.kernel` is a plain tensor", place=at(2))


def drawn(line: int = 2, taped: bool = False) -> Run:
    """A random tensor is added where the bias was."""
    made = operation(X, "RandomStandardNormal", line=line, taped=taped)
    return with_operations(healthy(), made, operation(ADD, "AddV2", (TANH, X)))


def test_used_by_every_call():
    """The suspicion is proven with numbers."""
    found = settle(SEEN, drawn())
    assert found is not None
    assert found.evidence == {"calls": 1, "updates": 3}


def test_drawn_in_each_step():
    """Noise that is drawn under the tape is no weight."""
    assert settle(SEEN, drawn(taped=True)) is None


def test_another_line():
    """What another line made says nothing about this one."""
    assert settle(SEEN, drawn(line=9)) is None


def test_in_a_traced_function():
    """A traced function took it in as a constant."""
    run = drawn()
    inside = replace(
        run.recordings[0],
        key=2,
        function="step",
        operations=tuple(
            replace(one, type="Const", stand_in=X) if one.index == READ_BIAS - 4 else one
            for one in run.recordings[0].operations
        ),
    )
    eager = Recording(1, operations=(operation(X, "RandomStandardNormal", line=2, taped=False),))
    run = with_call(replace(run, recordings=(eager, inside)), recording=2)
    assert settle(SEEN, run) is not None
