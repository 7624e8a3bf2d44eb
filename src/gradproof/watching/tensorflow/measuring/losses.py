"""Half a sum of squares as one operation, made without TensorFlow's checks of its arguments.

A watched step gets two of them for each variable, and making an operation of a graph
by TensorFlow's public function takes 0.1 ms, more than half of it to find out what is known here.
"""

from __future__ import annotations

from typing import Any


def half_sum_of_squares(tensor: Any) -> Any:
    """Half the sum of squares of a float32 tensor, eager or of the graph at hand."""
    import tensorflow as tf
    from tensorflow.core.framework.attr_value_pb2 import AttrValue
    from tensorflow.python.framework import ops

    make = getattr(ops.get_default_graph(), "_create_op_internal", None)
    if make is None or hasattr(tensor, "numpy"):
        return tf.raw_ops.L2Loss(t=tensor)
    attributes = {"T": AttrValue(type=tensor.dtype.as_datatype_enum)}
    return make("L2Loss", [tensor], [tensor.dtype], attrs=attributes).outputs[0]
