"""Reading a CSV file into a Table."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator
from typing import Any

from layerkit.data.checking import shown
from layerkit.data.table import Table
from layerkit.errors import ArgumentError, ArgumentTypeError, DataError

DELIMITERS = (",", ";", "\t")
"""What may stand between two cells; read_csv takes the one that occurs most often in the header line."""


def read_csv(path_or_file: Any, *, delimiter: str | None = None) -> Table:
    r"""The table in a CSV file: one header line, then one line for each row.

    The file is UTF-8, with or without a byte order mark; lines end in LF, CRLF or CR. Cells may be quoted, and a
    quoted cell may hold the delimiter, line ends and doubled quotes. Blanks around a cell are dropped, and blank lines
    are skipped. Without ``delimiter``, that of ``,`` ``;`` and tab is taken which occurs most often in the header line
    outside quotes (the first of them where two occur equally often). Where the header names every column but the first,
    as a data frame writes its row index, that column is left out, and ``notes`` of the table says so.

    >>> import io
    >>> table = read_csv(io.StringIO('name;weight\r\n"Smith; John";81.5\r\n'))
    >>> table.names, table.rows
    (('name', 'weight'), [('Smith; John', '81.5')])

    :param path_or_file: a path, or an open text or binary file.
    :raises DataError: where the file cannot be read, is not UTF-8 text, holds no rows, has another column without a
        name or two of one name, or has a row with more or fewer cells than the header.
    """
    if delimiter is not None and (not isinstance(delimiter, str) or len(delimiter) != 1 or delimiter in '\r\n" \0'):
        raise ArgumentError(
            f"read_csv: delimiter must be one character such as ';', not {shown(delimiter)}. Fix: pass one character."
        )
    name, text = _read_text(path_or_file)
    if "\0" in text:
        raise DataError(f"read_csv: {name} must be text, it is binary. Fix: export the table as CSV in UTF-8.")
    records = _records(text, delimiter or _sniffed(text), name)
    header: list[str] = next((cells for _, cells in records if not _is_blank(cells)), [])
    if not header:
        raise DataError(f"read_csv: {name} must have a header line and rows, it is empty. Fix: pass a CSV file.")
    rows, lines = [], []
    for line, cells in records:
        if not cells or (len(header) > 1 and _is_blank(cells)):
            continue
        if len(cells) != len(header):
            raise DataError(
                f"read_csv: every row of {name} must have {len(header)} cells as the header has, line {line} has "
                f"{len(cells)}. Fix: mend that line; a cell that holds the delimiter must be in quotes."
            )
        rows.append(cells)
        lines.append(line)
    if not rows:
        raise DataError(f"read_csv: {name} must have rows, it has only a header line. Fix: add rows under it.")
    has_index = len(header) > 1 and not header[0].strip() and all(cell.strip() for cell in header[1:])
    if has_index:
        header, rows = header[1:], [cells[1:] for cells in rows]
    try:
        table = Table(header, rows, lines)
    except DataError as error:
        raise DataError(f"read_csv: in {name}: {error}") from None
    if has_index:
        table.notes.append("the first column has no name: it is taken for a row index and left out.")
    return table


def _read_text(path_or_file: Any) -> tuple[str, str]:
    """The name of the file for messages, and all its text without a byte order mark."""
    if hasattr(path_or_file, "read"):
        name = getattr(path_or_file, "name", None)
        name = shown(name) if isinstance(name, str) else "the file"
    elif isinstance(path_or_file, (str, os.PathLike)):
        name = repr(os.fspath(path_or_file))
    else:
        raise ArgumentTypeError(
            f"read_csv: it needs a path or an open file, not {shown(path_or_file)}. Fix: pass the path as text."
        )
    try:
        if hasattr(path_or_file, "read"):
            content = path_or_file.read()
        else:
            with open(path_or_file, "rb") as file:
                content = file.read()
        text = content.decode("utf-8") if isinstance(content, (bytes, bytearray)) else content
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"read_csv: {name} must be UTF-8 text, line {line} holds the byte 0x{error.object[error.start]:02x}. "
            "Fix: save the file as 'CSV UTF-8'."
        ) from None
    except (OSError, ValueError) as error:  # ValueError: a closed file, or a path with a NUL in it
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"read_csv: cannot read {name}: {reason}. Fix: pass the path of a CSV file.") from None
    if not isinstance(text, str):
        raise ArgumentTypeError(f"read_csv: {name} must give text or bytes, not {shown(text)}. Fix: pass a CSV file.")
    return name, text[1:] if text.startswith("\ufeff") else text


def _is_blank(cells: list[str]) -> bool:
    return not cells or (len(cells) == 1 and not cells[0].strip())


def _sniffed(text: str) -> str:
    """The delimiter that occurs most often in the first line that is not blank, outside quotes."""
    counts = dict.fromkeys(DELIMITERS, 0)
    quoted = False
    for character in text.lstrip(" \r\n"):
        if character == '"':
            quoted = not quoted
        elif character in "\r\n" and not quoted:
            break
        elif character in counts and not quoted:
            counts[character] += 1
    return max(counts, key=counts.__getitem__)


def _records(text: str, delimiter: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """The cells of each record, with the line on which the record begins (a quoted cell may run over several)."""
    # newline="" leaves the line ends to the csv module; strict makes a stray or unclosed quote an error, where
    # otherwise the rest of the file would become one cell.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True)
    line = 1
    try:
        for cells in reader:
            yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise DataError(
            f"read_csv: {name} must be proper CSV, the row that begins on line {line} is not ({error}). "
            'Fix: put the whole cell in quotes, and write a quote inside it twice ("").'
        ) from None
