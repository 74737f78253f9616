"""Encoding the target column, and reading a network's outputs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from layerkit.data import Table, TargetEncoder, detect_task, load_table
from layerkit.errors import DataError, ModelFileError, NumericsError, OrderError, ShapeError, UnknownNameError


def target_table(*cells: str) -> Table:
    return Table(["y"], [[cell] for cell in cells])


@pytest.mark.parametrize(
    ("cells", "task"),
    [
        (["a", "b"], "classification"),
        (["1", "x"], "classification"),
        (["0", "1", "NA"], "classification"),
        (["1.0", "2"], "classification"),
        (["1.5", "2"], "regression"),
        ([str(n) for n in range(20)], "classification"),
        ([str(n) for n in range(21)], "regression"),
        ([str(n % 20) for n in range(100)], "classification"),
    ],
)
def test_the_task_follows_from_the_values(cells: list[str], task: str) -> None:
    assert detect_task(target_table(*cells), "y") == task
    assert TargetEncoder("y").fit(target_table(*cells)).task == task


def test_classes_become_one_hot_rows_and_missing_targets_are_left_out() -> None:
    table = target_table("b", "", "c", "a", "?")
    encoder = TargetEncoder("y").fit(table)
    assert (encoder.classes, encoder.units) == (["a", "b", "c"], 3)
    assert encoder.transform(table) == ([[0, 1, 0], [0, 0, 1], [1, 0, 0]], [0, 2, 3])


def test_outputs_are_decoded_to_the_class_of_the_largest() -> None:
    encoder = TargetEncoder("y").fit(target_table("a", "b", "c"))
    assert encoder.decode([[0.1, 0.2, 0.7], [5, -1, 0], [1, 1, 1]]) == ["c", "a", "a"]


def test_numeric_classes_are_in_numeric_order_and_compared_as_numbers() -> None:
    encoder = TargetEncoder("y").fit(target_table("10", "9", "9.0", "10"))
    assert encoder.classes == ["9", "10"]
    assert encoder.transform(target_table("10.0", "09")).rows == [[0, 1], [1, 0]]
    again = TargetEncoder.from_state(json.loads(json.dumps(encoder.state())))
    assert again.transform(target_table("10.0")).rows == [[0, 1]]


def test_numbers_are_scaled_and_come_back() -> None:
    # 1, 3 and 1, 3: mean 2, stddev 1
    table = target_table("1", "NA", "3", "1", "3")
    encoder = TargetEncoder("y", task="regression").fit(table)
    assert (encoder.classes, encoder.units) == (None, 1)
    assert encoder.transform(table) == ([[-1], [1], [-1], [1]], [0, 2, 3, 4])
    assert encoder.decode([[-1], [0.5]]) == [1, 2.5]


def test_a_task_can_be_asked_for() -> None:
    assert TargetEncoder("y", "classification").fit(target_table("0.5", "1.5")).classes == ["0.5", "1.5"]
    assert TargetEncoder("y", "regression").fit(target_table("0", "1")).classes is None
    with pytest.raises(UnknownNameError, match="unknown task 'classify'; did you mean 'classification'"):
        TargetEncoder("y", "classify")


def test_auto_decides_anew_at_each_fit() -> None:
    encoder = TargetEncoder("y").fit(target_table("a", "b"))
    assert encoder.fit(target_table("0.5", "1")).task == "regression"
    assert encoder.classes is None


@pytest.mark.parametrize(
    ("cells", "task", "message"),
    [
        (["a", "a", "NA"], "auto", "two or more distinct values, all are 'a'"),
        (["1.5", "1.5"], "auto", "all are '1.5'"),
        (["1", "1.0"], "classification", "all are '1'"),
        (["NA", ""], "auto", "must have values, all are missing"),
        (["1.5", "x"], "regression", "column 'y' must hold numbers, line 3 has 'x'"),
    ],
)
def test_a_target_that_cannot_be_learned_is_refused(cells: list[str], task: str, message: str) -> None:
    encoder = TargetEncoder("y", task)
    with pytest.raises(DataError, match=message):
        encoder.fit(target_table(*cells))
    with pytest.raises(OrderError):
        encoder.transform(target_table("a"))


def test_an_absent_column_comes_with_the_nearest_name() -> None:
    with pytest.raises(UnknownNameError, match="unknown column 'specie'; did you mean 'species'"):
        TargetEncoder("specie").fit(load_table("iris"))


def test_a_class_that_training_had_not_seen_is_named_with_its_line() -> None:
    encoder = TargetEncoder("y").fit(target_table("cat", "dog"))
    with pytest.raises(UnknownNameError, match="column 'y', line 4: unknown class 'dogs'; did you mean 'dog'"):
        encoder.transform(target_table("cat", "NA", "dogs"))


@pytest.mark.parametrize(
    ("outputs", "error", "message"),
    [
        ([[1, 2, 3]], ShapeError, "rows of 2 numbers, row 0 has 3"),
        ([[1, 2], [float("nan"), 1]], NumericsError, "row 1 is"),
        ([1, 2], ShapeError, "row 0 of the outputs must be a list, not 1"),
    ],
)
def test_bad_outputs_are_refused(outputs: Any, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        TargetEncoder("y").fit(target_table("a", "b")).decode(outputs)


@pytest.mark.parametrize("cells", [["a", "b"], ["0.1", "0.7", "0.25"]])
def test_the_state_goes_through_json_and_comes_back_bit_for_bit(cells: list[str]) -> None:
    table = target_table(*cells)
    encoder = TargetEncoder("y").fit(table)
    again = TargetEncoder.from_state(json.loads(json.dumps(encoder.state())))
    assert (again.column, again.task, again.classes) == (encoder.column, encoder.task, encoder.classes)
    assert again.transform(table) == encoder.transform(table)
    outputs = [[0.3] * encoder.units]
    assert again.decode(outputs) == encoder.decode(outputs)


@pytest.mark.parametrize("call", ["state", "units"])
def test_before_fit_everything_is_an_error_that_says_so(call: str) -> None:
    encoder = TargetEncoder("y")
    with pytest.raises(OrderError, match="TargetEncoder: it must be fitted first"):
        getattr(encoder, call)()


@pytest.mark.parametrize(
    "state",
    [
        None,
        {"column": "y", "task": "auto"},
        {"column": "y", "task": "classification", "classes": ["a"]},
        {"column": "y", "task": "classification", "classes": ["a", "a"]},
        {"column": "y", "task": "classification", "classes": [1, 2]},
        {"column": "y", "task": "regression", "mean": 0.0},
        {"column": 5, "task": "regression", "mean": 0.0, "stddev": 1.0},
    ],
)
def test_a_damaged_state_is_refused(state: Any) -> None:
    with pytest.raises(ModelFileError, match="TargetEncoder"):
        TargetEncoder.from_state(state)
