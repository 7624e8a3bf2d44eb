"""Properties of reading that hold for real files, cut, shuffled and nested."""

from __future__ import annotations

import ast
import random
import sysconfig
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradproof.evidence.loop import Loop
from gradproof.faults import FAULTS
from gradproof.source import Project, read
from gradproof.source.reader import MOST_STEPS

PACKAGES = Path(sysconfig.get_path("purelib"))
LONGEST = 20.0
"""Seconds of processor time that no file may take, on a busy machine."""

FILES = [
    "keras/src/trainers/trainer.py",
    "keras/src/backend/tensorflow/trainer.py",
    "keras/src/optimizers/base_optimizer.py",
    "keras/src/optimizers/loss_scale_optimizer.py",
    "keras/src/layers/rnn/gru.py",
    "keras/src/models/functional.py",
    "tf_keras/src/engine/training.py",
    "tf_keras/src/optimizers/optimizer.py",
    "tf_keras/src/layers/rnn/lstm.py",
    "tf_keras/src/mixed_precision/loss_scale_optimizer.py",
    "tensorflow/python/eager/backprop.py",
    "tensorflow/python/ops/custom_gradient.py",
]
"""Files of the installed packages that speak of training."""


def text_of(name: str) -> str:
    """The text of an installed file."""
    path = PACKAGES / name
    if not path.exists():
        pytest.skip(f"{name} is not installed")
    return path.read_text(encoding="utf-8")


def installed() -> Project:
    """The installed packages as one project."""

    def load(path: str) -> str | None:
        try:
            return (PACKAGES / path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return None

    def listing(folder: str) -> list[str]:
        place = PACKAGES / folder
        return [path.name for path in place.iterdir()] if place.is_dir() else []

    return Project(load, listing)


def judged(text: str, path: str = "x.py", project: Project | None = None) -> list[object]:
    """What every fault says of a text; nothing for what is no program."""
    try:
        loop = read(text, path, None, project)
    except (SyntaxError, ValueError):
        return []
    assert isinstance(loop, Loop)
    return [finding for fault in FAULTS if fault.find for finding in fault.find(loop)]


@pytest.mark.parametrize("name", FILES)
def test_real_files_with_their_project(name):
    """Read in time, the same twice, and every place lies within its file."""
    text = text_of(name)
    begun = time.process_time()
    first = judged(text, name, installed())
    assert time.process_time() - begun < LONGEST
    assert judged(text, name, installed()) == first


@pytest.mark.parametrize("name", FILES[:6])
@settings(max_examples=2, deadline=None)
@given(st.data())
def test_real_files_truncated(name, data):
    """A file that ends early is read, or is no program."""
    text = text_of(name)
    end = data.draw(st.integers(0, len(text)))
    begun = time.process_time()
    judged(text[:end])
    # Cut at a line, most beginnings are programs.
    judged(text[: text.rfind("\n", 0, end) + 1] + "\n    pass\n")
    assert time.process_time() - begun < LONGEST


@pytest.mark.parametrize("name", FILES[:6])
@settings(max_examples=2, deadline=None)
@given(st.integers(0, 2**32))
def test_real_files_with_shuffled_statements(name, seed):
    """Statements in any order, of modules, classes and functions."""
    tree = ast.parse(text_of(name))
    order = random.Random(seed)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and order.random() < 0.5:
            order.shuffle(body)
    text = ast.unparse(tree)
    assert judged(text) == judged(text)


@pytest.mark.parametrize("name", FILES[:6])
@settings(max_examples=2, deadline=None)
@given(st.integers(0, 2**32))
def test_real_files_with_swapped_names(name, seed):
    """Names that stand for something else than they were meant for."""
    tree = ast.parse(text_of(name))
    order = random.Random(seed)
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    spelled = [node.id for node in names]
    order.shuffle(spelled)
    for node, name_ in zip(names, spelled, strict=True):
        if order.random() < 0.2:
            node.id = name_
    judged(ast.unparse(tree))


LEAVES = st.sampled_from(
    "x y model model(x) tape optimizer model.trainable_variables 1 0.0 None tf.Variable(1.0)"
    " grads zip(grads,model.trainable_variables) tape.gradient(loss,model.trainable_variables)"
    " [v for v in model.weights] lambda:loss self.x keras.layers.Dense(3) f f(x) loss".split(" ")
)


def grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Expressions made of expressions."""
    return st.one_of(
        st.builds("({} + {})".format, inner, inner),
        st.builds("({})[{}]".format, inner, inner),
        st.builds("[{}, *({})]".format, inner, inner),
        st.builds("{{'a': {}, 'b': {}}}".format, inner, inner),
        st.builds("({} if {} else {})".format, inner, inner, inner),
        st.builds("[a for a in ({}) if ({})]".format, inner, inner),
        st.builds("({}).gradient({}, {})".format, inner, inner, inner),
        st.builds("({}).apply_gradients({})".format, inner, inner),
        st.builds("({}).assign({})".format, inner, inner),
        st.builds("tf.function({})({})".format, inner, inner),
        st.builds("tf.cond({}, {}, {})".format, inner, inner, inner),
        st.builds("tf.nest.map_structure({}, {})".format, inner, inner),
        st.builds("functools.partial({}, {})".format, inner, inner),
        st.builds("super().__init__({}, {})".format, inner, inner),
        st.builds("dict(a={}, **({}))".format, inner, inner),
        st.builds("sum({}, {})".format, inner, inner),
    )


EXPRESSIONS = st.recursive(LEAVES, grown, max_leaves=8)
STATEMENTS = st.one_of(
    EXPRESSIONS,
    st.builds("x = {}".format, EXPRESSIONS),
    st.builds("x, *y = {}".format, EXPRESSIONS),
    st.builds("loss += {}".format, EXPRESSIONS),
    st.builds("model.x = {}".format, EXPRESSIONS),
    st.builds("grads[0] = {}".format, EXPRESSIONS),
    st.builds("for x in {}: f = x".format, EXPRESSIONS),
    st.builds("with {} as tape: loss = f(x)".format, EXPRESSIONS),
    st.builds("def f(x=None, *a, **k): return {}".format, EXPRESSIONS),
    st.builds("class f(keras.Model): x = {}".format, EXPRESSIONS),
    st.builds("del x, y\nglobal_ = {}".format, EXPRESSIONS),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(STATEMENTS, max_size=12))
def test_programs_that_make_no_sense(statements):
    """Anything may meet anything: values of every kind in every place."""
    text = "import functools, keras\nimport tensorflow as tf\n" + "\n".join(statements)
    assert judged(text) == judged(text)


@pytest.mark.parametrize("depth", [50, 90, 1_000, 100_000])
@pytest.mark.parametrize("form", ["({})", "-{}", "f({})", "[{}]", "x if {} else y", "lambda: {}"])
def test_deep_nests(form, depth):
    """Deeper than Python reads, or than we do: a ValueError or silence."""
    before, after = form.split("{}")
    judged("import keras\nx = " + before * depth + "1" + after * depth)


def test_long_chains():
    """Sums, calls on calls, and elif without end."""
    judged("import keras\nx = " + " + ".join(["y"] * 5_000))
    judged("import keras\nx = y" + ".add(1)" * 3_000)
    judged("import keras\nif x: pass\n" + "elif x: pass\n" * 3_000)


@pytest.mark.parametrize("fan", [2, 3])
def test_calls_that_double_end(fan):
    """Functions that call the next ones twice: 2 ** 40 calls, and an end."""
    lines = ["import keras", "def f0(x): return keras.Variable(x)"]
    for number in range(1, 40):
        calls = ", ".join(f"f{number - 1}(x)" for _ in range(fan))
        lines.append(f"def f{number}(x): return [{calls}]")
    lines.append("f39(1)")
    begun = time.process_time()
    judged("\n".join(lines))
    assert time.process_time() - begun < LONGEST


VARIABLE = "x = tf.Variable(tf.ones((4, 4)))"
DOUBLED = {
    "list": ("x = [tf.Variable(1.0)]", "x = x + x"),
    "nest": ("x = [tf.Variable(1.0)]", "x = [x, x]"),
    "tuple": ("x = (tf.Variable(1.0),)", "x = (x, x)"),
    "dict": ("x = {'a': tf.Variable(1.0)}", "x = {'a': x, 'b': x}"),
    "sum": (VARIABLE, "x = x + x"),
    "quotient": (f"{VARIABLE}; x = 1.0 / x", "x = x + x"),
    "root": (f"{VARIABLE}; x = tf.norm(x[:, None] - x[None], axis=-1)", "x = x + x"),
    "concat": (VARIABLE, "x = tf.concat([x, x], 0)"),
    "new values": ("v = tf.Variable(1.0); x = [v - 0.1 * v]", "x = [x, x]"),
    "of no model": ("x = keras.Sequential([layers.Dense(3)]).trainable_variables", "x = x + x"),
    "number": ("v = [tf.Variable(1.0)]; x = len(v)", "x = x + x"),
    "branches": ("x = [tf.Variable(1.0)]", "if c:\n    x = [x, x]\nelse:\n    x = [x, x]"),
    "function": ("def two(a): return [a, a]\nx = [tf.Variable(1.0)]", "x = two(x)"),
    "zip": ("x = [tf.Variable(1.0)]", "x = list(zip(x, x))"),
    "class": (
        f"class P:\n    def __init__(self, a, b): self.a, self.b = a, b\n{VARIABLE}",
        "x = P(x, x)",
    ),
}
USES = """
y = x
x = [x, x]
loss = tf.reduce_sum(x)
flat = tf.nest.flatten(x)
x = tf.nest.map_structure(lambda v: v - 0.1, x)
x[0] = x
x["a"] = x
for a in x: a.assign(a)
optimizer.apply_gradients(zip(x, x))
optimizer.build(x)
x = [v * 2 for v in x]
x += x
x.extend(x)
x.append(list(x))
d = {v.ref(): v for v in x}
keras.Model(x, x)
c = tf.cond(True, lambda: x, lambda: x)
w = tf.while_loop(lambda i, x: i < 3, lambda i, x: (i, x), [0, x])
a, *b = x
optimizer.x = x; x = optimizer.x
x = step(step(x))
""".strip().splitlines()
STEP_ON_ALL = """
def step(x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = tf.add_n([tf.reduce_sum(v) for v in tf.nest.flatten(x)]) + tf.reduce_sum(x)
    g = tape.gradient(loss, x)
    g, n = tf.clip_by_global_norm(g, 1.0)
    optimizer.apply_gradients(zip(g, x))
    return [a - 0.1 * b for a, b in zip(x, g)]
"""


@pytest.mark.parametrize("times", [13, 40])
@pytest.mark.parametrize("kind", DOUBLED)
def test_what_holds_itself_many_times_over_ends(kind, times):
    """A value is made of two of the last, again and again, and then used in every way."""
    first, again = DOUBLED[kind]
    lines = ["import keras, tensorflow as tf", "optimizer = keras.optimizers.Adam(0.1)"]
    lines += [STEP_ON_ALL, first, *[again] * times, "kept = x"]
    for use in USES:
        lines += ["x = kept", use]
    begun = time.process_time()
    judged("\n".join(lines))
    assert time.process_time() - begun < LONGEST


def test_the_budget_ends_a_reading():
    """A loop in a loop in a loop over functions is cut, not followed."""
    body = "for a in d:\n" + "".join(f"{' ' * n}for a{n} in d:\n" for n in range(1, 18))
    text = "import keras\n" + body + " " * 19 + "keras.Variable(a)\n"
    begun = time.process_time()
    judged(text)
    assert time.process_time() - begun < LONGEST
    assert MOST_STEPS <= 100_000
