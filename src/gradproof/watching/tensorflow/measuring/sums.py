"""Gradients before and after they are summed over the replicas of a strategy."""

from __future__ import annotations

import threading
from typing import Any

from ...patches import Patches
from .. import replicas
from .measures import half_square

Batch = list[tuple[tuple[Any, ...], tuple[Any, ...]]]
"""For each tensor of one reduction: the parts of all replicas here, and what each got."""


class Sums:
    """What each replica gave into the latest sum, and what it got out."""

    def __init__(self) -> None:
        self._batch: Batch = []
        self._number = 0
        self._local = threading.local()

    def install(self, patches: Patches) -> None:
        """Watches the reduction through which optimizers and `all_reduce` sum."""
        from tensorflow.python.distribute import distribute_lib

        patches.around(
            distribute_lib.StrategyExtendedV2,
            "batch_reduce_to",
            before=lambda extended, args, kwargs: (
                args[1] if len(args) > 1 else kwargs.get("value_destination_pairs", ())
            ),
            unless=replicas.alone,
            after=lambda given, extended, result: self._summed(given, result),
        )
        patches.around(
            distribute_lib.ReplicaContextBase,
            "all_reduce",
            before=lambda context, args, kwargs: args[1] if len(args) > 1 else kwargs.get("value"),
            after=lambda given, context, result: self._asked(given, context, result),
        )

    def _summed(self, given: Any, result: Any) -> None:
        self._number += 1
        self._batch = [
            (_values(value), _values(whole))
            for (value, _), whole in zip(given, result, strict=True)
        ]

    def _asked(self, given: Any, context: Any, result: Any) -> None:
        """A replica got the sum that it asked for: other tensors than the reduction's own."""
        import tensorflow as tf

        if context.num_replicas_in_sync > 1:
            pairs = zip(tf.nest.flatten(given), tf.nest.flatten(result), strict=True)
            self._local.asked = {id(whole): (part, whole) for part, whole in pairs}

    def part_of(self, gradient: Any) -> Any:
        """What this replica gave into a sum that it asked for; `None` if it is none."""
        asked: dict[int, tuple[Any, Any]] = getattr(self._local, "asked", {})
        part, _ = asked.get(id(gradient), (None, None))
        return part

    def begin(self, gradients: list[Any]) -> None:
        """A replica is about to hand over its gradients."""
        self._local.number = self._number
        self._local.parts = [self.part_of(gradient) for gradient in gradients]

    def end(self, gradients: list[Any]) -> tuple[list[Any], list[Any]]:
        """The step has been made.

        Returns:
            For each gradient the sum over all replicas, and this replica's
            part. Where nothing was summed, the one that was handed over is
            what is applied, and no part of anything.
        """
        given, self._local.parts, self._local.asked = self._local.parts, [], {}
        here = replicas.index() or 0
        pairs = [
            (parts[here], wholes[here])
            for parts, wholes in self._batch
            if here < min(len(parts), len(wholes))
        ]
        within = self._number > getattr(self._local, "number", 0)
        if all(here == len(parts) - 1 for parts, _ in self._batch):
            self._batch = []
        there = [gradient for gradient in gradients if gradient is not None]
        if within and len(pairs) == len(there):
            # Clipped on the way they are other tensors, in the same order.
            sums = iter([whole for _, whole in pairs])
            return [None if one is None else next(sums) for one in gradients], gradients
        return gradients, given


def _values(value: Any) -> tuple[Any, ...]:
    """The tensors of all replicas of this process."""
    return tuple(value.values) if isinstance(getattr(value, "values", None), tuple) else (value,)


def with_parts(row: list[Any], parts: list[Any]) -> list[Any]:
    """A row of two numbers a variable, with the replica's part as the third."""
    import tensorflow as tf

    woven = []
    for position, part in enumerate(parts):
        dense = getattr(part, "values", part)
        unknown = dense is None or not dense.dtype.is_floating
        woven += row[2 * position : 2 * position + 2]
        woven.append(tf.constant(-1.0) if unknown else half_square(dense))
    return woven
