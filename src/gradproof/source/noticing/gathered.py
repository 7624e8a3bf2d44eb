"""Gradients that were added up, or kept, before they are handed to an optimizer.

Who adds up gradients keeps a list of buffers or sums. Entry by entry it is not known
what such a list holds, but as a whole it is: gradients for the variables of these models.
Where it meets a list of variables that has nothing of them, each pair is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..framework import applying, relations, tapes
from ..values import Asked, GradientOf, Layer, ListValue, Tensor, Value, Variable

if TYPE_CHECKING:
    from ...evidence.loop import ApplyCall, Spot
    from ..reader import Reader


@dataclass(eq=False, repr=False)
class Gathered:
    """What buffers hold, over the whole reading.

    `held`: for each variable, by its identity, the gradients that were ever assigned
    to it; `given`: updates whose pairs are not settled, with both lists.
    """

    held: dict[int, list[GradientOf]] = field(default_factory=dict)
    given: list[tuple[ApplyCall, Value, Value]] = field(default_factory=list)


def assigned(reader: Reader, variable: Variable, gradients: list[GradientOf]) -> None:
    """A variable takes gradients of other variables."""
    reader.facts.gathered.held.setdefault(id(variable), []).extend(gradients)


def applied(
    reader: Reader, fact: ApplyCall, gradients: Value | None, variables: Value | None
) -> None:
    """An optimizer is given two lists, of which nothing is known entry by entry."""
    lists = isinstance(gradients, ListValue) and isinstance(variables, ListValue)
    if lists and fact.relation == "unknown" and fact.form == "pairs" and not reader.silent:
        reader.facts.gathered.given.append((fact, gradients, variables))  # type: ignore[arg-type]


def finish(reader: Reader) -> None:
    """Says of lists that were handed over whether they have to do with each other."""
    found = dict(_apart(reader))
    reader.facts.applies = {found.get(fact, fact): None for fact in reader.facts.applies}


def _apart(reader: Reader) -> Iterator[tuple[ApplyCall, ApplyCall]]:
    """Updates that give the gradients of some models to others, before and after that is said."""
    for fact, gradients, variables in reader.facts.gathered.given:
        held = _held(reader, gradients)
        taken = _owners(one.source for one in held)
        given = _owners(tapes.entries(variables))
        if taken and given and not {*map(id, taken)} & {*map(id, given)}:
            calls = {id(one.call): one.call for one in held}
            asked = next(iter(calls.values())) if len(calls) == 1 else None
            yield (
                fact,
                fact._replace(
                    relation="different",
                    taken_for=tapes.names(taken),
                    applied_to=tapes.names(given),
                    sources=_written(reader, fact, asked),
                ),
            )


def _written(reader: Reader, fact: ApplyCall, asked: Asked | None) -> Spot | None:
    """The list in the gradient call, if what is written there means the same at the update."""
    sources = applying.sources_of(reader, asked)
    own = sources is not None and sources.text.startswith("self.")
    return sources if own and sources.path == fact.at.path else None  # type: ignore[union-attr]


def _held(reader: Reader, gradients: Value) -> list[GradientOf]:
    """The gradients that are in a list; none if anything else may be in it."""
    found: list[GradientOf] = []
    for entry in tapes.entries(gradients):
        if not isinstance(entry, Tensor | Variable):
            return []
        read = {entry} if isinstance(entry, Variable) else {*entry.flow}
        buffers = [one for one in read if isinstance(one, Variable)]
        held = [one for buffer in buffers for one in reader.facts.gathered.held.get(id(buffer), [])]
        held += (one for one in read if isinstance(one, GradientOf))
        behind = (thing for one in held for thing in one.call.target.flow)
        if read - {*buffers, *held, *behind} or any(buffer.touched for buffer in buffers):
            return []
        found += held
    return found


def _owners(variables: Iterable[Value]) -> list[object]:
    """Whose variables these are; none if one is unknown, or may be a copy of another's."""
    owners = {id(owner): owner for owner in map(tapes.owner_of, variables)}
    return [*owners.values()] if all(map(_stands_alone, owners.values())) else []


def _stands_alone(owner: object) -> bool:
    """Says whether the values of this are surely no other's."""
    written = isinstance(owner, Variable) and owner.assigned
    return isinstance(owner, Layer | Variable) and not written and not relations.copied(owner)
