"""Turning the feature columns of a table into rows of floats for a network, fitted on the training part only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any, NamedTuple

from layerkit.data.cells import is_missing
from layerkit.data.checking import field, field_list, fitted
from layerkit.data.feature_columns import NumericColumn, TextColumn
from layerkit.data.table import Table
from layerkit.errors import DataError, ModelFileError, UnknownNameError, unknown_name

MISSING_CHOICES = ("drop", "error", "fill")


class EncodedFeatures(NamedTuple):
    """What FeatureEncoder.transform returns."""

    rows: list[list[float]]
    """One row of floats for each row kept, shape (kept, feature names)."""
    kept: list[int]
    """The indices of the rows kept; fewer than all only with missing="drop"."""
    filled: dict[str, int]
    """How many missing values were filled in, for each column where there were any."""
    unseen: dict[str, dict[str, int]]
    """For each text column, the categories that training had not seen, and how often each occurs."""


class FeatureEncoder:
    """Scales the numeric columns of a table to mean 0 and stddev 1, and turns its text columns into one-hot columns.

    Means, deviations and categories are those of the table given to ``fit``, the training part; nothing is learned from
    a table given to ``transform``. A missing value becomes, with missing="fill", the training mean or the most frequent
    text (of equally frequent ones, the first by sort order); with "drop" its row is left out; with "error" it is an
    error. A text that training had not seen becomes all zeros and is counted in ``unseen``.

    >>> train = Table(["mass", "island"], [["1", "Dream"], ["3", "Biscoe"], ["NA", "Dream"], ["2", "?"]])
    >>> encoder = FeatureEncoder().fit(train)
    >>> encoder.feature_names
    ['mass', 'island=Biscoe', 'island=Dream']
    >>> encoded = encoder.transform(Table(["mass", "island"], [["2", "?"], ["NA", "Torgersen"]]))
    >>> encoded.rows
    [[0.0, 0.0, 1.0], [0.0, 0.0, 0.0]]
    >>> encoded.filled, encoded.unseen
    ({'mass': 1, 'island': 1}, {'island': {'Torgersen': 1}})

    :param missing: "fill", "drop" or "error".
    :raises UnknownNameError: where ``missing`` is none of these.
    """

    def __init__(self, missing: str = "fill") -> None:
        if missing not in MISSING_CHOICES:
            raise unknown_name("way to treat missing values", missing, MISSING_CHOICES)
        self.missing = missing
        self.notes: list[str] = []
        """What ``fit`` found odd, one line each: text columns that may be meant as numbers."""
        self._columns: list[NumericColumn | TextColumn] | None = None

    def fit(self, table: Table, kinds: Mapping[str, str] | None = None) -> FeatureEncoder:
        """Learn from all columns of the training part (drop the target first). Returns the encoder.

        :param kinds: "numeric" or "text" for columns that shall be taken so; the others are what they show. Pass
            kinds() of the whole table, so that a column with text only outside the training part is text here too.
        :raises DataError: where there are no columns, no rows, or no values in a column; with missing="error", where a
            value is missing.
        :raises UnknownNameError: where a kind is neither "numeric" nor "text".
        """
        if not table.names:
            raise DataError("FeatureEncoder: the table has no feature columns. Fix: keep a column beside the target.")
        kinds = _all_kinds(table, kinds or {})
        values = {name: _values(table, name, kinds[name]) for name in table.names}
        kept = self._kept(table, values)
        if not kept:
            why = "every row has a missing value" if len(table) else "the table is empty"
            raise DataError(f"FeatureEncoder: no rows to learn from, {why}. Fix: pass more rows, or missing='fill'.")
        columns: list[NumericColumn | TextColumn] = []
        for name in table.names:
            kept_values = [values[name][n] for n in kept]
            columns.append((NumericColumn if kinds[name] == "numeric" else TextColumn).fit(name, kept_values))
        self._columns = columns
        part = table.take(kept)
        self.notes = [note for column in columns for note in column.notes(part.column(column.name), part.lines)]
        return self

    def transform(self, table: Table) -> EncodedFeatures:
        """The table as rows of floats, one for each of ``feature_names``. Columns not in the training part are ignored.

        :raises OrderError: before ``fit``.
        :raises UnknownNameError: where a column of the training part is absent.
        :raises DataError: where a numeric column holds text; with missing="error", where a value is missing.
        """
        columns = fitted("FeatureEncoder", self._columns)
        try:
            values = {column.name: _values(table, column.name, column.kind) for column in columns}
        except UnknownNameError as error:
            raise UnknownNameError(
                f"FeatureEncoder: the table must have all columns of the training table: {error} Fix: add or rename it."
            ) from None
        kept = self._kept(table, values)
        filled: dict[str, int] = {}
        unseen: dict[str, dict[str, int]] = {}
        encoded = []
        for column in columns:
            present = [values[column.name][n] for n in kept]
            if None in present:
                filled[column.name] = present.count(None)
                present = [column.fill if value is None else value for value in present]
            encoded.append(column.encode(present))
            new = column.unseen(present)
            if new:
                unseen[column.name] = new
        rows = [list(chain.from_iterable(parts)) for parts in zip(*encoded)]
        return EncodedFeatures(rows, kept, filled, unseen)

    @property
    def feature_names(self) -> list[str]:
        """The names of the encoded columns: "mass" for a numeric one, "island=Dream" for each text of a text column.

        :raises OrderError: before ``fit``.
        """
        return [name for column in fitted("FeatureEncoder", self._columns) for name in column.feature_names]

    @property
    def column_names(self) -> list[str]:
        """The names of the columns that a table must have, in the order of the training table.

        :raises OrderError: before ``fit``.
        """
        return [column.name for column in fitted("FeatureEncoder", self._columns)]

    def state(self) -> dict[str, Any]:
        """All that ``transform`` needs, as dicts, lists, text and floats, to be saved.

        :raises OrderError: before ``fit``.
        """
        return {
            "missing": self.missing,
            "columns": [column.state() for column in fitted("FeatureEncoder", self._columns)],
        }

    @classmethod
    def from_state(cls, state: Any) -> FeatureEncoder:
        """The encoder whose ``state()`` this is; it transforms to the same floats, bit for bit.

        :raises ModelFileError: where it is not such a state.
        """
        try:
            encoder = cls(field("FeatureEncoder", state, "missing", str))
        except UnknownNameError as error:
            raise ModelFileError(f"FeatureEncoder: its saved state is damaged: {error}") from None
        encoder._columns = [_column_from(part) for part in field_list("FeatureEncoder", state, "columns", dict)]
        return encoder

    def _kept(self, table: Table, values: Mapping[str, list[Any]]) -> list[int]:
        """The indices of the rows that are encoded."""
        holes = sorted((n, name) for name, n in _holes(values))
        if holes and self.missing == "error":
            n, name = holes[0]
            raise DataError(
                f"FeatureEncoder: no value may be missing, column {name!r} has none on line {table.lines[n]}. "
                "Fix: fill it in, or pass missing='fill' or missing='drop'."
            )
        left_out = {n for n, _ in holes} if self.missing == "drop" else set()
        return [n for n in range(len(table)) if n not in left_out]


def _all_kinds(table: Table, given: Mapping[str, str]) -> dict[str, str]:
    """The kind of each column: the one given, or else the one that it shows."""
    kinds = {name: given[name] if name in given else table.kind(name) for name in table.names}
    for kind in kinds.values():
        if kind not in ("numeric", "text"):
            raise unknown_name("kind of column", kind, ("numeric", "text"))
    return kinds


def _values(table: Table, name: str, kind: str) -> list[Any]:
    """The column as numbers or as text, None where a cell is missing."""
    if kind == "numeric":
        return table.numbers(name)
    return [None if is_missing(cell) else cell for cell in table.column(name)]


def _holes(values: Mapping[str, list[Any]]) -> Iterator[tuple[str, int]]:
    """Column name and row index of each missing value."""
    return ((name, n) for name, column in values.items() for n, value in enumerate(column) if value is None)


def _column_from(state: Any) -> NumericColumn | TextColumn:
    kind = field("FeatureEncoder", state, "kind", str)
    for column_type in (NumericColumn, TextColumn):
        if column_type.kind == kind:
            return column_type.from_state(state)
    raise ModelFileError(f"FeatureEncoder: its saved state has a column of kind {kind!r}. Fix: save the model again.")
