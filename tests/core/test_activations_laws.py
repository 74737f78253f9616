"""Laws of every registered activation, installed plugins included, on made-up numbers."""

from __future__ import annotations

import math
from typing import Any

import pytest

hypothesis = pytest.importorskip("hypothesis")

from hypothesis import example, given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from layerkit import Activation, activations  # noqa: E402
from layerkit.activation import recorded_derivative  # noqa: E402

EPSILON = 2.0**-52
LARGEST = 1.7e308  # 1.05 times more, as selu multiplies, is still a float

everything = pytest.mark.parametrize("activation", activations().values(), ids=lambda activation: activation.name)
relaxed = settings(deadline=None, max_examples=40)  # a slow machine is no failure
floats = st.floats(-LARGEST, LARGEST)
moderate = st.floats(-30, 30)
EDGES = (0.0, -0.0, 5e-324, -36.7, 36.7, -709.8, 709.8, -745.1, 746.0, 1e154, -1e154, LARGEST, -LARGEST)


def at_the_edges(test: Any) -> Any:
    for x in EDGES:
        test = example(x=x)(test)
    return test


def steepest(activation: Activation) -> float:
    return max(abs(activation.derivative(n / 8, activation(n / 8))) for n in range(-80, 81))


@everything
@relaxed
@at_the_edges
@given(x=floats)
def test_floats_give_finite_floats_within_the_range(activation: Activation, x: float) -> None:
    if not activation.domain[0] < x < activation.domain[1]:
        return
    out = activation(x)
    assert type(out) is float
    assert math.isfinite(out)
    low, high = activation.range
    slack = 4 * EPSILON * abs(low) if math.isfinite(low) else 0
    assert low - slack <= out <= high


@everything
@relaxed
@at_the_edges
@given(x=floats)
def test_derivatives_are_finite_given_and_recorded(activation: Activation, x: float) -> None:
    if activation.trainable and activation.domain[0] < x < activation.domain[1]:
        assert math.isfinite(activation.derivative(x, activation(x)))
    if activation.differentiable and activation.domain[0] < x < activation.domain[1]:
        assert math.isfinite(recorded_derivative(activation, x))


@everything
@relaxed
@given(x=moderate)
@example(x=0.0)
@example(x=-0.0)
def test_the_given_derivative_is_that_of_the_recorded_function(activation: Activation, x: float) -> None:
    if not activation.differentiable or x in activation.kinks:
        return
    given_slope = activation.derivative(x, activation(x))
    assert given_slope == pytest.approx(recorded_derivative(activation, x), rel=1e-12, abs=1e-13)


@everything
@relaxed
@given(x=moderate)
def test_the_derivative_agrees_with_a_central_difference(activation: Activation, x: float) -> None:
    h = 1e-5 * max(1.0, abs(x))
    if not activation.differentiable or any(abs(x - kink) <= 2 * h for kink in activation.kinks):
        return
    tolerance = h if abs(x) <= h else 1e-8  # softsign's slope has a kink at 0
    slope = (activation(x + h) - activation(x - h)) / ((x + h) - (x - h))
    assert activation.derivative(x, activation(x)) == pytest.approx(slope, rel=1e-7, abs=tolerance)


@everything
@relaxed
@given(a=floats, b=floats)
def test_what_is_called_monotonic_never_falls(activation: Activation, a: float, b: float) -> None:
    if activation.monotonic:
        low, high = activation(min(a, b)), activation(max(a, b))
        assert low <= high + 4 * EPSILON * abs(high)


@everything
@relaxed
@given(a=moderate, b=moderate)
def test_nothing_is_steeper_than_the_steepest_slope(activation: Activation, a: float, b: float) -> None:
    if activation.differentiable:
        distance = 1.01 * steepest(activation) * abs(a - b)
        assert abs(activation(a) - activation(b)) <= distance + 1e-13


@everything
@relaxed
@given(x=moderate)
def test_asking_twice_gives_the_same_number(activation: Activation, x: float) -> None:
    assert activation(x) == activation(x)
    if activation.trainable:
        assert activation.derivative(x, activation(x)) == activation.derivative(x, activation(x))
