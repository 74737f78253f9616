"""What one cell of a table holds: nothing, a number or text."""

from __future__ import annotations

import math
import re

MISSING_TOKENS = ("", "NA", "N/A", "NaN", "nan", "null", "None", "?")
"""The cells that count as missing, written exactly so."""

_MISSING = frozenset(MISSING_TOKENS)
# Only what every reader of a CSV file takes for a number. float() alone would also take inf, nan, 1_000 and ١٢.
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")

_DECIMAL_COMMA = re.compile(r"[+-]?([0-9]+|[0-9]{1,3}(\.[0-9]{3})+)?,[0-9]+([eE][+-]?[0-9]+)?")


def is_missing(cell: str) -> bool:
    """Whether the cell is one of MISSING_TOKENS.

    >>> is_missing("NA"), is_missing("?"), is_missing("0"), is_missing("na")
    (True, True, False, False)
    """
    return cell in _MISSING


def parse_number(cell: str) -> float | None:
    """The finite number that the cell holds in plain decimal writing, or None where it holds no such number.

    The words inf and nan, 1_000, 1,5 and digits of other scripts are text, and so is 1e999, which no float can hold.

    >>> parse_number("-12.5"), parse_number("1e3"), parse_number(".5")
    (-12.5, 1000.0, 0.5)
    >>> [parse_number(cell) for cell in ("inf", "1_000", "1,5", "٣", "1e999", "")]
    [None, None, None, None, None, None]
    """
    if not _NUMBER.fullmatch(cell):
        return None
    number = float(cell)
    return number if math.isfinite(number) else None


def has_decimal_comma(cell: str) -> bool:
    """Whether the cell is a number written with a decimal comma, which counts as text here.

    >>> [has_decimal_comma(cell) for cell in ("1,5", "-1.234,50", ",5", "1.5", "1,2,3", "a,5")]
    [True, True, True, False, False, False]
    """
    return _DECIMAL_COMMA.fullmatch(cell) is not None
