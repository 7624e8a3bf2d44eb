"""Comprehensions and generator expressions: loops that make a value."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..framework import parts
from ..joining import truth
from ..noticing import asked_by_name, rounds, sharing
from ..values import Constant, DictValue, ListValue, Scope, Unknown, Value, Zip
from . import binding, iterators, loops

if TYPE_CHECKING:
    from ..reader import Reader


@dataclass(eq=False, repr=False)
class _Rounds:
    """What the rounds gave, as keys and values; owners without variables; what was zipped."""

    rows: list[tuple[Value, Value]] = field(default_factory=list)
    unbuilt: dict[int, object] = field(default_factory=dict)
    zipped: Zip | None = None


def comprehension(
    reader: Reader, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp
) -> Value:
    """What a comprehension gives: each element once, loops of unknown length twice."""
    gathered = _Rounds()
    scope = Scope()
    frame = reader.frame
    before = frame.scopes
    frame.scopes = (scope, *before)
    try:
        exact = _generate(reader, node, 0, gathered)
    finally:
        frame.scopes = before
    results = gathered.rows
    if isinstance(node, ast.DictComp):
        items = {
            key.value if isinstance(key, Constant) else f"?{i}": value
            for i, (key, value) in enumerate(results)
        }
        if len(results) > 1 or not exact:
            sharing.lent(reader, [value for _, value in results], node.value)
        # Keys that nobody knows may be the same.
        apart = all(isinstance(key, Constant) for key, _ in results)
        return DictValue(items, exact and apart, lasting=reader.frame.traced is None)
    made = ListValue([value for _, value in results], exact, node=node)
    made.unbuilt = tuple(gathered.unbuilt.values())
    if gathered.zipped is not None and _hands_on(node):
        made.pairs = (gathered.zipped, made.items)
    if isinstance(node, ast.GeneratorExp):
        iterators.given_once(reader, made, "a generator expression", node)
    return made


def _hands_on(node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> bool:
    """`[(g, v) for g, v in zip(gradients, variables)]` gives what the zip does."""
    loop = node.generators[0]
    plain = len(node.generators) == 1 and not loop.ifs and isinstance(node.elt, ast.Tuple)
    return plain and ast.unparse(node.elt) == ast.unparse(loop.target)


def _generate(
    reader: Reader,
    node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp,
    depth: int,
    made: _Rounds,
) -> bool:
    if depth == len(node.generators):
        if isinstance(node, ast.DictComp):
            made.rows.append((reader.evaluate(node.key), reader.evaluate(node.value)))
        else:
            made.rows.append((Constant(None), reader.evaluate(node.elt)))
        return True
    generator = node.generators[depth]
    iterated = reader.evaluate(generator.iter)
    if isinstance(iterated, ListValue):
        made.unbuilt.update((id(owner), owner) for owner in iterated.unbuilt)
    elif isinstance(iterated, Zip):
        made.zipped = iterated
    asked_by_name.look(reader, node, generator, iterated)
    found, complete = binding.elements(reader, iterated, generator.iter)
    if complete and len(found) > 1 and not generator.ifs:
        reader.facts.turning.add(id(generator))
    if not complete:
        # One stands for all, but lists of variables would lose owners.
        owned = [one for one in found if loops.is_part(one) or _is_key(one)]
        found = owned or found[:1] or [Unknown(data=True)]
    once, before = None, rounds.of(reader).updates
    if not isinstance(node, ast.GeneratorExp):
        once = iterators.gathering_begins(reader, generator, iterated)
    reader.frame.looping += 1
    reader.frame.gathering += 1
    reader.frame.long_loops += not complete
    exact = complete
    for element in found[:64]:
        passes = _round(reader, node, generator, element)
        if passes is not False:
            inner = _generate(reader, node, depth + 1, made)
            exact = exact and inner and passes is True
    if not complete:
        # A second round, so that what one round leaves meets the next.
        visits = reader.loops.get(id(node), 0)
        reader.loops[id(node)] = visits + 1
        if visits < 1:
            _generate_again(reader, node, generator, found, depth)
    reader.frame.looping -= 1
    reader.frame.gathering -= 1
    reader.frame.long_loops -= not complete
    iterators.gathering_ends(reader, generator, once, before)
    return exact


def _is_key(element: Value) -> bool:
    """Says whether this is an index or the key of a dict: each stands for another value."""
    return isinstance(element, Constant) and isinstance(element.value, str | int)


def _round(
    reader: Reader,
    node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp,
    generator: ast.comprehension,
    element: Value,
) -> bool | None:
    """Gives its element to one round, and says whether the conditions let it pass, if known."""
    binding.bind(reader, generator.target, element, node, loop=True)
    choice = parts.picked(element, generator)
    if choice.part is not None:
        binding.bind(reader, generator.target, choice.part, node, loop=True)
    known = [truth(reader.evaluate(test)) for test in generator.ifs]
    if choice.known:
        return choice.part is not None
    if False in known:
        return False
    return None if None in known else True


def _generate_again(
    reader: Reader,
    node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp,
    generator: ast.comprehension,
    found: list[Value],
    depth: int,
) -> None:
    for element in found[:1]:
        binding.bind(reader, generator.target, element, node, loop=True)
        _generate(reader, node, depth + 1, _Rounds())
