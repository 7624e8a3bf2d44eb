"""Mends of stage "tracked": variables get into the list that trains."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...finding import Edit, Finding, Fix
from .draft import Draft, Function, NoMend, called, keyword, loaded, same, stored


def untracked_variable(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """A bare variable is made with `add_weight`, or as a Keras variable."""
    made = draft.nearest(_at(draft, finding), ast.Call)
    if called(made) != "Variable" or not (made.args or made.keywords):
        raise NoMend
    owner = _self(draft, made)
    statement = draft.statement(made)
    start = _argument(made, 0, "initial_value")
    if start is None:
        raise NoMend
    known = _initializer(draft, start, draft.scope(made))
    name = keyword(made, "name")
    kept = [word for word in made.keywords if word.arg in ("trainable", "dtype")]
    if owner and known is not None:
        shape, initializer = known
        words = [
            f"name={draft.source(name) if name else repr(_attribute(statement) or 'weight')}",
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


def _at(draft: Draft, finding: Finding) -> ast.AST:
    if finding.place is None:
        raise NoMend
    return draft.at(finding.place.span)


def _self(draft: Draft, node: ast.AST) -> str | None:
    """How a method calls its object."""
    function = draft.scope(node)
    if not isinstance(function, Function) or not isinstance(draft.parents[function], ast.ClassDef):
        return None
    arguments = [*function.args.posonlyargs, *function.args.args]
    return arguments[0].arg if arguments else None


def _attribute(statement: ast.stmt) -> str | None:
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    first = targets[0] if targets else None
    return first.attr if isinstance(first, ast.Attribute) else None


def _argument(call: ast.Call, number: int, name: str) -> ast.expr | None:
    if len(call.args) > number:
        return call.args[number]
    return keyword(call, name)


def _initializer(draft: Draft, start: ast.expr, scope: ast.AST) -> tuple[str, str] | None:
    """Shape and initializer, as text, of a value that a variable starts with."""
    if isinstance(start, ast.Name):
        start = _only_value(scope, start.id) or start
    if isinstance(start, ast.UnaryOp) and isinstance(start.operand, ast.Constant):
        return "()", f"{draft.keras}.initializers.Constant({draft.source(start)})"
    if isinstance(start, ast.Constant) and isinstance(start.value, float):
        if start.value in (0.0, 1.0):
            return "()", '"zeros"' if start.value == 0.0 else '"ones"'
        return "()", f"{draft.keras}.initializers.Constant({draft.source(start)})"
    if not isinstance(start, ast.Call):
        return None
    name, shape = called(start), _argument(start, 0, "shape")
    if shape is None or loaded(start) & stored(scope):
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


def _only_value(scope: ast.AST, name: str) -> ast.expr | None:
    """The value of a name that is given one once, in its own statement."""
    values = [
        node.value
        for node in ast.walk(scope)
        if isinstance(node, ast.Assign)
        and len(node.targets) == 1
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id == name
    ]
    return values[0] if len(values) == 1 else None


def variables_read_before_build(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The list is read where it is used, when the variables are there."""
    early = draft.nearest(_at(draft, finding), ast.expr)
    statement = draft.statement(early)
    if not isinstance(statement, ast.Assign) or statement.value is not early:
        raise NoMend
    (target,) = statement.targets
    text = draft.operand(early)
    if isinstance(target, ast.Name):
        scope = draft.scope(statement)
        uses = _uses(scope, target.id, statement)
        needed = loaded(early)
    elif isinstance(target, ast.Attribute):
        owner = draft.nearest(statement, ast.ClassDef)
        uses = [
            node
            for node in ast.walk(owner)
            if isinstance(node, ast.Attribute)
            and isinstance(node.ctx, ast.Load)
            and same_attribute(node, target)
        ]
        text, needed = _in_terms_of_self(draft, early, statement), {"self"}
    else:
        raise NoMend
    if not uses or needed & _local_to_uses(draft, uses, needed):
        raise NoMend
    edits = [draft.remove(statement), *(draft.replace(use, text) for use in uses)]
    yield Fix("read the list where it is used", False, tuple(edits))


def same_attribute(one: ast.Attribute, other: ast.Attribute) -> bool:
    """Says whether two nodes name one attribute of one thing."""
    return one.attr == other.attr and ast.unparse(one.value) == ast.unparse(other.value)


def _uses(scope: ast.AST, name: str, statement: ast.stmt) -> list[ast.AST]:
    """Where a name of a scope is read; none if it gets other values too."""
    stores = [
        node
        for node in ast.walk(scope)
        if isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Load)
    ]
    arguments = [node for node in ast.walk(scope) if isinstance(node, ast.arg) and node.arg == name]
    if len(stores) != 1 or arguments:
        return []
    return [
        node
        for node in ast.walk(scope)
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)
    ]


def _in_terms_of_self(draft: Draft, value: ast.expr, statement: ast.stmt) -> str:
    """The text of a value with the names of a method as attributes of self."""
    function = draft.scope(statement)
    known = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name):
            for target in node.targets:
                if isinstance(target, ast.Attribute):
                    known[node.value.id] = draft.source(target)
    text = draft.operand(value)
    if not isinstance(value, ast.Attribute) or not isinstance(value.value, ast.Name):
        if any(name != "self" for name in loaded(value)):
            raise NoMend
        return text
    if value.value.id == "self":
        return text
    if value.value.id not in known:
        raise NoMend
    return f"{known[value.value.id]}.{value.attr}"


def _local_to_uses(draft: Draft, uses: list[ast.AST], names: set[str]) -> set[str]:
    """Names that mean something else where the uses stand."""
    hidden: set[str] = set()
    for use in uses:
        scope = draft.scope(use)
        if isinstance(scope, Function):
            given = {node.arg for node in ast.walk(scope.args) if isinstance(node, ast.arg)}
            hidden |= (given | stored(*scope.body)) - {"self"}
    return hidden & names


def created_in_call(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """What is made in `call` is made in `__init__` instead."""
    made = draft.nearest(_at(draft, finding), ast.Call)
    while isinstance(made.func, ast.Call):
        made = made.func
    function = draft.scope(made)
    owner = draft.parents[function]
    own = _self(draft, made)
    if not isinstance(owner, ast.ClassDef) or own is None or not isinstance(function, Function):
        raise NoMend
    local = {node.arg for node in ast.walk(function.args) if isinstance(node, ast.arg)}
    if loaded(made) & ((local | stored(*function.body)) - {own}):
        raise NoMend
    build = next(
        (node for node in owner.body if isinstance(node, Function) and node.name == "__init__"),
        None,
    )
    if build is None or _self(draft, build.body[0]) != own:
        raise NoMend
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


def derived_weights_built_once(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """What is derived from a weight is computed wherever it is used."""
    node = _at(draft, finding)
    statement = draft.statement(node)
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        raise NoMend
    (target,) = statement.targets
    if not isinstance(target, ast.Attribute):
        raise NoMend
    function = draft.scope(statement)
    if isinstance(function, Function) and loaded(statement.value) & (
        stored(*function.body) | {each.arg for each in function.args.args[1:]}
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


def variable_left_out(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """What the loss depends on is added to the list that trains."""
    sources = draft.nearest(_at(draft, finding), ast.expr)
    extra: list[str] = []
    for name in finding.variables:
        text = _reachable(draft, name, sources)
        if text not in extra:
            extra.append(text)
    if not extra:
        raise NoMend
    scope = draft.scope(sources)
    holders = [sources]
    if isinstance(sources, ast.Name):
        value = _only_value(scope, sources.id) or _only_value(draft.tree, sources.id)
        if value is None:
            raise NoMend
        holders = [value]
    else:
        holders += [
            node
            for node in ast.walk(scope)
            if isinstance(node, ast.expr)
            and node is not sources
            and same(node, sources)
            and isinstance(getattr(node, "ctx", ast.Load()), ast.Load)
            and called(draft.parents[node]) in ("zip", "build", "apply", "minimize")
        ]
    edits = tuple(
        draft.replace(node, " + ".join([draft.operand(node), *extra])) for node in holders
    )
    yield Fix("add its variables to the list", False, edits)


def _reachable(draft: Draft, name: str, near: ast.expr) -> str:
    """An expression for the variables of what is called by a name there.

    Raises:
        NoMend: No expression is known.
    """
    short = name.split(".")[-1].split("/")[0]
    scope = draft.scope(near)
    for where in (scope, draft.tree):
        for node in ast.walk(where):
            if not isinstance(node, ast.Call) or isinstance(node.func, ast.Call):
                continue
            callee = node.func
            last = getattr(callee, "attr", getattr(callee, "id", ""))
            if last == short and name != "":
                text = draft.source(callee)
                if text.startswith("self.") and draft.scope(node) is not scope:
                    continue
                return f"{text}.trainable_variables"
    for node in ast.walk(draft.tree):
        if isinstance(node, ast.Assign) and _names(node.value, short):
            text = _held(draft, node, near)
            if text:
                return text
    for node in ast.walk(draft.tree):
        if isinstance(node, ast.Assign) and called(node.value) in ("Variable", "add_weight"):
            for target in node.targets:
                if getattr(target, "id", None) == short:
                    return f"[{draft.source(target)}]"
    raise NoMend


def _names(value: ast.expr, name: str) -> bool:
    """Says whether an expression makes something of that name."""
    for node in ast.walk(value):
        word = keyword(node, "name") if isinstance(node, ast.Call) else None
        if isinstance(word, ast.Constant) and word.value == name:
            return True
        if isinstance(word, ast.JoinedStr) and isinstance(word.values[0], ast.Constant):
            return name.startswith(str(word.values[0].value)) and bool(word.values[0].value)
    return False


def _held(draft: Draft, node: ast.Assign, near: ast.expr) -> str:
    """An expression, in reach of another one, for the variables of what is made."""
    target = node.targets[0]
    bare = not any(
        isinstance(each, ast.Attribute) and "ayers" in ast.unparse(each)
        for each in ast.walk(node.value)
    )
    many = isinstance(node.value, ast.ListComp | ast.List)
    if isinstance(target, ast.Name):
        text = target.id
    elif isinstance(target, ast.Attribute):
        owner = draft.nearest(node, ast.ClassDef)
        text = draft.source(target)
        if owner not in list(draft.up(near)):
            made = [
                each.targets[0].id
                for each in draft.tree.body
                if isinstance(each, ast.Assign)
                and called(each.value) == owner.name
                and isinstance(each.targets[0], ast.Name)
            ]
            text = f"{made[0]}.{target.attr}" if made else ""
    else:
        return ""
    if not text:
        return ""
    if not bare:
        return f"{text}.trainable_variables" if not many else ""
    return text if many else f"[{text}]"


def int_dtype_variable(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """A variable of integers is made from floats."""
    made = draft.nearest(_at(draft, finding), ast.Call)
    start = _argument(made, 0, "initial_value")
    if start is None:
        start = _argument(made, 0, "initializer")
    if start is None:
        raise NoMend
    edits: list[Edit] = []
    kind = _argument(made, 5, "dtype") if len(made.args) > 5 else keyword(made, "dtype")
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


def trainable_flip_ignored(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The model is compiled again, or the step traced again, after the flip."""
    flip = draft.statement(_at(draft, finding))
    block = draft.block(flip)
    before = block[: block.index(flip)]
    for statement in reversed(before):
        if isinstance(statement, ast.Expr) and called(statement.value) == "compile":
            fix = (draft.after(flip, draft.source(statement)),)
            yield Fix("compile again after the change", False, fix)
            break
    # A loop that flips several layers ends before the step is traced again.
    outer = [here for here in draft.up(flip) if here in draft.tree.body]
    last = outer[0] if outer and isinstance(outer[0], ast.For) else flip
    assert isinstance(last, ast.stmt)
    block = draft.block(last)
    after = block[block.index(last) + 1 :]
    wanted = loaded(*after)
    for node in draft.tree.body:
        if isinstance(node, Function) and node.name in wanted:
            wanted = wanted | loaded(*node.body)
    for step in ast.walk(draft.tree):
        if not isinstance(step, Function) or step.name not in wanted:
            continue
        if draft.scope(flip) is draft.tree and any(
            "function" in ast.unparse(mark) for mark in step.decorator_list
        ):
            line = f"{step.name} = {draft.tensorflow}.function({step.name}.python_function)"
            yield Fix("trace the step again after the change", False, (draft.after(last, line),))


def untracked_in_container(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """A `tf.Module` that holds Keras layers becomes a Keras layer itself."""
    node = _at(draft, finding)
    owner = draft.nearest(node, ast.ClassDef)
    bases = [base for base in owner.bases if ast.unparse(base) == f"{draft.tensorflow}.Module"]
    edits: list[Edit] = [draft.replace(base, f"{draft.keras}.layers.Layer") for base in bases]
    if not edits:
        yield from _held_twice(draft, finding)
        return
    for method in owner.body:
        if isinstance(method, Function) and method.name == "__call__":
            line = method.lineno
            text = draft.lines[line - 1]
            column = text.index("__call__") + 1
            span = finding.place.span if finding.place else None
            if span is not None:
                here = type(span)(line, column, line, column + len("__call__"))
                edits.append(draft.edit(here, "call"))
    for variable in ast.walk(owner):
        if (
            isinstance(variable, ast.Call)
            and ast.unparse(variable.func) == f"{draft.tensorflow}.Variable"
        ):
            place = finding.place
            if place is None:
                continue
            made = Finding("", type(place)(draft.path, draft.span(variable)))
            edits += next(untracked_variable(draft, made)).edits
    yield Fix("make it a Keras layer, which tracks its parts", False, tuple(edits))


def _held_twice(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The model holds the parts of a plain object in a list of its own as well."""
    plain = {
        node.name: node
        for node in draft.tree.body
        if isinstance(node, ast.ClassDef) and "Layer" in ast.unparse(node) and _plain(node)
    }
    for node in ast.walk(draft.tree):
        if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Attribute):
            continue
        made = [called(each) for each in ast.walk(node.value) if called(each) in plain]
        name = _attribute(node)
        if not made or name is None or _plain(draft.nearest(node, ast.ClassDef)):
            continue
        text = draft.source(node.targets[0])
        many = isinstance(node.value, ast.List | ast.ListComp)
        loop = f"for one in {text} for part in" if many else "for part in"
        parts = "vars(one).values()" if many else f"vars({text}).values()"
        line = f"{text}_parts = [part {loop} {parts}]"
        title = "hold its layers in a list of the model, which tracks them"
        yield Fix(title, False, (draft.after(node, line),))


def _plain(owner: ast.ClassDef) -> bool:
    """Says whether a class derives from nothing that tracks."""
    return not [base for base in owner.bases if ast.unparse(base) != "object"]


MENDS = {
    "untracked-variable": untracked_variable,
    "untracked-in-container": untracked_in_container,
    "variables-read-before-build": variables_read_before_build,
    "created-in-call": created_in_call,
    "trainable-flip-ignored": trainable_flip_ignored,
    "variable-left-out": variable_left_out,
    "int-dtype-variable": int_dtype_variable,
    "derived-weights-built-once": derived_weights_built_once,
}
