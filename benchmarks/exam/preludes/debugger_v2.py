"""Runs the program that is named under Debugger V2, then asks its monitor for alerts."""

import json
import os
import runpy
import shutil
import sys
import tempfile
from pathlib import Path

import tensorflow as tf
from tensorflow.python.debug.lib import debug_events_monitors, debug_events_reader

MOST = 3


def alerts(folder: str, name: str) -> list[dict]:
    """The first alerts of NaN and infinity, each with its line in the program."""
    with debug_events_reader.DebugDataReader(folder) as reader:
        monitor = debug_events_monitors.InfNanMonitor(reader)
        reader.update()
        found = []
        for alert in monitor.alerts()[:MOST]:
            if alert.graph_execution_trace_index is not None:
                trace = reader.graph_execution_traces()[alert.graph_execution_trace_index]
                _, frames = reader.read_graph_execution_trace_stack_trace(trace)
            else:
                digest = reader.executions(digest=True)[alert.execution_index]
                _, frames = reader.read_execution_stack_trace(reader.read_execution(digest))
            lines = [frame[1] for frame in frames if os.path.basename(frame[0]) == name]
            count = f"{alert.num_nan or 0} NaN, {alert.num_pos_inf or 0} Inf"
            text = f"{alert.op_type} gave {count} of {alert.size}"
            found.append({"text": text, "line": lines[-1] if lines else None})
        return found


def main() -> None:
    folder = tempfile.mkdtemp(prefix="dump-")
    writer = tf.debugging.experimental.enable_dump_debug_info(
        folder, tensor_debug_mode="FULL_HEALTH", circular_buffer_size=-1
    )
    del sys.argv[0]
    try:
        runpy.run_path(sys.argv[0], run_name="__main__")
    finally:
        writer.FlushNonExecutionFiles()
        writer.FlushExecutionFiles()
        tf.debugging.experimental.disable_dump_debug_info()
        found = alerts(folder, os.path.basename(sys.argv[0]))
        Path("remarks.json").write_text(json.dumps(found), encoding="utf-8")
        shutil.rmtree(folder)


main()
