"""Edge cases of data-iterator-spent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gradproof.evidence.iterators import Generator
from gradproof.fault import Verdict
from gradproof.faults.data_iterator_spent import settle
from gradproof.finding import Finding
from records import at, healthy
from snippets import assert_findings, assert_silent

GENERATOR = """
def batches():
    for start in range(0, 8, 4):
        yield x[start : start + 4]

@tf.function
def train(batch):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(batch) - batch))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))

"""


def found(text: str) -> None:
    """Expects the marked lines after the generator and the step."""
    assert_findings(GENERATOR + text.replace("\n        ", "\n"))


def silent(text: str) -> None:
    """Expects nothing after the generator and the step."""
    assert_silent(GENERATOR + text.replace("\n        ", "\n"))


def test_generator_made_before_the_epochs():
    """One generator serves all epochs."""
    found("""
        data = batches()
        for epoch in range(10):
            for batch in data:  # GP604
                train(batch)
    """)


def test_iterators_of_the_language():
    """`zip`, `map` and a generator expression give their items once."""
    for made in ("zip(x, y)", "map(tf.identity, x)", "(row for row in x)"):
        found(f"""
        data = {made}
        for epoch in range(10):
            for batch in data:  # GP604
                train(batch)
        """)


def test_an_object_that_keeps_an_iterator():
    """Each loop over it gets the same one, or a new one."""
    text = """
        class Loader:
            def __init__(self, dataset):
                self.dataset = dataset
                self.iterator = iter(dataset)

            def __iter__(self):
                return {given}

        loader = Loader(tf.data.Dataset.from_tensor_slices(x).batch(4))
        for epoch in range(10):
            for batch in loader:{mark}
                train(batch)
        """
    found(text.format(given="self.iterator", mark="  # GP604"))
    silent(text.format(given="iter(self.dataset)", mark=""))


def test_comprehension_over_an_iterator():
    """Losses are gathered from a generator that the first epoch uses up."""
    found("""
        data = batches()
        for epoch in range(10):
            losses = [train(batch) for batch in data]  # GP604
    """)


def test_comprehension_over_data():
    """What each epoch makes anew, and what is read without a step."""
    silent("""
        for epoch in range(10):
            losses = [train(batch) for batch in batches()]
        rows = batches()
        for turn in range(2):
            kept = [batch for batch in rows]
    """)


def test_counted_iterator():
    """`enumerate` around it does not start it again."""
    found("""
        data = batches()
        for epoch in range(10):
            for number, batch in enumerate(data):  # GP604
                train(batch)
    """)


def test_given_to_a_function():
    """A function that runs one epoch is called with the same generator."""
    found("""
        def run_epoch(data):
            for batch in data:  # GP604
                train(batch)

        stream = batches()
        for epoch in range(10):
            run_epoch(stream)
    """)


def test_second_phase():
    """Two loops, one after the other, over one generator."""
    found("""
        data = batches()
        for batch in data:
            train(batch)
        for batch in data:  # GP604
            train(batch)
    """)


def test_made_in_each_epoch():
    """A generator for each epoch."""
    silent("""
        for epoch in range(10):
            for batch in batches():
                train(batch)
        for epoch in range(10):
            data = zip(x, y)
            for batch, _ in data:
                train(batch)
    """)


def test_endless_generator():
    """A generator that never ends, of which each epoch takes some."""
    silent("""
        def forever():
            while True:
                yield x

        data = forever()
        for epoch in range(10):
            for number, batch in enumerate(data):
                train(batch)
                if number == 20:
                    break
    """)


def test_broken_off():
    """A loop that breaks off leaves the rest for the next one."""
    silent("""
        data = batches()
        for epoch in range(2):
            for number, batch in enumerate(data):
                if number == 1:
                    break
                train(batch)
    """)


def test_datasets_and_lists():
    """What can be looped over again and again."""
    silent("""
        data = tf.data.Dataset.from_tensor_slices(x).batch(4)
        rows = [x, y]
        for epoch in range(10):
            for batch in data:
                train(batch)
            for batch in rows:
                train(batch)
            for number, batch in enumerate(data):
                train(batch)
    """)


def test_measured_afterwards():
    """A generator that trains once; the second loop only measures."""
    silent("""
        data = batches()
        for batch in data:
            train(batch)
        for batch in data:
            print(model(batch))
    """)


def test_iterators_over_a_dataset():
    """`iter` of a dataset is used up, and so is its iterator of arrays."""
    for made in ("iter(rows)", "rows.as_numpy_iterator()"):
        found(f"""
        rows = tf.data.Dataset.from_tensor_slices(x).batch(4)
        data = {made}
        for epoch in range(10):
            for batch in data:  # GP604
                train(batch)
        """)


def test_the_iterator_of_an_own_class():
    """`iter` calls `__iter__`, a generator; who loops over the object gets a new one."""
    text = """
        class Source:
            def __iter__(self):
                for i in range(0, 8, 4):
                    yield x[i:i + 4], y[i:i + 4]

        data = {made}
        for epoch in range(10):
            losses = [train(a, b) for a, b in data]{mark}
    """
    found(text.format(made="iter(Source())", mark="  # GP604"))
    silent(text.format(made="Source()", mark=""))
    silent(
        text.format(made="iter(Source())", mark="").replace("for i in range(0, 8, 4)", "while 1")
    )


def suspicion() -> Finding:
    """What source says of a loop over the generator `data`."""
    return Finding("the generator `data` gives its items once", place=at(3))


def test_a_run_that_used_it_up():
    """The generator of that name has nothing left at the end."""
    run = replace(healthy(), generators=(Generator("data", "batches", True),))
    settled = settle(suspicion(), run)
    assert isinstance(settled, Finding)
    assert "3 steps" in settled.message


def test_a_run_that_left_items():
    """A generator that goes on for ever is broken off, and never used up."""
    run = replace(healthy(), generators=(Generator("data", "batches", False),))
    assert settle(suspicion(), run) is Verdict.CLEARED


def test_a_run_that_tells_nothing():
    """Another generator, none at all, or a run that goes on."""
    other = replace(healthy(), generators=(Generator("rows", "read", True),))
    assert settle(suspicion(), other) is None
    assert settle(suspicion(), healthy()) is None
    young = replace(healthy(), generators=(Generator("data", "b", False),), finished=False)
    assert settle(suspicion(), young) is None


NEXT = """
        class Loop:
            def __init__(self):
                self.rows = tf.data.Dataset.from_tensor_slices(x).batch(4)
                self.left = iter(self.rows)

            def epoch(self):
                {anew}
                while True:
                    try:
                        batch = next(self.left){mark}
                    except StopIteration:
                        {ends}
                    train(batch)

        loop = Loop()
        for epoch in range(10):
            loop.epoch()
"""


def test_items_asked_for_one_by_one():
    """`next` until there is none: the second epoch begins where the first one ended."""
    found(NEXT.format(anew="pass", mark="  # GP604", ends="break"))
    silent(NEXT.format(anew="self.left = iter(self.rows)", mark="", ends="break"))
    again = "self.left = iter(self.rows); break"
    silent(NEXT.format(anew="pass", mark="", ends=again))
    silent(NEXT.format(anew="pass", mark="", ends="self.left = iter(self.rows); continue"))


def test_some_items_asked_for():
    """An epoch that ends before the data do goes on with the next ones."""
    text = NEXT.format(anew="pass", mark="", ends="break")
    silent(
        text.replace(
            "                    train(batch)",
            "                    train(batch)\n                    break",
        )
    )


LOADER = """
class Loader:
    def __init__(self, size):
        self.size, self.index = size, 0

    def __iter__(self):
        return self

    def __next__(self):
        if self.index >= 8:
            raise StopIteration
        self.index += self.size
        return x[self.index - self.size : self.index]

"""


EPOCHS = """
loader = Loader(4)
for epoch in range(10):
    for batch in loader:  # GP604
        train(batch)
"""


def test_an_object_that_is_its_own_iterator():
    """`__iter__` gives the object itself, and its index stays at the end."""
    assert_findings(GENERATOR + LOADER + EPOCHS)


def test_an_own_iterator_that_begins_again():
    """It sets its index back: in `__iter__`, at the end, from outside, or it is made anew."""
    epochs = EPOCHS.replace("  # GP604", "")
    begins, ends = "        return self\n", "            raise StopIteration"
    set_back = "self.index = 0\n"
    for loader, rounds in (
        (LOADER.replace(begins, f"        {set_back}{begins}"), epochs),
        (LOADER.replace(ends, f"            {set_back}{ends}"), epochs),
        (LOADER, epochs + "    loader.index = 0\n"),
        (LOADER, epochs.replace("in loader", "in Loader(4)")),
    ):
        assert_silent(GENERATOR + loader + rounds)


FROM_GENERATOR = """
data = batches()
def handing_out():
    return data
made = tf.data.Dataset.from_generator(MAKER, tf.float32)
made = made.batch(2)
for epoch in range(10):
    for batch in made:
        train(batch)
"""


def test_a_dataset_of_one_generator():
    """`from_generator` asks for a generator in each round, and always gets the same one."""
    marked = FROM_GENERATOR.replace("tf.float32)", "tf.float32)  # GP604")
    for maker in ("lambda: data", "handing_out"):
        assert_findings(GENERATOR + marked.replace("MAKER", maker))


def test_a_dataset_of_a_generator_made_anew():
    """The function makes a generator each time, or the items of the first round are kept."""
    assert_silent(GENERATOR + FROM_GENERATOR.replace("MAKER", "batches"))
    cached = FROM_GENERATOR.replace("batch(2)", "cache()")
    assert_silent(GENERATOR + cached.replace("MAKER", "lambda: data"))


ASKING = """
dataset = tf.data.Dataset.from_tensor_slices(x)
rows = iter(dataset)
for epoch in range(10):
    while True:
        batch = next(rows, None)  # GP604
        if batch is None:
            break
        train(batch)
"""


def test_next_with_a_default():
    """A loop that ends when `next` gives its default, over one iterator for all epochs."""
    assert_findings(GENERATOR + ASKING)
    anew = ASKING.replace("    while", "    rows = iter(dataset)\n    while")
    assert_silent(GENERATOR + anew.replace("  # GP604", ""))


NUMBERED = """
import itertools

dataset = tf.data.Dataset.from_tensor_slices(x)
{before}
for epoch in range(10):
    {inside}
    for {item} in rows:{mark}
        train(batch)
"""


@pytest.mark.parametrize(
    ("item", "made"),
    [
        ("step, batch", "rows = enumerate(dataset)"),
        ("batch", "rows = itertools.islice(dataset, 5)"),
    ],
)
def test_batches_that_are_numbered_once(item: str, made: str):
    """`enumerate` and `islice` of a dataset give iterators, and these begin once."""
    once = NUMBERED.format(before=made, inside="pass", item=item, mark="  # GP604")
    assert_findings(GENERATOR + once)
    anew = NUMBERED.format(before="pass", inside=made, item=item, mark="")
    assert_silent(GENERATOR + anew)
