"""Metrics: how good predictions are, in terms a person can use. Each takes rows of predictions and of targets."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from layerkit.errors import ArgumentTypeError, ShapeError, unknown_name
from layerkit.linalg import Row, Rows
from layerkit.numerics import Number, mean
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

    >>> accuracy([[0.9, 0.1], [0.6, 0.4]], [[1, 0], [0, 1]])
    0.5
    """
    _require_same_count(predicted, target)
    return sum(_is_right(p, t) for p, t in zip(predicted, target)) / len(target)


def _is_right(p: Row, t: Row) -> bool:
    if len(t) == 1 and len(p) > 1:
        return bool(class_of(p) == t[0])
    if len(t) == 1 and t[0] == -1:
        return bool(p[0] <= 0)
    return class_of(p) == class_of(t)


def mean_squared_error(predicted: Rows, target: Rows) -> Number:
    """1/(n K) Σ (p − t)²."""
    _require_same_count(predicted, target)
    return mean([(a - b) * (a - b) for p, t in zip(predicted, target) for a, b in zip(p, t)])


def mean_absolute_error(predicted: Rows, target: Rows) -> Number:
    """1/(n K) Σ |p − t|."""
    _require_same_count(predicted, target)
    return mean([abs(a - b) for p, t in zip(predicted, target) for a, b in zip(p, t)])


def r2(predicted: Rows, target: Rows) -> float:
    """1 − Σ (t − p)² / Σ (t − mean t)², averaged over the outputs; 1 is perfect, 0 is as good as the mean.

    A constant target gives 1 where it is met exactly and 0 otherwise.

    >>> r2([[1], [2], [4]], [[1], [2], [3]])
    0.5
    """
    _require_same_count(predicted, target)
    scores = []
    for p, t in zip(zip(*predicted), zip(*target)):
        middle = math.fsum(t) / len(t)
        left = math.fsum((a - b) ** 2 for a, b in zip(p, t))
        spread = math.fsum((b - middle) ** 2 for b in t)
        scores.append(1 - left / spread if spread else float(left == 0))
    return math.fsum(scores) / len(scores)


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
        self.classes = list(classes) if classes is not None else sorted({*target, *predicted})
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
            f"metric must be a name or a function of (predicted, target), got {wanted!r}. Fix: 'accuracy'."
        )
    return getattr(wanted, "__name__", "metric"), wanted


def _require_same_count(predicted: Sequence[Any], target: Sequence[Any]) -> None:
    if len(predicted) != len(target) or not len(target):
        raise ShapeError(
            f"metric: predicted and target must have the same number of rows, at least one, got {len(predicted)} "
            f"and {len(target)}. Fix: pass one target for each prediction."
        )
