"""Scaling the columns of a table of numbers to a common size, and back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from layerkit.data.checking import as_rows, field_list, fitted
from layerkit.data.scaling import from_unit, mean_and_stddev, standardize, to_unit, unstandardize
from layerkit.errors import ModelFileError
from layerkit.linalg import columns

_Scaler = TypeVar("_Scaler", bound="_ColumnScaler")


class _ColumnScaler:
    """Measures two numbers on each column and applies them to that column; the subclasses say which and how."""

    _measured: tuple[str, str]  # the names under which they are saved
    _measure: Callable[[Sequence[float]], tuple[float, float]]
    _apply: Callable[[float, float, float], float]
    _invert: Callable[[float, float, float], float]

    def __init__(self) -> None:
        self._pairs: list[tuple[float, float]] | None = None

    def fit(self: _Scaler, rows: Any) -> _Scaler:
        """Measure each column of the rows, shape (n, columns). Returns the scaler.

        :raises ShapeError: for a flat list or ragged rows.
        :raises DataError: where there is no row, or a value is no finite number.
        """
        self._pairs = [self._measure(column) for column in columns(as_rows(type(self).__name__, rows))]
        return self

    def transform(self, rows: Any) -> list[list[float]]:
        """The scaled rows, shape (n, columns).

        :raises OrderError: before ``fit``.
        :raises ShapeError: where the rows are not as wide as those that were fitted.
        :raises NumericsError: where a scaled value exceeds the largest float.
        """
        return self._mapped(self._apply, rows)

    def inverse(self, rows: Any) -> list[list[float]]:
        """The rows whose ``transform`` the given rows are; a constant column comes back as that constant.

        :raises OrderError: before ``fit``.
        :raises ShapeError: where the rows are not as wide as those that were fitted.
        :raises NumericsError: where a value exceeds the largest float.
        """
        return self._mapped(self._invert, rows)

    def state(self) -> dict[str, list[float]]:
        """What was measured, as lists with one number for each column, to be saved.

        :raises OrderError: before ``fit``.
        """
        return {name: self._column_of(k) for k, name in enumerate(self._measured)}

    @classmethod
    def from_state(cls: type[_Scaler], state: dict[str, Any]) -> _Scaler:
        """The scaler whose ``state()`` this is; it transforms to the same floats, bit for bit.

        :raises ModelFileError: where it is not such a state.
        """
        first, second = (field_list(cls.__name__, state, name, float) for name in cls._measured)
        if len(first) != len(second):
            raise ModelFileError(
                f"{cls.__name__}: its saved state must have lists of one length, they have {len(first)} and "
                f"{len(second)} numbers. Fix: save the model again; the file may be damaged."
            )
        scaler = cls()
        scaler._pairs = list(zip(first, second))
        return scaler

    def _column_of(self, k: int) -> list[float]:
        return [pair[k] for pair in fitted(type(self).__name__, self._pairs)]

    def _mapped(self, function: Callable[[float, float, float], float], rows: Any) -> list[list[float]]:
        pairs = fitted(type(self).__name__, self._pairs)
        checked = as_rows(type(self).__name__, rows, len(pairs))
        return [[function(value, *pair) for value, pair in zip(row, pairs)] for row in checked]


class StandardScaler(_ColumnScaler):
    """Scales each column to mean 0 and population standard deviation 1: (v − mean) / stddev.

    A column that is constant in the rows that were fitted becomes 0, whatever comes later.

    >>> scaler = StandardScaler().fit([[1, 7], [3, 7]])
    >>> scaler.mean, scaler.stddev
    ([2.0, 7.0], [1.0, 0.0])
    >>> scaler.transform([[1, 7], [5, 7]])
    [[-1.0, 0.0], [3.0, 0.0]]
    >>> scaler.inverse([[3.0, 0.0]])
    [[5.0, 7.0]]
    """

    _measured = ("mean", "stddev")
    _measure = staticmethod(mean_and_stddev)
    _apply = staticmethod(standardize)
    _invert = staticmethod(unstandardize)

    @property
    def mean(self) -> list[float]:
        """The mean of each column."""
        return self._column_of(0)

    @property
    def stddev(self) -> list[float]:
        """The population standard deviation of each column."""
        return self._column_of(1)


class MinMaxScaler(_ColumnScaler):
    """Scales each column to 0 … 1: (v − minimum) / (maximum − minimum).

    Later values outside the fitted range come out below 0 or above 1. A constant column becomes 0.

    >>> scaler = MinMaxScaler().fit([[10], [30]])
    >>> scaler.transform([[10], [15], [50]])
    [[0.0], [0.25], [2.0]]
    """

    _measured = ("minimum", "maximum")
    _measure = staticmethod(lambda column: (min(column), max(column)))
    _apply = staticmethod(to_unit)
    _invert = staticmethod(from_unit)

    @property
    def minimum(self) -> list[float]:
        """The least value of each column."""
        return self._column_of(0)

    @property
    def maximum(self) -> list[float]:
        """The greatest value of each column."""
        return self._column_of(1)
