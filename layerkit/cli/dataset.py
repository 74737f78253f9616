"""A table with a column to predict: the rows that can be used, and how they are split."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from layerkit.cli.output import plural
from layerkit.data import Table, TargetEncoder, is_missing, split_indices
from layerkit.data.cells import has_decimal_comma
from layerkit.data.features import MISSING_CHOICES
from layerkit.errors import DataError, UnknownNameError, unknown_name

_TREATMENT = {
    "fill": "filled in with the mean, or the most frequent text, of the training part",
    "drop": "rows that have one are left out",
    "error": "refused",
}


class Dataset:
    """The rows of a table that have a target (and, with missing="drop", all features), without the dropped columns.

    >>> table = Table(["cm", "kind"], [["1", "a"], ["2", "b"], ["3", "a"], ["4", "?"], ["NA", "b"]])
    >>> dataset = Dataset(table, "kind", missing="drop")
    >>> len(dataset.table), dataset.task
    (3, 'classification')

    :raises UnknownNameError: where a column, the task or the way to treat missing values is not known.
    :raises DataError: where no row is left, the target has fewer than two distinct values, or, with missing="error",
        a value is missing.
    """

    def __init__(
        self, table: Table, target: str, *, task: str = "auto", missing: str = "fill", drop: Sequence[str] = ()
    ) -> None:
        if missing not in MISSING_CHOICES:
            raise unknown_name("way to treat missing values", missing, MISSING_CHOICES)
        _require_column(table, target, "the target")
        for name in drop:
            _require_column(table, name, "--drop")
        if target in drop:
            raise DataError(f"train: {target!r} is both the target and dropped. Fix: drop other columns.")
        self.target = target
        self.missing = missing
        table = table.drop(*drop)
        kept = table.take(table.present(target))
        self.without_target = len(table) - len(kept)
        features = kept.drop(target)
        self.kinds = features.kinds()
        self.holes = {name: count for name, count in features.missing().items() if count}
        hole = first_missing(features, features.names) if missing == "error" else None
        if hole:
            raise DataError(f"train: {hole}. Fix: fill it in, or use --missing fill or --missing drop.")
        if missing == "drop":
            whole = [n for n, row in enumerate(features.rows) if not any(map(is_missing, row))]
            if not whole:
                raise DataError("train: every row has a missing value. Fix: use --missing fill, or --drop a column.")
            kept = kept.take(whole)
        self.left_out = len(table) - self.without_target - len(kept)
        encoder = TargetEncoder(target, task).fit(kept)
        self.table, self.task = kept, encoder.task
        self.classes = encoder.classes
        self.notes: list[str] = []
        if self.classes is not None and all(map(has_decimal_comma, self.classes)):
            self.notes.append(
                f"the target {target!r} counts as text, its numbers have a decimal comma, such as "
                f"{self.classes[0]!r:.40}: write numbers as 1234.5."
            )
        self._labels: list[str] = [] if self.classes is None else encoder.decode(encoder.transform(kept).rows)
        if self.classes is not None and len(self.classes) == len(kept):
            raise DataError(
                f"train: the target {target!r} has another value in every row, such as {self.classes[0]!r:.40}. "
                "Fix: choose a column whose values repeat, or use --task regression for numbers."
            )

    def split(self, test_fraction: float, seed: int) -> tuple[Table, Table]:
        """The training and the test part, in the order of the file; shuffled, and stratified for classification.

        :raises DataError: where there are too few rows.
        """
        labels = self._labels or self.table.column(self.target)
        parts = split_indices(labels, test_fraction=test_fraction, stratify=self.classes is not None, seed=seed)
        train, test = (self.table.take(sorted(part)) for part in parts)
        return train, test

    def describe(self) -> list[str]:
        """Lines for a reader: the target, the features, what is missing and what is done about it."""
        lines = [f"target: {self.target}, {self.task}{self._classes_text()}"]
        kinds = Counter(self.kinds.values())
        lines.append(f"features: {kinds['numeric']} numeric, {kinds['text']} text")
        if self.without_target:
            lines.append(f"missing targets: {plural(self.without_target, 'row')} left out")
        if not self.holes:
            lines.append("missing values: none")
        else:
            where = ", ".join(f"{name} {count}" for name, count in self.holes.items())
            lines.append(f"missing values: {where}; {_TREATMENT[self.missing]}")
        if self.left_out:
            lines.append(f"rows left out: {self.left_out}, rows used: {len(self.table)}")
        return lines

    def _classes_text(self) -> str:
        if self.classes is None:
            return ""
        rows = Counter(self._labels)
        counts = [f"{name} {rows[name]}" for name in self.classes]
        shown = counts if len(counts) <= 12 else [*counts[:10], f"… {len(counts) - 10} more"]
        return f" into {len(counts)} classes ({', '.join(shown)})"


def first_missing(table: Table, names: Sequence[str]) -> str | None:
    """Where the first missing value of these columns is, as the beginning of an error; None where all are there.

    >>> first_missing(Table(["a", "b"], [["1", "2"], ["?", "NA"]]), ["b"])
    "no value may be missing, column 'b' has none on line 3"
    """
    columns = {name: table.column(name) for name in names}
    for n, line in enumerate(table.lines):
        for name, cells in columns.items():
            if is_missing(cells[n]):
                return f"no value may be missing, column {name!r} has none on line {line}"
    return None


def _require_column(table: Table, name: str, what: str) -> None:
    try:
        table.column(name)
    except UnknownNameError as error:
        raise UnknownNameError(f"train: {what}: {error}") from None
