"""A graph as text: what is written on its nodes and edges, as a table for the terminal and as DOT for Graphviz."""

from __future__ import annotations

import math
from typing import Any

from layerkit.graph.graph import Graph
from layerkit.graph.value import Value
from layerkit.nodes import Node, PowLayer
from layerkit.numerics import Number
from layerkit.tables import text_table

_SIGNS = {"*": "×", "-": "−", "<=": "≤", ">=": "≥", "==": "=", "!=": "≠", "maximum": "max", "minimum": "min"}


def to_table(graph: Graph) -> str:
    """One line per node: name, operation, value, and gradient, which is blank before `backward`."""
    rows = [
        [
            visible(value.label),
            operation_text(value),
            _cell(value.value),
            _cell(value.grad),
        ]
        for value in graph.values
    ]
    return text_table(rows, ["name", "operation", "value", "gradient"], right=["value", "gradient"])


def _cell(number: Number) -> str | None:
    text = None if number is None else number_text(number)
    return (
        f"{text} " if text in ("True", "False") else text
    )  # a bare True among numbers is more than tabulate 0.9 can take


def to_dot(graph: Graph) -> str:
    """DOT: ellipses for inputs, boxes for operations, bare text for constants; value and gradient on each edge."""
    gradients = edge_gradients(graph)
    used: set[int] = set()
    lines = ["digraph graph_of_values {", "  rankdir=LR;"]
    for value in graph.values:
        name = f"n{value.index}"
        if value.node is None:
            lines.append(f"  {name} [shape=ellipse, label={_quoted(visible(value.label))}];")
            continue
        lines.append(f"  {name} [shape=box, label={_quoted(sign_text(value.node))}];")
        for place, operand in enumerate(value.operands):
            if is_recorded(operand, graph):
                used.add(operand.index)
                label = _edge_label(operand, gradients.get((value.index, place)))
                lines.append(f"  n{operand.index} -> {name} [label={label}];")
            else:
                constant = f"c{value.index}_{place}"
                lines.append(f"  {constant} [shape=plaintext, label={_quoted(number_text(operand, 6))}];")
                lines.append(f"  {constant} -> {name};")
    for value in graph.values:
        if value.index not in used:
            label = "input" if value.node is None else visible(value.label)
            lines.append(f"  out{value.index} [shape=plaintext, label={_quoted(label)}];")
            lines.append(f"  n{value.index} -> out{value.index} [label={_edge_label(value, value.grad)}];")
    return "\n".join([*lines, "}"]) + "\n"


def _edge_label(value: Value, gradient: Number) -> str:
    lines = [number_text(value.value, 6)]
    if gradient is not None:
        lines.append("← " + number_text(gradient, 6))
    return _quoted(*lines)


def _quoted(*lines: str) -> str:
    """The lines as one DOT string. Graphviz reads backslashes, quotes and HTML entities in it."""
    escaped = (line.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;") for line in lines)
    return '"' + "\\n".join(escaped) + '"'


# -- what is written on a node or an edge ------------------------------------------------------------------------------


def is_recorded(operand: Any, graph: Graph) -> bool:
    """Whether the operand is a node of this graph; a plain number, or another graph's value, is a constant here."""
    return isinstance(operand, Value) and operand.graph is graph


def visible(text: str) -> str:
    r"""A name as one line: what cannot be printed (newlines, control characters, text direction marks) as its escape.

    >>> print(visible("가중치\n1"))
    가중치\n1
    """
    if not text.strip():
        return repr(text)
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def number_text(number: Number, digits: int = 9) -> str:
    """A number for reading: whole numbers and fractions as they are, others rounded; a recorded one by its number.

    Whole numbers and fractions too long to read are rounded as well, and marked as such. Fewer digits, shorter texts.

    >>> number_text(1 / 3), number_text(2 / 3, 6), number_text(10**400, 6)
    ('0.333333333', '0.666667', '≈1e+400')
    """
    number = bare(number)
    if isinstance(number, bool) or number is None:
        return str(number)
    numerator, denominator = getattr(number, "numerator", None), getattr(number, "denominator", None)
    if isinstance(numerator, int) and isinstance(denominator, int):
        longest = 10 ** (digits + 3) if digits < 9 else 10**300
        if abs(numerator) < longest and denominator < longest:
            return str(number)
        return "≈" + _rounded_ratio(numerator, denominator, digits)
    try:
        return format(number, f".{digits}g")
    except (TypeError, ValueError):
        return visible(str(number))


def _rounded_ratio(numerator: int, denominator: int, digits: int) -> str:
    try:
        quotient = numerator / denominator
    except OverflowError:
        quotient = 0.0
    if quotient:
        return f"{quotient:.{digits}g}"
    exponent = math.log10(abs(numerator)) - math.log10(denominator)
    whole = math.floor(exponent)
    return f"{'-' * (numerator < 0)}{10 ** (exponent - whole):.{digits}g}e{whole:+d}"


def operation_text(value: Value) -> str:
    """The operation as it is written in Python, with the names of its operands; `input` for an input."""
    node = value.node
    if node is None:
        return "input"
    operands = [_operand_text(operand, value.graph) for operand in value.operands]
    if isinstance(node, PowLayer) and node.exponent is not None:
        operands.append(_operand_text(node.exponent, value.graph))
    if not node.symbol:
        return f"{visible(type(node).__name__)}({', '.join(operands)})"
    if not node.symbol.endswith(")"):  # between signs, -1 and 1/3 need parentheses
        operands = [
            f"({text})" if not is_recorded(operand, value.graph) and (text.startswith("-") or "/" in text) else text
            for operand, text in zip([*value.operands, None], operands)
        ]
    return node.symbol.format(*operands)


def _operand_text(operand: Any, graph: Graph) -> str:
    return visible(operand.label) if is_recorded(operand, graph) else number_text(operand)


def sign_text(node: Node) -> str:
    """The operation as textbooks write it in its circle: ×, +, exp, …; a fixed exponent is shown with its sign."""
    name, bracket, _ = node.symbol.partition("(")
    if not bracket:
        name = node.symbol.replace("{0}", "").replace("{1}", "").strip() or visible(type(node).__name__)
    sign = _SIGNS.get(name, name)
    if isinstance(node, PowLayer) and node.exponent is not None:
        return f"{sign} {number_text(node.exponent, 6)}"
    return sign


# -- gradients on edges ------------------------------------------------------------------------------------------------


def bare(number: Number) -> Number:
    """The plain number of a number that is itself recorded, in a graph of a graph."""
    while isinstance(number, Value):
        number = number.value
    return number


def edge_gradients(graph: Graph) -> dict[tuple[int, int], Number]:
    """What each edge hands back: (index of an operation, place of its operand) → its part of the operand's gradient.

    The gradient of a value that is used several times is the sum of its edges' parts. Nothing before `backward`, nor
    for what was recorded after its output.
    """
    last = max((value.index for value in graph.values if value.grad is not None), default=-1)
    reached = {last}  # the nodes on which the output depends: no others were asked for their parts
    gradients: dict[tuple[int, int], Number] = {}
    for value in reversed(graph.values[: last + 1]):
        if value.node is None:
            continue
        if value.index in reached:
            reached.update(operand.index for operand in value.operands if is_recorded(operand, graph))
            parts = _parts(value.node, value.grad)
        else:
            parts = (0,) * len(value.operands)
        gradients.update({(value.index, place): part for place, part in enumerate(parts)})
    return gradients


def _parts(node: Node, dout: Number) -> tuple[Number, ...]:
    """`node.backward(dout)` on plain numbers: where the numbers are recorded themselves, a picture adds no record."""
    plain = PowLayer(bare(node.exponent)) if isinstance(node, PowLayer) else node
    parts = plain.gradient(bare(dout), bare(node.out), *map(bare, node.inputs or ()))
    return parts if isinstance(parts, tuple) else (parts,)
