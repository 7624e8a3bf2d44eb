"""Watching TensorFlow and both generations of Keras.

The only part of gradproof that knows a framework. Everything here is called
through `Patches.quietly`: whatever goes wrong ends the watching, not the run.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from ...evidence.recording import Recording
from ...evidence.run import Crash, Run
from ..patches import Patches
from ..places import Places
from .eager import EagerOperations, in_graph
from .functions import SETTLED, Functions
from .graphs import TracedOperations
from .layers import Layers
from .offers import Offers
from .optimizers import Applies
from .schedules import described
from .tapes import Tapes
from .tracings import Tracings
from .variables import Variables

_MOMENTS = (1, 2, 3, 5, 10, 20, 50, 100, 200, 500)


class TensorFlow:
    """All that is watched of one program.

    Args:
        patches: Where attributes are replaced.
        news: Called when there is something new to judge.
    """

    def __init__(self, patches: Patches, news: Callable[[], None]) -> None:
        self.patches = patches
        self.generations: set[str] = set()
        places = Places()
        self.variables = Variables(places)
        self.eager = EagerOperations(1, places, self.variables, patches)
        self.functions = Functions(
            places,
            self.variables,
            self.eager,
            self._called,
            self._settle,
            lambda traced: self.tapes.shape_of(traced),
            lambda traced: self._forget(traced),
        )
        self.tapes = Tapes(
            places,
            self.variables,
            self.eager,
            self.functions.graph,
            self.functions.freeze,
            lambda: self.functions.calls,
        )
        self.applies = Applies(
            places, self.variables, self.eager, self.tapes, self.functions.graph, self._passed
        )
        self.offers = Offers(places, self.variables, self.eager, self.tapes, self.functions.graph)
        self.tracings = Tracings(places, self.variables, lambda: self.functions.calls)
        self.layers = Layers(places, self.variables, self.tapes)
        self._news = news
        self._counted = 0
        self._moment = 0
        self._since = 0

    def listeners(self) -> dict[str, Callable[[ModuleType], None]]:
        """What to do when a module of the framework has been imported."""
        return {
            "tensorflow": self._tensorflow,
            "keras.src.optimizers.base_optimizer": lambda module: self._optimizers(
                module, ("BaseOptimizer",), ("apply", "apply_gradients")
            ),
            "tf_keras.src.optimizers.optimizer": lambda module: self._optimizers(
                module, ("_BaseOptimizer", "Optimizer"), ("apply_gradients", "minimize")
            ),
            "tf_keras.src.optimizers.legacy.optimizer_v2": lambda module: self._optimizers(
                module, ("OptimizerV2",), ("apply_gradients", "minimize")
            ),
            "tf_keras.src.mixed_precision.loss_scale_optimizer": lambda module: self._optimizers(
                module, ("LossScaleOptimizer", "LossScaleOptimizerV3"), ("apply_gradients",)
            ),
            "keras.src.layers.layer": lambda module: self._layer(module, "3"),
            "tf_keras.src.engine.base_layer": lambda module: self._layer(module, "2"),
            "tf_keras.src.engine.training": lambda module: self.patches.quietly(
                self.layers.install_layer, self.patches, module.Model
            ),
            **{
                f"{keras}.src.layers.{name}": self._mode
                for keras in ("keras", "tf_keras")
                for name in (
                    "normalization.batch_normalization",
                    "regularization.dropout",
                )
            },
        }

    def _tensorflow(self, module: ModuleType) -> None:
        for install in (
            self.variables.install,
            self.tapes.install,
            self.applies.install_assigns,
            self.functions.install,
            self.tracings.install,
            self.applies.numbers.install,
            self.eager.install,
        ):
            self.patches.quietly(install, self.patches)

    def _optimizers(self, module: Any, names: tuple[str, ...], methods: tuple[str, ...]) -> None:
        for name in names:
            kind = getattr(module, name, None)
            if kind is not None:
                self.patches.quietly(self.applies.install_optimizer, self.patches, kind, methods)

    def _layer(self, module: Any, generation: str) -> None:
        self.generations.add(generation)
        self.patches.quietly(self.layers.install_layer, self.patches, module.Layer)
        self.patches.quietly(self.offers.install_layer, self.patches, module.Layer)

    def _mode(self, module: Any) -> None:
        for name in ("BatchNormalization", "BatchNormalizationBase", "Dropout"):
            kind = getattr(module, name, None)
            if kind is not None and "call" in vars(kind):
                self.patches.quietly(self.layers.install_mode, self.patches, kind)

    def _settle(self, traced: TracedOperations) -> None:
        traced.record()
        self.tapes.settle(traced)
        self.offers.settle(traced)
        self.applies.settle(traced)

    def _forget(self, traced: TracedOperations) -> None:
        self.tapes.forget(traced)
        self.offers.forget(traced)
        self.applies.forget(traced)

    def _called(self) -> None:
        """A traced function has returned to the program."""
        if in_graph():
            return
        # TensorFlow tells of every operation, the call of a function too: 50 us.
        if self.functions.unchanged >= SETTLED and not self.tapes.open:
            self.eager.stop()
        self._since += 1
        if self.tapes.fresh or self._since in (1, 2, 3) or self._since >= 64:
            self._look(self._since >= 64)

    def _passed(self) -> None:
        """A step has been applied in eager code, or traced."""
        if not in_graph():
            self._counted += 1
            if self._moment < len(_MOMENTS) and self._counted >= _MOMENTS[self._moment]:
                self._look(False)

    def _look(self, rest: bool) -> None:
        self.applies.numbers.flush()
        counted = sum(site.count for site in self.applies.numbers.sites)
        news = self.tapes.fresh
        self.tapes.fresh = False
        while self._moment < len(_MOMENTS) and counted >= _MOMENTS[self._moment]:
            self._moment += 1
            news = True
        if rest:
            self._since = 3
        if news:
            self._news()

    def snapshot(self, crash: Crash | None, finished: bool) -> Run:
        """Everything seen so far as plain data."""
        self.eager.paused = True
        try:
            self.applies.numbers.flush()
            tapes, calls = self.tapes.record(self.functions.calls)
            applies = self.applies.record()
            recordings: list[Recording] = [self.eager.record()]
            recordings += [traced.record() for traced in self.functions.graphs]
            sites = self.applies.numbers.sites
            return Run(
                generations=tuple(sorted(self.generations)),
                variables=self.variables.record(),
                recordings=tuple(recordings),
                tapes=tapes,
                calls=calls,
                optimizers=described(self.applies),
                applies=applies,
                steps=tuple(step for site in sites for step in site.steps()),
                frozen=tuple(self.functions.frozen.values()),
                modes=self.layers.record({tape.key for tape in tapes}),
                reads=tuple(self.layers.reads.values()),
                assigned=self.applies.writes.record(),
                tracings=tuple(self.tracings.found),
                offers=self.offers.record(),
                crash=crash,
                unwatched=tuple(sorted(self.applies.unwatched)),
                finished=finished,
                counted=sum(site.count for site in sites),
            )
        finally:
            self.eager.paused = False
