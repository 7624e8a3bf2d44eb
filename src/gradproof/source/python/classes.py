"""Makes classes of the file and their objects, and calls Keras objects."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from .. import modules
from ..flow import merge
from ..framework import layer_calls, layers
from ..framework.names import last
from ..noticing import (
    averaging,
    constants,
    handed_on,
    handmade,
    old_hooks,
    own_signs,
    sample_weights,
    written_weights,
)
from ..values import (
    Bound,
    Class,
    Constant,
    Function,
    Instance,
    Library,
    Optimizer,
    Other,
    Scope,
    Unknown,
    Value,
)
from . import attributes, calls

if TYPE_CHECKING:
    from ..reader import Reader

_BASES = {
    "keras.Model": "model",
    "keras.Sequential": "model",
    "keras.layers.Layer": "layer",
    "keras.Layer": "layer",
    "keras.losses.Loss": "loss",
    "keras.metrics.Metric": "metric",
    "tf.Module": "module",
}
_PLAIN_ROOTS = frozenset(
    {"builtins", "typing", "abc", "enum", "dataclasses", "collections", "threading"}
)


def make_class(reader: Reader, node: ast.ClassDef) -> Class:
    """Follows a class definition."""
    bases = [reader.evaluate(base) for base in node.bases]
    scope = Scope(is_class=True)
    inherited = (name for base in bases if isinstance(base, Class) for name in base.fields)
    fields = list(dict.fromkeys((*inherited, *_fields(node))))
    cls = Class(node.name, node, _base(bases), bases, fields=fields)
    first = len(reader.functions)
    frame = reader.frame
    before = frame.scopes
    frame.scopes = (scope, *before)
    try:
        reader.execute(node.body)
    finally:
        frame.scopes = before
    for function in reader.functions[first:]:
        if function.owner is None and function.scopes and function.scopes[0] is scope:
            function.owner = cls
            function.scopes = before
    makers = [reader.evaluate(decorator) for decorator in node.decorator_list]
    cls.members.update(scope.names)
    old_hooks.defined(reader, cls)
    handmade.look(reader, cls)
    own_signs.look(reader, cls)
    handed_on.look(reader, cls)
    sample_weights.class_made(reader, cls)
    averaging.class_made(reader, cls)
    constants.look(reader, cls)
    for maker in reversed(makers):
        if isinstance(maker, Function) and not reader.speculative:
            # What it does with the class counts: a registry keeps it, say.
            reader.call(maker, [cls], {}, node)
    return cls


def _fields(node: ast.ClassDef) -> list[str]:
    names = [
        last(ast.unparse(d.func if isinstance(d, ast.Call) else d)) for d in node.decorator_list
    ]
    tuple_like = any(last(ast.unparse(base)) == "NamedTuple" for base in node.bases)
    if "dataclass" not in names and not tuple_like:
        return []
    return [
        item.target.id
        for item in node.body
        if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)
    ]


def _base(bases: list[Value]) -> str:
    kinds = [_base_of(base) for base in bases]
    for kind in ("unknown", "model", "layer", "optimizer", "loss", "metric", "module"):
        if kind in kinds:
            return kind
    return "plain"


def _base_of(base: Value) -> str:
    if isinstance(base, Class):
        return base.base
    if isinstance(base, Library):
        if base.name in _BASES:
            return _BASES[base.name]
        if base.name.startswith("keras.layers."):
            return "layer"
        if base.name.startswith("keras.optimizers.schedules."):
            return "plain"
        if base.name.startswith("keras.optimizers."):
            return "optimizer"
        if base.name.startswith("keras.losses."):
            return "loss"
        if base.name.startswith("keras.metrics."):
            return "metric"
        if base.name.startswith(
            (
                "keras.callbacks.",
                "keras.initializers.",
                "keras.regularizers.",
                "keras.constraints.",
                "keras.utils.",
            )
        ):
            return "plain"
        if base.name.split(".")[0] in _PLAIN_ROOTS:
            return "plain"
        return "unknown" if base.name.startswith(("tf", "keras")) else "plain"
    return "unknown"


def instantiate(
    reader: Reader, cls: Class, arguments: list[Value], keywords: dict[str, Value], node: ast.AST
) -> Value:
    """Follows the making of an object."""
    if not modules.worth_following(reader, cls.node):
        return calls.unknown_call(reader, Unknown(cls.name), arguments, keywords, node)
    instance = Instance(cls, Scope(), node, reader.path(node))
    if cls.base == "optimizer":
        reader.serial += 1
        instance.optimizer = Optimizer(
            cls.name, node, reader.path(node), dict(keywords), custom=cls, serial=reader.serial
        )
    names = instance.attributes.names
    for field_name, value in zip(cls.fields, arguments, strict=False):
        names[field_name] = value
    if cls.fields:
        names.update({key: value for key, value in keywords.items() if key in cls.fields})
    for field_name in cls.fields:
        if field_name not in names:
            names.update(_by_default(reader, cls, field_name, node))
    if isinstance(keywords.get("name"), Constant):
        names.setdefault("name", keywords["name"])
    init = attributes.member(cls, "__init__")
    if isinstance(init, Function):
        reader.call(Bound(instance, init), arguments, keywords, node)
    elif cls.base == "model":
        layers.set_functional(reader, instance, arguments, keywords)
    else:
        _after_fields(reader, instance, node)
    return instance


def namespace(reader: Reader, keywords: dict[str, Value], node: ast.AST) -> Instance:
    """`types.SimpleNamespace(rate=0.1)`: an object without a class of the file."""
    made = ast.ClassDef("SimpleNamespace", [], [], [], [])
    cls = Class("SimpleNamespace", ast.copy_location(made, node), "plain", [])
    return Instance(cls, Scope(dict(keywords)), node, reader.path(node))


def _after_fields(reader: Reader, instance: Instance, node: ast.AST) -> None:
    """Follows `__post_init__`, which a dataclass calls once its fields are set."""
    method = attributes.member(instance.of, "__post_init__")
    if not isinstance(method, Function):
        return
    names = instance.attributes.names
    once = [one.arg for one in (*method.node.args.posonlyargs, *method.node.args.args)][1:]
    given = [names.get(name, Unknown(name, data=True)) for name in once]
    reader.call(Bound(instance, method), given, {}, node)


def _by_default(reader: Reader, cls: Class, name: str, node: ast.AST) -> dict[str, Value]:
    """What `name: T = field(default_factory=...)` gives an object of its own, or `default=...`."""
    made = cls.members.get(name)
    if not isinstance(made, Other) or made.kind != "field":
        return {}
    factory = made.arguments.get("default_factory")
    if factory is not None:
        return {name: reader.call(factory, [], {}, made.node or node)}
    return {name: made.arguments.get("default", Unknown(name, data=True))}


def sample(reader: Reader, cls: Class) -> Instance:
    """An object of a class that the file never makes, with unknown arguments."""
    known = reader.samples.get(id(cls))
    if known is None:
        known = Instance(cls, Scope(), cls.node, reader.path(cls.node), real=False)
        reader.samples[id(cls)] = known
        if cls.base == "optimizer":
            known.optimizer = Optimizer(cls.name, cls.node, (), custom=cls)
        for field_name in cls.fields:
            known.attributes.names[field_name] = Unknown(field_name, data=True)
        init = attributes.member(cls, "__init__")
        if isinstance(init, Function):
            from .binding import unknown_arguments

            positional, keywords = unknown_arguments(init.node, known)
            reader.call(Bound(known, init), positional, keywords, cls.node)
        else:
            _after_fields(reader, known, cls.node)
    return known


def call_instance(
    reader: Reader,
    instance: Instance,
    arguments: list[Value],
    keywords: dict[str, Value],
    node: ast.AST,
) -> Value:
    """Follows the call of an object."""
    if instance.of.base in ("layer", "model"):
        value = layer_calls.call_keras_instance(reader, instance, arguments, keywords, node)
        return written_weights.used(reader, instance, value)
    method = attributes.member(instance.of, "__call__")
    if isinstance(method, Function):
        return reader.call(Bound(instance, method), arguments, keywords, node)
    if instance.of.base == "loss":
        method = attributes.member(instance.of, "call")
        if isinstance(method, Function):
            return reader.call(Bound(instance, method), arguments[:2], {}, node)
    flow = merge(reader.read(value, node) for value in arguments)
    return Unknown(instance.of.name, data=False, flow=flow)
