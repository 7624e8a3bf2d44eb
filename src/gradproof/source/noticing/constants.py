"""Weights that are plain tensors: random, used, and never trained."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..values import Class
from . import habits

if TYPE_CHECKING:
    from ..reader import Reader

_RANDOM = (
    r"(tf|keras)\.random\.(normal|uniform|truncated_normal)$"
    r"|tf\.random\.stateless_(normal|uniform|truncated_normal)$"
)
_GENERATOR = r"tf\.random\.(Generator\b|experimental\.Generator\b|get_global_generator\()"
_DISTRIBUTIONS = frozenset({"normal", "uniform", "truncated_normal"})
_INITIALIZER = r"(?i)(^|\.)initializers\.(get|\w*(glorot|he|lecun|xavier|variance)_?[a-z]+)$"
"""Those that are made for weights; fixed projections are drawn by others as well."""
_DRAWN = (
    r"(?i)(^|\.)initializers\.(get|\w*(orthogonal|normal|uniform|glorot|he_|lecun|variance)\w*)$"
)
_WEIGHT = (
    r"^_?(w|W|b|weights?|kernel|bias|gamma|beta|scale|embeddings?|w\d|b\d|W\d"
    r"|[wWb]_\w+|[wW][xhioqkvzrcfgus]{1,2}|matrix|prototypes?|codebook|query|transitions?|(weights?|kernel|bias|embeddings?|matrix)_\w+"
    r"|\w+_(weights?|kernel|bias|embeddings?|matrix|[wW]\d?))$"
)
_FIXED = (
    r"(?i)fourier|random_?features|random_?project|fixed|frozen|seed|reservoir|hash"
    r"|true|truth|teacher|target"
)

_MEANT = rf"{_FIXED}|noise|mask|pos|basis|freq|table|proj"

_MAKING = ("__init__", "build")
"""Methods that make what others compute with."""


def look(reader: Reader, cls: Class) -> None:
    """Looks at a class of layers for weights made as tensors."""
    if cls.base not in ("layer", "model", "module") or reader.silent:
        return
    if "random" in cls.name.lower() or re.search(_FIXED, cls.name):
        return
    if re.search(_FIXED, ast.get_docstring(cls.node) or ""):
        return
    methods = {one.name: one for one in cls.node.body if isinstance(one, ast.FunctionDef)}
    # What is called may be a method of the class above, which calls those of this one.
    using = [one for name, one in methods.items() if name not in _MAKING]
    for name in _MAKING:
        for bound, made in _assigned(methods[name]) if name in methods else ():
            target = _own(bound)
            weight = target and (
                _draws(made, target, cls.node)
                or _drawn_by_helper(reader, made, target)
                or _as_variables(reader, made, cls.node)
                or (not re.search(_MEANT, target) and _left_bare(made, cls.node))
            )
            if not weight or _stores(cls.node, target) != 1:
                continue
            uses = (_use(method, target) for method in using)
            use = next((use for use in uses if use is not None), None)
            if use is not None:
                _tell(reader, made, f"self.{target}", (f"{cls.name}.{target}",), use)


def _assigned(method: ast.FunctionDef) -> Iterator[tuple[ast.expr, ast.Call]]:
    """What a method binds to the result of a call, one by one where it binds several."""
    for node in ast.walk(method):
        if not isinstance(node, ast.Assign):
            continue
        target, made = node.targets[0], node.value
        pairs = [(target, made)]
        if isinstance(target, ast.Tuple | ast.List) and isinstance(made, ast.Tuple | ast.List):
            pairs = list(zip(target.elts, made.elts, strict=False))
        for bound, value in pairs:
            call = _scaled(value)
            if call is not None:
                yield bound, call


def _scaled(node: ast.expr) -> ast.Call | None:
    """The call that draws, in `0.1 * tf.random.normal(shape)`."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div):
        drawn = (_scaled(side) for side in (node.left, node.right))
        return next((one for one in drawn if one and re.match(_RANDOM, _dotted(one.func))), None)
    return node if isinstance(node, ast.Call) else None


def _drawn_by_helper(reader: Reader, made: ast.Call, name: str) -> bool:
    """Says whether a function of the file gives random numbers for what is named like a weight."""
    if not isinstance(made.func, ast.Name) or not re.match(_WEIGHT, name):
        return False
    helper = next(
        (
            one
            for one in reader.source.tree.body
            if isinstance(one, ast.FunctionDef) and one.name == made.func.id
        ),
        None,
    )
    if helper is None or re.search(_FIXED, helper.name):
        return False
    given = [one.value for one in ast.walk(helper) if isinstance(one, ast.Return) and one.value]
    calls = [_scaled(one) for one in given]
    return bool(calls) and all(
        one is not None and re.match(_RANDOM, _dotted(one.func)) for one in calls
    )


def look_beside_variables(reader: Reader) -> None:
    """Looks at weights made by name, beside others that are variables."""
    tree = reader.source.tree
    functions = (one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef))
    scopes: list[ast.Module | ast.FunctionDef] = [tree, *functions]
    for scope in scopes:
        made = [one for one in scope.body if isinstance(one, ast.Assign)]
        if not any(_is_variable(one.value) for one in made):
            continue
        for one in made:
            target = one.targets[0]
            drawn = _scaled(one.value)
            if not isinstance(target, ast.Name) or drawn is None:
                continue
            if not _draws(drawn, target.id, scope) or _named(scope, target.id, ast.Store) != 1:
                continue
            if re.search(_FIXED, target.id) or re.search(_FIXED, reader.spot(one).text):
                continue
            use = _taped_use(scope, target.id)
            if use is not None:
                _tell(reader, one.value, target.id, (target.id,), use)


def _tell(
    reader: Reader, made: ast.expr, words: str, names: tuple[str, ...], use: ast.expr
) -> None:
    others = ((reader.spot(use), "computed with here"),)
    habits.remark(reader, "constant-weight", reader.spot(made), words, names, others)


def _draws(made: ast.Call, name: str, around: ast.AST) -> bool:
    """Says whether a call draws what is named like a weight, or an initializer draws it."""
    drawn = _unwrapped(made)
    function = drawn.func
    if re.match(_RANDOM, _dotted(function)) or _of_generator(function, around):
        return re.match(_WEIGHT, name) is not None
    if isinstance(function, ast.Call):
        return re.search(_INITIALIZER, _dotted(function.func)) is not None
    if isinstance(function, ast.Name | ast.Attribute):
        text = ast.unparse(function)
        return any(
            isinstance(one, ast.Assign)
            and isinstance(one.value, ast.Call)
            and ast.unparse(one.targets[0]) == text
            and re.search(_INITIALIZER, _dotted(one.value.func)) is not None
            for one in ast.walk(around)
        )
    return False


def _as_variables(reader: Reader, made: ast.Call, around: ast.AST) -> bool:
    """Says whether a function of the file drew it that draws variables of the class, too."""
    if not isinstance(made.func, ast.Name):
        return False
    name = made.func.id
    beside = any(
        _is_variable(one)
        and any(isinstance(arg, ast.Call) and _dotted(arg.func) == name for arg in one.args[:1])
        for one in ast.walk(around)
        if isinstance(one, ast.Call)
    )
    return beside and any(
        isinstance(one, ast.FunctionDef)
        and one.name == name
        and any(
            isinstance(inner, ast.Call) and re.match(_RANDOM, _dotted(inner.func))
            for inner in ast.walk(one)
        )
        for one in ast.walk(reader.source.tree)
    )


def _left_bare(made: ast.Call, around: ast.AST) -> bool:
    """Says whether an initializer drew it, as those drew several variables of the class.

    One variable beside it may be all that is trained, as in an echo state network.
    """
    drawers = {
        ast.unparse(one.targets[0])
        for one in ast.walk(around)
        if isinstance(one, ast.Assign)
        and isinstance(one.value, ast.Call)
        and re.search(_DRAWN, _dotted(one.value.func))
    }

    def drawn(call: ast.expr) -> bool:
        if not isinstance(call, ast.Call):
            return False
        inline = isinstance(call.func, ast.Call) and re.search(_DRAWN, _dotted(call.func.func))
        return bool(inline) or ast.unparse(call.func) in drawers

    variables = (one for one in ast.walk(around) if isinstance(one, ast.Call) and _is_variable(one))
    return drawn(made) and sum(any(map(drawn, one.args[:1])) for one in variables) > 1


def _of_generator(function: ast.expr, around: ast.AST) -> bool:
    """Says whether a `tf.random.Generator` draws, that a name of the same scope has."""
    if not isinstance(function, ast.Attribute) or function.attr not in _DISTRIBUTIONS:
        return False
    drawer = ast.unparse(function.value)
    return re.match(_GENERATOR, _dotted(function.value)) is not None or any(
        isinstance(one, ast.Assign)
        and ast.unparse(one.targets[0]) == drawer
        and re.match(_GENERATOR, _dotted(one.value)) is not None
        for one in ast.walk(around)
    )


def _unwrapped(node: ast.Call) -> ast.Call:
    """What `tf.constant(...)` is given: random numbers stay random numbers."""
    first = node.args[0] if node.args else None
    plain = _dotted(node.func) in ("tf.constant", "tf.convert_to_tensor")
    return first if plain and isinstance(first, ast.Call) else node


def _dotted(node: ast.expr) -> str:
    try:
        text = ast.unparse(node)
    except RecursionError:  # calls on calls without end
        return ""
    return text.replace("tensorflow.", "tf.", 1) if text.startswith("tensorflow.") else text


def _own(node: ast.AST) -> str:
    held = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    return node.attr if held and node.value.id == "self" else ""  # type: ignore[attr-defined]


def _stores(cls: ast.AST, name: str) -> int:
    return sum(
        isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and _own(node) == name
        for node in ast.walk(cls)
    )


_MULTIPLIES = frozenset(
    "matmul tensordot einsum embedding_lookup conv1d conv2d dot nce_loss "
    "sampled_softmax_loss".split()
)
_TAKES_WEIGHTS = _MULTIPLIES | {"multiply", "add", "gather", "bias_add"}


def _use(call: ast.AST, name: str) -> ast.expr | None:
    """Where it is multiplied with what the layer is given, if it is."""
    for node in ast.walk(call):
        if isinstance(node, ast.BinOp) and name in (_own(node.left), _own(node.right)):
            return node
        if not isinstance(node, ast.Call) or not any(_own(one) == name for one in node.args):
            continue
        if _dotted(node.func).split(".")[-1] in _TAKES_WEIGHTS:
            return node
    return None


def _taped_use(scope: ast.AST, name: str) -> ast.expr | None:
    """Where a tape records that something is multiplied with it; only if that is its one use."""
    found: list[ast.expr] = []
    taped = [one for one in ast.walk(scope) if isinstance(one, ast.With) and _records(one)]
    calls = [one for block in taped for one in ast.walk(block) if isinstance(one, ast.Call)]
    names = {one.func.id for one in calls if isinstance(one.func, ast.Name)}
    helpers = (one for one in ast.walk(scope) if isinstance(one, ast.FunctionDef))
    for block in (*taped, *(one for one in helpers if one.name in names)):
        found += (one for one in ast.walk(block) if _multiplies(one, name))  # type: ignore[misc]
    return found[0] if len({*found}) == 1 and _named(scope, name, ast.Load) == 1 else None


def _records(block: ast.With) -> bool:
    return any("GradientTape" in ast.unparse(item.context_expr) for item in block.items)


def _multiplies(node: ast.AST, name: str) -> bool:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        return any(isinstance(one, ast.Name) and one.id == name for one in (node.left, node.right))
    if not isinstance(node, ast.Call) or _dotted(node.func).split(".")[-1] not in _MULTIPLIES:
        return False
    given = (*node.args, *(word.value for word in node.keywords))
    return any(isinstance(one, ast.Name) and one.id == name for one in given)


def _is_variable(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and _dotted(node.func).split(".")[-1] == "Variable"


def _named(scope: ast.AST, name: str, context: type[ast.expr_context]) -> int:
    return sum(
        isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, context)
        for node in ast.walk(scope)
    )
