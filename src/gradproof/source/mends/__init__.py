"""Mends as edits: what to write instead, from a finding and the program."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from ...finding import Finding, Fix
from . import (
    applied,
    clipped,
    compiled,
    differentiated,
    frozen,
    graph_gradients,
    hand_written,
    lasting,
    learned,
    listed,
    made_once,
    masked,
    named,
    networks,
    optimizing,
    paired,
    placed,
    recorded,
    repeated,
    rounded,
    submodels,
    taped,
    tracked,
)
from .draft import Draft, NoMend

Mend = Callable[[Draft, Finding], Iterator[Fix]]
"""Gives candidates, the one that is most likely meant first."""

MENDS: Mapping[str, tuple[Mend, ...]] = {
    **{
        name: (mend,)
        for topic in (
            tracked,
            listed,
            frozen,
            taped,
            recorded,
            differentiated,
            rounded,
            applied,
            paired,
            clipped,
            optimizing,
            placed,
            hand_written,
            named,
            repeated,
            learned,
            compiled,
            graph_gradients,
            submodels,
            lasting,
            networks,
        )
        for name, mend in topic.MENDS.items()
    },
    "update-bypasses-variables": (
        applied.update_bypasses_variables,
        recorded.variable_rebound_to_tensor,
    ),
    "nondifferentiable-op": (recorded.nondifferentiable_op, differentiated.nearest_code),
    "loss-scale-generation-mix": (
        optimizing.loss_scale_generation_mix,
        rounded.unscaled_gradients,
    ),
    "created-in-call": (tracked.created_in_call, made_once.created_in_function),
    "sample-weight-ignored": (learned.sample_weight_ignored, masked.padding_counted),
    "tf1-gradient-api": (graph_gradients.tf1_gradient_api, graph_gradients.given_target),
    "dataset-loop-in-tape": (taped.dataset_loop_in_tape, taped.dataset_unrolled),
    "float16-range": (rounded.float16_range, rounded.computed_longer),
    "strategy-scope-mismatch": (placed.strategy_scope_mismatch, placed.run_by_replicas),
    "tracing-cost": (repeated.tracing_cost, lasting.traced_function_made_anew),
    "numpy-in-graph-mode": (recorded.numpy_on_loss_path, repeated.numpy_in_graph_mode),
}
"""By the name of the fault."""


def candidates(draft: Draft, fault: str, finding: Finding) -> Iterator[Fix]:
    """Mends of one finding that fit the program, the likeliest first.

    Whether they heal is for others to see: the edits are made, and the
    program is read or run again.

    Args:
        draft: The file in which the finding lies.
        fault: Its name.
        finding: Its places count lines of the draft's text.
    """
    seen: set[tuple[object, ...]] = set()
    for mend in MENDS.get(fault, ()):
        try:
            for fix in mend(draft, finding):
                if fix.edits not in seen:
                    seen.add(fix.edits)
                    yield fix
        except (NoMend, KeyError, ValueError, IndexError):
            # The program does not look as this mend expects it.
            continue


__all__ = ["MENDS", "Draft", "candidates"]
