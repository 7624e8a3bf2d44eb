"""Edge cases of api-generation-mismatch."""

from __future__ import annotations

import textwrap
from dataclasses import replace

import pytest

from gradproof.evidence.run import Crash, Run
from gradproof.faults.api_generation_mismatch import prove
from records import at, healthy, proven
from snippets import assert_findings, assert_silent, mended_snippet


def crashed(kind: str, message: str) -> Run:
    """The healthy run, ended by an exception on line 6."""
    return replace(healthy(), crash=Crash(kind, message, (at(6),)))


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("AttributeError", "'Adam' object has no attribute 'lr'"),
        ("ValueError", "Argument(s) not recognized: {'lr': 0.1}"),
        ("ValueError", "decay is deprecated in the new TF-Keras optimizer, please check the"),
        ("AttributeError", "'Mean' object has no attribute 'reset_states'"),
        ("AttributeError", "'Sequential' object has no attribute 'predict_classes'"),
        (
            "AttributeError",
            "module 'keras._tf_keras.keras.backend' has no attribute 'learning_phase'",
        ),
        (
            "TypeError",
            (
                "BaseOptimizer.apply_gradients() got an unexpected keyword argument"
                " 'experimental_aggregate_gradients'"
            ),
        ),
        ("ImportError", "`keras.optimizers.legacy` is not supported in Keras 3."),
        ("AttributeError", "module 'tensorflow._api.v2.train' has no attribute 'AdamOptimizer'"),
        ("AttributeError", "'SGD' object has no attribute 'apply'"),
    ],
)
def test_gone(kind: str, message: str):
    """Names and arguments of another generation are found by what Keras says."""
    assert proven(crashed(kind, message)) == [("GP413", 6)]


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("AttributeError", "'Config' object has no attribute 'lr'"),
        ("AttributeError", "'Args' object has no attribute 'weights'"),
        ("AttributeError", "module 'settings' has no attribute 'decay'"),
        ("AttributeError", "'Adam' object has no attribute 'learning_rte'"),
        ("TypeError", "train() got an unexpected keyword argument 'epochs'"),
    ],
)
def test_the_programs_own_names(kind: str, message: str):
    """A name that the program itself misspells is not Keras's."""
    assert list(prove(crashed(kind, message))) == []


def test_the_other_name_is_told():
    """The message says what the installed generation has instead."""
    (finding,) = prove(crashed("AttributeError", "'Adam' object has no attribute 'lr'"))
    assert "`learning_rate`" in finding.message


def test_found_by_generation():
    """Names that are gone, and one that only seems to be there."""
    assert_findings("optimizer.lr = 0.5  # GP413")
    assert_findings("print(optimizer.lr)  # GP413")
    assert_findings("optimizer.get_weights()  # GP413")
    assert_findings("made = keras.optimizers.SGD(lr=0.1)  # GP413")
    assert_findings("keras.metrics.Mean().reset_states()  # GP413")
    assert_findings("model.fit_generator(zip(x, y))  # GP413")
    assert_findings("optimizer.get_weights()  # GP413", keras="2")


def test_silent_where_it_exists():
    """Each name in the generation that has it, and names of other things."""
    assert_silent("optimizer.lr = 0.5\nprint(optimizer.lr)", keras="2")
    assert_silent("print(optimizer.learning_rate, optimizer.iterations, optimizer.variables)")
    assert_silent("keras.metrics.Mean().reset_state()\nmodel.get_weights()")
    assert_silent("keras.metrics.Mean().reset_states()", keras="2")
    assert_silent(
        """
        class Mine:
            lr = 1.0

        print(Mine().lr)
        if hasattr(optimizer, "lr"):
            print(optimizer.lr)
        """
    )


def test_asked_after_another_name():
    """`getattr(metric, "reset_state", None) or ...` takes the old name where there is no new."""
    text = """
        metric = keras.metrics.Mean()
        reset = {first} or {second}
        reset()
    """
    new, old = 'getattr(metric, "reset_state", None)', "metric.reset_states"
    assert_silent(text.format(first=new, second=old))
    assert_findings(text.format(first=old, second=f"{new}  # GP413"))


def test_behind_a_condition():
    """`if epoch == 4` does not ask for the generation; `if hasattr(...)` does."""
    assert_findings("""
        adam = keras.optimizers.Adam(0.1)
        for epoch in range(9):
            if epoch == 4:
                adam.lr.assign(0.01)  # GP413
    """)
    assert_silent("""
        adam = keras.optimizers.Adam(0.1)
        if hasattr(adam, "lr"):
            adam.lr.assign(0.01)
    """)


def test_tried_first():
    """What is caught asks the same object for its other name; a message does not."""
    text = """
        try:
            optimizer.apply(gradients, model.trainable_variables){mark}
        except {error}:
            {instead}
    """
    known = "optimizer.apply_gradients(zip(gradients, model.trainable_variables))"
    step = """
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(model(x) - y))
gradients = tape.gradient(loss, model.trainable_variables)
"""
    for error in ("AttributeError", "(AttributeError, TypeError)", "Exception"):
        tried = textwrap.dedent(text.format(error=error, instead=known, mark=""))
        assert_silent(step + tried, keras="2")
    told = text.format(error="AttributeError", instead='print("failed")', mark="  # GP413")
    assert_findings(step + textwrap.dedent(told), keras="2")


def test_told_apart_by_a_method():
    """Optimizers of Keras 2 have `minimize`; a function that left there has no more to say."""
    assert_silent(
        """
        def step():
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(x) - y))
            if hasattr(optimizer, "minimize"):
                return optimizer.minimize(loss, model.trainable_variables, tape=tape)
            gradients = tape.gradient(loss, model.trainable_variables)
            return optimizer.apply(gradients, model.trainable_variables)

        step()
        """,
        keras="2",
    )


def test_gone_from_both_generations():
    """`_decayed_lr` belongs to the optimizers before TensorFlow 2.11, and to the legacy ones."""
    text = """
        adam = {made}(0.1)
        print(adam._decayed_lr(tf.float32)){mark}
    """
    assert_findings(text.format(made="keras.optimizers.Adam", mark="  # GP413"))
    assert_silent(text.format(made="keras.optimizers.legacy.Adam", mark=""))


def test_the_name_of_a_weight_comes_first():
    """`add_weight("scale", shape=...)` is of Keras 2; Keras 3 takes the shape first."""
    text = """
        class Scale(keras.layers.Layer):
            def build(self, shape):
                self.scale = self.add_weight({given}){mark}

            def call(self, x):
                return x * self.scale

        net = keras.Sequential([Scale(), keras.layers.Dense(1)])
        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(net(x) - y))
            gradients = tape.gradient(loss, net.trainable_variables)
            optimizer.apply_gradients(zip(gradients, net.trainable_variables))
    """
    old = text.format(given='"scale", shape=(4,)', mark="  # GP413")
    assert_findings(old)
    assert 'self.add_weight(name="scale", shape=(4,))' in mended_snippet(old)
    assert_findings(text.format(given='"scale", (4,)', mark="  # GP413"))
    assert_silent(text.format(given='"scale", shape=(4,)', mark=""), keras="2")
    for given in ('name="scale", shape=(4,)', '(4,), name="scale"', "(4,)"):
        assert_silent(text.format(given=given, mark=""))


def test_an_argument_that_apply_gradients_had():
    """Keras 3 takes no `experimental_aggregate_gradients`; Keras 2 does."""
    text = """
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        pairs = zip(gradients, model.trainable_variables)
        optimizer.apply_gradients(pairs, {argument}){mark}
    """
    given = "experimental_aggregate_gradients=False"
    assert_findings(text.format(argument=given, mark="  # GP413"))
    assert_silent(text.format(argument="name='apply'", mark=""))
    assert_silent(text.format(argument=given, mark=""), keras="2")
