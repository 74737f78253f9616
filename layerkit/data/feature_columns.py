"""One feature column of a table: what is learned from it in training, and how it becomes numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from layerkit.data.cells import has_decimal_comma, is_missing, parse_number
from layerkit.data.checking import field, field_list, shown
from layerkit.data.scaling import mean_and_stddev, standardize
from layerkit.errors import DataError, NumericsError

_WHO = "FeatureEncoder"
_MANY_CATEGORIES = 20


class NumericColumn:
    """A column of numbers: becomes one column, (value − mean) / stddev."""

    kind = "numeric"

    def __init__(self, name: str, fill: float, mean: float, stddev: float) -> None:
        self.name = name
        self.fill = fill
        self.mean = mean
        self.stddev = stddev
        self.feature_names = [name]

    @classmethod
    def fit(cls, name: str, values: Sequence[float | None]) -> NumericColumn:
        """Learn from the values; missing ones (None) count as the mean of the others."""
        present = [value for value in values if value is not None]
        if not present:
            raise _no_values(name)
        fill, _ = mean_and_stddev(present)
        return cls(name, fill, *mean_and_stddev([fill if value is None else value for value in values]))

    def encode(self, values: Sequence[float]) -> list[list[float]]:
        """One number for each value."""
        try:
            return [[standardize(value, self.mean, self.stddev)] for value in values]
        except NumericsError as error:
            raise NumericsError(f"{_WHO}: column {self.name!r}: {error}") from None

    def unseen(self, values: Sequence[float]) -> dict[str, int]:
        """No number is new."""
        return {}

    def notes(self, cells: Sequence[str], lines: Sequence[int]) -> list[str]:
        """Nothing is odd about a column of numbers."""
        return []

    def state(self) -> dict[str, Any]:
        """What was learned, to be saved."""
        return {"name": self.name, "kind": self.kind, "fill": self.fill, "mean": self.mean, "stddev": self.stddev}

    @classmethod
    def from_state(cls, state: Any) -> NumericColumn:
        """The column whose ``state()`` this is."""
        name = field(_WHO, state, "name", str)
        return cls(name, *(field(_WHO, state, key, float) for key in ("fill", "mean", "stddev")))


class TextColumn:
    """A column of text: becomes one column of 0 and 1 for each text that occurs in training."""

    kind = "text"

    def __init__(self, name: str, fill: str, categories: list[str]) -> None:
        self.name = name
        self.fill = fill
        self.categories = categories
        self.feature_names = [f"{name}={category}" for category in categories]

    @classmethod
    def fit(cls, name: str, values: Sequence[str | None]) -> TextColumn:
        """Learn from the values; missing ones (None) count as the most frequent of the others."""
        counts = Counter(value for value in values if value is not None)
        if not counts:
            raise _no_values(name)
        categories = sorted(counts)
        return cls(name, max(categories, key=counts.__getitem__), categories)

    def encode(self, values: Sequence[str]) -> list[list[float]]:
        """One row of 0 and 1 for each value, all 0 for a text that training had not seen."""
        return [[float(value == category) for category in self.categories] for value in values]

    def unseen(self, values: Sequence[str]) -> dict[str, int]:
        """The texts that training had not seen, and how often each occurs."""
        known = set(self.categories)
        return dict(Counter(value for value in values if value not in known))

    def notes(self, cells: Sequence[str], lines: Sequence[int]) -> list[str]:
        """A line where the column looks as if numbers were meant, or as if each row had a text of its own."""
        present = [(cell, line) for cell, line in zip(cells, lines) if not is_missing(cell)]
        text = [(cell, line) for cell, line in present if parse_number(cell) is None]
        if text and len(text) < len(present):
            cell, line = text[0]
            return [
                f"column {self.name!r} counts as text: {len(text)} of {len(present)} values are no numbers, "
                f"the first is {shown(cell)} on line {line}."
            ]
        if all(has_decimal_comma(cell) for cell, _ in present):
            return [
                f"column {self.name!r} counts as text, its numbers have a decimal comma, such as "
                f"{shown(present[0][0])}: write numbers as 1234.5."
            ]
        if len(self.categories) > max(_MANY_CATEGORIES, len(present) // 2):
            return [
                f"column {self.name!r} counts as text, with {len(self.categories)} different values in "
                f"{len(present)} rows, such as {shown(present[0][0])}: leave it out, or write numbers as 1234.5."
            ]
        return []

    def state(self) -> dict[str, Any]:
        """What was learned, to be saved."""
        return {"name": self.name, "kind": self.kind, "fill": self.fill, "categories": list(self.categories)}

    @classmethod
    def from_state(cls, state: Any) -> TextColumn:
        """The column whose ``state()`` this is."""
        name, fill = field(_WHO, state, "name", str), field(_WHO, state, "fill", str)
        return cls(name, fill, field_list(_WHO, state, "categories", str))


def _no_values(name: str) -> DataError:
    return DataError(f"{_WHO}: column {name!r} has no values in the training part. Fix: leave the column out.")
