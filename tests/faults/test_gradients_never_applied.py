"""Gradients that nobody takes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gradproof.evidence.applies import Assigned
from gradproof.fault import Verdict
from gradproof.faults.gradients_never_applied import prove, settle
from gradproof.finding import Finding
from records import (
    BIAS,
    BIAS_GRADIENT,
    KERNEL,
    KERNEL_GRADIENT,
    healthy,
    left_out,
    never_applied,
    operation,
    proven,
    with_call,
    with_operations,
)
from snippets import assert_findings, assert_silent, meant


def test_in_a_loop():
    """Printing norms is not applying."""
    assert_findings(
        """
        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(x) - y))
            gradients = tape.gradient(loss, model.trainable_variables)  # GP401
            print("loss", float(loss), "norm", float(tf.linalg.global_norm(gradients)))
        """
    )


def test_returned():
    """Gradients that are returned may be applied by the caller."""
    assert_silent(
        """
        def gradients_of(inputs, targets):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(inputs) - targets))
            return tape.gradient(loss, model.trainable_variables)

        optimizer.apply_gradients(zip(gradients_of(x, y), model.trainable_variables))
        """
    )


def test_saliency():
    """A gradient by an input is no update."""
    assert_silent(
        """
        with tf.GradientTape() as tape:
            tape.watch(x)
            output = tf.reduce_sum(model(x))
        saliency = tape.gradient(output, x)
        print(tf.abs(saliency))
        """
    )


def test_by_hand():
    """An update by hand uses the gradients."""
    assert_silent(
        """
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        for variable, gradient in zip(model.trainable_variables, gradients):
            variable.assign_sub(0.1 * gradient)
        """
    )


def test_penalty():
    """A gradient that goes into the loss is used."""
    assert_silent(
        """
        with tf.GradientTape() as tape:
            with tf.GradientTape() as inner:
                inner.watch(x)
                output = model(x)
            slope = inner.gradient(output, x)
            loss = tf.reduce_mean(tf.square(output - y)) + tf.reduce_mean(tf.square(slope))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


def test_proven():
    """Gradients were taken three times, and nobody was given them."""
    assert proven(never_applied(healthy())) == [("GP401", 5)]


def test_rows_changed_by_hand():
    """Who scatters into a table has applied the gradient of its rows."""
    run = never_applied(healthy())
    calls = {source.variable for call in run.calls for source in call.sources}
    rows = tuple(Assigned(key, "scatter_sub") for key in calls if key is not None)
    assert proven(run)
    assert proven(replace(run, assigned=rows)) == []


def test_cleared_by_what_moved():
    """A suspicion about a call whose variables all changed is cleared, and no other."""
    run = healthy()
    place = run.calls[0].place
    assert settle(Finding("dropped", place=place), run) is Verdict.CLEARED
    assert settle(Finding("dropped", place=place), replace(run, steps=())) is None


def test_once_may_be_a_look():
    """A single look at gradients is not a loop."""
    assert proven(with_call(never_applied(healthy()), times=1)) == []


def test_gradients_that_move_other_variables():
    """Those of a snapshot correct the gradients of the network that goes on from it."""
    snapshot, total, write = 9, BIAS_GRADIENT + 1, BIAS_GRADIENT + 2
    run = healthy()
    of_snapshot = replace(run.calls[0].sources[0], variable=snapshot, name="old/kernel")
    variables = (*run.variables, replace(run.variables[0], key=snapshot, path="old/kernel"))
    call = replace(run.calls[0], sources=(of_snapshot,))
    of_bias = replace(run.calls[0], key=2, sources=run.calls[0].sources[1:])
    run = replace(left_out(run, KERNEL), variables=variables, calls=(call, of_bias))
    run = replace(run, optimizers=(), applies=())
    (found,) = prove(run)
    assert found.variables == ("old/kernel",)
    joined = (
        operation(total, "AddV2", (KERNEL_GRADIENT, BIAS_GRADIENT), 6, False),
        operation(write, "AssignSubVariableOp", (total,), 6, False, writes=frozenset({BIAS})),
    )
    assert list(prove(with_operations(run, *joined))) == []


@pytest.mark.parametrize(
    "made",
    [
        'keras.optimizers.get("adam")',
        "tf.compat.v1.train.AdamOptimizer(0.1)",
        "keras.optimizers.Own()",
    ],
)
def test_optimizers_by_other_names(made):
    """What a library makes an optimizer of is one, whichever it is."""
    assert_silent(f"""
        chosen = {made}
        model.compile("adam", "mse")
        model.fit(x, y)
        for epoch in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(model(x))
            gradients = tape.gradient(loss, model.trainable_variables)
            chosen.apply_gradients(zip(gradients, model.trainable_variables))
    """)


def test_models_handed_in():
    """Gradients of a model that was handed in are used in one round or for nothing."""
    assert_findings("""
        def train(net, optimizer, batches):
            for batch in batches:
                with tf.GradientTape() as tape:
                    loss = tf.reduce_mean(tf.square(net(batch)))
                gradients = tape.gradient(loss, net.trainable_variables)  # GP401

        def flat(net, batches):
            sizes = []
            for batch in batches:
                with tf.GradientTape() as tape:
                    loss = tf.reduce_mean(tf.square(net(batch)))
                gradients = tape.gradient(loss, net.trainable_variables)
                sizes.append([tf.reshape(gradient, [-1]) for gradient in gradients])
            return sizes
    """)


def test_nested_structures():
    """A rule that is mapped over nested parameters, their velocities and gradients."""
    assert_silent(
        """
        params = {"layers": [{"w": tf.Variable(tf.ones((4, 4)))}], "head": tf.Variable(1.0)}
        speeds = tf.nest.map_structure(lambda v: tf.Variable(tf.zeros_like(v)), params)

        def rule(variable, speed, gradient):
            speed.assign(0.9 * speed + gradient)
            variable.assign_sub(0.1 * speed)

        for turn in range(9):
            with tf.GradientTape() as tape:
                hidden = x @ params["layers"][0]["w"]
                loss = tf.reduce_mean(tf.square(params["head"] * hidden))
            flat = tf.nest.flatten(params)
            gradients = tape.gradient(loss, flat)
            for variable, speed, gradient in zip(flat, tf.nest.flatten(speeds), gradients):
                rule(variable, speed, gradient)
        """
    )


@pytest.mark.parametrize("otherwise", ["[tf.zeros(3) for _ in range(2)]", "[None, None]", "load()"])
def test_collected_in_a_branch(otherwise: str):
    """One branch fills a list with them, the other one makes another list."""
    assert_silent(
        f"""
        def search(network, regularization):
            for step in range(10):
                if regularization is not None:
                    with tf.GradientTape() as tape:
                        penalty = regularization(network)
                    extra = []
                    for gradient in tape.gradient(penalty, network.variables):
                        extra.append(gradient)
                else:
                    extra = {otherwise}
                together = []
                for place in range(3):
                    together.append(2.0 * extra[place])
                optimizer.apply_gradients(zip(together, network.trainable_variables))
        """
    )


@pytest.mark.parametrize("names", ["weights", "sorted(weights)", "list(weights.keys())"])
def test_a_dict_of_pairs(names: str):
    """`dict(zip(names, gradients))`, gone through entry by entry."""
    text = """
        weights = {{"w": tf.Variable(tf.ones((4, 4))), "b": tf.Variable(tf.zeros((4,)))}}

        def update(gradients):
            for name, gradient in gradients.items():
                weights[name].assign_sub(0.1 * gradient)

        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(x @ weights["w"] + weights["b"] - y))
            gradients = tape.gradient(loss, weights)
            capped, _ = tf.clip_by_global_norm([gradients[name] for name in {names}], 1.0)
            update(dict(zip({names}, capped)))
    """
    assert_silent(text.format(names=names))


def test_a_class_in_a_registry():
    """A decorator keeps the trainer under a name, and the name makes it."""
    text = """
        TRAINERS = dict()

        def register(name):
            def keep(cls):
                TRAINERS[name] = cls
                return cls
            return keep

        @register("plain")
        class Trainer:
            def __init__(self, options):
                self.net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
                self.optimizer = keras.optimizers.SGD(options["rate"])

            def step(self, x, y):
                with tf.GradientTape() as tape:
                    loss = tf.reduce_mean(tf.square(self.net(x) - y))
                variables = self.net.trainable_variables
                gradients = tape.gradient(loss, variables){mark}
                {apply}

        trainer = TRAINERS["plain"](dict(rate=0.1))
        for _ in range(4):
            trainer.step(x, y)
    """
    apply = "self.optimizer.apply_gradients(zip(gradients, variables))"
    assert_silent(text.format(mark="", apply=apply))
    assert_findings(text.format(mark="  # GP401", apply="pass"))


SAVED = """
saved = tf.train.Checkpoint(model=model, optimizer=optimizer)
for _ in range(9):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables){mark}
    {then}
saved.save("here")
"""


def test_a_checkpoint_moves_nothing():
    """A model that is saved is still to be trained."""
    assert_findings(SAVED.format(mark="  # GP401", then="print(float(loss))"))
    applied = "optimizer.apply_gradients(zip(gradients, model.trainable_variables))"
    assert_silent(SAVED.format(mark="", then=applied))
    by_hand = "model.set_weights([w + 0.1 for w in model.get_weights()])"
    assert_silent(SAVED.format(mark="", then=by_hand))


def test_a_list_that_a_loop_fills():
    """Clipped one after the other, and handed to the variables in a second loop."""
    assert_silent(
        """
        a, b = tf.Variable(tf.ones((3, 8))), tf.Variable(tf.ones((8, 1)))
        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(x @ a @ b - y))
            gradients = tape.gradient(loss, [a, b])
            safe = []
            for gradient in gradients:
                safe.append(tf.clip_by_norm(gradient, 1.0))
            for variable, gradient in zip([a, b], safe):
                variable.assign_sub(0.1 * gradient)
        """
    )


def test_pairs_from_a_generator_of_the_program():
    """What a generator yields is applied by whom it is handed to."""
    assert_silent(
        """
        def scaled(gradients, variables):
            for gradient, variable in zip(gradients, variables):
                yield 0.5 * gradient, variable

        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(x) - y))
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(scaled(gradients, model.trainable_variables))
        """
    )


def test_a_list_of_gradients_for_each_network():
    """Lists gathered in a loop over known networks stand in the order of these."""
    text = """
        def both(networks):
            with tf.GradientTape(persistent=True) as tape:
                losses = [tf.reduce_mean(tf.square(one(x) - x)) for one in networks]
            gathered = []
            for loss, network in zip(losses, networks):
                gathered.append(tape.gradient(loss, network.trainable_variables))
            return gathered

        networks = encoder, decoder
        optimizers = [keras.optimizers.Adam(0.1) for _ in networks]
        for _ in range(3):
            for one, adam, gradients in zip(networks, optimizers, {gathered}):
                adam.apply_gradients(zip(gradients, {variables}
    """
    right = "one.trainable_variables))"
    wrong = "one.trainable_variables))  # GP403"
    assert_silent(text.format(gathered="both(networks)", variables=right))
    assert_findings(text.format(gathered="both(networks)[::-1]", variables=wrong))


def test_only_their_norm_is_kept():
    """A number that tells of all gradients at once moves no variable."""
    text = """
        from collections import defaultdict

        log = defaultdict(list)
        for _ in range(3):
            with tf.GradientTape(persistent=True) as tape:
                value = decoder(x)
                loss = tf.reduce_mean(tf.square(encoder(x) - tf.stop_gradient(value)))
                miss = tf.reduce_mean(tf.square(value - y))
            optimizer.apply_gradients(
                zip(tape.gradient(loss, encoder.trainable_variables), encoder.trainable_variables)
            )
            gradients = tape.gradient(miss, decoder.trainable_variables){mark}
            log["norm"].append({kept})
    """
    norm = "float(tf.linalg.global_norm(gradients))"
    assert_findings(text.format(mark="  # GP401", kept=norm))
    assert_silent(text.format(mark="", kept="gradients"))


@pytest.mark.parametrize(
    ("made", "right"),
    [
        ("map(lambda pair: pair[0].assign_sub(0.1 * pair[1]), zip(weights, slopes))", "list({})"),
        ("(w.assign_sub(0.1 * g) for w, g in zip(weights, slopes))", "tf.group(*{})"),
    ],
)
def test_an_iterator_that_nobody_goes_through(made: str, right: str):
    """`map` and a generator expression do nothing by themselves."""
    text = """
        weights = [tf.Variable(tf.zeros((4, 1))), tf.Variable(0.0)]

        def descend(slopes):
            return {made}

        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(x @ weights[0] + weights[1] - y))
            {use}
    """
    step = "descend(tape.gradient(loss, weights))"
    assert_findings(text.format(made=f"{made}  # GP401", use=step))
    assert_silent(text.format(made=made, use=right.format(step)))


TOLD = """
def run(x, y, train=False):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    if train:
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss

for epoch in range(10):
    CALL
"""


def test_a_step_that_is_never_told_to_train():
    """The only update stands in a branch that no call asks for."""
    marked = TOLD.replace("    if train:", "    if train:  # GP401")
    assert_findings(marked.replace("CALL", "run(x, y)"))
    for call in ("run(x, y, True)", "run(x, y, train=epoch > 1)", "run(*[x, y, True])"):
        assert_silent(TOLD.replace("CALL", call))
    assert_silent(TOLD.replace("CALL", "run(x, y); (lambda f: f(x, y, True))(run)"))


def test_a_step_that_is_asked_for_its_loss_beside_another():
    """Something else of the file trains: this function is there to evaluate."""
    other = "model.compile(optimizer, 'mse'); model.fit(x, y); run(x, y)"
    assert_silent(TOLD.replace("CALL", other))


GENERATOR = """
def train(epochs):
    for epoch in range(epochs):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        yield epoch, loss
"""


def test_a_generator_function_that_is_only_called():
    """A call gives an iterator, and nothing runs until somebody goes through it."""
    assert_findings(GENERATOR + "train(10)  # GP401\n")
    assert_silent(GENERATOR + "for epoch, loss in train(10):\n    print(epoch, float(loss))\n")
    assert_silent(GENERATOR + "losses = list(train(10))\n")


def test_a_method_of_another_object_by_the_same_name():
    """`model.fit(...)` is no call of the generator that a trainer has by that name."""
    text = """
    class Trainer:
        def fit(self, rounds):
            for _ in range(rounds):
                with tf.GradientTape() as tape:
                    loss = tf.reduce_mean(tf.square(model(x) - y))
                gradients = tape.gradient(loss, model.trainable_variables)
                optimizer.apply_gradients(zip(gradients, model.trainable_variables))
                yield loss

    trainer = Trainer()
    """
    assert_silent(text + "for loss in trainer.fit(3):\n        print(loss)\n    model.fit(x, y)\n")
    assert_findings(text + "trainer.fit(3)  # GP401\n")


def test_switched_off_by_a_setting():
    """A part that is given the rate 0 is left alone; with an `else` it is not the setting."""
    text = """
        RATES = {{"model": {rate}}}
        slow = keras.optimizers.SGD(RATES["model"])
        for _ in range(9):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(decoder(model(x)) - y))
            both = [model.trainable_variables, decoder.trainable_variables]
            low, high = tape.gradient(loss, both)
            {test}
            optimizer.apply_gradients(zip(high, decoder.trainable_variables))
    """
    slow = "slow.apply_gradients(zip(low, model.trainable_variables))"
    off = text.format(rate="0.0", test=f'if RATES["model"] > 0: {slow}')
    assert_silent(off)
    assert meant(off) == ["gradients-never-applied"]
    assert_silent(text.format(rate="0.1", test=slow))


WAITING = """
class Gathering:
    def __init__(self):
        self.count = 0
        self.total = [tf.Variable(tf.zeros_like(v)) for v in model.trainable_variables]

    def add(self, gradients):
        for t, g in zip(self.total, gradients):
            t.assign_add(g / 4)
        {counting}
        if (self.count + 1) % 4 == 0:{mark}
            optimizer.apply_gradients(zip(self.total, model.trainable_variables))
            for t in self.total:
                t.assign(tf.zeros_like(t))

gathering = Gathering()
for _ in range(40):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gathering.add(tape.gradient(loss, model.trainable_variables))
"""


def test_a_count_that_nothing_raises():
    """The update waits for every fourth step, and nobody counts them."""
    assert_findings(WAITING.format(counting="pass", mark="  # GP401"))
    assert_silent(WAITING.format(counting="self.count += 1", mark=""))


GUARDED = """
    for _ in range(9):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        finite = [tf.reduce_all(tf.math.is_finite(g)) for g in gradients]
        if {test}:{mark}
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))
"""


@pytest.mark.parametrize(
    "test", ["not all(finite)", "tf.reduce_any(tf.math.is_nan(loss))", "not tf.reduce_all(finite)"]
)
def test_a_guard_that_is_turned_around(test):
    """The update is made only when something is not finite; the other way round it is a guard."""
    assert_findings(GUARDED.format(test=test, mark="  # GP401"))
    right = test.removeprefix("not ") if test.startswith("not ") else f"not {test}"
    assert_silent(GUARDED.format(test=right, mark=""))
