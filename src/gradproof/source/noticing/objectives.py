"""Objectives that should grow, and that are minimised as they are.

Read from the text around a gradient call: a log-probability times what an
action gained, or a log-likelihood by itself, without the minus sign.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from ..framework import tapes
from ..values import Asked, Instance, Layer, ListValue, Variable
from . import habits

if TYPE_CHECKING:
    from ..reader import Reader

Function = ast.FunctionDef | ast.AsyncFunctionDef

Part = Function | ast.Module
"""What statements stand in: a function, or the file itself."""

_GAIN = r"(^|_)(advs?|advantages?|returns?|rewards?|payoffs?|gains?)($|_|\d)"
_COST = r"neg|minus|cost|loss|regret|penal|energy|length|dist|error|baseline|old|target"
_LOSS = r"neg|minus|cost|loss|regret|penal|energy|length|dist|error"
_LOG = r"(^|_)log_?(p|pi|probs?|probability|probabilities|likelihoods?)($|_|\d)"
_LOGS = frozenset({"log_softmax", "log_sigmoid", "log"})
_REDUCTIONS = frozenset({"reduce_mean", "reduce_sum", "mean", "sum", "compute_average_loss"})
_KEEPS = frozenset(
    """cast squeeze reshape expand_dims gather gather_nd stop_gradient constant stack
    convert_to_tensor exp clip_by_value identity concat minimum maximum""".split()
)
_ALIKE = r"\blosses\.(CosineSimilarity\(|cosine_similarity$)"
_DEEP = 12


def finish(reader: Reader) -> None:
    """Targets that are log-probabilities, and are made smaller."""
    seen: set[int] = set()
    text = _Text(reader.source.tree)
    clips = reader.facts.clips
    alone = len({id(one.asked.node) for one in reader.facts.asked}) == 1
    for question in reader.facts.asked:
        asked = question.asked
        # Only what is handed over as it is goes down the target.
        handed = id(asked) in clips.raw or id(asked) in clips.kept
        as_it_is = (handed and id(asked) not in clips.turned) or (
            not handed and id(asked) in reader.facts.habits.descended
        )
        if not as_it_is or id(asked.node) in seen or not asked.node.args:
            continue
        seen.add(id(asked.node))
        function = text.function_of(asked.node)
        if _turns(function):
            continue
        whole = alone and (_of_a_model(asked) or _of_all(asked))
        for term in _wrong(text, asked.node.args[0], function, whole):
            turn = text.turned.get(id(term))
            # A helper that gives an error is right: who turns it round is not.
            apart = turn is not None and text.function_of(turn) is not text.function_of(term)
            spot = reader.spot(turn if turn is not None and apart else term)
            others = ((reader.spot(asked.node), "by the gradients of this"),)
            habits.remark(reader, "wrong-sign-update", spot, _kind(term), (), others)


def _of_a_model(asked: Asked) -> bool:
    """Says whether a gradient is asked for the list of a model or layer, not for an input."""
    sources = asked.sources
    return isinstance(sources, ListValue) and isinstance(sources.owner, Layer | Instance)


def _of_all(asked: Asked) -> bool:
    """Says whether a gradient is asked for each variable that takes part, and no layer does."""
    owners = {id(tapes.owner_of(source)) for source in tapes.entries(asked.sources)}
    parts = [one for one in asked.target.flow if isinstance(one, Layer | Variable | Instance)]
    return bool(parts) and all(type(one) is Variable and id(one) in owners for one in parts)


def _kind(term: ast.expr) -> str:
    if _is_error(term):
        return "error"
    if isinstance(term, ast.BinOp):
        return "gain"
    return "likelihood" if _named(term) else "likeness"


def _turns(function: Part) -> bool:
    """Says whether gradients may be turned around before they are applied."""
    for node in ast.walk(function):
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            name = node.operand.id if isinstance(node.operand, ast.Name) else ""
            if name.startswith(("g", "d")):
                return True
        if isinstance(node, ast.Attribute) and node.attr in ("assign_add", "negative"):
            return True
        if isinstance(node, ast.Constant) and node.value in (-1, -1.0):
            return True
    return False


def _wrong(text: _Text, target: ast.expr, function: Part, of_a_model: bool) -> Iterator[ast.expr]:
    """Terms of a target that should grow, and that it has with a plus; or the other way round.

    `of_a_model`: nothing else is differentiated, so that nobody plays against the model.
    """
    terms = list(_terms(text, target, function, 1, 0))
    products = [
        (term, sign * _log(text, one, where, 0) * _gain(text, other, where, 0))
        for term, where, sign in terms
        if isinstance(term, ast.BinOp)
        for one, other in ((term.left, term.right), (term.right, term.left))
    ]
    found = [(term, sign) for term, sign in products if sign]
    if found:
        yield from [term for term, sign in found if sign > 0][:1]
        return
    plain = [(term, sign * _named(term)) for term, _, sign in terms if _named(term)]
    if len(plain) == 1 and plain[0][1] > 0 and len(terms) == 1:
        yield plain[0][0]
        return
    turned = [(term, where) for term, where, sign in terms if len(terms) == 1 and sign < 0]
    for term, where in turned:
        if _falls_with_likeness(text, term, where) or (of_a_model and _is_error(term)):
            yield term


_SQUARES = frozenset({"square", "abs", "squared_difference"})
_ERRORS = frozenset({"mean_squared_error", "mse", "MSE", "mean_absolute_error", "mae", "MAE"})


def _is_error(term: ast.expr) -> bool:
    """`tf.square(y - p)`, `(y - p) ** 2`, `keras.losses.mse(y, p)`: without bound above."""
    if isinstance(term, ast.BinOp):
        even = isinstance(term.right, ast.Constant) and term.right.value == 2
        return isinstance(term.op, ast.Pow) and even and _is_difference(term.left)
    if not isinstance(term, ast.Call) or not isinstance(term.func, ast.Attribute):
        return False
    name, count = term.func.attr, len(term.args)
    if name in _SQUARES and count == 1:
        return _is_difference(term.args[0])
    return count == 2 and (name in _ERRORS or name == "squared_difference")


def _is_difference(node: ast.expr) -> bool:
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub)


def _falls_with_likeness(text: _Text, term: ast.expr, where: Part) -> bool:
    """`keras.losses.CosineSimilarity()(y, p)`, which is -1 where the two are alike."""
    called: ast.expr | None = term.func if isinstance(term, ast.Call) else None
    if isinstance(called, ast.Name):
        called = text.value(called.id, where) or text.value(called.id, text.tree) or called
    elif isinstance(called, ast.Attribute) and ast.unparse(called).startswith("self."):
        return False
    return called is not None and re.search(_ALIKE, ast.unparse(called)) is not None


def _named(term: ast.expr) -> int:
    """Whether a term is called a log-likelihood by its method: `flow.log_prob(x)`."""
    name = _name(term) if isinstance(term, ast.Call) else ""
    return 1 if re.search(_LOG, name) and not re.search(_COST, name) else 0


Term = tuple[ast.expr, Part, int]


def _terms(text: _Text, node: ast.expr, function: Part, sign: int, depth: int) -> Iterator[Term]:
    """The terms of a target with their signs, and the functions that they stand in."""
    if depth > _DEEP:
        return
    if isinstance(node, ast.Name):
        value = text.value(node.id, function)
        if value is not None:
            yield from _terms(text, value, function, sign, depth + 1)
        return
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        for term in _terms(text, node.operand, function, -sign, depth + 1):
            text.turned[id(term[0])] = node
            yield term
    elif isinstance(node, ast.BinOp):
        yield from _parts(text, node, function, sign, depth)
    elif isinstance(node, ast.Call):
        name = _name(node)
        inner = text.returned(node)
        if name in _REDUCTIONS and node.args:
            yield from _terms(text, node.args[0], function, sign, depth + 1)
        elif name == "minimum" and len(node.args) == 2:
            for argument in node.args:
                yield from _terms(text, argument, function, sign, depth + 1)
        elif inner is not None and not _named(node):
            yield from _terms(text, inner[0], inner[1], sign, depth + 1)
        else:
            yield node, function, sign


def _parts(text: _Text, node: ast.BinOp, function: Part, sign: int, depth: int) -> Iterator[Term]:
    if isinstance(node.op, ast.Add | ast.Sub):
        yield from _terms(text, node.left, function, sign, depth + 1)
        turned = -sign if isinstance(node.op, ast.Sub) else sign
        yield from _terms(text, node.right, function, turned, depth + 1)
    elif isinstance(node.op, ast.Div):
        yield from _terms(text, node.left, function, sign, depth + 1)
    elif isinstance(node.op, ast.Mult):
        left, right = _number(node.left), _number(node.right)
        if left:
            yield from _terms(text, node.right, function, sign * left, depth + 1)
        elif right:
            yield from _terms(text, node.left, function, sign * right, depth + 1)
        else:
            yield node, function, sign
    elif isinstance(node.op, ast.Pow):
        yield node, function, sign


def _number(node: ast.expr) -> int:
    """The sign of a number; 0 for anything else."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_number(node.operand)
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return 1 if node.value > 0 else -1 if node.value < 0 else 0
    return 0


def _log(text: _Text, node: ast.expr, function: Part, depth: int) -> int:
    """1 for a log-probability, -1 for a negative one, 0 for what is neither."""
    if depth > _DEEP:
        return 0
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_log(text, node.operand, function, depth + 1)
    if isinstance(node, ast.Call):
        name = _name(node)
        if "cross_entropy" in name or "crossentropy" in name.lower():
            return -1
        if name in _LOGS or _named(node):
            return 1
        inner = text.returned(node)
        if inner is not None:
            return _log(text, inner[0], inner[1], depth + 1)
        if name in _KEEPS | _REDUCTIONS and node.args:
            return _log(text, node.args[0], function, depth + 1)
        return 0
    if isinstance(node, ast.BinOp):
        sides = [_log(text, side, function, depth + 1) for side in (node.left, node.right)]
        return sides[0] if isinstance(node.op, ast.Sub | ast.Div) else sides[0] or sides[1]
    if isinstance(node, ast.Subscript):
        return _log(text, node.value, function, depth + 1)
    if isinstance(node, ast.Name):
        value = text.value(node.id, function)
        if value is not None:
            return _log(text, value, function, depth + 1)
        known = re.search(_LOG, node.id) and not re.search(_COST, node.id)
        return 1 if known and not text.is_bound(node.id, function) else 0
    return 0


def _gain(text: _Text, node: ast.expr, function: Part, depth: int) -> int:
    """1 for what should grow, by its name; -1 where it is turned around; 0 if unknown."""
    if depth > _DEEP:
        return 0
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_gain(text, node.operand, function, depth + 1)
    if isinstance(node, ast.Subscript):
        return _gain(text, node.value, function, depth + 1)
    if isinstance(node, ast.Call):
        if _name(node) in _KEEPS and node.args:
            return _gain(text, node.args[0], function, depth + 1)
        return 0
    if isinstance(node, ast.BinOp):
        first = _gain(text, node.left, function, depth + 1)
        second = _gain(text, node.right, function, depth + 1)
        if isinstance(node.op, ast.Sub):
            return first or -second
        return first if isinstance(node.op, ast.Div) else first or second
    name = node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")
    if not re.search(_GAIN, name.lower()) or re.search(_COST, name.lower()):
        return 0
    if isinstance(node, ast.Name):
        value = text.value(name, function)
        if value is not None and _gain(text, value, function, depth + 1) < 0:
            return -1
        if any(_may_be_turned(text, given) for given in text.given(name, function)):
            return 0
    return 1


def _may_be_turned(text: _Text, argument: ast.expr) -> bool:
    """Says whether what a caller hands over as a gain may be its opposite."""
    if re.search(_LOSS, ast.unparse(argument).lower()):
        return True
    turned = _gain(text, argument, text.function_of(argument), _DEEP - 2) < 0
    return turned or isinstance(argument, ast.UnaryOp)


def _name(node: ast.AST) -> str:
    if isinstance(node, ast.Call):
        return _name(node.func)
    return node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")


@dataclass
class _Text:
    """The text of a file: what its names and functions stand for.

    `turned`: where a minus stands before the terms of a target.
    """

    tree: ast.Module
    turned: dict[int, ast.expr] = field(default_factory=dict)

    @cached_property
    def functions(self) -> list[Function]:
        """All functions, the inner ones last."""
        return [one for one in ast.walk(self.tree) if isinstance(one, Function)]

    @cached_property
    def _around(self) -> dict[int, Function]:
        return {id(inner): one for one in self.functions for inner in ast.walk(one)}

    def function_of(self, node: ast.AST) -> Part:
        """The innermost function around a node, or the file."""
        return self._around.get(id(node), self.tree)

    def _stores(self, name: str, function: Part) -> list[ast.stmt]:
        return [
            one
            for one in ast.walk(function)
            if isinstance(one, ast.stmt)
            and not (function is self.tree and id(one) in self._around)
            and not isinstance(one, Function | ast.With | ast.If | ast.For | ast.While | ast.Try)
            and any(
                isinstance(part, ast.Name) and part.id == name and isinstance(part.ctx, ast.Store)
                for part in ast.walk(one)
            )
        ]

    def is_bound(self, name: str, function: Part) -> bool:
        """Says whether a function gives a name to anything."""
        return bool(self._stores(name, function))

    def value(self, name: str, function: Part) -> ast.expr | None:
        """What a name stands for in a function, if that is one thing."""
        found = self._stores(name, function)
        if len(found) != 1 or not isinstance(found[0], ast.Assign):
            return None
        plain = all(isinstance(target, ast.Name) for target in found[0].targets)
        own = any(
            isinstance(part, ast.Name) and part.id == name for part in ast.walk(found[0].value)
        )
        return found[0].value if plain and not own else None

    def returned(self, call: ast.Call) -> tuple[ast.expr, Function] | None:
        """What a function of the file returns, if that is one expression."""
        own = isinstance(call.func, ast.Name) or ast.unparse(call.func).startswith("self.")
        named = [one for one in self.functions if own and one.name == _name(call)]
        if len(named) != 1:
            return None
        returns = [one for one in ast.walk(named[0]) if isinstance(one, ast.Return)]
        if len(returns) != 1 or returns[0].value is None:
            return None
        return returns[0].value, named[0]

    def given(self, name: str, function: Part) -> Iterator[ast.expr]:
        """What calls of a function hand over for one of its parameters."""
        names = [] if isinstance(function, ast.Module) else [one.arg for one in function.args.args]
        if isinstance(function, ast.Module) or name not in names:
            return
        place = names.index(name) - (names[0] == "self")
        for call in ast.walk(self.tree):
            if isinstance(call, ast.Call) and _name(call) == function.name:
                yield from (word.value for word in call.keywords if word.arg == name)
                yield from call.args[place : place + 1]
