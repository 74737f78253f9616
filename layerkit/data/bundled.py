"""The tables that come with layerkit: iris, penguins and digits (sources and licences: tables/README.md)."""

from __future__ import annotations

import io

from layerkit.data.reading import read_csv
from layerkit.data.table import Table
from layerkit.errors import DataError, unknown_name

_PENGUIN_MEASUREMENTS = ("bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g")


def bundled_tables() -> list[str]:
    """The names that load_table knows.

    >>> bundled_tables()
    ['digits', 'iris', 'penguins']
    """
    return ["digits", "iris", "penguins"]


def load_table(name: str) -> Table:
    """The bundled table of that name.

    >>> load_table("iris")
    Table of 150 rows: sepal_length_cm, sepal_width_cm, petal_length_cm, petal_width_cm, species

    :raises UnknownNameError: where there is no such table.
    """
    if name not in bundled_tables():
        raise unknown_name("table", name, bundled_tables())
    from pkgutil import get_data  # also reads from inside a zip file; slow to import, so only where it is used

    try:
        content = get_data("layerkit.data", f"tables/{name}.csv")
    except OSError:
        content = None
    if content is None:
        raise DataError(f"load_table: the file of {name!r} is not installed. Fix: install layerkit again.")
    return read_csv(io.BytesIO(content))


def load_iris() -> tuple[list[list[float]], list[str]]:
    """Fisher's irises (1936): x (150, 4), sepal and petal length and width in cm; labels, one of three species.

    >>> x, labels = load_iris()
    >>> len(x), x[0], labels[0]
    (150, [5.1, 3.5, 1.4, 0.2], 'setosa')
    """
    return _features_and_labels(load_table("iris"), "species")


def load_penguins() -> tuple[list[list[float]], list[str]]:
    """Penguins (Horst, Hill and Gorman 2020): x (342, 4), bill length and depth and flipper length in mm, mass in g.

    The labels are one of three species. The two penguins without measurements are left out, and so are the columns
    island, sex and year; load_table("penguins") has them all.

    >>> x, labels = load_penguins()
    >>> len(x), x[0], labels[0]
    (342, [39.1, 18.7, 181.0, 3750.0], 'Adelie')
    """
    table = load_table("penguins")
    table = table.drop(*(name for name in table.names if name not in ("species", *_PENGUIN_MEASUREMENTS)))
    return _features_and_labels(table, "species")


def load_digits() -> tuple[list[list[float]], list[str]]:
    """Handwritten digits (Alpaydin and Kaynak): x (1797, 64), 8 by 8 grey levels from 0 to 16; labels '0' to '9'.

    >>> x, labels = load_digits()
    >>> len(x), x[0][:8], labels[0]
    (1797, [0.0, 0.0, 5.0, 13.0, 9.0, 1.0, 0.0, 0.0], '0')
    """
    return _features_and_labels(load_table("digits"), "digit")


def _features_and_labels(table: Table, target: str) -> tuple[list[list[float]], list[str]]:
    """The rows without missing values as floats, and their labels."""
    features = table.drop(target)
    rows = list(zip(*map(features.numbers, features.names)))
    kept = [n for n, row in enumerate(rows) if None not in row]
    labels = table.column(target)
    return [[number for number in rows[n] if number is not None] for n in kept], [labels[n] for n in kept]
