"""What an optimizer holds beside a step: its rule, its slots, its constants."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

from ....finding import Place, Span
from ...places import Places
from ..generations import of_keras_2
from ..kinds import bare, is_variable
from ..measuring.at_once import read
from ..pairs import inner_of
from .rules import RULES, SLOTS, Array

_LIBRARIES = ("keras.", "tf_keras.")
_UPDATES = ("update_step", "_backend_update_step", "_resource_apply_dense", "_update_step")
_HANDS_ON = ("apply", "apply_gradients")


@dataclass(frozen=True)
class RuleOf:
    """By which rule an optimizer goes.

    Attributes:
        name: Key of `RULES`, or the class of an optimizer with its own rule.
        known: The formula is known.
        own: The user's class has its own update.
    """

    name: str
    known: bool
    own: bool


def rule_of(optimizer: Any) -> RuleOf:
    """The rule of an optimizer, told by the classes that it is made of."""
    own = False
    for kind in type(optimizer).__mro__:
        if kind.__module__.startswith(_LIBRARIES):
            known = kind.__name__ in RULES and not own and ".legacy." not in kind.__module__
            name = kind.__name__ if known else type(optimizer).__name__
            return RuleOf(name, known, own)
        own = own or any(name in vars(kind) for name in _UPDATES)
    return RuleOf(type(optimizer).__name__, False, own)


def rule_at(optimizer: Any, places: Places) -> Place | None:
    """The lines in which the user's class defines its update."""
    return _defined(optimizer, places, _UPDATES)


def applied_at(optimizer: Any, places: Places) -> Place | None:
    """The lines in which the user's class takes gradients, to hand them on to the class below."""
    return _defined(optimizer, places, _HANDS_ON)


def _defined(optimizer: Any, places: Places, names: tuple[str, ...]) -> Place | None:
    for kind in type(optimizer).__mro__:
        if kind.__module__.startswith(_LIBRARIES):
            return None
        for name in names:
            method = inspect.unwrap(vars(kind)[name]) if name in vars(kind) else None
            code = getattr(getattr(method, "python_function", method), "__code__", None)
            if code is not None:
                found = places.place(code.co_filename, code.co_firstlineno)
                last = max(line for *_, line in code.co_lines() if line is not None)
                return Place(found.path, Span(found.line, 1, last), found.cell)
    return None


def array_of(variable: Any) -> Array:
    """The value of a variable or tensor, float64; slices are made dense."""
    import numpy as np

    if hasattr(variable, "indices") and hasattr(variable, "values"):
        dense = np.zeros(tuple(variable.dense_shape.numpy()), np.float64)
        np.add.at(dense, variable.indices.numpy(), variable.values.numpy().astype(np.float64))
        return dense
    inner = bare(variable)
    if type(inner).__name__ == "ResourceVariable" and hasattr(inner.handle, "numpy"):
        return np.array(read([inner])[0].numpy(), np.float64)
    return np.asarray(inner.numpy()).astype(np.float64)


def position_of(optimizer: Any, variable: Any) -> int | None:
    """The place of a variable in the optimizer's lists of slots."""
    if hasattr(optimizer, "_trainable_variables_indices"):
        found = optimizer._trainable_variables_indices.get(optimizer._var_key(variable))
    elif hasattr(optimizer, "_index_dict"):
        found = optimizer._index_dict.get(optimizer._var_key(variable))
    else:
        return None
    return None if found is None else int(found)


def slots_of(optimizer: Any, rule: RuleOf, variable: Any) -> dict[str, Array]:
    """The optimizer's state for one variable; empty before it is built."""
    place = position_of(optimizer, variable)
    found: dict[str, Array] = {}
    if place is None:
        return found
    for name, attributes in (SLOTS[rule.name] if rule.known else _lists(optimizer)).items():
        for attribute in attributes:
            slots = getattr(optimizer, attribute, None)
            slot = slots[place] if slots and place < len(slots) else None
            if slot is not None and is_variable(slot):
                found[name] = array_of(slot)
    return found


def _lists(optimizer: Any) -> dict[str, tuple[str, ...]]:
    """Lists of variables that an optimizer with its own rule keeps."""
    return {
        name: (name,)
        for name, slots in vars(optimizer).items()
        if isinstance(slots, list | tuple)
        and slots
        and name not in ("_variables", "_trainable_variables", "_accumulated_gradients")
        and all(is_variable(slot) for slot in slots)
    }


def accumulated_of(optimizer: Any, variable: Any) -> Array | None:
    """What Keras 3's own accumulation holds for a variable."""
    if not getattr(optimizer, "gradient_accumulation_steps", None):
        return None
    place = position_of(optimizer, variable)
    held = getattr(optimizer, "_accumulated_gradients", None)
    if not held or place is None or held[place] is None:
        return None
    return array_of(held[place])


def scale_of(optimizer: Any) -> float:
    """By what an optimizer divides the gradients that it is given."""
    inner = inner_of(optimizer)
    if inner is not optimizer and hasattr(optimizer, "initial_scale"):
        if of_keras_2(type(optimizer).__module__):
            return 1.0
        built = getattr(optimizer, "dynamic_scale", None)
        return float(optimizer.initial_scale if built is None else array_of(built))
    return float(getattr(inner, "loss_scale_factor", None) or 1.0)


def passed_of(optimizer: Any) -> int:
    """Times that the optimizer was applied, counting each accumulation step."""
    counter = getattr(optimizer, "_iterations", None)
    if counter is None:
        counter = optimizer.iterations
    return int(bare(counter).numpy())


def rate_of(optimizer: Any) -> float | None:
    """The learning rate in force, where looking calls nobody's code."""
    rate = getattr(optimizer, "_learning_rate", None)
    if is_variable(rate):
        return float(bare(rate).numpy())
    current = getattr(optimizer, "_current_learning_rate", None)
    return float(bare(current).numpy()) if is_variable(current) else None


def decays(optimizer: Any, variable: Any) -> float:
    """The decoupled weight decay of one variable; 0 for none."""
    decay = getattr(optimizer, "weight_decay", None)
    if type(optimizer).__name__ == "Muon" and optimizer._should_use_adamw(variable):
        decay = optimizer.adam_weight_decay
    if not decay or not optimizer._use_weight_decay(variable):
        return 0.0
    return float(decay)


def clipped(optimizer: Any, gradients: list[Array]) -> list[Array]:
    """Gradients as the optimizer's own clipping leaves them."""
    import numpy as np

    each = getattr(optimizer, "clipnorm", None)
    whole = getattr(optimizer, "global_clipnorm", None)
    bound = getattr(optimizer, "clipvalue", None)
    if each and each > 0:
        return [one * each / max(float(np.linalg.norm(one)), each) for one in gradients]
    if whole and whole > 0:
        norm = float(np.sqrt(sum(float(np.sum(one**2)) for one in gradients)))
        return [one * whole / max(norm, whole) for one in gradients]
    if bound and bound > 0:
        return [np.clip(one, -bound, bound) for one in gradients]
    return gradients


def clips(optimizer: Any) -> bool:
    """The optimizer was told to clip."""
    names = ("clipnorm", "global_clipnorm", "clipvalue")
    return any((getattr(optimizer, name, None) or 0) > 0 for name in names)
