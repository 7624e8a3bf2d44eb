"""Defects to put into training loops: one operator each, as text edits.

An operator looks for places where its defect is a defect beyond doubt: the
forward pass is that of the model whose variables are asked for, the list of
variables is the one that was asked for, and so on.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

Statements = list[ast.stmt]
_NOT_MODELS = re.compile(
    r"\b(tf|np|keras|loss\w*|criterion|metric\w*|optimizer|zip|sum|float|print|len|range)\b"
)
_LISTS = ("trainable_variables", "trainable_weights")


@dataclass(frozen=True)
class Edit:
    """Bytes to replace by a text."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Mutant:
    """One defect: its edits, and a line of the unchanged text beside it."""

    line: int
    edits: tuple[Edit, ...]


@dataclass(frozen=True)
class Operator:
    """A kind of defect.

    Attributes:
        codes: What it should be reported as.
        places: Where it can be put into a program.
    """

    codes: frozenset[str]
    places: Callable[[Program], Iterator[Mutant]]


@dataclass(frozen=True)
class Apply:
    """A statement `optimizer.apply_gradients(zip(gradients, variables))`."""

    statement: ast.stmt
    call: ast.Call
    zipped: ast.Call
    gradients: ast.expr
    variables: ast.expr
    body: Statements


@dataclass(frozen=True)
class Forward:
    """A statement `prediction = model(x)` right under a tape.

    `sources` are those the model's variables are asked for by; `value` is the
    call itself, `block` the tape's.
    """

    statement: ast.Assign
    value: ast.Call
    block: ast.With
    model: str


class Program:
    """A text with its tree and what operators ask about it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.data = text.encode()
        self.tree = ast.parse(text)
        self._starts = [0]
        for line in text.split("\n"):
            self._starts.append(self._starts[-1] + len(line.encode()) + 1)
        three = re.search(r"^\s*(?:import|from) keras\b", text, re.MULTILINE)
        two = re.search(r"^\s*(?:import|from) tf_keras\b", text, re.MULTILINE)
        # Only optimizers of Keras 2 scale losses by this name.
        two = two or "get_scaled_loss" in text
        self.keras = "2" if two else "3" if three else None

    def start(self, node: ast.AST) -> int:
        """Where a node begins, in bytes."""
        return self._starts[node.lineno - 1] + node.col_offset  # type: ignore[attr-defined]

    def end(self, node: ast.AST) -> int:
        """Where a node ends, in bytes."""
        return self._starts[node.end_lineno - 1] + node.end_col_offset  # type: ignore[attr-defined]

    def source(self, node: ast.AST) -> str:
        """The text of a node."""
        return self.data[self.start(node) : self.end(node)].decode()

    def replaced(self, node: ast.AST, text: str) -> Edit:
        """An edit that puts a text in the place of a node."""
        return Edit(self.start(node), self.end(node), text)

    def before(self, statement: ast.stmt, *lines: str) -> Edit:
        """An edit that puts lines before a statement."""
        indent = " " * statement.col_offset
        at = self.start(statement)
        return Edit(at, at, "".join(line + "\n" + indent for line in lines))

    @cached_property
    def functions(self) -> list[ast.FunctionDef]:
        """All functions, outer ones first."""
        return [node for node in ast.walk(self.tree) if isinstance(node, ast.FunctionDef)]

    def function_around(self, line: int) -> ast.FunctionDef | None:
        """The innermost function around a line."""
        around = [one for one in self.functions if one.lineno <= line <= (one.end_lineno or 0)]
        return max(around, key=lambda one: one.lineno, default=None)

    @cached_property
    def gradient_calls(self) -> list[ast.Call]:
        """Every `tape.gradient(target, sources)`."""
        tapes = {
            item.optional_vars.id
            for node in ast.walk(self.tree)
            if isinstance(node, ast.With)
            for item in node.items
            if isinstance(item.optional_vars, ast.Name)
            and "GradientTape" in ast.unparse(item.context_expr)
        }
        return [
            node
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "gradient"
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id in tapes
        ]

    @cached_property
    def gradient_lines(self) -> list[int]:
        """Lines of all gradient calls."""
        return [call.lineno for call in self.gradient_calls]

    def gradient_lines_around(self, line: int) -> list[int]:
        """Lines of the gradient calls in the same function, or in the file."""
        function = self.function_around(line)
        if function is None:
            inside = [one for one in self.gradient_lines if self.function_around(one) is None]
        else:
            end = function.end_lineno or 0
            inside = [one for one in self.gradient_lines if function.lineno <= one <= end]
        return inside or self.gradient_lines

    @cached_property
    def bodies(self) -> list[Statements]:
        """All blocks of statements."""
        return [
            part
            for node in ast.walk(self.tree)
            for name in ("body", "orelse", "finalbody")
            if isinstance(part := getattr(node, name, None), list) and part
        ]

    @cached_property
    def applies(self) -> list[Apply]:
        """Every statement that hands zipped gradients to an optimizer."""
        found = []
        for body in self.bodies:
            for statement in body:
                call = getattr(statement, "value", None)
                if not isinstance(statement, ast.Expr) or not isinstance(call, ast.Call):
                    continue
                function = call.func
                if not isinstance(function, ast.Attribute) or function.attr != "apply_gradients":
                    continue
                zipped = call.args[0] if call.args else None
                if (
                    isinstance(zipped, ast.Call)
                    and isinstance(zipped.func, ast.Name)
                    and zipped.func.id == "zip"
                    and len(zipped.args) == 2
                ):
                    left, right = zipped.args
                    found.append(Apply(statement, call, zipped, left, right, body))
        return found

    @cached_property
    def forwards(self) -> list[Forward]:
        """Forward passes of the models whose gradients are taken right after."""
        found = []
        for block in ast.walk(self.tree):
            if not isinstance(block, ast.With) or len(block.items) != 1:
                continue
            tape = block.items[0].optional_vars
            if not isinstance(tape, ast.Name) or "GradientTape" not in ast.unparse(
                block.items[0].context_expr
            ):
                continue
            models = self._asked_for(tape.id, block)
            calls = [node for node in ast.walk(block) if isinstance(node, ast.Call)]
            for statement in block.body:
                value = getattr(statement, "value", None)
                if not isinstance(statement, ast.Assign) or not isinstance(value, ast.Call):
                    continue
                model = ast.unparse(value.func)
                same = [call for call in calls if ast.unparse(call.func) == model]
                name = statement.targets[0]
                if model in models and len(same) == 1 and isinstance(name, ast.Name):
                    found.append(Forward(statement, value, block, model))
        return found

    def _asked_for(self, tape: str, block: ast.With) -> set[str]:
        """Models of which one gradient call asks for all trainable variables."""
        function = self.function_around(block.lineno)
        end = (function.end_lineno or 0) if function is not None else 10**9
        calls = [
            call
            for call in self.gradient_calls
            if call.func.value.id == tape and block.lineno < call.lineno <= end  # type: ignore[attr-defined]
        ]
        if len(calls) != 1:
            return set()
        sources = self._meant(sources_of(calls[0]), function)
        return {sources.rsplit(".", 1)[0]} if sources.endswith(_LISTS) else set()

    def _meant(self, node: ast.expr | None, function: ast.FunctionDef | None) -> str:
        """The text of an expression, a name replaced by what it was last given."""
        if isinstance(node, ast.Name) and function is not None:
            given = [
                one.value
                for one in ast.walk(function)
                if isinstance(one, ast.Assign)
                and any(isinstance(t, ast.Name) and t.id == node.id for t in one.targets)
            ]
            if len(given) == 1:
                return ast.unparse(given[0])
        return ast.unparse(node) if node is not None else ""

    def lists(self, within: ast.AST) -> list[str]:
        """Lists of trainable variables that a function reads, by dotted names."""
        found = [
            ast.unparse(node)
            for node in ast.walk(within)
            if isinstance(node, ast.Attribute) and node.attr in _LISTS
        ]
        return [one for one in dict.fromkeys(found) if re.fullmatch(r"[\w.]+", one)]


def sources_of(call: ast.Call) -> ast.expr | None:
    """The sources of a gradient call."""
    if len(call.args) > 1:
        return call.args[1]
    return next((one.value for one in call.keywords if one.arg == "sources"), None)


def _hoisted(program: Program) -> Iterator[Mutant]:
    for one in program.forwards:
        if one.block.body[0] is not one.statement or len(one.block.body) < 2:
            continue
        following = one.block.body[1]
        text = program.source(one.statement)
        gap = Edit(program.start(one.statement), program.start(following), "")
        if "\n" in text:
            continue
        yield Mutant(one.statement.lineno, (program.before(one.block, text), gap))


def _apply_removed(program: Program) -> Iterator[Mutant]:
    for one in program.applies:
        # The gradients may be meant for something else as well.
        name = one.gradients.id if isinstance(one.gradients, ast.Name) else ""
        if name and len(re.findall(rf"\b{name}\b", _function_text(program, one))) == 2:
            yield Mutant(one.statement.lineno, (program.replaced(one.statement, "pass"),))


def _function_text(program: Program, one: Apply) -> str:
    function = program.function_around(one.statement.lineno)
    return program.source(function) if function is not None else program.text


def _two_arguments(program: Program) -> Iterator[Mutant]:
    for one in program.applies:
        both = f"{program.source(one.gradients)}, {program.source(one.variables)}"
        yield Mutant(one.statement.lineno, (program.replaced(one.zipped, both),))


def _no_variables(program: Program) -> Iterator[Mutant]:
    for one in program.applies:
        text = program.source(one.gradients)
        yield Mutant(one.statement.lineno, (program.replaced(one.zipped, text),))


def _swapped(program: Program) -> Iterator[Mutant]:
    for one in program.applies:
        left, right = program.source(one.gradients), program.source(one.variables)
        edits = (program.replaced(one.gradients, right), program.replaced(one.variables, left))
        yield Mutant(one.statement.lineno, edits)


def _other_list(program: Program) -> Iterator[Mutant]:
    for one in program.applies:
        here = program.source(one.variables)
        if not here.endswith(_LISTS):
            continue
        function = program.function_around(one.statement.lineno)
        for other in program.lists(function or program.tree):
            if _apart(_owner(here), _owner(other)):
                yield Mutant(one.statement.lineno, (program.replaced(one.variables, other),))
                break


def _owner(text: str) -> str:
    return text.rpartition(".")[0]


def _apart(one: str, other: str) -> bool:
    """Says whether two names can't mean one model: `self.model` may well be `model`."""
    return not any(
        (a + ".").startswith(b + ".") or ("." + a).endswith("." + b)
        for a, b in ((one, other), (other, one))
    )


def _shifted_list(program: Program) -> Iterator[Mutant]:
    for one in program.applies:
        text = program.source(one.variables)
        if text.endswith(_LISTS):
            yield Mutant(one.statement.lineno, (program.replaced(one.variables, text + "[1:]"),))


def _rebound(program: Program) -> Iterator[Mutant]:
    for one in program.applies:
        pairs = program.source(one.zipped)
        indent = " " * one.statement.col_offset
        text = f"for g_, v_ in {pairs}:\n{indent}    v_ = v_ - 0.01 * g_"
        yield Mutant(one.statement.lineno, (program.replaced(one.statement, text),))


def _optimizer_in_step(program: Program) -> Iterator[Mutant]:
    for one in program.applies:
        receiver = program.source(one.call.func.value)  # type: ignore[attr-defined]
        name = re.fullmatch(r"(self\.)?\w+", receiver)
        alias = re.search(r"^import tensorflow(?:\.compat\.v2)? as tf$", program.text, re.MULTILINE)
        if name and alias and program.function_around(one.statement.lineno) is not None:
            made = f"{receiver} = tf.keras.optimizers.Adam(0.001)"
            yield Mutant(one.statement.lineno, (program.before(one.statement, made),))


def _spent_pairs(program: Program) -> Iterator[Mutant]:
    for one in program.applies:
        text = program.source(one.zipped)
        lines = (f"pairs_ = {text}", "norms_ = [tf.norm(g_) for g_, _ in pairs_]")
        edits = (program.before(one.statement, *lines), program.replaced(one.zipped, "pairs_"))
        yield Mutant(one.statement.lineno, edits)


def _wrapped(before: str, after: str) -> Callable[[Program], Iterator[Mutant]]:
    def places(program: Program) -> Iterator[Mutant]:
        for one in program.forwards:
            text = before + program.source(one.value) + after
            yield Mutant(one.statement.lineno, (program.replaced(one.value, text),))

    return places


def _predict(program: Program) -> Iterator[Mutant]:
    for one in program.forwards:
        if one.model != "self" and one.value.args:
            text = f"{one.model}.predict({program.source(one.value.args[0])})"
            yield Mutant(one.statement.lineno, (program.replaced(one.value, text),))


def _training_dropped(program: Program) -> Iterator[Mutant]:
    if not re.search(r"\b(BatchNormalization|Dropout)\(", program.text):
        return
    for one in program.forwards:
        keyword = next((key for key in one.value.keywords if key.arg == "training"), None)
        said = (
            keyword is not None and isinstance(keyword.value, ast.Constant) and keyword.value.value
        )
        if said and keyword is not None and one.value.args:
            last = one.value.args[-1] if one.value.keywords[0] is keyword else None
            if last is not None:
                gap = Edit(program.end(last), program.end(keyword.value), "")
                yield Mutant(one.statement.lineno, (gap,))


def _bare_variable(program: Program) -> Iterator[Mutant]:
    if program.keras != "3":
        return
    for node in ast.walk(program.tree):
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Call)
            and ast.unparse(node.value.func) == "self.add_weight"
            and not any(key.arg == "trainable" for key in node.value.keywords)
        ):
            shape = next((k.value for k in node.value.keywords if k.arg == "shape"), None)
            if shape is not None and re.search(r"^import tensorflow as tf", program.text, re.M):
                text = f"tf.Variable(tf.zeros({program.source(shape)}))"
                yield Mutant(node.lineno, (program.replaced(node.value, text),))


def _half_scaling(program: Program) -> Iterator[Mutant]:
    halves = ("get_scaled_loss", "get_unscaled_gradients", "scale_loss")
    if "LossScaleOptimizer" not in program.text and "mixed_float16" not in program.text:
        # Other optimizers give the loss back as it is.
        return
    for node in ast.walk(program.tree):
        called = node.func if isinstance(node, ast.Call) and node.args else None
        if isinstance(called, ast.Attribute) and called.attr in halves:
            edit = program.replaced(node, program.source(node.args[0]))  # type: ignore[attr-defined]
            yield Mutant(node.lineno, (edit,))  # type: ignore[attr-defined]


def _int_variable(program: Program) -> Iterator[Mutant]:
    for node in ast.walk(program.tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "tf.Variable" and node.args:
            first, flags = node.args[0], {key.arg for key in node.keywords}
            whole = isinstance(first, ast.Constant) and isinstance(first.value, float)
            if whole and not flags & {"dtype", "trainable"} and len(node.args) == 1:
                yield Mutant(node.lineno, (program.replaced(first, "1"),))


def _rate_zero(program: Program) -> Iterator[Mutant]:
    for node in ast.walk(program.tree):
        if isinstance(node, ast.Call) and re.search(
            r"optimizers\.(\w+\.)?(Adam|SGD|RMSprop|AdamW)$", ast.unparse(node.func)
        ):
            given = [key.value for key in node.keywords if key.arg == "learning_rate"]
            rate = [*node.args[:1], *given][:1]
            if rate and isinstance(rate[0], ast.Constant):
                yield Mutant(node.lineno, (program.replaced(rate[0], "0.0"),))


def _asked_twice(program: Program) -> Iterator[Mutant]:
    for body in program.bodies:
        for statement in body:
            call = getattr(statement, "value", None)
            if isinstance(statement, ast.Assign) and call in program.gradient_calls:
                made = [
                    node
                    for node in ast.walk(program.tree)
                    if isinstance(node, ast.withitem)
                    and isinstance(node.optional_vars, ast.Name)
                    and node.optional_vars.id == call.func.value.id
                ]
                if not any("persistent" in ast.unparse(one.context_expr) for one in made):
                    text = program.source(call)
                    yield Mutant(statement.lineno, (program.before(statement, f"again_ = {text}"),))


def _misspelt(program: Program) -> Iterator[Mutant]:
    for call in program.gradient_calls:
        name = program.source(call.func)
        yield Mutant(call.lineno, (program.replaced(call.func, name + "s"),))


def _operator(places: Callable[[Program], Iterator[Mutant]], *codes: str) -> Operator:
    return Operator(frozenset(codes), places)


OPERATORS: dict[str, Operator] = {
    "forward above the tape": _operator(_hoisted, "GP201"),
    "apply removed": _operator(_apply_removed, "GP401"),
    "apply_gradients(g, v)": _operator(_two_arguments, "GP406"),
    "apply_gradients(g)": _operator(_no_variables, "GP406"),
    "zip swapped": _operator(_swapped, "GP406"),
    "zipped with another model's list": _operator(_other_list, "GP403", "GP404"),
    "zipped with a shifted list": _operator(_shifted_list, "GP403", "GP404"),
    "pairs used up": _operator(_spent_pairs, "GP405"),
    "rebinding loop for apply": _operator(_rebound, "GP402", "GP401"),
    "optimizer made in the step": _operator(_optimizer_in_step, "GP409", "GP609"),
    "learning rate zero": _operator(_rate_zero, "GP501"),
    ".numpy() on the prediction": _operator(_wrapped("", ".numpy()"), "GP202"),
    "argmax of the prediction": _operator(_wrapped("tf.argmax(", ", axis=-1)"), "GP203"),
    "prediction cast to int": _operator(_wrapped("tf.cast(", ", tf.int32)"), "GP203"),
    "prediction rounded": _operator(_wrapped("tf.round(", ")"), "GP203", "GP302"),
    "stop_gradient on the prediction": _operator(_wrapped("tf.stop_gradient(", ")"), "GP214"),
    "predict for the call": _operator(_predict, "GP202"),
    "training=True dropped": _operator(_training_dropped, "GP706"),
    "bare variable for add_weight": _operator(_bare_variable, "GP101", "GP102"),
    "half of the loss scaling": _operator(_half_scaling, "GP505"),
    "integer variable": _operator(_int_variable, "GP111"),
    "tape asked twice": _operator(_asked_twice, "GP213"),
    "misspelt gradient": _operator(_misspelt, "GP418"),
}
"""Every operator by the words that the table shows."""
