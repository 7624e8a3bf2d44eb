"""Methods of a model that take `training` and keep it to themselves."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..framework import api
from ..values import Class
from . import habits

if TYPE_CHECKING:
    from ..reader import Reader

_FLAG = "training"
_KERAS = frozenset({"call", "__call__", "build", "train_step", "test_step", "predict_step"})


def look(reader: Reader, cls: Class) -> None:
    """Looks for calls that leave a helper of the class at its default, inference."""
    if cls.base not in ("layer", "model") or reader.silent:
        return
    methods = [node for node in cls.node.body if isinstance(node, ast.FunctionDef)]
    for method in methods:
        _look_for_decisions(reader, cls, method)
    for helper in methods:
        if helper.name in _KERAS or not _is_off(helper) or not _passes_on(helper):
            continue
        calls = [
            (method, call)
            for method in methods
            if method is not helper
            for call in _calls(method, helper.name)
        ]
        # Where one call decides, the others may mean the default.
        if not calls or any(_decides(call, helper) for _, call in calls):
            continue
        for method, call in calls:
            if _reads_flag(method):
                others = ((reader.spot(helper), "takes `training`, False by default"),)
                names = (f"self.{helper.name}",)
                spot = reader.spot(call)
                habits.remark(reader, "training-flag-missing", spot, "kept", names, others)


def _look_for_decisions(reader: Reader, cls: Class, method: ast.FunctionDef) -> None:
    """`self.drop(x, training=False)` in a `call` that takes `training` and never reads it.

    Who writes that for a model or a normalisation that came with weights keeps these as they
    are; a layer that the class makes itself has nothing to keep.
    """
    read = any(
        isinstance(node, ast.Name) and node.id == _FLAG and isinstance(node.ctx, ast.Load)
        for node in ast.walk(method)
    )
    if not _reads_flag(method) or read or method.args.kwarg is not None:
        return
    decided = [
        node
        for node in ast.walk(method)
        if isinstance(node, ast.Call)
        for word in node.keywords
        if word.arg == _FLAG and isinstance(word.value, ast.Constant) and word.value.value is False
    ]
    fresh = _made_fresh(reader.source.tree, cls.node) if decided else set()
    for node in decided:
        name = ast.unparse(node.func)
        if name in fresh:
            others = ((reader.spot(method), "takes `training`, and never reads it"),)
            spot = reader.spot(node)
            habits.remark(reader, "training-flag-missing", spot, "decided", (name,), others)


_KEEPING = frozenset({"load_weights", "load_model", "set_weights", "restore", "from_pretrained"})
"""Names that tell of weights from elsewhere, whose statistics are kept on purpose."""


def _made_fresh(tree: ast.AST, cls: ast.ClassDef) -> set[str]:
    """Attributes that the class fills with layers that care about the mode, untrained ones."""
    kept = any(
        getattr(node, "attr", None) in _KEEPING or getattr(node, "arg", None) == "weights"
        for node in ast.walk(tree)
    )
    frozen = any(
        isinstance(node, ast.Assign | ast.keyword)
        and isinstance(node.value, ast.Constant)
        and node.value.value is False
        and "trainable" in (getattr(node, "arg", None), *_attributes_set(node))
        for node in ast.walk(tree)
    )
    found = set()
    own = {one.name: one for one in ast.walk(tree) if isinstance(one, ast.ClassDef)}
    for node in ast.walk(cls):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            kinds = _kinds(own, ast.unparse(node.value.func).rpartition(".")[2])
            keeps = kinds & api.WITH_MOVING_STATISTICS and (kept or frozen)
            if kinds & api.BEHAVES_DIFFERENTLY and not keeps:
                found |= {ast.unparse(target) for target in node.targets}
    return found


def _kinds(own: dict[str, ast.ClassDef], kind: str, depth: int = 0) -> set[str]:
    """A kind of layer, and for a class of the file the kinds that its objects hold."""
    found = {kind}
    for node in ast.walk(own[kind]) if kind in own and depth < 4 else ():
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            name = ast.unparse(node.value.func).rpartition(".")[2]
            found |= _kinds(own, name, depth + 1) if name != kind else set()
    return found


def _attributes_set(node: ast.AST) -> list[str]:
    return [one.attr for one in getattr(node, "targets", ()) if isinstance(one, ast.Attribute)]


def _is_off(method: ast.FunctionDef) -> bool:
    """`training=False` or `training=None` among the parameters."""
    arguments = method.args
    positional = [*arguments.posonlyargs, *arguments.args]
    optional = positional[len(positional) - len(arguments.defaults) :]
    defaults: dict[str, ast.expr | None] = {
        one.arg: value
        for ones, values in (
            (optional, arguments.defaults),
            (arguments.kwonlyargs, arguments.kw_defaults),
        )
        for one, value in zip(ones, values, strict=True)
    }
    value = defaults.get(_FLAG)
    return isinstance(value, ast.Constant) and not value.value


def _passes_on(method: ast.FunctionDef) -> bool:
    """The flag reaches a layer: `self.norm(x, training=training)`."""
    return any(
        word.arg == _FLAG and isinstance(word.value, ast.Name) and word.value.id == _FLAG
        for node in ast.walk(method)
        if isinstance(node, ast.Call)
        for word in node.keywords
    )


def _calls(method: ast.FunctionDef, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(method):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == f"self.{name}":
            yield node


def _decides(call: ast.Call, helper: ast.FunctionDef) -> bool:
    """The call says which mode is meant, or may."""
    names = [one.arg for one in (*helper.args.posonlyargs, *helper.args.args)][1:]
    place = names.index(_FLAG) if _FLAG in names else len(names)
    starred = any(isinstance(one, ast.Starred) for one in call.args)
    return (
        starred
        or len(call.args) > place
        or any(word.arg in (_FLAG, None) for word in call.keywords)
    )


def _reads_flag(method: ast.FunctionDef) -> bool:
    """The caller was told the mode, and tells others."""
    given = (*method.args.posonlyargs, *method.args.args, *method.args.kwonlyargs)
    return any(one.arg == _FLAG for one in given)
