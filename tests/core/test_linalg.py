"""Products of rows, by hand."""

from __future__ import annotations

from fractions import Fraction

import pytest

from layerkit import Graph
from layerkit.linalg import affine, columns, dot, outer_sum

THIRD = Fraction(1, 3)


def test_dot_of_two_rows() -> None:
    assert dot([1, 2, 3], (4, 5, 6)) == 32
    assert dot([0.5, -2.0], [4.0, 0.25]) == 1.5
    assert dot([], []) == 0


def test_dot_of_fractions_is_exact() -> None:
    assert dot([THIRD, 2], [THIRD, THIRD]) == Fraction(7, 9)
    assert type(dot([THIRD], [3])) is Fraction


def test_dot_of_huge_ints_is_exact() -> None:
    assert dot([10**400, 1], [10**400, 1]) == 10**800 + 1


def test_dot_of_recorded_values_is_a_record_of_products_and_sums_only() -> None:
    graph = Graph()
    w, x = [graph.input(f"w{i}", i + 1) for i in range(2)], [graph.input(f"x{i}", 10 * (i + 1)) for i in range(2)]
    out = dot(w, x)
    assert out.value == 50
    out.backward()
    assert [value.grad for value in (*w, *x)] == [10, 20, 1, 2]
    assert [value.node.symbol for value in graph.values[4:]] == ["{0} * {1}", "{0} * {1}", "{0} + {1}"]


def test_columns_are_the_transpose() -> None:
    assert columns([[1, 2, 3], [4, 5, 6]]) == [(1, 4), (2, 5), (3, 6)]
    assert columns([]) == []


def test_affine_multiplies_by_the_rows_of_the_weight_and_adds_the_bias() -> None:
    x = [[1, 2, 3], [0, 1, 0]]
    weight = [[1, 10, 100], [2, 0, 1]]
    assert affine(x, weight, [1000, 7]) == [[1321, 12], [1010, 7]]
    assert affine(x, weight, None) == [[321, 5], [10, 0]]
    assert affine(x, weight, [THIRD, 0]) == [[321 + THIRD, 5], [10 + THIRD, 0]]


@pytest.mark.parametrize(
    ("left", "right", "product"),
    [
        ([[2, 3]], [[1, 10, 100]], [[2, 20, 200], [3, 30, 300]]),
        ([[2, 3], [1, -1]], [[1, 10, 100], [5, 6, 7]], [[7, 26, 207], [-2, 24, 293]]),
        ([[2], [1], [4]], [[1], [10], [100]], [[412]]),
    ],
)
def test_outer_sum_has_a_row_for_each_unit_and_a_column_for_each_input(
    left: list[list[int]], right: list[list[int]], product: list[list[int]]
) -> None:
    assert outer_sum(left, right) == product


def test_nothing_is_written_to_the_arguments() -> None:
    x, weight, bias = [[1, 2]], [[3, 4]], [5]
    affine(x, weight, bias)
    outer_sum(x, weight)
    assert (x, weight, bias) == ([[1, 2]], [[3, 4]], [5])
