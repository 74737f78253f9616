"""Products of rows: the inner loops of every layer, each inside one call into C.

A matrix is a list of rows, a row is a list of numbers of any kind.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import repeat
from operator import add, mul
from typing import TYPE_CHECKING, Any

from layerkit.numerics import Number

Row = Sequence[Number]
Rows = Sequence[Row]


def _dot(x: Row, y: Row) -> Number:
    """Σᵢ xᵢ yᵢ of two rows of one length.

    >>> dot([1, 2, 3], [10, 100, 1000])
    3210
    """
    return sum(map(mul, x, y))


if TYPE_CHECKING:
    dot = _dot
else:
    # math.sumprod (Python 3.12) multiplies and adds in extended precision in one C loop; sum(map(mul, …)) is the
    # fastest form before it.
    dot = getattr(math, "sumprod", _dot)


def columns(rows: Rows) -> list[tuple[Any, ...]]:
    """The columns of a matrix: its transpose.

    >>> columns([[1, 2, 3], [4, 5, 6]])
    [(1, 4), (2, 5), (3, 6)]
    """
    return list(zip(*rows))


def affine(x: Rows, weight: Rows, bias: Row | None) -> list[list[Number]]:
    """x Wᵀ + b: rows x (n, fan_in), weight (units, fan_in), bias (units,) → (n, units).

    >>> affine([[1, 2]], [[10, 100], [3, 4]], [5, 0])
    [[215, 11]]
    """
    if bias is None:
        return [[dot(row, w) for w in weight] for row in x]
    return [list(map(add, map(dot, repeat(row), weight), bias)) for row in x]


def outer_sum(left: Rows, right: Rows) -> list[list[Number]]:
    """leftᵀ · right, the sum over rows n of leftₙ ⊗ rightₙ: (n, units) and (n, fan_in) → (units, fan_in).

    >>> outer_sum([[1, 2], [0, 1]], [[10, 20, 30], [1, 1, 1]])
    [[10, 20, 30], [21, 41, 61]]
    """
    if len(left) == 1:  # one row: no sums, and a multiplication is cheaper than a call of dot on one number
        return [[value * number for number in right[0]] for value in left[0]]
    right_columns = columns(right)
    return [list(map(dot, repeat(column), right_columns)) for column in columns(left)]
