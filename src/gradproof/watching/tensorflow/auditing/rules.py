"""The update rules of the optimizers of both Keras generations, as arithmetic.

Each rule is the documented formula, in NumPy and in float64, for one variable:
it takes what stood before the step and gives what should stand after it. The
audit compares that with what the optimizer really wrote.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Array = Any


@dataclass
class Moment:
    """One variable before one step, as its rule sees it.

    Attributes:
        value: Its value, decayed already if the optimizer decays weights.
        gradient: As the rule uses it: unscaled, averaged, clipped.
        slots: The optimizer's state for it, by the rule's own names.
        rate: Learning rate in force.
        step: Number of this step, from 1.
        options: The optimizer, for its constants.
        terms: The rule's terms, for who wants to see them.
    """

    value: Array
    gradient: Array
    slots: dict[str, Array]
    rate: float
    step: int
    options: Any
    terms: dict[str, Array] = field(default_factory=dict)

    def number(self, name: str, otherwise: float = 0.0) -> float:
        """One of the optimizer's constants, such as `beta_1`."""
        found = getattr(self.options, name, None)
        return otherwise if found is None else float(found)

    def slot(self, name: str) -> Array:
        """A slot before the step; zeros if the optimizer was not built yet."""
        found = self.slots.get(name)
        return np.zeros_like(self.value) if found is None else found


Rule = Callable[[Moment], Array]
"""Gives the change of the variable; notes its terms in the moment."""


def sgd(moment: Moment) -> Array:
    """`-rate * g`; with momentum `m = momentum * m - rate * g`."""
    momentum = moment.number("momentum")
    move = -moment.rate * moment.gradient
    if not momentum:
        return move
    velocity = momentum * moment.slot("m") + move
    moment.terms["m"] = velocity
    return momentum * velocity + move if getattr(moment.options, "nesterov", False) else velocity


def adam(moment: Moment, prefix: str = "") -> Array:
    """`-rate * m_hat / (sqrt(v_hat) + epsilon)`, both corrected for their start."""
    beta_1, beta_2 = moment.number(f"{prefix}beta_1"), moment.number(f"{prefix}beta_2")
    m = moment.slot("m") + (moment.gradient - moment.slot("m")) * (1 - beta_1)
    v = moment.slot("v") + (moment.gradient**2 - moment.slot("v")) * (1 - beta_2)
    if getattr(moment.options, "amsgrad", False):
        v = np.maximum(moment.slot("v_hat"), v)
    correction = np.sqrt(1 - beta_2**moment.step)
    alpha = moment.rate * correction / (1 - beta_1**moment.step)
    epsilon = moment.number("epsilon")
    if getattr(moment.options, "adaptive_epsilon", False):
        epsilon = epsilon * correction
    moment.terms.update({"m": m, "v": v, "m_hat": m / (1 - beta_1**moment.step)})
    moment.terms["sqrt(v_hat)"] = np.sqrt(v) / correction
    return -alpha * m / (np.sqrt(v) + epsilon)


def adamax(moment: Moment) -> Array:
    """Adam with the largest recent gradient in place of `sqrt(v)`."""
    beta_1 = moment.number("beta_1")
    m = moment.slot("m") + (moment.gradient - moment.slot("m")) * (1 - beta_1)
    u = np.maximum(moment.number("beta_2") * moment.slot("u"), np.abs(moment.gradient))
    moment.terms.update({"m": m, "u": u})
    return -moment.rate * m / ((1 - beta_1**moment.step) * (u + moment.number("epsilon")))


def nadam(moment: Moment) -> Array:
    """Adam with Nesterov's look ahead and a momentum that warms up."""
    beta_1, beta_2, step = moment.number("beta_1"), moment.number("beta_2"), moment.step
    now = beta_1 * (1 - 0.5 * 0.96**step)
    following = beta_1 * (1 - 0.5 * 0.96 ** (step + 1))
    product = float(np.prod([beta_1 * (1 - 0.5 * 0.96**k) for k in range(1, step + 1)]))
    m = moment.slot("m") + (moment.gradient - moment.slot("m")) * (1 - beta_1)
    v = moment.slot("v") + (moment.gradient**2 - moment.slot("v")) * (1 - beta_2)
    m_hat = following * m / (1 - product * following) + (1 - now) * moment.gradient / (1 - product)
    v_hat = v / (1 - beta_2**step)
    moment.terms.update({"m": m, "v": v, "m_hat": m_hat, "sqrt(v_hat)": np.sqrt(v_hat)})
    return -moment.rate * m_hat / (np.sqrt(v_hat) + moment.number("epsilon"))


def rmsprop(moment: Moment) -> Array:
    """`-rate * g / sqrt(v + epsilon)`, with `v` the mean square of gradients."""
    rho, momentum = moment.number("rho"), moment.number("momentum")
    v = rho * moment.slot("v") + (1 - rho) * moment.gradient**2
    moment.terms["v"] = v
    spread = v
    if getattr(moment.options, "centered", False):
        mean = rho * moment.slot("mean") + (1 - rho) * moment.gradient
        moment.terms["mean"] = mean
        spread = v - mean**2
    move = moment.rate * moment.gradient / np.sqrt(spread + moment.number("epsilon"))
    if momentum > 0:
        move = momentum * moment.slot("m") + move
        moment.terms["m"] = move
    return -move


def adagrad(moment: Moment) -> Array:
    """`-rate * g / sqrt(a + epsilon)`, with `a` the sum of squares so far."""
    total = moment.slots.get("a")
    if total is None:
        total = np.full_like(moment.value, moment.number("initial_accumulator_value"))
    total = total + moment.gradient**2
    moment.terms["a"] = total
    return -moment.rate * moment.gradient / np.sqrt(total + moment.number("epsilon"))


def adadelta(moment: Moment) -> Array:
    """The gradient, scaled by the size of changes over the size of gradients."""
    rho, epsilon = moment.number("rho"), moment.number("epsilon")
    squares = rho * moment.slot("a") + (1 - rho) * moment.gradient**2
    moment.terms["a"] = squares
    ratio = np.sqrt(moment.slot("d") + epsilon) / np.sqrt(squares + epsilon)
    return -moment.rate * ratio * moment.gradient


def adafactor(moment: Moment) -> Array:
    """The gradient over a factored mean of squares, its size bounded."""
    rate, step, gradient = moment.rate, moment.step, moment.gradient
    scheduled = callable(getattr(moment.options, "_learning_rate", None)) and not hasattr(
        getattr(moment.options, "_learning_rate", None), "dtype"
    )
    if getattr(moment.options, "relative_step", False) and not scheduled:
        rate = min(rate, 1 / np.sqrt(step))
    rate = min(rate, 1 / np.sqrt(step))
    alpha = max(moment.number("epsilon_2"), _rms(moment.value)) * rate
    squares = gradient**2 + moment.number("epsilon_1")
    beta = 1 - step ** moment.number("beta_2_decay")
    if moment.value.ndim >= 2:
        before_r, before_c = moment.slots.get("r"), moment.slots.get("c")
        r = (1 - beta) * squares.mean(-1) + (0 if before_r is None else beta * before_r)
        c = (1 - beta) * squares.mean(-2) + (0 if before_c is None else beta * before_c)
        v = (r / r.mean(-1, keepdims=True))[..., None] * c[..., None, :]
    else:
        v = beta * moment.slot("v") + (1 - beta) * squares
    update = gradient / np.sqrt(v)
    moment.terms["v"] = v
    return -alpha * update / max(1.0, _rms(update) / moment.number("clip_threshold", 1.0))


def ftrl(moment: Moment) -> Array:
    """The leader of all gradients so far, regularised."""
    total = moment.slots.get("a")
    if total is None:
        total = np.full_like(moment.value, moment.number("initial_accumulator_value"))
    power, rate = -moment.number("learning_rate_power"), moment.rate
    ridge = moment.number("l2_regularization_strength") + moment.number("beta") / (2 * rate)
    shrink = 2 * moment.number("l2_shrinkage_regularization_strength")
    squares = total + moment.gradient**2
    pull = (squares**power - total**power) / rate
    linear = moment.slot("l") + moment.gradient + (shrink - pull) * moment.value
    bound = moment.number("l1_regularization_strength")
    moment.terms.update({"a": squares, "l": linear})
    value = (np.clip(linear, -bound, bound) - linear) / (squares**power / rate + 2 * ridge)
    return value - moment.value


def lion(moment: Moment) -> Array:
    """`-rate * sign(beta_1 * m + (1 - beta_1) * g)`."""
    beta_1 = moment.number("beta_1")
    blend = beta_1 * moment.slot("m") + (1 - beta_1) * moment.gradient
    moment.terms["beta_1 * m + (1 - beta_1) * g"] = blend
    return -moment.rate * np.sign(blend)


def lamb(moment: Moment) -> Array:
    """Adam's direction with the size of the variable."""
    beta_1, beta_2 = moment.number("beta_1"), moment.number("beta_2")
    m = moment.slot("m") + (moment.gradient - moment.slot("m")) * (1 - beta_1)
    v = moment.slot("v") + (moment.gradient**2 - moment.slot("v")) * (1 - beta_2)
    m_hat = m / (1 - beta_1**moment.step)
    v_hat = v / (1 - beta_2**moment.step)
    update = m_hat / (np.sqrt(v_hat) + moment.number("epsilon"))
    size, length = np.linalg.norm(moment.value), np.linalg.norm(update)
    ratio = size / length if size > 0 and length > 0 else 1.0
    moment.terms.update({"m": m, "v": v, "m_hat": m_hat, "trust ratio": np.asarray(ratio)})
    return -ratio * moment.rate * update


def muon(moment: Moment) -> Array:
    """Momentum, made nearly orthogonal; Adam for what has no two axes."""
    if "v" in moment.slots:
        moment.rate *= moment.number("adam_lr_ratio", 1.0)
        return adam(moment, "adam_")
    momentum = moment.number("momentum")
    m = momentum * moment.slot("m") + moment.gradient
    moment.terms["m"] = m
    blend = moment.gradient + momentum * m if getattr(moment.options, "nesterov", False) else m
    update = moment.rate * _orthogonal(blend, moment)
    rate = getattr(moment.options, "rms_rate", None)
    return -update if rate is None else -update * np.sqrt(max(update.shape[:2])) * float(rate)


def _orthogonal(matrix: Array, moment: Moment) -> Array:
    """The Newton-Schulz iteration of Muon: all singular values go towards 1."""
    a, b, c = (moment.number(f"muon_{name}") for name in "abc")
    flip = matrix.shape[-2] > matrix.shape[-1]
    x = np.swapaxes(matrix, -1, -2) if flip else matrix
    x = x / (np.linalg.norm(x, axis=(-2, -1), keepdims=True) + 1e-7)
    for _ in range(int(moment.number("ns_steps"))):
        square = x @ np.swapaxes(x, -1, -2)
        x = a * x + (b * square + c * square @ square) @ x
    return np.swapaxes(x, -1, -2) if flip else x


def _rms(array: Array) -> float:
    return float(np.sqrt(np.mean(np.square(array))))


RULES: dict[str, Rule] = {
    "SGD": sgd,
    "Adam": adam,
    "AdamW": adam,
    "Adamax": adamax,
    "Nadam": nadam,
    "RMSprop": rmsprop,
    "Adagrad": adagrad,
    "Adadelta": adadelta,
    "Adafactor": adafactor,
    "Ftrl": ftrl,
    "Lion": lion,
    "Lamb": lamb,
    "Muon": muon,
}
"""By the name of the class, the same in both generations."""

SLOTS: dict[str, dict[str, tuple[str, ...]]] = {
    "SGD": {"m": ("momentums",)},
    "Adam": {"m": ("_momentums",), "v": ("_velocities",), "v_hat": ("_velocity_hats",)},
    "AdamW": {"m": ("_momentums",), "v": ("_velocities",), "v_hat": ("_velocity_hats",)},
    "Adamax": {"m": ("_m",), "u": ("_u",)},
    "Nadam": {"m": ("_momentums",), "v": ("_velocities",)},
    "RMSprop": {"v": ("_velocities",), "m": ("_momentums",), "mean": ("_average_gradients",)},
    "Adagrad": {"a": ("_accumulators",)},
    "Adadelta": {"a": ("_accumulated_grads",), "d": ("_accumulated_delta_vars",)},
    "Adafactor": {"r": ("_r",), "c": ("_c",), "v": ("_v",)},
    "Ftrl": {"a": ("_accumulators",), "l": ("_linears",)},
    "Lion": {"m": ("_momentums", "momentums")},
    "Lamb": {"m": ("_momentums",), "v": ("_velocities",)},
    "Muon": {"m": ("momentums",), "v": ("adam_velocities",)},
}
"""Where an optimizer keeps the state that its rule needs: lists, one entry a variable."""


def recovered(name: str, moment: Moment, after: dict[str, Array], change: Array) -> Array | None:
    """The gradient that must have been used, from the state before and after.

    In a traced step the gradient itself can't be had; the state tells it.

    Args:
        name: Of the rule.
        moment: Before the step; its gradient is not looked at.
        after: The slots after the step.
        change: Of the variable, without its decay.

    Returns:
        The gradient, or `None` where the state does not tell it.
    """
    options, rate = moment, moment.rate
    if name in ("Adam", "AdamW", "Adamax", "Nadam", "Lamb", "Muon"):
        muon_only = name == "Muon" and "v" not in moment.slots
        if muon_only:
            return after["m"] - options.number("momentum") * moment.slot("m")
        beta_1 = options.number("adam_beta_1" if name == "Muon" else "beta_1")
        return moment.slot("m") + (after["m"] - moment.slot("m")) / (1 - beta_1)
    if name == "Lion":
        beta_2 = options.number("beta_2")
        return (after["m"] - beta_2 * moment.slot("m")) / (1 - beta_2)
    if name == "SGD" and rate:
        if options.number("momentum"):
            return (options.number("momentum") * moment.slot("m") - after["m"]) / rate
        return -change / rate
    if name == "Ftrl" and rate:
        power = -options.number("learning_rate_power")
        pull = (after["a"] ** power - moment.slot("a") ** power) / rate
        shrink = 2 * options.number("l2_shrinkage_regularization_strength")
        return after["l"] - moment.slot("l") + (pull - shrink) * moment.value
    squares = _squares(name, moment, after)
    if squares is None:
        return None
    sign = -np.sign(change)
    if name == "RMSprop" and options.number("momentum"):
        sign = np.sign(after["m"] - options.number("momentum") * moment.slot("m"))
    return sign * np.sqrt(np.maximum(squares, 0.0))


def _squares(name: str, moment: Moment, after: dict[str, Array]) -> Array | None:
    """The squared gradient, for rules that keep sums or means of squares."""
    if name == "Adagrad":
        return after["a"] - moment.slot("a")
    if name in ("RMSprop", "Adadelta"):
        slot, rho = ("v" if name == "RMSprop" else "a"), moment.number("rho")
        return (after[slot] - rho * moment.slot(slot)) / (1 - rho)
    return None
