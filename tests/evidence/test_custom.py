"""Custom gradients: records, and which functions may be called again."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from gradproof.evidence.custom import CustomGradient
from gradproof.evidence.run import Crash
from gradproof.faults.wrong_custom_gradient import prove
from gradproof.watching.tensorflow.trying import custom
from gradproof.watching.tensorflow.trying.purity import is_pure
from records import at, healthy, proven

CALLS: list[int] = []
TWO = 2.0


def square(value: float) -> float:
    """Computes, and does nothing else."""
    return value**TWO


def counts(value: float) -> float:
    """Keeps a note of each call."""
    CALLS.append(1)
    return value


def speaks(value: float) -> float:
    """Prints."""
    print(value)
    return value


def through(value: float) -> float:
    """Calls a function that keeps a note."""
    return counts(value)


def closure() -> Callable[[float], float]:
    """A function with an inner one, as custom gradients have."""

    def outer(value: float) -> Callable[[float], float]:
        root = math.sqrt(value)

        def inner(above: float) -> float:
            return above / (TWO * root)

        return inner

    return outer  # type: ignore[return-value]


def counter() -> Callable[[float], float]:
    """A function that counts its calls in a closure."""
    calls = 0

    def outer(value: float) -> float:
        nonlocal calls
        calls += 1
        return value

    return outer


@pytest.mark.parametrize("function", [square, closure()])
def test_pure(function: Callable[..., object]):
    """Arithmetic with numbers and modules can be done again unnoticed."""
    assert is_pure(function)


@pytest.mark.parametrize("function", [counts, speaks, through, counter(), len])
def test_impure(function: Callable[..., object]):
    """What keeps notes, prints, counts, or can't be read is left alone."""
    assert not is_pure(function)


def test_contradicted():
    """Finite differences give another slope."""
    seen = CustomGradient("mish", at(3), "formula", 9.03, 18.5, 1e-3)
    assert proven(replace(healthy(), custom_gradients=(seen,))) == [("GP301", 3)]


def test_ignores_upstream():
    """A gradient that is not zero where the one from above is."""
    seen = CustomGradient("softplus", at(3), "upstream", 0.7, 0.0, 1e-3)
    (finding,) = prove(replace(healthy(), custom_gradients=(seen,)))
    assert "does not multiply" in finding.message


def test_variables_refused():
    """TensorFlow refuses a gradient that takes no variables."""
    message = "@tf.custom_gradient grad_fn must accept keyword argument 'variables', since"
    crash = Crash("TypeError", message, (at(4),))
    assert [one.place for one in prove(replace(healthy(), crash=crash))] == [at(4)]


def test_healthy():
    """Nothing was checked, nothing is said."""
    assert list(prove(healthy())) == []


def test_an_input_without_a_gradient():
    """A learned step of a quantiser: the result follows it, its gradient is zeros."""

    def run(values: list[np.ndarray]) -> tuple[np.ndarray, None]:
        x, step = values
        return np.round(x / step) * step, None

    values = [np.linspace(0.1, 0.9, 4), np.full(4, 0.3)]
    forward, zeros = run(values)[0], np.zeros(4)
    assert custom._ignores(run, values, forward, [np.ones(4), zeros])
    assert not custom._ignores(run, values, forward, [np.ones(4), np.ones(4)])
    assert not custom._ignores(
        lambda given: (given[0], None), values, values[0], [values[0], zeros]
    )


def test_a_sign_that_is_lost():
    """The derivative of exp(-x) without its minus; a reversal has a name that says so."""

    def run(values: list[np.ndarray]) -> tuple[np.ndarray, None]:
        return np.exp(-values[0]), None

    values = [np.linspace(0.1, 0.9, 8)]
    forward, above = run(values)[0], np.ones(8)
    found = custom._formula(run, "gradient", values, forward, above, [forward])
    assert found is not None
    assert found[1] == "formula"
    assert custom._formula(run, "", values, forward, above, [forward], meant=True) is None
    assert custom._formula(run, "", values, forward, above, [-forward]) is None
