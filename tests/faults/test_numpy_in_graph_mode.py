"""Edge cases of numpy-in-graph-mode."""

from __future__ import annotations

import textwrap
from dataclasses import replace

import pytest

from gradproof.diagnose import diagnose
from gradproof.evidence.run import Crash
from gradproof.faults import FAULTS
from gradproof.source import read
from records import at, healthy, never_applied, proven
from snippets import assert_findings, assert_silent


def test_loss_given_to_compile():
    """`fit` traces the loss."""
    assert_findings(
        """
        def trimmed(target, prediction):
            error = tf.abs(target - prediction)
            return tf.reduce_mean(tf.minimum(error, np.percentile(error.numpy(), 90)))  # GP608

        net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
        net.compile(optimizer="sgd", loss=trimmed)
        net.fit(np.zeros((8, 4)), np.zeros((8, 1)))
        """
    )


def test_eager_fit():
    """A model that runs eagerly has values."""
    assert_silent(
        """
        def shown(target, prediction):
            error = tf.reduce_mean(tf.abs(target - prediction))
            print(error.numpy())
            return error

        net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
        net.compile(optimizer="sgd", loss=shown, run_eagerly=True)
        net.fit(np.zeros((8, 4)), np.zeros((8, 1)))
        """
    )


@pytest.mark.parametrize(
    "message",
    [
        "'SymbolicTensor' object has no attribute 'numpy'",
        "Cannot convert a symbolic tf.Tensor (x:0) to a numpy array.",
        "float() argument must be a string or a real number, not 'SymbolicTensor'",
        "unsupported format string passed to SymbolicTensor.__format__",
    ],
)
def test_proven(message: str):
    """The line that asked is named."""
    run = replace(never_applied(healthy()), calls=(), crash=Crash("E", message, (at(9), at(4))))
    assert proven(run) == [("GP608", 4)]


def test_other_things_without_numpy():
    """A variable or a list has no `numpy` either, in eager code."""
    for thing in ("list", "ResourceVariable", "IndexedSlices"):
        message = f"'{thing}' object has no attribute 'numpy'"
        run = replace(healthy(), crash=Crash("AttributeError", message, (at(9), at(4))))
        assert "GP608" not in [code for code, _ in proven(run)]


def test_keras_asks_itself():
    """Keras 3.9 fails while it writes which variable the optimizer does not know."""
    message = (
        'File "keras/src/optimizers/base_optimizer.py", line 330, in _check_variables_are_known\n'
        'File "keras/src/backend/common/variables.py", line 372, in __repr__\n'
        "numpy() is only available when eager execution is enabled."
    )
    run = replace(
        never_applied(healthy()),
        calls=(),
        crash=Crash("NotImplementedError", message, (at(9), at(4))),
    )
    assert "GP608" not in [code for code, _ in proven(run)]


def test_called_back_eagerly():
    """What `tf.py_function` calls runs as plain Python, in a traced step too."""
    assert_silent(
        """
        def show(values):
            print(values.numpy())
            return values


        @tf.function
        def step(x, y):
            with tf.GradientTape() as tape:
                values = model(x)
                tf.py_function(show, [values], tf.float32)
                loss = tf.reduce_mean(tf.square(values - y))
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


def test_cleared_by_a_run_to_the_end():
    """A program that trained to its end did not stop at the line."""
    text = """
        import tensorflow as tf


        @tf.function
        def shown(x):
            return tf.reduce_mean(x).numpy()


        try:
            shown(tf.ones(3))
        except AttributeError:
            pass
    """
    source = read(textwrap.dedent(text).lstrip("\n"), "train.py")
    assert [one.fault.code for one in diagnose(FAULTS, [source])] == ["GP608"]
    assert diagnose(FAULTS, [source], healthy()) == []


def test_functions_of_numpy():
    """They make an array of what they are given, which needs its value."""
    text = """
        @tf.function
        def step():
            with tf.GradientTape() as tape:
                hidden = encoder(x)
                scale = np.{function}({given}){mark}
                loss = tf.reduce_mean(tf.square(decoder(hidden) / scale - y))
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))

        step()
    """
    assert_findings(text.format(function="linalg.norm", given="hidden", mark="  # GP608"))
    assert_silent(text.format(function="prod", given="hidden.shape", mark=""))
    assert_silent(text.format(function="sqrt", given="4.0", mark=""))


def test_traced_by_a_decorator_of_the_program():
    """`tf.function(partial(method, self))`, kept under a name that is made of the method's."""
    text = """
        import functools

        def compiled(method):
            name = f"_compiled_{method.__name__}"

            @functools.wraps(method)
            def wrapper(self, *given):
                if not hasattr(self, name):
                    setattr(self, name, tf.function(functools.partial(method, self)))
                return getattr(self, name)(*given)

            return wrapper

        class Trainer:
            @compiled
            def step(self, x, y):
                with tf.GradientTape() as tape:
                    loss = tf.reduce_mean(tf.square(model(x) - y))
                gradients = tape.gradient(loss, model.trainable_variables)
                optimizer.apply_gradients(zip(gradients, model.trainable_variables))
                SHOW
                return loss

        trainer = Trainer()
        for _ in range(3):
            trainer.step(x, y)
    """
    assert_findings(text.replace("SHOW", "print(loss.numpy())  # GP608"))
    assert_silent(text.replace("SHOW", "tf.print(loss)"))


GIVEN = """
def heat(position):
    return np.exp(-np.square(position))MARK

@tf.function
def train(batch, position):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(batch) - CALL))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))

for _ in range(9):
    train(x, tf.random.uniform((8, 4)))
"""


def test_what_the_step_is_given():
    """Data that enter a traced function are tensors of the graph in helpers, too."""
    assert_findings(GIVEN.replace("CALL", "heat(position)").replace("MARK", "  # GP608"))


def test_numbers_that_stay_outside():
    """What the step is not given is NumPy's, and so is what a function of Python is given."""
    assert_silent(GIVEN.replace("CALL", "heat(np.ones(4))").replace("MARK", ""))
    handed = "tf.numpy_function(heat, [position], tf.float32)"
    assert_silent(GIVEN.replace("CALL", handed).replace("MARK", ""))


def test_a_comparison_in_a_loss_that_fit_traces():
    """`np.where(y_true > 0, ...)` asks for the values of what the trace was given."""
    text = """
        def weighted(y_true, y_pred):
            weight = {where}(y_true > 0, 2.0, 1.0){mark}
            return tf.reduce_mean(weight * tf.square(y_true - y_pred))

        model.compile(optimizer="sgd", loss=weighted{eager})
        model.fit(x, y)
    """
    assert_findings(text.format(where="np.where", mark="  # GP608", eager=""))
    assert_silent(text.format(where="tf.where", mark="", eager=""))


EAGERLY = """
{before}
seen = 0

@tf.function
def step():
    global seen
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    {shown}
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))

for _ in range(9):
    step()
"""
SHOWN = "print(loss.numpy())"


def test_functions_that_run_eagerly():
    """`run_functions_eagerly(True)`, as for debugging: nothing is traced."""
    for name in ("run_functions_eagerly", "experimental_run_functions_eagerly"):
        assert_silent(EAGERLY.format(before=f"tf.config.{name}(True)", shown=SHOWN))
    counted = "seen += 1; print(seen * loss)"
    assert_silent(EAGERLY.format(before="tf.config.run_functions_eagerly(True)", shown=counted))
    for before in ("", "tf.config.run_functions_eagerly(False)"):
        assert_findings(EAGERLY.format(before=before, shown=SHOWN + "  # GP608"))


def test_asked_whether_it_runs_eagerly():
    """What only an eager call does is not traced."""
    for asked in ("tf.executing_eagerly()", "not tf.inside_function()"):
        assert_silent(EAGERLY.format(before="", shown=f"if {asked}: {SHOWN}"))
    wrong = f"if not tf.executing_eagerly(): {SHOWN}  # GP608"
    assert_findings(EAGERLY.format(before="", shown=wrong))
