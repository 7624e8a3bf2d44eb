"""Recording of eager operations: the first steps, then out of the way."""

from __future__ import annotations

import contextlib
import functools
import sys
import weakref
from collections.abc import Iterator
from dataclasses import replace
from types import FrameType
from typing import Any

from ...evidence.recording import EXTERNAL, Conversion, Operation, Recording
from ..patches import Patches
from ..places import Places, Stack
from .kinds import is_variable
from .variables import Variables

LIMIT = 40_000
"""Operations kept; a program that runs more before its first step loses the oldest."""

SMALL = 100_000
"""Elements of a tensor from outside up to which it is looked at."""

_RESOURCE = 20
_WRITES = ("Assign", "ResourceApply", "ResourceSparseApply", "ResourceScatter")


class EagerOperations:
    """Eager operations as they run, through TensorFlow's op callbacks."""

    def __init__(self, key: int, places: Places, variables: Variables, patches: Patches) -> None:
        self.key = key
        self.on = False
        self.gaps = 0
        self.tapes: frozenset[int] = frozenset()
        self.backward = False
        self.paused = False
        self._places = places
        self._variables = variables
        self._patches = patches
        self._rows: list[Operation] = []
        self._conversions: list[Conversion] = []
        self._made: dict[int, int] = {}
        self._dtypes: dict[int, str] = {}
        self._plain: Recording | None = None
        self._first: dict[int, int] = {}
        self._shared: dict[Any, Any] = {}
        self.dropped = False
        self.pinned = False
        self.constants: weakref.WeakKeyDictionary[Any, dict[str, int]] = weakref.WeakKeyDictionary()

    def __len__(self) -> int:
        return len(self._rows)

    def install(self, patches: Patches) -> None:
        """Watches tensors that are turned into NumPy arrays and numbers."""
        from tensorflow.python.framework import ops
        from tensorflow.python.ops import script_ops

        for name in ("numpy", "__array__", "__float__", "__int__"):
            patches.around(
                ops._EagerTensorBase,
                name,
                before=lambda tensor, args, kwargs, kind=name: self._converted(tensor, kind),
                unless=self._deaf,
            )
        patches.around(
            script_ops,
            "py_func_common",
            before=lambda function, args, kwargs: self._hidden(
                args[0] if args else kwargs.get("inp")
            ),
        )
        patches.around(
            ops._EagerTensorBase,
            "_capture_as_const",
            after=lambda note, tensor, result: self._frozen(tensor, result),
        )
        self._leave_graphs_alone(patches)
        self.start()

    def _leave_graphs_alone(self, patches: Patches) -> None:
        """Keeps TensorFlow from asking us about every operation of a trace.

        It would write down each one anew, to say what it is: 25 us, where
        finished graphs are read once. Others who listen are asked as ever.
        """
        from tensorflow.python.framework import op_callbacks

        asked = op_callbacks.should_invoke_op_callbacks

        def should_invoke() -> bool:
            return bool(asked()) and any(one != self._callback for one in _listening())

        patches.replace(op_callbacks, "should_invoke_op_callbacks", should_invoke)

    def start(self) -> None:
        """Records from now on."""
        from tensorflow.python.framework import op_callbacks

        if not self.on:
            op_callbacks.add_op_callback(self._callback)
            self.on = True

    def stop(self) -> None:
        """Lets operations run as if nobody watched."""
        if not self.on:
            return
        from tensorflow.python.framework import op_callbacks

        self.on = False
        self.gaps += 1
        # Started in another thread, its callbacks went with it.
        with contextlib.suppress(KeyError):
            op_callbacks.remove_op_callback(self._callback)

    def _callback(
        self,
        op_type: Any,
        inputs: Any,
        attrs: Any,
        outputs: Any,
        op_name: Any = None,
        graph: Any = None,
    ) -> Any:
        if graph is None and not self.paused:
            self._patches.quietly(self._record, op_type, inputs, outputs)
        # With nothing, TensorFlow would call the next callback without outputs.
        return outputs if _others() else None

    def _record(self, op_type: Any, inputs: Any, outputs: Any) -> None:
        name = op_type.decode() if isinstance(op_type, bytes) else str(op_type)
        stack, via = self._places.here(3)
        edges: list[int] = []
        resources: set[int] = set()
        given: list[Any] | None = None
        for position, tensor in enumerate(inputs):
            if tensor._datatype_enum() == _RESOURCE:
                key = self._variables.handles.get(tensor._id)
                if key is not None:
                    resources.add(key)
                    continue
            elif tensor._id not in self._made:
                given = list(_arguments(sys._getframe(1))) if given is None else given
                if position < len(given) and is_variable(given[position]):
                    self._read(tensor, given[position], stack)
            edges.append(self.locate(tensor, stack))
        writes = frozenset(resources) if name.startswith(_WRITES) else frozenset()
        first = outputs[0] if outputs else None
        self._append(
            "Call" if name.startswith("__") else name,
            tuple(edges),
            first,
            stack,
            via,
            frozenset() if writes else frozenset(resources),
            writes,
        )
        if self.tapes and name == "AssignVariableOp" and not writes:
            self._first[len(self._rows) - 1] = inputs[0]._id
        for tensor in outputs:
            if tensor is not first and name == "IteratorGetNext":
                # The parts of a batch come from one operation, and are told apart.
                self._append(name, tuple(edges), tensor, stack, via, frozenset(), frozenset())
            self._made[tensor._id] = len(self._rows) - 1
        if len(self._rows) > LIMIT:
            self._full()

    def _read(self, tensor: Any, variable: Any, stack: Stack) -> None:
        """Notes a read that TensorFlow's fast path does not tell of."""
        key = self._variables.key(variable)
        if key is None or tuple(variable.shape.as_list()) != tuple(tensor._shape_tuple()):
            return
        reads = frozenset({key})
        self._append("ReadVariableOp", (), tensor, stack, (), reads, frozenset())
        self._made[tensor._id] = len(self._rows) - 1

    def locate(self, tensor: Any, stack: Stack) -> int:
        """Index of what made a tensor; one from outside gets a stand-in."""
        found = self._made.get(tensor._id)
        if found is None:
            self._append(EXTERNAL, (), tensor, stack, (), frozenset(), frozenset())
            found = self._made[tensor._id] = len(self._rows) - 1
        return found

    def _append(
        self,
        name: str,
        inputs: tuple[int, ...],
        output: Any,
        stack: Stack,
        via: tuple[str, ...],
        reads: frozenset[int],
        writes: frozenset[int],
    ) -> None:
        shape: tuple[int | None, ...] | None = None
        dtype = ""
        if output is not None:
            enum = output._datatype_enum()
            shape = tuple(output._shape_tuple()) if enum != _RESOURCE else ()
            known = self._dtypes.get(enum)
            if known is None:
                known = self._dtypes[enum] = output.dtype.name
            dtype = known
        value = None
        number = dtype.startswith("float") or (shape == () and dtype.startswith("int"))
        if name == EXTERNAL and number and output._num_elements() <= SMALL:
            value = same_of(output._numpy())
        same = self._shared.setdefault
        self._rows.append(
            Operation(
                len(self._rows),
                same(name, name),
                inputs,
                same(shape, shape),
                dtype,
                stack,
                via,
                self.tapes,
                same(reads, reads),
                same(writes, writes),
                self.backward,
                value=value,
            )
        )

    def _full(self) -> None:
        """Drops everything if no fact points into it yet, else ends."""
        if self.pinned:
            self.stop()
            return
        self._rows.clear()
        self._conversions.clear()
        self._shared.clear()
        self._made.clear()
        self._first.clear()
        self._plain = None
        self.dropped = True

    def find(self, tensor: Any) -> int:
        """Index of the operation that made a tensor, or -1."""
        return self._made.get(getattr(tensor, "_id", -1), -1)

    def _frozen(self, tensor: Any, constant: Any) -> None:
        """A traced function takes a small tensor of ours as a constant."""
        found = self.find(tensor)
        if constant is not None and found >= 0:
            self.constants.setdefault(constant.graph, {})[constant.op.name] = found

    def _hidden(self, inputs: Any) -> None:
        """Tensors given to a Python function: eager code turns them into arrays."""
        for tensor in inputs or ():
            if hasattr(tensor, "_id"):
                self._converted(tensor, "numpy_function")

    def _deaf(self, tensor: Any) -> bool:
        """Nothing is recorded now."""
        return not self.on or self.paused

    def _converted(self, tensor: Any, kind: str) -> None:
        if self._deaf(tensor):
            return
        index = self._made.get(tensor._id)
        if index is not None:
            stack, via = self._places.here(4)
            self._conversions.append(
                Conversion(index, kind.strip("_"), stack, len(self._rows), via, self.tapes)
            )

    def record(self) -> Recording:
        """The operations so far as plain data."""
        self._own_up()
        if (
            self._plain is None
            or len(self._plain.operations) != len(self._rows)
            or len(self._plain.conversions) != len(self._conversions)
        ):
            self._plain = Recording(
                self.key,
                operations=tuple(self._rows),
                conversions=tuple(self._conversions),
                whole=not self.dropped,
            )
        return self._plain

    def _own_up(self) -> None:
        """Says which variable a first value went to: it was made right after that."""
        for index, handle in list(self._first.items()):
            key = self._variables.handles.get(handle)
            if key is not None:
                del self._first[index]
                self._rows[index] = replace(self._rows[index], writes=frozenset({key}))
                self._plain = None


@contextlib.contextmanager
def unheard() -> Iterator[None]:
    """Our own operations are nobody's business.

    `enable_check_numerics` would take our NaN, which stands for what is not
    known, for one of the program's.
    """
    from tensorflow.python.eager import context

    # `invoking_op_callbacks` would say the same, but eager operations don't ask it.
    here = context.context()._thread_local_data
    before, here.op_callbacks = here.op_callbacks, []
    try:
        yield
    finally:
        here.op_callbacks = before


def _others() -> bool:
    """Somebody else listens to operations: `enable_check_numerics`, say."""
    return len(_listening()) > 1


def _listening() -> list[Any]:
    """Who listens to operations in this thread."""
    found: list[Any] = _context().context()._thread_local_data.op_callbacks
    return found


def _arguments(frame: FrameType | None) -> Iterator[Any]:
    """What TensorFlow's generated function of the running operation was given.

    Inputs come first in its signature, in the order of the operation's own.
    A `tf.Variable` among them is read by C++ code, without a callback; so
    `x * w` in eager code shows no read of `w`, but `w * x` does.
    """
    while frame is not None and "gen_" not in frame.f_code.co_filename:
        frame = frame.f_back
    if frame is None:
        return
    for name in frame.f_code.co_varnames[: frame.f_code.co_argcount]:
        value = frame.f_locals.get(name)
        if isinstance(value, list | tuple):
            yield from value
        else:
            yield value


def in_graph() -> bool:
    """The running code is being traced; asked several times a step, so it imports nothing."""
    return not _context().executing_eagerly()


@functools.cache
def _context() -> Any:
    from tensorflow.python.eager import context

    return context


def same_of(array: Any) -> float | None:
    """The number that all elements of an array are; 0 if there are none."""
    if array.shape == ():
        return float(array)
    if not array.any():
        return 0.0
    first = array.flat[0]
    return float(first) if (array == first).all() else None
