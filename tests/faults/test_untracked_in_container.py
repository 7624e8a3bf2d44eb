"""Layers in places that Keras does not search."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gradproof.evidence.copies import Copy
from gradproof.evidence.run import Crash
from gradproof.faults.untracked_in_container import prove
from records import BIAS, KERNEL, at, healthy, left_out, proven, with_variable
from snippets import STEP, assert_findings, assert_silent


def test_list_and_dict_are_searched():
    """Lists, tuples and dicts of layers are found."""
    assert_silent(
        """
        class Net(keras.Model):
            def __init__(self):
                super().__init__()
                self.blocks = [keras.layers.Dense(4) for _ in range(3)]
                self.heads = {"a": keras.layers.Dense(4)}

            def call(self, inputs):
                for block in self.blocks:
                    inputs = block(inputs)
                return self.heads["a"](inputs)

        model = Net()
        """,
        then=STEP,
    )


def test_sublayer_class():
    """A class of layers that is itself a layer is found."""
    assert_silent(
        """
        class Blocks(keras.layers.Layer):
            def __init__(self):
                super().__init__()
                self.hidden = keras.layers.Dense(4)

            def call(self, inputs):
                return self.hidden(inputs)

        class Net(keras.Model):
            def __init__(self):
                super().__init__()
                self.blocks = Blocks()
                self.head = keras.layers.Dense(4)

            def call(self, inputs):
                return self.head(self.blocks(inputs))

        model = Net()
        """,
        then=STEP,
    )


def test_listed_by_hand():
    """A plain trainer class that hands its variables over is right."""
    assert_silent(
        """
        class Trainer:
            def __init__(self):
                self.first = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
                self.second = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
                self.optimizer = keras.optimizers.SGD(0.1)

            def step(self, x, y):
                variables = self.first.trainable_variables + self.second.trainable_variables
                with tf.GradientTape() as tape:
                    loss = tf.reduce_mean(tf.square(self.second(self.first(x)) - y))
                gradients = tape.gradient(loss, variables)
                self.optimizer.apply_gradients(zip(gradients, variables))

        Trainer().step(x, y)
        """
    )


def test_proven():
    """The model around a layer does not know the layer's variable."""
    run = with_variable(left_out(healthy(), BIAS), BIAS, tracked=False, layer_made_at=at(3))
    assert proven(run) == [("GP102", 3)]


def test_the_place_is_where_the_looking_ends():
    """The plain object is at fault, not the layer within the layer that it holds."""
    assert_findings(
        """
        class Block(keras.layers.Layer):
            def __init__(self):
                super().__init__()
                self.inner = keras.layers.Dense(4)

            def call(self, inputs):
                return self.inner(inputs)

        class Parts:
            def __init__(self):
                self.block = Block()

        class Net(keras.Model):
            def __init__(self):
                super().__init__()
                self.parts = Parts()  # GP102
                self.head = keras.layers.Dense(4)

            def call(self, inputs):
                return self.head(self.parts.block(inputs))

        model = Net()
        """,
        then=STEP,
    )


def test_one_cause_one_diagnosis():
    """The suspicion that a list lacks something needs no other explanation."""
    run = with_variable(left_out(healthy(), BIAS), BIAS, tracked=False, holder="Net")
    assert proven(run) == [("GP102", None)]


def test_a_target_network_whose_turn_is_later():
    """What holds another model's values is no lost part while the run is young."""
    run = with_variable(left_out(healthy(), BIAS), BIAS, tracked=False, holder="Agent")
    copy = Copy("target", at(2), 1, 0, (BIAS,), (KERNEL,))
    assert not list(prove(replace(run, copies=(copy,), finished=False)))
    assert list(prove(replace(run, finished=False)))
    crash = Crash("AttributeError", "no attribute '_unique_id'", (at(6),))
    assert not list(prove(replace(run, crash=crash)))


def test_in_a_closure():
    """A function is no place where Keras looks, whatever it closes over."""
    text = """
        class Net(keras.Model):
            def __init__(self):
                super().__init__()
                self.body = keras.layers.Dense(4)
                {final}keras.layers.Dense(4){mark}
                self.head = lambda hidden: {used}(hidden)

            def call(self, inputs):
                return self.head(self.body(inputs))

        net = Net()
        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(net(x) - y))
            gradients = tape.gradient(loss, net.trainable_variables)
            optimizer.apply_gradients(zip(gradients, net.trainable_variables))
    """
    assert_findings(text.format(final="final = ", used="final", mark="  # GP102"))
    assert_silent(text.format(final="self.final = ", used="self.final", mark=""))
    assert_silent(text.format(final="final = self.final = ", used="final", mark=""))


OF_THE_CLASS = """
    class Net(keras.Model):
        {of_class}

        def __init__(self):
            super().__init__()
            {of_object}
            self.head = keras.layers.Dense(4)

        def call(self, inputs):
            return self.head(self.body(inputs))

    net = Net()
    for _ in range(3):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(net(x) - y))
        gradients = tape.gradient(loss, net.trainable_variables)
        optimizer.apply_gradients(zip(gradients, net.trainable_variables))
"""


def test_of_the_class():
    """What all objects of a class share is no attribute of any of them."""
    dense = "keras.layers.Dense(4)"
    text = OF_THE_CLASS.format(of_class=f"body = {dense}  # GP102", of_object="pass")
    assert_findings(text)
    own = f"self.body = {dense}"
    assert_silent(OF_THE_CLASS.format(of_class="width = 4", of_object=own))
    assert_silent(OF_THE_CLASS.format(of_class="body = None", of_object=own))
    kept = OF_THE_CLASS.format(of_class=f"body = {dense}", of_object="self.kept = self.body")
    assert_silent(kept)
    off = OF_THE_CLASS.format(
        of_class="body = keras.layers.Dense(4, trainable=False)", of_object="pass"
    )
    assert_silent(off)


def test_in_a_partial():
    """`functools.partial` is a function with arguments, and no place where Keras looks."""
    text = OF_THE_CLASS.format(
        of_class="width = 4",
        of_object="{}self.body = functools.partial(lambda x, by: by(x), by={}){}",
    )
    text = f"    import functools\n{text}"
    assert_findings(text.format("", "keras.layers.Dense(4)", "  # GP102"))
    assert_silent(text.format("self.inner = keras.layers.Dense(4); ", "self.inner", ""))


STACK = """
class Stack{base}:
    def __init__(self, widths):
        super().__init__()
        self.members = [keras.layers.Dense(width) for width in widths]

    def __iter__(self):
        return iter(self.members)

    def __getitem__(self, place):
        return self.members[place]

class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.stack = Stack([4, 4]){mark}
        self.out = keras.layers.Dense(4)

    def call(self, inputs):
        {use}
        return self.out(inputs)

model = Net()
"""


@pytest.mark.parametrize(
    "use",
    [
        "for layer in self.stack: inputs = layer(inputs)",
        "inputs = self.stack[1](self.stack[0](inputs))",
    ],
)
def test_an_object_that_is_walked(use):
    """An object of ones own gives its layers by `__iter__` or `__getitem__`."""
    assert_findings(STACK.format(base="", use=use, mark="  # GP102"), STEP)
    tracked = STACK.format(base="(keras.layers.Layer)", use=use, mark="")
    assert_silent(tracked, STEP)


@pytest.mark.parametrize("keras", ["3", "2"])
def test_put_into_the_dict_of_the_object(keras):
    """`__dict__` goes past the tracking of attributes; what is set once more is tracked."""
    text = """
        class Net(keras.Model):
            def __init__(self, **parts):
                super().__init__()
                {put}
                self.head = keras.layers.Dense(4)

            def call(self, inputs):
                return self.head(self.body(inputs))

        model = Net(body=keras.layers.Dense(4, activation="relu"), scale=0.5)
    """
    hidden = (
        "self.__dict__.update(parts)  # GP102",
        "vars(self).update(parts)  # GP102",
        'self.__dict__["body"] = parts["body"]  # GP102',
    )
    for put in hidden:
        assert_findings(text.format(put=put), STEP, keras)
    seen = "for name, part in parts.items(): setattr(self, name, part)"
    again = "self.__dict__.update(parts); self.body = keras.Sequential([self.body])"
    for put in (seen, again):
        assert_silent(text.format(put=put), STEP, keras)


def test_settings_in_the_dict_of_the_object():
    """Numbers and optimizers are not to be tracked."""
    assert_silent(
        """
        class Net(keras.Model):
            def __init__(self, **options):
                super().__init__()
                self.__dict__.update(options)
                self.head = keras.layers.Dense(4)

            def call(self, inputs):
                return self.scale * self.head(inputs)

        model = Net(scale=0.5, optim=keras.optimizers.Adam(0.01))
        """,
        STEP,
    )


def test_a_list_that_a_function_closes_over():
    """A model that holds the function sees none of the layers; with their list it sees all."""
    text = """
        def tower(widths):
            blocks = [keras.layers.Dense(width) for width in widths]{mark}

            def run(inputs):
                for block in blocks:
                    inputs = block(inputs)
                return inputs

            return run, blocks

        class Net(keras.Model):
            def __init__(self):
                super().__init__()
                self.run, {blocks} = tower([4, 4])
                self.head = keras.layers.Dense(4)

            def call(self, inputs):
                return self.head(self.run(inputs))

        model = Net()
    """
    assert_findings(text.format(blocks="_", mark="  # GP102"), STEP)
    assert_silent(text.format(blocks="self.blocks", mark=""), STEP)
