"""Edge cases of target-copy-wrong."""

from __future__ import annotations

import textwrap
from dataclasses import replace

import pytest

from gradproof.evidence.applies import Apply, Assigned, Pair
from gradproof.evidence.copies import Copy
from gradproof.evidence.run import Run
from gradproof.evidence.variable import Variable
from gradproof.faults.target_copy_wrong import prove, settle
from gradproof.finding import Finding
from records import (
    BIAS,
    KERNEL,
    READ_KERNEL,
    at,
    healthy,
    operation,
    with_apply,
    with_operations,
    with_variable,
)
from snippets import PRELUDE, assert_findings, assert_silent, mended_snippet, suspects
from worlds import HEADER, IMPORTS


def test_two_names():
    """The copy of a network's weights onto itself."""
    assert_findings(
        """
        target = encoder  # GP707
        target.set_weights(encoder.get_weights())
        """
    )


def test_best_weights():
    """Weights that are put by and restored."""
    assert_silent(
        """
        best = encoder.get_weights()
        encoder.set_weights(best)
        """
    )


def test_decay():
    """A variable that is shrunk is no target."""
    assert_silent(
        """
        for variable in encoder.trainable_variables:
            variable.assign(0.99 * variable)
        """
    )


def test_pairs_of_a_network_with_itself():
    """`zip` of a list with itself, where a soft update was meant."""
    follow = """
        def follow():
            mixed = [
                0.9 * t + 0.1 * s
                for t, s in zip(decoder.variables, OTHER.variables)MARK
            ]
            for target, value in zip(decoder.variables, mixed):
                target.assign(value)

        follow()
        """
    assert_findings(follow.replace("OTHER", "decoder").replace("MARK", "  # GP707"))
    assert_silent(follow.replace("OTHER", "encoder").replace("MARK", ""))


TARGET = 9


def mixed(first: int, by: str = "assign", tau: float = 0.1) -> Run:
    """`target.assign(0.9 * target + tau * X)`; X is read by the operation `first`."""
    run = with_operations(
        healthy(),
        operation(12, "ReadVariableOp", line=7, reads=frozenset({TARGET})),
        operation(13, "Const", line=7, shape=(), value=0.9),
        operation(14, "Mul", (13, 12), line=7),
        operation(15, "Const", line=7, shape=(), value=tau),
        operation(16, "Mul", (15, first), line=7),
        operation(17, "AddV2", (14, 16), line=7),
    )
    pair = Pair(TARGET, name="target/kernel", handed=17)
    hand = Apply(2, (at(7),), 1, 18, by, pairs=(pair,))
    variables = (*run.variables, Variable(TARGET, "target/kernel", (4, 4)))
    return replace(run, variables=variables, applies=(*run.applies, hand))


def test_mixed_with_itself():
    """0.9 and 0.1 of itself is itself."""
    (found,) = prove(mixed(12))
    assert found.place == at(7)
    assert found.variables == ("target/kernel",)
    assert "1 times its own value" in found.message


def test_mixed_with_the_online_network():
    """0.1 of another variable is a soft update."""
    assert list(prove(mixed(READ_KERNEL))) == []


def kept(change: str) -> Run:
    """`old = tf.identity(target); target.assign_sub(...); target.assign(old)`."""
    changed = {"assign": frozenset({TARGET}), "nothing": frozenset[int](), "optimizer": frozenset()}
    run = with_operations(
        healthy(),
        operation(12, "ReadVariableOp", line=7, reads=frozenset({TARGET})),
        operation(13, "Identity", (12,), line=7),
        operation(14, "Const", line=8, shape=(), value=0.5),
        operation(15, "AssignSubVariableOp", (14,), line=8, writes=changed[change]),
    )
    pair = Pair(TARGET, name="target/kernel", handed=13)
    hand = Apply(2, (at(9),), 1, 16, "assign", pairs=(pair,))
    applied = replace(run.applies[0], key=3, at=14, pairs=(replace(pair, handed=14),))
    applies = (*run.applies, hand, *([applied] if change == "optimizer" else []))
    variables = (*run.variables, Variable(TARGET, "target/kernel", (4, 4)))
    return replace(run, variables=variables, applies=applies)


def test_a_step_that_is_taken_back():
    """A variable that is given what it was before it changed is no mixture with itself."""
    assert [found.place for found in prove(kept("nothing"))] == [at(9)]
    assert list(prove(kept("assign"))) == []
    assert list(prove(kept("optimizer"))) == []


def test_a_decaying_run():
    """A variable that is multiplied by less than 1 decays, and is meant to."""
    assert list(prove(mixed(12, tau=0.05))) == []


@pytest.mark.parametrize("rate", [1e-5, 1e-8])
@pytest.mark.parametrize("whole", [False, True])
def test_a_weight_decay(rate: float, whole: bool):
    """`w.assign_sub(rate * w)` takes little away at each step, in Keras 3 by a sum of its own."""
    run = with_operations(
        mixed(12),
        operation(15, "Const", line=7, shape=(), value=rate),
        operation(16, "Mul", (15, 12), line=7),
        operation(17, "Sub", (12, 16), line=7),
    )
    *others, hand = run.applies
    handed = replace(hand.pairs[0], handed=17 if whole else 16)
    hand = replace(hand, by="assign_sub", pairs=(handed,))
    kind = "keras.Variable" if whole else "tf.Variable"
    run = with_variable(replace(run, applies=(*others, hand)), TARGET, kind=kind)
    assert list(prove(run)) == []


def test_a_network_that_is_given_its_own_weights():
    """Again and again the weights come from the object that they are given to."""
    suspicion = Finding("two names for one network", place=at(1), label="no copy")
    copied = replace(healthy(), copies=(Copy("online", at(8), 4, 4),))
    settled = settle(suspicion, copied)
    assert isinstance(settled, Finding)
    assert "its own weights 4 times" in settled.message
    assert settle(suspicion, replace(copied, copies=(Copy("target", at(8), 4, 0),))) is None


def test_shared_layers_in_pairs():
    """Two models that share layers are gone through side by side."""
    assert_silent(
        """
        body = keras.layers.Dense(8)
        old = keras.Sequential([body, keras.layers.Dense(1)])
        new = keras.Sequential([body, keras.layers.Dense(1)])
        for first, second in zip(old.layers, new.layers):
            second.set_weights(first.get_weights())
        """
    )


ONLINE = 1


def pulled_back(own: float, *, copied: int = 1) -> Run:
    """`kernel.assign(own * kernel + (1 - own) * target)`, of a kernel that is trained."""
    run = with_operations(
        healthy(),
        operation(12, "ReadVariableOp", line=7, reads=frozenset({TARGET})),
        operation(13, "Const", line=7, shape=(), value=1.0 - own),
        operation(14, "Mul", (12, 13), line=7),
        operation(15, "Const", line=7, shape=(), value=own),
        operation(16, "Mul", (15, READ_KERNEL), line=7),
        operation(17, "AddV2", (14, 16), line=7),
    )
    hand = Apply(2, (at(7),), 1, 18, "assign", pairs=(Pair(ONLINE, handed=17),))
    return replace(
        run,
        variables=(*run.variables, Variable(TARGET, "target/kernel", (4, 4))),
        applies=(*run.applies, hand),
        assigned=(Assigned(TARGET, "assign", copied, (at(1),)),),
    )


def test_the_trained_network_is_written_to():
    """0.95 of a network that nothing updates takes the place of what was learned."""
    (found,) = prove(pulled_back(0.05))
    assert found.place == at(7)
    assert found.variables == ("dense/kernel",)


def test_weights_that_are_held_near_others():
    """A small pull towards the weights of before keeps what was learned."""
    assert list(prove(pulled_back(0.99))) == []


def test_weights_that_are_restored():
    """Nothing of the own value is left, as where a task begins anew."""
    assert list(prove(pulled_back(0.0))) == []


def test_a_copy_that_is_made_again():
    """The other network is given new weights now and then."""
    assert list(prove(pulled_back(0.05, copied=3))) == []


def test_an_alias_that_a_method_mixes():
    """The weights of one network are mixed with themselves, in a comprehension."""
    text = """
        class Agent:
            def __init__(self):
                self.online = keras.Sequential([keras.layers.Dense(2)])
                {made}

            def soften(self):
                new = [0.1 * o + 0.9 * t
                       for o, t in zip(self.online.get_weights(), self.target.get_weights())]
                self.target.set_weights(new)

        agent = Agent()
        for _ in range(9):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(agent.online(x) - y))
            variables = agent.online.trainable_variables
            optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
            agent.soften()
    """
    assert_findings(text.format(made="self.target = self.online  # GP707"))
    assert_silent(text.format(made="self.target = keras.models.clone_model(self.online)"))


AVERAGE = """
{copy}
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(encoder(x) - y))
gradients = tape.gradient(loss, encoder.trainable_variables)
optimizer.apply_gradients(zip(gradients, encoder.trainable_variables))
for slow, fast in zip(decoder.trainable_variables, encoder.trainable_variables):
    {assign}
{after}
"""
COPY = "decoder.set_weights(encoder.get_weights())"
BACK = "fast.assign(0.99 * slow + 0.01 * fast)"


def test_an_average_that_is_assigned_to_the_other_network():
    """The copy stays where it was, and the trained network is pulled back to it."""
    text = AVERAGE.format(copy=COPY, assign=BACK + "  # GP707", after="")
    assert_findings(text)
    assert BACK.replace("fast.assign", "slow.assign") in mended_snippet(text)


def test_averages_that_are_right():
    """The copy follows; it is changed elsewhere; it is no copy; it is made again and again."""
    follows = "slow.assign(0.99 * slow + 0.01 * fast)"
    assert_silent(AVERAGE.format(copy=COPY, assign=follows, after=""))
    moved = "for slow in decoder.trainable_variables:\n    slow.assign(0.9 * slow)"
    assert_silent(AVERAGE.format(copy=COPY, assign=BACK, after=moved))
    assert_silent(AVERAGE.format(copy="", assign=BACK, after=""))
    again = f"for _ in range(3):\n    {COPY}"
    assert_silent(AVERAGE.format(copy=again, assign=BACK, after=""))


@pytest.mark.parametrize(
    "made",
    [
        "target, other = encoder, decoder  # GP707",
        "online = target = keras.Sequential([keras.layers.Dense(4)])  # GP707",
    ],
)
def test_two_names_at_once(made: str):
    """Names for one network that are made in one statement."""
    name = "encoder" if "encoder" in made else "online"
    assert_findings(
        f"""
        {made}
        for _ in range(9):
            target.set_weights({name}.get_weights())
        """
    )


def test_a_network_without_a_copy():
    """All that a line copies, time and again, are weights onto themselves."""
    run = replace(healthy(), counted=9, copies=(Copy("online", at(8), 4, 4),))
    (found,) = prove(run)
    assert (found.place, found.evidence) == (at(8), {"copies": 4})
    leader = (Copy("first", at(8), 4, 4), Copy("second", at(8), 4, 0))
    assert list(prove(replace(run, copies=leader))) == []


def copied_back(*, target: bool = True, changed: bool = False) -> Run:
    """`online.set_weights(target.get_weights())`, where a target gives what is wanted."""
    run = with_operations(
        healthy(),
        operation(12, "ReadVariableOp", line=3, reads=frozenset({TARGET})),
        *([operation(13, "MatMul", (0, 12), line=3)] if target else []),
    )
    return replace(
        run,
        variables=(*run.variables, Variable(TARGET, "target/kernel", (4, 4))),
        counted=9,
        copies=(Copy("online", at(8), 3, 0, (ONLINE,), (TARGET,)),),
        assigned=(Assigned(TARGET, "assign", 2, (at(1),)),) if changed else (),
    )


def test_a_target_that_shares_layers():
    """Its kernel is the trained one, its bias is of its own; or that is trained, too."""
    target = Copy("target", at(8), 4, 0, (KERNEL, 9), (KERNEL, BIAS))
    own = Variable(9, "target/bias", (4,))
    run = healthy()
    run = replace(run, variables=(*run.variables, own), copies=(target,))
    (found,) = prove(run)
    assert (found.place, found.variables) == (at(8), ("dense/kernel",))
    apart = replace(target, variables=(10, 9))
    other = Variable(10, "target/kernel", (4, 4))
    assert not [*prove(replace(run, variables=(*run.variables, other), copies=(apart,)))]
    first, _ = run.applies[0].pairs
    pairs = (*run.applies[0].pairs, replace(first, variable=9))
    assert not [*prove(with_apply(run, pairs=pairs))]


def test_weights_that_go_the_wrong_way():
    """The network that is trained gets the weights of one that nothing trains."""
    (found,) = prove(copied_back())
    assert (found.place, found.variables) == (at(8), ("dense/kernel",))
    assert list(prove(copied_back(changed=True))) == []
    # Who begins anew from first weights does not compute with those.
    assert list(prove(copied_back(target=False))) == []


def test_weights_as_arrays_mixed_with_themselves():
    """`get_weights` of one network twice, and of two."""
    text = """
        def soft_update(target, online):
            pairs = zip({first}.get_weights(), target.get_weights()){mark}
            target.set_weights([0.1 * new + 0.9 * old for new, old in pairs])

        for turn in range(9):
            soft_update(decoder, encoder)
    """
    assert_findings(text.format(first="target", mark="  # GP707"))
    assert_silent(text.format(first="online", mark=""))


FROM_ZERO = """
    average = [tf.Variable({first}, trainable=False) for v in model.trainable_variables]{mark}
    count = tf.Variable(0.0, trainable=False)

    def train():
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        count.assign_add(1.0)
        for a, v in zip(average, model.trainable_variables):
            a.assign(0.9 * a + 0.1 * v)

    for turn in range(9):
        train()
    for a, v in zip(average, model.trainable_variables):
        v.assign({used})
"""


def test_an_average_that_starts_at_zero():
    """It starts from the weights, or is corrected for what it has not seen."""
    zeros = "tf.zeros_like(v)"
    assert_findings(FROM_ZERO.format(first=zeros, used="a", mark="  # GP707"))
    assert_silent(FROM_ZERO.format(first=zeros, used="a / (1.0 - 0.9**count)", mark=""))
    assert_silent(FROM_ZERO.format(first="v.value", used="a", mark=""))


CLONED = """
    def network():
        return keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])

    online = network()
    other = {made}{mark}
    {then}

    def train():
        wanted = tf.stop_gradient(other({after}))
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(online(x) - wanted))
        gradients = tape.gradient(loss, online.trainable_variables)
        optimizer.apply_gradients(zip(gradients, online.trainable_variables))

    for turn in range(9):
        train()
"""


def test_a_clone_without_the_weights():
    """`clone_model` copies no weights; a network of its own may be meant to stay random."""
    clone = "keras.models.clone_model(online)"
    assert_findings(
        CLONED.format(after="tf.roll(x, 1, 0)", made=clone, then="pass", mark="  # GP707")
    )
    assert_silent(CLONED.format(after="tf.roll(x, 1, 0)", made="network()", then="pass", mark=""))
    for then in (
        "other.set_weights(online.get_weights())",
        "for a, b in zip(other.variables, online.variables): a.assign(b)",
        "for a, b in zip(other.layers, online.layers): a.set_weights(b.get_weights())",
        "other.load_weights('first.weights.h5')",
    ):
        assert_silent(CLONED.format(after="tf.roll(x, 1, 0)", made=clone, then=then, mark=""))


def test_a_clone_that_stays_random():
    """Random network distillation: the novelty of an input is how badly the other is guessed."""
    made = "keras.models.clone_model(online)"
    assert_silent(CLONED.format(after="x", made=made, then="pass", mark=""))


CALLBACK = """
    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(4)

        def call(self, inputs):
            return self.dense(inputs)

        def train_step(self, data):
            inputs, targets = data
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(self(inputs, training=True) - targets))
            gradients = tape.gradient(loss, self.trainable_variables)
            self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
            return {{"loss": loss}}


    class Averaging(keras.callbacks.Callback):
        average = None

        def {mix}(self, number, logs=None):
            weights = self.model.get_weights()
            self.average = self.average or weights
            self.average = [0.9 * a + 0.1 * w for a, w in zip(self.average, weights)]

        def {write}(self, number, logs=None):
            self.model.set_weights(self.average){mark}

        def {restore}(self, number, logs=None):
            {back}


    net = Net()
    net.compile(optimizer="adam")
    net.fit(x, y, epochs=3, callbacks=[Averaging()])
"""


def test_an_average_that_is_written_back():
    """Between two epochs it undoes; at the end, or put back again, it does not."""
    plain = {
        "mix": "on_train_batch_end",
        "write": "on_epoch_end",
        "mark": "",
        "restore": "on_test_end",
        "back": "pass",
    }
    assert_findings(CALLBACK.format(**{**plain, "mark": "  # GP707"}))
    assert_silent(CALLBACK.format(**{**plain, "write": "on_train_end"}))
    assert_silent(CALLBACK.format(**{**plain, "back": "self.model.set_weights(self.kept)"}))
    # Slow weights that are looked at once an epoch, and gone on from.
    assert_silent(CALLBACK.format(**{**plain, "mix": "on_epoch_begin"}))


ARRAYS = """
    class Averaging(keras.callbacks.Callback):
        def __init__(self, decay=0.99):
            super().__init__()
            self.decay, self.count = decay, 0
            self.average = None

        def on_train_begin(self, logs=None):
            self.average = [{start} for w in self.model.get_weights()]{mark}

        def on_train_batch_end(self, number, logs=None):
            d = {decay}
            self.count += 1
            self.average = [d * a + (1 - d) * w for a, w in zip(self.average, self.model.get_weights())]

        def on_train_end(self, logs=None):
            self.model.set_weights({given})
"""


def test_an_average_of_arrays_from_zero():
    """It is far too small at first, if nothing divides by what it has not seen."""
    plain = {
        "start": "np.zeros_like(w)",
        "decay": "self.decay",
        "given": "self.average",
        "mark": "  # GP707",
    }
    assert_findings(ARRAYS.format(**plain))
    right = {
        "start": "np.array(w)",
        "decay": "min(self.decay, (1 + self.count) / (10 + self.count))",
        "given": "[a / (1 - self.decay ** self.count) for a in self.average]",
    }
    for name, text in right.items():
        assert_silent(ARRAYS.format(**{**plain, "mark": "", name: text}))


AGENT = """
class Agent:
    def __init__(self):
        self.online = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
        self.target = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
        self.target.set_weights(self.online.get_weights())

    def follow(self, tau=0.1):
        {follow}

    def learn(self):
        goal = self.target(x)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(self.online(x) - goal))
        variables = self.online.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
        self.follow()


agent = Agent()
for _ in range(3):
    agent.learn()
"""

MIXED = """new = self.target.get_weights()
        for i, w in enumerate(self.online.get_weights()):
            new[i] = tau * w + (1 - tau) * new[i]{mark}
        {given}"""


def test_a_mixture_of_arrays_that_nobody_is_given():
    """What `get_weights` gave are copies: a mixture of them is to be set."""
    lost = MIXED.format(mark="  # GP707", given="return new")
    assert_findings(AGENT.format(follow=lost))
    for given in ("self.target.set_weights(new)", "self.online.set_weights(new)"):
        assert_silent(AGENT.format(follow=MIXED.format(mark="", given=given)))
    assert_silent(AGENT.format(follow="self.target.set_weights(self.online.get_weights())"))
    zipped = """pairs = zip(self.target.get_weights(), self.online.get_weights())
        self.target.set_weights([tau * t + (1 - tau) * {other} for t, s in pairs]){mark}"""
    assert_findings(AGENT.format(follow=zipped.format(other="t", mark="  # GP707")))
    assert_silent(AGENT.format(follow=zipped.format(other="s", mark="")))


def test_an_average_of_two_trained_networks():
    """A point between two networks is looked at, and no target is meant."""
    assert_silent("""
        other = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
        other.set_weights(model.get_weights())
        for net in (model, other):
            optimizer = keras.optimizers.SGD(0.1)
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(net(x) - y))
            gradients = tape.gradient(loss, net.trainable_variables)
            optimizer.apply_gradients(zip(gradients, net.trainable_variables))
        between = [0.5 * a + 0.5 * b for a, b in zip(model.get_weights(), other.get_weights())]
    """)


def test_a_copy_whose_name_is_given_away():
    """The target is the online network itself from the first update on."""
    assert_findings(AGENT.format(follow="self.target = self.online  # GP707"))


def test_a_target_that_is_given_its_own_weights():
    """One name too often; of a network that trains, it is only a round trip."""
    text = """
        target = keras.models.clone_model(model)
        for number in range(90):
            goal = target(x)
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(x) - 0.9 * goal))
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))
            target.set_weights({of}.get_weights()){mark}
            {then}
    """
    assert_findings(text.format(of="target", mark="  # GP707", then="pass"))
    again = "model.set_weights(model.get_weights())"
    assert_silent(text.format(of="model", mark="", then=again))


HELPED = """
def ema(target, source, decay=0.99):
    for t, s in zip(target.weights, source.weights):
        {written}{within}

class Pair:
    def __init__(self):
        self.online, self.target = network("online"), network("target")
        self.target.set_weights(self.online.get_weights())

    def step(self):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(self.online(x) - self.target(x + 1.0)))
        gradients = tape.gradient(loss, self.online.trainable_variables)
        optimizer.apply_gradients(zip(gradients, self.online.trainable_variables))
        {call}{mark}

def network(name):
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)], name=name)

pair = Pair()
for _ in range(3):
    pair.step()
"""
FOLLOWS = "t.assign(decay * t + (1.0 - decay) * s)"
WRITES = "s.assign(decay * t + (1.0 - decay) * s)"


def test_a_helper_is_told_the_wrong_order():
    """A helper that does as its names say is called wrongly; one that does not is wrong."""
    right, wrong = "ema(self.target, self.online)", "ema(self.online, self.target)"
    swapped = {"written": FOLLOWS, "within": "", "call": wrong, "mark": "  # GP707"}
    assert_findings(HELPED.format(**swapped))
    inside = {"written": WRITES, "within": "  # GP707", "call": right, "mark": ""}
    assert_findings(HELPED.format(**inside))
    assert_silent(HELPED.format(written=FOLLOWS, within="", call=right, mark=""))


def test_two_keys_of_one_network():
    """A dict can name one network twice as well."""
    text = """
        nets = {{"online": keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])}}
        nets["target"] = {target}{mark}

        def learn(states, actions, rewards, later):
            goal = rewards + 0.9 * tf.reduce_max(nets["target"](later), 1)
            with tf.GradientTape() as tape:
                chosen = tf.reduce_sum(nets["online"](states) * actions, 1)
                loss = tf.reduce_mean(tf.square(goal - chosen))
            variables = nets["online"].trainable_variables
            optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))

        for step in range(20):
            learn(x, y[:, :2], x[:, 0], x)
            if step % 5 == 0:
                nets["target"].set_weights(nets["online"].get_weights())
    """
    assert_findings(text.format(target='nets["online"]', mark="  # GP707"))
    clone = 'keras.models.clone_model(nets["online"])'
    assert_silent(text.format(target=clone, mark=""))


def test_an_average_of_references():
    """A list of the variables is no copy of them; new variables are, and other ones."""
    text = """
        average = [{entry} for v in model.trainable_variables]{mark}

        def follow(decay=0.99):
            for a, v in zip(average, {of}.trainable_variables):
                a.assign(decay * a + (1.0 - decay) * v)

        for _ in range(9):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(x) - y))
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))
            follow()
    """
    assert_findings(text.format(entry="v", of="model", mark="  # GP707"))
    assert_silent(text.format(entry="tf.Variable(v, trainable=False)", of="model", mark=""))


def test_the_update_of_two_names_belongs_to_their_story():
    """A run sees the update; the source knows the line that makes no copy."""
    (found,) = suspects(
        PRELUDE.format(imports=HEADER.format(keras=IMPORTS["3"]))
        + textwrap.dedent("""
            target = model

            for _ in range(9):
                with tf.GradientTape() as tape:
                    loss = tf.reduce_mean(tf.square(model(x) - target(x + 1.0)))
                gradients = tape.gradient(loss, model.trainable_variables)
                optimizer.apply_gradients(zip(gradients, model.trainable_variables))
                for a, v in zip(target.variables, model.variables):
                    a.assign(0.9 * a + 0.1 * v)
        """)
    )
    assert [there.message for there in found.related][-1] == "gets its own value"


SHARED = """
    inputs = keras.Input((4,))
    hidden = keras.layers.Dense(8, activation="relu")(inputs)
    values = keras.layers.Dense(2)(hidden)
    online = keras.Model(inputs, values)
    target = {made}{mark}

    def sync():
        {sync}

    for _ in range(9):
        with tf.GradientTape() as tape:
            goal = tf.reduce_max(target(x + 1.0), axis=1)
            loss = tf.reduce_mean(tf.square(tf.reduce_max(online(x), axis=1) - goal))
        gradients = tape.gradient(loss, online.trainable_variables)
        optimizer.apply_gradients(zip(gradients, online.trainable_variables))
        sync()
"""

HARD = "target.set_weights(online.get_weights())"
SOFT = """for a, b in zip(target.variables, online.variables):
            a.assign(0.9 * a + 0.1 * b)"""


@pytest.mark.parametrize("sync", [HARD, SOFT])
def test_two_models_of_the_same_layers(sync: str):
    """A second model over the same tensors has no weights of its own; one to look inside has a use."""
    same = SHARED.format(made="keras.Model(inputs, values)", sync=sync, mark="  # GP707")
    assert_findings(same)
    clone = SHARED.format(made="keras.models.clone_model(online)", sync=sync, mark="")
    assert_silent(clone)
    inside = "keras.Model(inputs, [hidden, values])"
    assert_silent(SHARED.format(made=inside, sync="pass", mark=""))


GIVEN_BACK = """
    def network():
        return keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])

    online, target = network(), network()

    def follow():
        mixed = []
        for t, q in zip(target.get_weights(), online.get_weights()):
            mixed.append(0.01 * q + 0.99 * t)
        {to}.set_weights(mixed){mark}

    for _ in range(9):
        goal = tf.reduce_max(target(x + 1.0), axis=1)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(tf.reduce_max(online(x), axis=1) - goal))
        gradients = tape.gradient(loss, online.trainable_variables)
        optimizer.apply_gradients(zip(gradients, online.trainable_variables))
        follow()
"""


def test_a_mixture_of_arrays_that_is_given_back():
    """The network that is trained gets it, and nothing changes the copy."""
    assert_findings(GIVEN_BACK.format(to="online", mark="  # GP707"))
    assert_silent(GIVEN_BACK.format(to="target", mark=""))
    uncalled = GIVEN_BACK.replace("target(x + 1.0)", "x")
    assert_silent(uncalled.format(to="online", mark=""))


SHARES = """
online = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(8), keras.layers.Dense(4)])
slow = keras.models.clone_model(online)
slow.set_weights(online.get_weights())
tau = {tau}
for step in range(100):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(online(x) - tf.stop_gradient(slow(x))))
    gradients = tape.gradient(loss, online.trainable_variables)
    optimizer.apply_gradients(zip(gradients, online.trainable_variables))
    for t, s in zip({target}.trainable_variables, {other}.trainable_variables):
        t.assign(tau * t + (1 - tau) * s){mark}
"""


def test_shares_that_are_mixed_up():
    """A small `tau` is the share of the trained network; of the target it leaves nothing."""
    text = SHARES.replace("{target}", "slow").replace("{other}", "online")
    assert_findings(text.format(tau="0.005", mark="  # GP707"))
    assert_silent(text.format(tau="0.995", mark=""))
    right = text.replace("tau * t + (1 - tau) * s", "tau * s + (1 - tau) * t")
    assert_silent(right.format(tau="0.005", mark=""))
    back = SHARES.replace("{target}", "online").replace("{other}", "before")
    begun = back.replace("    with", "    before = keras.models.clone_model(online)\n    with", 1)
    kept = begun.replace(
        "\n    with", "\n    before.set_weights(online.get_weights())\n    with", 1
    )
    assert_silent(kept.format(tau="0.1", mark=""))
