"""Keeps what the reader meets, and makes the `Loop` of it at the end."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ..evidence.loop import (
    ApplyCall,
    Broadcast,
    Creation,
    DroppedUpdate,
    FrozenState,
    HandUpdate,
    Loop,
    LossCall,
    Rate,
    Remark,
    Spot,
)
from . import answers, connections
from .dependence import Cut, Flow, Path
from .flow import merge
from .framework import crossings, generations, scopes, submodels, tapes
from .joining import flow_of
from .noticing import (
    blends,
    by_hand,
    by_name,
    clips,
    compiled_anew,
    constants,
    copies,
    costs,
    first_gradients,
    flags,
    gathered,
    guards,
    habits,
    idle_generators,
    inner_steps,
    keeping,
    last_losses,
    last_rounds,
    late_counts,
    lost_arrays,
    masked_roots,
    masks,
    moments,
    never_told,
    new_values,
    objectives,
    own_checkpoints,
    own_steps,
    rounds,
    sample_weights,
    saving,
    sharing,
    statistics,
    step_counters,
    switched,
    target_copies,
    terms,
    trainable_flips,
    undivided,
    weighing,
    weight_fields,
    whole_means,
)
from .question import Mode, Question
from .values import (
    Asked,
    DictValue,
    Function,
    Group,
    Instance,
    Layer,
    ListValue,
    Optimizer,
    Tape,
    Tensor,
    Value,
    Variable,
)

if TYPE_CHECKING:
    from .reader import Reader


class Facts:
    """Collects facts while a program is read."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.asked: list[Question] = []
        self.applies: dict[ApplyCall, None] = {}
        self.hand: dict[HandUpdate, set[int]] = {}
        self.dropped: dict[DroppedUpdate, None] = {}
        self.creations: dict[Creation, None] = {}
        self.rates: dict[Rate, None] = {}
        self.frozen: dict[FrozenState, None] = {}
        self.broadcasts: dict[Broadcast, None] = {}
        self.crossings: dict[int, crossings.Crossing] = {}
        self.losses: dict[LossCall, None] = {}
        self.remarks: dict[Remark, None] = {}
        self.meant: dict[tuple[str, Spot], None] = {}
        self.pending: dict[int, tuple[Value, ast.AST]] = {}
        self.sites: dict[int, DroppedUpdate | None] = {}
        self.reads: dict[tuple[int, str], tuple[Function, Value, ast.AST]] = {}
        # Kept alive: `reads` knows lists by their identity alone.
        self.lists_read: dict[int, ListValue] = {}
        self.carried: dict[tuple[int, str], tuple[Function, object, ast.AST]] = {}
        self.made_in_trace: set[tuple[int, str]] = set()
        self.carrying: dict[tuple[int, str], FrozenState] = {}
        self.detours: dict[int, set[int]] = {}
        self.traced_inputs: dict[int, list[Tensor]] = {}
        self.outdated: dict[int, dict[FrozenState, None]] = {}
        self.settings: dict[int, dict[int, tuple[Layer | Optimizer, Function, ast.AST]]] = {}
        self.modes: dict[int, Mode] = {}
        self.left_flags: dict[int, ast.AST] = {}
        self.layer_uses: dict[int, list[Path]] = {}
        self.called_under: dict[int, set[int]] = {}
        self.partly_dead: dict[int, list[tuple[Cut, set[int]]]] = {}
        self.kept_back: dict[int, Path] = {}
        self.optimizers: list[Optimizer] = []
        self.lent: dict[int, tuple[Optimizer, ast.AST]] = {}
        self.new_values: dict[int, ast.AST] = {}
        self.rewritten: dict[int, ast.Assign] = {}
        self.wrapped: dict[int, ast.AST] = {}
        self.habits = habits.Habits()
        self.rounds = rounds.Rounds()
        self.masks = masks.Masks()
        self.clips = clips.Clips()
        self.gathered = gathered.Gathered()
        self.shares: set[int] = set()
        self.divisions: dict[int, tuple[ast.AST, str]] = {}
        self.scopes = scopes.Scopes()
        self.saves = saving.Saves()
        self.copies = target_copies.Copies()
        self.blends = blends.Blends()
        self.sums = undivided.Sums()
        self.inner_steps: dict[int, inner_steps.InnerStep] = {}
        self.flags = flags.Flags()
        self.moving: dict[int, tuple[Layer, ast.AST, frozenset[int]]] = {}
        self.copied: set[int] = set()
        self.turning: set[int] = set()
        self.aside: set[int] = set()
        self.taken: dict[int, ast.AST] = {}
        self.asked_inside: list[Asked] = []
        self.entered_again: dict[int, tuple[Tape, ast.expr]] = {}
        self.batches = weighing.Batches()
        self.half: ast.AST | None = None
        self.half_variables: ast.AST | None = None
        self.outputs: dict[int, ast.AST] = {}
        self.tape_nodes: dict[int, ast.Call] = {}
        self.losses_read = False
        self.penalties_read = False
        self.penalties_added = False
        self.fits = False
        self.untold_apply = False
        self.joins_later = False

    # Gradients

    def target_flow(self, target: Value) -> Flow:
        """What the target of a gradient depends on."""
        if isinstance(target, ListValue | DictValue):
            return merge(self.target_flow(item) for item in tapes.entries(target))
        if isinstance(target, Group | Variable):
            return self.reader.read(target, self.reader.frame.call or ast.Pass())
        return flow_of(target)

    def gradient_call(self, asked: Asked, *, zeros: bool, earlier: ast.AST | None) -> None:
        """A tape is asked for gradients."""
        trainable_flips.asked_in_trace(self.reader, asked)
        trainable_flips.asked_frozen(self.reader, asked)
        habits.unregularized(self.reader, asked)
        habits.replica_mean(self.reader, asked)
        costs.eager_step(self.reader, asked)
        rounds.asked_for(self.reader, asked)
        flags.read_now(self.reader)
        flags.hub_asked(self.reader, asked)
        flags.held_off(self.reader, asked)
        keeping.asked_for(self.reader, asked)
        copies.asked_for(self.reader, asked)
        terms.asked(self.reader, asked)
        submodels.asked(self.reader, asked)
        weighing.sum_asked(self.reader, asked)
        inner_steps.asked(self.reader, asked)
        last_losses.asked(self.reader, asked)
        question = connections.ask(
            self.reader, asked, zeros=zeros, earlier=earlier, modes=self.modes
        )
        self.asked.append(question)

    def called(self, layer: Layer) -> None:
        """A layer, or the model around it, is called, in whatever way."""
        self.called_under.setdefault(id(layer), set()).update(self.reader.active)

    def use_of_layer(self, layer: Layer, path: Path) -> None:
        """A layer is called."""
        if self.reader.active:
            self.called(layer)
            uses = self.layer_uses.setdefault(id(layer), [])
            if len(uses) < 8:
                uses.append(path)

    def entered(self, layer: Layer, flow: Flow) -> None:
        """A layer is given a value: it may have come back from NumPy, or from unseen code."""
        if not self.reader.active or self.reader.silent:
            return
        for trails in flow.values():
            cuts = [trail.cut for trail in trails if trail.cut is not None]
            if len(cuts) == len(trails):
                for cut in cuts:
                    if cut.kind in ("numpy", "opaque"):
                        self.detours.setdefault(id(cut.path[-1]), set()).add(id(layer))

    def mode_of_layer(
        self,
        layer: Layer,
        outer: tuple[Layer | Instance, ast.AST, int, Path],
        *,
        unsaid: bool,
        running: bool,
    ) -> None:
        """A layer that behaves differently in training runs under a tape."""
        mode = self.modes.get(id(layer))
        if mode is None:
            mode = self.modes[id(layer)] = Mode(layer)
        if running:
            mode.running |= self.reader.active
        elif unsaid:
            before = mode.unsaid.get(outer[1], frozenset())
            mode.unsaid[outer[1]] = before | self.reader.active

    def optimizer_made(self, optimizer: Optimizer) -> None:
        """An optimizer is made."""
        self.optimizers.append(optimizer)
        rounds.optimizer_made(self.reader, optimizer)

    # Programs

    def fitted(
        self,
        thing: Layer | Instance,
        given: dict[str, Value],
        keywords: dict[str, Value],
        node: ast.Call,
    ) -> None:
        """`fit` is called."""
        self.fits = True
        flags.read_now(self.reader)
        rounds.updated(self.reader)
        name = node.func.attr if isinstance(node.func, ast.Attribute) else "fit"
        trainable_flips.fits(self.reader, thing, name)
        sample_weights.fitted(self.reader, thing, keywords)
        compiled = given.get("optimizer")
        self.rounds.compiled.add(id(compiled))

    def loop(self, node: ast.For, iterated: Value) -> None:
        """A loop starts."""
        habits.dataset_loop(self.reader, node, iterated)
        target_copies.pairs_of_one(self.reader, node, iterated)
        fact = by_hand.pairs(self.reader, node, iterated)
        if fact is not None:
            self.applies[fact] = None

    def finish(self, path: str, generation: str | None) -> Loop:
        """Everything that was seen, as one record."""
        for fact in self.sites.values():
            if fact is not None:
                self.dropped[fact] = None
        habits.finish(self.reader)
        gathered.finish(self.reader)
        constants.look_beside_variables(self.reader)
        weighing.finish(self.reader)
        weight_fields.finish(self.reader)
        sharing.finish(self.reader)
        clips.finish(self.reader)
        masks.finish(self.reader)
        masked_roots.finish(self.reader)
        saving.finish(self.reader)
        target_copies.finish(self.reader)
        blends.finish(self.reader)
        last_rounds.finish(self.reader)
        lost_arrays.finish(self.reader)
        undivided.finish(self.reader)
        statistics.finish(self.reader)
        by_hand.finish(self.reader)
        step_counters.finish(self.reader)
        own_steps.finish(self.reader)
        compiled_anew.finish(self.reader)
        by_name.finish(self.reader)
        never_told.finish(self.reader)
        switched.finish(self.reader)
        guards.finish(self.reader)
        first_gradients.finish(self.reader)
        idle_generators.finish(self.reader)
        late_counts.finish(self.reader)
        whole_means.finish(self.reader)
        own_checkpoints.finish(self.reader)
        moments.finish(self.reader)
        keeping.finish(self.reader)
        objectives.finish(self.reader)
        generations.finish(self.reader)
        gradient_calls, model_calls = answers.answered(self.reader, self.asked, self)
        gradient_calls = new_values.explained(self.reader, gradient_calls)
        return Loop(
            path=path,
            generation=generation,
            gradient_calls=gradient_calls,
            apply_calls=tuple(self.applies),
            hand_updates=by_hand.standing(self),
            dropped_updates=tuple(self.dropped),
            creations=tuple(self.creations),
            rates=() if self.habits.switched_off else tuple(self.rates),
            frozen_states=tuple(self.frozen),
            broadcasts=tuple(self.broadcasts),
            loss_calls=tuple(self.losses),
            model_calls=model_calls,
            remarks=tuple(self.remarks),
            meant=tuple(self.meant),
            unfinished=self.reader.unfinished,
        )
