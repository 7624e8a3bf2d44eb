"""Edge cases of gan-shared-trainable-flag."""

from __future__ import annotations

from snippets import assert_silent


def test_frozen_and_not_trained():
    """A network that is frozen and only used by another is healthy."""
    assert_silent(
        """
        critic = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
        critic.compile(optimizer="sgd", loss="mse")
        critic.trainable = False
        both = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4), critic])
        both.compile(optimizer="sgd", loss="mse")
        both.fit(np.zeros((8, 4)), np.zeros((8, 1)), verbose=0)
        """
    )


def test_keras_2():
    """Keras 2 took the flag when the critic was compiled."""
    assert_silent(
        """
        critic = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
        critic.compile(optimizer="sgd", loss="mse")
        critic.trainable = False
        critic.train_on_batch(np.zeros((8, 4)), np.zeros((8, 1)))
        """,
        keras="2",
    )


def test_switched_on_after_compile():
    """What was never off stays on."""
    assert_silent(
        """
        critic = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1)])
        critic.compile(optimizer="adam", loss="mse")
        code = keras.Input((3,))
        both = keras.Model(code, critic(keras.layers.Dense(2)(code)))
        both.compile(optimizer="adam", loss="mse")
        critic.trainable = True
        for _ in range(9):
            critic.train_on_batch(tf.ones((8, 2)), tf.ones((8, 1)))
            both.train_on_batch(tf.ones((8, 3)), tf.ones((8, 1)))
        """
    )


def test_set_before_each_is_trained():
    """Each network reads the flag at its first step, and finds it so at every other."""
    assert_silent(
        """
        critic = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
        critic.compile(optimizer="sgd", loss="mse")
        critic.trainable = False
        both = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4), critic])
        both.compile(optimizer="sgd", loss="mse")
        for turn in range(8):
            critic.trainable = True
            critic.train_on_batch(np.zeros((8, 4)), np.zeros((8, 1)))
            critic.trainable = False
            both.train_on_batch(np.zeros((8, 4)), np.zeros((8, 1)))
        """
    )
