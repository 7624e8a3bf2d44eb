"""Mends of variables that are made where nobody tracks them."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...finding import Edit, Finding, Fix, Place, Span
from ..python.methods import names_read, names_stored
from .draft import Draft, Function, NoMend, called, keyword
from .reach import argument_of, attribute_of, node_of, only_value, own_name, same_attribute


def untracked_variable(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """A bare variable is made with `add_weight`, or as a Keras variable."""
    made = draft.nearest(node_of(draft, finding), ast.Call)
    if called(made) != "Variable" or not (made.args or made.keywords):
        raise NoMend
    owner = own_name(draft, made)
    statement = draft.statement(made)
    start = argument_of(made, 0, "initial_value")
    if start is None:
        raise NoMend
    known = _initializer(draft, start, draft.scope(made))
    name = keyword(made, "name")
    kept = [word for word in made.keywords if word.arg in ("trainable", "dtype")]
    if owner and known is not None:
        shape, initializer = known
        words = [
            f"name={draft.source(name) if name else repr(attribute_of(statement) or 'weight')}",
            f"shape={shape}",
            f"initializer={initializer}",
            *(f"{word.arg}={draft.source(word.value)}" for word in kept),
        ]
        edits = (draft.replace(made, f"{owner}.add_weight({', '.join(words)})"),)
        yield Fix("make it with `add_weight`, which the layer tracks", False, edits)
    if draft.generation != "2":
        arguments = [draft.source(start)]
        arguments += [f"{word.arg}={draft.source(word.value)}" for word in kept]
        arguments += [f"name={draft.source(name)}"] if name else []
        text = f"{draft.keras}.Variable({', '.join(arguments)})"
        yield Fix("make it a variable of Keras", False, (draft.replace(made, text),))


def _initializer(draft: Draft, start: ast.expr, scope: ast.AST) -> tuple[str, str] | None:
    """Shape and initializer, as text, of a value that a variable starts with."""
    if isinstance(start, ast.Name):
        start = only_value(scope, start.id) or start
    if isinstance(start, ast.UnaryOp) and isinstance(start.operand, ast.Constant):
        return "()", f"{draft.keras}.initializers.Constant({draft.source(start)})"
    if isinstance(start, ast.Constant) and isinstance(start.value, float):
        if start.value in (0.0, 1.0):
            return "()", '"zeros"' if start.value == 0.0 else '"ones"'
        return "()", f"{draft.keras}.initializers.Constant({draft.source(start)})"
    if not isinstance(start, ast.Call):
        return None
    name, shape = called(start), argument_of(start, 0, "shape")
    if shape is None or names_read(start) & names_stored(scope):
        # Locals of the method are there as well; only loop names are not.
        pass
    if shape is None:
        return None
    extra = [word for word in start.keywords if word.arg in ("mean", "stddev", "seed")]
    words = ", ".join(f"{word.arg}={draft.source(word.value)}" for word in extra)
    only = len(start.args) == 1 and len(extra) + (keyword(start, "shape") is not None) == len(
        start.keywords
    )
    if name in ("zeros", "ones") and not words and len(start.args) <= 1:
        return _shape(draft, shape), f'"{name}"'
    if name == "normal" and only and isinstance(start.func, ast.Attribute):
        stddev = "" if keyword(start, "stddev") else "stddev=1.0, "
        return _shape(draft, shape), f"{draft.keras}.initializers.RandomNormal({stddev}{words})"
    return None


def _shape(draft: Draft, shape: ast.expr) -> str:
    text = draft.source(shape)
    return text if isinstance(shape, ast.Tuple | ast.List) else f"({text},)"


def created_in_call(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """What is made in `call` is made in `__init__` instead."""
    made = draft.nearest(node_of(draft, finding), ast.Call)
    while isinstance(made.func, ast.Call):
        made = made.func
    function = draft.scope(made)
    owner = draft.parents[function]
    own = own_name(draft, made)
    if not isinstance(owner, ast.ClassDef) or own is None or not isinstance(function, Function):
        raise NoMend
    local = {node.arg for node in ast.walk(function.args) if isinstance(node, ast.arg)}
    if names_read(made) & ((local | names_stored(*function.body)) - {own}):
        raise NoMend
    build = next(
        (node for node in owner.body if isinstance(node, Function) and node.name == "__init__"),
        None,
    )
    if build is None or own_name(draft, build.body[0]) != own:
        raise NoMend
    turns = [here for here in _turns(draft, made) if draft.scope(here) is function]
    if turns:
        fixed = (local | names_stored(*function.body)) - {own}
        yield _one_for_each(draft, made, turns, build, own, fixed)
        return
    name = keyword(made, "name")
    if isinstance(name, ast.Constant) and str(name.value).isidentifier():
        attribute = str(name.value)
    else:
        attribute = f"{called(made).lower()}_in_call"
    if f"{own}.{attribute}" in draft.text:
        attribute += "_layer"
    line = f"{own}.{attribute} = {draft.source(made)}"
    edits = (draft.after(build.body[-1], line), draft.replace(made, f"{own}.{attribute}"))
    yield Fix("make it once, in `__init__`", False, edits)


_COMPREHENSION = ast.ListComp | ast.GeneratorExp | ast.SetComp | ast.DictComp


def _turns(draft: Draft, made: ast.AST) -> Iterator[ast.AST]:
    """Loops and comprehensions that run through a node more than once."""
    inner = made
    for here in draft.up(made):
        repeats = isinstance(here, _COMPREHENSION | ast.While)
        if repeats or (isinstance(here, ast.For) and inner in here.body):
            yield here
        inner = here


def _one_for_each(
    draft: Draft,
    made: ast.expr,
    turns: list[ast.AST],
    build: ast.FunctionDef | ast.AsyncFunctionDef,
    own: str,
    local: set[str],
) -> Fix:
    """A list of layers, of which each turn takes its own; one for all would share weights."""
    turn = turns[0]
    if len(turns) > 1:
        raise NoMend
    repeated: list[ast.AST]
    if isinstance(turn, ast.ListComp | ast.GeneratorExp) and len(turn.generators) == 1:
        if turn.generators[0].ifs:
            raise NoMend
        target, over, repeated = turn.generators[0].target, turn.generators[0].iter, [turn.elt]
    elif isinstance(turn, ast.For) and not turn.orelse:
        target, over, repeated = turn.target, turn.iter, [*turn.body]
    else:
        raise NoMend
    known = {draft.source(one) for one in ast.walk(build) if isinstance(one, ast.Attribute)}
    kept = {draft.source(one) for one in ast.walk(over) if isinstance(one, ast.Attribute)}
    asked = {one for one in kept if one.startswith(f"{own}.")}
    if not isinstance(target, ast.Name) or names_read(over) & local or not asked <= known:
        raise NoMend
    attribute, each = f"{called(made).lower()}_layers", "layer"
    if each in local or f"{own}.{attribute}" in draft.text:
        raise NoMend
    many, through = f"{own}.{attribute}", draft.source(over)
    line = f"{many} = [{draft.source(made)} for _ in {through}]"
    if target.id in names_read(*repeated):
        each_of, each_in = f"{target.id}, {each}", f"zip({through}, {many})"
    else:
        each_of, each_in = each, many
    edits = (
        draft.after(build.body[-1], line),
        draft.replace(made, each),
        draft.replace(target, each_of),
        draft.replace(over, each_in),
    )
    return Fix("make one for each turn, in `__init__`", False, edits)


def derived_weights_built_once(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """What is derived from a weight is computed wherever it is used."""
    node = node_of(draft, finding)
    statement = draft.statement(node)
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        raise NoMend
    (target,) = statement.targets
    if not isinstance(target, ast.Attribute):
        raise NoMend
    function = draft.scope(statement)
    if isinstance(function, Function) and names_read(statement.value) & (
        names_stored(*function.body) | {each.arg for each in function.args.args[1:]}
    ):
        raise NoMend
    owner = draft.nearest(statement, ast.ClassDef)
    uses = [
        use
        for use in ast.walk(owner)
        if isinstance(use, ast.Attribute)
        and isinstance(use.ctx, ast.Load)
        and same_attribute(use, target)
    ]
    if not uses:
        raise NoMend
    text = draft.operand(statement.value)
    edits = [draft.remove(statement), *(draft.replace(use, text) for use in uses)]
    yield Fix("compute it in `call`", False, tuple(edits))


def int_dtype_variable(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """A variable of integers is made from floats."""
    made = draft.nearest(node_of(draft, finding), ast.Call)
    start = argument_of(made, 0, "initial_value")
    if start is None:
        start = argument_of(made, 0, "initializer")
    if start is None:
        raise NoMend
    edits: list[Edit] = []
    kind = argument_of(made, 5, "dtype") if len(made.args) > 5 else keyword(made, "dtype")
    if kind is not None and "int" in draft.source(kind):
        edits.append(draft.replace(kind, f"{draft.tensorflow}.float32"))
    else:
        numbers = [
            node
            for node in ast.walk(start)
            if isinstance(node, ast.Constant)
            and isinstance(node.value, int)
            and not isinstance(node.value, bool)
        ]
        literal = isinstance(start, ast.Constant | ast.List | ast.Tuple | ast.UnaryOp)
        if literal and numbers:
            edits += [draft.replace(node, f"{draft.source(node)}.0") for node in numbers]
        else:
            text = f"{draft.tensorflow}.cast({draft.source(start)}, {draft.tensorflow}.float32)"
            edits.append(draft.replace(start, text))
    yield Fix("make it from floats", False, tuple(edits))


def untracked_in_container(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """A `tf.Module` that holds Keras layers becomes a Keras layer itself."""
    node = node_of(draft, finding)
    owner = draft.nearest(node, ast.ClassDef)
    bases = [base for base in owner.bases if ast.unparse(base) == f"{draft.tensorflow}.Module"]
    edits: list[Edit] = [draft.replace(base, f"{draft.keras}.layers.Layer") for base in bases]
    if not edits:
        yield from _held_twice(draft, finding)
        return
    for method in owner.body:
        if isinstance(method, Function) and method.name == "__call__":
            line = method.lineno
            column = draft.lines[line - 1].index("__call__") + 1
            edits.append(draft.edit(Span(line, column, line, column + len("__call__")), "call"))
    for variable in ast.walk(owner):
        bare = f"{draft.tensorflow}.Variable"
        if isinstance(variable, ast.Call) and ast.unparse(variable.func) == bare:
            made = Finding("", Place(draft.path, draft.span(variable)))
            edits += next(untracked_variable(draft, made)).edits
    yield Fix("make it a Keras layer, which tracks its parts", False, tuple(edits))


def _held_twice(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The model holds the parts of a plain object in a list of its own as well."""
    plain = {
        node.name: node
        for node in draft.tree.body
        if isinstance(node, ast.ClassDef) and _plain(node) and _layers_of(node)
    }
    for node in ast.walk(draft.tree):
        if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Attribute):
            continue
        made = [called(each) for each in ast.walk(node.value) if called(each) in plain]
        name = attribute_of(node)
        if not made or name is None or _plain(draft.nearest(node, ast.ClassDef)):
            continue
        text = draft.source(node.targets[0])
        fields = _layers_of(plain[made[0]])
        many = isinstance(node.value, ast.List | ast.ListComp)
        one = "one" if many else text
        parts = ", ".join(f"{one}.{field}" for field in fields)
        inside = f"[part for one in {text} for part in ({parts},)]" if many else f"[{parts}]"
        title = "hold its layers in a list of the model, which tracks them"
        yield Fix(title, False, (draft.after(node, f"{text}_parts = {inside}"),))


def _layers_of(owner: ast.ClassDef) -> list[str]:
    """Names of the attributes of a class that hold layers."""
    found: dict[str, None] = {}
    for node in ast.walk(owner):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.update({node.target.id: None} if "Layer" in ast.unparse(node.annotation) else {})
        if isinstance(node, ast.Assign) and "layers." in ast.unparse(node.value):
            name = attribute_of(node)
            if name is not None:
                found[name] = None
    return list(found)


def _plain(owner: ast.ClassDef) -> bool:
    """Says whether a class derives from nothing that tracks."""
    return not [base for base in owner.bases if ast.unparse(base) != "object"]


def constant_weight(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """A tensor that is drawn once becomes a weight of the layer."""
    node = node_of(draft, finding)
    statement = draft.statement(node)
    if not isinstance(statement, ast.Assign):
        raise NoMend
    name, owner = attribute_of(statement), own_name(draft, statement)
    made = statement.value
    if isinstance(made, ast.Tuple | ast.List):
        made = next(one for one in made.elts if any(inner is node for inner in ast.walk(one)))
    around = [here for here in draft.up(statement) if isinstance(here, ast.ClassDef)]
    bases = [ast.unparse(base) for base in around[0].bases] if around else []
    if not bases or bases == [f"{draft.tensorflow}.Module"]:
        text = f"{draft.tensorflow}.Variable"
        if called(made) in ("constant", "convert_to_tensor") and isinstance(made, ast.Call):
            edit = draft.replace(made.func, text)
        else:
            edit = draft.replace(made, f"{text}({draft.source(made)})")
        yield Fix("make it a variable", False, (edit,))
    known = _initializer(draft, made, draft.scope(statement))
    if name is None or owner is None or known is None:
        raise NoMend
    shape, initializer = known
    text = f'{owner}.add_weight(name="{name}", shape={shape}, initializer={initializer})'
    yield Fix("make it a weight of the layer", False, (draft.replace(made, text),))
