"""Metrics: how good predictions are, in terms a person can use. Each takes rows of predictions and of targets."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from layerkit.errors import ArgumentTypeError, NumericsError, ShapeError, short, unknown_name
from layerkit.linalg import Row, Rows
from layerkit.numerics import Number, is_finite, mean
from layerkit.tables import text_table

Metric = Callable[[Rows, Rows], Number]


def class_of(row: Row) -> int:
    """The class that a row of outputs stands for: the largest, or for one output whether it is above one half.

    >>> class_of([0.2, 0.7, 0.1]), class_of([0.4])
    (1, 0)
    """
    return int(row[0] > 0.5) if len(row) == 1 else max(range(len(row)), key=row.__getitem__)


def accuracy(predicted: Rows, target: Rows) -> float:
    """The share of rows whose class is right. Targets are one-hot, 0 or 1, −1 or 1 for one output, or class numbers.

    One output is cut at one half, or at 0 where a target is −1.

    >>> accuracy([[0.9, 0.1], [0.6, 0.4]], [[1, 0], [0, 1]])
    0.5
    """
    _require_same_count(predicted, target)
    if len(target[0]) == 1 and len(predicted[0]) > 1:
        return _share([class_of(p) == t[0] for p, t in zip(predicted, target)])
    _require_same_width(predicted, target)
    if len(target[0]) == 1 and any(t[0] == -1 for t in target):
        return _share([(p[0] > 0) == (t[0] > 0) for p, t in zip(predicted, target)])
    return _share([class_of(p) == class_of(t) for p, t in zip(predicted, target)])


def _share(rights: list[Any]) -> float:
    return sum(map(bool, rights)) / len(rights)


def mean_squared_error(predicted: Rows, target: Rows) -> Number:
    """1/(n K) Σ (p − t)²."""
    _require_same_width(predicted, target)
    return _finite("mean_squared_error", mean([(a - b) * (a - b) for a, b in _pairs(predicted, target)]))


def mean_absolute_error(predicted: Rows, target: Rows) -> Number:
    """1/(n K) Σ |p − t|."""
    _require_same_width(predicted, target)
    return _finite("mean_absolute_error", mean([abs(a - b) for a, b in _pairs(predicted, target)]))


def _pairs(predicted: Rows, target: Rows) -> list[tuple[Number, Number]]:
    return [pair for p, t in zip(predicted, target) for pair in zip(p, t)]


def r2(predicted: Rows, target: Rows) -> float:
    """1 − Σ (t − p)² / Σ (t − mean t)², averaged over the outputs; 1 is perfect, 0 is as good as the mean.

    A constant target gives 1 where it is met exactly and 0 otherwise.

    >>> r2([[1], [2], [4]], [[1], [2], [3]])
    0.5
    """
    _require_same_width(predicted, target)
    try:
        scores = [_r2_of_column(p, t) for p, t in zip(zip(*predicted), zip(*target))]
    except OverflowError:
        scores = [math.inf]
    return float(_finite("r2", mean(scores)))


def _r2_of_column(predicted: Row, target: Row) -> float:
    middle = math.fsum(target) / len(target)
    left = math.fsum((a - b) ** 2 for a, b in zip(predicted, target))
    spread = math.fsum((b - middle) ** 2 for b in target)
    return 1 - left / spread if spread else float(left == 0)


class ConfusionMatrix:
    """How often each class (a line) was taken for each class (a column).

    >>> print(ConfusionMatrix(["cat", "dog", "dog"], ["cat", "cat", "dog"]))
    true      cat    dog
    ------  -----  -----
    cat         1      0
    dog         1      1

    :raises ShapeError: where the two lists differ in length.
    """

    def __init__(self, target: Sequence[Any], predicted: Sequence[Any], classes: Sequence[Any] | None = None) -> None:
        _require_same_count(predicted, target)
        self.classes = list(classes) if classes is not None else _sorted({*target, *predicted})
        place = {name: k for k, name in enumerate(self.classes)}
        self.counts = [[0] * len(self.classes) for _ in self.classes]
        for t, p in zip(target, predicted):
            for name in (t, p):
                if name not in place:
                    raise unknown_name("class", name, map(str, self.classes))
            self.counts[place[t]][place[p]] += 1

    @property
    def accuracy(self) -> float:
        """The share on the diagonal."""
        return sum(row[k] for k, row in enumerate(self.counts)) / sum(map(sum, self.counts))

    def __str__(self) -> str:
        rows = [[name, *row] for name, row in zip(self.classes, self.counts)]
        return text_table(rows, ["true", *map(str, self.classes)])


def confusion_matrix(
    target: Sequence[Any], predicted: Sequence[Any], classes: Sequence[Any] | None = None
) -> ConfusionMatrix:
    """The confusion matrix of two lists of class names or numbers."""
    return ConfusionMatrix(target, predicted, classes)


def _sorted(classes: set[Any]) -> list[Any]:
    try:
        return sorted(classes)
    except TypeError:  # names beside numbers
        return sorted(classes, key=str)


BUILT_IN: dict[str, Metric] = {
    "accuracy": accuracy,
    "mean_squared_error": mean_squared_error,
    "mse": mean_squared_error,
    "mean_absolute_error": mean_absolute_error,
    "mae": mean_absolute_error,
    "r2": r2,
}


def get_metric(wanted: Any) -> tuple[str, Metric]:
    """The name and function of a metric, given by its name or as a function of (predicted, target).

    :raises UnknownNameError: where the name is not known.
    """
    if isinstance(wanted, str):
        if wanted not in BUILT_IN:
            raise unknown_name("metric", wanted, BUILT_IN)
        return wanted, BUILT_IN[wanted]
    if not callable(wanted):
        raise ArgumentTypeError(
            f"metric must be a name or a function of (predicted, target), got {short(wanted)}. Fix: 'accuracy'."
        )
    return getattr(wanted, "__name__", "metric"), wanted


def _require_same_count(predicted: Sequence[Any], target: Sequence[Any]) -> None:
    if len(predicted) != len(target) or not len(target):
        raise ShapeError(
            f"metric: predicted and target must have the same number of rows, at least one, got {len(predicted)} "
            f"and {len(target)}. Fix: pass one target for each prediction."
        )


def _require_same_width(predicted: Rows, target: Rows) -> None:
    _require_same_count(predicted, target)
    for n, (p, t) in enumerate(zip(predicted, target)):
        if len(p) != len(t):
            raise ShapeError(
                f"metric: predicted and target must have rows of one width, row {n} has {len(p)} and {len(t)}. "
                "Fix: pass one target for each output."
            )


def _finite(name: str, value: Number) -> Number:
    if not is_finite(value):
        raise NumericsError(f"{name}: it is {value!r}, beyond what a float holds. Fix: scale the data down.")
    return value
