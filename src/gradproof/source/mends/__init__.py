"""Mends as edits: what to write instead, from a finding and the program."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module

from ...finding import Finding, Fix
from .draft import Draft, NoMend

Mend = Callable[[Draft, Finding], Iterator[Fix]]
"""Gives candidates, the one that is most likely meant first."""

HOMES: Mapping[str, tuple[str, ...]] = {
    "untracked-variable": ("tracked.untracked_variable",),
    "untracked-in-container": ("tracked.untracked_in_container",),
    "variables-read-before-build": ("listed.variables_read_before_build",),
    "created-in-call": ("tracked.created_in_call", "made_once.created_in_function"),
    "trainable-flip-ignored": ("frozen.trainable_flip_ignored",),
    "gan-shared-trainable-flag": ("networks.gan_shared_trainable_flag",),
    "non-trainable-in-list": ("listed.non_trainable_in_list",),
    "variable-left-out": ("listed.variable_left_out",),
    "duplicate-variable": ("paired.duplicate_variable",),
    "int-dtype-variable": ("tracked.int_dtype_variable",),
    "derived-weights-built-once": ("tracked.derived_weights_built_once",),
    "constant-weight": ("tracked.constant_weight",),
    "forward-outside-tape": ("taped.forward_outside_tape",),
    "numpy-on-loss-path": ("recorded.numpy_on_loss_path",),
    "nondifferentiable-op": ("recorded.nondifferentiable_op", "differentiated.nearest_code"),
    "opaque-python-function": ("recorded.opaque_python_function",),
    "unwatched-tensor": ("taped.unwatched_tensor",),
    "assign-on-loss-path": ("recorded.assign_on_loss_path",),
    "variable-rebound-to-tensor": ("recorded.variable_rebound_to_tensor",),
    "unconnected-variable": ("recorded.unconnected_variable",),
    "disconnected-submodel": ("submodels.disconnected_submodel",),
    "inner-gradient-not-recorded": ("taped.forward_outside_tape",),
    "dataset-loop-in-tape": ("taped.dataset_loop_in_tape", "taped.dataset_unrolled"),
    "tf1-gradient-api": ("graph_gradients.tf1_gradient_api", "graph_gradients.given_target"),
    "stopped-gradient": ("recorded.stopped_gradient",),
    "wrong-custom-gradient": ("differentiated.wrong_custom_gradient",),
    "zero-gradient-region": ("differentiated.zero_gradient_region",),
    "nan-from-singular-op": ("differentiated.nan_from_singular_op",),
    "float16-range": ("rounded.float16_range", "rounded.computed_longer"),
    "sparse-gradient-arithmetic": ("differentiated.sparse_gradient_arithmetic",),
    "gradients-never-applied": ("applied.gradients_never_applied",),
    "update-bypasses-variables": (
        "applied.copies_put_back",
        "applied.update_bypasses_variables",
        "recorded.variable_rebound_to_tensor",
    ),
    "mispaired-gradients": ("paired.mispaired_gradients",),
    "short-zip": ("paired.short_zip",),
    "optimizer-call-misuse": ("applied.optimizer_call_misuse",),
    "optimizer-bound-to-old-variables": ("optimizing.optimizer_bound_to_old_variables",),
    "optimizer-swapped-under-trace": ("optimizing.optimizer_swapped_under_trace",),
    "state-created-in-tf-function": ("repeated.state_created_in_tf_function",),
    "legacy-custom-optimizer": ("hand_written.legacy_custom_optimizer",),
    "custom-optimizer-bug": ("hand_written.custom_optimizer_bug",),
    "keras3-variable-interop": ("taped.keras3_variable_interop",),
    "api-generation-mismatch": ("named.api_generation_mismatch",),
    "strategy-scope-mismatch": ("placed.strategy_scope_mismatch", "placed.run_by_replicas"),
    "shared-optimizer": ("placed.shared_optimizer",),
    "learning-rate-copied": ("optimizing.learning_rate_copied",),
    "rounded-away": ("rounded.rounded_away",),
    "wrong-sign-update": ("differentiated.wrong_sign_update",),
    "loss-scale-generation-mix": (
        "optimizing.loss_scale_generation_mix",
        "rounded.unscaled_gradients",
    ),
    "wrong-accumulation": ("taped.wrong_accumulation",),
    "clip-option-ignored": ("clipped.clip_option_ignored",),
    "clipped-apart": ("clipped.clipped_apart",),
    "masked-weights-still-move": ("optimizing.masked_weights_still_move",),
    "frozen-bn-moves": ("frozen.frozen_bn_moves",),
    "replica-loss-scale": ("optimizing.replica_loss_scale",),
    "replica-loss-divided-twice": ("learned.replica_loss_divided_twice",),
    "clipping-dropped": ("clipped.clipping_dropped",),
    "python-state-frozen-at-trace": ("repeated.python_state_frozen_at_trace",),
    "iterations-counter-off": ("paired.iterations_counter_off",),
    "optimizer-state-not-restored": ("optimizing.optimizer_state_not_restored",),
    "data-iterator-spent": ("repeated.data_iterator_spent",),
    "replica-divergence": ("networks.gradients_summed",),
    "xla-incompatible": ("compiled.xla_incompatible",),
    "symbolic-tensor-leak": ("repeated.symbolic_tensor_leak",),
    "numpy-in-graph-mode": ("recorded.numpy_on_loss_path", "repeated.numpy_in_graph_mode"),
    "optimizer-recreated": ("placed.optimizer_recreated",),
    "stale-gradient": ("applied.stale_gradient",),
    "shape-broadcast": ("learned.shape_broadcast",),
    "logits-mismatch": ("learned.logits_mismatch",),
    "regularization-dropped": ("learned.regularization_dropped",),
    "sample-weight-ignored": ("learned.sample_weight_ignored", "masked.padding_counted"),
    "sum-vs-mean-reduction": ("learned.sum_vs_mean_reduction",),
    "training-flag-missing": ("learned.training_flag_missing",),
    "target-copy-wrong": ("learned.target_copy_wrong",),
    "uncompiled-step": ("repeated.uncompiled_step",),
    "tracing-cost": ("repeated.tracing_cost", "lasting.traced_function_made_anew"),
    "memory-growth": ("lasting.memory_growth",),
}
"""By the name of the fault: module and function of each mend.

A module is imported when a mend of it is wanted: most programs want few.
"""


def mends(fault: str) -> Iterator[Mend]:
    """The mends of a fault, in the order in which they are tried."""
    for home in HOMES.get(fault, ()):
        module, name = home.split(".")
        mend: Mend = getattr(import_module(f".{module}", __name__), name)
        yield mend


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
    for mend in mends(fault):
        try:
            for fix in mend(draft, finding):
                if fix.edits not in seen:
                    seen.add(fix.edits)
                    yield fix
        except (NoMend, KeyError, ValueError, IndexError):
            # The program does not look as this mend expects it.
            continue


__all__ = ["HOMES", "Draft", "candidates", "mends"]
