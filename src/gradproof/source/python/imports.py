"""What an import binds."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator

from ..framework.names import canonical
from ..values import Constant, Imported, Library, Unknown, Value

KNOWN_LIBRARIES = frozenset(
    """tensorflow keras tf_keras numpy scipy pandas matplotlib sklearn tqdm gym gymnasium absl
    tensorflow_probability tensorflow_datasets tensorflow_addons tensorflow_hub wandb seaborn PIL
    cv2 jax torch rich click yaml h5py joblib mlflow keras_core einops psutil imageio pytest
    IPython skimage networkx sympy""".split()
)
"""Packages whose functions read no variable unless it is handed to them."""


def imported(node: ast.Import | ast.ImportFrom, importer: str = "") -> Iterator[tuple[str, Value]]:
    """Every name that the statement binds, with what it stands for.

    Args:
        node: The statement.
        importer: Path of its file.
    """
    if isinstance(node, ast.Import):
        for alias in node.names:
            if alias.asname:
                yield alias.asname, of(alias.name, Imported(importer, alias.name))
            else:
                root = alias.name.split(".")[0]
                yield root, of(root, Imported(importer, root))
        return
    for alias in node.names:
        if alias.name == "*":
            continue
        dotted = f"{node.module or ''}.{alias.name}"
        name = alias.asname or alias.name
        promise = Imported(importer, node.module or "", node.level, alias.name)
        if node.level:
            yield name, Unknown(dotted, imported=promise)
        elif dotted.startswith("__future__"):
            yield name, Constant(None)
        else:
            yield name, of(dotted, promise)


def promises(node: ast.Import | ast.ImportFrom, importer: str) -> Iterator[Imported]:
    """What the statement asks of files that may be the project's."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            if not is_library(alias.name):
                yield Imported(importer, alias.name)
    elif node.level or not is_library(node.module or ""):
        for alias in node.names:
            name = "" if alias.name == "*" else alias.name
            yield Imported(importer, node.module or "", node.level, name)


def starred(node: ast.ImportFrom, importer: str) -> Imported | None:
    """The module of which `from module import *` takes every name."""
    if node.names[0].name != "*" or (not node.level and is_library(node.module or "")):
        return None
    return Imported(importer, node.module or "", node.level)


def is_library(dotted: str) -> bool:
    """Says whether a dotted name belongs to Python or to a known package."""
    root = dotted.split(".")[0]
    return root in KNOWN_LIBRARIES or root in sys.stdlib_module_names


def of(dotted: str, promise: Imported | None = None) -> Value:
    """A library's name, or something unknown for a file of the project."""
    if is_library(dotted):
        return Library(canonical(dotted))
    return Unknown(dotted, imported=promise)
