"""Gradient calls as the record holds them: every visit of one call joined."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..evidence.loop import Break, Connection, GradientCall, ModelCall, Owned, Spot
from ..finding import Span
from . import breaks, connections
from .dependence import Trail
from .framework import api, ownership, parts, tapes
from .noticing import left_by_name, target_copies, trainable_flips
from .values import Asked, Group, Instance, Layer, ListValue, Unknown, Variable

if TYPE_CHECKING:
    from .facts import Facts
    from .question import Question
    from .reader import Reader


def answered(
    reader: Reader, questions: list[Question], facts: Facts
) -> tuple[tuple[GradientCall, ...], tuple[ModelCall, ...]]:
    """The facts of all gradient calls, once the whole file is read."""
    connected = {id(owner) for q in questions for owner, found in q.found if found.live}
    sources = [source for q in questions for source in tapes.entries(q.asked.sources)]
    asked_for = tapes.possible(tapes.owner_of(source) for source in sources)
    unbiased = parts.without_bias(sources)
    by_name = left_by_name.lists(reader) if questions else frozenset()
    calls: dict[GradientCall, None] = {}
    modes: dict[ast.AST, dict[str, str]] = {}
    for question in questions:
        for node, mode in question.modes:
            # Told in one step of two that train it: then the other is meant.
            if not mode.trained:
                kind = mode.layer.kind
                modes.setdefault(node, {})[mode.layer.name or kind] = kind
        calls[_answer(reader, question, facts, connected, asked_for, unbiased, by_name)] = None
    model_calls = tuple(
        ModelCall(
            reader.spot(node),
            tuple(kinds),
            _before_bracket(reader, node),
            frozenset(kinds.values()),
            reader.spot(facts.left_flags[id(node)]) if id(node) in facts.left_flags else None,
        )
        for node, kinds in modes.items()
    )
    return tuple(calls), model_calls


def _before_bracket(reader: Reader, node: ast.AST) -> Spot | None:
    """Where one more argument fits; nowhere if the flag is passed already."""
    if not isinstance(node, ast.Call) or not (node.args or node.keywords):
        return None
    if any(one.arg in ("training", None) for one in node.keywords):
        return None
    last = node.keywords[-1].value if node.keywords else node.args[-1]
    span = reader.span(last)
    return Spot(Span(span.end_line, span.end_column, span.end_line, span.end_column), "")


def _answer(
    reader: Reader,
    question: Question,
    facts: Facts,
    connected: set[int],
    asked_for: set[int],
    unbiased: set[int],
    by_name: frozenset[str],
) -> GradientCall:
    asked = question.asked
    node = asked.node
    spot = reader.spot
    links = [
        *(found for _, found in question.found),
        *_unused(reader, question, connected),
        *_partly_dead(reader, question, facts),
    ]
    arguments = {keyword.arg: keyword.value for keyword in node.keywords}
    target = arguments.get("target", node.args[0] if node.args else node)
    sources = arguments.get("sources", node.args[1] if len(node.args) > 1 else node)
    chosen = left_by_name.leaves_out(sources) or ast.unparse(sources) in by_name
    left_out = (
        *_left_out(reader, question, facts, asked_for),
        *_biases(reader, question, facts, unbiased),
    )
    unmoved = _unmoved(reader, question, facts)
    off = bool(unmoved and facts.habits.switched_off)
    if chosen:
        facts.meant["variable-left-out", spot(node)] = None
    if off:
        facts.meant["gradients-never-applied", spot(node)] = None
    # `fit` opens a tape of its own, and its loss has no name in the program.
    fitted = asked.tape.node is node
    early = question.early
    early_owners = list(early.owner) if early is not None and isinstance(early.owner, tuple) else []
    return GradientCall(
        at=spot(node),
        target=spot(node)._replace(text="loss") if fitted else spot(target),
        sources=spot(sources),
        tape=spot(asked.tape.node),
        persistent=asked.tape.persistent is not False,
        asked_before=spot(question.earlier) if question.earlier is not None else None,
        connections=tuple(links),
        left_out=() if chosen else left_out,
        listed=_listed_elsewhere(reader, asked) if left_out or question.non_trainable else None,
        untracked=tuple(_untracked(reader, question)),
        non_trainable=tapes.names(question.non_trainable)
        or tuple(_kind(o) for o in question.non_trainable[:1]),
        early=spot(early.node) if early is not None and early.node is not None else None,
        early_names=tapes.names(early_owners),
        unmoved=() if off else unmoved,
        zeros_asked=question.zeros,
    )


def _unused(reader: Reader, question: Question, connected: set[int]) -> Iterator[Connection]:
    """Layers that are asked for, that an optimizer gets, and that no target depends on."""
    asked = question.asked
    for owner, path in question.unused:
        if not path and _drops_none(reader, asked.node):
            continue
        if id(owner) not in connected and not question.zeros and id(owner) in asked.applied:
            # What a class makes and never calls is told where it is made.
            held = not path and _made_by_a_class(reader, owner.node)  # type: ignore[attr-defined]
            at = path[-1] if path else owner.node if held else asked.node  # type: ignore[attr-defined]
            lost = Break("unused", "made" if held else "", reader.spot(at))
            yield Connection(ownership.name_of(owner), "layer", False, lost)


def _partly_dead(reader: Reader, question: Question, facts: Facts) -> Iterator[Connection]:
    """Terms that reach a source by NumPy only, and train nothing else of the tape either."""
    tape = question.asked.tape
    same = (one for one in facts.asked if one.asked.tape is tape)
    asked = {id(owner) for one in same for owner, _ in one.found}
    flow = facts.target_flow(question.asked.target)
    for owner, found in question.found:
        if not found.live or found.lost is not None:
            continue
        ends = {id(one.cut.path[-1]) for one in flow.get(owner, ()) if one.cut is not None}
        for cut, helping in facts.partly_dead.get(id(owner), ()):
            part = id(cut.path[-1]) in ends and tape.number in cut.tapes
            if part and not helping & asked:
                trail = Trail(frozenset(), cut.path, cut)
                yield Connection(found.name, found.kind, True, breaks.cut(reader, tape, trail))


def _made_by_a_class(reader: Reader, made: ast.AST) -> bool:
    around = reader.source_of(reader.span(made).line).around(made)
    return any(isinstance(one, ast.ClassDef) for one in around)


def _untracked(reader: Reader, question: Question) -> Iterator[Owned]:
    """What the target depends on, that the owner of the sources does not know of."""
    for thing, hidden, path in question.untracked:
        if not _moves(thing) and not connections.is_off(thing):  # type: ignore[arg-type]
            yield Owned(
                ownership.name_of(thing),
                reader.spot(thing.node),  # type: ignore[attr-defined]
                reader.spot(path[-1]),
                _kind(thing),
                hidden.reason,
                reader.spot(hidden.beyond) if hidden.beyond is not None else None,
            )


def _listed_elsewhere(reader: Reader, asked: Asked) -> Spot | None:
    """Where the list of sources was put together, if another function does that."""
    sources = asked.sources
    if not isinstance(sources, ListValue) or sources.node is None:
        return None
    made, here = reader.spot(sources.node), reader.spot(asked.node)
    functions = [one for one in ast.walk(reader.source.tree) if isinstance(one, ast.FunctionDef)]

    def around(spot: Spot) -> list[ast.FunctionDef]:
        line = spot.span.line
        return [one for one in functions if one.lineno <= line <= (one.end_lineno or 0)]

    helper = around(made)[-1:] if not made.path else []
    if helper and helper != around(here)[-1:] and _is_told(helper[0], sources.node):
        calls = _calls_of(reader, helper[0].name)
        return reader.spot(calls[0]) if len(calls) == 1 else made
    if made.text in ("[]", "list()"):
        # It was filled later: with what was read elsewhere, maybe.
        groups = (one for one in sources.items if isinstance(one, Group))
        read = next((one.node for one in groups if one.which == "all"), None)
        if read is None:
            return None
        made = reader.spot(read)
    return made if made.path != here.path or around(made) != around(here) else None


def _is_told(helper: ast.FunctionDef, made: ast.AST) -> bool:
    """Says whether all that a list is made of was handed to the function that makes it."""
    given = {one.arg for one in helper.args.args} - {"self", "cls"}
    names = [one for one in ast.walk(made) if isinstance(one, ast.Name)]
    bound = {one.id for one in names if isinstance(one.ctx, ast.Store)}
    read = {one.id for one in names if isinstance(one.ctx, ast.Load)}
    return bool(read & given) and read <= given | bound


def _calls_of(reader: Reader, name: str) -> list[ast.Call]:
    return [
        one
        for one in ast.walk(reader.source.tree)
        if isinstance(one, ast.Call)
        and name in (getattr(one.func, "id", ""), getattr(one.func, "attr", ""))
    ]


def _drops_none(reader: Reader, node: ast.AST) -> bool:
    """Says whether the function takes out gradients that are None: it expects some."""
    around = [one for one in reader.around(node) if isinstance(one, ast.FunctionDef)]
    return any(
        isinstance(test, ast.Compare)
        and isinstance(test.ops[0], ast.IsNot)
        and ast.unparse(test.comparators[0]) == "None"
        for part in ast.walk(around[-1] if around else reader.home(node).tree)
        if isinstance(part, ast.ListComp | ast.GeneratorExp)
        for generator in part.generators
        for test in generator.ifs
    )


def _kind(thing: object) -> str:
    if isinstance(thing, Variable):
        return thing.kind
    return thing.kind if isinstance(thing, Layer) else ""


def _moves(thing: object) -> bool:
    if isinstance(thing, Variable):
        return thing.updated or thing.assigned or thing.touched
    if isinstance(thing, Layer):
        return thing.updated or thing.borrowed or thing.touched
    return True


def _left_out(reader: Reader, question: Question, facts: Facts, asked_for: set[int]) -> list[Owned]:
    found: list[Owned] = []
    connected = any(c.live for o, c in question.found if not isinstance(o, Unknown))
    if facts.untold_apply or facts.joins_later or question.speculative or not connected:
        return found
    for thing, path in question.left_out:
        if id(thing) in asked_for or _moves(thing) or connections.is_off(thing):  # type: ignore[arg-type]
            continue
        if isinstance(thing, Layer) and (
            thing.kind in api.WITHOUT_VARIABLES or thing.trainable is not True or thing.opaque
        ):
            continue
        if isinstance(thing, Variable) and (thing.trainable is not True or thing.whole is True):
            continue
        if isinstance(thing, Layer) and not any(isinstance(o, Layer) for o, _ in question.found):
            # An input is optimised through a network that stands still.
            continue
        if trainable_flips.thawed_after(reader, question.asked, thing):
            continue
        if target_copies.is_reference(reader, thing):
            continue
        made = reader.spot(getattr(thing, "node", path[-1]))
        found.append(Owned(ownership.name_of(thing), made, reader.spot(path[-1]), _kind(thing)))
    return found


def _biases(
    reader: Reader, question: Question, facts: Facts, unbiased: set[int]
) -> Iterator[Owned]:
    """Biases of layers of which every list has the kernels only."""
    if facts.untold_apply or question.speculative:
        return
    for owner, link in question.found:
        if not isinstance(owner, Layer) or id(owner) not in unbiased or not link.live:
            continue
        trained = owner.updated and owner.trainable is True
        if trained and not (owner.borrowed or owner.touched or owner.opaque):
            name = f"{owner.name}/bias" if owner.name else "bias"
            yield Owned(name, reader.spot(owner.node), None, owner.kind)


def _unmoved(reader: Reader, question: Question, facts: Facts) -> tuple[str, ...]:
    asked = question.asked
    if asked.escaped or question.inner or facts.untold_apply or not question.looping:
        return ()
    if reader.cut_short:
        # What was not read may apply them.
        return ()
    owners = [
        owner for owner in map(tapes.owner_of, tapes.entries(asked.sources)) if owner is not None
    ]
    if not _has_optimizer(facts) and not asked.target.loss:
        owners = [owner for owner in owners if id(owner) in facts.new_values]
    if not owners or any(isinstance(owner, Instance) for owner in owners):
        return ()
    if any(isinstance(owner, Unknown) for owner in owners) and _used_at_all(asked, facts):
        return ()
    still = [owner for owner in owners if id(owner) not in asked.used and _stands_still(owner)]
    # Of a loop over new values the reader sees one round: one line makes those of all.
    arrived = {id(owner) for owner in owners} - {id(owner) for owner in still}
    made = [facts.new_values[key] for key in arrived & facts.new_values.keys()]
    still = [owner for owner in still if facts.new_values.get(id(owner)) not in made]
    return tapes.names(still) or (("the variables",) if still else ())


def _used_at_all(asked: Asked, facts: Facts) -> bool:
    """Says whether any visit of this call put its gradients to use."""
    visits = (question.asked for question in facts.asked if question.asked.node is asked.node)
    return any(visit.used or visit.escaped for visit in visits)


def _stands_still(owner: object) -> bool:
    if isinstance(owner, Unknown):
        # What else may happen to it, these gradients were for nothing.
        return True
    if isinstance(owner, Layer) and owner.kept:
        return not (owner.updated or owner.touched or connections.is_off(owner))
    return not _moves(owner) and not connections.is_off(owner)  # type: ignore[arg-type]


def _has_optimizer(facts: Facts) -> bool:
    return bool(facts.optimizers) or facts.fits
