"""`gradproof.check_optimizer`: right optimizers pass, broken ones fail for their reason."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import versions
from gradproof import check_optimizer
from gradproof.watching.tensorflow.trying.optimizer_rules import follows

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def keras():
    """Keras 3, with TensorFlow behind it."""
    versions.skip_without("3")
    return pytest.importorskip("keras")


def broken(found):
    """What fails, by name, but for what old versions can't do."""
    return {one.name: one.words for one in found.broken if one.name not in versions.otherwise()}


PAGE = Path(__file__).parent.parent / "docs" / "optimizers.md"
GENERATIONS = {"Keras 3": "3", "tf-keras": "2"}
BUILT_IN = {
    "3": "Adadelta Adafactor Adagrad Adam AdamW Adamax Ftrl Lamb Lion Muon Nadam RMSprop SGD "
    "ScheduleFreeAdamW",
    "2": "Adadelta Adafactor Adagrad Adam AdamW Adamax Ftrl Lion Nadam RMSprop SGD",
}
QUICK = {("3", "Adam"), ("2", "SGD")}
"""The others are tried by `make test-all`."""


def deviations(generation: str, name: str) -> dict[str, str]:
    """What the page says of an optimizer."""
    rows = [line.strip("|").split(" | ") for line in PAGE.read_text("utf-8").splitlines()]
    return {
        row[2].strip(): without_numbers(row[3].strip())
        for row in rows
        if len(row) == 4 and (GENERATIONS.get(row[0].strip()), row[1].strip()) == (generation, name)
    }


def without_numbers(words: str) -> str:
    """Machines differ in the last digits."""
    return re.sub(r"\d[\d.]*(e[+-]\d+)?", "#", words).strip()


@pytest.mark.parametrize(
    ("generation", "name"),
    [
        pytest.param(
            generation, name, marks=() if (generation, name) in QUICK else pytest.mark.slow
        )
        for generation, names in BUILT_IN.items()
        for name in names.split()
    ],
)
def test_optimizers_of_keras(generation, name):
    """They pass, or deviate in exactly what the page says."""
    found = check_optimizer(getattr(versions.keras(generation).optimizers, name))
    told = {promise: without_numbers(words) for promise, words in broken(found).items()}
    # Where TensorFlow has begun with one device, two replicas can't be tried.
    tried = {one.name for one in found.promises if one.holds is not None}
    tried -= set(versions.otherwise())
    expected = {
        name: words for name, words in deviations(generation, name).items() if name in tried
    }
    assert told == expected, str(found)


@pytest.mark.parametrize("generation", BUILT_IN)
def test_no_optimizer_is_missing(generation):
    """A new one of Keras has to be tried."""
    special = {"Optimizer", "LossScaleOptimizer", "MultiOptimizer"}
    there = {
        name
        for name, kind in vars(versions.keras(generation).optimizers).items()
        if isinstance(kind, type) and hasattr(kind, "apply_gradients")
    }
    assert there - special <= set(BUILT_IN[generation].split())


@pytest.mark.parametrize(
    ("generation", "name", "rule"),
    [
        ("3", "SGD", lambda optax: optax.sgd(0.01)),
        ("3", "Adam", lambda optax: optax.adam(0.001, eps=1e-7)),
        ("3", "Lion", lambda optax: optax.lion(0.001, b2=0.99, weight_decay=0.0)),
        ("2", "AdamW", lambda optax: optax.adamw(0.001, eps=1e-7, weight_decay=0.004)),
    ],
)
def test_rules_of_optax(generation, name, rule):
    """An optimizer of optax is a rule to go by; one of another rate is not followed."""
    optax = pytest.importorskip("optax")
    kind = getattr(versions.keras(generation).optimizers, name)
    assert follows(kind, rule(optax)) is None
    assert "of what the rule says" in (follows(kind, optax.sgd(0.5)) or "")


def momentum(keras):
    """A right optimizer to break: heavy ball."""

    class HeavyBall(keras.optimizers.Optimizer):
        def __init__(self, learning_rate=0.01, rho=0.9, name="heavy_ball", **settings):
            super().__init__(learning_rate=learning_rate, name=name, **settings)
            self.rho = rho

        def build(self, variables):
            if self.built:
                return
            super().build(variables)
            self.speeds = [self.add_variable_from_reference(one, name="speed") for one in variables]

        def update_step(self, gradient, variable, learning_rate):
            speed = self.speeds[self._get_variable_index(variable)]
            self.assign(speed, self.rho * speed + gradient)
            rate = keras.ops.cast(learning_rate, variable.dtype)
            self.assign_sub(variable, rate * speed)

        def get_config(self):
            return {**super().get_config(), "rho": self.rho}

    return HeavyBall


def rule(value, gradient, speed):
    """The same by NumPy."""
    speed = gradient if speed is None else 0.9 * speed + gradient
    return value - 0.01 * speed, speed


def test_own_optimizer_that_is_right(keras):
    """It passes, and equals its rule; another rule it does not equal."""
    found = check_optimizer(momentum(keras), reference=rule)
    assert not broken(found), str(found)
    assert {one.name: one.holds for one in found.promises}["reference"] is True
    assert re.search(r"HeavyBall (holds;|fails 1 of) 2[45] checks", str(found)), str(found)
    assert all(len(line) <= 100 for line in str(found).splitlines())
    assert "<pre>" in found._repr_html_()


def break_sign(keras, kind):
    def update_step(self, gradient, variable, learning_rate):
        self.assign_add(variable, keras.ops.cast(learning_rate, variable.dtype) * gradient)

    kind.update_step = update_step
    return "descends", "the loss goes from"


def break_counter(keras, kind):
    def apply(self, grads, trainable_variables=None):
        keras.optimizers.Optimizer.apply(self, grads, trainable_variables)
        self.iterations.assign_sub(1)

    kind.apply = apply
    return "iterations advance", "`iterations` is 0 after 1 calls"


def break_trace(keras, kind):
    right = kind.update_step

    def update_step(self, gradient, variable, learning_rate):
        self.count = getattr(self, "count", 0) + 1
        right(self, gradient / self.count, variable, learning_rate)

    kind.update_step = update_step
    return "eager = traced", "the traced change differs"


def break_saving(keras, kind):
    kind.save_own_variables = lambda self, store: store.update(
        {str(place): one.numpy() for place, one in enumerate(self.variables[:2])}
        | {str(place): 0 * one.numpy() for place, one in enumerate(self.variables) if place >= 2}
    )
    return "save and restore", "some state is not saved"


def break_config(keras, kind):
    kind.get_config = lambda self: keras.optimizers.Optimizer.get_config(self)
    right = kind.__init__

    def begin(self, learning_rate=0.01, rho=0.5, **settings):
        right(self, learning_rate, rho, **settings)

    kind.__init__ = begin
    return "get_config", "a setting is missing in it"


def break_apart(keras, kind):
    shared = []

    def build(self, variables):
        if not self.built:
            keras.optimizers.Optimizer.build(self, variables)
            if not shared:
                shared.extend(keras.Variable(0.0 * one) for one in variables)
            self.speeds = shared

    kind.build = build
    return "two models", "they share state"


def break_rate(keras, kind):
    def update_step(self, gradient, variable, learning_rate):
        self.assign_sub(variable, 0.01 * gradient)

    kind.update_step = update_step
    return "learning_rate.assign", "the same with twice the learning rate"


def break_variable(keras, kind):
    def apply(self, grads, trainable_variables=None):
        keras.optimizers.Optimizer.apply(self, grads[:-1], trainable_variables[:-1])

    kind.apply = apply
    return "every variable moves", "variable 3 of 3 does not move"


def break_none(keras, kind):
    def apply(self, grads, trainable_variables=None):
        grads = [keras.ops.clip(one, -5.0, 5.0) for one in grads]
        keras.optimizers.Optimizer.apply(self, grads, trainable_variables)

    kind.apply = apply
    return "None gradient", "raised"


def break_order(keras, kind):
    def apply(self, grads, trainable_variables=None):
        if not self.built:
            self.build(trainable_variables)
        for speed, gradient, variable in zip(self.speeds, grads, trainable_variables, strict=True):
            same = tuple(speed.shape) == tuple(variable.shape)
            if same:
                speed.assign(self.rho * speed + gradient)
            variable.assign_sub(self.learning_rate * (speed if same else gradient))
        self.iterations.assign_add(1)

    kind.apply = apply
    return "order of variables", "the state of others"


@pytest.mark.parametrize(
    "breaking",
    [
        break_sign,
        break_counter,
        break_trace,
        break_saving,
        break_config,
        break_apart,
        break_rate,
        break_variable,
        break_none,
        break_order,
    ],
)
def test_broken_optimizer_fails_for_its_reason(keras, breaking):
    """Each is a mistake that people make."""
    kind = momentum(keras)
    name, words = breaking(keras, kind)
    factory = (lambda: kind(rho=0.9)) if name == "get_config" else kind
    found = check_optimizer(factory)
    assert not found
    assert words in broken(found)[name], str(found)


def test_wrong_rule(keras):
    """A reference that the optimizer does not follow."""
    found = check_optimizer(momentum(keras), reference=lambda w, g, state: (w - 0.02 * g, state))
    assert list(broken(found)) == ["reference"]


def test_wrong_use():
    """One sentence each."""
    with pytest.raises(TypeError, match="`factory` must be a function that makes an optimizer"):
        check_optimizer(3)
    with pytest.raises(TypeError, match="must give an optimizer of Keras 3 or tf-keras, got list"):
        check_optimizer(list)
