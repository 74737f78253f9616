"""What users pass in becomes rows of numbers, or one clear line says why it cannot."""

from __future__ import annotations

import array
import math
from collections import OrderedDict, deque
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from layerkit import Graph
from layerkit.errors import ArgumentTypeError, DataError, LayerkitError, ShapeError
from layerkit.rows import as_rows, shape_text


class Array:
    """Like numpy.ndarray: arithmetic of its own, tolist(), and a repr of several lines."""

    def __init__(self, values: Any) -> None:
        self.values = values

    def tolist(self) -> Any:
        return self.values

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, k: Any) -> Any:
        return self.values[k]

    def __mul__(self, other: Any) -> Any:
        raise AssertionError("no arithmetic on data")

    __sub__ = __pow__ = __mul__

    def __float__(self) -> float:
        raise TypeError("only length-1 arrays can be converted")

    def __repr__(self) -> str:
        return "array([[0],\n       [1]])"


class Scalar:
    """Like numpy.float32: a number of another library, with item() for the plain one."""

    dtype = "float32"
    shape = ()

    def __init__(self, value: Any) -> None:
        self.value = value

    def item(self) -> Any:
        return self.value

    def __mul__(self, other: Any) -> Any:
        return self

    __sub__ = __mul__

    def __float__(self) -> float:
        return float(self.value)


class Frame:
    """Like pandas.DataFrame: its items are the names of the columns; to_numpy() gives the rows."""

    def __len__(self) -> int:
        return 2

    def __getitem__(self, k: Any) -> Any:
        raise KeyError(k)

    def __iter__(self) -> Any:
        return iter(["height", "width"])

    def to_numpy(self) -> Array:
        return Array([[1, 2], [3, 4]])


class Sequence:
    """The old protocol: a length and items by number."""

    def __init__(self, *items: Any) -> None:
        self.items = items

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, k: int) -> Any:
        return self.items[k]


WANTED = [[1.0, 2.0], [3.0, 4.0]]


@pytest.mark.parametrize(
    "data",
    [
        [[1, 2], [3, 4]],
        ((1.0, 2.0), (3.0, 4.0)),
        [(1, 2), [3.0, 4]],
        [range(1, 3), range(3, 5)],
        [array.array("d", [1, 2]), array.array("i", [3, 4])],
        memoryview(array.array("d", [1, 2, 3, 4])).cast("B").cast("d", (2, 2)),
        [memoryview(b"\x01\x02"), memoryview(b"\x03\x04")],
        deque([deque([1, 2]), deque([3, 4])]),
        Array([[1, 2], [3, 4]]),
        [Array([1, 2]), Array([3, 4])],
        (Array([1.0, 2.0]), [3, 4]),
        Frame(),
        Sequence(Sequence(1, 2), Sequence(3, 4)),
        [[Scalar(1.0), Scalar(2.0)], [Scalar(3), 4]],
        [[Fraction(1), Decimal(2)], [Fraction(6, 2), 4]],
        [[True, 2], [3, 4]],
    ],
    ids=lambda data: type(data).__name__,
)
def test_any_sequence_of_sequences_of_numbers_becomes_rows_of_floats(data: Any) -> None:
    rows = as_rows("fit", "x", data)
    assert rows == WANTED
    assert {type(row) for row in rows} == {list}
    assert {type(value) for row in rows for value in row} == {float}


@pytest.mark.parametrize(
    "data",
    [[1, 2, 3], (1, 2, 3), range(1, 4), array.array("d", [1, 2, 3]), Array([1, 2, 3]), [Scalar(1), Scalar(2), 3]],
    ids=lambda data: type(data).__name__,
)
def test_a_flat_sequence_is_a_column_where_that_is_allowed_and_an_error_otherwise(data: Any) -> None:
    assert as_rows("fit", "y", data, flat=True) == [[1.0], [2.0], [3.0]]
    with pytest.raises(
        ShapeError, match=r"fit: x must be a list of rows, got a flat list of 3 values\. Fix: write \[\["
    ):
        as_rows("fit", "x", data)


def test_rows_are_new_lists_and_the_data_stays_as_it_was() -> None:
    data = [[1.0, 2.0], [3, 4]]
    rows = as_rows("fit", "x", data)
    rows[0][0] = rows[1][0] = 99.0
    assert data == [[1.0, 2.0], [3, 4]]


def test_exact_numbers_stay_exact_where_that_is_asked() -> None:
    third, tenth = Fraction(1, 3), Decimal("0.1")
    rows = as_rows("fit", "x", [[third, tenth, 7, 0.5, True, 10**400]], exact=True)
    assert rows == [[third, tenth, 7, 0.5, 1, 10**400]]
    assert list(map(type, rows[0])) == [Fraction, Decimal, int, float, int, int]
    floats = as_rows("fit", "x", [[third, tenth, 7]])
    assert floats == [[1 / 3, 0.1, 7.0]]
    assert list(map(type, floats[0])) == [float] * 3


def test_recorded_values_stay_recorded() -> None:
    x = Graph().input("x", 2)
    for exact in (True, False):
        assert as_rows("fit", "x", [[x, 1]], exact=exact)[0][0] is x


def test_bools_are_0_and_1() -> None:
    assert as_rows("fit", "y", [True, False], flat=True) == [[1.0], [0.0]]
    assert as_rows("fit", "y", [[Scalar(True)]], exact=True) == [[1]]


@pytest.mark.parametrize("size", [1e308, 1.7e308, 5e-324])
def test_rows_of_extreme_floats_are_rows_though_their_sum_overflows(size: float) -> None:
    assert as_rows("fit", "x", [[size, size, -size]]) == [[size, size, -size]]


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        # no sequence at all
        (5, ArgumentTypeError, r"x must be a list of rows of numbers, got 5\. Fix: pass \[\[0, 1\], \[1, 0\]\], say\."),
        (None, ArgumentTypeError, "list of rows of numbers, got None"),
        ("1,2", ArgumentTypeError, "list of rows of numbers, got '1,2'"),
        (b"12", ArgumentTypeError, "list of rows of numbers"),
        ({"a": [1]}, ArgumentTypeError, "list of rows of numbers, got {'a'"),
        (OrderedDict(a=[1]), ArgumentTypeError, "list of rows of numbers"),
        ({1, 2}, ArgumentTypeError, "list of rows of numbers, got {1, 2}"),
        ((row for row in [[1]]), ArgumentTypeError, "list of rows of numbers, got <generator"),
        (map(list, [[1]]), ArgumentTypeError, "list of rows of numbers, got <map"),
        (list, ArgumentTypeError, "list of rows of numbers, got <class 'list'>"),
        (Array(3.0), ArgumentTypeError, r"list of rows of numbers, got array\(\[\[0\], \[1\]\]\)"),
        # shapes
        ([], ShapeError, r"x must have at least one row, got an empty list\. Fix: pass some rows\."),
        (Array([]), ShapeError, "at least one row"),
        ([[]], ShapeError, r"x row 0 is empty\. Fix: give every row at least one number\."),
        ([[1], []], ShapeError, "x row 1 is empty"),
        ([[1, 2], [3]], ShapeError, "x must have rows of one width, row 0 has 2 and row 1 has 1"),
        ([[1], [2, 3]], ShapeError, "row 0 has 1 and row 1 has 2"),
        ([[1], 2], ShapeError, "x row 1 is 2 and no list of numbers. Fix: make every row a list."),
        ([1, [2]], ShapeError, "x row 0 is 1 and no list of numbers"),
        ([[1], None], ShapeError, "x row 1 is None and no list of numbers"),
        ([[1], "2"], ShapeError, "x row 1 is '2' and no list of numbers"),
        ([[1], {3, 4}], ShapeError, "x row 1 is {3, 4} and no list of numbers"),
        ([[1], 10**5000], ShapeError, "and no list of numbers"),
        (["12", "34"], ShapeError, "got a flat list of 2 values"),
        ([None, None], ShapeError, "got a flat list of 2 values"),
        # entries
        ([["a"]], DataError, r"x row 0, column 0 is 'a' and not a number\. Fix: encode text as numbers first\."),
        ([[1, 2], [3, "4"]], DataError, "x row 1, column 1 is '4' and not a number"),
        ([[b"1"]], DataError, "encode text"),
        ([[None]], DataError, r"x row 0, column 0 is None and not a number\. Fix: leave the row out or fill it\."),
        ([[1j]], DataError, "is 1j and not a number"),
        (
            [[1.0, math.nan]],
            DataError,
            r"x row 0, column 1 is nan; numbers must be finite\. Fix: leave the row out or f",
        ),
        ([[math.inf]], DataError, "is inf; numbers must be finite"),
        ([[1e308, 1e308, -math.inf]], DataError, "column 2 is -inf; numbers must be finite"),
        ([[Decimal("NaN")]], DataError, "numbers must be finite"),
        ([[Scalar(math.nan)]], DataError, "is nan; numbers must be finite"),
        ([[Scalar("a")]], DataError, "is 'a' and not a number. Fix: encode text"),
        ([[10**400]], DataError, r"x row 0, column 0 is a number too large for a float\. Fix: scale the column down\."),
        ([[-(10**5000)]], DataError, "too large for a float"),
        ([[Fraction(10**400, 3)]], DataError, "too large for a float"),
        ([[Decimal("1e999")]], DataError, "too large for a float"),
        (
            [[[1, 2]]],
            DataError,
            r"x row 0, column 0 is \[1, 2\] and not a number\. Fix: write one number there, no list",
        ),
        (Array([[[1.0]]]), DataError, "write one number there, no list"),
    ],
    ids=lambda given: type(given).__name__ if not isinstance(given, type) else "",
)
def test_bad_data_is_one_clear_line(data: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message) as caught:
        as_rows("fit", "x", data)
    assert isinstance(caught.value, LayerkitError)
    text = str(caught.value)
    assert text.startswith("fit: x ")
    assert "\n" not in text
    assert "Fix: " in text
    assert len(text) < 250


def test_flat_columns_are_checked_too() -> None:
    with pytest.raises(DataError, match="y row 1, column 0 is 'b' and not a number"):
        as_rows("fit", "y", [1, "b"], flat=True)
    with pytest.raises(DataError, match="y row 0, column 0 is None"):
        as_rows("fit", "y", [None], flat=True)


def test_shapes_are_written_out() -> None:
    assert shape_text([[1]]) == "1 row of 1 number"
    assert shape_text([[1, 2], [3, 4], [5, 6]]) == "3 rows of 2 numbers"
