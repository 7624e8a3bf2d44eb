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
