"""Records of gradients that come out of a loop or branch as exact zeros."""

from __future__ import annotations

from dataclasses import replace

from gradproof.evidence.custom import CustomGradient
from gradproof.evidence.run import Run
from gradproof.evidence.zeros import zeros
from records import (
    ADD,
    BIAS,
    BIAS_GRADIENT,
    KERNEL,
    KERNEL_GRADIENT,
    MATMUL,
    READ_BIAS,
    SUB,
    TANH,
    at,
    healthy,
    operation,
    proven,
    with_operations,
    with_updates,
    with_variable,
)


def flattened(kind: str, **changes: object) -> Run:
    """The kernel's only way passes one operation; its gradient is zero, not None."""
    run = with_operations(healthy(), operation(TANH, kind, (MATMUL,), line=3, **changes))
    return with_updates(run, KERNEL, gradient_norm=0.0, change_norm=0.0, along=None)


def test_without_gradient():
    """A loop gives zeros where there would be None outside of it."""
    assert proven(flattened("Floor")) == [("GP203", 3)]


def test_cast_to_integers():
    """A cast to integers and back in a branch."""
    assert proven(flattened("Cast", dtype="int32")) == [("GP203", 3)]


def test_stopped():
    """A stop_gradient in a recurrent cell."""
    assert proven(flattened("StopGradient")) == [("GP214", 3)]


def test_a_python_function():
    """NumPy in the body of a `tf.scan`: zeros, not None."""
    assert proven(flattened("PyFunc")) == [("GP204", 3)]


def test_zero_by_itself():
    """Zeros with nothing flat on the way are not explained by it."""
    assert list(zeros(flattened("Tanh"))) == []


def test_not_zero():
    """An operation without gradient beside the way does no harm."""
    run = with_operations(healthy(), operation(TANH, "Floor", (MATMUL,), line=3))
    assert list(zeros(run)) == []


def test_what_somebody_wrote_before_what_a_layer_has():
    """A clip of the program's own is the likelier cause than a layer's ReLU after it."""
    run = with_operations(
        flattened("ClipByValue"),
        operation(ADD, "Relu", (TANH,), via=("__call__", "relu")),
    )
    assert proven(run) == [("GP302", 3)]


def test_what_is_flat_everywhere_before_a_threshold():
    """A function of Python lets nothing pass; a threshold behind it may."""
    run = with_operations(flattened("PyFunc"), operation(ADD, "Relu", (TANH,)))
    assert proven(run) == [("GP204", 3)]


def test_a_custom_gradient_of_zero():
    """Where a function of one's own passes nothing, its gradient is named, not its `sign`."""
    run = with_operations(
        flattened("Sign"),
        operation(ADD, "IdentityN", (TANH,), via=("watched",)),
    )
    assert proven(run) == [("GP203", 3)]
    seen = CustomGradient("binarise", at(2), "nothing", 0.0, 0.0, 1e-3, (1, 3))
    assert proven(replace(run, custom_gradients=(seen,))) == [("GP301", 2)]


def test_a_custom_gradient_of_zero_beside_another_way():
    """A gradient that is deliberately zero harms nothing that trains all the same."""
    seen = CustomGradient("blocked", at(2), "nothing", 0.0, 0.0, 1e-3, (1, 3))
    run = with_operations(
        healthy(),
        operation(ADD, "IdentityN", (TANH,), via=("watched",)),
    )
    assert proven(replace(run, custom_gradients=(seen,))) == []


def test_the_activation_of_a_layer():
    """What a layer's own ReLU cuts off is told where the layer is made."""
    run = with_operations(
        flattened("BiasAdd"), operation(ADD, "Relu", (TANH,), via=("__call__", "relu"))
    )
    assert proven(run) == [("GP302", 4)]
    assert proven(with_variable(run, KERNEL, layer_made_at=at(1))) == [("GP302", 1)]


def test_what_is_zero_further_on_explains_what_is_zero_before():
    """One dead threshold near the loss is one cause, also where a branch leads around it."""
    run = with_operations(
        flattened("Relu"),
        operation(ADD, "Relu", (TANH, READ_BIAS)),
        operation(SUB, "Mul", (ADD, TANH)),
    )
    run = with_updates(run, BIAS, gradient_norm=0.0, change_norm=0.0, along=None)
    assert proven(run) == [("GP302", 4)]
    (zero,) = zeros(run)
    assert (zero.names, zero.also) == (("dense/bias",), ("dense/kernel",))


def test_zeros_in_place_of_the_gradient():
    """Who hands over zeros, or a product with 0, has frozen the kernel himself."""
    flat = flattened("Relu")
    assert list(zeros(flat))
    for kind, inputs in (("ZerosLike", (KERNEL_GRADIENT,)), ("Mul", (KERNEL_GRADIENT, 12))):
        run = with_operations(
            flat,
            operation(12, "Const", (), 6, False, shape=(), value=0.0),
            operation(13, kind, inputs, 6, False),
        )
        kernel, bias = run.applies[0].pairs
        handed = replace(run.applies[0], pairs=(replace(kernel, handed=13), bias))
        assert list(zeros(replace(run, applies=(handed,)))) == []


def test_zeros_that_come_of_what_is_done_to_all_gradients():
    """A clip to norm 0, say: behind the ReLU and beside it, all are zero."""
    scaled = with_operations(
        flattened("Relu"),
        operation(12, "Sqrt", (KERNEL_GRADIENT,), 6, False, shape=()),
        operation(13, "Mul", (KERNEL_GRADIENT, 12), 6, False),
        operation(14, "Mul", (BIAS_GRADIENT, 12), 6, False),
    )
    kernel, bias = scaled.applies[0].pairs
    pairs = (replace(kernel, handed=13), replace(bias, handed=14))
    scaled = replace(scaled, applies=(replace(scaled.applies[0], pairs=pairs),))
    assert [zero.names for zero in zeros(scaled)] == [("dense/kernel",)]
    assert list(zeros(with_updates(scaled, BIAS, gradient_norm=0.0, change_norm=0.0))) == []


def test_a_line_that_runs_at_every_round():
    """The clip of a loop's body is one thing, whatever leads around some of its rounds."""
    rounds = (
        operation(ADD, "ClipByValue", (MATMUL, TANH), line=3),
        operation(SUB, "AddV2", (TANH, ADD)),
    )
    assert proven(with_operations(flattened("ClipByValue"), *rounds)) == [("GP302", 3)]
    elsewhere = replace(rounds[0], stack=(at(4),))
    assert proven(with_operations(flattened("ClipByValue"), elsewhere, rounds[1])) == []


def test_two_thresholds_side_by_side():
    """The slopes of the two halves of a hinge loss cancel for a critic's last bias."""
    halves = (operation(ADD, "Relu", (MATMUL,), line=3), operation(SUB, "AddV2", (TANH, ADD)))
    assert proven(with_operations(flattened("Relu"), *halves)) == []
