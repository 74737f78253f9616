"""The two scalers, on small tables worked out by hand and at the ends of the floats."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from layerkit.data import MinMaxScaler, StandardScaler
from layerkit.errors import DataError, ModelFileError, NumericsError, OrderError, ShapeError

SCALERS = [StandardScaler, MinMaxScaler]


def test_standard_scaler_uses_the_population_standard_deviation() -> None:
    # 2 4 4 4 5 5 7 9: mean 40 / 8, squares of the deviations 9 1 1 1 0 0 4 16, √(32 / 8) = 2
    scaler = StandardScaler().fit([[2], [4], [4], [4], [5], [5], [7], [9]])
    assert (scaler.mean, scaler.stddev) == ([5.0], [2.0])
    assert scaler.transform([[9], [5], [0]]) == [[2.0], [0.0], [-2.5]]
    assert scaler.inverse([[2.0], [-2.5]]) == [[9.0], [0.0]]


def test_min_max_scaler_maps_the_fitted_range_to_0_and_1() -> None:
    scaler = MinMaxScaler().fit([[10, -1], [30, 1], [20, 0]])
    assert (scaler.minimum, scaler.maximum) == ([10, -1], [30, 1])
    assert scaler.transform([[10, 1], [25, 0], [50, -2]]) == [[0, 1], [0.75, 0.5], [2, -0.5]]
    assert scaler.inverse([[2, -0.5]]) == [[50, -2]]


@pytest.mark.parametrize("scaler_type", SCALERS)
@pytest.mark.parametrize("constant", [0.0, 0.1, -3.7, 1e308, 5e-324])
def test_a_constant_column_becomes_zero_and_comes_back(
    scaler_type: type[StandardScaler | MinMaxScaler], constant: float
) -> None:
    # 0.1 summed 3 or 10 times and divided again is not 0.1
    for count in (1, 3, 10):
        scaler = scaler_type().fit([[constant]] * count)
        assert scaler.transform([[constant], [constant / 2 + 1]]) == [[0.0], [0.0]]
        assert scaler.inverse([[0.0], [7.0]]) == [[constant], [constant]]


@pytest.mark.parametrize("scaler_type", SCALERS)
@pytest.mark.parametrize(
    "column",
    [
        [1.7e308, -1.7e308],
        [1.7976931348623157e308, -1.7976931348623157e308, 1.7976931348623157e308],
        [1.7976931348623157e308, 1.7976931348623155e308, 1.7976931348623157e308],
        [1e308] * 9 + [1.0],
        [1.0, 1.0000000000000002],
        [5e-324, 0.0],
        [5e-324, 1e-323, 0.0],
        [1e-300, 2e-300, 4e-300],
        [1e200, 1e-200, 0.0],
        [1e16, 1e16 + 2, 1e16 + 4],
    ],
)
def test_scaled_values_are_finite_at_both_ends_of_the_floats(
    scaler_type: type[StandardScaler | MinMaxScaler], column: list[float]
) -> None:
    rows = [[value] for value in column]
    scaled = scaler_type().fit(rows).transform(rows)
    assert all(abs(value) <= math.sqrt(len(column)) + 1 for (value,) in scaled)


def test_the_spread_of_huge_and_of_nearly_equal_values_is_exact() -> None:
    assert StandardScaler().fit([[1e308], [-1e308]]).transform([[1e308], [-1e308]]) == [[1.0], [-1.0]]
    assert StandardScaler().fit([[1e16], [1e16 + 4]]).stddev == [2.0]
    assert StandardScaler().fit([[1e-200], [3e-200]]).stddev == pytest.approx([1e-200], rel=1e-15)
    assert StandardScaler().fit([[1.0], [1 + 2**-52]]).stddev == [2.0**-53]
    scaled = StandardScaler().fit([[1.7e308], [1.7e308], [-1.7e308]]).transform([[1.7e308], [-1.7e308]])
    assert [value for (value,) in scaled] == pytest.approx([0.5**0.5, -(2**0.5)])
    assert MinMaxScaler().fit([[1.6e308], [-1.6e308]]).transform([[0.0], [0.8e308]]) == [[0.5], [0.75]]


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 100, 1000])
def test_no_rounding_carries_the_largest_floats_over_the_edge(count: int) -> None:
    largest = 1.7976931348623157e308
    for least in (1.7976931348623155e308, -largest):
        for sign in (1, -1):
            scaler = StandardScaler().fit([[sign * largest]] * count + [[sign * least]])
            assert abs(scaler.mean[0]) <= largest
            assert 0 < scaler.stddev[0] <= largest


def test_the_sum_is_not_spoilt_by_cancelling_values() -> None:
    # 1e16 + 1 − 1e16 would be 0 in plain floats
    assert StandardScaler().fit([[1e16], [1.0], [-1e16], [3.0]]).mean == [1.0]


@pytest.mark.parametrize("scaler_type", SCALERS)
def test_a_result_beyond_the_floats_is_an_error_not_infinite(scaler_type: type[StandardScaler | MinMaxScaler]) -> None:
    with pytest.raises(NumericsError, match="1e\\+308 exceeds the largest float"):
        scaler_type().fit([[0.0], [1e-300]]).transform([[1e308]])
    with pytest.raises(NumericsError, match="exceeds the largest float"):
        scaler_type().fit([[0.0], [5e-324]]).transform([[1e308]])
    with pytest.raises(NumericsError, match="1e\\+300 exceeds the largest float"):
        scaler_type().fit([[0.0], [1e300]]).inverse([[1e300]])


@pytest.mark.parametrize("scaler_type", SCALERS)
def test_the_state_goes_through_json_and_comes_back_bit_for_bit(
    scaler_type: type[StandardScaler | MinMaxScaler],
) -> None:
    rows = [[0.1, 7.0], [0.3, 7.0], [1 / 3, 7.0]]
    scaler = scaler_type().fit(rows)
    again = scaler_type.from_state(json.loads(json.dumps(scaler.state())))
    assert again.state() == scaler.state()
    assert again.transform(rows) == scaler.transform(rows)


@pytest.mark.parametrize("scaler_type", SCALERS)
@pytest.mark.parametrize("call", ["transform", "inverse"])
def test_scaling_before_fit_is_an_error(scaler_type: type[StandardScaler | MinMaxScaler], call: str) -> None:
    with pytest.raises(OrderError, match=f"{scaler_type.__name__}: it must be fitted first"):
        getattr(scaler_type(), call)([[1]])
    with pytest.raises(OrderError, match="fitted first"):
        scaler_type().state()


@pytest.mark.parametrize("scaler_type", SCALERS)
@pytest.mark.parametrize(
    ("rows", "error", "message"),
    [
        ([1, 2], ShapeError, "row 0 is 1"),
        (5, ShapeError, "x must be a list, not 5"),
        ("12", ShapeError, "x must be a list, not '12'"),
        (["12"], ShapeError, "row 0 is '12'"),
        ([[1, 2], [3]], ShapeError, "rows of 2 numbers, row 1 has 1"),
        ([[1, 2, 3]], ShapeError, "rows of 2 numbers, row 0 has 3"),
        ([[]], ShapeError, "row 0 is empty"),
        ([], DataError, "it has none"),
        ([[1, 2], [3, "4"]], DataError, "row 1 has '4' in column 1"),
        ([[1, None]], DataError, "row 0 has None in column 1"),
        ([[1, float("nan")]], DataError, "row 0 has nan in column 1"),
        ([[float("inf"), 1]], DataError, "row 0 has inf in column 0"),
        ([[1, 10**400]], DataError, "row 0 has 1000"),
        ([[1, 2j]], DataError, "row 0 has 2j"),
    ],
)
def test_bad_rows_are_one_line_and_change_nothing(
    scaler_type: type[StandardScaler | MinMaxScaler], rows: Any, error: type, message: str
) -> None:
    scaler = scaler_type().fit([[0, 0], [1, 2]])
    before = scaler.state()
    if rows != [[1, 2, 3]]:
        with pytest.raises(error, match=message):
            scaler.fit(rows)
    with pytest.raises(error, match=message) as caught:
        scaler.transform(rows)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300
    assert scaler.state() == before


@pytest.mark.parametrize(
    "state",
    [
        None,
        {},
        {"mean": [1.0]},
        {"mean": [1.0], "stddev": [1.0, 2.0]},
        {"mean": ["1"], "stddev": [1.0]},
        {"mean": [True], "stddev": [1.0]},
        {"mean": [float("nan")], "stddev": [1.0]},
        {"mean": 1.0, "stddev": 1.0},
    ],
)
def test_a_damaged_state_is_refused(state: Any) -> None:
    with pytest.raises(ModelFileError, match="StandardScaler: its saved state must have"):
        StandardScaler.from_state(state)


def test_bools_tuples_and_arrays_are_rows_too() -> None:
    class ArrayLike:
        def tolist(self) -> list[list[int]]:
            return [[0], [2]]

    assert StandardScaler().fit(ArrayLike()).mean == [1.0]
    assert StandardScaler().fit(((True,), (False,))).mean == [0.5]
