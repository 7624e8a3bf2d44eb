"""What a name may stand for while a program is read.

Values are plain records. Those that the program can change have an identity
(`eq=False`); what may differ between branches goes through `store`.
"""

from __future__ import annotations

from typing import TypeAlias

from .code import (
    Bound,
    Class,
    Function,
    Imported,
    Instance,
    Library,
    Managed,
    Module,
    Other,
    Partial,
    Unknown,
)
from .holders import Dataset, DictValue, ListValue, Scope, Zip
from .networks import Frozen, Group, Layer, LossFunction, Optimizer, Variable
from .tensors import Asked, Constant, GradientOf, Tape, Tensor

__all__ = [
    "Asked",
    "Bound",
    "Class",
    "Constant",
    "Dataset",
    "DictValue",
    "Frozen",
    "Function",
    "GradientOf",
    "Group",
    "Imported",
    "Instance",
    "Layer",
    "Library",
    "ListValue",
    "LossFunction",
    "Managed",
    "Module",
    "Optimizer",
    "Other",
    "Partial",
    "Scope",
    "Tape",
    "Tensor",
    "Unknown",
    "Value",
    "Variable",
    "Zip",
]

Value: TypeAlias = (
    Constant
    | Tensor
    | Variable
    | Layer
    | Group
    | ListValue
    | DictValue
    | Zip
    | Dataset
    | Optimizer
    | LossFunction
    | Other
    | Tape
    | Library
    | Function
    | Bound
    | Partial
    | Managed
    | Class
    | Instance
    | Module
    | Unknown
)
"""Anything an expression may be."""
