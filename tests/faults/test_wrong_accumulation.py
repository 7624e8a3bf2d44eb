"""Edge cases of wrong-accumulation."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gradproof.evidence.applies import Assigned, Pair
from gradproof.evidence.gradients import Tape, Target
from gradproof.evidence.recording import Operation
from gradproof.evidence.run import Run
from gradproof.evidence.variable import Variable
from gradproof.faults.wrong_accumulation import prove
from records import (
    BIAS,
    BIAS_GRADIENT,
    KERNEL,
    KERNEL_GRADIENT,
    MEAN,
    READ_KERNEL,
    SQUARE,
    at,
    healthy,
    operation,
    with_apply,
    with_call,
    with_operations,
)
from snippets import assert_findings, assert_silent

KERNEL_BUFFER, BIAS_BUFFER = 3, 4
EARLIER, TOTAL = BIAS_GRADIENT + 1, BIAS_GRADIENT + 2


def buffered(run: Run, *methods: str) -> Run:
    """Two updates from buffers to which something was assigned."""
    buffers = (
        Variable(KERNEL_BUFFER, "buffer_0", (4, 4), trainable=False),
        Variable(BIAS_BUFFER, "buffer_1", (4,), trainable=False),
    )
    run = replace(
        run,
        variables=(*run.variables, *buffers),
        assigned=tuple(
            Assigned(buffer.key, method, 4, (at(5),)) for buffer in buffers for method in methods
        ),
    )
    return with_apply(
        run,
        traced=True,
        pairs=(
            Pair(KERNEL, "variable", name="dense/kernel", buffer=KERNEL_BUFFER),
            Pair(BIAS, "variable", name="dense/bias", buffer=BIAS_BUFFER),
        ),
    )


def test_buffers_that_are_only_added_to():
    """Three updates from buffers that nothing ever emptied."""
    (found,) = prove(buffered(healthy(), "assign_add"))
    assert found.place == at(6)
    assert found.variables == ("dense/kernel", "dense/bias")
    assert "3 times" in found.message


def test_buffers_that_are_emptied():
    """Accumulation as it should be: zeros are assigned after each update."""
    assert not list(prove(buffered(healthy(), "assign_add", "assign")))


def test_one_update():
    """Before the second update nothing can have come twice."""
    run = buffered(healthy(), "assign_add")
    assert not list(prove(replace(run, steps=run.steps[:1])))


def test_no_buffers():
    """Gradients as they are."""
    assert not list(prove(healthy()))


def added_up(run: Run, twin: int, shape: tuple[int, ...] = (), made: str = "Mean") -> Run:
    """The target is the loss plus something that another tape recorded."""
    inputs = (SQUARE,) if made == "Mean" else ()
    run = with_operations(
        run,
        operation(EARLIER, made, inputs, line=4, shape=shape, tapes=frozenset({2})),
        operation(TOTAL, "AddV2", (EARLIER, MEAN), line=4, shape=shape),
    )
    other = Tape(2, 1, (at(twin),), opened=0, closed=1)
    run = replace(run, tapes=(*run.tapes, other))
    return with_call(run, targets=(Target(TOTAL),))


def test_losses_of_closed_tapes():
    """A sum of losses, each under a tape of its own, opened at one line."""
    (found,) = prove(added_up(healthy(), twin=2))
    assert found.place == at(4)
    assert "2 tapes" in found.message


def test_a_number_that_an_earlier_tape_saw_first():
    """TensorFlow keeps the tensors of plain numbers, such as the rate of a regulariser."""
    assert not list(prove(added_up(healthy(), twin=2, made="External")))


def test_tapes_of_different_lines():
    """What a tape of another line recorded may be a constant on purpose."""
    assert not list(prove(added_up(healthy(), twin=1)))


def test_state_of_an_earlier_tape():
    """A truncated sequence: the state goes on as a constant."""
    assert not list(prove(added_up(healthy(), twin=2, shape=(8, 4))))


SUMS = """
sums = [tf.Variable(tf.zeros_like(v), trainable=False) for v in model.trainable_variables]


def micro_step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    for total, gradient in zip(sums, tape.gradient(loss, model.trainable_variables)):
        total.assign_add(gradient)


for step in range(40):
    micro_step()
    if step % 4 == 3:
        means = [total.value() / 4.0 for total in sums]
        optimizer.apply_gradients(zip(means, model.trainable_variables))  # MARK
        EMPTIED
"""


def test_means_of_buffers():
    """Divided or read out, a buffer that nothing empties grows on."""
    assert_findings(SUMS.replace("MARK", "GP506").replace("EMPTIED", "pass"))
    emptied = "_ = [total.assign(tf.zeros_like(total)) for total in sums]"
    assert_silent(SUMS.replace("  # MARK", "").replace("EMPTIED", emptied))


def replaced(run: Run, value: int, *zeros: int) -> Run:
    """A buffer to which line 5 assigns an operation's result, and line 7 zeros."""
    run = buffered(run, "assign")
    buffer = frozenset({KERNEL_BUFFER})
    made = [
        operation(12, "ZerosLike", line=7),
        operation(13, "ReadVariableOp", line=5, reads=buffer),
        operation(14, "AddV2", (13, KERNEL_GRADIENT), line=5),
        operation(15, "AssignVariableOp", (value,), line=5, writes=buffer),
        *(
            operation(16 + number, "AssignVariableOp", (12,), line=line, writes=buffer)
            for number, line in enumerate(zeros)
        ),
    ]
    assigned = (Assigned(KERNEL_BUFFER, "assign", 6, (at(5), at(7))),)
    pair = Pair(KERNEL, "variable", name="dense/kernel", buffer=KERNEL_BUFFER)
    return replace(with_apply(with_operations(run, *made), pairs=(pair,)), assigned=assigned)


def test_a_gradient_in_place_of_another():
    """Who empties a buffer means to add to it."""
    (found,) = prove(replaced(healthy(), KERNEL_GRADIENT, 7))
    assert found.place == at(5)
    assert found.variables == ("dense/kernel",)


def test_a_gradient_in_place_of_another_that_nothing_empties():
    """Who fills a buffer more often than it is applied means to add to it."""
    run = replaced(healthy(), KERNEL_GRADIENT)
    eager = replace(with_apply(run, traced=False), finished=True)
    last = eager.steps[-1].index
    few, many = (_filled(eager, times) for times in (2 * last - 1, 2 * last))
    assert not [*prove(few)]
    (found,) = prove(many)
    assert found.place == at(5)
    assert f"take a gradient {2 * last} times, and are applied {last} times" in found.message
    # What was measured is read some time after it happened.
    assert not [*prove(replace(many, finished=False))]


def _filled(run: Run, times: int) -> Run:
    return replace(run, assigned=tuple(replace(one, times=times) for one in run.assigned))


KEPT = """
sums = [tf.Variable(tf.zeros_like(v), trainable=False) for v in model.trainable_variables]
for number in range(40):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    for total, gradient in zip(sums, gradients):
        total.assign(gradient / 4)  # MARK
    WHEN:
        optimizer.apply_gradients(zip(sums, model.trainable_variables))
"""


def test_a_gradient_in_place_of_another_in_source():
    """Applied once in four rounds, it is the gradient of the last one; in each round it is right."""
    assert_findings(KEPT.replace("MARK", "GP506").replace("WHEN", "if (number + 1) % 4 == 0"))
    assert_silent(KEPT.replace("  # MARK", "").replace("WHEN", "if tf.math.is_finite(loss)"))


def test_a_buffer_that_takes_part_in_its_new_value():
    """`buffer.assign(buffer + gradient)` adds."""
    assert not list(prove(replaced(healthy(), 14, 7)))


def test_a_buffer_that_keeps_the_last_gradient():
    """Nothing empties it: not even the zeros of the line that made it."""
    assert not list(prove(replaced(healthy(), KERNEL_GRADIENT)))
    assert not list(prove(replaced(healthy(), KERNEL_GRADIENT, 1)))


def test_buffers_that_are_emptied_and_never_added_to():
    """The same in source, where the first part may replace what was there."""
    emptied = "_ = [total.assign(tf.zeros_like(total)) for total in sums]"
    right = SUMS.replace("  # MARK", "").replace("EMPTIED", emptied)
    wrong = right.replace("total.assign_add(gradient)", "total.assign(gradient)  # GP506")
    assert_findings(wrong)
    either = "(total.assign if FIRST else total.assign_add)(gradient)"
    assert_silent(right.replace("total.assign_add(gradient)", either.replace("FIRST", "len(sums)")))
    begins = """if len(sums) > 2:
            total.assign(gradient)
        else:
            total.assign_add(gradient)"""
    assert_silent(right.replace("total.assign_add(gradient)", begins))


CHUNKS = """
    def chunk(rows):  # GP801
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(rows) - rows))
        return tape.gradient(loss, model.trainable_variables)

    {before}
    for turn in range(9):
        {begin}
        for start in (0, 4):
            gradients = chunk(x[start : start + 4])
            {add}
        optimizer.apply_gradients(zip({given}, model.trainable_variables)){mark}
"""
ZEROS = "total = [tf.zeros_like(v) for v in model.trainable_variables]"
ADD = "total = [t + g for t, g in zip(total, gradients)]"


@pytest.mark.parametrize(
    "add",
    [
        ADD,
        ADD.replace("t + g", "tf.add(t, g / 2)"),
        "for i, g in enumerate(gradients): total[i] += g",
    ],
)
@pytest.mark.parametrize("given", ["total", "[t / 2 for t in total]"])
def test_a_sum_that_never_begins_anew(add: str, given: str):
    """A list of sums is made before all steps, or in each."""
    text = CHUNKS.format(before=ZEROS, begin="pass", add=add, given=given, mark="  # GP506")
    assert_findings(text)
    assert_findings(CHUNKS.format(before="pass", begin=ZEROS, add=add, given=given, mark=""))


@pytest.mark.parametrize("begin", ["empty(total)", "total.clear()", "del total[:]"])
def test_sums_that_are_emptied_in_place(begin: str):
    """A function or a method may set a list to zeros."""
    text = CHUNKS.format(before=ZEROS, begin=begin, add=ADD, given="total", mark="")
    assert_findings(text)


def test_averages_of_gradients():
    """A decayed sum is a momentum."""
    add = ADD.replace("t + g", "0.9 * t + g")
    assert_findings(CHUNKS.format(before=ZEROS, begin="pass", add=add, given="total", mark=""))


OWN = """
    class Trainer:
        def __init__(self):
            self.sums = [tf.zeros_like(v) for v in model.trainable_variables]

        def step(self):  # GP801
            for rows in (x[:4], x[4:]):
                with tf.GradientTape() as tape:
                    loss = tf.reduce_mean(tf.square(model(rows) - rows))
                gradients = tape.gradient(loss, model.trainable_variables)
                self.sums = [s + g for s, g in zip(self.sums, gradients)]
            optimizer.apply_gradients(zip(self.sums, model.trainable_variables)){mark}

        def begin(self):
            {begin}

    trainer = Trainer()
    for turn in range(9):
        trainer.begin()
        trainer.step()
"""


def test_sums_of_an_object():
    """What an object keeps, any of its methods may empty."""
    assert_findings(OWN.format(begin="pass", mark="  # GP506"))
    emptied = "self.sums = [tf.zeros_like(v) for v in model.trainable_variables]"
    assert_findings(OWN.format(begin=emptied, mark=""))
    # A class of the program's own that it inherits from may do that.
    assert_findings(
        OWN.replace("class Trainer:", "class Trainer(Emptying):").format(begin="pass", mark="")
    )
    outside = OWN.replace("trainer.begin()", emptied.replace("self.", "trainer."))
    assert_findings(outside.format(begin="pass", mark=""))


def carried(first: int, second: int, *more: Operation) -> Run:
    """Two updates in eager code, from what two operations gave."""
    run = with_operations(
        healthy(),
        operation(12, "AddV2", (READ_KERNEL, KERNEL_GRADIENT), line=5, taped=False),
        operation(13, "AddV2", (12, KERNEL_GRADIENT), line=5, taped=False),
        *more,
    )
    (apply,) = run.applies
    pair = Pair(KERNEL, "gradient", name="dense/kernel", handed=first)
    one = replace(apply, at=12, pairs=(pair,), traced=False)
    other = replace(one, key=apply.key + 1, at=14, pairs=(replace(pair, handed=second),))
    return replace(run, applies=(one, other))


def test_a_sum_that_goes_on():
    """What the second call is given holds what the first one was given."""
    (found,) = prove(carried(12, 13))
    assert (found.place, found.variables) == (at(6), ("dense/kernel",))
    means = (
        operation(14, "Const", shape=()),
        operation(15, "RealDiv", (12, 14)),
        operation(16, "RealDiv", (13, 14)),
    )
    assert len(list(prove(carried(15, 16, *means)))) == 1


def test_a_sum_that_decays():
    """A momentum multiplies what came before."""
    decay = operation(14, "Mul", (12, 15)), operation(15, "Const", shape=())
    more = (*decay, operation(16, "AddV2", (14, KERNEL_GRADIENT), taped=False))
    assert list(prove(carried(12, 16, *more))) == []
    assert list(prove(carried(12, 12))) == []


PARTS = """
    sums = [tf.Variable(tf.zeros_like(v), trainable=False) for v in model.trainable_variables]
    chosen = {optimizer}

    @tf.function
    def collect(rows):
        with tf.GradientTape() as tape:
            loss = {loss}
        for total, gradient in zip(sums, tape.gradient(loss, model.trainable_variables)):
            total.assign_add({gradient})

    @tf.function
    def release():
        chosen.apply_gradients(zip({given}, model.trainable_variables)){mark}
        for total in sums:
            total.assign(tf.zeros_like(total))

    for step in range(40):
        collect(x)
        {when}release()
"""
RIGHT = {
    "optimizer": "keras.optimizers.SGD(0.1)",
    "loss": "tf.reduce_mean(tf.square(model(rows) - rows))",
    "gradient": "gradient",
    "given": "sums",
    "mark": "",
    "when": "if step % 4 == 3: ",
}


def test_sums_for_means():
    """Four gradients of means make a step of SGD that is four times as large."""
    assert_findings(PARTS.format(**{**RIGHT, "mark": "  # GP506"}))
    loop = PARTS.replace("collect(x)", "for part in range(4): collect(x)")
    assert_findings(loop.format(**{**RIGHT, "mark": "  # GP506", "when": ""}))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("optimizer", "keras.optimizers.Adam(0.1)"),
        ("optimizer", "keras.optimizers.SGD(0.1, global_clipnorm=1.0)"),
        ("optimizer", "keras.optimizers.SGD(0.1 / 4)"),
        ("loss", "tf.reduce_mean(tf.square(model(rows) - rows)) / 4.0"),
        ("loss", "tf.reduce_sum(tf.square(model(rows) - rows)) / 32.0"),
        ("gradient", "gradient / 4.0"),
        ("given", "[total / 4.0 for total in sums]"),
        ("when", ""),
    ],
)
def test_sums_that_are_meant(name: str, value: str):
    """Another rule, rate or loss, divided before or after, and one part only."""
    assert_silent(PARTS.format(**{**RIGHT, name: value}))


AFTER_THE_LOOP = """
        for epoch in range(3):
            total = 0.0
            for part in range(4):
                with tf.GradientTape() as tape:
                    loss = tf.reduce_mean(tf.square(model(x[part]) - y[part]))
                total += loss{end}
            gradients = tape.gradient(loss, model.trainable_variables){mark}
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """


def test_a_tape_that_is_asked_after_its_loop():
    """A line that lost its indent: of all rounds only the last one moves anything."""
    assert_findings(AFTER_THE_LOOP.format(end="", mark="  # GP506"))


def test_a_loop_that_is_left():
    """A loop that tries until something holds goes on with the round that it ended with."""
    leaves = "\n                if loss < 1.0:\n                    break"
    assert_silent(AFTER_THE_LOOP.format(end=leaves, mark=""))


def test_a_tape_around_the_loop():
    """One tape records all rounds; a tape in each round is asked there."""
    assert_silent(
        """
        for epoch in range(3):
            with tf.GradientTape() as tape:
                loss = 0.0
                for part in range(4):
                    loss += tf.reduce_mean(tf.square(model(x[part]) - y[part]))
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


def micro_batches(*, anew: bool) -> Run:
    """Two gradients for one update; each is added to zeros, or the second to the first sum."""
    run = with_operations(
        healthy(),
        operation(12, "ZerosLike", (1,), 5, False),
        operation(13, "AddV2", (12, KERNEL_GRADIENT), 6, False),
        operation(14, "MatMul", (0, 7), 5, False, backward=True),
        operation(15, "ZerosLike", (1,), 5, False),
        operation(16, "AddV2", (15 if anew else 13, 14), 6, False),
    )
    (call,) = run.calls
    first = replace(call, sources=call.sources[:1], times=6)
    second = replace(first, key=2, at=14, sources=(replace(call.sources[0], result=14),))
    return replace(run, calls=(first, second))


def test_sums_that_begin_anew():
    """Zeros for each part; the sum that was begun before is read by nothing."""
    (found,) = prove(micro_batches(anew=True))
    assert found.place == at(6)
    assert found.variables == ("dense/kernel",)
    assert "6 times for 3 updates" in found.message


def test_sums_that_go_on():
    """Zeros for the first part only, or an update for each part."""
    assert list(prove(micro_batches(anew=False))) == []
    run = micro_batches(anew=True)
    calls = tuple(replace(call, times=3) for call in run.calls)
    assert list(prove(replace(run, calls=calls))) == []


UNREAD_SUMS = """
        def train(parts):
            sums = [tf.zeros_like(v) for v in model.trainable_variables]
            for x, y, last in parts:
                with tf.GradientTape() as tape:
                    loss = tf.reduce_mean(tf.square(model(x) - y))
                gradients = tape.gradient(loss, model.trainable_variables)
                sums = [s + g for s, g in zip(sums, gradients)]{mark}
                if last:
                    optimizer.apply_gradients(zip({given}, model.trainable_variables))
                    sums = [tf.zeros_like(v) for v in model.trainable_variables]


        train(zip(x, y, np.arange(8) % 4 == 3))
        """


def test_sums_that_nothing_reads():
    """The gradients of the last part are applied in place of the sums."""
    assert_findings(UNREAD_SUMS.format(given="gradients", mark="  # GP506"))
    assert_silent(UNREAD_SUMS.format(given="sums", mark=""))


UNREAD_BUFFERS = """
        class Accumulating:
            def __init__(self):
                self.buffers = [tf.Variable(tf.zeros_like(v)) for v in model.trainable_variables]

            def step(self, x, y, last):
                with tf.GradientTape() as tape:
                    loss = tf.reduce_mean(tf.square(model(x) - y))
                gradients = tape.gradient(loss, model.trainable_variables)
                for buffer, gradient in zip(self.buffers, gradients):
                    buffer.assign_add(gradient / 4.0){mark}
                if last:
                    optimizer.apply_gradients(zip({given}, model.trainable_variables))
                    for buffer in self.buffers:
                        buffer.assign(tf.zeros_like(buffer))


        accumulating = Accumulating()
        for part in range(8):
            accumulating.step(x, y, part % 4 == 3)
        """


def test_buffers_that_nothing_reads():
    """Buffers of a class are filled and emptied; those of the last part are applied."""
    assert_findings(UNREAD_BUFFERS.format(given="gradients", mark="  # GP506"))
    assert_silent(UNREAD_BUFFERS.format(given="self.buffers", mark=""))


def test_buffers_that_each_call_makes():
    """What a traced function makes is refused, and named as that alone."""
    assert_findings("""
        def zeros(variables):
            return [tf.Variable(tf.zeros(v.shape), trainable=False) for v in variables]  # GP409

        @tf.function
        def big_step(parts):
            buffers = zeros(model.trainable_variables)
            for part, wanted in parts:
                with tf.GradientTape() as tape:
                    loss = tf.reduce_mean(tf.square(model(part) - wanted))
                for b, g in zip(buffers, tape.gradient(loss, model.trainable_variables)):
                    b.assign_add(g / 2)
            optimizer.apply_gradients(zip(buffers, model.trainable_variables))

        for _ in range(3):
            big_step([(x, y), (x, y)])
    """)


ROUNDS = """
def step(parts):
    {before}
    for part in parts:
        {inside}
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(part) - 1.0))
        gradients = tape.gradient(loss, model.trainable_variables)
        total = [t + g / 4 for t, g in zip(total, gradients)]
        {then}
    {after}

for _ in range(3):
    step(tf.split(x, 4))
"""
BEGIN = "total = [tf.zeros_like(v) for v in model.trainable_variables]"
APPLY = "optimizer.apply_gradients(zip(total, model.trainable_variables))"


def test_sums_that_begin_in_each_round():
    """Only the last part is applied, unless each part is."""
    assert_findings(
        ROUNDS.format(before="pass", inside=f"{BEGIN}  # GP506", then="pass", after=APPLY)
    )
    assert_silent(ROUNDS.format(before=BEGIN, inside="pass", then="pass", after=APPLY))
    assert_silent(ROUNDS.format(before="pass", inside=BEGIN, then=APPLY, after="pass"))
    kept = ROUNDS.format(before="kept = []", inside=BEGIN, then="kept.append(total)", after=APPLY)
    assert_silent(kept)


GATHERED = """
parts = []
for number in range(64):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x[number:number + 1]) - 1.0))
    parts.append(tape.gradient(loss, model.trainable_variables))
    if number % 8 == 7:
        total = [tf.add_n(group) / 8 for group in zip(*{parts})]
        optimizer.apply_gradients(zip(total, model.trainable_variables)){mark}
        {then}
"""


def test_gradients_that_are_gathered_for_ever():
    """The list of them is never emptied."""
    assert_findings(GATHERED.format(parts="parts", mark="  # GP506", then="pass"))


@pytest.mark.parametrize(
    ("parts", "then"),
    [("parts", "parts.clear()"), ("parts", "parts = []"), ("parts[-8:]", "pass")],
)
def test_gradients_that_are_gathered_anew(parts: str, then: str):
    """The list is emptied, or its last part is taken."""
    assert_silent(GATHERED.format(parts=parts, mark="", then=then))


def test_a_quotient_that_nobody_gets():
    """`total / parts` as a statement changes nothing."""
    text = """
        totals = [tf.Variable(tf.zeros_like(v), trainable=False) for v in model.trainable_variables]

        def flush(parts):
            for i in range(len(totals)):
                {divide}
            optimizer.apply_gradients(zip(totals, model.trainable_variables))
            for total in totals:
                total.assign(tf.zeros_like(total))

        for number in range(16):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(x) - y))
            gradients = tape.gradient(loss, model.trainable_variables)
            for i in range(len(totals)):
                totals[i].assign_add(gradients[i])
            if (number + 1) % 4 == 0:
                flush(4)
    """
    assert_findings(text.format(divide="totals[i] / parts  # GP506"))
    assert_silent(text.format(divide="totals[i].assign(totals[i] / parts)"))


def test_a_quotient_that_is_shown():
    """The last line of a cell shows its value, and buffers that nobody hands over are no sums."""
    assert_silent(
        """
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        gradients[0] / 2.0
        seen = tf.Variable(1.0, trainable=False)
        for _ in range(3):
            seen / 2.0
        """
    )


BEGUN_ANEW = """
total = ZERO
for i in range(40):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y)) / 4
        total += loss  # GP506
    if (i + 1) % 4 == 0:
        gradients = tape.gradient(total, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        total = ZERO
"""


@pytest.mark.parametrize("zero", ["0.0", "tf.constant(0.0)"])
def test_a_sum_of_losses_that_is_begun_anew_after_each_update(zero: str):
    """Losses of four tapes, of which the last one is asked."""
    text = BEGUN_ANEW.replace("ZERO", zero)
    assert_findings(text)
    assert_silent(text.replace("  # GP506", "").replace("gradient(total", "gradient(loss"))


LAST = """
for step in range(20):
    total = None
    for i in range(4):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x[i::4]) - y[i::4]))
        gradients = tape.gradient(loss, model.trainable_variables)
        {keep}
    optimizer.apply_gradients(zip([g / 4.0 for g in total], model.trainable_variables))
"""


@pytest.mark.parametrize(
    "keep", ["total = gradients", "total = [g for g in gradients]", "total = list(gradients)"]
)
def test_gradients_of_the_last_round_alone(keep: str):
    """A sum that was meant to grow, `total = gradients`, is bound anew in each round."""
    assert_findings(LAST.format(keep=f"{keep}  # GP506"))


@pytest.mark.parametrize(
    "keep",
    [
        "total = gradients if total is None else [t + g for t, g in zip(total, gradients)]",
        "total = [g + (0.0 if total is None else total[k]) for k, g in enumerate(gradients)]",
        "total = gradients; [b.assign_add(g) for b, g in zip(buffers, gradients)]",
        "total = gradients; seen(gradients)",
        "total = gradients; optimizer.apply_gradients(zip(gradients, model.trainable_variables))",
        "total = gradients; [v.assign_sub(g) for v, g in zip(model.weights, gradients)]",
        "total = gradients\n        if tf.math.is_finite(loss):\n            break",
    ],
)
def test_gradients_of_each_round_that_somebody_takes(keep: str):
    """They are added up, kept, applied at once, or the rounds are attempts."""
    head = "from hooks import seen\nbuffers = [tf.Variable(tf.zeros(v.shape)) for v in model.weights]\n"
    assert_silent(head + LAST.format(keep=keep))


def test_gradients_of_the_last_round_that_a_function_took():
    """Where a function has the tape, the fault stands where the sum is left out."""
    text = """
        @tf.function
        def part_of(x, y):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(x) - y))
            return tape.gradient(loss, model.trainable_variables)

        for step in range(20):
            total = None
            for i in range(4):
                gradients = part_of(x[i::4], y[i::4])
                total = gradients if total is None else [t + g for t, g in zip(total, gradients)]
            optimizer.apply_gradients(zip(GIVEN, model.trainable_variables))"""
    assert_findings(text.replace("GIVEN", "gradients") + "  # GP506")
    assert_silent(text.replace("GIVEN", "total"))


def test_sums_of_a_file_that_nobody_reads():
    """Outside of any function, too, the last part alone is applied."""
    text = """
    sums = [tf.zeros_like(w) for w in model.trainable_variables]
    for part in range(1, 9):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y)) / 4
        gradients = tape.gradient(loss, model.trainable_variables)
        sums = [s + g for s, g in zip(sums, gradients)]{mark}
        if part % 4 == 0:
            optimizer.apply_gradients(zip({given}, model.trainable_variables))
            sums = [tf.zeros_like(w) for w in model.trainable_variables]
    """
    assert_findings(text.format(mark="  # GP506", given="gradients"))
    assert_silent(text.format(mark="", given="sums"))


def test_one_number_in_place_of_a_mean_gradient():
    """A mean over the parts keeps the shape; over everything it is a number."""
    text = """
    def tower(a, b):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(a) - b))
        return tape.gradient(loss, model.trainable_variables)

    all_gradients = [tower(x[:2], y[:2]), tower(x[2:], y[2:])]
    means = [tf.reduce_mean(tf.stack(gs){axis}) for gs in zip(*all_gradients)]{mark}
    optimizer.apply_gradients(zip(means, model.trainable_variables))
    """
    assert_findings(text.format(axis="", mark="  # GP506"))
    assert_silent(text.format(axis=", axis=0", mark=""))


def test_numbers_of_lists_that_are_no_gradients():
    """Norms, say, have no shape to keep."""
    assert_silent(
        """
        grad_norms = [[1.0, 2.0], [3.0, 4.0]]
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        print([tf.reduce_mean(ns) for ns in zip(*grad_norms)])
        """
    )


ROUND_BY_ROUND = """
with tf.GradientTape() as tape:
    hidden = x
    losses = []
    for part in range(4):
        {body}
    {after}
gradients = tape.gradient(loss, model.trainable_variables)
optimizer.apply_gradients(zip(gradients, model.trainable_variables))
"""
ONE_PART = "loss = tf.reduce_mean(tf.square(model(x[part:][:2]) - y[part:][:2]))"


def test_the_loss_of_the_last_round():
    """Each round gives the loss a new value, and nothing keeps the old one."""
    assert_findings(ROUND_BY_ROUND.format(body=f"{ONE_PART}  # GP506", after="pass"))


@pytest.mark.parametrize(
    ("body", "after"),
    [
        ("hidden = model(hidden) * part; loss = tf.reduce_mean(hidden)", "pass"),
        (f"{ONE_PART}; losses.append(loss)", "loss = tf.add_n(losses)"),
        (ONE_PART, "loss = tf.reduce_mean(tf.square(model(x) - y))"),
        ("loss = tf.reduce_mean(tf.square(model(x) - y))", "pass"),
        (f"{ONE_PART}; break", "pass"),
        (f"{ONE_PART}\n        if part > 2: print(loss)", "pass"),
    ],
)
def test_the_last_round_is_what_is_wanted(body: str, after: str):
    """A state goes from round to round, something keeps the losses, or all rounds are alike."""
    assert_silent(ROUND_BY_ROUND.format(body=body, after=after))


OVER_DATA = """
rows = tf.data.Dataset.from_tensor_slices((x, y)).batch(2)

def parts():
    for row in rows:
        yield row

with tf.GradientTape() as tape:
    for a, b in {data}:
        loss = tf.reduce_mean(tf.square(model(a) - b)){mark}
gradients = tape.gradient(loss, model.trainable_variables)
optimizer.apply_gradients(zip(gradients, model.trainable_variables))
"""


@pytest.mark.parametrize("data", ["rows", "rows.shuffle(8)", "parts()", "rows.map(tuple)"])
def test_the_loss_of_the_last_batch(data: str):
    """Data of more than one batch, in a loop under the tape."""
    assert_findings(OVER_DATA.format(data=data, mark="  # GP506"))


@pytest.mark.parametrize("data", ["rows.take(1)", "rows.batch(64)", "rows.unbatch().batch(64)"])
def test_the_loss_of_a_batch_that_may_be_the_only_one(data: str):
    """A loop over what may be one batch takes it apart."""
    assert_silent(OVER_DATA.format(data=data, mark=""))


def test_sums_that_begin_in_each_round_and_wait_for_some():
    """An update in every fourth round, of sums that begin anew in each; not those of an inner loop."""
    text = """
        for i in range(16):
            {begin}{mark}
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(x) - y)) / 4
            gradients = tape.gradient(loss, model.trainable_variables)
            {add}
            if (i + 1) % 4 == 0:
                optimizer.apply_gradients(zip(total, model.trainable_variables))
    """
    add = "total = [t + g for t, g in zip(total, gradients)]"
    assert_findings(text.format(begin=BEGIN, mark="  # GP506", add=add))
    inner = """for part in (x, x):
                with tf.GradientTape() as tape:
                    loss = tf.reduce_mean(tf.square(model(part) - y)) / 2
                gradients = tape.gradient(loss, model.trainable_variables)
                total = [t + g for t, g in zip(total, gradients)]"""
    assert_silent(text.format(begin=BEGIN, mark="", add=inner))


TWICE = """
    parts = 4
    buffers = [tf.Variable(tf.zeros_like(v), trainable=False) for v in model.trainable_variables]
    for i in range(16):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y)){loss}
        gradients = tape.gradient(loss, model.trainable_variables)
        for b, g in zip(buffers, gradients):
            b.assign_add({added})
        if (i + 1) % parts == 0:
            optimizer.apply_gradients(zip({given}, model.trainable_variables))
            for b in buffers:
                b.assign(tf.zeros_like(b))
"""


def test_divided_by_the_number_of_parts_twice():
    """The loss and the sums, or what is added up; once is right, and so is another number."""
    whole, mean = "buffers", "[b / parts for b in buffers]"
    assert_findings(
        TWICE.format(loss=" / parts", added="g / parts  # GP506", given=whole).replace(
            "  # GP506)", ")  # GP506"
        )
    )
    twice = TWICE.format(loss=" / parts", added="g", given=mean)
    call = "zip([b / parts for b in buffers], model.trainable_variables))"
    assert_findings(twice.replace(call, call + "  # GP506"))
    adam = TWICE.replace("optimizer.", "adam.").replace(
        "parts = 4", "parts = 4\n    adam = keras.optimizers.Adam()"
    )
    assert_silent(adam.format(loss=" / parts", added="g", given=whole))
    assert_silent(adam.format(loss="", added="g / parts", given=whole))
    assert_silent(adam.format(loss=" / 2.0", added="g / 2.0", given=whole))


LISTED = """
error = keras.losses.MeanSquaredError({reduction})
chosen = {optimizer}
total = None
for i in range(16):
    with tf.GradientTape() as tape:
        loss = {loss}
    gradients = tape.gradient(loss, model.trainable_variables)
    total = gradients if total is None else [t + g for t, g in zip(total, gradients)]
    if {when}:
        chosen.apply_gradients(zip({given}, model.trainable_variables)){mark}
        total = None
"""
MEANS = {
    "loss": "error(y, model(x))",
    "given": "total",
    "reduction": "",
    "optimizer": "keras.optimizers.SGD(0.1)",
    "when": "(i + 1) % 4 == 0",
    "mark": "",
}


def test_sums_in_a_list_for_means():
    """So do those that a list holds, and the mean may be that of a loss object."""
    assert_findings(LISTED.format(**{**MEANS, "mark": "  # GP506"}))
    plain = "tf.reduce_mean(tf.square(model(x) - y))"
    assert_findings(LISTED.format(**{**MEANS, "loss": plain, "mark": "  # GP506"}))
    parts = {
        **RIGHT,
        "mark": "  # GP506",
        "loss": "keras.losses.MeanSquaredError()(rows, model(rows))",
    }
    assert_findings(PARTS.format(**parts))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("loss", "error(y, model(x)) / 4"),
        ("given", "[t / 4 for t in total]"),
        ("reduction", 'reduction="sum"'),
        ("optimizer", "keras.optimizers.Adam(0.1)"),
        ("optimizer", "keras.optimizers.SGD(0.1, clipnorm=1.0)"),
        ("when", "i > 3"),
    ],
)
def test_sums_in_a_list_that_are_meant(name: str, value: str):
    """Divided before or after, sums of sums, and rules to which size does not matter."""
    assert_silent(LISTED.format(**{**MEANS, name: value}))
