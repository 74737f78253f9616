"""A number that remembers how it was computed."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

from layerkit import nodes
from layerkit.arguments import is_number
from layerkit.errors import RecordingError
from layerkit.nodes import Node
from layerkit.numerics import Number, is_finite

if TYPE_CHECKING:
    from layerkit.graph.graph import Graph


class Value:
    """One node's output in a `Graph`: `value` is its number, `grad` its gradient after `backward` (None before).

    Operators and the functions of `layerkit.numerics` (`exp`, `maximum`, …) make new values. `node` is the operation
    that made it (None for an input), `operands` are that operation's inputs: values of this graph, or plain numbers.

    >>> from layerkit import Graph
    >>> x = Graph().input("x", 3)
    >>> z = x * x
    >>> z.backward()
    >>> z.value, x.grad
    (9, 6)
    """

    __slots__ = ("grad", "graph", "index", "name", "node", "operands", "value")

    def __init__(
        self, graph: Graph, name: str | None, value: Number, node: Node | None, operands: tuple[Any, ...]
    ) -> None:
        self.graph = graph
        self.name = name
        self.value = value
        self.node = node
        self.operands = operands
        self.grad: Number = None
        self.index = graph.append(self)

    def backward(self, dout: Number = 1) -> None:
        """Set the gradient of this value, times `dout`, by every value recorded up to here.

        Each call sets all gradients anew; nothing is added to those of an earlier call.
        """
        self.graph.backward(self, dout)

    @property
    def label(self) -> str:
        """The name where there is one, otherwise v and the number of its line."""
        return self.name if self.name is not None else f"v{self.index}"

    @property
    def plain(self) -> Number:
        """The number itself, also where `value` is a value of another graph."""
        number = self.value
        while isinstance(number, Value):
            number = number.value
        return number

    def __repr__(self) -> str:
        gradient = "" if self.grad is None else f", grad={self.grad!r}"
        return f"Value({self.label} = {self.value!r}{gradient})"

    # -- arithmetic ---------------------------------------------------------------------------------------------------

    def __add__(self, other: Any) -> Any:
        return record(nodes.AddLayer(), self, other)

    def __radd__(self, other: Any) -> Any:
        if type(other) is int and other == 0:  # sum() starts at 0: that is no operation of the formula
            return self
        return record(nodes.AddLayer(), other, self)

    def __sub__(self, other: Any) -> Any:
        return record(nodes.SubLayer(), self, other)

    def __rsub__(self, other: Any) -> Any:
        return record(nodes.SubLayer(), other, self)

    def __mul__(self, other: Any) -> Any:
        return record(nodes.MulLayer(), self, other)

    def __rmul__(self, other: Any) -> Any:
        return record(nodes.MulLayer(), other, self)

    def __truediv__(self, other: Any) -> Any:
        return record(nodes.DivLayer(), self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return record(nodes.DivLayer(), other, self)

    def __pow__(self, other: Any) -> Any:
        if isinstance(other, Value) and other.graph.level >= self.graph.level:
            return record(nodes.PowLayer(), self, other)
        return record(nodes.PowLayer(other), self)

    def __rpow__(self, other: Any) -> Any:
        return record(nodes.PowLayer(), other, self)

    def __neg__(self) -> Any:
        return record(nodes.NegLayer(), self)

    def __pos__(self) -> Value:
        return self

    def __abs__(self) -> Any:
        return record(nodes.AbsLayer(), self)

    # -- the methods that layerkit.numerics asks a number for ---------------------------------------------------------

    def exp(self) -> Any:
        return record(nodes.ExpLayer(), self)

    def expm1(self) -> Any:
        return record(nodes.Expm1Layer(), self)

    def ln(self) -> Any:
        return record(nodes.LogLayer(), self)

    def log1p(self) -> Any:
        return record(nodes.Log1pLayer(), self)

    def sqrt(self) -> Any:
        return record(nodes.SqrtLayer(), self)

    def tanh(self) -> Any:
        return record(nodes.TanhLayer(), self)

    def erf(self) -> Any:
        return record(nodes.ErfLayer(), self)

    def erfc(self) -> Any:
        return record(nodes.ErfcLayer(), self)

    def maximum(self, other: Any) -> Any:
        return record(nodes.MaxLayer(), self, other)

    def minimum(self, other: Any) -> Any:
        return record(nodes.MinLayer(), self, other)

    def where(self, x: Any, y: Any) -> Any:
        return record(nodes.WhereLayer(), self, x, y)

    def is_finite(self) -> bool:
        return is_finite(self.value)

    # -- comparisons: recorded too, since `where` needs them ----------------------------------------------------------

    def __lt__(self, other: Any) -> Any:
        return record(nodes.CompareLayer("<", operator.lt), self, other)

    def __le__(self, other: Any) -> Any:
        return record(nodes.CompareLayer("<=", operator.le), self, other)

    def __gt__(self, other: Any) -> Any:
        return record(nodes.CompareLayer(">", operator.gt), self, other)

    def __ge__(self, other: Any) -> Any:
        return record(nodes.CompareLayer(">=", operator.ge), self, other)

    def __eq__(self, other: Any) -> Any:
        return record(nodes.CompareLayer("==", operator.eq), self, other)

    def __ne__(self, other: Any) -> Any:
        return record(nodes.CompareLayer("!=", operator.ne), self, other)

    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        if self.graph.for_program:
            raise RecordingError(
                f"{self.label}: a branch on a recorded value would be fixed for ever in the program. "
                "Fix: write where(condition, a, b), maximum or minimum instead of if, and, or, max, min."
            )
        return bool(self.value)


def record(node: Node, *operands: Any) -> Any:
    """Run the node's `forward` on the operands' numbers; a value that remembers node and operands.

    Where one graph records the values of another as its numbers, the outermost record takes the operation.

    :raises RecordingError: where the operands belong to two unrelated graphs.
    """
    graph: Any = None
    for operand in operands:
        if isinstance(operand, Value):
            if graph is None or operand.graph.level > graph.level:
                graph = operand.graph
            elif operand.graph.level == graph.level and operand.graph is not graph:
                raise RecordingError(f"{operand.label} belongs to another graph. Fix: make all inputs with one Graph.")
        elif not is_number(operand) and not isinstance(operand, bool):
            return NotImplemented
    out = node.forward(*[o.value if isinstance(o, Value) and o.graph is graph else o for o in operands])
    return Value(graph, None, out, node, operands)
