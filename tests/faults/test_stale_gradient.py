"""Edge cases of stale-gradient."""

from __future__ import annotations

from dataclasses import replace

from gradproof.evidence.applies import Assigned, Pair
from gradproof.evidence.run import Run
from gradproof.faults.stale_gradient import prove
from records import BIAS, BIAS_GRADIENT, KERNEL, at, healthy
from snippets import assert_findings, assert_silent


def again(times: int = 3) -> Run:
    """One gradient call, applied several times."""
    run = healthy()
    applies = tuple(replace(run.applies[0], key=key, counted=1) for key in range(1, times + 1))
    return replace(run, applies=applies)


def test_applied_again():
    """The line that applies is the place, the tape the other end."""
    (found,) = prove(again())
    assert found.place == at(6)
    assert found.related[0].place == at(2)
    assert "3 times" in found.message


def test_asked_again():
    """A persistent tape that is asked in each step records nothing new."""
    run = again(2)
    second = replace(run.calls[0], key=2)
    pairs = tuple(replace(pair, call=2) for pair in run.applies[1].pairs)
    applies = (run.applies[0], replace(run.applies[1], pairs=pairs))
    (found,) = prove(replace(run, calls=(*run.calls, second), applies=applies))
    assert found.place == at(6)


def test_scaled_by_hand():
    """What a change by hand is computed from is followed to its call."""
    run = healthy()
    pair = Pair(BIAS, taken_for=frozenset({BIAS}), name="dense/bias", handed=BIAS_GRADIENT)
    hand = replace(run.applies[0], by="assign_sub", optimizer=None, pairs=(pair,))
    (found,) = prove(replace(run, applies=(hand, replace(hand, key=2))))
    assert found.variables == ("dense/bias",)


def test_recorded_in_each_step():
    """Each step has its own call."""
    run = again(2)
    second = replace(run.calls[0], key=2, tape=2)
    pairs = tuple(replace(pair, call=2) for pair in run.applies[1].pairs)
    applies = (run.applies[0], replace(run.applies[1], pairs=pairs))
    tapes = (*run.tapes, replace(run.tapes[0], key=2))
    assert list(prove(replace(run, calls=(*run.calls, second), tapes=tapes, applies=applies))) == []


def test_parts_of_one_gradient():
    """One call, whose results two calls of the optimizer share."""
    run = healthy()
    first = replace(run.applies[0], pairs=(Pair(KERNEL, call=1, name="dense/kernel"),))
    second = replace(run.applies[0], key=2, pairs=(Pair(BIAS, call=1, name="dense/bias"),))
    assert list(prove(replace(run, applies=(first, second)))) == []


def test_two_optimizers():
    """Two optimizers may be given the same gradient."""
    run = healthy()
    other = replace(run.applies[0], key=2, optimizer=2)
    assert list(prove(replace(run, applies=(*run.applies, other)))) == []


def test_found_in_a_loop():
    """Taken once, applied in every round."""
    assert_findings(
        """
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        for turn in range(100):
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))  # GP610
        """
    )


def test_silent_when_recorded_again():
    """Recorded in each round, or applied to other variables in each round."""
    assert_silent(
        """
        def gradients_of(batch):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(batch) - batch))
            return tape.gradient(loss, model.trainable_variables)

        for turn in range(100):
            optimizer.apply_gradients(zip(gradients_of(x), model.trainable_variables))
        """
    )
    assert_silent(
        """
        with tf.GradientTape(persistent=True) as tape:
            loss = tf.reduce_mean(tf.square(decoder(encoder(x)) - y))
        for net, chosen in [(encoder, optimizer), (decoder, second_optimizer)]:
            gradients = tape.gradient(loss, net.trainable_variables)
            chosen.apply_gradients(zip(gradients, net.trainable_variables))
        """
    )


BY_HAND = """
    w, b = tf.Variable(tf.ones((4, 4))), tf.Variable(tf.zeros((4,)))

    def record():
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(x @ w + b - y))
        return tape.gradient(loss, [w, b])

    gradients = record()
    for step in range(20):
        {again}
        for variable, gradient in zip([w, b], gradients):
            variable.assign_sub(0.1 * gradient){mark}
"""


def test_applied_again_by_hand():
    """Each round assigns, of the gradients that were taken before all rounds."""
    assert_findings(BY_HAND.format(again="pass", mark="  # GP610"))
    assert_silent(BY_HAND.format(again="gradients = record()", mark=""))


def test_applied_again_while_counting():
    """`while` may count rounds, too; a search along the line ends by what it finds."""
    text = BY_HAND.replace("for step in range(20):", "losses = []\n    while {test}:")
    text += "        losses.append(1.0)\n"
    assert_findings(text.format(test="len(losses) < 20", again="pass", mark="  # GP610"))
    assert_silent(text.format(test="loss_of(w) > 0.1", again="pass", mark=""))


def test_rounds_that_choose_the_variable():
    """Each round changes the variable of its number, of a list that may hold one."""
    text = """
        w = tf.Variable(tf.ones((4, 4)))
        only = [w]
        for epoch in range(30):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(x @ w - y))
            gradients = tape.gradient(loss, only)
            {loop}
                only[i].assign_sub(0.1 * gradients[i])
    """
    assert_silent(text.format(loop="for i in range(len(only)):"))
    counted = "i = 0\n            while i < len(only):"
    assert_silent(text.format(loop=counted) + "            i += 1\n")


def test_a_loss_that_was_recorded_before_the_loop():
    """A persistent tape gives the same gradients each time; other losses have others."""
    text = """
        with tf.GradientTape(persistent=True) as tape:
            first = tf.reduce_mean(tf.square(model(x) - y))
            second = tf.reduce_mean(tf.abs(model(x) - y))
        for {loss} in {rounds}:
            gradients = tape.gradient({loss}, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables)){mark}
    """
    wrong = text.format(loss="first", rounds="range(9)", mark="  # GP610")
    assert_findings(wrong.replace("for first in", "for number in"))
    assert_silent(text.format(loss="loss", rounds="(first, second)", mark=""))


def kept(taken: int, applied: int, traced: bool = False) -> Run:
    """Two calls, each applied; the place of the second goes on."""
    run = healthy()
    call, apply = replace(run.calls[0], times=taken, traced=traced), run.applies[0]
    pairs = tuple(replace(pair, call=2) for pair in apply.pairs)
    second = replace(apply, key=2, pairs=pairs, counted=applied - 1)
    tapes = (*run.tapes, replace(run.tapes[0], key=run.tapes[0].key + 1))
    other = replace(call, key=2, tape=tapes[-1].key)
    applies = (replace(apply, counted=1), second)
    return replace(run, tapes=tapes, calls=(call, other), applies=applies)


def test_gradients_of_the_first_epoch():
    """A list of gradients is gone through again, when nothing takes new ones."""
    (found,) = prove(kept(3, 36))
    assert found.place == at(6)
    assert "taken 3 times in all and applied 36 times" in found.message
    assert found.step == 4


def test_gradients_that_are_taken_as_often():
    """Each is applied once, or now and then twice; what a trace takes is not counted here."""
    for run in (kept(36, 36), kept(30, 36), kept(3, 5), kept(1, 36, traced=True)):
        assert list(prove(run)) == []


def test_a_line_search_puts_the_weights_back():
    """Each try begins where the gradients were taken, with a smaller step."""
    text = """
        def attempt(weights, gradients, rate):
            optimizer.learning_rate.assign(rate)
            {back}
            optimizer.apply_gradients(zip(gradients, model.trainable_variables)){mark}
            return tf.reduce_mean(tf.square(model(x) - y))

        for epoch in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(x) - y))
            gradients = tape.gradient(loss, model.trainable_variables)
            weights, rate = model.get_weights(), 1.0
            while attempt(weights, gradients, rate) > loss:
                rate *= 0.5
    """
    assert_silent(text.format(back="model.set_weights(weights)", mark=""))
    each = "[one.assign(was) for one, was in zip(model.variables, weights)]"
    assert_silent(text.format(back=each, mark=""))
    each = "for one, was in zip(model.variables, weights): one.assign(was)"
    assert_silent(text.format(back=each, mark=""))
    assert_findings(text.format(back="pass", mark="  # GP610"))


def test_weights_put_back_in_a_run():
    """They are assigned to between the steps, as often as the gradients are applied again."""
    run = again()
    back = tuple(Assigned(one, "assign", 2) for one in (KERNEL, BIAS))
    assert list(prove(replace(run, assigned=back))) == []
    once = (replace(back[0], times=1), back[1])
    assert len(list(prove(replace(run, assigned=once)))) == 1


def test_added_and_taken_away_again():
    """A look at the loss nearby, as SAM takes it: what was added is subtracted."""
    run = healthy()
    pair = Pair(BIAS, taken_for=frozenset({BIAS}), name="dense/bias", handed=BIAS_GRADIENT)
    hand = replace(run.applies[0], by="assign_add", optimizer=None, pairs=(pair,))
    back = replace(hand, key=2, by="assign_sub")
    assert not list(prove(replace(run, applies=(hand, back))))


FIRST = """
class Trainer:
    def __init__(self):
        self.kept = None

    def backward(self):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        if self.kept is None:
            self.kept = tape.gradient(loss, model.trainable_variables){mark}

    def step(self):
        optimizer.apply_gradients(zip(self.kept, model.trainable_variables))
        {then}

trainer = Trainer()
for _ in range(9):
    trainer.backward()
    trainer.step()
"""


def test_gradients_of_the_first_step_that_are_kept():
    """Taken if there are none, and nothing makes them none again."""
    assert_findings(FIRST.format(mark="  # GP610", then="print(self.kept)"))
    assert_silent(FIRST.format(mark="", then="self.kept = None"))
    assert_silent(FIRST.format(mark="", then="del self.kept"))
