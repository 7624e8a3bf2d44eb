"""A program as a mend sees it: its tree, its text, and edits of both."""

from __future__ import annotations

import ast
import io
import textwrap
import tokenize
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TypeVar

from ...finding import Edit, Place, Span

Node = TypeVar("Node", bound=ast.AST)
Function = ast.FunctionDef | ast.AsyncFunctionDef


class NoMend(Exception):
    """This mend does not fit here."""


class Draft:
    """One file that is to be mended.

    Attributes:
        text: The program, its line ends made one.
        path: As places name it.
        tree: Its syntax.
        lines: Its lines, without line ends.
        generation: The Keras generation, `"3"`, `"2"` or `None`.
    """

    def __init__(self, text: str, path: str, generation: str | None) -> None:
        self.text = text
        self.path = path
        self.tree = ast.parse(text)
        self.lines = text.split("\n")
        self.generation = generation

    # Looking

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        """The node that holds a node."""
        return {
            child: parent
            for parent in ast.walk(self.tree)
            for child in ast.iter_child_nodes(parent)
        }

    def up(self, node: ast.AST) -> Iterator[ast.AST]:
        """A node, the one that holds it, and so on up to the module."""
        here: ast.AST | None = node
        while here is not None:
            yield here
            here = self.parents.get(here)

    def span(self, node: ast.AST) -> Span:
        """The place of a node."""
        line, end = int(getattr(node, "lineno", 1)), int(getattr(node, "end_lineno", None) or 1)
        return Span(
            line,
            self._column(line, int(getattr(node, "col_offset", 0))),
            end,
            self._column(end, int(getattr(node, "end_col_offset", None) or 0)),
        )

    def _column(self, line: int, offset: int) -> int:
        text = self.lines[line - 1]
        if text.isascii():
            return offset + 1
        return len(text.encode("utf-8", "replace")[:offset].decode("utf-8", "ignore")) + 1

    def source(self, node: ast.AST) -> str:
        """The text of a node."""
        span = self.span(node)
        lines = self.lines[span.line - 1 : span.end_line]
        lines[-1] = lines[-1][: span.end_column - 1]
        lines[0] = lines[0][span.column - 1 :]
        return "\n".join(lines)

    def with_comment(self, statement: ast.stmt) -> str:
        """The text of a statement and of the comment at its end."""
        span = self.span(statement)
        end = self._whole_line(statement)
        return self.source(statement) + self.lines[end - 1][span.end_column - 1 :].rstrip()

    def operand(self, node: ast.expr) -> str:
        """The text of an expression, in brackets where an operator asks for them."""
        text = self.source(node)
        tight = ast.Name | ast.Attribute | ast.Call | ast.Subscript | ast.Constant
        closed = tight | ast.List | ast.Tuple | ast.ListComp | ast.Dict | ast.Set
        if isinstance(node, closed) and not (isinstance(node, ast.Tuple) and text[:1] != "("):
            return text
        return f"({text})"

    def at(self, span: Span) -> ast.AST:
        """The smallest node that covers a span; of a line, its statement.

        Raises:
            NoMend: Nothing stands there.
        """
        if not span.end_column:
            return self.statement_on(span.line)
        start, end = (span.line, span.column), (span.end_line, span.end_column)
        found: ast.AST | None = None
        for node in ast.walk(self.tree):
            if hasattr(node, "lineno"):
                here = self.span(node)
                if (here.line, here.column) <= start and end <= (here.end_line, here.end_column):
                    found = node
        if found is None:
            raise NoMend
        return found

    def statement_on(self, line: int) -> ast.stmt:
        """The innermost statement that covers a line.

        Raises:
            NoMend: There is none.
        """
        found: ast.stmt | None = None
        for node in ast.walk(self.tree):
            if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or 0):
                found = node
        if found is None:
            raise NoMend
        return found

    def nearest(self, node: ast.AST, *kinds: type[Node]) -> Node:
        """The node itself or the nearest around it that is of a kind.

        Raises:
            NoMend: There is none.
        """
        for here in self.up(node):
            if isinstance(here, kinds):
                return here
        raise NoMend

    def statement(self, node: ast.AST) -> ast.stmt:
        """The statement that a node belongs to."""
        return self.nearest(node, ast.stmt)

    def block(self, statement: ast.stmt) -> list[ast.stmt]:
        """The statements among which one stands.

        Raises:
            NoMend: It stands nowhere.
        """
        holder = self.parents[statement]
        for name in ("body", "orelse", "finalbody"):
            body = getattr(holder, name, None)
            if isinstance(body, list) and statement in body:
                return body
        raise NoMend

    def scope(self, node: ast.AST) -> ast.AST:
        """The function around a node, else the module."""
        for here in list(self.up(node))[1:]:
            if isinstance(here, Function):
                return here
        return self.tree

    @cached_property
    def tensorflow(self) -> str:
        """How the program calls TensorFlow."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    if alias.name == "tensorflow":
                        return alias.asname or alias.name
        raise NoMend

    @cached_property
    def keras(self) -> str:
        """How the program calls Keras."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    if alias.name in ("keras", "tf_keras", "tensorflow.keras"):
                        return alias.asname or alias.name
            if isinstance(node, ast.ImportFrom) and node.module == "tensorflow":
                for alias in node.names:
                    if alias.name == "keras":
                        return alias.asname or alias.name
        return f"{self.tensorflow}.keras"

    # Writing

    def edit(self, span: Span, text: str) -> Edit:
        """Puts a text in the place of a span."""
        return Edit(Place(self.path, span), text)

    def replace(self, node: ast.AST, text: str) -> Edit:
        """Puts a text in the place of a node."""
        return self.edit(self.span(node), text)

    def indent(self, statement: ast.stmt) -> str:
        """What stands before a statement that has its line for itself.

        Raises:
            NoMend: Something else stands there.
        """
        lead = _lead(self.lines[self.first_line(statement) - 1])
        if self.span(statement).column != len(lead) + 1:
            raise NoMend
        return lead

    @cached_property
    def level(self) -> str:
        """One level of indentation, as this program has it: its first block tells."""
        for node in ast.walk(self.tree):
            body = getattr(node, "body", None)
            if not isinstance(node, ast.stmt) or not isinstance(body, list):
                continue
            outer, inner = (_lead(self.lines[self.first_line(one) - 1]) for one in (node, body[0]))
            if inner.startswith(outer) and inner != outer:
                return inner[len(outer) :]
        return "    "

    @staticmethod
    def first_line(statement: ast.stmt) -> int:
        """Its first line, decorators included."""
        decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
        return min([statement.lineno, *(node.lineno for node in decorators)])

    def before(self, statement: ast.stmt, *lines: str) -> Edit:
        """Puts lines before a statement, indented as it is."""
        lead = self.indent(statement)
        line = self.first_line(statement)
        text = "".join(textwrap.indent(each, lead) + "\n" for each in lines)
        return self.edit(Span(line, 1, line, 1), text)

    def after(self, statement: ast.stmt, *lines: str) -> Edit:
        """Puts lines after a statement, indented as it is."""
        lead = self.indent(statement)
        end = self._whole_line(statement)
        text = "".join("\n" + textwrap.indent(each, lead) for each in lines)
        return self.edit(
            Span(end, len(self.lines[end - 1]) + 1, end, len(self.lines[end - 1]) + 1), text
        )

    def remove(self, statement: ast.stmt) -> Edit:
        """Takes a statement away with its lines; an emptied block gets `pass`."""
        lead = self.indent(statement)
        start, end = self.first_line(statement), self._whole_line(statement)
        if len(self.block(statement)) == 1:
            return self.replace(statement, "pass")
        if end < len(self.lines):
            return self.edit(Span(start, 1, end + 1, 1), "")
        return self.edit(Span(start, len(lead) + 1, end, len(self.lines[end - 1]) + 1), "pass")

    def _whole_line(self, statement: ast.stmt) -> int:
        """Its last line, if nothing but a comment follows there.

        Raises:
            NoMend: Another statement follows.
        """
        span = self.span(statement)
        rest = self.lines[span.end_line - 1][span.end_column - 1 :].strip()
        if rest and not rest.startswith("#"):
            raise NoMend
        return span.end_line

    def lines_of(self, statements: Sequence[ast.stmt]) -> tuple[int, int]:
        """First and last line of statements that follow each other.

        Raises:
            NoMend: They share a line with others.
        """
        self.indent(statements[0])
        return self.first_line(statements[0]), self._whole_line(statements[-1])

    def shifted(self, first: int, last: int) -> list[str]:
        """Lines one level deeper; the inside of strings stays as it is."""
        inside = self._inside_strings
        return [
            line if number in inside or not line.strip() else self.level + line
            for number, line in enumerate(self.lines[first - 1 : last], first)
        ]

    @cached_property
    def _inside_strings(self) -> frozenset[int]:
        """Lines that begin within a string."""
        found: set[int] = set()
        try:
            for token in tokenize.generate_tokens(io.StringIO(self.text).readline):
                long = token.end[0] > token.start[0]
                if long and token.type not in (tokenize.NL, tokenize.NEWLINE):
                    found.update(range(token.start[0] + 1, token.end[0] + 1))
        except (tokenize.TokenError, SyntaxError) as problem:
            raise NoMend from problem
        return frozenset(found)


def _lead(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def called(node: ast.AST) -> str:
    """Last name of what a call calls: `gradient` of `tape.gradient(...)`."""
    if not isinstance(node, ast.Call):
        return ""
    function = node.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def same(one: ast.AST, other: ast.AST) -> bool:
    """Says whether two nodes are written alike."""
    return ast.dump(one) == ast.dump(other) or ast.unparse(one) == ast.unparse(other)


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    """The value of a named argument."""
    return next((word.value for word in call.keywords if word.arg == name), None)
