"""One defect at a time in right programs of many styles: named first, at its own line."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from gradproof.diagnose import diagnose
from gradproof.fault import Diagnosis
from gradproof.faults import FAULTS
from gradproof.source import Project, read

HERE = Path(__file__).parents[1] / "corpus" / "styles"
PROGRAMS = sorted(path.relative_to(HERE).as_posix() for path in HERE.rglob("*.py"))
PROJECT = tuple(path for path in PROGRAMS if path.startswith("project/"))


@dataclass(frozen=True)
class Defect:
    """What is put into one program.

    Attributes:
        program: The right one.
        codes: Names that are right for it.
        edits: Texts, each found once, and what takes their places.
    """

    program: str
    codes: str
    edits: tuple[tuple[str, str], ...]

    @property
    def text(self) -> str:
        """The program with the defect."""
        text = (HERE / f"{self.program}.py").read_text(encoding="utf-8")
        for old, new in self.edits:
            assert text.count(old) == 1, f"{self.program}: {old}"
            text = text.replace(old, new)
        return text

    def __str__(self) -> str:
        return f"{self.program}: {self.edits[-1][1].strip()[:40] or 'removed'}"


def defect(program: str, codes: str, *edits: tuple[str, str]) -> Defect:
    """One row."""
    return Defect(program, codes, edits)


DEFECTS = (
    defect(
        "trainers",
        "GP201",
        (
            "        with tf.GradientTape() as recorder:\n            loss = self.compute_loss(batch, training=True)\n",
            "        loss = self.compute_loss(batch, training=True)\n        with tf.GradientTape() as recorder:\n            loss = loss * 1.0\n",
        ),
    ),
    defect(
        "trainers",
        "GP406",
        (
            "self.opt.apply_gradients(list(zip(grads, self.parameters())))",
            "self.opt.apply_gradients(list(zip(self.parameters(), grads)))",
        ),
    ),
    defect(
        "trainers",
        "GP401",
        ("        self.opt.apply_gradients(list(zip(grads, self.parameters())))\n", ""),
    ),
    defect(
        "trainers",
        "GP706",
        ("scores = self.net(features, training=training)", "scores = self.net(features)"),
    ),
    defect(
        "trainers",
        "GP203",
        (
            "tf.reduce_mean(each)",
            "tf.reduce_mean(tf.cast(tf.argmax(scores, 1) != labels, tf.float32))",
        ),
    ),
    defect(
        "trainers",
        "GP513",
        (
            "self.opt.apply_gradients(list(zip(grads, self.parameters())))",
            "self.opt.apply_gradients(list(zip(raw, self.parameters())))",
        ),
        (
            "grads = recorder.gradient(loss, self.parameters())\n        grads, norm = tf.clip_by_global_norm(grads,",
            "raw = recorder.gradient(loss, self.parameters())\n        grads, norm = tf.clip_by_global_norm(raw,",
        ),
    ),
    defect(
        "trainers",
        "GP501",
        ("rate: float = 1e-2", "rate: float = 0.0"),
    ),
    defect(
        "trainers",
        "GP608",
        (
            "self.net(noisy, training=training), features)",
            "self.net(noisy, training=training).numpy(), features)",
        ),
    ),
    defect(
        "reinforce",
        "GP201",
        (
            "    with tf.GradientTape() as tape:\n        logits, values = policy(states)\n",
            "    logits, values = policy(states)\n    with tf.GradientTape() as tape:\n",
        ),
    ),
    defect(
        "reinforce",
        "GP402",
        (
            "adam.apply_gradients(zip(slopes, policy.trainable_variables))",
            "for slope, variable in zip(slopes, policy.trainable_variables):\n        variable = variable - 0.02 * slope",
        ),
    ),
    defect(
        "reinforce",
        "GP202",
        (
            "critic_loss = tf.reduce_mean(tf.square(goals - values))\n",
            "critic_loss = float(np.mean((goals - values.numpy()) ** 2))\n",
        ),
    ),
    defect(
        "reinforce",
        "GP609",
        ("adam = tf.keras.optimizers.Adam(0.02)\n", ""),
        ("    slopes = tape", "    adam = tf.keras.optimizers.Adam(0.02)\n    slopes = tape"),
    ),
    defect(
        "wgan",
        "GP205",
        ("        inner.watch(between)\n", ""),
    ),
    defect(
        "wgan",
        "GP403",
        (
            "zip(tape.gradient(loss, critic.trainable_weights), critic.trainable_weights)",
            "zip(tape.gradient(loss, critic.trainable_weights), generator.trainable_weights)",
        ),
    ),
    defect(
        "wgan",
        "GP214",
        (
            "loss = -tf.reduce_mean(critic(generator(noise, training=True), training=True))",
            "loss = -tf.reduce_mean(critic(tf.stop_gradient(generator(noise, training=True)), training=True))",
        ),
    ),
    defect(
        "wgan",
        "GP417 GP407",
        ("c_opt = optimizers.Adam(1e-3, beta_1=0.5)", "c_opt = g_opt"),
    ),
    defect(
        "wgan",
        "GP706",
        (
            "loss = -tf.reduce_mean(critic(generator(noise, training=True), training=True))",
            "loss = -tf.reduce_mean(critic(generator(noise), training=True))",
        ),
    ),
    defect(
        "pinn",
        "GP205",
        ("            first.watch(t)\n", ""),
    ),
    defect(
        "pinn",
        "GP201 GP210",
        (
            "        du = first.gradient(u, t)\n    ddu = second",
            "    du = first.gradient(u, t)\n    ddu = second",
        ),
    ),
    defect(
        "pinn",
        "GP405",
        (
            "    adam.apply_gradients(zip(grads, weights))",
            "    pairs = zip(grads, weights)\n    size = tf.add_n([tf.norm(g) for g, _ in pairs])\n    tf.print(size)\n    adam.apply_gradients(pairs)",
        ),
    ),
    defect(
        "pinn",
        "GP404 GP403",
        (
            "adam.apply_gradients(zip(grads, weights))",
            "adam.apply_gradients(zip(grads[1:], weights))",
        ),
    ),
    defect(
        "pinn",
        "GP111",
        (
            'tf.Variable(tf.zeros((fan_out,)), name=f"b{number}")',
            'tf.Variable(tf.zeros((fan_out,), tf.int32), name=f"b{number}")',
        ),
    ),
    defect(
        "pinn",
        "GP213",
        (
            "    grads = tape.gradient(loss, weights)\n",
            "    size = tf.linalg.global_norm(tape.gradient(loss, weights))\n    tf.print(size)\n    grads = tape.gradient(loss, weights)\n",
        ),
    ),
    defect(
        "vae",
        "GP101",
        (
            'self.gain = self.add_weight(shape=(shape[-1],), initializer="ones", name="gain")',
            'self.gain = tf.Variable(tf.ones((shape[-1],)), name="gain")',
        ),
    ),
    defect(
        "vae",
        "GP104",
        ("return inputs * self.gain", "return layers.Dense(8)(inputs) * self.gain"),
    ),
    defect(
        "vae",
        "GP401",
        (
            "        self.optimizer.apply(tape.gradient(loss, variables), variables)\n",
            "        gradients = tape.gradient(loss, variables)\n",
        ),
    ),
    defect(
        "vae",
        "GP608",
        ("divergence = -0.5 * ops.mean(", "divergence = -0.5 * np.mean("),
    ),
    defect(
        "vae",
        "GP501",
        ("keras.optimizers.Adam(3e-3)", "keras.optimizers.Adam(learning_rate=0)"),
    ),
    defect(
        "bymath",
        "GP504",
        (
            "theta[name].assign_sub(rate * speed[name])",
            "theta[name].assign_add(rate * speed[name])",
        ),
    ),
    defect(
        "bymath",
        "GP207",
        (
            "theta[name].assign_sub(rate * speed[name])",
            "theta[name] = theta[name] - rate * speed[name]",
        ),
    ),
    defect(
        "bymath",
        "GP302 GP203",
        (
            "tf.reduce_mean(each) +",
            "tf.reduce_mean(tf.round(tf.sigmoid(predict(theta, x))) - y) ** 2 + 0 * tf.stop_gradient(tf.reduce_mean(each)) + 0 *",
        ),
    ),
    defect(
        "closures",
        "GP201",
        (
            "        with tf.GradientTape() as tape:\n            value = function(*args)\n",
            "        value = function(*args)\n        with tf.GradientTape() as tape:\n            value = value + 0.0\n",
        ),
    ),
    defect(
        "closures",
        "GP403 GP404",
        (
            "optimizer.apply_gradients(zip(grads, model.trainable_variables))",
            "optimizer.apply_gradients(zip(grads, model.variables))",
        ),
    ),
    defect(
        "closures",
        "GP409",
        (
            "        value, grads = cost(",
            "        optimizer = keras.optimizers.AdamW(0.01)\n        value, grads = cost(",
        ),
    ),
    defect(
        "closures",
        "GP706",
        ("model(x, training=True)", "model(x)"),
    ),
    defect(
        "dqn",
        "GP201",
        (
            "        with tf.GradientTape() as tape:\n            q = self.online(state, training=True)\n",
            "        q = self.online(state, training=True)\n        with tf.GradientTape() as tape:\n",
        ),
    ),
    defect(
        "dqn",
        "GP203",
        (
            "taken = tf.reduce_sum(q * tf.one_hot(action, self.actions), axis=1)",
            "taken = tf.cast(tf.argmax(q, axis=1), tf.float32)",
        ),
    ),
    defect(
        "dqn",
        "GP707",
        (
            "        self.target = q_network(states, actions)\n        self.target.set_weights(self.online.get_weights())\n",
            "        self.target = self.online\n",
        ),
    ),
    defect(
        "dqn",
        "GP403",
        (
            "self.optimizer.apply_gradients(zip(gradients, self.online.trainable_variables))",
            "self.optimizer.apply_gradients(zip(gradients, self.target.trainable_variables))",
        ),
    ),
    defect(
        "dqn",
        "GP402",
        (
            "            slow.assign(self.tau * fast + (1.0 - self.tau) * slow)",
            "            slow = self.tau * fast + (1.0 - self.tau) * slow",
        ),
    ),
    defect(
        "contrast",
        "GP203",
        (
            "return tf.math.l2_normalize(self.parts[-1](x), axis=-1)",
            "return tf.sign(self.parts[-1](x))",
        ),
    ),
    defect(
        "contrast",
        "GP111",
        ("self.log_scale = tf.Variable(1.0,", "self.log_scale = tf.Variable(1,"),
    ),
    defect(
        "contrast",
        "GP401",
        ("    sgd.apply_gradients(zip(grads, weights))\n", ""),
    ),
    defect(
        "contrast",
        "GP406",
        ("sgd.apply_gradients(zip(grads, weights))", "sgd.apply_gradients(grads, weights)"),
    ),
    defect(
        "accumulate",
        "GP506",
        ("        for total in self.sums:\n            total.assign(tf.zeros_like(total))\n", ""),
    ),
    defect(
        "accumulate",
        "GP702",
        (
            "keras.losses.SparseCategoricalCrossentropy()",
            "keras.losses.SparseCategoricalCrossentropy(from_logits=True)",
        ),
    ),
    defect(
        "accumulate",
        "GP703",
        (" + tf.add_n(model.losses)", ""),
    ),
    defect(
        "accumulate",
        "GP205",
        ("tape.gradient(loss, model.trainable_variables)", "tape.gradient(loss, model.losses)"),
    ),
    defect(
        "actor_critic",
        "GP403",
        (
            "optimizers[name].apply_gradients(zip(grads, net.trainable_variables))",
            'optimizers[name].apply_gradients(zip(grads, nets["actor"].trainable_variables))',
        ),
    ),
    defect(
        "actor_critic",
        "GP417 GP407",
        (
            "optimizers = {name: keras.optimizers.Adam(3e-3) for name in nets}",
            "shared = keras.optimizers.Adam(3e-3)\noptimizers = {name: shared for name in nets}",
        ),
    ),
    defect(
        "actor_critic",
        "GP202",
        (
            "ratio = tf.exp(log_probability(states, actions) - old)",
            "ratio = np.exp(log_probability(states, actions) - old)",
        ),
    ),
    defect(
        "actor_critic",
        "GP701",
        (
            'tf.squeeze(nets["critic"](states), 1) - goals) ** 2',
            'nets["critic"](states) - goals) ** 2',
        ),
    ),
    defect(
        "legacy",
        "GP505",
        ("        scaled = optimizer.get_scaled_loss(loss)\n", "        scaled = loss\n"),
    ),
    defect(
        "legacy",
        "GP706",
        ("logits = tagger(tokens, training=True)", "logits = tagger(tokens)"),
    ),
    defect(
        "maml",
        "GP207",
        (
            "outer_optimizer.apply_gradients(zip(outer_grads, net.slow))",
            "net.slow = [weight - 1e-3 * slope for weight, slope in zip(net.slow, outer_grads)]",
        ),
    ),
    defect(
        "maml",
        "GP201 GP210",
        (
            "    with tf.GradientTape() as outer:\n        fast = adapted(net, x_support, y_support)\n        meta = mse(net, fast, x_query, y_query)\n",
            "    fast = adapted(net, x_support, y_support)\n    meta = mse(net, fast, x_query, y_query)\n    with tf.GradientTape() as outer:\n        meta = tf.identity(meta)\n",
        ),
    ),
    defect(
        "project/train",
        "GP201",
        (
            "        with tf.GradientTape() as tape:\n            loss = squared(self.model, x, y, training=True)\n",
            "        loss = squared(self.model, x, y, training=True)\n        with tf.GradientTape() as tape:\n            loss = tf.identity(loss)\n",
        ),
    ),
    defect(
        "project/objectives",
        "GP406",
        (
            "optimizer.apply_gradients(zip(gradients, variables))",
            "optimizer.apply_gradients(zip(variables, gradients))",
        ),
    ),
    defect(
        "project/objectives",
        "GP401",
        (
            "    optimizer.apply_gradients(zip(gradients, variables))\n    return gradients\n",
            "    return None\n",
        ),
    ),
    defect(
        "project/objectives",
        "GP608",
        (
            "    prediction = model(x, training=training)\n",
            "    prediction = model(x, training=training)\n    prediction = tf.constant(prediction.numpy())\n",
        ),
    ),
    defect(
        "project/networks",
        "GP101",
        (
            "        self.blocks = [Block(width) for width in widths]\n",
            "        self.gains = [tf.Variable(1.0) for _ in widths]\n        self.blocks = [Block(width) for width in widths]\n",
        ),
        (
            "        for block in self.blocks:\n            x = block(x, training=training)\n",
            "        for gain, block in zip(self.gains, self.blocks):\n            x = block(x, training=training) * gain\n",
        ),
        ("import keras\n", "import keras\nimport tensorflow as tf\n"),
    ),
    defect(
        "project/networks",
        "GP104",
        ("        return self.out(x)", "        return layers.Dense(1)(x)"),
    ),
)


def found(changed: dict[str, str], paths: Sequence[str]) -> list[Diagnosis]:
    """What reading says of these files, some of them changed."""

    def load(path: str) -> str | None:
        if path in changed:
            return changed[path]
        try:
            return (HERE / path).read_text(encoding="utf-8")
        except OSError:
            return None

    def listing(path: str) -> list[str]:
        return os.listdir(HERE / path) if (HERE / path).is_dir() else []

    result = []
    for path in paths:
        loop = read(load(path) or "", path, None, Project(load, listing))
        result += [one for one in diagnose(FAULTS, [loop]) if one.level != "advice"]
    return result


@pytest.mark.parametrize("program", PROGRAMS)
def test_right_programs(program):
    """Nothing is wrong with them, so nothing is said."""
    assert found({}, [program]) == []


@pytest.mark.parametrize("row", DEFECTS, ids=str)
def test_one_defect(row):
    """It is the first thing that is named."""
    path = f"{row.program}.py"
    first, *_ = found({path: row.text}, PROJECT if path in PROJECT else [path])
    assert first.fault.code in row.codes.split()


@pytest.mark.slow
@pytest.mark.tensorflow
@pytest.mark.parametrize("program", [one for one in PROGRAMS if not one.startswith("project/")])
def test_they_are_right(program):
    """Each runs to its end."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-W", "error::UserWarning", str(HERE / program)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
