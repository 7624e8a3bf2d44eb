"""Edge cases of legacy-custom-optimizer."""

from __future__ import annotations

from dataclasses import replace

from gradproof.evidence.run import Crash
from records import at, healthy, proven, with_apply
from snippets import assert_findings, assert_silent


def test_new_hooks():
    """An optimizer with `update_step` is of today."""
    assert_silent(
        """
        class Sign(keras.optimizers.Optimizer):
            def update_step(self, gradient, variable, learning_rate):
                variable.assign_sub(learning_rate * tf.sign(gradient))
        """
    )


def test_old_hooks():
    """Hooks that nothing calls, named where the first one stands."""
    assert_findings(
        """
        class Sign(keras.optimizers.Optimizer):
            def _create_slots(self, variables):  # GP410
                pass

            def _resource_apply_dense(self, gradient, variable):
                variable.assign_sub(0.1 * tf.sign(gradient))
        """
    )


def test_missing_hook():
    """The base class found no `update_step`; only source knows the class."""
    run = with_apply(healthy(), by="Sign", error="NotImplementedError: ")
    run = replace(run, crash=Crash("NotImplementedError", "", (at(6),)))
    assert ("GP410", None) in proven(run)


def test_missing_offer():
    """The class asks its base for what is gone."""
    message = "'Sign' object has no attribute '_set_hyper'"
    run = replace(healthy(), crash=Crash("AttributeError", message, (at(8), at(2))))
    assert ("GP410", 2) in proven(run)


def test_own_optimizers_of_keras():
    """Asking `Adam` for its slots from outside is no class of the user's."""
    message = "'Adam' object has no attribute 'get_slot'"
    run = replace(healthy(), crash=Crash("AttributeError", message, (at(8),)))
    assert "GP410" not in [code for code, _ in proven(run)]


def test_hooks_that_only_raise():
    """A stub that keeps a linter quiet implements nothing."""
    assert_silent(
        """
        class Natural(keras.optimizers.Optimizer):
            def minimize(self, closure, variables):
                for variable in variables:
                    variable.assign_sub(0.1 * closure(variable))

            def _resource_apply_dense(self, gradient, variable):
                # Abstract in the base class.
                raise NotImplementedError()
        """
    )


def test_a_base_that_may_be_the_old_one():
    """Whoever takes the old class where there is one has its hooks called."""
    assert_silent(
        """
        import importlib

        if importlib.util.find_spec("tensorflow.keras.optimizers.legacy") is not None:
            base = keras.optimizers.legacy.Adam
        else:
            base = keras.optimizers.Adam

        class Lazy(base):
            def _resource_apply_sparse(self, grad, var, indices, apply_state=None):
                return var.assign_sub(grad)
        """
    )
