"""Follows calls: of functions of the file, of objects, of libraries."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from . import (
    api,
    arrays,
    builtin,
    classes,
    layers,
    losses,
    operations,
    state,
    tapes,
    tensors,
    updates,
)
from .flow import cut, merge, origin
from .joining import join_values
from .names import last
from .values import (
    ANYTHING,
    Bound,
    Class,
    Constant,
    Dataset,
    DictValue,
    Function,
    Group,
    Instance,
    Layer,
    Library,
    ListValue,
    LossFunction,
    Optimizer,
    Other,
    Partial,
    Scope,
    Tape,
    Tensor,
    Unknown,
    Value,
    Variable,
    Zip,
)

if TYPE_CHECKING:
    from .reader import Reader

Arguments = list[Value]
Keywords = dict[str, Value]


def call(
    reader: Reader, callee: Value, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value:
    """What a call gives."""
    reader.count_step()
    if isinstance(callee, Function):
        return _function(reader, callee, arguments, keywords, node, None)
    if isinstance(callee, Bound):
        return _bound(reader, callee, arguments, keywords, node)
    if isinstance(callee, Library):
        return _library(reader, callee.name, arguments, keywords, node)
    if isinstance(callee, Class):
        return classes.instantiate(reader, callee, arguments, keywords, node)
    if isinstance(callee, Instance):
        return classes.call_instance(reader, callee, arguments, keywords, node)
    if isinstance(callee, Layer):
        return layers.call_layer(reader, callee, arguments, keywords, node)
    if isinstance(callee, Partial):
        return call(
            reader,
            callee.function,
            [*callee.arguments, *arguments],
            {**callee.keywords, **keywords},
            node,
        )
    if isinstance(callee, LossFunction):
        return losses.loss_called(reader, callee, arguments, keywords, node)
    if isinstance(callee, Other):
        return _other(reader, callee, arguments, keywords, node)
    if isinstance(callee, Tensor):
        return callee
    return unknown_call(reader, callee, arguments, keywords, node)


def unknown_call(
    reader: Reader, callee: Value, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value:
    """A call of which the file does not tell what it does."""
    values = [*arguments, *keywords.values()]
    for value in values:
        updates.escape(reader, value)
        updates.touch(reader, value)
    read = reader.path(node)
    flow = merge(
        (
            *(reader.read(value, node) for value in values),
            origin(ANYTHING, reader.active, read),
        )
    )
    if isinstance(callee, Unknown):
        callee.called = True
        flow = merge((flow, origin(callee, reader.active, read)))
        return Unknown(callee.name, data=callee.data, flow=flow)
    return Unknown(flow=flow)


def _function(
    reader: Reader,
    function: Function,
    arguments: Arguments,
    keywords: Keywords,
    node: ast.AST,
    receiver: Value | None,
) -> Value:
    if (
        len(reader.frames) > _deepest()
        or sum(f.function is not None and f.function.node is function.node for f in reader.frames)
        > 1
    ):
        return unknown_call(reader, Unknown(function.name, data=True), arguments, keywords, node)
    if function.gradient_free == "custom":
        return _custom_gradient(reader, function, arguments, keywords, node)
    return enter(reader, function, arguments, keywords, node, receiver)


def _deepest() -> int:
    from .reader import DEEPEST

    return DEEPEST


def enter(
    reader: Reader,
    function: Function,
    arguments: Arguments,
    keywords: Keywords,
    node: ast.AST,
    receiver: Value | None,
) -> Value:
    """Follows the body of a function of the file."""
    from .reader import Frame

    reader.entered.add(id(function.node))
    scope = Scope(_bind_arguments(function, arguments, keywords))
    outer = reader.frame
    frame = Frame(
        (scope, *function.scopes),
        function,
        node,
        receiver,
        traced=outer.traced or (function if function.traced is not None else None),
        training=outer.training,
        building=outer.building or function.name in ("build", "__init__"),
        guarded=outer.guarded if outer.traced is not None else 0,
        keras_call=outer.keras_call,
    )
    state.function_begins(reader, function, outer, arguments, node)
    reader.frames.append(frame)
    try:
        body = function.node.body
        if isinstance(body, list):
            left = reader.execute(body)
            if left is None:
                frame.returned.append(Constant(None))
        else:
            frame.returned.append(reader.evaluate(body))
    finally:
        reader.frames.pop()
    if frame.yielded:
        element = frame.yielded[0]
        for other in frame.yielded[1:]:
            element = join_values(element, other)
        return Dataset(element, node)
    return _returned(frame.returned)


def _returned(values: list[Value]) -> Value:
    plain = [value for value in values if not (isinstance(value, Constant) and value.value is None)]
    if not plain:
        return values[0] if values else Constant(None)
    result = plain[-1]
    for value in plain[:-1]:
        result = join_values(result, value)
    return result


def _bind_arguments(
    function: Function, arguments: Arguments, keywords: Keywords
) -> dict[str, Value]:
    node = function.node.args
    names = [argument.arg for argument in (*node.posonlyargs, *node.args)]
    bound: dict[str, Value] = dict(function.defaults)
    bound.update(zip(names, arguments, strict=False))
    known = {*names, *(argument.arg for argument in node.kwonlyargs)}
    bound.update({key: value for key, value in keywords.items() if key in known})
    if node.vararg is not None:
        bound[node.vararg.arg] = ListValue(list(arguments[len(names) :]), fixed=True)
    if node.kwarg is not None:
        rest: dict[object, Value] = {
            key: value for key, value in keywords.items() if key not in known
        }
        bound[node.kwarg.arg] = DictValue(rest)
    for name in known:
        bound.setdefault(name, Unknown(name, data=True))
    return bound


def _custom_gradient(
    reader: Reader, function: Function, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value:
    """A function with its own gradient: live, whatever its body does."""
    with state.quietly(reader):
        result = enter(reader, function, arguments, keywords, node, None)
    losses.custom_gradient(reader, function, result, node)
    flow = merge(reader.read(value, node) for value in (*arguments, *keywords.values()))
    first = arguments[0] if arguments else None
    shape = first.shape if isinstance(first, Tensor) else None
    return Tensor(flow, "tensor", shape, made=reader.path(node))


def _bound(
    reader: Reader, callee: Bound, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value:
    receiver, method = callee.receiver, callee.method
    if isinstance(method, Function):
        return _function(reader, method, [receiver, *arguments], keywords, node, receiver)
    if isinstance(receiver, Tape):
        return tapes.tape_method(reader, receiver, method, arguments, keywords, node)
    if isinstance(receiver, Optimizer):
        return updates.optimizer_method(reader, receiver, method, arguments, keywords, node)
    if isinstance(receiver, Layer) or (
        isinstance(receiver, Instance) and receiver.of.base in ("layer", "model")
    ):
        assert isinstance(receiver, Layer | Instance)
        return layers.method(reader, receiver, method, arguments, keywords, node)  # type: ignore[arg-type]
    if isinstance(receiver, Variable | Group):
        return updates.variable_method(reader, receiver, method, arguments, keywords, node)
    if isinstance(receiver, Tensor):
        return tensors.method(reader, receiver, method, arguments, keywords, node)
    if isinstance(receiver, ListValue | DictValue | Zip | Constant | Dataset):
        return builtin.method(reader, receiver, method, arguments, keywords, node)
    if isinstance(receiver, Unknown):
        return _of_unknown(reader, receiver, method, arguments, keywords, node)
    if isinstance(receiver, Other):
        return _other_method(reader, receiver, method, arguments, keywords, node)
    if isinstance(receiver, LossFunction):
        return losses.loss_called(reader, receiver, arguments, keywords, node)
    if isinstance(receiver, Function) and method in ("get_concrete_function", "python_function"):
        return receiver
    return unknown_call(reader, receiver, arguments, keywords, node)


def _of_unknown(
    reader: Reader,
    receiver: Unknown,
    method: str,
    arguments: Arguments,
    keywords: Keywords,
    node: ast.AST,
) -> Value:
    if method in ("apply_gradients", "minimize"):
        updates.apply(reader, receiver, method, arguments, keywords, node)
        return Unknown(data=True)
    if method == "numpy":
        return Tensor(
            cut(reader.read(receiver, node), "numpy", "numpy", reader.path(node), reader.active),
            "array",
        )
    if method in ("assign", "assign_sub", "assign_add"):
        for value in arguments:
            updates.escape(reader, value)
        return Unknown(data=True)
    if method == "gradient":
        for value in (*arguments, *keywords.values()):
            updates.escape(reader, value)
        return Unknown("gradients", flow=merge(reader.read(value, node) for value in arguments))
    return unknown_call(reader, receiver, arguments, keywords, node)


def _other(
    reader: Reader, callee: Other, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value:
    if callee.kind == "tracer":
        return state.traced(reader, arguments[0], node) if arguments else callee
    if callee.kind in ("metric", "schedule", "regularizer"):
        for value in arguments:
            updates.look(reader, value)
        flow = merge(reader.read(value, node) for value in arguments)
        return Tensor(flow, made=reader.path(node))
    if callee.kind == "initializer":
        return Tensor(shape=None, made=reader.path(node))
    if callee.kind == "generator":
        return Tensor(form="array")
    return unknown_call(reader, callee, arguments, keywords, node)


def _other_method(
    reader: Reader,
    receiver: Other,
    method: str,
    arguments: Arguments,
    keywords: Keywords,
    node: ast.AST,
) -> Value:
    if receiver.kind == "super":
        return _super_method(reader, receiver, method, arguments, keywords, node)
    if receiver.kind == "metric":
        for value in arguments:
            updates.look(reader, value)
        return Tensor() if method == "result" else Constant(None)
    if receiver.kind == "generator":
        return builtin.random_array(reader, method, arguments, keywords, node)
    if receiver.kind == "strategy":
        return updates.strategy_method(reader, receiver, method, arguments, keywords, node)
    if receiver.kind == "learning rate" and method == "assign":
        optimizer = receiver.arguments["optimizer"]
        if isinstance(optimizer, Optimizer) and arguments:
            updates.rate_written(reader, optimizer, arguments[0], node)
        return Constant(None)
    if receiver.kind in ("learning rate", "schedule", "initializer", "policy"):
        return Tensor(form="number")
    if receiver.kind in ("checkpoint",):
        return receiver
    return unknown_call(reader, receiver, arguments, keywords, node)


def _super_method(
    reader: Reader,
    receiver: Other,
    method: str,
    arguments: Arguments,
    keywords: Keywords,
    node: ast.AST,
) -> Value:
    thing = receiver.arguments["receiver"]
    if method == "__init__" and isinstance(thing, Instance):
        if thing.of.base == "model":
            layers.set_functional(reader, thing, arguments, keywords)
        if thing.of.base == "optimizer" and thing.optimizer is not None:
            thing.optimizer.arguments.update(keywords)
            if arguments:
                thing.optimizer.arguments.setdefault("learning_rate", arguments[0])
        name = keywords.get("name")
        if isinstance(name, Constant):
            thing.attributes.names.setdefault("name", name)
        return Constant(None)
    if method in ("call", "__call__") and isinstance(thing, Instance):
        functional = thing.attributes.names.get("_functional")
        if isinstance(functional, Layer):
            return layers.call_layer(reader, functional, arguments, keywords, node)
        return layers.opaque_call(reader, thing, arguments, keywords, node)
    if method in (
        "get_config",
        "build",
        "compile",
        "reset_states",
        "on_epoch_end",
        "__setattr__",
        "from_config",
    ):
        return DictValue({}, False) if method == "get_config" else Constant(None)
    return unknown_call(reader, receiver, arguments, keywords, node)


def _library(
    reader: Reader, name: str, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value:
    if name.startswith("builtins."):
        return builtin.call(reader, name[9:], arguments, keywords, node)
    maker = _made_by_library(reader, name, arguments, keywords, node)
    if maker is not None:
        return maker
    root = name.split(".")[0]
    if root in ("tf", "keras", "tf1", "jax"):
        return operations.operation(reader, name, arguments, keywords, node)
    if root == "np":
        return arrays.numpy_operation(reader, name, arguments, keywords, node)
    if name == "functools.partial" and arguments:
        return Partial(arguments[0], arguments[1:], keywords)
    if name in (
        "tqdm.tqdm",
        "tqdm.trange",
        "tqdm.auto.tqdm",
        "tqdm.notebook.tqdm",
        "tqdm.rich.tqdm",
    ):
        return arguments[0] if arguments and not name.endswith("trange") else Tensor(form="number")
    if name == "copy.deepcopy" and arguments and isinstance(arguments[0], Layer | Instance):
        return Unknown("copy", data=True)
    return _library_call(reader, name, arguments, keywords, node)


def _library_call(
    reader: Reader, name: str, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value:
    """A function of another library: it reads only what it is given."""
    values = [*arguments, *keywords.values()]
    for value in values:
        if isinstance(value, Function | Bound | Partial | Instance | Layer | Class):
            updates.touch(reader, value)
            return unknown_call(reader, Unknown(name), arguments, keywords, node)
        updates.escape(reader, value)
    flow = merge(reader.read(value, node) for value in values)
    return Tensor(flow, "unknown", made=reader.path(node)) if flow else Unknown(name, data=True)


def _made_by_library(
    reader: Reader, name: str, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value | None:
    if not isinstance(node, ast.Call):
        return None
    short = last(name)
    if name == "tf.GradientTape":
        return tapes.make_tape(reader, arguments, keywords, node)
    if name in ("tf.Variable", "keras.Variable"):
        return tapes.make_variable(reader, name, arguments, keywords, node)
    if name == "tf.function":
        return (
            state.traced(reader, arguments[0], node) if arguments else Other("tracer", name, node)
        )
    if name in ("keras.Model", "keras.Sequential"):
        return layers.make(reader, short, arguments, keywords, node)
    if name in ("keras.Input", "keras.layers.Input"):
        return tensors.symbolic_input(reader, arguments, keywords, node)
    if name.startswith("keras.layers.") and short[:1].isupper():
        return layers.make(reader, short, arguments, keywords, node)
    if name.startswith("keras.layers.") and short[:1].islower():
        flow = merge(reader.read(value, node) for value in (*arguments, *keywords.values()))
        return Tensor(flow)
    if name.startswith("keras.applications."):
        layer = Layer(short, node, reader.path(node), short, borrowed=True, built=True)
        layer.opaque = True
        return layer
    return _other_made(reader, name, short, arguments, keywords, node)


def _other_made(
    reader: Reader, name: str, short: str, arguments: Arguments, keywords: Keywords, node: ast.Call
) -> Value | None:
    if short in api.SCHEDULES and "schedules" in name:
        given = (
            dict(zip(("initial_learning_rate", "decay_steps"), arguments, strict=False)) | keywords
        )
        return Other("schedule", short, node, given)
    if short == "LossScaleOptimizer" or (
        name.startswith("keras.optimizers.") and short in api.OPTIMIZERS
    ):
        return updates.make_optimizer(reader, short, arguments, keywords, node)
    if name.startswith("keras.losses."):
        if short[:1].isupper():
            given = (
                dict(zip(("from_logits",), arguments, strict=False)) | keywords
                if short in api.CROSS_ENTROPIES
                else keywords
            )
            return LossFunction(short, node, given)
        return losses.loss_called(
            reader, LossFunction(short, node, keywords), arguments, keywords, node
        )
    if name.startswith("keras.metrics."):
        if short[:1].isupper():
            return Other("metric", short, node)
        if short in api.CROSS_ENTROPIES or short.startswith("mean_"):
            return losses.loss_called(
                reader, LossFunction(short, node, keywords), arguments, keywords, node
            )
    if name.startswith(
        ("keras.initializers.", "tf.random_normal_initializer", "tf.initializers")
    ) or short.endswith("_initializer"):
        return Other(
            "initializer", short, node, dict(zip(("value",), arguments, strict=False)) | keywords
        )
    if name.startswith("keras.regularizers."):
        return Other("regularizer", short, node)
    if name.startswith("tf.distribute.") and short.endswith("Strategy"):
        return Other("strategy", short, node)
    if name == "tf.init_scope":
        return Other("lifted", short, node)
    if name in ("tf.train.Checkpoint", "tf.train.CheckpointManager"):
        for value in (*arguments, *keywords.values()):
            updates.touch(reader, value, only_borrowed=True)
        return Other("checkpoint", short, node)
    if name in ("keras.models.clone_model", "keras.clone_model"):
        return _cloned(reader, arguments, node)
    if name in ("keras.models.load_model", "keras.saving.load_model", "tf.saved_model.load"):
        return Unknown("loaded model")
    if name in (
        "np.random.default_rng",
        "np.random.RandomState",
        "tf.random.Generator.from_seed",
        "tf.random.Generator",
    ):
        return Other("generator", short, node)
    if name.startswith(("tf.data.", "keras.preprocessing.")):
        return builtin.make_dataset(reader, name, arguments, keywords, node)
    return None


def _cloned(reader: Reader, arguments: Arguments, node: ast.Call) -> Value:
    if not arguments or not isinstance(arguments[0], Layer):
        return Unknown("clone")
    original = arguments[0]
    return _copy(reader, original, node)


def _copy(reader: Reader, original: Layer, node: ast.Call) -> Layer:
    copy = Layer(
        original.kind, node, reader.path(node), original.name, arguments=original.arguments
    )
    copy.built, copy.trainable, copy.ended_by = (
        original.built,
        original.trainable,
        original.ended_by,
    )
    if original.kind == "Sequential":
        copy.parts = [
            _copy(reader, part, node) if isinstance(part, Layer) else part
            for part in original.parts
        ]
        copy.opaque = original.opaque
    elif original.kind == "Model":
        copy.kind = "Clone"
    return copy
