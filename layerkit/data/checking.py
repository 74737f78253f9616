"""Checks of what the caller passes, each with one line that says what is wrong."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Set
from typing import Any

from layerkit.errors import DataError, ModelFileError, OrderError, ShapeError

_LONGEST_SHOWN = 60


def shown(value: object) -> str:
    """The value as an error message shows it: on one line, shortened where it is long.

    >>> shown("two\\nlines"), len(shown("x" * 1000))
    ("'two\\\\nlines'", 60)
    """
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"


def as_list(who: str, what: str, values: Any) -> list[Any]:
    """The values as a list; a numpy array or a pandas column comes with tolist().

    :raises ShapeError: where they are no sequence (a number, text, a set or a dict).
    """
    if hasattr(values, "tolist"):
        values = values.tolist()
    if isinstance(values, (str, bytes, Set, Mapping)) or not isinstance(values, Iterable):
        raise ShapeError(f"{who}: {what} must be a list, not {shown(values)}. Fix: pass a list.")
    return list(values)


def as_rows(who: str, rows: Any, width: int | None = None) -> list[list[float]]:
    """The rows as lists of finite floats, all of one width.

    :raises ShapeError: for a flat list, ragged rows, or rows that are not ``width`` wide.
    :raises DataError: where there is no row, or a value is no finite number.
    """
    checked = []
    for n, row in enumerate(as_list(who, "x", rows)):
        if isinstance(row, (str, bytes, Set, Mapping)) or not (isinstance(row, Iterable) or hasattr(row, "tolist")):
            raise ShapeError(
                f"{who}: x must be rows of numbers, row {n} is {shown(row)}. Fix: pass a list of lists, as [[1], [2]]."
            )
        numbers = [as_float(who, value, n, i) for i, value in enumerate(as_list(who, f"row {n}", row))]
        if not numbers:
            raise ShapeError(f"{who}: x must be rows of numbers, row {n} is empty. Fix: pass at least one column.")
        width = len(numbers) if width is None else width
        if len(numbers) != width:
            raise ShapeError(
                f"{who}: x must be rows of {width} numbers, row {n} has {len(numbers)}. Fix: pass {width} in each row."
            )
        checked.append(numbers)
    if not checked:
        raise DataError(f"{who}: x must have rows, it has none. Fix: pass at least one row.")
    return checked


def as_float(who: str, value: Any, n: int, i: int) -> float:
    """The value in row n, column i as a finite float.

    :raises DataError: where it is none.
    """
    try:
        if isinstance(value, (str, bytes)):
            raise TypeError
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise DataError(
            f"{who}: x must be finite numbers, row {n} has {shown(value)} in column {i}. "
            "Fix: turn text into numbers first, and leave out rows with missing values."
        )
    return number


def fitted(who: str, state: Any) -> Any:
    """The state, if ``fit`` has set it.

    :raises OrderError: where it is None.
    """
    if state is None:
        raise OrderError(f"{who}: it must be fitted first. Fix: call fit() before this.")
    return state


def field(who: str, state: Any, key: str, kind: type) -> Any:
    """``state[key]`` of a state that was read from a file, if it is of that kind; a float may stand as an int.

    :raises ModelFileError: where it is absent, of another kind, or not finite.
    """
    value = state.get(key) if isinstance(state, Mapping) else None
    if kind is float and type(value) is int and abs(value) < 2**53:
        value = float(value)
    if type(value) is not kind or (isinstance(value, float) and not math.isfinite(value)):
        raise ModelFileError(
            f"{who}: its saved state must have a {kind.__name__} {key!r}, it has {shown(value)}. "
            "Fix: save the model again; the file may be damaged."
        )
    return value


def field_list(who: str, state: Any, key: str, kind: type) -> list[Any]:
    """``state[key]``, if it is a list of values of that kind.

    :raises ModelFileError: where it is not.
    """
    return [field(who, {key: value}, key, kind) for value in field(who, state, key, list)]
