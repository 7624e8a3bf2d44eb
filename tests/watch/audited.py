"""Runs optimizers eagerly and traced under a watcher; prints what the audits say.

`python audited.py OPTIMIZERS`: a JSON object of names and expressions.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from gradproof.watching import Watcher


def train(name: str, expression: str, mode: str) -> list[str]:
    """Four steps of a small model; gives the paths of its variables."""
    import numpy as np
    import tensorflow as tf

    keras = tf.keras
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.layers.Input((6,)),
            keras.layers.Dense(
                5,
                activation="tanh",
                name=f"{mode}_{name}_a",
                kernel_constraint=keras.constraints.MaxNorm(0.7) if name == "momentum" else None,
            ),
            keras.layers.Dense(5, name=f"{mode}_{name}_b"),
        ]
    )
    optimizer = eval(expression, {"O": keras.optimizers, "keras": keras})
    x = tf.constant(np.random.randn(16, 6).astype("float32"))
    y = tf.constant(np.random.randn(16, 5).astype("float32"))

    def step() -> None:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
            if name == "scaled":
                scale = getattr(optimizer, "scale_loss", None) or optimizer.get_scaled_loss
                loss = scale(loss)
        gradients = tape.gradient(loss, model.trainable_variables)
        if hasattr(optimizer, "get_unscaled_gradients"):
            gradients = optimizer.get_unscaled_gradients(gradients)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))

    step.__name__ = f"{mode}_{name}"
    run = tf.function(step) if mode == "traced" else step
    for _ in range(4):
        run()
    return [str(getattr(one, "path", None) or one.name) for one in model.trainable_variables]


def main() -> None:
    """All optimizers, in both modes."""
    asked: dict[str, str] = json.loads(sys.argv[1])
    watcher = Watcher(lambda *evidence: None, Path("."))
    watcher.start()
    paths = {
        (mode, name): train(name, expression, mode)
        for mode in ("eager", "traced")
        for name, expression in asked.items()
    }
    run = watcher.snapshot(finished=True)
    watcher.stop()
    answer: dict[str, Any] = {"problem": watcher.failure, "eager": {}, "traced": {}}
    unwatched = [one for one in run.unwatched if "rule" in one]
    answer["problem"] = answer["problem"] or (unwatched[0] if unwatched else None)
    for (mode, name), named in paths.items():
        names = {path.split(":")[0] for path in named}
        answer[mode][name] = [
            audit.agrees
            for step in (1, 2, 3, 4)
            for audit in run.audits
            if audit.step == step and run.path(audit.variable) in names
        ]
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
