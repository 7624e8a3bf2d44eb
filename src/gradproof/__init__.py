"""Why is my parameter update failing? gradproof answers."""

import importlib as _importlib
import typing as _typing

if _typing.TYPE_CHECKING:
    from .comparison import Comparison, compare, keras_step
    from .conformance import OptimizerCheck, check_optimizer
    from .gradients import GradientCheck, check_gradient
    from .keras_callback import Watch
    from .live import Watched, watch
    from .proof import Proof, prove

__version__ = "0.1.0"
__all__ = [
    "Comparison",
    "GradientCheck",
    "OptimizerCheck",
    "Proof",
    "Watch",
    "Watched",
    "__version__",
    "check_gradient",
    "check_optimizer",
    "compare",
    "keras_step",
    "prove",
    "watch",
]

_HOMES = {
    "Comparison": "comparison",
    "GradientCheck": "gradients",
    "OptimizerCheck": "conformance",
    "Proof": "proof",
    "Watch": "keras_callback",
    "Watched": "live",
    "load_ipython_extension": "notebook",
    "check_gradient": "gradients",
    "check_optimizer": "conformance",
    "compare": "comparison",
    "keras_step": "comparison",
    "prove": "proof",
    "watch": "live",
}
"""The module of each public name; it is imported when the name is used."""


def __getattr__(name: str) -> _typing.Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(_importlib.import_module(f".{home}", __name__), name)


def __dir__() -> list[str]:
    return sorted(__all__)
