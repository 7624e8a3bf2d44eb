"""Edge cases of custom-optimizer-bug."""

from __future__ import annotations

from snippets import assert_findings, assert_silent


def test_velocity_in_a_table():
    """A dict of velocities that is read by index and never written."""
    assert_findings(
        """
        class Momentum:
            def __init__(self, rate):
                self.rate = rate
                self.velocity = dict()

            def step(self, pairs):
                for index, (gradient, variable) in enumerate(pairs):
                    before = self.velocity.get(index, 0.0)  # GP411
                    variable.assign_sub(self.rate * (0.9 * before + gradient))
        """
    )


def test_step_counter():
    """Bias correction with a counter that stays at zero."""
    assert_findings(
        """
        class Adam:
            def __init__(self, rate):
                self.rate = rate
                self.t = 0
                self.m = {}

            def apply(self, gradients, variables):
                for i, (gradient, variable) in enumerate(zip(gradients, variables)):
                    self.m[i] = 0.9 * self.m.get(i, 0.0) + 0.1 * gradient
                    hat = self.m[i] / (1.0 - 0.9 ** (self.t + 1))  # GP411
                    variable.assign_sub(self.rate * hat)
        """
    )


def test_update_step_without_assignment():
    """The update is computed, and the variable never hears of it."""
    assert_findings(
        """
        class Plain(keras.optimizers.Optimizer):
            def update_step(self, gradient, variable, learning_rate):
                rate = tf.cast(learning_rate, variable.dtype)
                update = variable - rate * gradient  # GP411
        """
    )


def test_counter_of_keras():
    """`apply_gradients` is replaced; the warm-up waits for `iterations`."""
    assert_findings(
        """
        class Warm(keras.optimizers.Adam):
            def apply_gradients(self, grads_and_vars, **options):
                warm = tf.minimum(1.0, tf.cast(self.iterations, "float32") / 10.0)  # GP411
                for gradient, variable in grads_and_vars:
                    variable.assign_sub(1e-3 * warm * gradient)
        """
    )


def test_state_that_is_stored():
    """Each common way to store a state."""
    assert_silent(
        """
        class Stored:
            def __init__(self, rate):
                self.rate = rate
                self.a, self.b, self.c, self.d = {}, {}, {}, {}
                self.t = 0
                self.slots = {}

            def apply(self, gradients, variables):
                self.t += 1
                for i, (gradient, variable) in enumerate(zip(gradients, variables)):
                    self.slots[i] = 0.9 * self.slots.get(i, 0.0) + gradient
                    variable.assign_sub(self.rate * self.slots[i] / (1 - 0.9 ** self.t))

        class Lazily:
            def __init__(self):
                self.slots = {}

            def slot(self, variable):
                return self.slots.setdefault(variable.ref(), tf.Variable(tf.zeros_like(variable)))

            def apply(self, gradients, variables):
                for gradient, variable in zip(gradients, variables):
                    velocity = self.slot(variable)
                    velocity.assign(0.9 * velocity + gradient)
                    variable.assign_sub(0.1 * self.slots[variable.ref()])
        """
    )


def test_table_filled_from_outside():
    """A table of rates that the program fills."""
    assert_silent(
        """
        class Rates:
            def __init__(self):
                self.rates = {}

            def set_rate(self, name, rate):
                self.rates[name] = rate

            def apply(self, gradients, variables):
                for gradient, variable in zip(gradients, variables):
                    variable.assign_sub(self.rates.get(variable.name, 0.1) * gradient)
        """
    )


def test_overrides_that_go_on():
    """Overrides that leave the update to the base class."""
    assert_silent(
        """
        class Clipped(keras.optimizers.Adam):
            def apply_gradients(self, grads_and_vars, **options):
                print(self.iterations)
                pairs = [(tf.clip_by_norm(g, 1.0), v) for g, v in grads_and_vars]
                return super().apply_gradients(pairs, **options)

        class Plain(keras.optimizers.Optimizer):
            def update_step(self, gradient, variable, learning_rate):
                self.assign_sub(variable, learning_rate * gradient)

        class Noisy(keras.optimizers.SGD):
            def update_step(self, gradient, variable, learning_rate):
                noise = tf.random.normal(tf.shape(gradient))
                super().update_step(gradient + noise, variable, learning_rate)

        class Counted(keras.optimizers.SGD):
            def apply_gradients(self, grads_and_vars, **options):
                for gradient, variable in grads_and_vars:
                    rate = 0.1 / (1.0 + tf.cast(self.iterations, "float32"))
                    variable.assign_sub(rate * gradient)
                self.iterations.assign_add(1)
        """
    )
