"""Edge cases of trainable-flip-ignored."""

from __future__ import annotations

from snippets import assert_findings, assert_silent

FIT = "net.fit(np.zeros((8, 4)), np.zeros((8, 4)), verbose=0)"


def test_thawed_after_fit():
    """The flag of a part is read when the model is compiled."""
    assert_findings(
        f"""
        base = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
        base.trainable = False
        net = keras.Sequential([keras.Input((4,)), base, keras.layers.Dense(4)])
        net.compile(optimizer="sgd", loss="mse")
        {FIT}
        base.trainable = True  # GP106
        {FIT}
        """
    )


def test_compiled_again():
    """`compile` reads the flags anew."""
    assert_silent(
        f"""
        base = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
        net = keras.Sequential([keras.Input((4,)), base, keras.layers.Dense(4)])
        net.compile(optimizer="sgd", loss="mse")
        {FIT}
        base.trainable = False
        net.compile(optimizer="sgd", loss="mse")
        {FIT}
        """
    )


def test_the_list_that_was_read_too_early_is_no_second_fault():
    """What the list lacks follows from the flag."""
    text = """
    base = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
    base.trainable = False
    net = keras.Sequential([keras.Input((4,)), base, keras.layers.Dense(4)])

    def make_step(variables):
        @tf.function
        def step(x, y):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(net(x, training=True) - y))
            optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
            return loss
        return step

    step = make_step(net.trainable_variables)
    for _ in range(20):
        step(x, y)
    base.trainable = True  # GP106
    for _ in range(20):
        step(x, y)
    """
    assert_findings(text)
