"""Turning the target column of a table into what a network learns, and its outputs back into answers."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from layerkit.data.cells import is_missing, parse_number
from layerkit.data.checking import as_list, field, field_list, fitted, shown
from layerkit.data.classes import LabelEncoder, class_names
from layerkit.data.scaling import mean_and_stddev, standardize, unstandardize
from layerkit.data.table import Table
from layerkit.errors import DataError, ModelFileError, NumericsError, ShapeError, UnknownNameError, unknown_name

TASKS = ("auto", "classification", "regression")
_MOST_CLASSES = 20  # whole numbers with more distinct values than this are quantities, not classes


def detect_task(table: Table, column: str) -> str:
    """Whether the column asks for "classification" or "regression".

    Text asks for classification, and so do whole numbers with at most 20 distinct values; other numbers for regression.

    >>> table = Table(["species", "digit", "price"], [["setosa", "1", "1.5"], ["virginica", "7", "2"]])
    >>> [detect_task(table, name) for name in table.names]
    ['classification', 'classification', 'regression']

    :raises DataError: where the column has no values.
    :raises UnknownNameError: where there is no such column.
    """
    cells = _present(table, column)
    numbers = [number for number in map(parse_number, cells) if number is not None]
    if len(numbers) < len(cells):
        return "classification"
    whole = all(number.is_integer() for number in numbers)
    return "classification" if whole and len(set(numbers)) <= _MOST_CLASSES else "regression"


class EncodedTarget(NamedTuple):
    """What TargetEncoder.transform returns."""

    rows: list[list[float]]
    """One row for each row kept: one-hot for classification, one scaled number for regression."""
    kept: list[int]
    """The indices of the rows that have a target."""


class TargetEncoder:
    """Encodes the target column: classes as one-hot rows, numbers scaled to mean 0 and stddev 1.

    Classes that are all numbers are compared as numbers, so that "1" and "1.0" are one class.

    >>> table = Table(["species"], [["virginica"], ["setosa"], ["NA"]])
    >>> target = TargetEncoder("species").fit(table)
    >>> target.task, target.classes, target.units
    ('classification', ['setosa', 'virginica'], 2)
    >>> target.transform(table)
    EncodedTarget(rows=[[0.0, 1.0], [1.0, 0.0]], kept=[0, 1])
    >>> target.decode([[0.9, 0.1]])
    ['setosa']

    :param column: the name of the target column.
    :param task: "classification", "regression" or "auto" (see detect_task).
    :raises UnknownNameError: where ``task`` is none of these.
    """

    def __init__(self, column: str, task: str = "auto") -> None:
        if task not in TASKS:
            raise unknown_name("task", task, TASKS)
        self.column = column
        self.task = self._asked_task = task
        """The task; "auto" only before ``fit``."""
        self.classes: list[str] | None = None
        """The class names in the order of the outputs; None for regression and before ``fit``."""
        self._scale: tuple[float, float] | None = None

    def fit(self, table: Table) -> TargetEncoder:
        """Learn the classes, or mean and deviation, from the training part. Returns the encoder.

        :raises UnknownNameError: where there is no such column.
        :raises DataError: where the column has fewer than two distinct values, or, for regression, holds text.
        """
        cells = _present(table, self.column)
        task = detect_task(table, self.column) if self._asked_task == "auto" else self._asked_task
        classes: list[str] | None = None
        scale: tuple[float, float] | None = None
        if task == "classification":
            classes = _distinct(cells)
        else:
            scale = mean_and_stddev(_numbers(table, self.column))
        if len(classes or ()) == 1 or (scale and scale[1] == 0):
            raise DataError(
                f"TargetEncoder: the target {self.column!r} must have two or more distinct values, all are "
                f"{shown(cells[0])}. Fix: pass rows of other values, or choose another target."
            )
        self.task, self.classes, self._scale = task, classes, scale
        return self

    @property
    def units(self) -> int:
        """How many outputs the network needs: one for each class, or one number.

        :raises OrderError: before ``fit``.
        """
        if self.classes is not None:
            return len(self.classes)
        fitted("TargetEncoder", self._scale)
        return 1

    def transform(self, table: Table) -> EncodedTarget:
        """The targets of the rows that have one, encoded, and the indices of these rows.

        :raises OrderError: before ``fit``.
        :raises UnknownNameError: where there is no such column, or a class was not in the training part.
        :raises DataError: where, for regression, the column holds text.
        """
        kept = table.present(self.column)
        if self.classes is None:
            scale = fitted("TargetEncoder", self._scale)
            return EncodedTarget([[standardize(number, *scale)] for number in _numbers(table, self.column)], kept)
        cells = table.column(self.column)
        by_number = _are_numbers(self.classes)
        encoder = LabelEncoder([_key(name, by_number) for name in self.classes])
        keys = [_key(cells[n], by_number) for n in kept]
        for n, key in zip(kept, keys):
            if key not in encoder.classes:
                error = unknown_name("class", cells[n], self.classes)
                raise UnknownNameError(f"TargetEncoder: column {self.column!r}, line {table.lines[n]}: {error}")
        columns = range(len(self.classes))
        return EncodedTarget([[float(column == k) for column in columns] for k in encoder.encode(keys)], kept)

    def decode(self, outputs: Any) -> list[Any]:
        """What each row of a network's outputs means: the name of the class with the largest output, or the number.

        :raises OrderError: before ``fit``.
        :raises ShapeError: where a row has not ``units`` numbers.
        :raises NumericsError: where an output is not finite.
        """
        units = self.units
        answers: list[Any] = []
        for n, row in enumerate(as_list("TargetEncoder", "outputs", outputs)):
            numbers = as_list("TargetEncoder", f"row {n} of the outputs", row)
            if len(numbers) != units:
                raise ShapeError(
                    f"TargetEncoder: outputs must be rows of {units} numbers, row {n} has {len(numbers)}. "
                    f"Fix: give the last layer {units} units."
                )
            if not all(map(math.isfinite, numbers)):
                raise NumericsError(
                    f"TargetEncoder: outputs must be finite numbers, row {n} is {shown(numbers)}. "
                    "Fix: train with a smaller learning rate."
                )
            if self.classes is not None:
                answers.append(self.classes[numbers.index(max(numbers))])
            else:
                answers.append(unstandardize(numbers[0], *fitted("TargetEncoder", self._scale)))
        return answers

    def state(self) -> dict[str, Any]:
        """All that ``transform`` and ``decode`` need, to be saved.

        :raises OrderError: before ``fit``.
        """
        if self.classes is not None:
            return {"column": self.column, "task": self.task, "classes": list(self.classes)}
        mean, stddev = fitted("TargetEncoder", self._scale)
        return {"column": self.column, "task": self.task, "mean": mean, "stddev": stddev}

    @classmethod
    def from_state(cls, state: Any) -> TargetEncoder:
        """The encoder whose ``state()`` this is.

        :raises ModelFileError: where it is not such a state.
        """
        who = "TargetEncoder"
        encoder = cls(field(who, state, "column", str))
        encoder.task = encoder._asked_task = field(who, state, "task", str)
        if encoder.task == "classification":
            encoder.classes = field_list(who, state, "classes", str)
            if len(_distinct(encoder.classes)) != len(encoder.classes) or len(encoder.classes) < 2:
                raise ModelFileError(f"{who}: its saved classes must be two or more distinct names. Fix: save again.")
        elif encoder.task == "regression":
            encoder._scale = field(who, state, "mean", float), field(who, state, "stddev", float)
        else:
            raise ModelFileError(f"{who}: its saved state has the task {shown(encoder.task)}. Fix: save it again.")
        return encoder


def _present(table: Table, column: str) -> list[str]:
    """The cells that are not missing, at least one."""
    cells = [cell for cell in table.column(column) if not is_missing(cell)]
    if not cells:
        raise DataError(f"TargetEncoder: the target {column!r} must have values, all are missing. Fix: choose another.")
    return cells


def _numbers(table: Table, column: str) -> list[float]:
    return [number for number in table.numbers(column) if number is not None]


def _distinct(cells: list[str]) -> list[str]:
    """The class names in order; where two are one number (1 and 1.0), the one that comes first."""
    by_number = _are_numbers(cells)
    names: dict[Any, str] = {}
    for cell in cells:
        names.setdefault(_key(cell, by_number), cell)
    return class_names(list(names.values()))


def _are_numbers(cells: list[str]) -> bool:
    return all(parse_number(cell) is not None for cell in cells)


def _key(cell: str, by_number: bool) -> Any:
    """What decides whether two cells are one class."""
    number = parse_number(cell) if by_number else None
    return cell if number is None else number
