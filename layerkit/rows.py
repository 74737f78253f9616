"""What users pass in becomes rows of numbers here, or one line says why it cannot.

Values are checked once, where they enter a model, and never inside its layers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from layerkit.arguments import is_number
from layerkit.errors import ArgumentTypeError, DataError, ShapeError, short
from layerkit.linalg import Rows
from layerkit.numerics import Number, is_finite


def as_rows(who: str, what: str, data: Any, *, flat: bool = False, exact: bool = False) -> list[list[Number]]:
    """A list of rows of numbers, all of one width, at least one row.

    `data` is any sequence of sequences of numbers, or has ``tolist()``. With `flat`, a sequence of n numbers is n rows
    of one. Every number becomes a float, unless `exact` keeps ints, Fractions and Decimals as they are; bools are 0
    and 1. Recorded values stay what they are.

    >>> as_rows("example", "x", ((1, 2), (3, True)))
    [[1.0, 2.0], [3.0, 1.0]]

    :raises ArgumentTypeError: where data is not a sequence.
    :raises ShapeError: where it is empty, flat without `flat`, or ragged.
    :raises DataError: where an entry is not a finite number.
    """
    outer = _sequence(data)
    if outer is None:
        raise ArgumentTypeError(
            f"{who}: {what} must be a list of rows of numbers, got {short(data)}. Fix: pass [[0, 1], [1, 0]], say."
        )
    if not outer:
        raise ShapeError(f"{who}: {what} must have at least one row, got an empty list. Fix: pass some rows.")
    if not any(_is_row(row) for row in outer):
        if not flat:
            raise ShapeError(
                f"{who}: {what} must be a list of rows, got a flat list of {len(outer)} values. "
                f"Fix: write [[…], […]], one inner list for each row."
            )
        outer = [[value] for value in outer]
    width = len(_sequence(outer[0]) or ())
    return [_row(who, what, n, row, width, exact) for n, row in enumerate(outer)]


def _row(who: str, what: str, n: int, row: Any, width: int, exact: bool) -> list[Number]:
    values = _sequence(row)
    if values is None:
        raise ShapeError(f"{who}: {what} row {n} is {short(row)} and no list of numbers. Fix: make every row a list.")
    if not values:
        raise ShapeError(f"{who}: {what} row {n} is empty. Fix: give every row at least one number.")
    if len(values) != width:
        raise ShapeError(
            f"{who}: {what} must have rows of one width, row 0 has {width} and row {n} has {len(values)}. "
            "Fix: give every row the same number of values."
        )
    kinds = set(map(type, values))
    if kinds <= ({float} if exact else {float, int, bool}):  # the quick way for what is passed most
        try:
            numbers = values if kinds == {float} else list(map(float, values))
            if math.isfinite(sum(numbers)):
                return numbers
        except OverflowError:
            pass  # the slow way says which number it is
    return [_number(who, f"{what} row {n}, column {i}", value, exact) for i, value in enumerate(values)]


def _number(who: str, where: str, value: Any, exact: bool) -> Number:
    if getattr(value, "shape", None) == () and hasattr(value, "item"):  # a number of another library: numpy.float32
        value = value.item()
    if isinstance(value, bool):
        return int(value) if exact else float(value)
    if not is_number(value):
        raise DataError(f"{who}: {where} is {short(value)} and not a number. Fix: {_advice(value)}.")
    if not is_finite(value):
        raise DataError(f"{who}: {where} is {short(value)}; numbers must be finite. Fix: leave the row out or fill it.")
    if isinstance(value, float) or (not exact and hasattr(value, "__float__")):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if math.isinf(number):  # a Decimal becomes inf where an int complains
            raise DataError(f"{who}: {where} is a number too large for a float. Fix: scale the column down.")
        return number
    return value


def _advice(value: Any) -> str:
    if isinstance(value, (str, bytes)):
        return "encode text as numbers first"
    return "leave the row out or fill it" if _sequence(value) is None else "write one number there, no list"


def _sequence(data: Any) -> list[Any] | None:
    """The data as a list, or None where it is no sequence."""
    if type(data) is list or type(data) is tuple:
        return list(data)
    if hasattr(data, "to_numpy") and not hasattr(data, "tolist"):  # a pandas table has tolist only one step further
        data = data.to_numpy()
    if hasattr(data, "tolist"):
        data = data.tolist()
    listable = hasattr(data, "__len__") and hasattr(data, "__getitem__")
    if not listable or isinstance(data, (str, bytes, bytearray, Mapping)):
        return None
    try:
        return list(data)
    except (TypeError, NotImplementedError):
        return None


def _is_row(value: Any) -> bool:
    return not isinstance(value, float) and not is_number(value) and _sequence(value) is not None


def shape_text(rows: Rows) -> str:
    """The shape as errors show it.

    >>> shape_text([[1, 2, 3], [4, 5, 6]])
    '2 rows of 3 numbers'
    """
    count, width = len(rows), len(rows[0])
    return f"{count} row{'' if count == 1 else 's'} of {width} number{'' if width == 1 else 's'}"
