"""Single variables of layers, named in every way: by place, by attribute, in rows and by keys."""

from __future__ import annotations

import pytest

from snippets import assert_findings, assert_silent

STEP = """
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8), keras.layers.Dense(1)])
first, second = model.layers
optimizer = keras.optimizers.Adam(0.01)
for _ in range(9):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
{body}
"""
ALL = "model.trainable_variables"
TAKEN = f"    g = tape.gradient(loss, {ALL})\n"
NAMED = "[first.kernel, first.bias, second.kernel, second.bias]"
KEYS = (
    "    table = {f'{one.name}/{v.name}': v for one in model.layers for v in one.weights}\n"
    "    g = tape.gradient(loss, table)\n"
)


def stepping(body: str) -> str:
    """A loop whose step ends in these lines."""
    return STEP.format(body=body)


@pytest.mark.parametrize(
    "body",
    [
        f"{TAKEN}    optimizer.apply_gradients(zip(g, {NAMED}))",
        f"    g = tape.gradient(loss, {NAMED})\n    optimizer.apply_gradients(zip(g, {ALL}))",
        f"{TAKEN}    optimizer.apply_gradients([(g[i], {ALL}[i]) for i in range(4)])",
        (
            f"    a, b, c, d = tape.gradient(loss, {ALL})\n    v = {ALL}\n"
            "    optimizer.apply_gradients([(a, v[0]), (b, v[1]), (c, v[2]), (d, v[-1])])"
        ),
        (
            f"    v = {ALL}[:2] + [{ALL}[3]]\n"
            "    optimizer.apply_gradients(zip(tape.gradient(loss, v), v))"
        ),
        (
            "    w = [*first.weights[:1], first.weights[1], second.weights[0], second.weights[1]]\n"
            "    g = tape.gradient(loss, first.weights + second.weights)\n"
            "    optimizer.apply_gradients(zip(g, w))"
        ),
        (
            "    (a, b), (c, d) = tape.gradient(loss, [one.weights for one in model.layers])\n"
            f"    optimizer.apply_gradients(list(zip([a, b, c, d], {NAMED})))"
        ),
        f"{TAKEN}    optimizer.apply_gradients(zip(reversed(g), {NAMED}[::-1]))",
        (
            f"{TAKEN}    for slope, variable in zip(g, {NAMED}):\n"
            "        variable.assign_sub(0.1 * slope)"
        ),
    ],
)
def test_each_by_its_place_or_name(body: str):
    """A list with one entry a layer, to the reader, has as many as the layer has variables."""
    assert_silent(stepping(body))


@pytest.mark.parametrize(
    "body",
    [
        (
            f"{TAKEN}    rows = list(zip(g[:-2], {ALL}[:-2])) + list(zip(g[-2:], {ALL}[-2:]))\n"
            "    optimizer.apply_gradients(rows)"
        ),
        (
            f"{TAKEN}    rows = list(zip(g[::2], {ALL}[::2])) + list(zip(g[1::2], {ALL}[1::2]))\n"
            "    optimizer.apply_gradients(rows)"
        ),
        (
            f"    rows = [(tf.clip_by_norm(s, 1.0), v) for s, v in zip(tape.gradient(loss, {ALL}), {ALL})]\n"
            "    slopes, variables = zip(*rows)\n"
            "    optimizer.apply_gradients(zip(slopes, variables))"
        ),
        (
            f"{TAKEN}    rows = [[s, v] for s, v in zip(g, {ALL})]\n"
            f"    optimizer.apply_gradients(zip([row[0] for row in rows], {ALL}))"
        ),
        f"{KEYS}    optimizer.apply_gradients([(g[key], table[key]) for key in sorted(table)])",
        f"{KEYS}    optimizer.apply_gradients((g[key], table[key]) for key in table)",
        f"{KEYS}    for key in table:\n        table[key].assign_sub(0.1 * g[key])",
    ],
)
def test_all_of_them_in_parts(body: str):
    """Slices, rows and keys that nobody knows: all gradients are applied in the end."""
    assert_silent(stepping(body))


DEEP = """
net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8), keras.layers.BatchNormalization()])
table, cell = keras.layers.Embedding(9, 4), keras.layers.LSTM(2)
table.build()
cell.build((None, 3, 4))
optimizer = keras.optimizers.Adam(0.01)
optimizer.build([*net.trainable_variables, *table.weights, *cell.weights])
for _ in range(9):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(net(x, training=True) ** 2) + tf.reduce_mean(cell(table(numbers)) ** 2)
    v = net.trainable_variables + table.weights + cell.weights
    g = tape.gradient(loss, v)
{body}
"""


@pytest.mark.parametrize(
    "body",
    [
        (
            "    kept = [i for i, one in enumerate(g) if one is not None]\n"
            "    optimizer.apply_gradients([(g[i], v[i]) for i in kept])"
        ),
        "    slopes = iter(g)\n    for one in v:\n        one.assign_sub(0.1 * next(slopes))",
        "    rest = list(g)\n    for one in v:\n        one.assign_sub(0.1 * rest.pop(0))",
        (
            "    rows = list(zip(v, g))\n    while rows:\n"
            "        one, slope = rows.pop()\n        one.assign_sub(0.1 * slope)"
        ),
        "    g[0] = tf.zeros_like(g[0])\n    optimizer.apply_gradients(zip(g, v))",
        (
            "    wide = [i for i, one in enumerate(v) if len(one.shape) > 1]\n"
            "    rest = [i for i in range(len(v)) if i not in wide]\n"
            "    optimizer.apply_gradients([(g[i], v[i]) for i in wide + rest])"
        ),
        (
            "    for i in range(0, len(v), 2):\n"
            "        optimizer.apply_gradients(zip(g[i : i + 2], v[i : i + 2]))"
        ),
        (
            "    w = [*net.trainable_variables, table.embeddings, cell.cell.kernel]\n"
            "    w += [cell.cell.recurrent_kernel, cell.cell.bias]\n"
            "    optimizer.apply_gradients(zip(g, w))"
        ),
    ],
)
def test_layers_of_which_nobody_counts_the_variables(body: str):
    """Batch normalisation has as many as its flags say; all gradients are applied still."""
    assert_silent(DEEP.format(body=body))


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("zip(g, [first.kernel, second.kernel, first.bias, second.bias])", "GP403"),
        ("zip(g, [first.bias, first.kernel, second.kernel, second.bias])", "GP403"),
        ("zip(g[1:], [first.kernel, first.bias, second.kernel])", "GP403"),
        ("zip(g, [first.kernel, first.bias])", "GP404"),
    ],
)
def test_what_is_wrong_still(body: str, code: str):
    """Single variables in another order, or too few of them."""
    assert_findings(stepping(f"{TAKEN}    optimizer.apply_gradients({body})  # {code}"))


def test_one_kernel_twice():
    """By its attribute and by its place in the list of the layer."""
    assert_findings(
        stepping(
            "    v = [first.kernel, second.kernel, first.weights[0]]  # GP110\n"
            "    optimizer.apply_gradients(zip(tape.gradient(loss, v), v))"
        )
    )


def test_one_gradient_is_put_to_zero():
    """The list of a model that nobody knows has more than the one entry that changed."""
    assert_silent(
        """
        from nets import build

        net = build()
        for _ in range(9):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(net(x) - y))
            slopes = tape.gradient(loss, net.trainable_variables)
            slopes[0] = tf.zeros_like(slopes[0])
            optimizer.apply_gradients(zip(slopes, net.trainable_variables))
        """
    )
