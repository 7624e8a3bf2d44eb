"""Edge cases of symbolic-tensor-leak."""

from __future__ import annotations

import textwrap
from dataclasses import replace

import pytest

from gradproof.diagnose import diagnose
from gradproof.evidence.run import Crash, Run
from gradproof.faults import FAULTS
from gradproof.source import read
from records import at, healthy, never_applied, proven
from snippets import assert_findings, assert_silent


def test_kept_and_read_in_the_trace():
    """An attribute that only the traced function reads."""
    assert_silent(
        """
        class Trainer:
            def __init__(self):
                self.last = None

            @tf.function
            def step(self):
                self.last = tf.reduce_mean(model(x))
                return self.last * 2.0

        Trainer().step()
        """
    )


def test_read_outside():
    """The attribute is read where it has no value."""
    assert_findings(
        """
        class Trainer:
            def __init__(self):
                self.last = tf.constant(0.0)

            @tf.function
            def step(self):
                self.last = tf.reduce_mean(model(x))  # GP607

        trainer = Trainer()
        trainer.step()
        print(float(trainer.last))
        """
    )


def _traced(crash: Crash) -> Run:
    """The healthy step was traced from line 9, and the program ended so."""
    run = healthy()
    operations = tuple(
        replace(one, stack=(at(9), *one.stack)) for one in run.recordings[0].operations
    )
    recording = replace(run.recordings[0], function="step", operations=operations)
    return replace(run, recordings=(recording,), crash=crash)


def test_out_of_scope():
    """The message tells where the tensor was made."""
    message = '<tf.Tensor> is out of scope and cannot be used here.\n File "train.py", line 4, in'
    crash = Crash("TypeError", message, (at(9), at(4)))
    assert ("GP607", 4) in proven(_traced(crash))


def test_asked_for_its_value_outside():
    """A symbol has no value after the trace either: the use is the place."""
    crash = Crash("AttributeError", "'SymbolicTensor' object has no attribute 'numpy'", (at(11),))
    assert ("GP607", 11) in proven(_traced(crash))


def test_asked_for_its_value_inside():
    """In the traced function it is another fault."""
    message = "'SymbolicTensor' object has no attribute 'numpy'"
    crash = Crash("AttributeError", message, (at(9), at(4)))
    found = [code for code, _ in proven(_traced(crash))]
    assert "GP608" in found
    assert "GP607" not in found


def test_source_knows_where_it_is_kept():
    """The tensor is made on one line, and kept on another: that one is the cause."""
    text = """
        import tensorflow as tf


        class Trainer:
            def __init__(self):
                self.last = tf.constant(0.0)

            @tf.function
            def step(self, x):
                total = tf.reduce_mean(x)
                double = 2.0 * total
                other = double + 1.0
                self.last = double
                return other


        trainer = Trainer()
        trainer.step(tf.ones(3))
        print(trainer.last + 1.0)
    """
    source = read(textwrap.dedent(text).lstrip("\n"), "train.py")
    message = "<tf.Tensor 'Mul:0'> is out of scope and cannot be used here.\n"
    crash = Crash("TypeError", message + 'File "train.py", line 11, in', (at(19), at(11)))
    found = diagnose(FAULTS, [source], replace(never_applied(healthy()), calls=(), crash=crash))
    assert [(one.fault.code, one.place and one.place.line) for one in found] == [("GP607", 13)]


LIST = """
losses = []


@tf.function
def step(inputs):
    parts = []
    with tf.GradientTape() as tape:
        parts.append(tf.reduce_mean(tf.square(model(inputs))))
        loss = tf.add_n(parts)
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    KEPT
    return loss, parts


for _ in range(9):
    loss, parts = step(x)
    print(np.mean(parts))
OUTSIDE
"""


def test_a_list_from_outside():
    """What a traced step appends to it is symbolic; what it returns is not."""
    stuck = LIST.replace("KEPT", "losses.append(loss)  # GP607")
    assert_findings(stuck.replace("OUTSIDE", "print(np.mean(losses))"))
    mended = LIST.replace("KEPT", "pass").replace("OUTSIDE", "    losses.append(loss)")
    assert_silent(mended + "print(np.mean(losses))")


def test_a_list_that_is_only_counted():
    """How often it was traced may be counted by what it leaves."""
    assert_silent(
        LIST.replace("KEPT", "losses.append(loss)").replace("OUTSIDE", "print(len(losses))")
    )


@pytest.mark.parametrize("read", ["[float(one) for one in kept]", "float(kept[-1])"])
def test_a_list_that_is_gone_through(read: str):
    """Walking over the list is reading it, and so is taking an item."""
    assert_findings(f"""
        kept = []

        @tf.function
        def train(inputs, targets):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(inputs) - targets))
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))
            kept.append(loss)  # GP607

        for _ in range(3):
            train(x, y)
        print({read})
    """)


ENTRY = """
    class Trainer:
        def __init__(self):
            self.last = {}

        @tf.function
        def step(self):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(x) - y))
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))
            INSIDE
            return loss

    trainer = Trainer()
    for turn in range(3):
        OUTSIDE
        print(float(trainer.last["loss"]))
"""


def test_an_entry_of_a_dict():
    """What a traced step puts into a dict of its trainer is a tensor of the trace."""
    keep = 'self.last["loss"], kept = loss, 1  # GP607'
    assert_findings(ENTRY.replace("INSIDE", keep).replace("OUTSIDE", "trainer.step()"))
    outside = 'trainer.last["loss"] = trainer.step()'
    assert_silent(ENTRY.replace("INSIDE", "pass").replace("OUTSIDE", outside))
    # It is kept by both, and the later one is read.
    both = keep.removesuffix("  # GP607")
    assert_silent(ENTRY.replace("INSIDE", both).replace("OUTSIDE", outside))


def test_an_entry_of_a_dict_of_the_step():
    """A dict that the step makes and gives back is no way out of it."""
    made = 'logs = {}; logs["loss"] = loss; return logs'
    text = ENTRY.replace("INSIDE", made).replace("OUTSIDE", "trainer.last = trainer.step()")
    assert_silent(text)


@pytest.mark.parametrize("kind", ["list", "tuple"])
def test_gradients_that_a_callback_reads(kind: str):
    """`fit` traces the step, and a callback asks the model for what it kept."""
    text = """
    class Norms(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            print([float(tf.norm(one)) for one in self.model.last])

    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.score = keras.layers.Dense(4)
            self.last = None

        def call(self, inputs):
            return self.score(inputs)

        def train_step(self, data):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(self(data[0], training=True) - data[1]))
            gradients = tape.gradient(loss, self.trainable_variables)
            self.last = {kind}(gradients){mark}
            self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
            return {{"loss": loss}}

    net = Net()
    net.compile(optimizer="sgd"{eager})
    net.fit(x, y, callbacks=[Norms()])
    """
    assert_findings(text.format(kind=kind, mark="  # GP607", eager=""))
    assert_silent(text.format(kind=kind, mark="", eager=", run_eagerly=True"))


LOG = """
class Log:
    def __init__(self):
        self.losses = []

    def keep(self, value):
        self.losses.append(value)

    def mean(self):
        recent, self.losses = self.losses, []
        return tf.add_n(recent) / len(recent)

log = Log()

@tf.function
def step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    {inside}
    return loss

for _ in range(3):
    loss = step()
    {outside}
print(float(log.mean()))
"""


def test_a_log_that_the_step_writes_to():
    """What an object outside keeps of a traced step is read when there is no graph."""
    kept = "self.losses.append(value)"
    wrong = LOG.format(inside="log.keep(loss)", outside="pass")
    assert_findings(wrong.replace(kept, f"{kept}  # GP607"))
    assert_silent(LOG.format(inside="pass", outside="log.keep(loss)"))


LOGGED = """
{made}

@tf.function
def train(inputs, targets):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(inputs) - targets))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    {keep}
    return loss

for _ in range(3):
    last = train(x, y)
    {after}
print(np.mean(log["loss"]))
"""


@pytest.mark.parametrize(
    ("made", "keep"),
    [
        ('log = {"loss": []}', 'log["loss"].append(loss)'),
        ("log = {}", 'log.setdefault("loss", []).append(loss)'),
    ],
)
def test_lists_in_a_dict(made: str, keep: str):
    """`history["loss"].append(loss)`, while the step is traced."""
    text = LOGGED.format(made=made, keep=keep + "  # GP607", after="")
    assert_findings(text)
    right = LOGGED.format(made=made, keep="", after=keep.replace("loss)", "float(last))"))
    assert_silent(right)


def test_a_dict_of_lists_that_the_step_makes():
    """It ends with the trace."""
    made = 'log = {"loss": [0.0]}'
    keep = 'mine = {"loss": []}; mine["loss"].append(loss); loss = sum(mine["loss"])'
    assert_silent(LOGGED.format(made=made, keep=keep, after=""))


SUMMING = """
sums = [MADE for v in model.trainable_variables]

@tf.function
def add(x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    for i, g in enumerate(tape.gradient(loss, model.trainable_variables)):
        STORED
    return loss

for step in range(8):
    add(x, y)
    if step % 4 == 3:
        optimizer.apply_gradients(zip(sums, model.trainable_variables))
"""


def test_sums_in_a_list_from_outside():
    """A traced function puts its sums into a list, and the optimizer gets them outside."""
    kept = SUMMING.replace("MADE", "tf.zeros_like(v)")
    assert_findings(kept.replace("STORED", "sums[i] += g  # GP607"))
    held = SUMMING.replace("MADE", "tf.Variable(tf.zeros_like(v))")
    assert_silent(
        held.replace("STORED", "sums[i].assign_add(g)").replace("(sums,", "([s + 0 for s in sums],")
    )


def test_one_traced_function_keeps_and_another_reads():
    """Each is a graph of its own; within one the tensor may stand on the object."""
    text = """
        class Scaler:
            @tf.function
            def shrink(self, x):
                self.width = tf.math.reduce_std(x){mark}
                return x / self.width

            {traced}
            def grow(self, x):
                return x * self.width

        scaler = Scaler()
        z = {use}
    """
    both = "scaler.grow(scaler.shrink(x))"
    assert_findings(text.format(mark="  # GP607", traced="@tf.function", use=both))
    assert_silent(text.format(mark="", traced="@tf.function", use="scaler.shrink(x)"))
