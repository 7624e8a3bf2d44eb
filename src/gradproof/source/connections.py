"""How the target of each gradient hangs together with each source."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ..evidence.loop import Break, Connection
from . import breaks, watched_tensors
from .dependence import ANYTHING, ASIDE, Flow, Path, Trail
from .framework import api, ownership, tapes
from .joining import leaves
from .noticing import made_anew, trainable_flips
from .python.methods import name_of
from .question import Mode, Question
from .values import (
    Asked,
    Frozen,
    Group,
    Instance,
    Layer,
    ListValue,
    Tape,
    Tensor,
    Unknown,
    Value,
    Variable,
)
from .watched_tensors import has_a_way

if TYPE_CHECKING:
    from .reader import Reader


def ask(
    reader: Reader, asked: Asked, *, zeros: bool, earlier: ast.AST | None, modes: dict[int, Mode]
) -> Question:
    """Looks at every source while the values of this visit are known."""
    question = Question(
        asked,
        zeros,
        earlier if asked.tape.persistent is False else None,
        [],
        [],
        [],
        [],
        None,
        any(frame.looping for frame in reader.frames),
        reader.speculative,
        [],
        [],
        inner=bool(reader.active),
    )
    flow = reader.facts.target_flow(asked.target)
    sources = tapes.entries(asked.sources)
    owners = [tapes.owner_of(source) for source in sources]
    # What `get_weights` gives is copies, of which nothing else can be said.
    copies = isinstance(asked.sources, ListValue) and asked.sources.which == "values"
    for source in sources if not copies else ():
        _look(reader, question, source, flow)
    for term in asked.target.terms:
        if asked.tape.number in term.tapes:
            lost = breaks.cut(reader, asked.tape, Trail(frozenset(), term.path, term))
            question.found.extend(
                (thing, Connection(ownership.name_of(thing), "layer", True, lost))
                for thing, trails in flow.items()
                if any(trail.cut is term for trail in trails)
            )
    _look_at_detours(reader, question, flow, owners)
    if isinstance(asked.sources, ListValue):
        _look_at_list(reader, question, asked.sources, flow)
    _look_beyond(reader, question, flow, tapes.possible(owners), sources)
    # With gradients from above it is a part of some other step.
    inner = any(keyword.arg == "output_gradients" for keyword in asked.node.keywords)
    for mode in modes.values() if not inner else ():
        told = asked.tape.number in mode.running
        unsaid = [node for node, tapes_ in mode.unsaid.items() if asked.tape.number in tapes_]
        if not (told or unsaid) or not _trains(mode.layer, owners, reader, asked.sources):
            continue
        if told:
            mode.trained = True
        else:
            question.modes.extend((node, mode) for node in unsaid)
    return question


def _trains(layer: Layer, owners: list[object | None], reader: Reader, sources: Value) -> bool:
    """Says whether the layer belongs to what this gradient trains."""
    if any(owner is layer for owner in owners):
        return True
    if isinstance(sources, ListValue):
        holders = sources.owner if isinstance(sources.owner, tuple) else (sources.owner,)
        for holder in holders:
            if isinstance(holder, Layer | Instance) and any(
                item is layer for item in ownership.tracked(reader, holder)
            ):
                return True
    return False


def _look(reader: Reader, question: Question, source: Value, flow: Flow) -> None:
    owner = tapes.owner_of(source)
    if isinstance(owner, Variable | Layer):
        trails = flow.get(owner, ())
        if isinstance(owner, Variable) and owner.whole is True and trails:
            lost = Break("integer", "integer dtype", reader.spot(owner.node), None, None)
            question.found.append(
                (owner, Connection(owner.name or "variable", "variable", False, lost))
            )
            return
        if is_off(owner) and isinstance(source, Group | Variable):
            told = id(owner) in question.asked.tape.watched_owners
            if isinstance(owner, Variable) and trails and not told:
                question.non_trainable.append(owner)
            if isinstance(owner, Layer) and trails:
                trainable_flips.frozen_after(reader, question.asked, owner)
            return
        question.found.append((owner, _connection(reader, question, owner, trails, flow)))
    elif isinstance(owner, Unknown) and flow.get(owner):
        # A model that was handed in: its call is what connects it.
        question.found.append((owner, _connection(reader, question, owner, flow[owner], flow)))
    elif isinstance(source, Tensor):
        watched_tensors.look(reader, question, source, flow)


def _look_at_detours(
    reader: Reader, question: Question, flow: Flow, owners: list[object | None]
) -> None:
    """Ways of what is trained through NumPy, or unseen code, into another layer."""
    trained = {id(owner) for owner in owners if owner is not None}
    number = question.asked.tape.number
    for owner, found in list(question.found):
        if not found.live or found.lost is not None or not isinstance(owner, Layer | Variable):
            continue
        for trail in flow.get(owner, ()):
            cut = trail.cut
            if cut is None or cut.kind not in ("numpy", "opaque") or number not in cut.tapes:
                continue
            if reader.facts.detours.get(id(cut.path[-1]), set()) & (trained - {id(owner)}):
                lost = breaks.cut(reader, question.asked.tape, trail)
                question.found.append((owner, Connection(found.name, found.kind, True, lost)))
                break


def is_off(owner: Variable | Layer) -> bool:
    """Says whether its flag keeps it from training."""
    return owner.trainable is False


def _connection(
    reader: Reader,
    question: Question,
    owner: Variable | Layer | Unknown,
    trails: tuple[Trail, ...],
    flow: Flow,
) -> Connection:
    tape = question.asked.tape
    name = ownership.name_of(owner)
    name = name.rpartition(".")[2] if isinstance(owner, Unknown) else name
    kind = "variable" if isinstance(owner, Variable) else "layer"
    if any(tape.number in trail.tapes for trail in trails):
        lost = _called_before(reader, question, owner, trails)
        return Connection(name, kind, True, lost or _assigned_away(reader, tape, trails))
    if tape.watches_variables is not True and id(owner) not in tape.watched_owners:
        return Connection(name, kind, False, _watches_nothing(reader, question, trails))
    if any(tape.number in trail.tapes and trail.cut is None for trail in flow.get(ANYTHING, ())):
        return Connection(name, kind, False)
    cuts = [trail for trail in trails if trail.cut is not None]
    outside = [trail for trail in trails if trail.cut is None]
    within = [trail for trail in cuts if trail.cut is not None and tape.number in trail.cut.tapes]
    # A stop is mostly meant; what else keeps the other ways out is not.
    stopped = all(trail.cut is not None and trail.cut.kind == "stopped" for trail in within)
    if within and not (stopped and outside):
        unmeant = (one for one in within if one.cut is not None and one.cut.kind != "stopped")
        return Connection(name, kind, False, breaks.cut(reader, tape, next(unmeant, within[0])))
    if outside and isinstance(owner, Unknown) and has_a_way(flow, tape):
        # Beside what is trained, something that prepares the data is called the same way.
        return Connection(name, kind, False)
    if outside:
        return Connection(name, kind, False, breaks.outside(reader, question, outside[0], owner))
    if cuts:
        return Connection(name, kind, False, breaks.cut(reader, tape, cuts[0]))
    vague = flow.get(ANYTHING) or flow.get(ASIDE)
    if flow and not vague and not isinstance(owner, Unknown):
        _unused(reader, question, owner)
    return Connection(name, kind, False)


def _watches_nothing(reader: Reader, question: Question, trails: tuple[Trail, ...]) -> Break | None:
    """A tape that watches no variables by itself, and was told of nothing to watch."""
    tape, node = question.asked.tape, question.asked.node
    told = tape.watched or tape.watched_owners or tape.watches_unknown
    if tape.watches_variables is None or told or not any(one.cut is None for one in trails):
        return None
    which = node.args[1] if len(node.args) > 1 else node
    return Break("unwatched", "nothing", reader.spot(which), None, reader.spot(tape.node))


_OF_SIZE = frozenset("l2_loss square abs norm reduce_sum reduce_mean global_norm".split())
"""What a penalty makes of a weight."""


def _called_before(
    reader: Reader, question: Question, owner: object, trails: tuple[Trail, ...]
) -> Break | None:
    """The target needs a call that the tape did not see: at most a penalty moves the layer."""
    number = question.asked.tape.number
    if not isinstance(owner, Layer) or number in reader.facts.called_under.get(id(owner), ()):
        return None
    live = [one.read[-1] for one in trails if one.cut is None and number in one.tapes]
    if not all(name_of(getattr(one, "func", one)) in _OF_SIZE for one in live):
        return None
    before = (one for one in trails if one.cut is None and number not in one.tapes)
    trail = next(before, None)
    return None if trail is None else breaks.outside(reader, question, trail, owner)


def _assigned_away(reader: Reader, tape: Tape, trails: tuple[Trail, ...]) -> Break | None:
    """All that is computed goes through an assignment, and at most a penalty moves the variable."""
    number = tape.number
    live = [one.read[-1] for one in trails if one.cut is None and number in one.tapes]
    if not all(name_of(getattr(one, "func", one)) in _OF_SIZE for one in live):
        return None
    cuts = [one for one in trails if one.cut is not None and number in one.cut.tapes]
    assigned = (one for one in cuts if one.cut is not None and one.cut.kind == "assign")
    trail = next(assigned, None)
    return None if trail is None else breaks.cut(reader, tape, trail)


def _unused(reader: Reader, question: Question, owner: Variable | Layer) -> None:
    """Called while the tape recorded, yet nothing of it reaches the target."""
    uses = reader.facts.layer_uses.get(id(owner), [])
    if uses:
        kept = reader.facts.kept_back.get(id(owner))
        question.unused.append((owner, _last_made(reader, question, owner) or kept or uses[-1]))
    elif not question.speculative and (not isinstance(owner, Layer) or owner.built):
        question.unused.append((owner, ()))


def _last_made(reader: Reader, question: Question, owner: object) -> Path:
    """The last that the tape's own function makes of a thing and gives a name, if anything."""
    tape, asked = question.asked.tape, question.asked.node
    begin, end = getattr(tape.node, "lineno", 0), getattr(asked, "lineno", 0)
    made = [
        breaks.in_frame_of(value.made, tape.path)
        for named in reader.frame.scopes[0].names.values()
        for value in leaves(named)
        if isinstance(value, Tensor) and value.made and owner in value.flow
    ]
    last = max(
        (node for node in made if begin < getattr(node, "lineno", 0) <= end),
        key=lambda node: getattr(node, "lineno", 0),
        default=None,
    )
    return () if last is None else (last,)


def _look_at_list(reader: Reader, question: Question, sources: ListValue, flow: Flow) -> None:
    for item in sources.items:
        if "all" not in (sources.which, item.which if isinstance(item, Group) else ""):
            continue
        owner = tapes.owner_of(item)
        if (isinstance(owner, Layer) and owner.kind in api.WITH_MOVING_STATISTICS) or (
            isinstance(owner, Variable) and owner.trainable is False
        ):
            question.non_trainable.append(owner)
    if sources.unbuilt and not reader.speculative:
        unbuilt = (owner for owner in sources.unbuilt if not isinstance(owner, Frozen))
        early = [owner for owner in unbuilt if _used_by(reader, owner, flow)]
        if early:
            question.early = ListValue([], owner=tuple(early), node=sources.node)


def _used_by(reader: Reader, owner: object, flow: Flow) -> bool:
    if owner in flow:
        return True
    if isinstance(owner, Instance):
        return any(item in flow for item in ownership.tracked(reader, owner))
    return False


def _look_beyond(
    reader: Reader, question: Question, flow: Flow, known: set[int], sources: list[Value]
) -> None:
    """What the target depends on, though nobody asks for its gradient."""
    tape = question.asked.tape
    in_list = isinstance(question.asked.sources, ListValue)
    listed = in_list and question.asked.sources.exact  # type: ignore[union-attr]
    made_anew.among_watched(reader, question.asked, flow)
    if (not listed and not known) or tape.watches_variables is not True:
        return
    hidden: dict[object, ownership.Hidden] = {}
    holders = (
        question.asked.sources.owner if isinstance(question.asked.sources, ListValue) else None
    )
    for holder in holders if isinstance(holders, tuple) else (holders,):
        if holder is not None:
            hidden.update(ownership.untracked(reader, holder))
    for thing, trails in flow.items():
        live = next(
            (trail for trail in trails if tape.number in trail.tapes and trail.cut is None), None
        )
        if id(thing) in known:
            continue
        if thing in hidden and isinstance(thing, Variable | Layer):
            question.untracked.append((thing, hidden[thing], trails[0].read))
            if live is None and listed and not is_off(thing):
                question.found.append((thing, _connection(reader, question, thing, trails, flow)))
        elif live is None:
            continue
        elif isinstance(thing, Layer) and tape.number in thing.made_under:
            made_anew.made_under_tape(reader, thing, question.asked)
        elif isinstance(thing, Variable) and made_anew.made_for_one_step(reader, thing, tape):
            continue
        elif isinstance(thing, Variable | Layer) and (listed or not in_list):
            question.left_out.append((thing, live.read))
