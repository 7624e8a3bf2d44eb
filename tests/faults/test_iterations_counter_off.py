"""Edge cases of iterations-counter-off."""

from __future__ import annotations

from dataclasses import replace

from gradproof.evidence.applies import Pair
from gradproof.evidence.run import Run
from gradproof.faults.iterations_counter_off import prove
from records import BIAS, KERNEL, at, healthy
from snippets import assert_findings, assert_silent, meant

STEP = """
chosen = {optimizer}
chosen.build(encoder.trainable_variables + decoder.trainable_variables)

@tf.function
def train(batch):
    with tf.GradientTape(persistent=True) as tape:
        loss = tf.reduce_mean(tf.square(decoder(encoder(batch)) - batch))
    first = tape.gradient(loss, encoder.trainable_variables)
    second = tape.gradient(loss, decoder.trainable_variables)
    chosen.apply_gradients(zip(first, encoder.trainable_variables))
    {second}.apply_gradients(zip(second, decoder.trainable_variables)){mark}

for turn in range(100):
    train(x)
"""

SCHEDULE = "keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(1e-2, 100))"


def test_two_lists_in_turn():
    """Two applications a step, one schedule."""
    assert_findings(STEP.format(optimizer=SCHEDULE, second="chosen", mark="  # GP602"))


def test_own_schedule():
    """A schedule written in the file."""
    own = """
class Warmup(keras.optimizers.schedules.LearningRateSchedule):
    def __call__(self, step):
        return 1e-3 * tf.minimum(1.0, tf.cast(step, "float32") / 100.0)
"""
    text = STEP.format(
        optimizer="keras.optimizers.Adam(Warmup())", second="chosen", mark="  # GP602"
    )
    assert_findings(own + text)


def test_constant_rate():
    """Without a schedule the counter hardly matters."""
    assert_silent(STEP.format(optimizer="keras.optimizers.SGD(1e-2)", second="chosen", mark=""))


def test_two_optimizers():
    """Each list has its own."""
    assert_silent(STEP.format(optimizer=SCHEDULE, second="second_optimizer", mark=""))


def test_tasks_that_share_a_trunk():
    """Each has an application of its own, in a loop of the step."""
    text = f"""
        chosen = {SCHEDULE}
        heads = [keras.layers.Dense(1), keras.layers.Dense(1)]
        trunk = keras.layers.Dense(4)
        start = keras.Input((4,))
        nets = [keras.Model(start, head(trunk(start))) for head in heads]
        chosen.build(trunk.trainable_variables + nets[0].trainable_variables)

        @tf.function
        def train(batch):
            for net in {{nets}}:
                with tf.GradientTape() as tape:
                    loss = tf.reduce_mean(tf.square(net(batch)))
                gradients = tape.gradient(loss, net.trainable_variables)
                chosen.apply_gradients(zip(gradients, net.trainable_variables)){{mark}}

        for turn in range(100):
            train(x)
        """
    assert_silent(text.format(nets="(nets[0], nets[0])", mark=""))
    text = text.replace("trunk.trainable_variables +", "nets[1].trainable_variables +")
    assert_findings(text.format(nets="nets", mark="  # GP602"))


def test_two_phases():
    """First one network, then the other."""
    assert_silent(
        f"""
        chosen = {SCHEDULE}
        chosen.build(encoder.trainable_variables + decoder.trainable_variables)

        def train(network, batch):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(network(batch) - batch))
            gradients = tape.gradient(loss, network.trainable_variables)
            chosen.apply_gradients(zip(gradients, network.trainable_variables))

        for turn in range(100):
            train(encoder, x)
        for turn in range(100):
            train(decoder, x)
        """
    )


def test_either_or():
    """One of two applications, as a condition says."""
    assert_silent(
        f"""
        chosen = {SCHEDULE}
        chosen.build(encoder.trainable_variables + decoder.trainable_variables)

        def train(batch, late):
            with tf.GradientTape(persistent=True) as tape:
                loss = tf.reduce_mean(tf.square(decoder(encoder(batch)) - batch))
            if late:
                first = tape.gradient(loss, encoder.trainable_variables)
                chosen.apply_gradients(zip(first, encoder.trainable_variables))
            else:
                second = tape.gradient(loss, decoder.trainable_variables)
                chosen.apply_gradients(zip(second, decoder.trainable_variables))
        """
    )


def in_parts(schedule: str = "CosineDecay", traced: bool = True, advance: int = 2) -> Run:
    """One optimizer, applied to the kernel at line 6 and to the bias at line 7."""
    run = healthy()
    first = replace(run.applies[0], pairs=(Pair(KERNEL, call=1, name="dense/kernel"),))
    second = replace(first, key=2, stack=(at(7),), pairs=(Pair(BIAS, call=1, name="dense/bias"),))
    steps = [
        replace(step, apply=apply, iterations=advance * (step.index - 1) + apply - 1)
        for step in run.steps
        for apply in (1, 2)
    ]
    return replace(
        run,
        optimizers=(replace(run.optimizers[0], schedule=schedule),),
        applies=tuple(replace(apply, traced=traced) for apply in (first, second)),
        steps=tuple(steps),
    )


def test_parts_of_one_traced_step():
    """Two calls in one trace are two counts a step."""
    (found,) = prove(in_parts())
    assert found.place == at(7)
    assert found.related[0].place == at(6)
    assert "`CosineDecay` runs 2 times faster" in found.message
    assert found.variables == ("dense/kernel", "dense/bias")


def test_parts_of_one_eager_step():
    """In eager code the counter itself tells."""
    (found,) = prove(in_parts(traced=False))
    assert found.evidence == {"iterations_per_step": 2}


def test_parts_that_overlap():
    """Each has a variable of its own beside the shared one; not so an inner step on one part."""
    run = in_parts()
    first, second = run.applies
    third = Pair(BIAS + 1, call=1, name="head/bias")
    wider = replace(second, pairs=(*first.pairs, *second.pairs))
    both = (replace(first, pairs=(*first.pairs, third)), wider)
    (found,) = prove(replace(run, applies=both))
    assert found.evidence == {"iterations_per_step": 2}
    assert list(prove(replace(run, applies=(first, wider)))) == []


def test_one_phase_after_the_other():
    """Two lists that are trained one after the other advance it by one."""
    assert list(prove(in_parts(traced=False, advance=1))) == []


def test_without_a_schedule():
    """A constant rate does not ask the counter."""
    assert list(prove(in_parts(schedule=""))) == []


def test_the_same_variables_twice():
    """Two micro-batches in one trace are two steps."""
    run = in_parts()
    twice = replace(run.applies[1], pairs=run.applies[0].pairs)
    assert list(prove(replace(run, applies=(run.applies[0], twice)))) == []


def test_pair_by_pair():
    """Each pair has a call of its own, and each call counts."""
    text = """
        schedule = {rate}
        chosen = keras.optimizers.SGD(schedule)
        chosen.build(model.trainable_variables)
        for turn in range(100):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(x) - y))
            gradients = tape.gradient(loss, model.trainable_variables)
            for gradient, variable in zip(gradients, model.trainable_variables):
                chosen.apply_gradients([(gradient, variable)]){mark}
    """
    decay = "keras.optimizers.schedules.CosineDecay(1e-2, 100)"
    assert_findings(text.format(rate=decay, mark="  # GP602"))
    assert_silent(text.format(rate="0.01", mark=""))


CUT = """
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4), keras.layers.Dense(4)])
    chosen = {optimizer}

    @tf.function
    def train(inputs, targets):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(inputs) - targets))
        variables = model.trainable_variables
        gradients = tape.gradient(loss, variables)
        chosen.apply_gradients(zip(gradients[:2], variables[:2]))
        {second}

    for turn in range(100):
        train(x, y)
"""


def test_two_parts_of_one_list():
    """Each part is applied by a call of its own, and each call counts a step."""
    second = "chosen.apply_gradients(zip(gradients[2:], variables[2:]))"
    assert_findings(CUT.format(optimizer=SCHEDULE, second=f"{second}  # GP602"))
    assert_silent(CUT.format(optimizer="keras.optimizers.SGD(1e-2)", second=second))


ADAM = """
    weights = [tf.Variable(tf.ones((4, 4))), tf.Variable(tf.zeros((4,)))]
    moments = [tf.Variable(tf.zeros_like(w), trainable=False) for w in weights]
    count = {count}

    def step():
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(x @ weights[0] + weights[1] - y))
        gradients = tape.gradient(loss, weights)
        {once}
        for w, g, m in zip(weights, gradients, moments):
            {each}
            m.assign(0.9 * m + 0.1 * g)
            w.assign_sub(0.01 * m / (1 - 0.9 ** count))

    for turn in range(20):
        step()
"""


def test_a_count_that_runs_with_the_variables():
    """Adam by hand counts steps, not variables."""
    count, add = "tf.Variable(0.0, trainable=False)", "count.assign_add(1.0)"
    assert_findings(ADAM.format(count=count, once="pass", each=f"{add}  # GP602"))
    assert_silent(ADAM.format(count=count, once=add, each="pass"))
    # A number of each variable's own, and one that is no exponent.
    own = ADAM.replace("in zip", ", t in zip").replace("moments):", "moments, count):")
    counts = "[tf.Variable(0.0, trainable=False) for _ in weights]"
    assert_silent(own.format(count=counts, once="pass", each="t.assign_add(1.0)"))
    assert_silent(ADAM.replace("** count", "** 3").format(count=count, once="pass", each=add))


def test_one_part_after_the_other():
    """A loop over layers or networks counts one step for each of them."""
    text = """
        adam = keras.optimizers.Adam(keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9))
        adam.build(encoder.trainable_variables + decoder.trainable_variables)
        for _ in range(9):
            with tf.GradientTape(persistent=True) as tape:
                loss = tf.reduce_mean(tf.square(decoder(encoder(x)) - x))
            pairs = []
            for part in (encoder, decoder):
                gradients = tape.gradient(loss, part.trainable_variables)
                {inside}
            {after}
    """
    each = "adam.apply_gradients(zip(gradients, part.trainable_variables))"
    assert_findings(text.format(inside=f"{each}  # GP602", after="del tape"))
    gathered = "pairs += list(zip(gradients, part.trainable_variables))"
    assert_silent(text.format(inside=gathered, after="adam.apply_gradients(pairs)"))


def test_parts_that_learn_one_epoch_each():
    """Networks that take turns by epochs are steps of their own."""
    assert_silent("""
        adam = keras.optimizers.Adam(keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9))
        adam.build(encoder.trainable_variables + decoder.trainable_variables)
        for part in (encoder, decoder):
            for _ in range(9):
                with tf.GradientTape() as tape:
                    loss = tf.reduce_mean(tf.square(part(x) - x))
                gradients = tape.gradient(loss, part.trainable_variables)
                adam.apply_gradients(zip(gradients, part.trainable_variables))
    """)


def test_a_call_for_each_loss_of_one_pass():
    """Losses share variables, and each loss has a call of its own."""
    run = in_parts()
    call = run.calls[0]
    both = (Pair(KERNEL, call=2, name="dense/kernel"), Pair(BIAS, call=2, name="dense/bias"))
    shared = (run.applies[0], replace(run.applies[1], pairs=both))
    (found,) = prove(replace(run, applies=shared, calls=(call, replace(call, key=2))))
    assert "2 times, once for each loss" in found.message
    other_pass = replace(call, key=2, tape=call.tape + 1)
    assert list(prove(replace(run, applies=shared, calls=(call, other_pass)))) == []


LOSSES = """
body = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(4)])
chosen = {optimizer}
chosen.build(body.trainable_variables + encoder.trainable_variables + decoder.trainable_variables)
heads = {{"first": encoder, "second": decoder}}

@tf.function
def train(inputs, targets):
    with tf.GradientTape(persistent=True) as tape:
        hidden = body(inputs)
        losses = {{n: tf.reduce_mean(tf.square(h(hidden) - targets)) for n, h in heads.items()}}
    {steps}

for turn in range(100):
    train(x, y)
"""
EACH = """for name, loss in losses.items():
        variables = body.trainable_variables + heads[name].trainable_variables
        chosen.apply_gradients(zip(tape.gradient(loss, variables), variables))"""
IN_TURN = """first = body.trainable_variables + encoder.trainable_variables
    second = body.trainable_variables + decoder.trainable_variables
    chosen.apply_gradients(zip(tape.gradient(losses["first"], first), first))
    chosen.apply_gradients(zip(tape.gradient(losses["second"], second), second))"""


def test_losses_in_turn():
    """The losses of one tape are applied one after the other: each counts."""
    for steps in (EACH, IN_TURN):
        assert_findings(LOSSES.format(optimizer=SCHEDULE, steps=steps + "  # GP602"))
        assert_silent(LOSSES.format(optimizer="keras.optimizers.SGD(1e-2)", steps=steps))


COUNTED = """
optimizer = keras.optimizers.SGD(RATE)
for step in range(10):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    optimizer.iterations.assign_add(1)  # GP602
"""
DECAYING = "keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)"


def test_the_count_of_the_optimizer_is_advanced_by_hand():
    """`apply_gradients` counts by itself; a schedule sees both."""
    assert_findings(COUNTED.replace("RATE", DECAYING))


def test_a_count_that_nothing_follows():
    """Without a schedule, without an apply, or set to a number, it does no harm."""
    plain = COUNTED.replace("  # GP602", "")
    assert_silent(plain.replace("RATE", "0.1"))
    followed = plain.replace("RATE", DECAYING)
    assert_silent(followed.replace("assign_add(1)", "assign(100)"))
    by_hand = "for g, v in zip(gradients, model.trainable_variables): v.assign_sub(0.1 * g)"
    apply = "optimizer.apply_gradients(zip(gradients, model.trainable_variables))"
    assert_silent(followed.replace(apply, by_hand))


def test_a_schedule_that_is_as_much_longer():
    """Two calls a step, and twice as many steps of the schedule: both verbs leave it alone."""
    longer = SCHEDULE.replace("100", "2 * 100")
    text = STEP.format(optimizer=longer, second="chosen", mark="")
    assert_silent(text)
    assert meant(text) == ["iterations-counter-off"] * 2
