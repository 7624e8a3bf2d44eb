"""What is known of TensorFlow's operations: which cut a gradient, and how.

Checked on TensorFlow 2.21.0: `tests/watch/test_operations.py` asks TensorFlow
itself about each of them.
"""

CUTS = frozenset(
    """
    ArgMax ArgMin Bincount Bucketize Ceil CountUpTo DenseBincount Equal Floor
    FloorDiv Greater GreaterEqual HistogramFixedWidth InTopKV2 IsFinite IsInf IsNan
    Less LessEqual LogicalAnd LogicalNot LogicalOr NonMaxSuppressionV3 NotEqual
    OneHot Multinomial Rint Round SearchSorted Shape ShapeN Size StringFormat
    UniqueV2 Unique Where LowerBound UpperBound Rank
    """.split()
)
"""Their gradient is None."""

FLAT = frozenset({"Sign"})
"""Their gradient is zero everywhere."""

CLIPS = frozenset(
    {"Maximum", "Minimum", "ClipByValue", "Relu", "Relu6", "Relu6Grad", "Selu", "Elu"}
)
"""Their gradient is zero on one side."""

OPAQUE = frozenset({"PyFunc", "PyFuncStateless", "EagerPyFunc"})
"""A Python function hides what happens."""

STOPS = frozenset({"StopGradient", "PreventGradient"})
"""Put there to stop a gradient."""

LOOPS = frozenset({"ReduceDataset", "DatasetReduce", "ScanDataset", "IteratorGetNext"})
"""A loop over a dataset, run as one operation without gradient."""

SINGULAR = frozenset(
    """
    Acos Acosh Asin Atan2 Atanh Div DivNoNan Log Log1p Pow RealDiv Reciprocal Rsqrt
    Sqrt Xdivy Xlogy EuclideanNorm
    """.split()
)
"""Their derivative is infinite or undefined at an edge of their range."""

INTEGERS = frozenset(
    {"int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool", "string"}
)
"""Types without gradients."""

SHAPING = frozenset(
    {"Identity", "Reshape", "Cast", "Squeeze", "ExpandDims", "Snapshot", "EnsureShape"}
)
"""They pass values on."""

SIZES = frozenset({"Shape", "ShapeN", "Size", "Rank"})
"""Cuts that only ask how large something is."""

WORDS = {
    "ArgMax": "argmax",
    "ArgMin": "argmin",
    "Cast": "a cast to integers",
    "Equal": "a comparison",
    "Floor": "floor",
    "Ceil": "ceil",
    "Greater": "a comparison",
    "GreaterEqual": "a comparison",
    "Less": "a comparison",
    "LessEqual": "a comparison",
    "NotEqual": "a comparison",
    "OneHot": "one_hot",
    "Rint": "rint",
    "Round": "round",
    "Sign": "sign",
    "Where": "where (of indices)",
}
"""Names that users know."""
