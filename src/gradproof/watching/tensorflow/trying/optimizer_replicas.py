"""Whether an optimizer keeps two replicas of a model in step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..kinds import bare
from .optimizer_trials import CLOSE, NotApplicable, Trial, furthest, gradients

SHARES = (0.25, 0.75)
"""Parts of a gradient that the two replicas have."""


def two_processors() -> None:
    """Makes two devices of the processor, if TensorFlow has not begun yet."""
    import tensorflow as tf

    devices = tf.config.list_physical_devices("CPU")[:1]
    try:
        if devices and not tf.config.get_logical_device_configuration(devices[0]):
            two = [tf.config.LogicalDeviceConfiguration()] * 2
            tf.config.set_logical_device_configuration(devices[0], two)
    except RuntimeError:
        return  # it has begun; then there are the devices that there are


def replicas_stay_together(factory: Callable[[], Any]) -> str | None:
    """Two replicas with parts of a gradient do what one does with all of it."""
    import tensorflow as tf

    names = [device.name for device in tf.config.list_logical_devices("CPU")]
    if len(names) < 2:
        raise NotApplicable(
            "needs two logical CPUs, and TensorFlow has begun with one; "
            "`tf.config.set_logical_device_configuration` makes two of it"
        )
    # Collective operations of two strategies in one process get into each other's way.
    sums = tf.distribute.ReductionToOneDevice()
    strategy = tf.distribute.MirroredStrategy(names[:2], cross_device_ops=sums)
    with strategy.scope():
        mirrored = Trial(factory())
        mirrored.optimizer.build(mirrored.variables)
    plain = Trial(factory())
    start = plain.values()

    step = tf.function(
        lambda given: strategy.run(lambda parts: mirrored.step(list(parts)), args=(given,))
    )

    for number in range(2):
        whole = gradients(number)
        for _ in range(plain.period):
            plain.step(whole)
            parts = [
                tuple(tf.constant(share * one, tf.float32) for one in whole) for share in SHARES
            ]
            step(_distributed(strategy, parts))
    copies = [_copies(one) for one in mirrored.variables]
    if not all((one[0] == one[1]).all() for one in copies):
        return "the copies of a variable on two replicas differ after two steps"
    if furthest([one[0] for one in copies], plain.values(), start) > CLOSE:
        return "two replicas with parts of a gradient do not do what one does with their sum"
    return None


def _distributed(strategy: Any, parts: list[tuple[Any, ...]]) -> Any:
    return strategy.experimental_distribute_values_from_function(
        lambda context: parts[context.replica_id_in_sync_group]
    )


def _copies(variable: Any) -> list[Any]:
    import numpy as np

    held = bare(variable)
    return [np.asarray(one.numpy(), np.float64) for one in getattr(held, "values", (held, held))]
