"""Tables and their cells."""

from __future__ import annotations

import pytest

from layerkit.data import MISSING_TOKENS, Table, is_missing, parse_number
from layerkit.errors import ArgumentError, DataError, ShapeError, UnknownNameError

PETS = Table(
    ["name", "kind", "mass"],
    [["Rex", "dog", "12.5"], ["Tom", "cat", "NA"], ["Bo", "?", "3"]],
)


@pytest.mark.parametrize(
    ("cell", "number"),
    [("0", 0.0), ("-1.5", -1.5), ("+2", 2.0), (".5", 0.5), ("7.", 7.0), ("1e3", 1000.0), ("1E-2", 0.01), ("007", 7.0)],
)
def test_plain_decimal_writing_is_a_number(cell: str, number: float) -> None:
    assert parse_number(cell) == number


@pytest.mark.parametrize(
    "cell",
    [
        "inf",
        "-Infinity",
        "nan",
        "NaN",
        "1_000",
        "1,5",
        "1 000",
        "0x10",
        "٣",
        "１２",
        "1e999",
        "-1e999",
        "",
        "e5",
        ".",
        "−3",
    ],
)
def test_whatever_else_float_would_take_is_no_number(cell: str) -> None:
    assert parse_number(cell) is None


def test_the_missing_tokens_are_those_documented_and_no_others() -> None:
    assert MISSING_TOKENS == ("", "NA", "N/A", "NaN", "nan", "null", "None", "?")
    assert all(map(is_missing, MISSING_TOKENS))
    assert not any(map(is_missing, ["na", "none", "0", "-", "NULL"]))


def test_blanks_around_cells_and_names_are_taken_off() -> None:
    table = Table([" a ", "body\n mass"], [[" x ", "\u00a01 "]])
    assert table.names == ("a", "body mass")
    assert table.rows == [("x", "1")]


def test_a_column_is_found_by_its_name() -> None:
    assert PETS.column("kind") == ["dog", "cat", "?"]
    with pytest.raises(UnknownNameError, match="unknown column 'mas'; did you mean 'mass'"):
        PETS.column("mas")


def test_drop_and_take_leave_the_table_as_it_was() -> None:
    assert PETS.drop("kind").rows == [("Rex", "12.5"), ("Tom", "NA"), ("Bo", "3")]
    taken = PETS.take([2, 0])
    assert taken.column("name") == ["Bo", "Rex"]
    assert taken.lines == [4, 2]
    assert (len(PETS), PETS.names, PETS.lines) == (3, ("name", "kind", "mass"), [2, 3, 4])


def test_dropping_an_unknown_column_is_an_error() -> None:
    with pytest.raises(UnknownNameError, match="unknown column 'x'"):
        PETS.drop("name", "x")


@pytest.mark.parametrize("index", [3, -1])
def test_taking_a_row_that_is_not_there_is_an_error(index: int) -> None:
    with pytest.raises(ArgumentError, match=f"from 0 to 2, not {index}"):
        PETS.take([0, index])


def test_missing_cells_are_counted_for_every_column() -> None:
    assert PETS.missing() == {"name": 0, "kind": 1, "mass": 1}
    assert PETS.present("mass") == [0, 2]


def test_a_column_with_one_text_cell_is_text() -> None:
    assert PETS.kinds() == {"name": "text", "kind": "text", "mass": "numeric"}
    assert Table(["a"], [["1"], ["inf"]]).kind("a") == "text"


def test_numbers_have_none_where_a_cell_is_missing() -> None:
    assert PETS.numbers("mass") == [12.5, None, 3.0]


def test_text_among_numbers_is_named_with_its_column_and_line() -> None:
    with pytest.raises(DataError, match="column 'kind' must hold numbers, line 2 has 'dog'"):
        PETS.numbers("kind")
    with pytest.raises(DataError, match="line 4 has 'Bo'"):
        PETS.take([2]).numbers("name")


def test_two_tables_are_equal_when_names_and_cells_are() -> None:
    assert PETS.take([0, 1, 2]) == PETS
    assert PETS.take([0]) != PETS
    assert PETS != "a table"


@pytest.mark.parametrize(
    ("names", "rows", "error", "message"),
    [
        (["a", "a"], [], DataError, "2 columns are named 'a'"),
        (["a", " "], [], DataError, "column 2 of 2 has ' '"),
        (["a", "b"], [["1"]], ShapeError, "lists of 2 cells, row 0 has 1"),
        (["a"], ["1"], ShapeError, "row 0 is '1'"),
        (["a"], [["1"], [2]], DataError, "cells must be text, row 1 has 2"),
    ],
)
def test_a_table_that_is_none_is_refused_with_one_line(names, rows, error, message) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(error, match=message) as caught:
        Table(names, rows)
    assert "\n" not in str(caught.value)


def test_each_row_needs_its_line() -> None:
    with pytest.raises(ShapeError, match="lines must be 1 numbers"):
        Table(["a"], [["1"]], lines=[2, 3])
