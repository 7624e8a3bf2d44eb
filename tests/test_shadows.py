"""Names that a comprehension takes from the module around it."""

from __future__ import annotations

import ast
from pathlib import Path

import gradproof

FILES = sorted(Path(gradproof.__file__).parent.rglob("*.py"))
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def shadowed(text: str) -> list[str]:
    """Functions of a module that are the variable of one comprehension and called in another."""
    tree = ast.parse(text)
    public = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            public |= {(one.asname or one.name).split(".")[0] for one in node.names}
    found = []
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        comprehensions = [one for one in ast.walk(function) if isinstance(one, COMPREHENSIONS)]
        taken: set[str] = set()
        for one in comprehensions:
            for part in one.generators:
                names = (name for name in ast.walk(part.target) if isinstance(name, ast.Name))
                taken |= {name.id for name in names}
        calls = (one for one in ast.walk(function) if isinstance(one, ast.Call))
        used = {call.func.id for call in calls if isinstance(call.func, ast.Name)}
        found += [f"{function.name}: {name}" for name in sorted(taken & used & public)]
    return found


def test_shadowed():
    """The form that Python 3.12.1 takes for an unbound variable."""
    text = "def of(x): ...\ndef all_of(xs):\n    ys = [of for of in xs]\n    return [of(y) for y in ys]"
    assert shadowed(text) == ["all_of: of"]


def test_no_function_is_the_variable_of_a_comprehension():
    """Python 3.12.1, which inlines comprehensions, then fails to call the function."""
    found = {path.name: shadowed(path.read_text()) for path in FILES}
    assert {name: functions for name, functions in found.items() if functions} == {}
