"""Mends of lists of variables that are cut, or read too early."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...finding import Edit, Finding, Fix, Span
from ..python.methods import names_read, names_stored
from .draft import Draft, Function, NoMend, called, keyword, same
from .reach import node_of, only_value, same_attribute


def variables_read_before_build(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The list is read where it is used, when the variables are there."""
    early = draft.nearest(node_of(draft, finding), ast.expr)
    statement = draft.statement(early)
    if not isinstance(statement, ast.Assign) or statement.value is not early:
        raise NoMend
    (target,) = statement.targets
    text = draft.operand(early)
    if isinstance(target, ast.Name):
        scope = draft.scope(statement)
        uses = _uses(scope, target.id, statement)
        needed = names_read(early)
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
        if any(name != "self" for name in names_read(value)):
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
            hidden |= (given | names_stored(*scope.body)) - {"self"}
    return hidden & names


def variable_left_out(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """What the loss depends on is added to the list that trains."""
    sources = draft.nearest(node_of(draft, finding), ast.expr)
    extra: list[str] = []
    for name in finding.variables:
        text = _reachable(draft, name, sources)
        extra += [text] if text else []
    extra = list(dict.fromkeys(extra or _used(draft, finding, sources)))
    if not extra:
        raise NoMend
    scope = draft.scope(sources)
    holders = [sources]
    if isinstance(sources, ast.Name):
        value = only_value(scope, sources.id) or only_value(draft.tree, sources.id)
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
    edits = tuple(edit for node in holders for edit in _longer(draft, node, extra))
    yield Fix("add its variables to the list", False, edits)


def _longer(draft: Draft, node: ast.expr, extra: list[str]) -> Iterator[Edit]:
    """A list with more at its end: one that is written out takes it in."""
    if not isinstance(node, ast.List) or not node.elts:
        yield draft.replace(node, " + ".join([draft.operand(node), *extra]))
        return
    items = [text[1:-1] if text.startswith("[") else f"*{text}" for text in extra]
    span = draft.span(node.elts[-1])
    line = draft.lines[span.end_line - 1]
    lead, rest = line[: span.column - 1], line[span.end_column - 1 :]
    behind = Span(span.end_line, span.end_column, span.end_line, span.end_column)
    if lead.strip() or "]" in rest or span.line != span.end_line:
        yield draft.edit(behind, "".join(f", {item}" for item in items))
        return
    # One to a line: a comment stays with its own.
    ended = rest.startswith(",")
    if not ended:
        yield draft.edit(behind, ",")
    more = ",".join(f"\n{lead}{item}" for item in items)
    end = Span(span.end_line, len(line) + 1, span.end_line, len(line) + 1)
    yield draft.edit(end, f"{more}," if ended else more)


def _reachable(draft: Draft, name: str, near: ast.expr) -> str:
    """An expression for the variables of what is called by a name there, if known."""
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
    return ""


def _used(draft: Draft, finding: Finding, near: ast.expr) -> Iterator[str]:
    """Variables of what is called where the finding says that they are used."""
    for there in finding.related:
        around = list(draft.up(draft.at(there.place.span)))
        if any(called(node) == "gradient" for node in around):
            continue
        for node in around:
            if not isinstance(node, ast.Call) or draft.scope(node) is not draft.scope(near):
                continue
            text = draft.source(node.func)
            if isinstance(node.func, ast.Name | ast.Attribute) and text not in draft.source(near):
                yield f"{text}.trainable_variables"
                return


def non_trainable_in_list(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The list is made of trainable variables where it gets its name."""
    sources = node_of(draft, finding)
    names = {node.id for node in ast.walk(sources) if isinstance(node, ast.Name)}
    edits = [
        draft.replace(part, f"{draft.source(part.value)}.trainable_{part.attr}")
        for node in ast.walk(draft.tree)
        if isinstance(node, ast.Assign) and names_stored(*node.targets) & names
        for part in ast.walk(node.value)
        if isinstance(part, ast.Attribute) and part.attr in ("weights", "variables")
    ]
    if edits:
        yield Fix("ask for the trainable variables", False, tuple(edits))


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
