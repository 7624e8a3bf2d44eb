"""Calls that are passed over because nothing was new: what comes up there is seen all the same."""

from __future__ import annotations

import signal

import pytest

from gradproof.watching import Watcher

pytestmark = pytest.mark.tensorflow

SETTLED = 150
"""Calls after which most are passed over."""


@pytest.fixture
def watcher(tmp_path):
    """A watcher at work; it must not fail."""
    import tensorflow  # noqa: F401

    watcher = Watcher(lambda _: None, tmp_path)
    watcher.start()
    yield watcher
    watcher.stop()
    assert watcher.failure is None, watcher.failure


class Loop:
    """A traced step that takes its optimizer from an attribute."""

    def __init__(self) -> None:
        """Makes a variable, two optimizers and the step."""
        import tensorflow as tf

        self.weight = tf.Variable(1.0, name="weight")
        self.optimizer = tf.keras.optimizers.SGD(0.001)
        self.other = tf.keras.optimizers.SGD(0.001)
        self.optimizer.build([self.weight])
        self.step = tf.function(self._step)

    def _step(self, x):
        import tensorflow as tf

        with tf.GradientTape() as tape:
            loss = tf.reduce_sum((self.weight * x) ** 2)
            tf.debugging.assert_less(tf.reduce_max(x), 100.0)
        self.optimizer.apply_gradients([(tape.gradient(loss, self.weight), self.weight)])


def settled() -> Loop:
    """A loop whose calls are passed over by now."""
    import tensorflow as tf

    loop = Loop()
    for _ in range(SETTLED):
        loop.step(tf.ones([2]))
    return loop


def test_every_step_is_counted(watcher):
    """Those of calls that were passed over, too."""
    settled()
    run = watcher.snapshot(finished=True)
    assert max(step.index for step in run.steps) == SETTLED
    assert run.counted == SETTLED


def test_most_calls_are_passed_over(watcher):
    """Otherwise each costs what a look costs."""
    import tensorflow as tf

    loop = settled()
    watched = watcher._framework
    looked, looks = watched.called, []
    watched.called = lambda *args: looks.append(1) or looked(*args)
    for _ in range(200):
        loop.step(tf.ones([2]))
    assert 1 <= len(looks) <= 30


def test_a_new_trace(watcher):
    """It is recorded, and its steps are measured."""
    import tensorflow as tf

    loop = settled()
    for _ in range(5):
        loop.step(tf.ones([3]))
    run = watcher.snapshot(finished=True)
    assert len([apply for apply in run.applies if apply.traced]) == 2
    assert sorted({step.apply: step.index for step in run.steps}.values()) == [5, SETTLED]


def test_many_functions_of_one_name(watcher):
    """Each is recorded: a cross-validation makes the same step for every fold."""
    import tensorflow as tf

    folds = [Loop() for _ in range(7)]
    for loop in folds:
        loop.step(tf.ones([2]))
        loop.step(tf.ones([2]))
    run = watcher.snapshot(finished=True)
    assert (run.counted, run.unrecorded) == (14, 0)


def test_more_graphs_than_are_recorded(watcher, monkeypatch):
    """What their variables did is not known, and said to be so."""
    import tensorflow as tf

    from gradproof.standing import standings
    from gradproof.watching.tensorflow import functions

    monkeypatch.setattr(functions, "GRAPHS", 2)
    folds = [Loop() for _ in range(4)]
    for loop in folds:
        loop.step(tf.ones([2]))
    run = watcher.snapshot(finished=True)
    assert [one.state for one in standings(run, [])] == ["moved"] * 2
    assert run.unrecorded == 2
    assert any("2 traces of functions" in sentence for sentence in run.unwatched)


def test_an_exception(watcher):
    """It is the program's, and the calls after it are seen."""
    import tensorflow as tf

    loop = settled()
    with pytest.raises(tf.errors.InvalidArgumentError):
        loop.step(tf.fill([2], 1000.0))
    for _ in range(3):
        loop.step(tf.ones([2]))
    assert watcher.snapshot(finished=True).counted == int(loop.optimizer.iterations.numpy())
    assert int(loop.optimizer.iterations.numpy()) >= SETTLED + 3


def test_a_replaced_optimizer(watcher):
    """Noticed at the first call after it."""
    import tensorflow as tf

    loop = settled()
    loop.optimizer = loop.other
    loop.step(tf.ones([2]))
    (found,) = watcher.snapshot(finished=True).replaced
    assert found.call == SETTLED + 1


class Late(Exception):
    """What the program's timeout raises."""


@pytest.mark.parametrize("where", ["_enter", "_leave"])
def test_a_timeout_of_the_program_in_a_hook(watcher, where, monkeypatch):
    """A signal handler may raise at any moment; that is the program's, and watching goes on."""
    import tensorflow as tf

    def expired(number, frame):
        raise Late

    def interrupted(*args, **kwargs):
        signal.raise_signal(signal.SIGALRM)

    loop = Loop()
    loop.step(tf.ones([2]))
    before = signal.signal(signal.SIGALRM, expired)
    try:
        with monkeypatch.context() as patched:
            patched.setattr(watcher._framework.functions, where, interrupted)
            with pytest.raises(Late):
                loop.step(tf.ones([2]))
    finally:
        signal.signal(signal.SIGALRM, before)
    loop.step(tf.ones([2]))
    assert watcher.snapshot(finished=True).counted == int(loop.optimizer.iterations.numpy())


def test_calls_within_calls(watcher):
    """A traced function that calls another one, and eager code between the calls."""
    import tensorflow as tf

    loop = settled()
    outer = tf.function(lambda x: loop.step(x))
    for _ in range(SETTLED):
        outer(tf.ones([2]))
        with tf.GradientTape() as tape:
            loss = loop.weight * 2.0
        tape.gradient(loss, loop.weight)
    assert watcher.snapshot(finished=True).counted >= 2 * SETTLED
