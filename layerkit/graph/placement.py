"""Where the parts of a graph's picture go: columns by depth, few crossings, and lanes that keep labels apart.

A *spot* is one thing in a column: a node, a bend of an edge that passes the column, or the open end of an output. Each
edge runs into its spot on a *lane* of its own, a level stretch beside which its label stands. Curves are only drawn in
the strip between a column and the next one's lanes, so that no label can meet a curve, a node or another label.
"""

from __future__ import annotations

from collections.abc import Sequence

SPACE = 8.0  # between the spots of a column
SWEEPS = 8


class Lane:
    """An edge's last stretch: from a spot in the column before (None: from a constant) into the spot that has it.

    `place` is the number of the operand; `offset`, the height relative to the spot, is set by `arrange`.
    """

    __slots__ = ("height", "offset", "place", "source", "texts", "width")

    def __init__(self, source: Spot | None, place: int, texts: list[str], width: float, height: float) -> None:
        self.source = source
        self.place = place
        self.texts = texts
        self.width = width
        self.height = height
        self.offset = 0.0


class Spot:
    """One thing in a column: an "input", an "operation", a "bend" or an "end", as wide as `width`.

    It reaches from y - up to y + down, and `half` to each side as far as its shape goes. `arrange` finds its x and y,
    and may change the order of its lanes where the operation `commutes`.
    """

    __slots__ = ("commutes", "down", "half", "index", "kind", "lanes", "notes", "text", "up", "width", "x", "y")

    def __init__(self, kind: str, index: int, text: str, width: float, half_height: float) -> None:
        self.kind = kind
        self.index = index
        self.text = text
        self.width = width
        self.half = width / 2
        self.up = self.down = half_height
        self.lanes: list[Lane] = []
        self.notes: list[tuple[str, str]] = []  # what stands below it: the group that says how it looks, and the text
        self.commutes = False
        self.x = self.y = 0.0


class Strip:
    """The space before a column: `start`, where the lanes begin (`lanes`) and end (`merge`), the column's own `left`
    and `right`."""

    __slots__ = ("lanes", "left", "merge", "right", "start")

    def __init__(self, start: float, lanes: float, merge: float, left: float, right: float) -> None:
        self.start = start
        self.lanes = lanes
        self.merge = merge
        self.left = left
        self.right = right


def arrange(columns: list[list[Spot]], margin: float) -> list[Strip]:
    """Order the spots of each column, set every x and y, and say where each column and its lanes stand."""
    _order(columns)
    for column in columns:
        for spot in column:
            height = sum(lane.height for lane in spot.lanes)
            top = -height / 2
            for lane in spot.lanes:
                lane.offset = top + lane.height / 2
                top += lane.height
            spot.up, spot.down = max(spot.up, height / 2), max(spot.down, height / 2)
    _set_heights(columns)
    highest = min((spot.y - spot.up for column in columns for spot in column), default=0.0)
    for column in columns:
        for spot in column:
            spot.y += margin - highest
    return _set_columns(columns, margin)


# -- the order within a column: barycenter sweeps ----------------------------------------------------------------------


def _order(columns: list[list[Spot]]) -> None:
    """Sort each column by the mean place of its neighbours, there and back again; keep the order that crosses least."""
    best, fewest = [list(column) for column in columns], _crossings(columns)
    for sweep in range(SWEEPS):
        if not fewest:
            break
        if sweep % 2 == 0:
            for before, column in zip(columns, columns[1:]):
                place = _places(before)
                sources = {spot: [place[lane.source] for lane in spot.lanes if lane.source] for spot in column}
                _sort_by_mean(column, sources)
        else:
            for column, after in zip(columns[-2::-1], columns[:0:-1]):
                targets: dict[Spot, list[float]] = {spot: [] for spot in column}
                for rank, spot in enumerate(after):
                    for level, lane in enumerate(spot.lanes, 1):
                        if lane.source:
                            targets[lane.source].append(rank + level / (len(spot.lanes) + 1))
                _sort_by_mean(column, targets)
        crossings = _crossings(columns)
        if crossings < fewest:
            best, fewest = [list(column) for column in columns], crossings
    columns[:] = best
    _crossings(columns)  # puts the lanes of the best order in their places


def _places(column: Sequence[Spot]) -> dict[Spot | None, float]:
    return {spot: float(place) for place, spot in enumerate(column)}


def _sort_by_mean(column: list[Spot], neighbours: dict[Spot, list[float]]) -> None:
    place = _places(column)
    column.sort(key=lambda spot: sum(neighbours[spot]) / len(neighbours[spot]) if neighbours[spot] else place[spot])


def _crossings(columns: list[list[Spot]]) -> int:
    """How many pairs of edges cross, with the lanes of a commuting operation in their best places."""
    crossings = 0
    for before, column in zip(columns, columns[1:]):
        place = _places(before)
        edges = []
        for spot in column:
            if spot.commutes:
                spot.lanes.sort(key=lambda lane: (place.get(lane.source, -1.0 if lane.place == 0 else 1e9), lane.place))
            edges += [place[lane.source] for lane in spot.lanes if lane.source]  # from top to bottom on the right
        crossings += sum(above > below for i, above in enumerate(edges) for below in edges[i + 1 :])
    return crossings


# -- heights -----------------------------------------------------------------------------------------------------------


def _set_heights(columns: list[list[Spot]]) -> None:
    """Move every spot towards the mean height of its neighbours, in its order; long edges pull hardest, to be level."""
    wishes: dict[Spot, list[tuple[float, Spot, float]]] = {spot: [] for column in columns for spot in column}
    for column in columns:
        for spot in column:
            for lane in spot.lanes:
                if lane.source:
                    weight = (4.0 if spot.kind == "bend" else 1.0) * (4.0 if lane.source.kind == "bend" else 1.0)
                    wishes[spot].append((weight, lane.source, -lane.offset))
                    wishes[lane.source].append((weight, spot, lane.offset))
        settle(column, [0.0] * len(column), [1.0] * len(column))
    for sweep in range(SWEEPS * 5):
        for column in columns if sweep % 2 == 0 else columns[::-1]:
            _pull(column, [wishes[spot] for spot in column])
    for before, column in zip(columns, columns[1:]):  # at last only forward: what can be level is level
        earlier = set(before)
        _pull(column, [[wish for wish in wishes[spot] if wish[1] in earlier] for spot in column])


def _pull(column: list[Spot], wishes: list[list[tuple[float, Spot, float]]]) -> None:
    """Settle the column by wishes of the form (weight, neighbour, how far below it)."""
    weights = [sum(weight for weight, _, _ in wish) for wish in wishes]
    sums = [sum(weight * (other.y + shift) for weight, other, shift in wish) for wish in wishes]
    settle(column, [total / weight for total, weight in zip(sums, weights)], weights)


def settle(column: list[Spot], wishes: list[float], weights: list[float]) -> None:
    """Set y as near to the wishes as order and sizes allow: weighted least squares, pooling adjacent violators."""
    depth, depths = 0.0, []
    for above, spot in zip([None, *column], column):
        depth += above.down + SPACE + spot.up if above else 0.0
        depths.append(depth)
    pools: list[tuple[float, float, int]] = []  # mean, weight, how many spots
    for wish, weight, depth in zip(wishes, weights, depths):
        mean, count = wish - depth, 1
        while pools and pools[-1][0] >= mean:
            other, other_weight, other_count = pools.pop()
            mean = (mean * weight + other * other_weight) / (weight + other_weight)
            weight, count = weight + other_weight, count + other_count
        pools.append((mean, weight, count))
    tops = [mean for mean, _, count in pools for _ in range(count)]
    for spot, top, depth in zip(column, tops, depths):
        spot.y = top + depth


# -- widths ------------------------------------------------------------------------------------------------------------


def _set_columns(columns: list[list[Spot]], margin: float) -> list[Strip]:
    """Give each column and its lanes the width that they need; steep edges get more room."""
    strips: list[Strip] = []
    x = margin
    for place, column in enumerate(columns):
        lanes = [(spot, lane) for spot in column for lane in spot.lanes]
        start = merge = begin = x
        if place:
            steps = [abs(spot.y + lane.offset - lane.source.y) for spot, lane in lanes if lane.source]
            begin = start + min(120.0, 28.0 + max(steps, default=0.0) / 4)
            merge = begin + max((lane.width for _, lane in lanes), default=0.0)
            x = merge + 22.0
        width = max((spot.width for spot in column), default=0.0)
        for spot in column:
            spot.x = x + width / 2
        strips.append(Strip(start, begin, merge, x, x + width))
        x += width
    return strips
