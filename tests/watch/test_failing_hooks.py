"""Every hook of the watcher made to raise in turn: the training must not notice."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from gradproof.watching import Watcher
from gradproof.watching.patches import Patches

pytestmark = pytest.mark.tensorflow

STEPS = 3


def train() -> str:
    """Trains in most of the ways there are, and gives a hash of all that comes out."""
    import tensorflow as tf

    keras = tf.keras
    keras.utils.set_random_seed(7)
    keras.backend.clear_session()
    model = keras.Sequential(
        [
            keras.layers.Input((3,)),
            keras.layers.Dense(4, activation="relu"),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(1),
        ]
    )
    ema = keras.models.clone_model(model)
    ema.set_weights(model.get_weights())
    by_hand = tf.Variable(tf.ones([3, 1]), name="by_hand")
    optimizers = [keras.optimizers.Adam(0.01), keras.optimizers.SGD(0.01, momentum=0.9)]
    x = tf.random.stateless_normal([8, 3], (1, 2))
    y = tf.reduce_sum(x, axis=1, keepdims=True)
    losses: list[float] = []

    def step(optimizer: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x, training=True) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        gradients, _ = tf.clip_by_global_norm(gradients, 1.0)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    @tf.function
    def step_by_hand(rate: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(x @ by_hand - y))
        by_hand.assign_sub(rate * tape.gradient(loss, by_hand))
        return loss

    traced = tf.function(functools.partial(step, optimizers[1]))
    for _ in range(STEPS):
        losses += [float(step(optimizers[0])), float(traced())]
        losses.append(float(step_by_hand(tf.constant(0.1))))
        for slow, fast in zip(ema.weights, model.weights, strict=True):
            slow.assign(0.9 * slow + 0.1 * fast)
    model.compile(optimizer=keras.optimizers.RMSprop(0.01), loss="mse")
    losses += model.fit(x, y, epochs=1, batch_size=4, verbose=0).history["loss"]
    frozen = model.layers[0]
    frozen.trainable = False
    digest = hashlib.sha256(repr(losses).encode())
    held = [variable for optimizer in optimizers for variable in _variables(optimizer)]
    for variable in (*model.weights, *ema.weights, by_hand, *held):
        digest.update(variable.numpy().tobytes())
    return digest.hexdigest()


def _variables(optimizer: Any) -> Any:
    held = optimizer.variables
    return held() if callable(held) else held


def hook_name(hook: Callable[..., Any]) -> str:
    """Where a hook stands, and for which method it was made."""
    function = getattr(hook, "__func__", hook)
    code = function.__code__
    return f"{function.__qualname__}:{code.co_firstlineno}{function.__kwdefaults__ or ''}"


class Hooks:
    """Stands in for `Patches.quietly`: notes the hooks, and makes one of them fail."""

    def __init__(self, chosen: str = "", *, late: bool = False) -> None:
        self.seen: dict[str, None] = {}
        self.chosen = chosen
        self.late = late
        self._quietly = Patches.quietly

    def quietly(self, patches: Patches, hook: Any, *args: Any) -> Any:
        """Calls the hook, or what fails in its place."""
        if hook is None:
            return None
        name = hook_name(hook)
        self.seen[name] = None

        def failing(*given: Any) -> Any:
            if self.late:
                hook(*given)
            raise RuntimeError("a mistake of ours")

        return self._quietly(patches, failing if name == self.chosen else hook, *args)


def watched(hooks: Hooks, monkeypatch: Any, folder: Any) -> tuple[str, Watcher]:
    """Trains under a watcher of which one hook fails."""
    with monkeypatch.context() as patch:
        patch.setattr(Patches, "quietly", lambda *args: hooks.quietly(*args))
        watcher = Watcher(lambda watcher: watcher.snapshot(), folder)
        watcher.start()
        try:
            return train(), watcher
        finally:
            watcher.snapshot(finished=True)
            watcher.stop()


@pytest.fixture(scope="module")
def bare() -> str:
    """What the training gives when nobody watches."""
    return train()


@pytest.fixture(scope="module")
def hooks(bare, tmp_path_factory) -> list[str]:
    """Names of all hooks that this training comes by."""
    every = Hooks()
    with pytest.MonkeyPatch.context() as patch:
        result, watcher = watched(every, patch, tmp_path_factory.mktemp("home"))
    assert (result, watcher.failure) == (bare, None)
    assert len(every.seen) > 40
    return list(every.seen)


def test_some_hooks_fail_and_the_training_goes_on(bare, hooks, monkeypatch, tmp_path, capsys):
    """The same losses, weights and state to the last bit, and one line that says so."""
    chosen = hooks[len(hooks) // 2 :: 12]
    assert _wrong(chosen, (False,), bare, monkeypatch, tmp_path, capsys) == []


@pytest.mark.slow
def test_whichever_hook_fails_the_training_goes_on(bare, hooks, monkeypatch, tmp_path, capsys):
    """Each of them, before it has done its work and after it."""
    assert _wrong(hooks, (False, True), bare, monkeypatch, tmp_path, capsys) == []


def _wrong(
    names: list[str],
    moments: tuple[bool, ...],
    bare: str,
    monkeypatch: Any,
    folder: Any,
    capsys: Any,
) -> list[str]:
    capsys.readouterr()
    return [
        f"{name} {late=}: {what}"
        for name in names
        for late in moments
        for what in _differences(Hooks(name, late=late), bare, monkeypatch, folder, capsys)
    ]


def _differences(
    hooks: Hooks, bare: str, monkeypatch: Any, folder: Any, capsys: Any
) -> Iterator[str]:
    result, watcher = watched(hooks, monkeypatch, folder)
    if result != bare:
        yield "other results"
    if watcher.failure is None:
        yield "no failure noticed"
    said = capsys.readouterr().err.splitlines()
    if sum("stepped aside" in line for line in said) != 1 or any("Traceback" in s for s in said):
        yield f"said {said}"
