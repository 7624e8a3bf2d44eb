"""Calling back when a module has been imported, without importing it."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any


class AfterImport(importlib.abc.MetaPathFinder):
    """A finder that lets the others find, and listens.

    Args:
        listeners: What to call with the module, by full name of the module.
    """

    def __init__(self, listeners: Mapping[str, Callable[[ModuleType], None]]) -> None:
        self.listeners = dict(listeners)
        self._searching: set[str] = set()

    def install(self) -> None:
        """Listens from now on, and serves what is imported already."""
        for name in list(self.listeners):
            module = sys.modules.get(name)
            if module is not None and not _half_loaded(module):
                self.listeners.pop(name)(module)
        sys.meta_path.insert(0, self)

    def remove(self) -> None:
        """Stops listening."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(
        self, name: str, path: Any = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Finds the module as the others do and wraps its loader."""
        if name not in self.listeners or name in self._searching:
            return None
        self._searching.add(name)
        try:
            spec = importlib.util.find_spec(name)
        finally:
            self._searching.discard(name)
        if spec is None or spec.loader is None:
            return spec
        spec.loader = _Loader(spec.loader, self.listeners.pop(name))  # type: ignore[assignment]
        return spec


class _Loader:
    """The real loader, with a call after the module has run."""

    def __init__(self, loader: Any, listener: Callable[[ModuleType], None]) -> None:
        self._loader = loader
        self._listener = listener

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        """As the real loader does."""
        created: ModuleType | None = self._loader.create_module(spec)
        return created

    def exec_module(self, module: ModuleType) -> None:
        """Runs the module, gives it its real loader back, and calls."""
        self._loader.exec_module(module)
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._listener(module)


def _half_loaded(module: ModuleType) -> bool:
    return bool(getattr(module.__spec__, "_initializing", False))
