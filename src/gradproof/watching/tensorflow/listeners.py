"""What is replaced in TensorFlow and Keras, module by module, as they are imported."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ..patches import Patches
from .elsewhere import Elsewhere
from .generations import of_keras_2

if TYPE_CHECKING:
    from . import TensorFlow


class Listeners:
    """Installs the watching of each module of the framework.

    Attributes:
        generations: Keras generations that were imported.
        lost: What could not be watched, and why.
        version: TensorFlow's.
        elsewhere: What is trained past all that is watched.
    """

    def __init__(self, watch: TensorFlow, patches: Patches) -> None:
        self.generations: set[str] = set()
        self.lost: dict[str, str] = {}
        self.version = ""
        self.elsewhere = Elsewhere()
        self._watch = watch
        self._patches = patches

    def by_module(self) -> dict[str, Callable[[ModuleType], None]]:
        """What to do when a module of the framework has been imported."""
        return {
            name: partial(self._hear, name, listener) for name, listener in self._hooked().items()
        }

    def _hear(self, name: str, listener: Callable[[ModuleType], None], module: ModuleType) -> None:
        """Looks at a module; the program's import goes on whatever is not there."""
        if self.elsewhere.computes(name):
            return
        try:
            listener(module)
        except AttributeError as problem:
            self.lost[name] = str(problem)

    def _hooked(self) -> dict[str, Callable[[ModuleType], None]]:
        """The modules in which something is watched."""
        return {
            "tensorflow": self._tensorflow,
            "keras.src.optimizers.base_optimizer": lambda module: self._optimizers(
                module, ("BaseOptimizer",), ("apply", "apply_gradients")
            ),
            "keras.src.optimizers.loss_scale_optimizer": self._loss_scaling,
            "keras.src.backend.tensorflow.trainer": lambda module: self._patches.quietly(
                self._watch.stale.install_training, self._patches, module.TensorFlowTrainer
            ),
            "keras.src.backend.common.variables": lambda module: self._patches.quietly(
                # Its name before it was `Variable`.
                self._watch.stale.install_flag,
                self._patches,
                getattr(module, "KerasVariable", None) or module.Variable,
            ),
            "keras.src.layers.layer": lambda module: self._layer(module, "3"),
            "keras.src.models.model": lambda module: self._patches.quietly(
                self._watch.saves.install_model, self._patches, module.Model
            ),
            **self._listeners_of_keras_2("tf_keras"),
            # Up to TensorFlow 2.15 it goes by the name of Keras itself.
            **self._listeners_of_keras_2("keras"),
            **{
                f"{keras}.src.layers.{name}": self._mode
                for keras in ("keras", "tf_keras")
                for name in (
                    "normalization.batch_normalization",
                    "regularization.dropout",
                )
            },
        }

    def _loss_scaling(self, module: ModuleType) -> None:
        """The wrapper of Keras 3, whose `apply` hands over in a branch of the graph."""
        self._optimizers(module, ("LossScaleOptimizer",), ("apply",))

    def _listeners_of_keras_2(self, keras: str) -> dict[str, Callable[[ModuleType], None]]:
        optimizers = {
            "optimizers.optimizer": (
                ("_BaseOptimizer", "Optimizer"),
                ("apply_gradients", "minimize"),
            ),
            "optimizers.legacy.optimizer_v2": (("OptimizerV2",), ("apply_gradients", "minimize")),
            "mixed_precision.loss_scale_optimizer": (
                ("LossScaleOptimizer", "LossScaleOptimizerV3"),
                ("apply_gradients",),
            ),
        }

        def listener(names: tuple[str, ...], methods: tuple[str, ...]) -> Callable[..., None]:
            def listen(module: ModuleType) -> None:
                if of_keras_2(module.__name__):
                    self._optimizers(module, names, methods)

            return listen

        return {
            **{f"{keras}.src.{name}": listener(*given) for name, given in optimizers.items()},
            f"{keras}.src.engine.base_layer": lambda module: self._layer(module, "2"),
            f"{keras}.src.engine.training": self._model,
        }

    def _tensorflow(self, module: ModuleType) -> None:
        self.version = str(getattr(module, "__version__", ""))
        for what, install in (
            ("the making of variables", self._watch.variables.install),
            ("tapes", self._watch.tapes.install),
            ("changes by hand", self._watch.assigning.install),
            ("traced functions", self._watch.functions.install),
            ("custom gradients", self._watch.custom.install),
            ("tracing", self._watch.tracings.install),
            ("strategies", self._watch.replicas.install),
            ("sums over replicas", self._watch.passages.sums.install),
            ("saving", self._watch.saves.install),
            ("functions that are saved", self._watch.passages.numbers.install),
            ("eager operations", self._watch.eager.install),
            ("sessions", self.elsewhere.install),
        ):
            self._patches.quietly(self._install, what, install)
        if self._watch.marks is not None:
            self._patches.quietly(self._watch.marks.install, self._patches)
        if self._watch.pace.limit is not None:
            self._patches.quietly(self._install_idle)

    def _install(self, what: str, install: Callable[[Patches], None]) -> None:
        """Watches one thing; another version of TensorFlow may not have it."""
        try:
            install(self._patches)
        except (ImportError, AttributeError) as problem:
            self.lost[what] = str(problem)

    def _install_idle(self) -> None:
        """Watches for a program that takes gradients and never updates."""
        from tensorflow.python.eager.backprop import GradientTape

        self._patches.around(GradientTape, "gradient", after=lambda *_: self._watch.idle())

    def _optimizers(self, module: Any, names: tuple[str, ...], methods: tuple[str, ...]) -> None:
        for name in names:
            kind = getattr(module, name, None)
            if kind is not None:
                self._patches.quietly(
                    self._watch.stale.install_optimizer,
                    self._patches,
                    kind,
                    ("apply", "apply_gradients"),
                )
                self._patches.quietly(self._watch.applying.install, self._patches, kind, methods)

    def _layer(self, module: Any, generation: str) -> None:
        self.generations.add(generation)
        self._patches.quietly(self._watch.layers.install_layer, self._patches, module.Layer)
        self._patches.quietly(self._watch.stale.install_flag, self._patches, module.Layer)
        self._patches.quietly(self._watch.offers.install_layer, self._patches, module.Layer)
        self._patches.quietly(self._watch.copies.install_layer, self._patches, module.Layer)

    def _model(self, module: Any) -> None:
        for install in (self._watch.layers.install_layer, self._watch.saves.install_model):
            self._patches.quietly(install, self._patches, module.Model)

    def _mode(self, module: Any) -> None:
        for name in ("BatchNormalization", "BatchNormalizationBase", "Dropout"):
            kind = getattr(module, name, None)
            if kind is not None and "call" in vars(kind):
                self._patches.quietly(self._watch.layers.install_mode, self._patches, kind)
