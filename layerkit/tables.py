"""Text tables, through tabulate where it is installed and in plain columns where it is not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def text_table(
    rows: Sequence[Sequence[Any]], headers: Sequence[str], *, float_format: str = ".9g", right: Sequence[str] = ()
) -> str:
    """Rows under headers; None is blank. Text stays as it is written, also where it looks like a number.

    Columns of numbers stand to the right, and so do columns of text whose header is in `right`.

    >>> print(text_table([["x", 3], ["y", None]], ["name", "value"]))
    name      value
    ------  -------
    x             3
    y
    """
    try:
        from tabulate import tabulate
    except ImportError:
        return _plain(rows, headers, float_format)
    text_columns = [k for k, column in enumerate(zip(*rows)) if any(isinstance(cell, str) for cell in column)]
    sides = ["decimal"] * len(headers)
    for k in text_columns:
        sides[k] = "right" if headers[k] in right else "left"
    return tabulate(
        rows, headers=headers, floatfmt=float_format, disable_numparse=text_columns, colalign=sides if rows else None
    )


def _plain(rows: Sequence[Sequence[Any]], headers: Sequence[str], float_format: str) -> str:
    cells = [[_cell(cell, float_format) for cell in row] for row in [headers, *rows]]
    widths = [max(map(len, column)) for column in zip(*cells)]
    cells.insert(1, ["-" * width for width in widths])
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in cells)


def _cell(cell: Any, float_format: str) -> str:
    if cell is None:
        return ""
    return format(cell, float_format) if isinstance(cell, float) else str(cell)
