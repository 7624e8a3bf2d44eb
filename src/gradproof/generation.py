"""The generation of Keras that a project pins: in its requirements or lock files."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator

BOTH = "both"
GENERATIONS = ("2", "3", BOTH)
"""What code may be said to be for."""

FIRST_WITH_THREE = {"keras": (3,), "tensorflow": (2, 16)}
"""The first version of each package with which `keras` is Keras 3.

Keras: release notes of 3.0. TensorFlow: release notes of 2.16.
"""

LARGEST = 5_000_000
"""Bytes of the largest file that is looked through."""

LOCKED = ("uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "pixi.lock", "conda-lock.yml")
"""They name one version each and win over what only asks for a range."""

_ASKED = (
    r"(?:.*requirements.*|constraints.*)\.(?:txt|in)|environment.*\.ya?ml|pixi\.toml"
    r"|pyproject\.toml|setup\.(?:cfg|py)|Pipfile"
)
_ROOT = ("pyproject.toml", "setup.cfg", "setup.py", ".git")

_PACKAGES = r"(tensorflow(?:[-_](?:cpu|gpu|intel|macos|rocm))?|keras|tf[-_]keras)"
_NAME = rf"(?<![\w.:/-]){_PACKAGES}(?![\w.-])"
_CLAUSE = r"(?:===|==|~=|!=|>=|<=|>|<|\^|~|=)\s*v?\d[\w.*+!-]*"
# As pip and conda write it, and as Poetry and Pipfile do.
_REQUIREMENT = (
    rf"(?i){_NAME}(?:\[[^\]\n]*\])?\s*\(?\s*({_CLAUSE}(?:\s*,\s*{_CLAUSE})*)?"
    r"""(?:["']?\s*[=:]\s*(?:\{[^}]*?\bversion["']?\s*[=:]\s*)?["']([^"'\n]*)["'])?"""
)
_PACKAGE = rf"""name\s*[=:]\s*["']?{_PACKAGES}["']?\s+version\s*[=:]\s*["']?(\d[\w.]*)"""
_COMMENT = r"(?m)(?:^|\s)#.*$"

Version = tuple[int, ...]
_ENDLESS: Version = (10**9,)


def pinned_generation(folder: str, known: dict[str, str | None]) -> str | None:
    """The Keras generation that the project of a folder pins.

    Looks into the folder and those above it, up to the root of the project;
    the first one that pins a generation decides.

    Args:
        folder: Absolute.
        known: Answers for folders that were asked about before; grows.

    Returns:
        `"2"`, `"3"`, or `None` where nothing pins it, or pins disagree.
    """
    root = _project_root(folder)
    passed: list[str] = []
    answer = None
    place = folder
    while answer is None:
        if place in known:
            answer = known[place]
            break
        passed.append(place)
        answer = _pinned_in(place)
        if place == root:
            break
        place = os.path.dirname(place)
    known.update(dict.fromkeys(passed, answer))
    return answer


def installed_generation() -> str | None:
    """The Keras generation that `tf.keras` means here: `"2"`, `"3"`, or `None` without Keras."""
    if legacy_asked():
        return "2"
    release = installed_keras()
    if release is None:
        return None
    return "3" if release >= 3 else "2"


def installed_keras() -> int | None:
    """The first number of the version of Keras that an import would find; `None` without one.

    The folders are looked through here since `importlib.metadata` takes longer to
    import than most answers of `gradproof check` take altogether.
    """
    for folder in sys.path:
        try:
            names = os.listdir(folder or ".")
        except OSError:
            continue
        for name in names:
            if found := re.fullmatch(r"keras-(\d+)[^-]*(?:-py[\d.]+)?\.(?:dist|egg)-info", name):
                return int(found[1])
    return None


def legacy_asked() -> bool:
    """Says whether the environment makes TensorFlow use tf-keras."""
    return os.environ.get("TF_USE_LEGACY_KERAS", "").lower() in ("1", "true")


def _project_root(folder: str) -> str:
    """The folder of the repository, of the project, or that we were called in."""
    above = [folder]
    while os.path.dirname(above[-1]) != above[-1]:
        above.append(os.path.dirname(above[-1]))
    for place in above:
        if os.path.exists(os.path.join(place, ".git")):
            return place
    for place in above:
        if any(os.path.exists(os.path.join(place, name)) for name in _ROOT):
            return place
    here = os.getcwd()
    return here if here in above else folder


def _pinned_in(folder: str) -> str | None:
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return None
    asked = [name for name in names if re.fullmatch(_ASKED, name)]
    if "requirements" in names:
        try:
            inner = sorted(os.listdir(os.path.join(folder, "requirements")))
        except OSError:
            inner = []
        asked += [f"requirements/{name}" for name in inner if name.endswith((".txt", ".in"))]
    for tier in ([name for name in LOCKED if name in names], asked):
        told = {_pinned_by(os.path.join(folder, name)) for name in tier} - {None}
        if told:
            return told.pop() if len(told) == 1 else None
    return None


def _pinned_by(path: str) -> str | None:
    try:
        if not os.path.isfile(path) or os.path.getsize(path) > LARGEST:
            return None
        with open(path, encoding="utf-8", errors="replace") as file:
            text = file.read()
    except OSError:
        return None
    if "keras" not in text.lower() and "tensorflow" not in text.lower():
        return None
    locked = os.path.basename(path) in LOCKED
    return _told(_locked(text) if locked else _asked(text))


def _told(pins: Iterable[tuple[str, str]]) -> str | None:
    """The generation that pins agree upon."""
    told: dict[str, set[str | None]] = {}
    for name, versions in pins:
        package = name.lower().replace("_", "-")
        package = "tensorflow" if package.startswith("tensorflow") else package
        first = FIRST_WITH_THREE.get(package)
        side = _side(versions, first) if first else None
        told.setdefault(package, set()).add(side)
    generations = {
        generation for package in ("keras", "tensorflow") for generation in told.get(package, ())
    }
    generations.discard(None)
    if len(generations) != 1:
        return None
    (generation,) = generations
    # Beside tf-keras, Keras 3 may be there only because TensorFlow asks for it.
    return None if generation == "3" and "tf-keras" in told else generation


def _asked(text: str) -> Iterator[tuple[str, str]]:
    for match in re.finditer(_REQUIREMENT, re.sub(_COMMENT, "", text)):
        yield match[1], match[2] or match[3] or ""


def _locked(text: str) -> Iterator[tuple[str, str]]:
    for match in re.finditer(_PACKAGE, text):
        yield match[1], f"=={match[2]}"
    yield from _asked(text)


def _side(versions: str, first: Version) -> str | None:
    """On which side of a version all allowed ones lie; `None` for both."""
    low, high = _range(versions)
    if low >= first:
        return "3"
    return "2" if high <= first else None


def _range(versions: str) -> tuple[Version, Version]:
    """The lowest version allowed, and one above all that are allowed."""
    low: Version = ()
    high = _ENDLESS
    if "|" in versions:
        return low, high
    for clause in versions.split(","):
        match = re.match(r"\s*([=<>~^!]*)\s*v?(\d+(?:\.\d+)*)(\.\*)?", clause)
        if match is None:
            continue
        lowest, beyond = _allowed(match[1], tuple(map(int, match[2].split("."))), bool(match[3]))
        low, high = max(low, lowest), min(high, beyond)
    return low, high


def _allowed(sign: str, version: Version, starred: bool) -> tuple[Version, Version]:
    """The versions that one clause allows, from the first to before the last."""
    exact = _short(version)
    if sign in ("==", "===") and not starred:
        return exact, (*exact, 1)
    if sign in ("==", "="):
        return exact, _next(version)
    if sign == "~=":
        return exact, _next(version[:-1])
    if sign == "~":
        return exact, _next(version[:2])
    if sign in ("", "^"):
        return exact, _next(version[:1])
    if sign in (">=", ">"):
        return exact, _ENDLESS
    if sign == "<":
        return (), exact
    if sign == "<=":
        return (), (*exact, 1)
    return (), _ENDLESS


def _next(version: Version) -> Version:
    return (*version[:-1], version[-1] + 1) if version else _ENDLESS


def _short(version: Version) -> Version:
    """Without zeros at the end: 3.0 is 3."""
    while len(version) > 1 and version[-1] == 0:
        version = version[:-1]
    return version
