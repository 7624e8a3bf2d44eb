"""Which variables of two runs belong together."""

from __future__ import annotations

from types import SimpleNamespace

from gradproof.evidence.variable import Variable
from gradproof.pairing.twins import apart, paired


def seen(*variables):
    """A run with the variables of a model: path, shape, trained or not."""
    models = [
        Variable(key, path, shape, "float32", trained, kind="keras.Variable", role="model")
        for key, (path, shape, trained) in enumerate(variables)
    ]
    return SimpleNamespace(models=models, points={one.key: [] for one in models})


def paths(pairs):
    return {(one.path, other.path) for one, other in pairs}


def test_a_layer_that_is_frozen_in_one_run_keeps_its_twin():
    """That it trains in the other is the difference, not that it is missing."""
    frozen = seen(("hidden/kernel", (4, 6), False), ("head/kernel", (6, 1), True))
    whole = seen(("hidden/kernel", (4, 6), True), ("head/kernel", (6, 1), True))
    for one, other in ((frozen, whole), (whole, frozen)):
        found = paired(one, other)
        assert paths(found) == {("head/kernel",) * 2, ("hidden/kernel",) * 2}
        assert apart(one, other, found) == []


def test_a_copy_of_the_same_shape_is_no_twin():
    """An average that nobody trains is not the layer that the other run has more."""
    averaged = seen(("head/kernel", (6, 6), True), ("average/kernel", (6, 6), False))
    deeper = seen(("head/kernel", (6, 6), True), ("body/kernel", (6, 6), True))
    found = paired(averaged, deeper)
    assert paths(found) == {("head/kernel",) * 2}
    assert len(apart(averaged, deeper, found)) == 2
