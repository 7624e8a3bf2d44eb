"""Mends in programs that are laid out as people lay them out."""

from __future__ import annotations

import pytest

from gradproof.finding import Finding, Place, Span
from gradproof.source.mends import HOMES, Draft, candidates, mends
from snippets import mended

HEAD = """\
import tensorflow as tf
from tensorflow import keras

encoder = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, name="code")])
optimizer = keras.optimizers.SGD(0.1)
x = tf.ones((8, 4))


"""


def healed(text: str) -> str | None:
    """What becomes of a program below the usual head."""
    after = mended(HEAD + text)
    return None if after is None else after.removeprefix(HEAD)


HOISTED = """\
def step(y):
\tcode = encoder(x)
\twith tf.GradientTape() as tape:
\t\tloss = tf.reduce_mean(tf.square(code - y))
\tgradients = tape.gradient(loss, encoder.trainable_variables)
\toptimizer.apply_gradients(zip(gradients, encoder.trainable_variables))
"""
TAKEN_ONCE = """\
def train(y):
\twith tf.GradientTape() as tape:
\t\tloss = tf.reduce_mean(tf.square(encoder(x) - y))
\tgradients = tape.gradient(loss, encoder.trainable_variables)
\tfor _ in range(9):
\t\toptimizer.apply_gradients(zip(gradients, encoder.trainable_variables))
"""


@pytest.mark.parametrize("unit", ["\t", "  ", "   ", "    "])
def test_mends_indent_as_the_program_does(unit: str):
    """What moves one level deeper moves by as much as the rest of the file."""
    code = "\tcode = encoder(x)\n"
    tape = "\twith tf.GradientTape() as tape:\n"
    inside = HOISTED.replace(code, "").replace(tape, f"{tape}\t{code}")
    assert healed(HOISTED.replace("\t", unit)) == inside.replace("\t", unit)
    lines = TAKEN_ONCE.splitlines(keepends=True)
    within = [lines[0], lines[4], *(f"\t{line}" for line in lines[1:4]), lines[5]]
    assert healed(TAKEN_ONCE.replace("\t", unit)) == "".join(within).replace("\t", unit)


def test_what_moves_into_the_tape_keeps_its_comments_and_strings():
    """Lines inside a string keep their place, comments move with the code."""
    before = '''\
def step(y):
    # the forward pass
    code = encoder(x)  # once
    note = """
  as it is
"""
    # now record
    with tf.GradientTape() as tape:
        # the loss
        loss = tf.reduce_mean(tf.square(code - y))
    gradients = tape.gradient(loss, encoder.trainable_variables)
    optimizer.apply_gradients(zip(gradients, encoder.trainable_variables))
    return note
'''
    assert (
        healed(before)
        == '''\
def step(y):
    # the forward pass
    with tf.GradientTape() as tape:
        code = encoder(x)  # once
        note = """
  as it is
"""
        # now record
        # the loss
        loss = tf.reduce_mean(tf.square(code - y))
    gradients = tape.gradient(loss, encoder.trainable_variables)
    optimizer.apply_gradients(zip(gradients, encoder.trainable_variables))
    return note
'''
    )


def test_a_loss_after_the_tape_moves_back_into_it():
    """Down to the line that computes it."""
    before = """\
def step(y):
    with tf.GradientTape() as tape:
        code = encoder(x)
    loss = tf.reduce_mean(
        tf.square(code - y))
    gradients = tape.gradient(loss, encoder.trainable_variables)
    optimizer.apply_gradients(zip(gradients, encoder.trainable_variables))
"""
    assert healed(before) == before.replace(
        "    loss = tf.reduce_mean(\n        tf.square",
        "        loss = tf.reduce_mean(\n            tf.square",
    )


def test_a_forgotten_apply_goes_behind_the_clipping():
    """With the optimizer that nobody uses."""
    before = """\
spare = keras.optimizers.Adam(0.1)


def step(y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(encoder(x) - y))
    gradients = tape.gradient(loss, encoder.trainable_variables)
    gradients, norm = tf.clip_by_global_norm(gradients, 1.0)  # safe
    return norm


for turn in range(3):
    step(x)
"""
    line = "    gradients, norm = tf.clip_by_global_norm(gradients, 1.0)  # safe\n"
    apply = "    optimizer.apply_gradients(zip(gradients, encoder.trainable_variables))\n"
    assert healed(before) == before.replace(line, line + apply)


def test_a_layer_made_in_call_goes_to_init():
    """Under the name that it has."""
    before = """\
class Model(keras.Model):
    def __init__(self):
        super().__init__()
        self.out = keras.layers.Dense(4)  # last

    def call(self, x):
        return self.out(keras.layers.Dense(4, name="mix")(x))


model = Model()


def step(y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
"""
    after = healed(before)
    assert after is not None
    assert (
        "        self.out = keras.layers.Dense(4)  # last\n"
        '        self.mix = keras.layers.Dense(4, name="mix")\n' in after
    )
    assert "        return self.out(self.mix(x))\n" in after


BLOCKS = """\
class Model(keras.Model):
    def __init__(self):
        super().__init__()
        self.depths = [2, 4]
        self.out = keras.layers.Dense(4)

    def call(self, x):
        {made}
        return self.out(x)


model = Model()


def step(y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
"""


@pytest.mark.parametrize(
    ("made", "line", "used"),
    [
        (
            "x = tf.add_n([keras.layers.Dense(8)(x) for _ in self.depths])",
            "self.dense_layers = [keras.layers.Dense(8) for _ in self.depths]",
            "x = tf.add_n([layer(x) for layer in self.dense_layers])",
        ),
        (
            "x = tf.add_n([n * keras.layers.Dense(8)(x) for n in self.depths])",
            "self.dense_layers = [keras.layers.Dense(8) for _ in self.depths]",
            "x = tf.add_n([n * layer(x) for n, layer in zip(self.depths, self.dense_layers)])",
        ),
        (
            "for _ in range(3):\n            x = keras.layers.Dense(8)(x)  # deeper",
            "self.dense_layers = [keras.layers.Dense(8) for _ in range(3)]",
            "for layer in self.dense_layers:\n            x = layer(x)  # deeper",
        ),
    ],
)
def test_layers_made_in_turns_of_call_are_not_shared(made: str, line: str, used: str):
    """Each turn had weights of its own, and keeps them."""
    last = "        self.out = keras.layers.Dense(4)\n"
    before = BLOCKS.format(made=made)
    after = before.replace(made, used).replace(last, f"{last}        {line}\n")
    assert healed(before) == after


def test_layers_made_in_turns_that_the_input_counts_are_left_alone():
    """How many there are is known only in `call`."""
    made = "for part in tf.split(x, 2):\n            x = keras.layers.Dense(4)(part)"
    assert healed(BLOCKS.format(made=made)) is None


def test_a_given_optimizer_is_used():
    """A function that is handed an optimizer needs no other in its loop."""
    before = """\
def train(opt, y):
    for _ in range(9):
        opt = keras.optimizers.Adam(0.1)  # fresh
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(encoder(x) - y))
        gradients = tape.gradient(loss, encoder.trainable_variables)
        opt.apply_gradients(zip(gradients, encoder.trainable_variables))


train(optimizer, x)
"""
    made = "        opt = keras.optimizers.Adam(0.1)  # fresh\n"
    assert healed(before) == before.replace(made, "")
    own = before.replace("train(opt, y)", "train(y)").replace("(optimizer, x)", "(x)")
    once = own.replace(made, "").replace("    for _", f"{made[4:]}    for _")
    assert healed(own) == once


@pytest.mark.parametrize(
    ("listed", "after"),
    [
        ("[*self.net.variables]", "[*self.net.variables, self.scale]"),
        (
            "[\n            *self.net.variables,  # all\n        ]",
            "[\n            *self.net.variables,  # all\n            self.scale,\n        ]",
        ),
        (
            "[\n            *self.net.variables  # all\n        ]",
            "[\n            *self.net.variables,  # all\n            self.scale\n        ]",
        ),
        ("self.net.variables", "self.net.variables + [self.scale]"),
    ],
)
def test_a_written_list_takes_in_what_it_lacks(listed: str, after: str):
    """As one would write it by hand; other lists are added to."""
    before = """\
class Scaled(tf.Module):
    def __init__(self):
        super().__init__()
        self.net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
        self.scale = tf.Variable(tf.ones((4,)), name="scale")

    def trains(self):
        return LISTED

    def __call__(self, x):
        return self.scale * self.net(x)


model = Scaled()


def step(y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trains())
    optimizer.apply_gradients(zip(gradients, model.trains()))


for turn in range(3):
    step(x)
"""
    listed, after = (text.replace(".variables", ".trainable_variables") for text in (listed, after))
    assert healed(before.replace("LISTED", listed)) == before.replace("LISTED", after)


def test_state_becomes_a_variable_wherever_it_is_written():
    """`min` can't compare tensors, so it becomes TensorFlow's."""
    before = """\
class Trainer:
    def __init__(self):
        self.beta = 0

    @tf.function
    def step(self, y):
        with tf.GradientTape() as tape:
            loss = min(1.0, self.beta) * tf.reduce_mean(tf.square(encoder(x) - y))
        gradients = tape.gradient(loss, encoder.trainable_variables)
        optimizer.apply_gradients(zip(gradients, encoder.trainable_variables))

    def fit(self):
        for epoch in range(5):
            self.step(x)
            self.beta += 1


Trainer().fit()
"""
    after = healed(before)
    assert after is not None
    assert "self.beta = tf.Variable(0.0, trainable=False)" in after
    assert "loss = tf.minimum(1.0, self.beta) *" in after
    assert "self.beta.assign_add(1.0)" in after


ONE_LINERS = [
    "code = encoder(x); loss = 0.0\n    with tf.GradientTape() as tape:\n",
    "if True: code = encoder(x)\n    with tf.GradientTape() as tape:\n",
]


@pytest.mark.parametrize("head", ONE_LINERS)
def test_statements_that_share_a_line_are_left_alone(head):
    """Words, then, instead of a guess at the layout."""
    text = f"""\
def step(y):
    {head}        loss = tf.reduce_mean(tf.square(code - y))
    gradients = tape.gradient(loss, encoder.trainable_variables)
    optimizer.apply_gradients(zip(gradients, encoder.trainable_variables))
"""
    after = healed(text)
    assert after is None or compile(after, "a.py", "exec")


def test_tabs_stay_tabs():
    """What is put beside tabs is indented as they are, or left alone."""
    text = (
        "def step(y):\n\twith tf.GradientTape() as tape:\n"
        "\t\tloss = tf.reduce_mean(tf.square(encoder(x) - y))\n"
        "\tgradients = tape.gradient(loss, encoder.trainable_variables)\n\treturn loss\n\n\n"
        "for turn in range(3):\n\tstep(x)\n"
    )
    after = healed(text)
    assert after is not None
    assert "\n\toptimizer.apply_gradients(zip(gradients, encoder.trainable_variables))\n" in after
    compile(HEAD + after, "a.py", "exec")


def test_right_programs_are_not_touched():
    """There is nothing to mend."""
    text = """\
def step(y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(encoder(x) - y))
    gradients = tape.gradient(loss, encoder.trainable_variables)
    optimizer.apply_gradients(zip(gradients, encoder.trainable_variables))
"""
    assert healed(text) is None


def test_every_mend_belongs_to_a_fault():
    """A name that is misspelt would never be asked for, or not be found then."""
    from gradproof.faults import FAULTS

    assert set(HOMES) <= {fault.name for fault in FAULTS}
    assert all(callable(mend) for fault in HOMES for mend in mends(fault))


def test_columns_of_a_draft_count_characters():
    """Python counts bytes."""
    draft = Draft("ä = f(é, 1)\n", "a.py", None)
    call = draft.at(draft.span(draft.tree.body[0]))
    assert draft.source(draft.tree.body[0]) == "ä = f(é, 1)"
    assert draft.span(call).end_column == 12


def test_a_swapped_residual_is_turned():
    """The straight-through form keeps the hard value and takes the soft gradient."""
    draft = Draft(
        "import tensorflow as tf\n\n\ndef call(z):\n    code = tf.round(z * 6) / 6\n"
        "    return code + tf.stop_gradient(z - code)\n",
        "train.py",
        None,
    )
    finding = Finding("", Place("train.py", Span(6, 12, 6, 44)))
    fixes = candidates(draft, "wrong-custom-gradient", finding)
    assert [[edit.text for edit in fix.edits] for fix in fixes] == [["z", "code - z"]]


CLIPPING = """\
def step(y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(encoder(x) - y))
    gradients = tape.gradient(loss, encoder.trainable_variables)
{}
    optimizer.apply_gradients(zip(gradients, encoder.trainable_variables))
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "    clipped, norm = tf.clip_by_global_norm(gradients, 1.0)",
            "    gradients, norm = tf.clip_by_global_norm(gradients, 1.0)",
        ),
        (
            "    clipped = [tf.clip_by_norm(one, 1.0) for one in gradients]",
            "    gradients = [tf.clip_by_norm(one, 1.0) for one in gradients]",
        ),
        (
            "    for one in gradients:\n        one = tf.clip_by_norm(one, 1.0)",
            "    gradients = [tf.clip_by_norm(one, 1.0) for one in gradients]",
        ),
    ],
)
def test_clipped_gradients_take_the_name_of_the_raw_ones(before, after):
    """Bound to a name that nobody reads, or to that of a loop."""
    assert healed(CLIPPING.format(before)) == CLIPPING.format(after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("both = a + b", "list({id(one): one for one in a + b}.values())"),
        (
            "both = list(a)\nboth += b",
            "[one for one in b if all(one is not other for other in both)]",
        ),
    ],
)
def test_a_list_names_each_variable_once(before, after):
    """Where the list is made, though the run knows only where it was applied."""
    text = f"{before}\noptimizer.apply_gradients(zip(gradients, both))\n"
    line = text.count("\n")
    fixes = candidates(
        Draft(text, "train.py", None),
        "duplicate-variable",
        Finding("", Place("train.py", Span(line, 1))),
    )
    assert [[edit.text for edit in fix.edits] for fix in fixes] == [[after]]


CLIMBING = """\
weights = tf.Variable(tf.ones((4,)))


def step(rate):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(tf.linalg.matvec(x, weights) - 1.0))
    gradient = tape.gradient(loss, weights)
    weights.{}
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("assign_add(rate * gradient)", "assign_sub(rate * gradient)"),
        ("assign(weights + rate * gradient)", "assign(weights - rate * gradient)"),
        ("assign(rate * gradient + weights)", "assign(weights - rate * gradient)"),
        ("assign(weights + gradient)", "assign(weights - gradient)"),
        (
            "assign(weights.read_value() + (gradient + 0.1 * gradient))",
            "assign(weights.read_value() - (gradient + 0.1 * gradient))",
        ),
        (
            "assign(weights.numpy() + 0.1 * gradient.numpy())",
            "assign(weights.numpy() - 0.1 * gradient.numpy())",
        ),
    ],
)
def test_what_climbs_is_subtracted_where_it_is_added(before, after):
    """The loss keeps its sign."""
    assert healed(CLIMBING.format(before)) == CLIMBING.format(after)


COPIES = """\
import tensorflow as tf
from tensorflow import keras

model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
x, y = tf.ones((8, 4)), tf.ones((8, 1))
for _ in range(3):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    weights = model.get_weights()
    for weight, gradient in zip(weights, gradients):
        weight -= 0.1 * gradient.numpy()
"""


def test_copies_are_put_back():
    """`set_weights` behind the loop that changes them."""
    assert healed(COPIES) == COPIES + "    model.set_weights(weights)\n"


BEGUN = """\
import tensorflow as tf
from tensorflow import keras

model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
optimizer = keras.optimizers.SGD(0.1)
x = tf.ones((8, 4))
for _ in range(3):
    variables = model.trainable_variables
{before}    for part in tf.split(x, 4):
{inside}        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(part) - 1.0))
        total = [t + g / 4 for t, g in zip(total, tape.gradient(loss, variables))]
    optimizer.apply_gradients(zip(total, variables))
"""


def test_sums_begin_before_the_loop():
    """What each round began with is made once."""
    begin = "total = [tf.zeros_like(v) for v in variables]\n"
    wrong = BEGUN.format(before="", inside=f"        {begin}")
    assert healed(wrong) == BEGUN.format(before=f"    {begin}", inside="")
