"""Metrics by hand."""

from __future__ import annotations

from typing import Any

import pytest

from layerkit import ArgumentTypeError, ConfusionMatrix, NumericsError, ShapeError, UnknownNameError, accuracy, r2
from layerkit.metrics import (
    BUILT_IN,
    class_of,
    confusion_matrix,
    get_metric,
    mean_absolute_error,
    mean_squared_error,
)


@pytest.mark.parametrize(
    ("predicted", "target", "share"),
    [
        ([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]], [[1, 0], [0, 1], [0, 1]], 2 / 3),  # one-hot
        ([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]], [[0], [1], [1]], 2 / 3),  # class numbers
        ([[0.9], [0.5], [0.2], [0.7]], [[1], [0], [1], [0]], 0.5),  # one output, 0 or 1, cut at one half
        ([[0.3], [-0.2], [2.0], [-1.0]], [[1], [1], [-1], [-1]], 0.5),  # −1 or 1, cut at 0
        ([[0.3], [-0.3]], [[1], [-1]], 1.0),
        ([[0.9]], [[1]], 1.0),
    ],
)
def test_accuracy_is_the_share_of_rows_whose_class_is_right(predicted: Any, target: Any, share: float) -> None:
    assert accuracy(predicted, target) == share


def test_the_class_of_a_row_is_its_largest_output() -> None:
    assert class_of([0.1, 0.7, 0.2]) == 1
    assert class_of([-3.0, -1.0, -1.0]) == 1  # the first of equals
    assert (class_of([0.5]), class_of([0.500001])) == (0, 1)


def test_mean_squared_and_absolute_error_are_means_over_all_numbers() -> None:
    predicted, target = [[1.0, 5.0], [0.0, -2.0]], [[2.0, 3.0], [0.0, 1.0]]
    assert mean_squared_error(predicted, target) == (1 + 4 + 0 + 9) / 4
    assert mean_absolute_error(predicted, target) == (1 + 2 + 0 + 3) / 4


def test_r2_by_hand() -> None:
    # mean 2, Σ (t − mean)² = 2, Σ (t − p)² = 1
    assert r2([[1.0], [2.0], [4.0]], [[1.0], [2.0], [3.0]]) == 0.5
    assert r2([[2.0], [2.0], [2.0]], [[1.0], [2.0], [3.0]]) == 0.0  # as good as the mean
    assert r2([[3.0], [2.0], [1.0]], [[1.0], [2.0], [3.0]]) == -3.0
    # averaged over outputs: 1 and 0.5
    assert r2([[7.0, 1.0], [8.0, 2.0], [9.0, 4.0]], [[7.0, 1.0], [8.0, 2.0], [9.0, 3.0]]) == 0.75


def test_r2_of_a_constant_target_is_one_where_it_is_met_and_zero_otherwise() -> None:
    assert r2([[5.0], [5.0]], [[5.0], [5.0]]) == 1.0
    assert r2([[5.0], [6.0]], [[5.0], [5.0]]) == 0.0


@pytest.mark.parametrize("metric", [mean_squared_error, r2])
def test_a_square_that_exceeds_a_float_is_one_numerics_error(metric: Any) -> None:
    with pytest.raises(NumericsError):
        metric([[1e200], [0.0]], [[0.0], [1.0]])


@pytest.mark.parametrize("metric", BUILT_IN.values())
@pytest.mark.parametrize(
    ("predicted", "target"),
    [([[1.0]], [[1.0], [2.0]]), ([], []), ([[1.0]], [[1.0, 2.0]]), ([[1.0, 2.0], [1.0, 2.0]], [[0, 1], [1]])],
)
def test_rows_that_do_not_fit_together_are_refused(metric: Any, predicted: Any, target: Any) -> None:
    with pytest.raises(ShapeError):
        metric(predicted, target)


def test_a_confusion_matrix_counts_truth_by_line_and_prediction_by_column() -> None:
    matrix = ConfusionMatrix(["cat", "dog", "dog", "cow", "dog"], ["cat", "cat", "dog", "cow", "cow"])
    assert matrix.classes == ["cat", "cow", "dog"]
    assert matrix.counts == [[1, 0, 0], [0, 1, 0], [1, 1, 1]]
    assert matrix.accuracy == 0.6
    assert str(matrix).splitlines()[-1].split() == ["dog", "1", "1", "1"]


def test_a_confusion_matrix_keeps_the_given_order_and_classes_that_never_occur() -> None:
    matrix = confusion_matrix([1, 0], [1, 1], classes=[1, 0, 2])
    assert matrix.counts == [[1, 0, 0], [1, 0, 0], [0, 0, 0]]


def test_names_of_classes_are_shown_as_they_are() -> None:
    assert str(ConfusionMatrix(["007", "1e3"], ["007", "1e3"])).splitlines()[-1].split()[0] == "1e3"
    assert ConfusionMatrix(["b", 1], [1, "b"]).classes == [1, "b"]  # names beside numbers


def test_what_does_not_fit_a_confusion_matrix_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'dog'"):
        ConfusionMatrix(["dgo"], ["dog"], classes=["cat", "dog"])
    with pytest.raises(ShapeError):
        ConfusionMatrix(["a"], ["a", "b"])
    with pytest.raises(ShapeError):
        ConfusionMatrix([], [])


def test_metrics_are_found_by_name_or_are_functions() -> None:
    assert get_metric("mae") == ("mae", mean_absolute_error)

    def worst(predicted: Any, target: Any) -> float:
        return 0.0

    assert get_metric(worst) == ("worst", worst)
    with pytest.raises(UnknownNameError, match="did you mean 'accuracy'"):
        get_metric("acuracy")
    with pytest.raises(ArgumentTypeError):
        get_metric(5)
