"""Keeps what the reader meets, and makes the `Loop` of it at the end."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from ..evidence.loop import (
    ApplyCall,
    Broadcast,
    Creation,
    DroppedUpdate,
    FrozenState,
    GradientCall,
    HandUpdate,
    Loop,
    LossCall,
    Rate,
    Remark,
    Spot,
)
from ..finding import Span
from . import applying, connections, habits, ownership, shapes, tapes
from .flow import merge
from .joining import flow_of
from .roles import direction
from .values import (
    Asked,
    Constant,
    DictValue,
    Flow,
    Function,
    GradientOf,
    Group,
    Instance,
    Layer,
    ListValue,
    Optimizer,
    Other,
    Path,
    Scope,
    Tape,
    Tensor,
    Unknown,
    Value,
    Variable,
    Zip,
)

if TYPE_CHECKING:
    from .reader import Reader

_ON_PURPOSE = (
    "delta",
    "noise",
    "perturb",
    "adv",
    "image",
    "lambda",
    "lam",
    "dual",
    "multiplier",
    "alpha",
    "latent",
)


class Facts:
    """Collects facts while a program is read."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.asked: list[connections.Question] = []
        self.applies: dict[ApplyCall, None] = {}
        self.hand: dict[HandUpdate, None] = {}
        self.dropped: dict[DroppedUpdate, None] = {}
        self.creations: dict[Creation, None] = {}
        self.rates: dict[Rate, None] = {}
        self.frozen: dict[FrozenState, None] = {}
        self.broadcasts: dict[Broadcast, None] = {}
        self.losses: dict[LossCall, None] = {}
        self.remarks: dict[Remark, None] = {}
        self.pending: dict[int, tuple[Value, ast.AST]] = {}
        self.sites: dict[int, DroppedUpdate | None] = {}
        self.reads: dict[tuple[int, str], tuple[Function, Value, ast.AST]] = {}
        self.modes: dict[int, connections.Mode] = {}
        self.layer_uses: dict[int, list[Path]] = {}
        self.optimizers: list[Optimizer] = []
        self.new_values: dict[int, ast.AST] = {}
        self.wrapped: dict[int, ast.AST] = {}
        self.habits = habits.Habits()
        self.losses_read = False
        self.fits = False
        self.untold_apply = False

    # Gradients

    def target_flow(self, target: Value) -> Flow:
        """What the target of a gradient depends on."""
        if isinstance(target, ListValue | DictValue):
            return merge(self.target_flow(item) for item in tapes.entries(target))
        if isinstance(target, Group | Variable):
            return self.reader.read(target, self.reader.frame.call or ast.Pass())
        return flow_of(target)

    def gradient_call(self, asked: Asked, *, zeros: bool, earlier: ast.Call | None) -> None:
        """A tape is asked for gradients."""
        habits.asked_in_trace(self.reader, asked)
        habits.unregularized(self.reader, asked)
        habits.replica_mean(self.reader, asked)
        habits.eager_step(self.reader, asked)
        question = connections.ask(
            self.reader, asked, zeros=zeros, earlier=earlier, modes=self.modes
        )
        self.asked.append(question)

    def watched(self, tape: Tape, value: Value, node: ast.AST) -> None:
        """A tape is told to watch something."""
        if not isinstance(value, ListValue) or self.reader.generation == "2":
            return
        owners = [item.owner for item in value.items if isinstance(item, Group)]
        if value.property_read and any(isinstance(owner, Layer) for owner in owners):
            argument = node.args[0] if isinstance(node, ast.Call) and node.args else node
            spot = self.reader.spot(argument)
            self.remarks[Remark("keras3-variable-interop", spot, spot.text)] = None

    def use_of_layer(self, layer: Layer, path: Path) -> None:
        """A layer is called."""
        if self.reader.active:
            uses = self.layer_uses.setdefault(id(layer), [])
            if len(uses) < 8:
                uses.append(path)

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
            mode = self.modes[id(layer)] = connections.Mode(layer)
        if running:
            mode.running = True
        elif unsaid and outer[1] not in mode.unsaid:
            mode.unsaid.append(outer[1])
            mode.tapes |= self.reader.active

    # Applying

    def optimizer_made(self, optimizer: Optimizer) -> None:
        """An optimizer is made."""
        self.optimizers.append(optimizer)

    def scaled(self, optimizer: Optimizer, name: str, node: ast.AST) -> None:
        """A loss-scale optimizer is asked to scale."""
        optimizer.used = True
        if name != "scale_loss" and self.reader.generation != "2" and optimizer.scales:
            words = f"`{name}` is gone in Keras 3"
            habits.remark(self.reader, "loss-scale-generation-mix", self.reader.spot(node), words)

    def apply_call(
        self,
        optimizer: Optimizer | Unknown,
        method: str,
        arguments: list[Value],
        keywords: dict[str, Value],
        node: ast.Call,
        gradients: Value | None,
        variables: Value | None,
        zipped: Zip | None,
    ) -> None:
        """Gradients are handed to an optimizer."""
        fact = applying.applied(
            self.reader, optimizer, method, arguments, keywords, node, gradients, variables, zipped
        )
        if isinstance(optimizer, Optimizer):
            entries = tapes.entries(gradients) if gradients is not None else []
            asked = [e.gradient.call for e in entries if isinstance(e, Tensor) and e.gradient]
            habits.applied_unscaled(self.reader, optimizer, asked[0] if asked else None, node)
        if isinstance(gradients, Unknown) and not isinstance(variables, ListValue):
            self.untold_apply = True
        if (
            gradients is None
            and variables is None
            and isinstance(arguments[0] if arguments else None, Unknown)
        ):
            self.untold_apply = True
        if fact is not None:
            self.applies[fact] = None

    def minimize_call(
        self,
        optimizer: Optimizer | Unknown,
        loss: Value | None,
        given: dict[str, Value],
        node: ast.Call,
    ) -> None:
        """`optimizer.minimize(...)`."""
        self.untold_apply = True
        fact = applying.minimized(self.reader, optimizer, loss, given, node)
        if fact is not None:
            self.applies[fact] = None

    def met(self, optimizer: Optimizer, sources: ListValue, node: ast.AST) -> None:
        """`fit` hands variables to the compiled optimizer."""
        applying.meets(self.reader, optimizer, sources, node)

    # Updates by hand

    def hand_update(
        self, variable: Variable | Group, name: str, value: Value, node: ast.AST
    ) -> None:
        """A variable is assigned something made from a gradient."""
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            return
        self.hand[
            HandUpdate(
                self.reader.spot(node),
                name,
                ownership.name_of(variable) or self.reader.spot(node.func.value).text,
                self._uphill(variable, name, value),
                self._method_name(node.func),
            )
        ] = None

    def _method_name(self, node: ast.Attribute) -> Spot:
        whole = self.reader.span(node)
        start = whole.end_column - len(node.attr)
        return Spot(Span(whole.end_line, start, whole.end_line, whole.end_column), node.attr)

    def _uphill(self, variable: Variable | Group, name: str, value: Value) -> bool:
        if not isinstance(value, Tensor | Variable):
            return False
        if name == "assign" and not (isinstance(value, Tensor) and value.update_of):
            return False
        owner = tapes.owner_of(variable)
        flow = value.holds[0] if isinstance(value, Variable) and value.holds else flow_of(value)
        mine = [
            entry
            for entry in flow
            if isinstance(entry, GradientOf) and tapes.owner_of(entry.source) is owner
        ]
        written = ownership.name_of(variable).lower()
        if owner is None or not mine or any(word in written for word in _ON_PURPOSE):
            return False
        sign = direction(value) * (-1 if name == "assign_sub" else 1)
        return sign > 0 and all(self._falls(entry.call) for entry in mine)

    def _falls(self, asked: Asked) -> bool:
        """Whether the target is a loss that should fall."""
        return asked.target.loss == 1

    def assignment(
        self, variable: Variable | Group, name: str, value: Value, node: ast.AST
    ) -> None:
        """Any assignment to a variable."""
        if name == "assign":
            habits.mixed_with_itself(self.reader, node)

    def rebound_assigned(self, value: Tensor, name: str, node: ast.AST) -> None:
        """`assign` is asked of a tensor that took a variable's name."""
        return

    def dropped_update(
        self,
        owners: list[object],
        where: str,
        node: ast.AST,
        target: ast.AST | None,
        value: object,
        container: ListValue | None = None,
    ) -> None:
        """New values of variables are put where nothing uses them."""
        fact = self._dropped(owners, where, node, target, value)
        named = container is not None and not isinstance(
            getattr(target, "value", None), ast.Attribute
        )
        if not named:
            self.dropped[fact] = None
        elif self.sites.get(id(node), fact) is not None:
            self.sites[id(node)] = fact
            self.pending[id(container)] = (container, node)  # type: ignore[assignment]

    def new_value(self, value: Tensor, node: ast.AST) -> None:
        """A variable and its gradient are added up."""
        if not self.reader.silent and not self.reader.active:
            for owner in tapes.owners_of(value.update_of):
                self.new_values.setdefault(id(owner), node)

    def _explained(self, calls: tuple[GradientCall, ...]) -> tuple[GradientCall, ...]:
        """Tells gradients that nothing uses from new values that nothing gets."""
        rebound = {
            lost.at
            for call in calls
            for c in call.connections
            if (lost := c.lost) and lost.kind == "rebound"
        }
        told = {name for fact in self.dropped for name in fact.variables}
        result = []
        for call in calls:
            sites = dict.fromkeys(node for owner, node in self._sites_of(call))
            if call.unmoved and (sites or told.intersection(call.unmoved)):
                if not told.intersection(call.unmoved) and not rebound:
                    for node in sites:
                        self.dropped[
                            DroppedUpdate(self.reader.spot(node), call.unmoved, "list")
                        ] = None
                call = replace(call, unmoved=())
            result.append(call)
        return tuple(result)

    def _sites_of(self, call: GradientCall) -> list[tuple[int, ast.AST]]:
        """Where new values of the sources of this call are computed."""
        found = []
        for question in self.asked:
            if self.reader.spot(question.asked.node) == call.at:
                for source in tapes.entries(question.asked.sources):
                    owner = tapes.owner_of(source)
                    if owner is not None and id(owner) in self.new_values:
                        found.append((id(owner), self.new_values[id(owner)]))
        return found

    def _dropped(
        self, owners: list[object], where: str, node: ast.AST, target: ast.AST | None, value: object
    ) -> DroppedUpdate:
        spot = self.reader.spot
        return DroppedUpdate(
            spot(node),
            tapes.names([owner.owner if isinstance(owner, Group) else owner for owner in owners]),
            where,
            spot(target) if target is not None else None,
            spot(value) if isinstance(value, ast.AST) else None,
        )

    def pend(
        self, value: Value, owners: list[object], where: str, node: ast.AST, target: ast.AST
    ) -> None:
        """New values get a name: dropped, unless the name is read."""
        if self.reader.silent:
            return
        if id(node) in self.sites and self.sites[id(node)] is None:
            return
        self.sites[id(node)] = self._dropped(
            owners, where, node, target, getattr(node, "value", None)
        )
        self.pending[id(value)] = (value, node)

    def read_pending(self, value: Value) -> None:
        """A name is read: its value was used after all."""
        found = self.pending.pop(id(value), None)
        if found is not None:
            self.sites[id(found[1])] = None

    # Rates

    def rate_replaced(self, optimizer: Optimizer) -> None:
        """An optimizer gets another learning rate later."""
        used = self.reader.spot(optimizer.node)
        self.rates = {rate: None for rate in self.rates if rate.used != used}

    def rate(self, value: Value, node: ast.AST) -> None:
        """An optimizer gets its learning rate."""
        reader = self.reader
        if reader.silent:
            return
        used = reader.spot(node)
        if (
            isinstance(value, Constant)
            and isinstance(value.value, int | float)
            and not isinstance(value.value, bool)
        ):
            if value.value == 0 and value.node is not None:
                division = _division(value.node)
                self.rates[
                    Rate(
                        reader.spot(value.node),
                        "integer division" if division is not None else "constant",
                        used,
                        _operator(reader, division) if division is not None else None,
                    )
                ] = None
        elif (
            isinstance(value, Other)
            and value.kind == "schedule"
            and value.node is not None
            and _never_rises(value)
        ):
            self.rates[Rate(reader.spot(value.node), "schedule", used)] = None

    # Traced functions

    def traced_call(
        self, function: Function, arguments: list[Value], node: ast.AST, *, looping: bool
    ) -> None:
        """A traced function is called."""
        if looping:
            habits.number_given(self.reader, function, arguments, node)

    def frozen_read(
        self, scope: Scope, name: str, function: Function, value: Value, node: ast.AST
    ) -> None:
        """A traced function reads Python state."""
        self.reads.setdefault((id(scope), name), (function, value, node))

    def written_in_trace(
        self,
        scope: Scope,
        name: str,
        function: Function,
        before: Value | None,
        value: Value,
        node: ast.AST,
    ) -> None:
        """A traced function changes Python state."""
        from .state import is_python_state

        spot = self.reader.spot
        if is_python_state(before) and is_python_state(value) and not _same(before, value):
            read = self.reads.get((id(scope), name))
            if read is not None:
                self.frozen[
                    FrozenState(spot(node).text, function.name, spot(read[2]), spot(node), True)
                ] = None
        elif isinstance(value, Tensor) and value.form == "tensor" and before is not None:
            habits.leaks(self.reader, scope, name, function, node)

    def written_after_trace(
        self, scope: Scope, name: str, before: Value | None, value: Value, node: ast.AST
    ) -> None:
        """Python state changes after a traced function has read it."""
        from .state import is_python_state

        read = self.reads.get((id(scope), name))
        if read is None or not is_python_state(value) or _same(read[1], value):
            return
        function, _, where = read
        spot = self.reader.spot
        self.frozen[FrozenState(spot(node).text, function.name, spot(where), spot(node), False)] = (
            None
        )

    def created_in_trace(self, what: str, name: str, function: Function, node: ast.AST) -> None:
        """A traced function makes state."""
        traced = function.traced
        spot = (
            self.reader.spot(traced) if traced is not None and traced is not function.node else None
        )
        self.creations[Creation(self.reader.spot(node), f"{what} {name}", function.name, spot)] = (
            None
        )

    def numpy_in_graph(self, function: Function, value: Tensor, name: str, node: ast.AST) -> None:
        """`.numpy()` in a traced function."""
        spot = self.reader.spot(node)
        self.remarks[Remark("numpy-in-graph-mode", spot, f".{name}()", (function.name,))] = None

    # Losses and shapes

    def loss_call(
        self, kind: str, prediction: Tensor, node: ast.AST, flag: ast.AST | None, *, logits: bool
    ) -> None:
        """A cross-entropy is given the other kind of prediction."""
        spot = self.reader.spot
        ender = prediction.ender
        last = (
            ender.node
            if isinstance(ender, Layer)
            else ender
            if isinstance(ender, ast.AST)
            else None
        )
        self.losses[
            LossCall(
                spot(node),
                kind,
                logits,
                prediction.ending or "",
                spot(flag) if flag is not None else None,
                spot(last) if last is not None else None,
            )
        ] = None

    def broadcast(self, node: ast.AST, left: shapes.Shape, right: shapes.Shape) -> None:
        """`(n,)` meets `(n, 1)`."""
        spot = self.reader.spot
        if isinstance(node, ast.BinOp):
            first, second = spot(node.left), spot(node.right)
        elif isinstance(node, ast.Call) and len(node.args) > 1:
            first, second = spot(node.args[0]), spot(node.args[1])
        else:
            return
        flat = "left" if len(left) == 1 else "right"
        self.broadcasts[
            Broadcast(spot(node), first, second, shapes.words(left), shapes.words(right), flat)
        ] = None

    def custom_gradient(self, function: Function, result: Value) -> None:
        """A function with its own gradient is called."""
        habits.ignores_upstream(self.reader, function, result)

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
        name = node.func.attr if isinstance(node.func, ast.Attribute) else "fit"
        habits.fits(self.reader, thing, name)

    def loop(self, node: ast.For, iterated: Value) -> None:
        """A loop starts."""
        habits.dataset_loop(self.reader, node, iterated)

    def finish(self, path: str, generation: str | None) -> Loop:
        """Everything that was seen, as one record."""
        for fact in self.sites.values():
            if fact is not None:
                self.dropped[fact] = None
        habits.finish(self.reader)
        gradient_calls, model_calls = connections.answered(self.reader, self.asked, self)
        gradient_calls = self._explained(gradient_calls)
        return Loop(
            path=path,
            generation=generation,
            gradient_calls=gradient_calls,
            apply_calls=tuple(self.applies),
            hand_updates=tuple(self.hand),
            dropped_updates=tuple(self.dropped),
            creations=tuple(self.creations),
            rates=tuple(self.rates),
            frozen_states=tuple(self.frozen),
            broadcasts=tuple(self.broadcasts),
            loss_calls=tuple(self.losses),
            model_calls=model_calls,
            remarks=tuple(self.remarks),
        )


def _same(left: Value | None, right: Value | None) -> bool:
    return isinstance(left, Constant) and isinstance(right, Constant) and left.value == right.value


def _division(node: ast.AST) -> ast.BinOp | None:
    for part in ast.walk(node):
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.FloorDiv):
            return part
    return None


def _operator(reader: Reader, node: ast.BinOp) -> Spot | None:
    """The `//` between two operands on one line."""
    left, right = reader.span(node.left), reader.span(node.right)
    if left.end_line != right.line:
        return None
    between = Span(left.end_line, left.end_column, right.line, right.column)
    text = reader.text(between)
    position = text.find("//")
    if position < 0:
        return None
    start = left.end_column + position
    return Spot(Span(left.end_line, start, left.end_line, start + 2), "//")


def _never_rises(schedule: Other) -> bool:
    given = schedule.arguments
    start = given.get("initial_learning_rate")
    steps, end = given.get("decay_steps"), given.get("end_learning_rate")
    if (
        (
            schedule.name == "PolynomialDecay"
            and isinstance(steps, Constant)
            and isinstance(end, Constant)
        )
        and isinstance(steps.value, int | float)
        and steps.value <= 1
        and end.value in (0, 0.0)
    ):
        return True
    if not isinstance(start, Constant) or start.value not in (0, 0.0):
        return False
    if schedule.name == "CosineDecay":
        return "warmup_target" not in given
    if schedule.name == "PolynomialDecay":
        end = given.get("end_learning_rate")
        return isinstance(end, Constant) and end.value in (0, 0.0)
    return schedule.name in ("ExponentialDecay", "InverseTimeDecay", "CosineDecayRestarts")
