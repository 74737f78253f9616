"""Initializers: the statistics of what they draw, against the formulas."""

from __future__ import annotations

import math
from fractions import Fraction
from random import Random
from typing import Any

import pytest

from layerkit import Initializer, get_initializer, initializers
from layerkit.errors import ArgumentError, ArgumentTypeError, UnknownNameError

FAN_IN, UNITS = 120, 180
COUNT = FAN_IN * UNITS

# Variance of one weight: Glorot and Bengio 2010 (equation 16), He et al. 2015 (equation 10), LeCun et al. 1998 (§4.6).
VARIANCES = {
    "glorot": 2 / (FAN_IN + UNITS),
    "he": 2 / FAN_IN,
    "lecun": 1 / FAN_IN,
}


def numbers(initializer: Any, seed: int = 1) -> list[float]:
    rows = get_initializer(initializer).matrix(FAN_IN, UNITS, rng=Random(seed))
    return [value for row in rows for value in row]


def check_mean_and_variance(values: list[float], mean: float, variance: float, kurtosis: float) -> None:
    """Both within five standard errors of what they should be; kurtosis is the fourth central moment / variance²."""
    count = len(values)
    found = sum(values) / count
    spread = sum((value - found) ** 2 for value in values) / (count - 1)
    assert abs(found - mean) <= 5 * math.sqrt(variance / count)
    assert abs(spread / variance - 1) <= 5 * math.sqrt((kurtosis - 1) / count)


@pytest.mark.parametrize("kind", VARIANCES)
@pytest.mark.parametrize("seed", [1, 2])
def test_uniform_kinds_fill_their_limits_evenly(kind: str, seed: int) -> None:
    values = numbers(f"{kind}_uniform", seed)
    limit = math.sqrt(3 * VARIANCES[kind])
    check_mean_and_variance(values, 0, VARIANCES[kind], kurtosis=9 / 5)
    assert -limit <= min(values) < -0.999 * limit
    assert 0.999 * limit < max(values) <= limit
    in_the_middle = sum(abs(value) < limit / 2 for value in values) / COUNT
    assert abs(in_the_middle - 0.5) <= 5 * math.sqrt(0.25 / COUNT)


@pytest.mark.parametrize("kind", VARIANCES)
@pytest.mark.parametrize("seed", [1, 2])
def test_normal_kinds_are_cut_at_two_standard_deviations_and_keep_their_variance(kind: str, seed: int) -> None:
    values = numbers(f"{kind}_normal", seed)
    # With q = φ(2) / (2 Φ(2) − 1), a standard normal cut at ±2 has variance 1 − 4 q, fourth moment 3 − 2 (2³ + 3·2) q.
    tail = math.exp(-2) / math.sqrt(2 * math.pi) / math.erf(math.sqrt(2))
    variance, fourth = 1 - 4 * tail, 3 - 28 * tail
    assert math.sqrt(variance) == pytest.approx(initializers._STDDEV_AFTER_CUT, rel=1e-15)
    check_mean_and_variance(values, 0, VARIANCES[kind], kurtosis=fourth / variance**2)
    cut = 2 * math.sqrt(VARIANCES[kind] / variance)
    assert 0.99 * cut < max(map(abs, values)) <= cut
    within_one = sum(abs(value) < cut / 2 for value in values) / COUNT
    expected = math.erf(math.sqrt(0.5)) / math.erf(math.sqrt(2))
    assert abs(within_one - expected) <= 5 * math.sqrt(expected * (1 - expected) / COUNT)


def test_uniform_and_normal_by_their_own_parameters() -> None:
    check_mean_and_variance(numbers(initializers.uniform(-1, 3)), 1, 16 / 12, kurtosis=9 / 5)
    check_mean_and_variance(numbers(initializers.normal(2, 0.5)), 2, 0.25, kurtosis=3)
    assert all(-0.05 <= value <= 0.05 for value in numbers("uniform"))
    check_mean_and_variance(numbers("uniform"), 0, 0.1**2 / 12, kurtosis=9 / 5)
    check_mean_and_variance(numbers("normal"), 0, 0.05**2, kurtosis=3)
    assert max(map(abs, numbers("normal"))) > 3 * 0.05  # not cut


def test_constants_are_what_they_say() -> None:
    assert set(numbers("zeros")) == {0.0}
    assert set(numbers("ones")) == {1.0}
    assert set(numbers("constant")) == {0.0}
    assert set(numbers(initializers.constant(Fraction(1, 3)))) == {Fraction(1, 3)}
    assert set(numbers(initializers.normal(4, 0))) == {4.0}
    assert set(numbers(initializers.uniform(4, 4))) == {4.0}


def test_a_matrix_has_a_row_for_each_unit_and_a_vector_a_number_for_each() -> None:
    made = get_initializer("glorot_uniform")
    matrix = made.matrix(3, 2, rng=Random(5))
    assert [len(row) for row in matrix] == [3, 3]
    assert matrix[0] is not matrix[1]
    assert len(made.vector(3, 2, rng=Random(5))) == 2


def test_the_formulas_depend_on_the_sides_that_they_name() -> None:
    # limits √(6 / (3 + 1)), √(6 / 3), √(3 / 3) for 3 inputs and 1 unit
    for kind, limit in (("glorot", math.sqrt(1.5)), ("he", math.sqrt(2)), ("lecun", 1.0)):
        drawn = [get_initializer(f"{kind}_uniform").matrix(3, 1, rng=Random(n))[0] for n in range(400)]
        largest = max(abs(value) for row in drawn for value in row)
        assert 0.97 * limit < largest <= limit


@pytest.mark.parametrize("make", initializers.BUILT_IN, ids=lambda make: make.__name__)
def test_equal_generators_draw_equal_numbers_and_nothing_touches_the_module_level_one(make: Any) -> None:
    import random

    before = random.getstate()
    assert make().matrix(4, 3, rng=Random(9)) == make().matrix(4, 3, rng=Random(9))
    assert make().vector(4, 3, rng=Random(9)) == make().vector(4, 3, rng=Random(9))
    assert random.getstate() == before
    random_kinds = make.__name__ not in ("zeros", "ones", "constant")
    assert (make().matrix(4, 3, rng=Random(9)) != make().matrix(4, 3, rng=Random(8))) is random_kinds


@pytest.mark.parametrize("make", initializers.BUILT_IN, ids=lambda make: make.__name__)
def test_a_configuration_makes_an_equal_initializer(make: Any) -> None:
    made = get_initializer(make.__name__)
    again = get_initializer(made.config())
    assert repr(again) == repr(made) == repr(make())
    assert again.matrix(2, 2, rng=Random(3)) == made.matrix(2, 2, rng=Random(3))


def test_a_configuration_keeps_its_parameters() -> None:
    made = initializers.normal(1.5, stddev=0.25)
    assert made.config() == {"name": "normal", "mean": 1.5, "stddev": 0.25}
    assert repr(get_initializer(made.config())) == "normal(mean=1.5, stddev=0.25)"


def test_initializers_functions_and_names_are_taken() -> None:
    made = initializers.ones()
    assert get_initializer(made) is made
    assert repr(get_initializer(initializers.he_normal)) == "he_normal()"


@pytest.mark.parametrize(
    ("wanted", "error", "message"),
    [
        ("glorot_unifrom", UnknownNameError, "unknown initializer 'glorot_unifrom'; did you mean 'glorot_uniform'"),
        (None, ArgumentTypeError, "initializer must be a name or an Initializer, got None"),
        (3, ArgumentTypeError, "got 3. Fix: 'glorot_uniform'"),
        ({"low": 1}, ArgumentTypeError, "initializer must be a name"),
        ({"name": 3}, ArgumentTypeError, "initializer must be a name"),
        (dict, ArgumentTypeError, "initializer must be a name"),
        (lambda: 3, ArgumentTypeError, "initializer must be a name"),
        (lambda fan_in: 3, ArgumentError, "missing 1 required positional argument"),
        ({"name": "constant", "valeu": 3}, ArgumentError, "unexpected keyword argument 'valeu'"),
        ({"name": "zeros", "value": 3}, ArgumentError, "unexpected keyword argument 'value'"),
        ({"name": "constant", "value": "3"}, ArgumentTypeError, "constant: value must be a number, got '3'"),
        ({"name": "normal", "stddev": -1}, ArgumentError, "normal: stddev must be >= 0, got -1"),
    ],
)
def test_what_makes_no_initializer_is_one_clear_line(wanted: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message) as caught:
        get_initializer(wanted)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("make", "arguments", "message"),
    [
        (initializers.uniform, (1, 0), "uniform: high must be >= 1, got 0"),
        (initializers.uniform, (-1e308, 1e308), "uniform: high - low must be finite"),
        (initializers.uniform, (math.nan, 1), "uniform: low must be finite"),
        (initializers.normal, (0, -0.1), "normal: stddev must be >= 0"),
        (initializers.normal, (math.inf, 1), "normal: mean must be finite"),
        (initializers.constant, (math.nan,), "constant: value must be finite"),
    ],
)
def test_wrong_parameters_are_one_clear_line(make: Any, arguments: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        make(*arguments)


def test_parameters_for_an_initializer_that_takes_none_are_not_lost_silently() -> None:
    from layerkit import hookimpl, register, unregister

    class Mine:
        @hookimpl
        def layerkit_initializers(self) -> Any:
            return [Initializer("halves", lambda fan_in, units: lambda rng: 0.5, value=0.5)]

    plugin = Mine()
    register(plugin)
    try:
        assert get_initializer({"name": "halves", "value": 0.5}).parameters == {"value": 0.5}
        with pytest.raises(ArgumentError, match="halves: it takes no parameters"):
            get_initializer({"name": "halves", "value": 0.75})
    finally:
        unregister(plugin)
