"""Gradient descent on x², from 3, ten steps: what the learning rate does."""

from __future__ import annotations

from collections.abc import Sequence

from layerkit.graph import Graph
from layerkit.tables import text_table

START, STEPS, RATES = 3.0, 10, (0.1, 0.5, 0.9, 1.0, 1.1)


def descend(rate: float) -> list[float]:
    """x before the first step and after each; the slope of x² comes from its computational graph.

    >>> descend(0.5)[:3]
    [3.0, 0.0, 0.0]
    """
    path = [START]
    for _ in range(STEPS):
        x = Graph().input("x", path[-1])
        (x * x).backward()
        path.append(path[-1] - rate * x.grad)
    return path


def verdict(path: Sequence[float]) -> str:
    """What the path does, read off its numbers.

    >>> verdict([3.0, -3.0, 3.0])
    'swings for ever'
    """
    first, last = abs(path[0]), abs(path[-1])
    if path[1] == 0:
        return "lands at once"
    if last > first:
        return "diverges"
    if last == first:
        return "swings for ever"
    return "oscillates" if path[0] * path[1] < 0 else "converges"


def tell() -> str:
    """The whole story as text."""
    paths = [descend(rate) for rate in RATES]
    rows = [[step, *xs] for step, xs in enumerate(zip(*paths))]
    verdicts = [[f"rate {rate}", verdict(path)] for rate, path in zip(RATES, paths)]
    return "\n".join(
        [
            "x² falls along its slope 2x: x ← x − rate · 2x, from x = 3. One column for each learning rate:",
            "",
            text_table(rows, ["step", *(f"rate {rate}" for rate in RATES)], float_format=".4f"),
            "",
            text_table(verdicts, ["", "from 3, ten steps"]),
            "",
            "Each step multiplies x by 1 − 2 · rate: where that is above 1 in size, every step leads further away.",
        ]
    )
