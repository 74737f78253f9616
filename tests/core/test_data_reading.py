"""Reading CSV files, good and bad."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from layerkit.data import Table, read_csv
from layerkit.errors import ArgumentError, ArgumentTypeError, DataError

EXPECTED = Table(["a", "b"], [["1", "x"], ["2", "y"]])


def written(folder: Path, content: bytes) -> str:
    path = folder / "table.csv"
    path.write_bytes(content)
    return str(path)


@pytest.mark.parametrize(
    "content",
    [
        b"a,b\n1,x\n2,y\n",
        b"a,b\n1,x\n2,y",
        b"a,b\r\n1,x\r\n2,y\r\n",
        b"a,b\r1,x\r2,y\r",
        b"\xef\xbb\xbfa,b\n1,x\n2,y\n",
        b"a;b\n1;x\n2;y\n",
        b"a\tb\n1\tx\n2\ty\n",
        b'"a","b"\n"1","x"\n"2","y"\n',
        b'a, "b"\n1, "x"\n2, y\n',
        b"\n\na,b\n\n1,x\n   \n2,y\n\n",
        b" a , b \n 1 , x \n 2 , y \n",
    ],
)
def test_every_usual_way_to_write_a_table_reads_the_same(tmp_path: Path, content: bytes) -> None:
    path = written(tmp_path, content)
    assert read_csv(path) == EXPECTED
    assert read_csv(Path(path)) == EXPECTED
    assert read_csv(io.BytesIO(content)) == EXPECTED
    assert read_csv(io.StringIO(content.decode(), newline="")) == EXPECTED
    with open(path, encoding="utf-8") as file:
        assert read_csv(file) == EXPECTED


def test_a_quoted_cell_may_hold_the_delimiter_a_line_end_and_a_quote() -> None:
    table = read_csv(io.StringIO('a,b\n"x, ""y""","two\nlines"\n1,2\n'))
    assert table.rows == [('x, "y"', "two\nlines"), ("1", "2")]
    assert table.lines == [2, 4]


def test_the_delimiter_is_the_one_most_frequent_in_the_header_outside_quotes() -> None:
    assert read_csv(io.StringIO('"a,b,c";d\n1;2\n')).names == ("a,b,c", "d")
    assert read_csv(io.StringIO("a;b,c;d\n1;2,5;3\n")).rows == [("1", "2,5", "3")]
    assert read_csv(io.StringIO("a;b,c\n1,2\n")).names == ("a;b", "c")


def test_a_given_delimiter_is_taken() -> None:
    assert read_csv(io.StringIO("a|b,c\n1|2\n"), delimiter="|").names == ("a", "b,c")
    with pytest.raises(ArgumentError, match="one character such as ';', not '--'"):
        read_csv(io.StringIO("a\n1\n"), delimiter="--")


def test_lines_are_counted_over_blank_lines() -> None:
    assert read_csv(io.StringIO("a,b\n\n1,x\n\n\n2,y\n")).lines == [3, 6]


def test_a_table_of_one_column_may_have_missing_values() -> None:
    table = read_csv(io.StringIO('a\n1\n""\nNA\n\n'))
    assert table.rows == [("1",), ("",), ("NA",)]


def test_a_first_column_without_a_name_is_left_out_as_a_row_index_and_noted() -> None:
    table = read_csv(io.StringIO(',mass,kind\n0,1.5,a\n"",2.5,b\n'))  # as pandas.DataFrame.to_csv writes it
    assert (table.names, table.rows, table.lines) == (("mass", "kind"), [("1.5", "a"), ("2.5", "b")], [2, 3])
    assert table.notes == ["the first column has no name: it is taken for a row index and left out."]
    assert table.take([1]).notes == table.notes
    assert read_csv(io.StringIO("n,mass\n0,1.5\n")).notes == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "must have a header line and rows, it is empty"),
        (b"\n \n", "it is empty"),
        (b"a,b\n", "it has only a header line"),
        (b"a,b\n\n\n", "it has only a header line"),
        (b"a,b\n1,2\n\n3\n", "must have 2 cells as the header has, line 4 has 1"),
        (b'a,b\n"1\n1",2\n3,4,5\n', "must have 2 cells as the header has, line 4 has 3"),
        (b"a,b,a\n1,2,3\n", "2 columns are named 'a'"),
        (b"a,,c\n1,2,3\n", "column 2 of 3 has ''"),
        (b",,c\n1,2,3\n", "column 1 of 3 has ''"),
        (b"a,b\n1,2\n3,\xe9\n", "must be UTF-8 text, line 3 holds the byte 0xe9"),
        ("a,b\n1,2\n".encode("utf-16"), "must be UTF-8 text, line 1 holds the byte 0xff"),
        (b"a,b\n1,\x00\n", "must be text, it is binary"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "must be UTF-8 text"),
        (b'a,b\n1,2\n"3,4\n5,6\n', "the row that begins on line 3 is not"),
        (b'a,b\n"1"x,2\n', "the row that begins on line 2 is not"),
        (b"a,b\n1," + b"x" * 200_000 + b"\n", "field larger than field limit"),
    ],
)
def test_a_bad_file_is_one_line_that_names_the_path(tmp_path: Path, content: bytes, message: str) -> None:
    path = written(tmp_path, content)
    with pytest.raises(DataError) as caught:
        read_csv(path)
    text = str(caught.value)
    assert message in text
    assert repr(path) in text
    assert "Fix: " in text
    assert "\n" not in text
    assert len(text) < 400 + len(path)


def test_a_path_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    for path, reason in [
        (str(tmp_path / "nowhere.csv"), "No such file"),
        (str(tmp_path), "directory|denied"),
        ("a\nb.csv", "No such file"),
        ("a\0b", "null"),
    ]:
        with pytest.raises(DataError, match=f"(?i)cannot read .*: .*({reason})") as caught:
            read_csv(path)
        assert "\n" not in str(caught.value)
        assert repr(path) in str(caught.value)


def test_a_closed_file_and_one_in_another_encoding_are_one_line(tmp_path: Path) -> None:
    path = written(tmp_path, b"a\n\xe9\n")
    with open(path, encoding="utf-8") as file, pytest.raises(DataError, match="line 2 holds the byte 0xe9"):
        read_csv(file)
    with pytest.raises(DataError, match=r"cannot read .*closed file"):
        read_csv(file)


@pytest.mark.parametrize("wrong", [0, None, b"table.csv", ["a,b"]])
def test_what_is_neither_path_nor_file_is_refused(wrong: Any) -> None:
    with pytest.raises(ArgumentTypeError, match="needs a path or an open file"):
        read_csv(wrong)
