"""Calls of libraries: what they make, and what they only pass on."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from .. import escaping
from ..flow import cut, merge
from ..noticing import frozen, halves, modes, saving, state, target_copies
from ..python import binding, builtin, calls, classes, drawing, iterators, tuples
from ..values import (
    Bound,
    Class,
    Constant,
    Dataset,
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
    Tensor,
    Unknown,
    Value,
    Variable,
)
from . import (
    api,
    arrays,
    datasets,
    generations,
    layers,
    losses,
    operations,
    optimizers,
    tapes,
    tensors,
)
from .names import last

if TYPE_CHECKING:
    from ..reader import Reader


Arguments = list[Value]
Keywords = dict[str, Value]


def library(
    reader: Reader, name: str, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value:
    """What a call of a library gives, by its dotted name."""
    halves.policy_set(reader, name, arguments, node)
    generations.graph_gradients(reader, name, node)
    if name in api.GRAPH_LISTS:
        return generations.graph_list(name, node)
    if name.startswith("builtins."):
        return builtin.call(reader, name[9:], arguments, keywords, node)
    maker = _made_by_library(reader, name, arguments, keywords, node)
    if maker is not None:
        return maker
    said = _mode(reader, name, arguments, keywords, node)
    if said is not None:
        return said
    if last(name) == "crf_log_likelihood":
        return _crf(reader, arguments, keywords, node)
    root = name.split(".")[0]
    if root in ("tf", "keras", "tf1") or (root == "jax" and not _with_functions(arguments)):
        return operations.operation(reader, name, arguments, keywords, node)
    if root == "np":
        return arrays.numpy_operation(reader, name, arguments, keywords, node)
    if root in _OF_ARRAYS and not _with_functions(arguments):
        flow = merge(reader.read(value, node) for value in (*arguments, *keywords.values()))
        if flow:
            ends = cut(flow, "numpy", name.rpartition(".")[2], reader.path(node), reader.active)
            return Tensor(ends, "array", made=reader.path(node))
    found = _of_python(reader, name, arguments, keywords, node)
    if found is not None:
        return found
    return _library_call(reader, name, arguments, keywords, node)


def _mode(
    reader: Reader, name: str, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value | None:
    """Asks whether a trace is made, or says that there be none, or which phase it is."""
    if name in ("tf.executing_eagerly", "tf.inside_function"):
        inside = reader.frame.traced is not None
        return Constant(inside == (name == "tf.inside_function"), node)
    if name in _FUNCTIONS_EAGER and arguments:
        reader.runs_eagerly = isinstance(arguments[0], Constant) and bool(arguments[0].value)
    if name == "keras.ops.set_learning_phase":
        modes.phase_set(reader, (*arguments, *keywords.values(), None)[0], node)
    return None


def _of_python(
    reader: Reader, name: str, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value | None:
    """What Python's own libraries give, and `tqdm`, of which the kind is known."""
    if name.startswith("random."):
        frozen.drawn(reader, name, node)
    if name in ("random.sample", "random.choices", "random.choice"):
        rows = drawing.drawn(reader, name, arguments, node)
        if rows is not None:
            return rows
    if name in _RANDOM_NUMBERS:
        return Tensor(form="number")
    if name == "collections.deque":
        return drawing.queue(reader, arguments, keywords, node)
    if name == "dataclasses.field":
        return Other("field", name, node, keywords)
    if name == "types.SimpleNamespace" and not arguments:
        return classes.namespace(reader, keywords, node)
    if name == "collections.namedtuple":
        return tuples.made(arguments, node) or Unknown(name, data=True)
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
    if name in ("itertools.chain", "itertools.chain.from_iterable"):
        parts = ListValue(arguments) if name == "itertools.chain" else (*arguments, None)[0]
        joined = binding.chained(reader, parts, node) if parts is not None else None
        if joined is not None:
            return joined
    if name == "itertools.islice" and arguments and isinstance(arguments[0], Dataset):
        return iterators.iterator(reader, arguments[0], "islice", node)
    if name == "copy.deepcopy" and arguments and isinstance(arguments[0], Layer | Instance):
        return Unknown("copy", data=True)
    return None


def _crf(reader: Reader, arguments: Arguments, keywords: Keywords, node: ast.AST) -> Value:
    """The likelihood of tags, and the weights between tags: the very ones that were given."""
    values = [*arguments, *keywords.values()]
    flow = merge(reader.read(value, node) for value in values)
    weights = keywords.get("transition_params", (*arguments, None, None, None, None)[3])
    likelihood = Tensor(flow, made=reader.path(node))
    return ListValue([likelihood, weights or Unknown(data=True)], True, fixed=True)


def _with_functions(arguments: Arguments) -> bool:
    """Says whether a function of the program is handed over, to be changed or called elsewhere."""
    return any(isinstance(one, Function | Bound | Partial) for one in arguments)


def _library_call(
    reader: Reader, name: str, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value:
    """A function of another library: it reads only what it is given."""
    values = [*arguments, *keywords.values()]
    for value in values:
        if isinstance(value, Function | Bound | Partial | Instance | Layer | Class):
            escaping.touch(reader, value)
            return calls.unknown_call(reader, Unknown(name), arguments, keywords, node)
        if isinstance(value, Variable | Group) and last(name)[:1].isupper():
            # An object that keeps the variable may read it later.
            for kept in values:
                escaping.escape(reader, kept)
                escaping.touch(reader, kept)
            return Unknown(name)
        escaping.escape(reader, value)
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
    return _other_made(reader, name, arguments, keywords, node)


_KINDS = {
    "tf.init_scope": "lifted",
    "contextlib.ExitStack": "exit stack",
    "np.random.default_rng": "generator",
    "np.random.RandomState": "generator",
    "tf.random.Generator": "generator",
    "tf.random.Generator.from_seed": "generator",
}
"""What only its kind is asked of, by its name."""

_OF_ARRAYS = frozenset("sklearn scipy skimage cv2 statsmodels".split())
"""Libraries that compute with arrays of NumPy, whatever they are given."""

_RANDOM_NUMBERS = frozenset(
    f"random.{name}" for name in "random uniform gauss normalvariate randint randrange".split()
)

_FUNCTIONS_EAGER = (
    "tf.config.run_functions_eagerly",
    "tf.config.experimental_run_functions_eagerly",
)

_INITIALIZERS = ("keras.initializers.", "tf.random_normal_initializer", "tf.initializers")


def _other_made(
    reader: Reader, name: str, arguments: Arguments, keywords: Keywords, node: ast.Call
) -> Value | None:
    short = last(name)
    if short in api.SCHEDULES and "schedules" in name:
        return _schedule(short, arguments, keywords, node)
    if name.startswith("keras.optimizers.") or short.endswith("Optimizer"):
        return _optimizer(reader, name, arguments, keywords, node)
    if name in ("keras.losses.get", "keras.losses.deserialize"):
        return _loss_got(arguments[0] if arguments else keywords.get("identifier"), node)
    if name.startswith("keras.losses."):
        return _loss(reader, short, arguments, keywords, node)
    if name.startswith("keras.metrics."):
        return _metric(reader, short, arguments, keywords, node)
    if name.startswith(_INITIALIZERS) or short.endswith("_initializer"):
        given = dict(zip(("value",), arguments, strict=False)) | keywords
        return Other("initializer", short, node, given)
    if name == "keras.ops.get":  # so `keras.activations` is called here
        return _activation(arguments[0] if arguments else keywords.get("identifier"))
    if name.startswith("keras.regularizers."):
        factors = {str(number): value for number, value in enumerate(arguments)}
        return Other("regularizer", short, node, factors | keywords)
    if name.startswith("tf.distribute.") and short.endswith("Strategy"):
        return Other("strategy", short, node)
    if name in _KINDS:
        return Other(_KINDS[name], short, node)
    if name in ("keras.models.clone_model", "keras.clone_model"):
        return _cloned(reader, arguments, node)
    if name.startswith("keras.callbacks."):
        return calls.unknown_call(reader, Unknown(name), arguments, keywords, node)
    if name.startswith(("tf.data.", "keras.preprocessing.")):
        return datasets.make_dataset(reader, name, arguments, keywords, node)
    return _kept(reader, name, arguments, keywords, node)


_THIRD = {
    "ExponentialDecay": ("decay_rate",),
    "InverseTimeDecay": ("decay_rate",),
    "PolynomialDecay": ("end_learning_rate",),
    "CosineDecay": ("alpha",),
}


def _schedule(short: str, arguments: Arguments, keywords: Keywords, node: ast.Call) -> Other:
    names = ("initial_learning_rate", "decay_steps", *_THIRD.get(short, ()))
    if short == "PiecewiseConstantDecay":
        names = ("boundaries", "values")
    return Other("schedule", short, node, dict(zip(names, arguments, strict=False)) | keywords)


def _optimizer(
    reader: Reader, name: str, arguments: Arguments, keywords: Keywords, node: ast.Call
) -> Value:
    short = last(name)
    ours = name.startswith("keras.optimizers.") and short in api.OPTIMIZERS
    if ours or short == "LossScaleOptimizer":
        return optimizers.make_optimizer(reader, short, arguments, keywords, node)
    if name == "keras.optimizers.get":
        return _optimizer_got(reader, arguments, node)
    # Such as those of `tf.compat.v1.train`.
    return Unknown(name)


def _loss(
    reader: Reader, short: str, arguments: Arguments, keywords: Keywords, node: ast.Call
) -> Value:
    """A loss of Keras: its class is made, its function called."""
    if not short[:1].isupper():
        function = LossFunction(short, node, keywords)
        return losses.loss_called(reader, function, arguments, keywords, node)
    if short in api.CROSS_ENTROPIES:
        keywords = dict(zip(("from_logits",), arguments, strict=False)) | keywords
    return LossFunction(short, node, keywords)


def _loss_got(given: Value | None, node: ast.Call) -> Value:
    """`keras.losses.get("mse")`, or what it was given already."""
    if isinstance(given, Constant) and isinstance(given.value, str):
        short = given.value
        return (
            LossFunction(short, node) if short[:1].isupper() else Library(f"keras.losses.{short}")
        )
    known = isinstance(given, LossFunction | Library | Function | Instance | Bound | Partial)
    return given if known and given is not None else Unknown("keras.losses.get")


def _metric(
    reader: Reader, short: str, arguments: Arguments, keywords: Keywords, node: ast.Call
) -> Value | None:
    """A metric of Keras: its class is made; some of its functions are losses too."""
    if short[:1].isupper():
        state.created(reader, "metric", short, node)
        return Other("metric", short, node)
    if short in api.CROSS_ENTROPIES or short.startswith("mean_"):
        return _loss(reader, short, arguments, keywords, node)
    if short.endswith("_accuracy"):
        flow = merge(reader.read(one, node) for one in (*arguments, *keywords.values()))
        ended = cut(flow, "nondifferentiable", short, reader.path(node), reader.active)
        return Tensor(ended, made=reader.path(node))
    return None


def _kept(
    reader: Reader, name: str, arguments: Arguments, keywords: Keywords, node: ast.Call
) -> Value | None:
    """What goes into files, or comes from them."""
    if name in ("tf.train.Checkpoint", "tf.train.CheckpointManager"):
        for value in (*arguments, *keywords.values()):
            escaping.borrow(reader, value)
        return saving.checkpoint(reader, last(name), arguments, keywords, node)
    if name == "tf.train.latest_checkpoint":
        return saving.latest(arguments, node)
    if name == "tensorflow_hub.KerasLayer":
        return layers.from_hub(reader, keywords, node)
    if name in ("keras.models.load_model", "keras.saving.load_model", "tf.saved_model.load"):
        return Unknown("loaded model")
    return None


def _activation(named: Value | None) -> Value | None:
    """`keras.activations.get("relu")`, or what it was given already."""
    if isinstance(named, Constant):
        known = named.value if isinstance(named.value, str) else "linear"
        return Library(f"keras.ops.{known}" if known != "linear" else "tf.identity")
    return named if isinstance(named, Library | Function | Layer) else None


def _optimizer_got(reader: Reader, arguments: Arguments, node: ast.Call) -> Value:
    """`keras.optimizers.get("adam")`, or what it was given already."""
    given = arguments[0] if arguments else None
    if isinstance(given, Optimizer):
        return given
    text = str(given.value).lower() if isinstance(given, Constant) else ""
    kinds = {kind.lower(): kind for kind in api.OPTIMIZERS}
    if text in kinds:
        return optimizers.make_optimizer(reader, kinds[text], [], {}, node)
    return Unknown("keras.optimizers.get")


def _cloned(reader: Reader, arguments: Arguments, node: ast.Call) -> Value:
    if not arguments or not isinstance(arguments[0], Layer):
        return Unknown("clone")
    original = arguments[0]
    copy = _copy(reader, original, node)
    target_copies.cloned(reader, original, copy)
    return copy


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
