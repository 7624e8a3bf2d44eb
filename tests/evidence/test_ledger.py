"""What an audited step says of its rule."""

from __future__ import annotations

from gradproof.evidence.ledger import Audit

NAN = float("nan")


def test_a_rule_is_held_to_what_it_predicts():
    """From a gradient that is no number no rule predicts one, and so none is broken."""
    known = Audit(1, 1, 1, "SGD", predicted_norm=0.5, change_norm=0.5, error=0.0, slack=1e-6)
    assert known.agrees is True
    assert Audit(1, 1, 1, "SGD", predicted_norm=0.5, change_norm=NAN, error=NAN).agrees is False
    assert Audit(1, 1, 1, "SGD", predicted_norm=NAN, change_norm=NAN, error=NAN).agrees is None
    assert Audit(1, 1, 1, "Own").agrees is None
