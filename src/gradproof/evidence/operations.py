"""What is known of TensorFlow's operations: what becomes of a gradient, and why.

One table for both ways of seeing: source names functions, `tf.argmax`; a run
names types, `ArgMax`. Tests ask the installed TensorFlow about every entry:
`tests/source/test_knowledge.py` about functions, `tests/watch/test_operations.py`
about types.
"""

from __future__ import annotations

from dataclasses import dataclass

CHECKED_ON = "2.21.0"
"""The TensorFlow whose answers the table holds."""

EFFECTS = frozenset(
    {"flows", "steep", "none", "zero", "sided", "forgets", "stops", "opaque", "logs", "calls"}
)
"""What becomes of a gradient.

`flows`: it passes; `steep`: it passes, and is infinite at an edge; `none`: it is None;
`zero`: it is zero everywhere; `sided`: zero on one side; `forgets`: the result does not
depend on the values; `stops`: put there to stop it; `opaque`: a Python function hides
what happens; `logs`: nothing is computed; `calls`: a function that is given decides.
"""


@dataclass(frozen=True)
class Operation:
    """One row of the table.

    Attributes:
        effect: One of `EFFECTS`.
        functions: Last parts of the names under which programs call it.
        types: As it is called in a graph.
        words: What users call it, if that is neither.
    """

    effect: str
    functions: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    words: str = ""


_ROWS = """
none    | argmax                        | ArgMax                         | argmax
none    | argmin                        | ArgMin                         | argmin
none    | argsort                       |                                |
none    | round                         | Round                          | round
none    | rint                          | Rint                           | rint
none    | floor                         | Floor                          | floor
none    | ceil                          | Ceil                           | ceil
none    | floordiv floor_divide         | FloorDiv                       |
none    | one_hot multi_hot             | OneHot                         | one_hot
none    | equal                         | Equal                          | a comparison
none    | not_equal                     | NotEqual                       | a comparison
none    | greater                       | Greater                        | a comparison
none    | greater_equal                 | GreaterEqual                   | a comparison
none    | less                          | Less                           | a comparison
none    | less_equal                    | LessEqual                      | a comparison
none    | logical_and                   | LogicalAnd                     |
none    | logical_or                    | LogicalOr                      |
none    | logical_not                   | LogicalNot                     |
none    | logical_xor                   |                                |
none    | is_nan isnan                  | IsNan                          |
none    | is_inf isinf                  | IsInf                          |
none    | is_finite isfinite            | IsFinite                       |
none    | any all reduce_any reduce_all |                                |
none    | count_nonzero                 |                                |
none    | searchsorted                  | LowerBound UpperBound |
none    | digitize            | Bucketize                      |
none    | histogram_fixed_width         | HistogramFixedWidth            |
none    | histogram_fixed_width_bins    |                                |
none    | bincount                      | Bincount DenseBincount         |
none    | bitcast                       |                                |
none    | unique unique_with_counts     | Unique UniqueV2                |
none    | in_top_k                      | InTopKV2                       |
none    | categorical                   | Multinomial                    |
none    | sequence_mask                 |                                |
none    | invert_permutation            |                                |
none    | nonzero                       | Where                          | where (of indices)
none    | string_to_number as_string    | StringFormat                   |
none    |                               | CountUpTo NonMaxSuppressionV3  |
none    |                               | Shape ShapeN Size Rank         |
zero    | sign                          | Sign                           | sign
sided   | relu                          | Relu                           |
sided   | relu6                         | Relu6 Relu6Grad                |
sided   | elu                           | Elu                            |
sided   | selu                          | Selu                           |
sided   | maximum                       | Maximum                        |
sided   | minimum                       | Minimum                        |
sided   | clip_by_value clip            | ClipByValue                    |
forgets | shape size rank               |                                |
forgets | cardinality int_shape ndim |                             |
forgets | zeros ones fill full empty eye |                               |
forgets | zeros_like ones_like full_like |                               |
forgets | range arange linspace         |                                |
forgets | normal uniform truncated_normal |                              |
forgets | stateless_normal stateless_uniform |                           |
forgets | random_normal random_uniform  |                                |
forgets | shuffle                       |                                |
logs    | print debugging Assert        |                                |
logs    | assert_shapes assert_equal assert_greater assert_less |        |
logs    | set_seed get_seed             |                                |
stops   | stop_gradient StopGradient    | StopGradient PreventGradient   |
opaque  | numpy_function py_func        | PyFunc PyFuncStateless         |
opaque  | py_function                   | EagerPyFunc                    |
calls   | map_fn scan foldl foldr vectorized_map |                       |
calls   | cond while_loop   |                                |
calls   | recompute_grad                |                                |
flows   | abs square exp expm1 negative sin cos tanh sigmoid erf identity |  |
flows   | softplus softsign leaky_relu gelu silu log_softmax softmax l2_loss |  |
flows   | reduce_mean reduce_sum reduce_max reduce_min reduce_prod |      |
flows   | reduce_std reduce_variance reduce_logsumexp sort |             |
flows   | add subtract multiply squared_difference |                     |
flows   | divide_no_nan                 | DivNoNan                       |
flows   | concat stack reshape transpose gather where cast |             |
steep   | sqrt rsqrt                    | Sqrt Rsqrt                     |
steep   | log log1p                     | Log Log1p                      |
steep   | reciprocal                    | Reciprocal                     |
steep   | divide                        | Div RealDiv                    |
steep   | pow                           | Pow                            |
steep   | acos asin acosh atanh         | Acos Asin Acosh Atanh          |
steep   | atan2 xdivy xlogy             | Atan2 Xdivy Xlogy              |
steep   | norm                          | EuclideanNorm                  |
"""
"""Effect, functions, types, words."""


def _read(row: str) -> Operation:
    effect, functions, types, words = (part.strip() for part in row.split("|"))
    return Operation(effect, tuple(functions.split()), tuple(types.split()), words)


TABLE = tuple(_read(row) for row in _ROWS.strip().splitlines())
"""Everything that is known, row by row."""


def functions(*effects: str) -> frozenset[str]:
    """Names of the functions with one of these effects."""
    return frozenset(name for row in TABLE if row.effect in effects for name in row.functions)


def types(*effects: str) -> frozenset[str]:
    """Types of the operations with one of these effects."""
    return frozenset(name for row in TABLE if row.effect in effects for name in row.types)


CUTS = types("none")
"""Their gradient is None."""

FLAT = types("zero")
"""Their gradient is zero everywhere."""

CLIPS = types("sided")
"""Their gradient is zero on one side."""

OPAQUE = types("opaque")
"""A Python function hides what happens."""

STOPS = types("stops")
"""Put there to stop a gradient."""

SINGULAR = types("steep")
"""Their derivative is infinite or undefined at an edge of their range."""

WORDS = {name: row.words for row in TABLE if row.words for name in row.types} | {
    "Cast": "a cast to integers"
}
"""Names that users know."""

LOOPS = frozenset({"ReduceDataset", "DatasetReduce", "ScanDataset", "IteratorGetNext"})
"""A loop over a dataset, run as one operation without gradient."""

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
