"""Stuck programs in idioms of their own: the fault is named first, at its line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from programs import CORPUS, Answer, ask

SLACK = 2
"""Lines by which a place may miss the guilty ones."""


@dataclass(frozen=True)
class Row:
    """What is wrong with one program.

    Attributes:
        program: Name of its file.
        at: Words of the guilty lines, each found once in the program; any of
            them will do as the place.
        fault: Name to be given first.
        also: Other right names for it.
        run: Generations in which `run` must name it. In the others the
            program is right and must stay silent.
        check: The source shows it.
        variables: For what only a run can know: naming one of these will do
            instead of the place.
    """

    program: str
    at: tuple[str, ...]
    fault: str
    also: tuple[str, ...] = ()
    run: tuple[int, ...] = (3, 2)
    check: bool = True
    variables: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        """Where the program stands."""
        return CORPUS / f"{self.program}.py"

    @property
    def lines(self) -> list[int]:
        """The guilty lines, from 1."""
        text = self.path.read_text(encoding="utf-8").splitlines()
        found = [[n for n, line in enumerate(text, 1) if words in line] for words in self.at]
        assert all(len(numbers) == 1 for numbers in found), f"{self.program}: {self.at}"
        return [numbers[0] for numbers in found]


def row(program: str, *at: str, fault: str = "", **rest) -> Row:
    """Takes the fault from the file's name, if it is not said."""
    return Row(program, at, fault or program.rsplit("-", 1)[0], **rest)


ROWS = (
    row("untracked-variable-1", "self.log_temperature = tf.Variable", run=(3,)),
    row("untracked-in-container-1", "self.experts = [", "self.inner =", "self.outer ="),
    row(
        "untracked-in-container-2",
        "self.table = {",
        '"heights": tf.Variable',
        '"places": tf.Variable',
        also=("untracked-variable",),
        run=(3,),
    ),
    row("variables-read-before-build-1", "self.params = model.trainable_variables"),
    row("non-trainable-in-list-1", "every = net.weights", "sgd.apply_gradients"),
    row("variable-left-out-1", "tape.gradient(error", "opt.apply_gradients"),
    row("variable-left-out-2", "tape.gradient(nll", "log_sigma = tf.Variable", check=False),
    row("int-dtype-variable-1", "tf.Variable(1)"),
    row(
        "forward-outside-tape-1", "logits, value = net(state)", "run_episode()", "tf.GradientTape()"
    ),
    row("forward-outside-tape-2", "self.model(x, training=True)", "loss = self.loss(x, y)"),
    row("numpy-on-loss-path-1", "np.clip(self.actor(states)"),
    row("numpy-on-loss-path-2", "rate = float(decay)"),
    row("nondifferentiable-op-1", "tf.round(self.out"),
    row("nondifferentiable-op-2", "tf.cast(selector > 0.0"),
    row("opaque-python-function-1", "tf.numpy_function"),
    row("unwatched-tensor-1", "value = u(t)", "inner.gradient(value, t)"),
    row("variable-rebound-to-tensor-1", "self.P = self.P - alpha", "self.Q = self.Q - alpha"),
    row(
        "unconnected-variable-1",
        "tf.concat([u, u]",
        "i = self.item_tower",
        "tape.gradient(loss",
        check=False,
    ),
    row("second-gradient-call-1", "domain_opt.apply_gradients"),
    row("zero-gradient-region-1", "tf.clip_by_value(self.raw", check=False),
    row(
        "nan-gradient-applied-1",
        "tf.norm(difference",
        also=("nan-from-singular-op",),
        check=False,
        variables=("kernel", "bias"),
    ),
    row("gradients-never-applied-1", "tape.gradient(loss", "clip_by_global_norm"),
    row("gradients-never-applied-2", "tape.gradient(loss, policy", "= policy_gradients(states"),
    row("update-bypasses-variables-1", "updated.append(p - rate * g)", "params = sgd_update"),
    row("mispaired-gradients-1", "self.opt_b.apply_gradients"),
    row("mispaired-gradients-2", "zip(grads, destinations)", "destinations = "),
    row(
        "loss-scale-generation-mix-1",
        "scaler.apply(slopes)",
        "tape.gradient(error",
        "scaler.scale_loss(error)",
        also=("api-generation-mismatch",),  # in Keras 2
        check=False,
    ),
    row(
        "short-zip-1",
        "adam.apply_gradients",
        "tape.gradient(loss, trunk)",
        also=("mispaired-gradients",),
    ),
    row("spent-zip-1", "if healthy(pairs):", "optimizer.apply_gradients(pairs)", "pairs = zip("),
    row("optimizer-call-misuse-1", "self.optimizer.apply_gradients(gradients)"),
    row("optimizer-call-misuse-2", "adam.minimize"),
    row(
        "optimizer-bound-to-old-variables-1",
        "optimizer.apply_gradients",
        "train(make_model(width)",
        "optimizer = tf.keras",
    ),
    row("state-created-in-tf-function-1", "optimizer = tf.keras"),
    row(
        "learning-rate-zero-1",
        "initial_learning_rate=0.01",
        check=False,
        variables=("kernel", "bias"),
    ),
    row("wrong-sign-update-1", "v.assign(v + self.rate"),
    row("python-state-frozen-at-trace-1", "self.beta * kl", "self.beta = min"),
    row("python-state-frozen-at-trace-2", "rate = rate * 0.9", "updates += 1"),
    row("shape-broadcast-1", "error = target - prediction", "pinball(y, model"),
    row("shape-broadcast-2", "tf.square(wanted - net", check=False),
    row("logits-mismatch-1", "tf.nn.softmax(self.head", "logits=scores"),
    row("logits-mismatch-2", "bce = tf.keras.losses", "loss = bce("),
    row("training-flag-missing-1", "logits = net(x)"),
    row("training-flag-missing-2", "loss_object(y, model(x))", "loss = compute_loss(model"),
    row(
        "variable-left-out-3", "weights = encoder.trainable_variables + decoder.trainable_variables"
    ),
    row("numpy-on-loss-path-3", "return np.clip(action, -1.0, 1.0)"),
    row("stopped-gradient-1", "p = tf.stop_gradient(p)"),
    row(
        "nondifferentiable-op-3",
        "hard = tf.one_hot(tf.argmax(soft, axis=-1), tf.shape(soft)[-1])",
        "choice = hard",
    ),
    row("nan-from-singular-op-1", "distances = tf.sqrt(tf.reduce_sum(difference**2, axis=-1))"),
    row(
        "zero-gradient-region-2",
        'log_std = tf.Variable([2.5], name="log_std")',
        "spread = tf.clip_by_value(log_std, LOG_STD_MIN, LOG_STD_MAX)",
        check=False,
    ),
    row(
        "mispaired-gradients-3",
        "g1 = tape.gradient(loss1, self.q1.trainable_variables)",
        "g2 = tape.gradient(loss2, self.q2.trainable_variables)",
        "self.opt1.apply_gradients(zip(g2, self.q1.trainable_variables))",
        "self.opt2.apply_gradients(zip(g1, self.q2.trainable_variables))",
    ),
    row(
        "learning-rate-copied-1",
        'self.optimizer = tf.keras.optimizers.SGD(learning_rate=config["lr"])',
        'self.config["lr"] *= self.config["decay"]',
        check=False,
    ),
    row("learning-rate-copied-2", "optimizer = tf.keras.optimizers.SGD(float(schedule(0)))"),
    row(
        "python-state-frozen-at-trace-3",
        "self.kl_weight = 0.0",
        "loss = reconstruction + self.kl_weight * kl",
        "self.model.kl_weight = min(1.0, epoch / self.epochs)",
        check=False,
    ),
    row("trainable-flip-ignored-1", "base.trainable = True"),
    row(
        "wrong-accumulation-1",
        "self.optimizer.apply_gradients(",
        "zip([tf.identity(s) for s in self.sums], self.model.trainable_variables)",
        check=False,
    ),
    row(
        "target-copy-wrong-1",
        "for t, o in zip(target.variables, target.variables):",
        "t.assign(TAU * o + (1.0 - TAU) * t)",
        check=False,
    ),
    row(
        "iterations-counter-off-1",
        "optimizer.apply_gradients([(tf.clip_by_norm(g, 1.0), v)])",
        check=False,
    ),
    row(
        "untracked-in-container-3",
        "class Block:",
        "self.blocks = [Block(width) for _ in range(depth)]",
    ),
    row("wrong-custom-gradient-1", "return upstream * s * (1.0 - s)", check=False),
    row(
        "shape-broadcast-3",
        "u0 = tf.constant(-np.sin(math.pi * x0), tf.float32)",
        "data_loss = tf.reduce_mean(tf.square(net(start) - u0))",
        check=False,
    ),
    row(
        "dataset-loop-in-tape-1",
        "for xb, yb in dataset:",
        "total += tf.reduce_mean(tf.square(scale * (xb @ weights) - yb))",
    ),
    row(
        "inner-gradient-not-recorded-1",
        "gp = self.penalty(real, fake)",
        "c_loss = wasserstein + 10.0 * gp",
    ),
    row(
        "masked-weights-still-move-1", "grads = [g * m for g, m in zip(grads, masks)]", check=False
    ),
    row(
        "duplicate-variable-1",
        "parameters = [v for layer in gen + scorer for v in layer.trainable_variables]",
        "optimizer.apply_gradients(zip(grads, parameters))",
    ),
    row(
        "clipping-dropped-1",
        "clipped = [tf.clip_by_norm(g, 0.1) for g in d_grads]",
        "d_opt.apply_gradients(zip(d_grads, disc.trainable_variables))",
    ),
    row("sample-weight-ignored-1", "x, y, weights = data", "loss = self.bce(y, logits)"),
    row(
        "constant-weight-1",
        "self.kernel = tf.random.uniform((shape[-1], self.units), -limit, limit)",
    ),
    row(
        "custom-optimizer-bug-1",
        "new = self.beta * velocity + gradient",
        "self.assign_sub(variable, learning_rate * velocity)",
        run=(3,),
        check=False,
    ),
    row("assign-on-loss-path-1", "self.state.assign(tf.tanh(joined @ self.write))"),
    row("optimizer-recreated-1", "optimizer = tf.keras.optimizers.Adam(self.rate)"),
    row(
        "stale-gradient-1",
        "with tf.GradientTape() as tape:",
        "gradient = tape.gradient(loss, variable)",
        "variable.assign_sub(rate * gradient)",
    ),
    row(
        "created-in-call-1",
        "v = tf.keras.layers.Dense(1)(h)",
        "a = tf.keras.layers.Dense(self.actions)(h)",
    ),
    row(
        "derived-weights-built-once-1",
        "self.kernel = tf.nn.softplus(tf.convert_to_tensor(self.raw))",
    ),
    row("data-iterator-spent-1", "for x, y in data:", "fit(batches(32), epochs=6)"),
)


def judge(answer: Answer, each: Row) -> str:
    """Says what is wrong with an answer; nothing if it is right."""
    if not answer.loud:
        return "nothing named"
    first = answer.loud[0]
    if first["fault"] not in (each.fault, *each.also):
        return f"named {answer.named}, wanted {each.fault}"
    place = first["place"] or {}
    start, end = place.get("line"), place.get("end_line") or place.get("line")
    if start is not None and any(start - SLACK <= line <= end + SLACK for line in each.lines):
        return ""
    if any(wanted in path for wanted in each.variables for path in first["variables"]):
        return ""
    return f"right fault at line {start}, wanted one of {each.lines}"


QUICK = {
    "numpy-on-loss-path-1": 3,
    "mispaired-gradients-1": 3,
    "gradients-never-applied-1": 2,
    "learning-rate-copied-2": 3,
    "shape-broadcast-2": 2,
    "variable-left-out-2": 3,
}
"""Runs that stay in the everyday suite, with their generation."""


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("each", "generation"),
    [
        pytest.param(
            each,
            generation,
            id=f"{each.program}-keras{generation}",
            marks=() if QUICK.get(each.program) == generation else pytest.mark.slow,
        )
        for each in ROWS
        for generation in (3, 2)
    ],
)
def test_run_names_the_cause_first(each: Row, generation: int) -> None:
    """A watched stuck program gets its cause named first; a right one nothing."""
    answer = ask("run", each.path, generation)
    if generation in each.run:
        assert judge(answer, each) == "", answer.stderr[-3000:]
    else:
        assert answer.named == [], answer.stderr[-3000:]


@pytest.mark.parametrize(
    "each", [each for each in ROWS if each.check], ids=lambda each: each.program
)
def test_check_names_the_cause_first(each: Row) -> None:
    """What the source alone shows is named by reading."""
    assert judge(ask("check", each.path), each) == ""


@pytest.mark.parametrize(
    "each", [each for each in ROWS if not each.check], ids=lambda each: each.program
)
def test_check_guesses_nothing_wrong(each: Row) -> None:
    """Where only a run can know, reading stays silent or says the right thing."""
    answer = ask("check", each.path)
    assert not answer.loud or judge(answer, each) == ""


def test_every_program_has_a_row() -> None:
    """No stuck program stands in the folder untested; guilty lines are found."""
    assert all(each.lines for each in ROWS)
    assert sorted(each.program for each in ROWS) == sorted(
        path.stem for path in CORPUS.glob("*.py")
    )
