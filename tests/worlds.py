"""The small models and data that the examples of the pages may ask for by name.

`program` turns one example into a whole training program: imports, the worlds
that `step` asks for, the example itself, and a few calls of `step`. It is text
that TensorFlow can run and that the reader can read, the same for both.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass

GENERATIONS = ("3", "2")
"""Keras 3, and tf-keras (Keras 2)."""

MODES = ("eager", "traced")
"""How `step` is called: as it stands, or through `tf.function`."""

STEPS = 4
"""Calls of `step` in a program."""

GIVEN = ("tf", "keras", "np")
"""Names that every example has without asking."""

HEADER = """\
import numpy as np
import tensorflow as tf
{keras}

keras.utils.set_random_seed(7)
"""

IMPORTS = {"3": "import keras", "2": "import tf_keras as keras"}

WORLDS: Mapping[str, str] = {
    "x": 'x = tf.constant(np.random.default_rng(1).normal(size=(8, 4)), dtype="float32")',
    "y": 'y = tf.constant(np.random.default_rng(2).normal(size=(8, 4)), dtype="float32")',
    "amounts": 'amounts = tf.constant(np.random.default_rng(3).normal(size=8), dtype="float32")',
    "labels": 'labels = tf.constant([0, 1, 2, 0, 1, 2, 0, 1], dtype="int32")',
    "encoder": 'encoder = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, name="code")])',
    "decoder": 'decoder = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, name="out")])',
    "model": "model = keras.Sequential([keras.Input((4,)), encoder, decoder])",
    "regressor": 'regressor = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, name="amount")])',
    "optimizer": "optimizer = keras.optimizers.SGD(0.1)",
    "second_optimizer": "second_optimizer = keras.optimizers.SGD(0.1)",
}
"""What each name stands for; a world may use those that stand before it."""

NEEDS = {"model": ("encoder", "decoder")}


@dataclass(frozen=True)
class Example:
    """One fenced block of a page, with the marks under its heading.

    Attributes:
        fault: Name of the fault.
        kind: `"bad"` or `"good"`.
        code: Source text that defines `step`.
        modes: In which modes it is meant to be called.
        generations: For which Keras generations it is meant.
    """

    fault: str
    kind: str
    code: str
    modes: tuple[str, ...] = MODES
    generations: tuple[str, ...] = GENERATIONS

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the worlds that `step` asks for."""
        for node in ast.parse(self.code).body:
            if isinstance(node, ast.FunctionDef) and node.name == "step":
                return tuple(argument.arg for argument in node.args.args)
        raise ValueError(f"the {self.kind} example of {self.fault} defines no function `step`")


def example(fault: str, kind: str, section: str) -> Example:
    """Reads the text under the heading Bad or Good of a page."""
    block = re.search(r"```python\n(.*?)```", section, flags=re.DOTALL)
    if block is None:
        raise ValueError(f"the {kind} section of {fault} has no block of Python")
    mode = re.search(r"<!-- mode: (\w+) -->", section)
    keras = re.search(r"<!-- keras: (\d) -->", section)
    return Example(
        fault,
        kind,
        block.group(1),
        (mode.group(1),) if mode else MODES,
        (keras.group(1),) if keras else GENERATIONS,
    )


def program(shown: Example, mode: str = "eager", generation: str = "3") -> str:
    """A whole program around an example; it calls `step` `STEPS` times."""
    return program_of(shown.code, shown.parameters, mode, generation)


def program_of(code: str, parameters: tuple[str, ...], mode: str, generation: str) -> str:
    """The same for any text that defines `step` with these parameters."""
    asked = set(parameters).union(*(NEEDS.get(name, ()) for name in parameters))
    parts = [
        HEADER.format(keras=IMPORTS[generation]),
        *(text + "\n" for name, text in WORLDS.items() if name in asked),
        "\n\n" + code.strip("\n") + "\n\n\n",
        "step = tf.function(step)\n" if mode == "traced" else "",
        f"for turn in range({STEPS}):\n    step({', '.join(parameters)})\n",
    ]
    return "".join(parts)
