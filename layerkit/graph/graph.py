"""The computational graph: a list of values in the order in which they were computed."""

from __future__ import annotations

from typing import Any

from layerkit.arguments import is_number
from layerkit.errors import ArgumentTypeError, NumericsError, RecordingError, short
from layerkit.graph.value import Value
from layerkit.numerics import Number


class Graph:
    """Records what is done to its inputs, and finds gradients from the record.

    A graph may record values of another graph as its numbers: so the derivative of a recorded function is itself
    recorded. With `for_program=True` the truth of a recorded value is a RecordingError, since the branch taken for
    today's numbers must not be fixed in a program for all numbers.

    >>> graph = Graph()
    >>> x = graph.input("x", 3)
    >>> y = graph.input("y", 4)
    >>> z = (x + y) ** 2
    >>> z.backward()
    >>> x.grad
    14
    >>> print(graph)
    name    operation      value    gradient
    ------  -----------  -------  ----------
    x       input              3          14
    y       input              4          14
    v2      x + y              7          14
    v3      v2 ** 2           49           1
    """

    def __init__(self, *, for_program: bool = False) -> None:
        self.for_program = for_program
        self.values: list[Value] = []
        self.level = 0  # one more than that of a graph whose values are numbers here

    def input(self, name: str, value: Number) -> Value:
        """A named value that nothing computes: a leaf of the graph.

        :raises ArgumentTypeError: where the name is not text or the value is not a number.
        :raises RecordingError: where the value is recorded in this graph already.
        """
        if not isinstance(name, str):
            raise ArgumentTypeError(f"Graph.input: name must be text, got {name!r}. Fix: write graph.input('x', 3).")
        if not is_number(value) and not isinstance(value, bool):
            raise ArgumentTypeError(f"Graph.input {name!r}: value must be a number, got {short(value)}. Fix: pass one.")
        if isinstance(value, Value):
            if value.graph is self:
                raise RecordingError(f"Graph.input {name!r}: {value.label} is in this graph. Fix: use it as it is.")
            self.level = max(self.level, value.graph.level + 1)
        return Value(self, name, value, None, ())

    def append(self, value: Value) -> int:
        """Take in a new value; its index."""
        self.values.append(value)
        return len(self.values) - 1

    def backward(self, output: Value, dout: Number = 1) -> None:
        """Set `grad` of every value: dout · ∂output/∂value, 0 where the output does not depend on it.

        Values recorded after the output get None. Reverse order of the record, no recursion: ten thousand nodes in a
        row are fine.

        :raises ArgumentTypeError: where dout is not a number.
        :raises NumericsError: where a value has no derivative by one of its operands; then no `grad` has changed.
        :raises RecordingError: where the output is not a value of this graph.
        """
        if not isinstance(output, Value) or output.graph is not self:
            raise RecordingError(f"Graph.backward: {short(output)} is not in this graph. Fix: pass a value of it.")
        if not is_number(dout):
            raise ArgumentTypeError(f"Graph.backward: dout must be a number, got {short(dout)}. Fix: pass a number.")
        gradients: list[Any] = [None] * len(self.values)
        gradients[output.index] = dout
        for value in reversed(self.values[: output.index + 1]):
            gradient = gradients[value.index]
            if gradient is None or value.node is None:
                continue
            parts = value.node.backward(gradient)
            for operand, part in zip(value.operands, parts if isinstance(parts, tuple) else (parts,)):
                if not isinstance(operand, Value) or operand.graph is not self:
                    continue
                if part is None:
                    raise NumericsError(
                        f"{value.label}: no derivative by {operand.label} exists here. Fix: use a base > 0."
                    )
                before = gradients[operand.index]
                gradients[operand.index] = part if before is None else before + part
        for value, gradient in zip(self.values, gradients):
            value.grad = 0 if gradient is None and value.index <= output.index else gradient

    def __repr__(self) -> str:
        return f"<Graph of {len(self.values)} values>"

    def __str__(self) -> str:
        from layerkit.graph.drawing import to_table

        return to_table(self)

    def to_dot(self) -> str:
        """The graph in the DOT language of Graphviz: a box per operation, values on the edges."""
        from layerkit.graph.drawing import to_dot

        return to_dot(self)

    def to_svg(self) -> str:
        """The graph as a picture, columns by depth: forward value above each edge, gradient below it.

        :raises ArgumentError: where the graph is too large for a reader to take in; `print(graph)` has no limit.
        """
        from layerkit.graph.svg import to_svg

        return to_svg(self)
