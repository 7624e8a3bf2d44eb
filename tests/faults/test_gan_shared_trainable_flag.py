"""Edge cases of gan-shared-trainable-flag."""

from __future__ import annotations

from dataclasses import replace

from gradproof.evidence.layers import ListRead
from gradproof.evidence.run import Run
from records import BIAS, KERNEL, at, healthy, proven
from snippets import assert_findings, assert_silent


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


def test_keras_2_with_the_model_that_it_was_frozen_for():
    """The whole recipe: the critic learns by its own `train_on_batch`, frozen only in the other."""
    assert_silent(
        """
        critic = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
        critic.compile(optimizer="sgd", loss="mse")
        maker = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4)])
        critic.trainable = False
        noise = keras.Input((3,))
        both = keras.Model(noise, critic(maker(noise)))
        both.compile(optimizer="sgd", loss="mse")
        for _ in range(8):
            critic.train_on_batch(np.zeros((8, 4)), np.zeros((8, 1)))
            both.train_on_batch(np.zeros((8, 3)), np.ones((8, 1)))
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


GAN = """
    critic = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    maker = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
    {freeze}
    both = keras.Sequential([maker, critic])

    def critic_step(x):
        {thaw}
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.nn.softplus(critic(tf.stop_gradient(maker(x)))))
        variables = critic.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))

    for _ in range(3):
        critic_step(x)
"""


def test_frozen_for_another_in_a_loop_by_hand():
    """Its own step gets the empty list of a frozen network."""
    frozen = "critic.trainable = False  # GP107"
    assert_findings(GAN.format(freeze=frozen, thaw="pass"))
    assert_findings(GAN.format(freeze=frozen, thaw="pass"), keras="2")
    assert_silent(GAN.format(freeze="critic.trainable = False", thaw="critic.trainable = True"))


def _frozen(within: str | None) -> Run:
    """A gradient call that got the empty list of a model frozen at line 2."""
    run = healthy()
    calls = tuple(replace(call, sources=()) for call in run.calls)
    read = ListRead("critic", True, 0, at(5), at(2), within, (KERNEL, BIAS))
    return replace(run, calls=calls, reads=(read,), applies=(), steps=(), counted=0)


def test_proven_in_a_loop_by_hand():
    """The run saw the empty list; whether it is shared says what went wrong."""
    assert proven(_frozen("both")) == [("GP107", 2)]
    assert proven(_frozen(None)) == [("GP105", 2)]
