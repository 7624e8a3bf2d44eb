"""Tapes that are asked twice."""

from __future__ import annotations

from dataclasses import replace

from records import at, healthy, proven
from snippets import assert_findings, assert_silent


def test_in_a_comprehension():
    """Asked once for each variable, the tape answers the first."""
    assert_findings(
        """
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        first = tape.gradient(loss, encoder.trainable_variables)
        second = tape.gradient(loss, decoder.trainable_variables)  # GP213
        optimizer.apply_gradients(zip(first + second, model.trainable_variables))
        """
    )


LOOP = """
one, other = keras.optimizers.Adam(), keras.optimizers.Adam()
with tf.GradientTape({persistent}) as tape:
    first = tf.reduce_mean(tf.square(encoder(x) - y))
    second = tf.reduce_mean(tf.square(decoder(x) - y))
for loss, net, each in {turns}:
    gradients = tape.gradient(loss, net.trainable_variables){mark}
    each.apply_gradients(zip(gradients, net.trainable_variables)){leave}
"""
BOTH = "((first, encoder, one), (second, decoder, other))"


def test_in_a_loop_over_networks():
    """The second turn asks the same tape again."""
    given = {"persistent": "", "turns": BOTH, "mark": "  # GP213", "leave": ""}
    assert_findings(LOOP.format(**given))
    assert_silent(LOOP.format(**given | {"persistent": "persistent=True", "mark": ""}))
    assert_silent(LOOP.format(**given | {"turns": "((first, encoder, one),)", "mark": ""}))
    assert_silent(LOOP.format(**given | {"leave": "\n    break", "mark": ""}))


def test_one_tape_a_turn():
    """A tape that is opened in the loop answers in each turn."""
    assert_silent(
        """
        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(x) - y))
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


def test_persistent():
    """A persistent tape answers as often as it is asked."""
    assert_silent(
        """
        with tf.GradientTape(persistent=True) as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        first = tape.gradient(loss, encoder.trainable_variables)
        second = tape.gradient(loss, decoder.trainable_variables)
        optimizer.apply_gradients(zip(first + second, model.trainable_variables))
        """
    )


def test_either_branch():
    """One question in each branch is one question."""
    assert_silent(
        """
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        if tf.reduce_sum(x) > 0:
            gradients = tape.gradient(loss, model.trainable_variables)
        else:
            gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


def test_proven():
    """The second call of one tape raised."""
    run = healthy()
    error = "RuntimeError: A non-persistent GradientTape can only be used to compute one set"
    sources = tuple(replace(one, connected=None, result=None) for one in run.calls[0].sources)
    second = replace(run.calls[0], key=2, stack=(at(6),), error=error, sources=sources)
    assert proven(replace(run, calls=(*run.calls, second))) == [("GP213", 6)]


def test_asked_by_a_helper():
    """One line asks, and it is called twice with one tape."""
    assert_findings(
        """
        def update(tape, loss, network):
            gradients = tape.gradient(loss, network.trainable_variables)  # GP213
            optimizer.apply_gradients(zip(gradients, network.trainable_variables))

        optimizer.build(encoder.trainable_variables + decoder.trainable_variables)
        for _ in range(9):
            with tf.GradientTape() as tape:
                first = tf.reduce_mean(tf.square(encoder(x)))
                second = tf.reduce_mean(tf.square(decoder(x)))
            update(tape, first, encoder)
            update(tape, second, decoder)
        """
    )


def test_a_helper_with_a_tape_for_each():
    """Another tape each time."""
    assert_silent(
        """
        def update(tape, loss, network):
            gradients = tape.gradient(loss, network.trainable_variables)
            optimizer.apply_gradients(zip(gradients, network.trainable_variables))

        optimizer.build(encoder.trainable_variables + decoder.trainable_variables)
        for _ in range(9):
            with tf.GradientTape() as tape, tf.GradientTape() as other:
                first = tf.reduce_mean(tf.square(encoder(x)))
                second = tf.reduce_mean(tf.square(decoder(x)))
            update(tape, first, encoder)
            update(other, second, decoder)
        """
    )


def test_asked_four_times():
    """Each tape is one fault, however often it is asked."""
    assert_findings(
        """
        with tf.GradientTape() as tape:
            code = encoder(x)
            one = tf.reduce_mean(tf.square(code))
            two = tf.reduce_mean(tf.square(decoder(code) - x))
        a = tape.gradient(one, encoder.trainable_variables)
        b = tape.gradient(two, encoder.trainable_variables)  # GP213
        c = tape.gradient(two, decoder.trainable_variables)
        mixed = [p + q for p, q in zip(a, b)]
        optimizer.apply_gradients(zip(mixed + c, encoder.trainable_variables + decoder.trainable_variables))
        """
    )


def test_in_a_loop_over_layers():
    """A model has more than one layer: the second one asks the same tape."""
    text = """
        with tf.GradientTape({persistent}) as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = []
        for layer in model.layers:
            gradients += tape.gradient(loss, layer.trainable_variables){mark}
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    """
    assert_findings(text.format(persistent="", mark="  # GP213"))
    assert_silent(text.format(persistent="persistent=True", mark=""))


def test_in_a_comprehension_over_networks():
    """It asks for one gradient after the other, as a loop does."""
    text = """
        nets = {{"encoder": encoder, "decoder": decoder}}
        with tf.GradientTape({persistent}) as tape:
            loss = tf.reduce_mean(tf.square(decoder(encoder(x)) - y))
        found = {{name: tape.gradient(loss, net.trainable_variables){mark}
                 for name, net in nets.items()}}
        for name, net in nets.items():
            own = keras.optimizers.SGD(0.1)
            own.apply_gradients(zip(found[name], net.trainable_variables))
    """
    assert_findings(text.format(persistent="", mark="  # GP213"))
    assert_silent(text.format(persistent="persistent=True", mark=""))


def test_in_a_comprehension_that_chooses():
    """Of two networks it asks for one."""
    assert_silent("""
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(decoder(encoder(x)) - y))
        (found,) = [
            tape.gradient(loss, net.trainable_variables)
            for net in (encoder, decoder)
            if net is encoder
        ]
        optimizer.apply_gradients(zip(found, encoder.trainable_variables))
    """)


def test_a_helper_in_a_loop_over_networks():
    """The loop calls a function, which asks the same tape in each turn."""
    text = """
        nets = {{"encoder": encoder, "decoder": decoder}}
        optimizers = {{name: keras.optimizers.Adam() for name in nets}}

        def update(tape, loss, name):
            gradients = tape.gradient(loss, nets[name].trainable_variables){mark}
            optimizers[name].apply_gradients(zip(gradients, nets[name].trainable_variables))

        for _ in range(3):
            {outside}
                parts = {{name: tf.reduce_mean(tf.square(net(x))) for name, net in nets.items()}}
            for name, loss in parts.items():
                update(tape, loss, name)
    """
    opened = "with tf.GradientTape({}) as tape:"
    assert_findings(text.format(outside=opened.format(""), mark="  # GP213"))
    assert_silent(text.format(outside=opened.format("persistent=True"), mark=""))


def test_in_a_generator_that_is_added_up():
    """`sum` goes through all of it; of a generator nobody goes through nothing is known."""
    text = """
        with tf.GradientTape() as tape:
            tape.watch(x)
            parts = tf.unstack(model(x), axis=1)
        total = {taken}(tf.reduce_sum(tape.gradient(part, x)) for part in [x[:, 0], x[:, 1]]){mark}
        """
    assert_findings(text.format(taken="sum", mark="  # GP213"))
    assert_silent(text.format(taken="next", mark=""))
