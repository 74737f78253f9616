"""A table: named columns and rows of text cells, each row with its line in the file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from operator import itemgetter

from layerkit.data.cells import is_missing, parse_number
from layerkit.data.checking import shown
from layerkit.errors import ArgumentError, DataError, ShapeError, unknown_name


class Table:
    """Column names and rows of text cells, as read_csv returns them.

    Blanks around names and cells are taken off, and blanks inside a name become one space. ``lines`` says on which line
    of the file each row begins; every message about a cell names that line. A table is never changed: ``drop`` and
    ``take`` return new ones. ``notes`` holds a line for each thing that read_csv found odd in the file.

    >>> table = Table(["petal_cm", "species"], [["1.4", "setosa"], ["NA", "setosa"], ["5.1", "virginica"]])
    >>> table
    Table of 3 rows: petal_cm, species
    >>> table.column("species")
    ['setosa', 'setosa', 'virginica']

    :raises DataError: where a column has no name or the name of another, or a cell is no text.
    :raises ShapeError: where a row has more or fewer cells than there are names.
    """

    def __init__(self, names: Iterable[str], rows: Iterable[Sequence[str]], lines: Iterable[int] | None = None) -> None:
        self.names = _checked_names(list(names))
        self.rows = [_checked_row(n, row, len(self.names)) for n, row in enumerate(rows)]
        self.lines = list(range(2, len(self.rows) + 2)) if lines is None else list(lines)
        self.notes: list[str] = []
        if len(self.lines) != len(self.rows):
            raise ShapeError(
                f"Table: lines must be {len(self.rows)} numbers, one for each row, not {len(self.lines)}. "
                "Fix: pass one line number for each row."
            )

    def _part(self, names: tuple[str, ...], rows: list[tuple[str, ...]], lines: list[int]) -> Table:
        """A table of parts of this one, which need no second check."""
        table = type(self).__new__(type(self))
        table.names, table.rows, table.lines, table.notes = names, rows, lines, list(self.notes)
        return table

    def __len__(self) -> int:
        return len(self.rows)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Table) and (self.names, self.rows) == (other.names, other.rows)

    __hash__ = None  # type: ignore[assignment]  # rows is a list

    def __repr__(self) -> str:
        return f"Table of {len(self)} rows: {', '.join(self.names)}"

    def _index(self, name: str) -> int:
        if name not in self.names:
            raise unknown_name("column", name, self.names)
        return self.names.index(name)

    def column(self, name: str) -> list[str]:
        """The cells of one column.

        :raises UnknownNameError: where there is no such column.
        """
        return list(map(itemgetter(self._index(name)), self.rows))

    def drop(self, *names: str) -> Table:
        """The table without the columns of these names.

        >>> Table(["a", "b", "c"], [["1", "2", "3"]]).drop("a", "c").rows
        [('2',)]

        :raises UnknownNameError: where there is no such column.
        """
        left_out = {self._index(name) for name in names}
        kept = [i for i in range(len(self.names)) if i not in left_out]
        rows = [tuple(row[i] for i in kept) for row in self.rows]
        return self._part(tuple(self.names[i] for i in kept), rows, self.lines)

    def take(self, indices: Iterable[int]) -> Table:
        """The rows at these indices, counted from 0, in their order and with their lines.

        >>> Table(["a"], [["x"], ["y"], ["z"]]).take([2, 0]).column("a")
        ['z', 'x']

        :raises ArgumentError: where an index is not that of a row.
        """
        wanted = list(indices)
        for index in wanted:
            if not 0 <= index < len(self):
                raise ArgumentError(
                    f"Table: an index must be from 0 to {len(self) - 1}, not {index}. Fix: pass indices of rows."
                )
        return self._part(self.names, [self.rows[n] for n in wanted], [self.lines[n] for n in wanted])

    def missing(self) -> dict[str, int]:
        """How many cells of each column are missing (see MISSING_TOKENS).

        >>> Table(["a", "b"], [["1", "?"], ["NA", ""]]).missing()
        {'a': 1, 'b': 2}
        """
        return {name: sum(map(is_missing, self.column(name))) for name in self.names}

    def present(self, name: str) -> list[int]:
        """The indices of the rows whose cell in this column is not missing.

        >>> Table(["a"], [["1"], ["NA"], ["3"]]).present("a")
        [0, 2]
        """
        return [n for n, cell in enumerate(self.column(name)) if not is_missing(cell)]

    def kind(self, name: str) -> str:
        """What the column holds: "numeric" where each cell that is not missing is a finite number, otherwise "text".

        A number is what parse_number reads, so one cell such as inf or 1_000 makes the column text.

        >>> table = Table(["a", "b"], [["1", "1"], ["NA", "inf"]])
        >>> table.kind("a"), table.kind("b")
        ('numeric', 'text')
        """
        numeric = all(parse_number(cell) is not None or is_missing(cell) for cell in self.column(name))
        return "numeric" if numeric else "text"

    def kinds(self) -> dict[str, str]:
        """The kind of each column.

        >>> Table(["a", "b"], [["1", "x"]]).kinds()
        {'a': 'numeric', 'b': 'text'}
        """
        return {name: self.kind(name) for name in self.names}

    def numbers(self, name: str) -> list[float | None]:
        """The column as numbers, None where a cell is missing.

        >>> Table(["a"], [["1"], ["NA"], ["2.5"]]).numbers("a")
        [1.0, None, 2.5]

        :raises DataError: where a cell is neither missing nor a number.
        """
        numbers: list[float | None] = []
        for cell, line in zip(self.column(name), self.lines):
            number = parse_number(cell)
            if number is None and not is_missing(cell):
                raise DataError(
                    f"Table: column {name!r} must hold numbers, line {line} has {shown(cell)}. "
                    "Fix: write a number such as -1.5 there, or NA where it is not known."
                )
            numbers.append(number)
        return numbers


def _checked_names(names: list[str]) -> tuple[str, ...]:
    """The names, each with single blanks."""
    for i, name in enumerate(names):
        if not isinstance(name, str) or not name.strip():
            raise DataError(
                f"Table: every column must have a name, column {i + 1} of {len(names)} has {shown(name)}. "
                "Fix: write a name into the header line."
            )
    cleaned = tuple(" ".join(name.split()) for name in names)
    name, count = Counter(cleaned).most_common(1)[0] if cleaned else ("", 0)
    if count > 1:
        raise DataError(
            f"Table: every column must have a name of its own, {count} columns are named {shown(name)}. "
            "Fix: rename them in the header line."
        )
    return cleaned


def _checked_row(n: int, row: Sequence[str], width: int) -> tuple[str, ...]:
    if isinstance(row, str) or not isinstance(row, Sequence) or len(row) != width:
        came = f"has {len(row)}" if isinstance(row, Sequence) and not isinstance(row, str) else f"is {shown(row)}"
        raise ShapeError(f"Table: rows must be lists of {width} cells, row {n} {came}. Fix: pass one cell per column.")
    for cell in row:
        if not isinstance(cell, str):
            raise DataError(f"Table: cells must be text, row {n} has {shown(cell)}. Fix: pass str(value), or ''.")
    return tuple(map(str.strip, row))
