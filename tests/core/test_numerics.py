"""Elementary functions of any number, and the sums of exponentials."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from layerkit import Graph, numerics
from layerkit.errors import ArgumentTypeError, NumericsError
from layerkit.numerics import (
    erf,
    erfc,
    exp,
    expm1,
    is_finite,
    like,
    log,
    log1p,
    log_softmax,
    logsumexp,
    maximum,
    mean,
    minimum,
    sigmoid,
    softmax,
    sqrt,
    tanh,
    where,
)

NAN, INF = math.nan, math.inf
HUGE = 10**400  # an int beyond the largest float
TOO_LONG = 10**5000  # one that newer Pythons do not even write out
EPSILON = 2.0**-53

# Decimal expansions from tables (Abramowitz and Stegun 1964, OEIS): e, e − 1, log 2, log 3, √2, tanh 1, erf 1, erfc 1.
CONSTANTS: list[tuple[Callable[[Any], Any], int, float]] = [
    (exp, 1, 2.718281828459045),
    (expm1, 1, 1.718281828459045),
    (log, 2, 0.6931471805599453),
    (log1p, 2, 1.0986122886681098),
    (sqrt, 2, 1.4142135623730951),
    (tanh, 1, 0.7615941559557649),
    (erf, 1, 0.8427007929497149),
    (erfc, 1, 0.15729920705028513),
]
FUNCTIONS = [function for function, _, _ in CONSTANTS]


@pytest.mark.parametrize(("function", "x", "expected"), CONSTANTS, ids=lambda given: getattr(given, "__name__", None))
def test_floats_ints_fractions_and_bools_give_the_float(function: Any, x: int, expected: float) -> None:
    for number in (x, float(x), Fraction(x), *([True] if x == 1 else [])):
        assert function(number) == pytest.approx(expected, rel=4 * EPSILON)
        assert type(function(number)) is float


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_every_function_has_its_own_name_and_a_docstring(function: Any) -> None:
    assert getattr(numerics, function.__name__) is function
    assert ">>>" in function.__doc__


def test_decimals_keep_their_digits_where_the_function_exists() -> None:
    close = {"rel": Decimal("1e-27")}
    assert exp(Decimal(1)) == pytest.approx(Decimal("2.718281828459045235360287471"), **close)
    assert log(Decimal(2)) == pytest.approx(Decimal("0.6931471805599453094172321215"), **close)
    assert sqrt(Decimal(2)) == pytest.approx(Decimal("1.414213562373095048801688724"), **close)


@pytest.mark.parametrize("function", [expm1, log1p, tanh, erf, erfc], ids=lambda function: function.__name__)
def test_a_decimal_without_the_function_is_refused_and_not_rounded_to_a_float(function: Any) -> None:
    with pytest.raises(ArgumentTypeError, match=rf"there is no {function.__name__} of a Decimal\. Fix: pass a float\."):
        function(Decimal(1))


@pytest.mark.parametrize("wrong", ["1", None, [1.0], {}, print], ids=lambda wrong: type(wrong).__name__)
@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_what_is_no_number_is_refused(function: Any, wrong: Any) -> None:
    with pytest.raises(ArgumentTypeError, match=f"{function.__name__}: there is no {function.__name__} of a"):
        function(wrong)


@pytest.mark.parametrize(
    ("function", "x", "message"),
    [
        (exp, 710, "exp: the result for 710 exceeds the largest number"),
        (exp, HUGE, "exp: the result for 10000"),
        (exp, TOO_LONG, "exp: the result for "),
        (exp, Fraction(HUGE, 3), r"exp: the result for Fraction\("),
        (expm1, 710.0, r"expm1: the result for 710\.0 exceeds the largest number"),
        (sqrt, HUGE, "sqrt: the result for 10000"),
        (log, 0, "log: 0 is outside the function's domain"),
        (log, -1.5, r"log: -1\.5 is outside"),
        (log1p, -1, "log1p: -1 is outside"),
        (sqrt, -1, "sqrt: -1 is outside"),
        (log, Decimal(-1), r"log: Decimal\('-1'\) is outside"),
        (exp, Decimal("1e9"), r"exp: the result for Decimal\('1E\+9'\) exceeds the largest number"),
    ],
    ids=lambda given: type(given).__name__,  # Python writes no int of more than 4300 digits
)
def test_a_missing_result_is_one_clear_line(function: Any, x: Any, message: str) -> None:
    with pytest.raises(NumericsError, match=message) as caught:
        function(x)
    assert "\n" not in str(caught.value)
    assert "Fix: " in str(caught.value)


@pytest.mark.parametrize("huge", [HUGE, TOO_LONG, Fraction(HUGE, 3)], ids=["int", "long int", "Fraction"])
def test_beyond_the_largest_float_functions_give_their_limits(huge: Any) -> None:
    assert [f(huge) for f in (tanh, erf, erfc)] == [1, 1, 0]
    assert [f(-huge) for f in (exp, expm1, tanh, erf, erfc, sigmoid)] == [0, -1, -1, -1, 2, 0]
    assert sigmoid(huge) == 1


def test_the_logarithm_of_a_huge_int_is_right() -> None:
    assert log(HUGE) == pytest.approx(400 * math.log(10), rel=1e-15)


def test_infinities_and_nan_are_what_ieee_says() -> None:
    assert [exp(-INF), exp(INF), tanh(INF), log(INF)] == [0, INF, 1, INF]
    assert all(math.isnan(function(NAN)) for function in FUNCTIONS)


# -- maximum, minimum, where ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "y", "larger", "smaller"),
    [
        (2, 3, 3, 2),
        (2.5, -1, 2.5, -1.0),
        (-1, 2.5, 2.5, -1.0),
        (-2.5, 0, 0.0, -2.5),
        (Fraction(13, 2), 6, Fraction(13, 2), Fraction(6)),
        (6, Fraction(13, 2), Fraction(13, 2), Fraction(6)),
        (Decimal("0.5"), 0, Decimal("0.5"), Decimal(0)),
        (HUGE, 1, HUGE, 1),
        (HUGE, Fraction(1, 2), Fraction(HUGE), Fraction(1, 2)),
        (INF, 1.0, INF, 1.0),
        (-INF, 1, 1.0, -INF),
    ],
)
def test_the_larger_and_the_smaller_have_the_type_of_the_two(x: Any, y: Any, larger: Any, smaller: Any) -> None:
    for out, expected in ((maximum(x, y), larger), (minimum(x, y), smaller)):
        assert out == expected
        assert type(out) is type(expected)


@pytest.mark.parametrize("other", [0, 0.0, -1.5, 3, Fraction(1, 2), NAN])
def test_nan_is_not_lost_in_a_maximum_or_minimum(other: Any) -> None:
    for function in (maximum, minimum):
        assert math.isnan(function(NAN, other))
        assert math.isnan(function(other, NAN))


def test_an_int_beyond_the_floats_beside_a_float_is_an_error_of_layerkit() -> None:
    for result in (lambda: maximum(1.5, HUGE), lambda: maximum(HUGE, 1.5), lambda: where(True, HUGE, 1.5)):
        with pytest.raises(NumericsError, match="exceeds the largest float"):
            result()


def test_where_takes_one_of_the_two_in_their_common_type() -> None:
    assert where(True, 1, 2.5) == 1.0
    assert type(where(True, 1, 2.5)) is float
    assert type(where(False, Fraction(1, 2), 0)) is Fraction
    assert where(False, 1, 2) == 2
    assert type(where(True, 1, True)) is int
    assert where(1 < 2, "no number", 3) == "no number"
    assert where([], 1, 2) == 2  # the truth of anything


def test_an_int_takes_the_type_of_what_it_stands_beside() -> None:
    assert [type(like(1, model)) for model in (2, 2.0, Fraction(2), Decimal(2), True, "2", None)] == [
        int, float, Fraction, Decimal, int, int, int,
    ]  # fmt: skip
    assert like(2.5, 1) == 2.5
    assert like(True, 1.0) is True
    assert like(Fraction(1, 3), 1.0) == Fraction(1, 3)


# -- finite, mean -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [0, -2.5, 1e308, HUGE, TOO_LONG, Fraction(HUGE), Decimal("1e999"), True], ids=type)
def test_finite_numbers_are_finite_beyond_the_floats_too(value: Any) -> None:
    assert is_finite(value)
    assert is_finite(Graph().input("x", value))


@pytest.mark.parametrize("value", [INF, -INF, NAN, Decimal("NaN"), Decimal("sNaN"), Decimal("-Infinity")])
def test_infinities_and_nan_are_not_finite(value: Any) -> None:
    assert not is_finite(value)
    assert not is_finite(Graph().input("x", value))


def test_the_mean_is_finite_where_the_true_one_is() -> None:
    assert mean([1, 2, 3, 6]) == 3
    assert mean([1e308, 1e308, -1e308, -1e308]) == 0
    assert mean([1.7e308, 1.7e308]) == 1.7e308
    assert mean([Fraction(1, 2), Fraction(1, 3)]) == Fraction(5, 12)
    assert mean([HUGE]) == HUGE
    assert math.isnan(mean([NAN, 1.0]))


# -- sums of exponentials ---------------------------------------------------------------------------------------------


def test_sigmoid_of_opposite_numbers_adds_to_1() -> None:
    for x in (0.0, 1e-9, 0.5, 3.0, 36.0, 800.0, 1e308):
        assert sigmoid(x) + sigmoid(-x) == pytest.approx(1, rel=2 * EPSILON)
    assert sigmoid(0) == 0.5


# logits, softmax, logsumexp, log_softmax: mpmath 1.4.1 at 60 digits, rounded to floats.
# fmt: off
REFERENCE: list[tuple[list[float], list[float], float, list[float]]] = [
    ([1.0, 2.0, 3.0], [0.09003057317038046, 0.24472847105479764, 0.6652409557748219], 3.40760596444438,
     [-2.40760596444438, -1.4076059644443804, -0.4076059644443803]),
    ([-700.0, 0.25, 3.0], [4.6138879154121483e-306, 0.06008665017400762, 0.9399133498259924], 3.0619675890031988,
     [-703.0619675890032, -2.8119675890031988, -0.061967589003198625]),
    ([710.5, -36.25, 709.0], [0.8175744761936437, 0.0, 0.18242552380635635], 710.7014132779827,
     [-0.2014132779827524, -746.9514132779827, -1.7014132779827524]),
    ([0.1, 0.1, 0.1], [0.3333333333333333, 0.3333333333333333, 0.3333333333333333], 1.1986122886681096,
     [-1.0986122886681098, -1.0986122886681098, -1.0986122886681098]),
    ([1e-09, -1e-09], [0.5000000005, 0.4999999995], 0.6931471805599453, [-0.6931471795599453, -0.6931471815599453]),
    ([40.0, 0.0], [1.0, 4.248354255291589e-18], 40.0, [-4.248354255291589e-18, -40.0]),
    ([-5.0], [1.0], -5.0, [0.0]),
]
# fmt: on


@pytest.mark.parametrize(("logits", "probabilities", "total", "logarithms"), REFERENCE)
def test_softmax_and_its_logarithms_are_right_to_a_few_units_in_the_last_place(
    logits: list[float], probabilities: list[float], total: float, logarithms: list[float]
) -> None:
    largest = max(logits)
    for x, found, expected in zip(logits, softmax(logits), probabilities):
        assert abs(found - expected) <= (4 + largest - x) * EPSILON * expected
    assert logsumexp(logits) == pytest.approx(total, rel=4 * EPSILON)
    assert log_softmax(logits) == pytest.approx(logarithms, rel=6 * EPSILON, abs=0)


def test_extreme_logits_overflow_nowhere() -> None:
    assert softmax([1e308, -1e308, 0.0]) == [1, 0, 0]
    assert softmax([-1e308, -1e308]) == [0.5, 0.5]
    assert softmax([-1e308, 1e308]) == [0, 1]
    assert softmax([0.0, 1000.0]) == [0, 1]
    assert logsumexp([1e308, 1e308]) == 1e308
    assert logsumexp([-1e308, 1e308]) == 1e308
    assert log_softmax([1e308, 0.0]) == [0, -1e308]
    assert softmax([HUGE, 0]) == [1, 0]


def test_probabilities_add_to_1() -> None:
    assert sum(softmax([0.1 * k for k in range(100)])) == pytest.approx(1, rel=1e-14)


def test_nan_among_the_logits_is_not_lost() -> None:
    for logits in ([NAN, 0.0], [0.0, NAN], [1.0, NAN, 2.0]):
        assert all(map(math.isnan, softmax(logits)))
        assert math.isnan(logsumexp(logits))
        assert all(map(math.isnan, log_softmax(logits)))


@pytest.mark.parametrize("logits", [[0.0, 0.0], [1.0, 1.0, 1.0], [2.0, 2.0, 2.0, 2.0, 1.0], [0.5, -1.0, 3.0]])
def test_recorded_derivatives_are_right_where_logits_are_equal(logits: list[float]) -> None:
    # d logsumexp / d xₖ is softmaxₖ
    graph = Graph()
    values = [graph.input(f"x{k}", x) for k, x in enumerate(logits)]
    logsumexp(values).backward()
    total = sum(math.exp(x) for x in logits)
    assert [value.grad for value in values] == pytest.approx([math.exp(x) / total for x in logits], rel=1e-15)

    # d log softmax₀ / d xₖ is δ₀ₖ − softmaxₖ
    log_softmax(values)[0].backward()
    expected = [(k == 0) - math.exp(x) / total for k, x in enumerate(logits)]
    assert [value.grad for value in values] == pytest.approx(expected, rel=1e-14)

    # d softmax₀ / d xₖ is softmax₀ (δ₀ₖ − softmaxₖ)
    softmax(values)[0].backward()
    expected = [math.exp(logits[0]) / total * slope for slope in expected]
    assert [value.grad for value in values] == pytest.approx(expected, rel=1e-14)


def test_recorded_second_derivatives_are_right_where_logits_are_equal() -> None:
    # d² logsumexp / d x₀ d xₖ is softmax₀ (δ₀ₖ − softmaxₖ): for three equal logits 2/9, −1/9, −1/9
    inner, outer = Graph(), Graph()
    x = [inner.input(f"x{k}", 1.0) for k in range(3)]
    y = [outer.input(f"y{k}", value) for k, value in enumerate(x)]
    logsumexp(y).backward()
    y[0].grad.backward()
    assert [value.grad for value in x] == pytest.approx([2 / 9, -1 / 9, -1 / 9], rel=1e-14)
