"""What an import binds."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator

from .names import canonical
from .values import Constant, Library, Unknown, Value

KNOWN_LIBRARIES = frozenset(
    """tensorflow keras tf_keras numpy scipy pandas matplotlib sklearn tqdm gym gymnasium absl
    tensorflow_probability tensorflow_datasets tensorflow_addons tensorflow_hub wandb seaborn PIL
    cv2 jax torch rich click yaml h5py joblib mlflow keras_core einops psutil imageio pytest
    IPython skimage networkx sympy""".split()
)
"""Packages whose functions read no variable unless it is handed to them."""


def imported(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, Value]]:
    """Every name that the statement binds, with what it stands for."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            if alias.asname:
                yield alias.asname, of(alias.name)
            else:
                root = alias.name.split(".")[0]
                yield root, of(root)
        return
    for alias in node.names:
        if alias.name == "*":
            continue
        dotted = f"{node.module or ''}.{alias.name}"
        name = alias.asname or alias.name
        if node.level:
            yield name, Unknown(dotted)
        elif dotted.startswith("__future__"):
            yield name, Constant(None)
        else:
            yield name, of(dotted)


def of(dotted: str) -> Value:
    """A library's name, or something unknown for a file of the project."""
    root = dotted.split(".")[0]
    if root in KNOWN_LIBRARIES or root in sys.stdlib_module_names:
        return Library(canonical(dotted))
    return Unknown(dotted)
