"""Names of another generation, asked of objects that are surely Keras's own."""

from __future__ import annotations

import ast
import contextlib
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ..noticing import habits
from ..project import FIRST_ELSEWHERE
from ..values import Constant, Layer, Library, ListValue, Optimizer, Other, Tape, Value
from . import api

if TYPE_CHECKING:
    from ..reader import Reader


def attribute_read(reader: Reader, value: Value, name: str, node: ast.AST) -> None:
    """An attribute is looked up on an object that is known."""
    if not isinstance(node, ast.Attribute) or not isinstance(node.ctx, ast.Load):
        return
    if isinstance(value, Optimizer):
        _gone(reader, "optimizer", value, name, node)
    elif isinstance(value, Other) and value.kind == "metric":
        _gone(reader, "metric", value, name, node)
    elif isinstance(value, Layer) and value.kind in ("Sequential", "Model"):
        _gone(reader, "model", value, name, node)


_VERSION = r"(?i)version|attr\(|isinstance|type\(|legacy|compat|generation|tf_?[12]|keras_?[23]"


def asks_version(reader: Reader, node: ast.AST) -> bool:
    """Says whether what is around or before a name may tell generations apart."""
    around = _conditions(reader, node)
    # With none, the function may be called behind a condition.
    return asks_kind(reader, node) if around else bool(reader.frame.guarded)


def asks_kind(reader: Reader, node: ast.AST) -> bool:
    """Says whether a condition around or before a name asks what kind of thing there is."""
    return any(
        isinstance(one, ast.Try | ast.BoolOp) or _tells(reader.home(node).tree, one.test)
        for one in _conditions(reader, node)
    )


def _conditions(reader: Reader, node: ast.AST) -> list[ast.If | ast.Try | ast.IfExp | ast.BoolOp]:
    tests = (ast.If, ast.Try, ast.IfExp, ast.BoolOp)
    around = [one for one in reader.around(node) if isinstance(one, tests)]
    return [*around, *_leaving(reader, node)]


_HAS = {
    "scale_loss": "3",
    "apply": "3",
    "minimize": "2",
    "get_scaled_loss": "2",
    "get_unscaled_gradients": "2",
}
"""Methods of optimizers by which programs tell the generations apart."""


def has_method(
    reader: Reader, arguments: list[Value], keywords: dict[str, Value], node: ast.AST
) -> Value | None:
    """`hasattr(optimizer, "scale_loss")`, where it is known which Keras that is."""
    if len(arguments) != 2 or reader.generation is None:
        return None
    thing, name = arguments
    method = str(name.value) if isinstance(name, Constant) else ""
    generation = _HAS.get(method)
    if not isinstance(thing, Optimizer) or thing.custom is not None or generation is None:
        return None
    if reader.generation != generation:
        return Constant(False, node)
    # In Keras 2 the others belong to the optimizer that scales, which Keras may put around.
    always = generation == "3" or thing.scales or method == "minimize"
    return Constant(True, node) if always else None


_ASKED = r"hasattr\([^)]*\b(get_)?(scale_loss|scaled_loss|unscaled_gradients)\b"


def finish(reader: Reader) -> None:
    """Half of a loss scaling in the branch of one generation, where either may be meant."""
    if reader.generation is not None or not re.search(_ASKED, "".join(reader.source.lines)):
        return
    for generation in ("2", "3"):
        other = type(reader)(reader.source, generation, reader.project)
        with contextlib.suppress(RecursionError):
            other.run()
        other.facts.finish(reader.source.path, generation)
        for remark in other.facts.remarks:
            here = remark.at.span.line < FIRST_ELSEWHERE
            if remark.topic == "loss-scale-generation-mix" and here:
                reader.facts.remarks[remark] = None


def _tells(tree: ast.AST, test: ast.expr) -> bool:
    """Says whether a condition tells generations apart, itself or by what its names hold."""
    looked_at: list[ast.AST] = [test]
    names: set[str] = set()
    for _ in range(_DEEPEST):
        if any(re.search(_VERSION, ast.unparse(one)) for one in looked_at):
            return True
        new = {name for one in looked_at for name in _names(one)} - names - {"self"}
        names |= new
        looked_at = [held for one in ast.walk(tree) for held in _held(one, new)]
    return False


_DEEPEST = 4
"""How far names are followed: a flag, what it is set to, and the function that gives that."""


def _names(node: ast.AST) -> Iterator[str]:
    for one in ast.walk(node):
        if isinstance(one, ast.Name | ast.Attribute):
            yield one.id if isinstance(one, ast.Name) else one.attr


def _held(node: ast.AST, names: set[str]) -> list[ast.AST]:
    """What a statement gives one of these names: a value, or what a function returns."""
    if isinstance(node, ast.Assign):
        given = any(getattr(to, "id", getattr(to, "attr", None)) in names for to in node.targets)
        return [node.value] if given else []
    if isinstance(node, ast.FunctionDef) and node.name in names:
        returned = (one.value for one in ast.walk(node) if isinstance(one, ast.Return))
        return [one for one in returned if one is not None]
    return []


def _leaving(reader: Reader, node: ast.AST) -> list[ast.If]:
    """Conditions before a node that end the function that both stand in."""
    function = reader.frame.function
    body = function.node.body if function is not None else None
    inside = {id(one) for one in reader.around(node)}
    statements = body if isinstance(body, list) else []
    place = next((n for n, one in enumerate(statements) if id(one) in inside), 0)
    return [
        one
        for one in statements[:place]
        if isinstance(one, ast.If) and isinstance(one.body[-1], ast.Return | ast.Raise)
    ]


def _gone(reader: Reader, kind: str, value: Value, name: str, node: ast.Attribute) -> None:
    if isinstance(value, Optimizer) and (value.custom is not None or value.scales):
        return
    # Where either may be meant, what both of them lack.
    meant = (reader.generation,) if reader.generation else ("2", "3")
    instead, *others = (api.GONE.get((kind, one), {}).get(name) for one in meant)
    if instead is None or None in others:
        return
    if kind == "optimizer" and any("optimizers.legacy" in line for line in reader.lines):
        # Those have all that optimizers ever had.
        return
    guarded = reader.frame.guarded or _is_fallback(reader, node) or _is_tried(reader, node)
    if not (guarded and asks_version(reader, node)):
        spot = reader.spot(node)
        habits.remark(reader, "api-generation-mismatch", spot, name, (kind, instead))


def _is_fallback(reader: Reader, node: ast.AST) -> bool:
    """Says whether this is asked after another name only: `getattr(it, "new", 0) or it.old`."""
    inside = {id(one) for one in reader.around(node)} | {id(node)}
    either = [one for one in reader.around(node) if isinstance(one, ast.BoolOp)]
    return any(id(value) in inside for one in either for value in one.values[1:])


def _is_tried(reader: Reader, node: ast.Attribute) -> bool:
    """Says whether the object is asked for something else where it lacks this name."""
    thing = ast.unparse(node.value)
    inside = {id(one) for one in reader.around(node)} | {id(node)}
    return any(
        isinstance(one, ast.Attribute) and ast.unparse(one.value) == thing
        for around in reader.around(node)
        if isinstance(around, ast.Try) and any(id(part) in inside for part in around.body)
        for handler in around.handlers
        if handler.type is None or re.search(_LACKING, ast.unparse(handler.type))
        for statement in handler.body
        for one in ast.walk(statement)
    )


_LACKING = r"\b(AttributeError|Exception)\b"
"""What is caught where a name may be missing."""


def attribute_written(reader: Reader, value: Optimizer, name: str, node: ast.AST) -> None:
    """`optimizer.lr = rate` is an attribute like any other in Keras 3."""
    if name == "lr" and reader.generation == "3" and value.custom is None:
        words = ("written", "learning_rate")
        habits.remark(reader, "api-generation-mismatch", reader.spot(node), name, words)


def argument_given(reader: Reader, optimizer: Optimizer, node: ast.Call) -> None:
    """An argument that no optimizer takes any more."""
    for keyword in node.keywords:
        instead = api.GONE_ARGUMENTS.get(keyword.arg or "")
        if instead is not None and reader.generation == "3" and optimizer.custom is None:
            spot = reader.spot(keyword.value)
            words = (f"{optimizer.kind}", instead)
            habits.remark(reader, "api-generation-mismatch", spot, keyword.arg or "", words)


def applied_with(reader: Reader, optimizer: Optimizer, node: ast.AST) -> None:
    """`apply_gradients(pairs, experimental_aggregate_gradients=False)`."""
    given = node.keywords if isinstance(node, ast.Call) else []
    gone = [one for one in given if one.arg in api.APPLY_ARGUMENTS]
    if not gone or reader.generation != "3" or optimizer.custom is not None:
        return
    if not asks_version(reader, node):
        words = (optimizer.kind, "no such argument: gradients are aggregated")
        spot = reader.spot(gone[0].value)
        habits.remark(reader, "api-generation-mismatch", spot, gone[0].arg or "", words)


def name_first(reader: Reader, node: ast.Call) -> None:
    """`self.add_weight("scale", shape=...)`: Keras 3 takes the shape first."""
    if reader.generation == "3" and not asks_version(reader, node):
        alone = "alone" if len(node.args) == 1 else "beside others"
        spot = reader.spot(node.args[0])
        habits.remark(reader, "api-generation-mismatch", spot, spot.text, ("name", alone))


# TensorFlow 1


def graph_gradients(reader: Reader, name: str, node: ast.AST) -> None:
    """`tf.gradients` while nothing traces."""
    if name not in api.GRAPH_GRADIENTS or reader.speculative or reader.silent:
        return
    if reader.frame.traced is not None or reader.keras_calls:
        return
    if not _builds_graphs(reader):
        written = name.replace("keras.ops", "keras.backend")
        habits.remark(reader, "tf1-gradient-api", reader.spot(node), written)


def graph_list(name: str, node: ast.AST) -> Value:
    """`tf.compat.v1.trainable_variables()`: a list with one entry that stands for all."""
    return ListValue([Other("graph list", name, node)], exact=False, node=node)


def sources_given(reader: Reader, sources: Iterable[Value]) -> None:
    """A tape is asked about the variables of a graph, of which eager code has none."""
    lists = (one for one in sources if isinstance(one, Other) and one.kind == "graph list")
    for source in lists:
        if source.node is not None and not reader.speculative and not _builds_graphs(reader):
            habits.remark(reader, "tf1-gradient-api", reader.spot(source.node), source.name)


def _builds_graphs(reader: Reader) -> bool:
    """Says whether the file works with graphs as TensorFlow 1 did."""
    text = "".join(reader.lines)
    for call in ("gradients", "trainable_variables"):
        text = text.replace(f"compat.v1.{call}", "")
    return any(word in text for word in ("compat.v1", "disable_", "as_default", "Session("))


# Tapes and methods that are misspelt


def entered(reader: Reader, value: Value, node: ast.AST) -> None:
    """`with tf.GradientTape as tape`: the class, not a tape."""
    if isinstance(value, Library) and value.name == "tf.GradientTape":
        habits.remark(reader, "misspelt-api", reader.spot(node), "not called", ("tf.GradientTape",))


def misspelt(reader: Reader, value: Value, name: str, node: ast.AST) -> None:
    """A name that a tape or an optimizer never had."""
    kind = "tape" if isinstance(value, Tape) else "optimizer" if _is_own(value) else ""
    if isinstance(value, Layer) and value.kind in ("Sequential", "Model"):
        kind = "model"
    meant = api.MISSPELT.get(kind, {}).get(name)
    if meant is not None and isinstance(node, ast.Attribute):
        habits.remark(reader, "misspelt-api", reader.spot(node), name, (kind, meant))


def _is_own(value: Value) -> bool:
    return isinstance(value, Optimizer) and value.custom is None
