"""A graph as the picture that textbooks draw (Saito, *Deep Learning from Scratch*, ch. 5): a self-contained SVG."""

from __future__ import annotations

from collections.abc import Sequence

from layerkit.errors import ArgumentError
from layerkit.graph.drawing import edge_gradients, is_recorded, number_text, operation_text, sign_text, visible
from layerkit.graph.graph import Graph
from layerkit.graph.placement import Lane, Spot, Strip, arrange
from layerkit.graph.value import Value
from layerkit.numerics import Number

LARGEST = 100  # nodes that a reader can take in
MARGIN, RADIUS, GAP = 16.0, 20.0, 5.0
SIZE, NOTE, SIGN = 13, 12, 16  # of texts, of those below a node, of those in a circle
LONGEST = 220.0  # width of a name
_COMMUTING = ("{0} + {1}", "{0} * {1}")
_FONTS = "'Noto Sans', 'Noto Sans KR', 'Noto Sans CJK KR', 'Apple SD Gothic Neo', 'Malgun Gothic', sans-serif"
_GROUPS = {  # what each kind of part looks like on white; from the back of the picture to its front
    "edges": 'fill="none" stroke="#5f6368" stroke-width="1.3" stroke-linejoin="round"',
    "dots": 'fill="#5f6368"',
    "nodes": 'fill="#f1f3f4" stroke="#202124" stroke-width="1.3"',
    "names": 'fill="#202124"',
    "values": 'fill="#0b57d0"',
    "gradients": 'fill="#b3261e"',
}
_DARK = (
    "@media (prefers-color-scheme: dark) {"
    " .layerkit-graph .paper { fill: #18191c }"
    " .layerkit-graph .edges { stroke: #9aa0a6 }"
    " .layerkit-graph .dots { fill: #9aa0a6 }"
    " .layerkit-graph .nodes { fill: #2a2c31; stroke: #e3e4e8 }"
    " .layerkit-graph .names { fill: #e3e4e8 }"
    " .layerkit-graph .values { fill: #8ab4f8 }"
    " .layerkit-graph .gradients { fill: #f6a58f }"
    " }"
)


def to_svg(graph: Graph) -> str:
    """The picture: inputs at the left, a circle per operation, each value above its edge and the gradient below it.

    Operands reach an operation from top to bottom in the order of its formula; those of + and × may change places, so
    that fewer edges cross. Where a value is used several times, each edge shows its own part of the gradient.

    :raises ArgumentError: where the graph has more than 100 nodes.
    """
    if len(graph.values) > LARGEST:
        raise ArgumentError(
            f"Graph.to_svg: a picture holds at most {LARGEST} nodes, this graph has {len(graph.values)}. "
            "Fix: record a smaller graph, or use print(graph) or to_dot()."
        )
    columns = _columns(graph)
    strips = arrange(columns, MARGIN)
    picture = _Picture()
    for place, (column, strip) in enumerate(zip(columns, strips)):
        for spot in column:
            picture.spot(graph.values[spot.index], spot, strip)
            for lane in spot.lanes:
                picture.edge(spot, lane, strip, strips[place - 1])
    picture.dots(columns, strips)
    bottom = max((spot.y + spot.down for column in columns for spot in column), default=0.0) + MARGIN + SIZE
    right = picture.legend(bottom, with_gradients=any(value.grad is not None for value in graph.values))
    return picture.finish(graph, max([right, *(strip.right for strip in strips)]) + MARGIN, bottom + MARGIN)


# -- what there is to place --------------------------------------------------------------------------------------------


def _columns(graph: Graph) -> list[list[Spot]]:
    """Nodes by depth; a bend in every column that an edge passes; an open end after each node that nothing uses."""
    gradients = edge_gradients(graph)
    depths: list[int] = []
    reach: dict[int, int] = {}  # the furthest column into which a value goes
    uses = [0] * len(graph.values)
    for value in graph.values:
        operands = [operand.index for operand in value.operands if is_recorded(operand, graph)]
        depths.append(max((depths[index] + 1 for index in operands), default=0))
        for index in operands:
            reach[index] = max(reach.get(index, 0), depths[-1])
            uses[index] += 1
    columns: list[list[Spot]] = [[] for _ in range(max(depths, default=0) + 2)]
    at: dict[tuple[int, int], Spot] = {}
    for value, depth in zip(graph.values, depths):
        at[value.index, depth] = _node_spot(value, uses[value.index])
        columns[depth].append(at[value.index, depth])
    for value, depth in zip(graph.values, depths):
        for column in range(depth + 1, reach.get(value.index, 0)):
            bend = at[value.index, column] = Spot("bend", value.index, "", 0.0, 6.0)
            bend.lanes.append(Lane(at[value.index, column - 1], 0, [], 0.0, 0.0))
            columns[column].append(bend)
    for value, depth in zip(graph.values, depths):
        for place, operand in enumerate(value.operands):
            recorded = is_recorded(operand, graph)
            source = at[operand.index, depth - 1] if recorded else None
            lane = _lane(source, place, operand, gradients.get((value.index, place)))
            at[value.index, depth].lanes.append(lane)
        if not uses[value.index]:
            text = "" if value.node is None else shortened(value.label)
            end = Spot("end", value.index, text, text_width(text, SIZE), 10.0)
            end.lanes.append(_lane(at[value.index, depth], 0, value, value.grad))
            columns[depth + 1].append(end)
    return [column for column in columns if column]


def _node_spot(value: Value, uses: int) -> Spot:
    if value.node is None:
        text = shortened(value.label)
        spot = Spot("input", value.index, text, text_width(text, SIZE) + GAP, 11.0)
    else:
        text = sign_text(value.node)
        width = text_width(text, SIGN)
        spot = Spot("operation", value.index, text, 2 * RADIUS if width < 1.8 * RADIUS else width + RADIUS, RADIUS + 1)
        spot.commutes = value.node.symbol in _COMMUTING
        if value.name is not None and uses:  # otherwise it stands at the open end
            spot.notes.append(("names", shortened(value.name)))
    if uses > 1 and value.grad is not None:
        spot.notes.append(("gradients", "sum ← " + number_text(value.grad, 6)))
    spot.down += len(spot.notes) * (NOTE + 4)
    spot.width = max([spot.width, *(text_width(note, NOTE) + GAP for _, note in spot.notes)])
    return spot


def _lane(source: Spot | None, place: int, number: Number, gradient: Number) -> Lane:
    texts = [number_text(number, 6)]
    if source is not None and gradient is not None:
        texts.append("← " + number_text(gradient, 6))
    width = max(text_width(text, SIZE) for text in texts) + 10
    return Lane(source, place, texts, width, 22.0 if source is None else 38.0)


def shortened(name: str) -> str:
    """A name that can be printed, cut where it is too long for a picture."""
    text = visible(name)
    if text_width(text, SIZE) <= LONGEST:
        return text
    text = text[:40]
    while text_width(text + "…", SIZE) > LONGEST:
        text = text[:-1]
    return text + "…"


def text_width(text: str, size: float) -> float:
    """No less than the width of the text in common sans-serif fonts: there is no font to measure with here."""
    return size * sum(1.05 if c >= "\u1100" or c in "mwMW@%" else 0.8 if c.isupper() else 0.64 for c in text)


# -- the drawing -------------------------------------------------------------------------------------------------------


class _Picture:
    """The parts drawn so far, in one SVG group for each kind."""

    def __init__(self) -> None:
        self.parts: dict[str, list[str]] = {group: [] for group in _GROUPS}

    def text(self, group: str, x: float, y: float, text: str, anchor: str = "middle", size: int = SIZE) -> None:
        self.parts[group].append(_text(x, y, text, anchor, size))

    def spot(self, value: Value, spot: Spot, strip: Strip) -> None:
        """A node with its sign or name and the notes below it; the name of an output at its open end."""
        if spot.kind == "bend":
            return
        tip = f"<title>{escaped(_line(value))}</title>"
        at_input = spot.kind == "input"
        if spot.kind == "operation":
            shape = (
                f'<rect x="{_n(spot.x - spot.half)}" y="{_n(spot.y - RADIUS)}" width="{_n(2 * spot.half)}" '
                f'height="{_n(2 * RADIUS)}" rx="{_n(RADIUS)}"/>'
            )
            look = f' class="names" stroke="none" {_GROUPS["names"]}'
            sign = _text(spot.x, spot.y + 0.35 * SIGN, spot.text, "middle", SIGN, look)
            self.parts["nodes"].append(f"<g>{tip}{shape}{sign}</g>")
        elif spot.text:
            x, anchor = (strip.right - GAP, "end") if at_input else (strip.left, "start")
            self.parts["names"].append(f"<g>{tip}{_text(x, spot.y + 0.35 * SIZE, spot.text, anchor, SIZE)}</g>")
        y = spot.y + (SIZE - 3 if at_input else RADIUS)
        for group, note in spot.notes:
            y += NOTE + 3
            self.text(group, strip.right - GAP if at_input else spot.x, y, note, "end" if at_input else "middle", NOTE)

    def edge(self, spot: Spot, lane: Lane, strip: Strip, before: Strip) -> None:
        """A curve to the lane, the lane with its value above and its gradient below, and an arrow into the spot."""
        y = spot.y + lane.offset
        if lane.source is None:
            path = f"M{_n(strip.merge)} {_n(y)}"
            self.text("names", strip.merge - GAP, y + 0.35 * SIZE, lane.texts[0], "end")
        else:
            source = lane.source
            start = source.x + source.half if source.kind == "operation" else before.right
            middle = (strip.start + strip.lanes) / 2
            path = f"M{_n(start)} {_n(source.y)}H{_n(strip.start)}"
            if abs(source.y - y) > 0.05:
                path += f"C{_n(middle)} {_n(source.y)} {_n(middle)} {_n(y)} {_n(strip.lanes)} {_n(y)}"
            path += f"H{_n(strip.right if spot.kind == 'bend' else strip.merge)}"
            for group, text, height in zip(("values", "gradients"), lane.texts, (-5.0, SIZE + 1.5)):
                self.text(group, (strip.lanes + strip.merge) / 2, y + height, text)
        if spot.kind == "operation":
            rise = max(-0.7 * RADIUS, min(0.7 * RADIUS, 0.4 * lane.offset))
            path += _arrow(strip.merge, y, spot.x - spot.half + RADIUS - (RADIUS**2 - rise**2) ** 0.5, spot.y + rise)
        elif spot.kind == "end":
            path += _arrow(strip.merge, y, strip.left - GAP, y)
        self.parts["edges"].append(f'<path d="{path}"/>')

    def dots(self, columns: Sequence[Sequence[Spot]], strips: Sequence[Strip]) -> None:
        """Where several edges leave one bend, a dot: there they part, and do not cross."""
        for column, after, strip in zip(columns, columns[1:], strips):
            sources = [lane.source for spot in after for lane in spot.lanes]
            for spot in column:
                if spot.kind == "bend" and sources.count(spot) > 1:
                    self.parts["dots"].append(f'<circle cx="{_n(strip.right)}" cy="{_n(spot.y)}" r="3"/>')

    def legend(self, y: float, *, with_gradients: bool) -> float:
        """What stands above and below an edge, in words; the right end of the line."""
        x = MARGIN
        below = "below it: gradient ←" if with_gradients else "no gradients yet: backward has not run"
        for group, text in (("values", "above a line: value"), ("gradients" if with_gradients else "names", below)):
            self.text(group, x, y, text, "start", NOTE)
            x += text_width(text, NOTE) + MARGIN
        return x - MARGIN

    def finish(self, graph: Graph, width: float, height: float) -> str:
        groups = "".join(
            f'<g class="{group}" {look}>\n' + "".join(part + "\n" for part in self.parts[group]) + "</g>\n"
            for group, look in _GROUPS.items()
        )
        lines = escaped("; ".join(map(_line, graph.values)))
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="layerkit-graph" role="img" width="{_n(width)}" '
            f'height="{_n(height)}" viewBox="0 0 {_n(width)} {_n(height)}" font-family="{_FONTS}">\n'
            f"<title>Computational graph, {len(graph.values)} nodes</title>\n<desc>{lines}</desc>\n"
            f'<style>{_DARK}</style>\n<rect class="paper" width="100%" height="100%" fill="#ffffff"/>\n{groups}</svg>\n'
        )


def _text(x: float, y: float, text: str, anchor: str, size: int, more: str = "") -> str:
    return f'<text x="{_n(x)}" y="{_n(y)}" text-anchor="{anchor}" font-size="{size}"{more}>{escaped(text)}</text>'


def _arrow(x0: float, y0: float, x1: float, y1: float) -> str:
    """A line with an arrowhead, as a part of a path."""
    length = ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5 or 1.0
    ux, uy = (x1 - x0) / length, (y1 - y0) / length
    left = f"M{_n(x1 - 7 * ux + 3.5 * uy)} {_n(y1 - 7 * uy - 3.5 * ux)}"
    right = f"L{_n(x1 - 7 * ux - 3.5 * uy)} {_n(y1 - 7 * uy + 3.5 * ux)}"
    return f"L{_n(x1)} {_n(y1)}{left}L{_n(x1)} {_n(y1)}{right}"


def _line(value: Value) -> str:
    """A node in words: its name, operation, value and gradient."""
    operation = "" if value.node is None else f" = {operation_text(value)}"
    gradient = "" if value.grad is None else f", gradient {number_text(value.grad)}"
    return f"{visible(value.label)}{operation} = {number_text(value.value)}{gradient}"


def _n(number: float) -> str:
    """A coordinate, to a tenth; never -0."""
    return f"{round(number, 1) + 0:g}"


def escaped(text: str) -> str:
    """Text as it may stand anywhere in XML. (The module html is not in a minimal Python.)"""
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("'", "&#39;")):
        text = text.replace(character, entity)
    return text
