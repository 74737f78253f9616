"""Where a table comes from: a CSV file, or a bundled table where no file has that name."""

from __future__ import annotations

import os

from layerkit.cli.output import note
from layerkit.data import Table, bundled_tables, load_table, read_csv
from layerkit.errors import unknown_name


def open_table(name: str) -> tuple[Table, str]:
    """The table, and where it came from. What is odd about the file is noted.

    >>> table, origin = open_table("iris")
    >>> len(table), origin
    (150, 'bundled with layerkit')

    :raises DataError: where the file cannot be read or holds no table.
    :raises UnknownNameError: where there is neither a file nor a bundled table of that name.
    """
    if os.path.exists(name):
        table = read_csv(name)
        for odd in table.notes:
            note(f"layerkit: note: {name!r}: {odd}")
        return table, "a file"
    if name in bundled_tables():
        return load_table(name), "bundled with layerkit"
    if name and "." not in name and os.path.basename(name) == name:
        raise unknown_name("file or bundled table", name, bundled_tables())
    return read_csv(name), "a file"
