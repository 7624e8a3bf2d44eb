"""One variable's step, term by term."""

from __future__ import annotations

from dataclasses import replace

from gradproof.account import account
from gradproof.evidence.ledger import Audit
from gradproof.standing import standings
from records import BIAS, KERNEL, healthy

AUDIT = Audit(
    1,
    3,
    KERNEL,
    "Adam",
    value_norm=2.0,
    taken_norm=1.6,
    gradient_norm=0.8,
    used_norm=0.5,
    predicted_norm=0.08,
    change_norm=0.08,
    error=1e-9,
    slack=1e-5,
    terms=(("learning rate", 0.1), ("m", 0.05)),
)


def test_an_audited_step():
    """From the gradient as it was taken to the change that happened."""
    lines = account(replace(healthy(), audits=(AUDIT,)), "dense/kernel")
    assert lines == (
        "`dense/kernel` (4x4, float32), norms:",
        "  step                  3 of Adam",
        "  value before          2",
        "  gradient as taken     1.6",
        "  gradient handed over  0.8",
        "  gradient used         0.5",
        "  learning rate         0.1",
        "  m                     0.05",
        "  change predicted      0.08",
        "  change that happened  0.08  as Adam says",
    )


def test_a_step_that_was_only_measured():
    """What is known of a step without an audit."""
    lines = account(healthy(), "bias")
    assert lines[0] == "`dense/bias` (4, float32), norms:"
    assert lines[1].split() == ["step", "3", "of", "SGD"]
    assert lines[-1].split() == ["change", "that", "happened", "0.04"]


def test_a_name_for_several():
    """A component of a path stands for every variable below it."""
    lines = account(healthy(), "dense")
    assert [line for line in lines if line.startswith("`")] == [
        "`dense/kernel` (4x4, float32), norms:",
        "`dense/bias` (4, float32), norms:",
    ]


def test_no_such_variable():
    """A name that nothing has."""
    (line,) = account(healthy(), "kern")
    assert line == "no variable is called `kern`; there are `dense/kernel`, `dense/bias`"


def test_the_table_says_by_whose_rule():
    """Audited variables moved as their rule says, or otherwise."""
    run = replace(healthy(), audits=(AUDIT, replace(AUDIT, variable=BIAS, error=0.05)))
    found = {one.variable: one.why for one in standings(run, [])}
    assert found["dense/kernel"] == "changed by 0.08 (norm) when last seen, as Adam says"
    assert found["dense/bias"].endswith("; at step 3 by 0.08, where Adam says 0.08")
