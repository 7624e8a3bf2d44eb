"""What a mend finds around a place: names, attributes, optimizers."""

from __future__ import annotations

import ast

from ...finding import Edit, Finding, Span
from ..python.bound import values_of
from ..python.methods import names_read, names_stored
from .draft import Draft, Function, NoMend, keyword


def node_of(draft: Draft, finding: Finding) -> ast.AST:
    """What stands at the place of a finding.

    Raises:
        NoMend: It has none.
    """
    if finding.place is None:
        raise NoMend
    return draft.at(finding.place.span)


def own_name(draft: Draft, node: ast.AST) -> str | None:
    """How a method calls its object."""
    function = draft.scope(node)
    if not isinstance(function, Function) or not isinstance(draft.parents[function], ast.ClassDef):
        return None
    arguments = [*function.args.posonlyargs, *function.args.args]
    return arguments[0].arg if arguments else None


def attribute_of(statement: ast.stmt) -> str | None:
    """Name of the attribute that a statement gives a value to."""
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    first = targets[0] if targets else None
    return first.attr if isinstance(first, ast.Attribute) else None


def argument_of(call: ast.Call, number: int, name: str) -> ast.expr | None:
    """What a call is given at a position, or by a name."""
    if len(call.args) > number:
        return call.args[number]
    return keyword(call, name)


def without_argument(draft: Draft, call: ast.Call, name: str) -> Edit:
    """Takes a named argument out of a call, with its comma.

    Raises:
        NoMend: The call has no such argument.
    """
    given: list[ast.expr | ast.keyword] = [*call.args, *call.keywords]
    given.sort(key=lambda each: (each.lineno, each.col_offset))
    here = next(
        (each for each in given if isinstance(each, ast.keyword) and each.arg == name), None
    )
    if here is None:
        raise NoMend
    number, span = given.index(here), draft.span(here)
    if number:
        left = draft.span(given[number - 1])
        return draft.edit(Span(left.end_line, left.end_column, span.end_line, span.end_column), "")
    if len(given) > 1:
        right = draft.span(given[1])
        return draft.edit(Span(span.line, span.column, right.line, right.column), "")
    return draft.replace(here, "")


def only_value(scope: ast.AST, name: str) -> ast.expr | None:
    """The value of a name that is given one once, in its own statement."""
    values = values_of(scope, name)
    return values[0] if len(values) == 1 else None


def same_attribute(one: ast.Attribute, other: ast.Attribute) -> bool:
    """Says whether two nodes name one attribute of one thing."""
    return one.attr == other.attr and ast.unparse(one.value) == ast.unparse(other.value)


def known_before(draft: Draft, statement: ast.stmt) -> set[str]:
    """Names that have a value when a statement begins."""
    scope = draft.scope(statement)
    names = {node.arg for node in ast.walk(scope) if isinstance(node, ast.arg)}
    for where in (scope, draft.tree):
        for node in ast.walk(where):
            if not isinstance(node, ast.Name) or isinstance(node.ctx, ast.Load):
                continue
            if node.lineno < statement.lineno or draft.scope(node) is not scope:
                names.add(node.id)
    return names


def optimizers_in_reach(draft: Draft, near: ast.stmt) -> list[str]:
    """Expressions for optimizers in reach, those that nobody uses first."""
    found: list[str] = []
    method = draft.scope(near)
    owner = draft.parents.get(method)
    for node in ast.walk(draft.tree):
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call):
            continue
        if not makes_optimizer(draft, node.value):
            continue
        for target in node.targets:
            text = draft.source(target)
            local = draft.scope(node) in (draft.tree, method)
            own = isinstance(owner, ast.ClassDef) and owner in list(draft.up(node))
            if (isinstance(target, ast.Name) and local) or (text.startswith("self.") and own):
                found.append(text)
    in_class = isinstance(owner, ast.ClassDef)
    if in_class and isinstance(method, Function) and method.name == "train_step":
        found.insert(0, "self.optimizer")
    if isinstance(method, Function):
        found += [each.arg for each in method.args.args if "optimizer" in each.arg]
    if isinstance(owner, ast.ClassDef):
        found += [
            ast.unparse(node)
            for node in ast.walk(owner)
            if isinstance(node, ast.Attribute)
            and node.attr == "optimizer"
            and isinstance(node.value, ast.Name)
            and node.value.id == "self"
        ]
    unique = list(dict.fromkeys(found))
    return sorted(unique, key=lambda name: f"{name}.apply" in draft.text)


def makes_optimizer(draft: Draft, call: ast.Call) -> bool:
    """Says whether a call makes an optimizer."""
    text = ast.unparse(call.func)
    return (
        "optimizers." in text or text.endswith("Optimizer") or _imported_optimizer(draft, call.func)
    )


def _imported_optimizer(draft: Draft, function: ast.expr) -> bool:
    for node in ast.walk(draft.tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").endswith("optimizers"):
            names = {alias.asname or alias.name for alias in node.names}
            return isinstance(function, ast.Name) and function.id in names
    return False


def tape_of(draft: Draft, call: ast.Call) -> ast.With:
    """The `with` block of the tape that is asked."""
    asked = names_read(call.func)
    for node in ast.walk(draft.scope(call)):
        if isinstance(node, ast.With) and names_stored(*node.items) & asked:
            return node
    raise NoMend


def closed(draft: Draft, node: ast.expr, text: str) -> str:
    """The text in brackets, where it stands among operators."""
    tight = isinstance(draft.parents[node], ast.BinOp | ast.UnaryOp | ast.Attribute | ast.Subscript)
    return f"({text})" if tight else text


def whole_lines(draft: Draft, first: int, last: int) -> Span:
    """Lines from their first column to the end of the last."""
    return Span(first, 1, last, len(draft.lines[last - 1]) + 1)
