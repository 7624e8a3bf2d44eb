"""Where the path from a variable to the target of a gradient is lost."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from ..evidence.loop import Break
from .dependence import Path, Trail
from .noticing import earlier
from .python.methods import name_of
from .values import Layer, Tape, Variable

if TYPE_CHECKING:
    from .question import Question
    from .reader import Reader


def cut(reader: Reader, tape: Tape, trail: Trail) -> Break:
    """An operation through which no gradient passes."""
    assert trail.cut is not None
    node = trail.cut.path[-1]
    if trail.cut.kind == "numpy" and id(node) in reader.facts.aside:
        # A method that acts, or measures, gives an array rightly; not so under the tape.
        node = in_frame_of(trail.cut.path, tape.path)
        return Break(trail.cut.kind, trail.cut.operation, reader.spot(node))
    path = trail.cut.path
    inside = trail.cut.kind == "numpy" and len(path) > len(tape.path)
    by = _named_for_it(reader, path) if inside else ""
    if by:
        return Break(trail.cut.kind, f"{by}()", reader.spot(path[-2]), reader.spot(node))
    around = reader.facts.wrapped.get(id(node))
    origin = reader.spot(around) if around is not None else None
    caller = reader.spot(path[-2]) if len(path) > len(tape.path) else None
    return Break(trail.cut.kind, trail.cut.operation, reader.spot(node), None, origin, caller)


_ON_PURPOSE = re.compile(r"(^|_)(numpy|np|ndarray|detach(ed)?|host|python|scalar)$")
"""Names of functions that are there to take values out: who calls them asks for that."""


def _named_for_it(reader: Reader, path: Path) -> str:
    """The function around the end of a path, if it does rightly what is wrong on this path.

    Its name says that it takes values out, or others call it for what else it does with them.
    """
    call, node = path[-2] if len(path) > 1 else None, path[-1]
    name = name_of(call.func) if isinstance(call, ast.Call) else ""
    made = [one for one in reader.around(node) if isinstance(one, ast.FunctionDef)][-1:]
    if not name or [one.name for one in made] != [name]:
        return ""
    given = {one.arg for one in made[0].args.args}
    own = isinstance(node, ast.Call) and given & {
        one.id
        for one in (*node.args, getattr(node.func, "value", None))
        if isinstance(one, ast.Name)
    }
    aside = own and any(
        isinstance(one, ast.Expr)
        and isinstance(one.value, ast.Call)
        and name_of(one.value.func) == name
        for one in reader.home(node).nodes
    )
    return name if aside or _ON_PURPOSE.search(name) else ""


def outside(reader: Reader, question: Question, trail: Trail, owner: object | None = None) -> Break:
    """What was computed where the tape of the question does not record."""
    tape = question.asked.tape
    path = trail.read
    if trail.left is not None and tape.number in trail.left[0] and trail.left[1]:
        path = trail.left[1]
    taken = reader.facts.taken.get(id(owner))
    if taken is not None and any(one is trail.read[-1] for one in ast.walk(taken)):
        # A tensor that was made of it took its name; the list still has the variable.
        return Break("rebound", "", reader.spot(taken), None, reader.spot(question.asked.node))
    built = id(trail.read[-1]) in reader.built_reads
    alone = isinstance(owner, Variable) and question.looping
    if built or (alone and earlier.derived_before(reader, trail.read, tape.path)):
        made = owner.path if isinstance(owner, Variable | Layer) else ()
        # In the function that made it, or else in the one that runs the steps.
        common = max(shared(trail.read, made), shared(trail.read, tape.path))
        return Break("built once", "", reader.spot(trail.read[common]))
    node = in_frame_of(path, tape.path)
    inner, caller = path[-1], None
    if _methods_of_one(path, tape.path):
        # What one method leaves to another is told in its own lines.
        node, caller = path[shared(path, tape.path) + 1], reader.spot(node)
    return Break(
        "outside",
        "",
        reader.spot(node),
        reader.spot(inner) if inner is not node else None,
        reader.spot(tape.node),
        caller,
    )


def _methods_of_one(path: Path, other: Path) -> bool:
    """Says whether `path` and `other` lead into two methods of an object, called side by side."""
    common = shared(path, other)
    if common >= len(path) - 1 or common >= len(other) - 1:
        return False
    calls = (path[common], other[common])
    objects = [
        ast.unparse(one.func.value)
        for one in calls
        if isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute)
    ]
    return len(objects) == 2 and objects[0] == objects[1]


def shared(path: Path, other: Path) -> int:
    """With how many steps, but not all, `path` begins as `other` does."""
    depth = 0
    while depth < len(path) - 1 and depth < len(other) - 1 and path[depth] is other[depth]:
        depth += 1
    return depth


def in_frame_of(path: Path, other: Path) -> ast.AST:
    """The first step of `path` that `other` does not share."""
    return path[shared(path, other)]
