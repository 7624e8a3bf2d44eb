"""Edge cases of optimizer-recreated."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gradproof.evidence.applies import Apply, Pair
from gradproof.evidence.run import Run
from gradproof.faults.optimizer_recreated import prove
from records import KERNEL, at, healthy
from snippets import assert_findings, assert_silent


def remade(times: int = 4, state: int = 4, by: str = "Adam", rates: tuple[float, ...] = ()) -> Run:
    """As many optimizers of one line as steps, each applied once."""
    run = healthy()
    optimizers, applies, steps = [], [], []
    for number in range(1, times + 1):
        optimizers.append(replace(run.optimizers[0], key=number, name=by, state=state))
        applies.append(replace(run.applies[0], key=number, optimizer=number, by=by, counted=1))
        rate = rates[number - 1] if rates else 0.1
        steps.append(replace(run.steps[0], apply=number, learning_rate=rate))
    return replace(
        run, optimizers=tuple(optimizers), applies=tuple(applies), steps=tuple(steps), counted=times
    )


def test_one_a_step():
    """The line that makes them is the place, the one that applies is told."""
    (found,) = prove(remade())
    assert found.place == at(1)
    assert found.related[0].place == at(6)
    assert "4 optimizers" in found.message
    assert "each for one step" in found.message


def test_after_the_weights_were_set_back():
    """Cross-validation assigns the first weights again: a new start is meant."""
    run = remade()
    back = Apply(9, (at(2),), 1, 0, "assign", pairs=(Pair(KERNEL, name="dense/kernel"),))
    assert list(prove(replace(run, applies=(*run.applies, back)))) == []


def test_for_each_of_several_tasks():
    """What was made before any was applied takes turns, and begins anew nowhere."""
    run = remade()
    together = tuple(replace(one, after=1) for one in run.optimizers)
    assert list(prove(replace(run, optimizers=together))) == []
    in_turn = tuple(replace(one, after=one.key) for one in run.optimizers)
    assert len(list(prove(replace(run, optimizers=in_turn)))) == 1


def test_for_new_variables():
    """A new optimizer for a new model is as it should be."""
    run = remade()
    applies = tuple(
        replace(one, pairs=(Pair(100 + one.key, name="kernel"),)) for one in run.applies
    )
    assert list(prove(replace(run, applies=applies))) == []


def test_for_a_network_that_grows():
    """An optimizer takes no variables but those that it was built for: each stage needs one."""
    run = remade()
    grown = tuple(
        replace(one, pairs=(*one.pairs, *(Pair(100 + n, name="new") for n in range(one.key - 1))))
        for one in run.applies
    )
    assert list(prove(replace(run, applies=grown))) == []
    shrunk = tuple(replace(one, key=9 - one.key, optimizer=5 - one.optimizer) for one in grown)
    assert len(list(prove(replace(run, applies=shrunk)))) == 1


@pytest.mark.parametrize(
    "run",
    [
        remade(times=2),
        remade(state=0, by="SGD"),
        remade(rates=(0.1, 0.01, 0.001, 0.0001)),
        healthy(),
    ],
    ids=["two", "plain SGD", "phases with other rates", "one"],
)
def test_right_programs(run):
    """Two optimizers, plain SGD, and phases with other learning rates."""
    assert list(prove(run)) == []


@pytest.mark.parametrize(("last", "found"), [(0.05, 1), (0.001, 0)])
def test_warm_restarts(last: float, found: int):
    """A schedule that begins again where it came to its end is meant; one cut short is not."""
    run = remade(state=0, by="SGD")
    ends = tuple(replace(step, index=2, learning_rate=last) for step in run.steps)
    run = replace(
        run,
        steps=(*run.steps, *ends),
        optimizers=tuple(replace(one, schedule="CosineDecay") for one in run.optimizers),
    )
    assert len(list(prove(run))) == found


STEP = """
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        chosen.apply_gradients(zip(gradients, model.trainable_variables))
"""


def test_found_in_a_step():
    """Made in the step, in the loop, or in each epoch."""
    assert_findings("def step(x, y):\n        chosen = keras.optimizers.Adam(1e-3)  # GP609" + STEP)
    assert_findings(
        "for turn in range(100):\n        chosen = keras.optimizers.Adam(1e-3)  # GP609" + STEP
    )
    assert_findings(
        "for epoch in range(9):\n    chosen = keras.optimizers.Adam(1e-3)  # GP609\n"
        "    for x in [y, y]:" + STEP
    )


ONE_EPOCH = """
def {name}():  # GP801
    chosen = keras.optimizers.Adam(1e-3){marked}
    for batch in [x, y]:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(batch) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        chosen.apply_gradients(zip(gradients, model.trainable_variables))


for turn in range(9):
    {name}()
"""


def test_a_function_of_one_epoch():
    """Its name says what it is; what another one is, a phase maybe, nobody knows."""
    assert_findings(ONE_EPOCH.format(name="train_epoch", marked="  # GP609"))
    assert_findings(ONE_EPOCH.format(name="train", marked=""))


def test_silent_when_made_once():
    """Before the loop; without state; for each of several models or phases."""
    assert_silent("chosen = keras.optimizers.Adam(1e-3)\nfor turn in range(9):" + STEP)
    assert_silent("for turn in range(9):\n        chosen = keras.optimizers.SGD(1e-3)" + STEP)
    assert_silent(
        "for rate in (1e-2, 1e-3):\n    chosen = keras.optimizers.Adam(rate)\n"
        "    for turn in range(9):" + STEP
    )
    assert_silent(
        "for fold in range(5):\n"
        "        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])\n"
        "        chosen = keras.optimizers.Adam(1e-3)" + STEP
    )
    assert_silent("def test_step(x, y):\n        chosen = keras.optimizers.Adam(1e-3)" + STEP)


def test_a_network_that_may_be_given():
    """`given or made()`: where nobody gives one, it is the one that is made."""
    assert_findings(
        """
        class Agent:
            def __init__(self, env, critic=None):
                self.critic = critic or self.build()

            def build(self):
                return keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])

            def learn(self, x, y):
                adam = keras.optimizers.Adam(0.01)  # GP609
                with tf.GradientTape() as tape:
                    loss = tf.reduce_mean((self.critic(x) - y) ** 2)
                gradients = tape.gradient(loss, self.critic.trainable_variables)
                adam.apply_gradients(zip(gradients, self.critic.trainable_variables))

            def train(self, x, y, rounds):
                for _ in range(rounds):
                    self.learn(x, y)
        """
    )


def test_many_within_a_phase():
    """Another rate begins a phase; within one, each step has an optimizer of its own."""
    (found,) = prove(remade(times=6, rates=(0.1, 0.1, 0.1, 0.01, 0.01, 0.01)))
    assert found.evidence["optimizers"] == 6


def test_made_by_a_function():
    """Who asks for it anew decides that, not the function that makes it."""
    text = """
        def chosen(rate):
            adam = keras.optimizers.Adam(rate)
            return adam

        def train(x, y{more}):
            {made}
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(x) - y))
            gradients = tape.gradient(loss, model.trainable_variables)
            adam.apply_gradients(zip(gradients, model.trainable_variables))

        adam = chosen(0.01)
        for turn in range(9):
            train(x, y{more})
    """
    assert_findings(text.format(made="adam = chosen(0.01)  # GP609", more=""))
    assert_silent(text.format(made="pass", more=", adam"))


def test_made_by_a_lambda_of_a_table():
    """Of a table of lambdas, too, who asks in each epoch decides that."""
    assert_findings(
        """
        kinds = {"adam": lambda rate: keras.optimizers.Adam(rate)}

        def chosen(name, rate):
            return kinds[name](rate)

        def train(x, y, chosen_one):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(x) - y))
            gradients = tape.gradient(loss, model.trainable_variables)
            chosen_one.apply_gradients(zip(gradients, model.trainable_variables))

        for epoch in range(9):
            train(x, y, chosen("adam", 0.01 * 0.9**epoch))  # GP609
        """
    )


def test_chosen_by_name():
    """Whichever optimizer a name stands for: of one made anew at each step, nothing is kept."""
    text = """
        def chosen(name):
            kinds = {"adam": keras.optimizers.Adam, "rmsprop": keras.optimizers.RMSprop}
            return MADE

        def train(x, y):
            chosen_one = chosen(name)  # GP609
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(x) - y))
            gradients = tape.gradient(loss, model.trainable_variables)
            chosen_one.apply_gradients(zip(gradients, model.trainable_variables))

        name = str(x.shape)
        for turn in range(9):
            train(x, y)
    """
    kept = text.replace("chosen_one = chosen(name)  # GP609", "pass")
    kept = kept.replace("for turn", "chosen_one = chosen(name)\n        for turn")
    named = ("kinds[name](0.01)", "getattr(keras.optimizers, name)(0.01)")
    for made in (*named, 'keras.optimizers.get("adam")'):
        assert_findings(text.replace("MADE", made))
        assert_silent(kept.replace("MADE", made))


TRACED_ANEW = """
import functools

make_adam = functools.partial(keras.optimizers.Adam, learning_rate=0.005)


def make_step(optimizer):
    def step(inputs, targets):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(inputs) - targets))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return tf.function(step)


{before}
for {rounds}:
    {inside}
    for _ in range(20):
        step(x, y)
"""


def test_a_step_that_is_traced_anew_with_each_optimizer():
    """Each epoch makes both; phases of training may."""
    made, step = "adam = make_adam(){mark}", "step = make_step(adam)"
    anew = f"{made}\n    {step}"
    epochs = "epoch in range(5)"
    marked = anew.format(mark="  # GP609")
    assert_findings(TRACED_ANEW.format(before="", rounds=epochs, inside=marked))
    plain = anew.format(mark="")
    assert_silent(TRACED_ANEW.format(before="", rounds="phase in phases", inside=plain))
    listed = TRACED_ANEW.format(before="", rounds="phase in phases", inside=plain)
    loop = "for _ in range(20):\n        step(x, y)"
    assert loop in listed
    assert_silent(listed.replace(loop, "losses = [step(x, y) for _ in range(20)]"))
    once = plain.replace("    step", "step")
    assert_silent(TRACED_ANEW.format(before=once, rounds=epochs, inside="pass"))


COMPILED = """
for epoch in range(10):
    model.compile(optimizer=OPTIMIZER, loss="mse")
    model.fit(x, y, epochs=1)
"""


def test_a_model_that_is_compiled_in_each_round():
    """Each epoch begins with empty moments; a string makes an optimizer, too."""
    for made in ("keras.optimizers.Adam(1e-2)", '"adam"'):
        assert_findings(COMPILED.replace("OPTIMIZER", made).replace('"mse")', '"mse")  # GP609'))


def test_a_model_that_may_be_compiled_again():
    """It has no state, another rate, many epochs, other weights, or is another model."""
    adam = COMPILED.replace("OPTIMIZER", "keras.optimizers.Adam(1e-2)")
    for text in (
        COMPILED.replace("OPTIMIZER", '"sgd"'),
        COMPILED.replace("OPTIMIZER", "keras.optimizers.Adam(0.1 / (1 + epoch))"),
        adam.replace("epochs=1", "epochs=20"),
        adam.replace("    model.fit", "    model.set_weights(model.get_weights())\n    model.fit"),
        adam.replace(
            "    model.compile", "    model = keras.models.clone_model(model)\n    model.compile"
        ),
        adam.replace("    model.compile", "    encoder.trainable = epoch > 5\n    model.compile"),
    ):
        assert_silent(text)


AGENT = """
class Agent:
    def __init__(self):
        self.model = keras.Sequential([keras.layers.Dense(1)]){first}

    def replay(self):
        {anew}
        self.model.train_on_batch(x, y)

agent = Agent()
for episode in range(20):
    agent.replay()
"""


def test_a_method_that_compiles_in_each_round():
    """A loop calls it for one and the same object: each batch begins with a new optimizer."""
    call = 'self.model.compile(loss="mse", optimizer=keras.optimizers.Adam(0.01))'
    assert_findings(AGENT.format(first="", anew=call + "  # GP609"))
    assert_silent(AGENT.format(first="\n        " + call, anew="pass"))


def test_a_method_that_compiles_once_for_each_object():
    """Folds have a trainer of their own each."""
    call = 'self.model.compile(loss="mse", optimizer=keras.optimizers.Adam(0.01))'
    text = AGENT.format(first="", anew=call).replace("agent = Agent()\n", "")
    assert_silent(text.replace("    agent.replay()", "    agent = Agent()\n    agent.replay()"))


@pytest.mark.parametrize("decorator", ["functools.cached_property", "property"])
def test_a_property_that_remembers(decorator: str):
    """`cached_property` makes the optimizer once, `property` each time."""
    mark = "  # GP609" if decorator == "property" else ""
    assert_findings(
        f"""
        import functools

        class Task:
            @{decorator}
            def adam(self):
                return keras.optimizers.Adam(0.1){mark}

            def step(self):
                with tf.GradientTape() as tape:
                    loss = tf.reduce_mean(tf.square(model(x) - y))
                gradients = tape.gradient(loss, model.trainable_variables)
                self.adam.apply_gradients(zip(gradients, model.trainable_variables))

        task = Task()
        for _ in range(20):
            task.step()
        """
    )
