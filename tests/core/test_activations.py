"""The built-in activations against reference values, and what an Activation does with the functions it is given."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

import layerkit
from layerkit import Activation, Graph, activations, get_activation
from layerkit.activation import BUILT_IN, recorded_derivative
from layerkit.errors import (
    ArgumentError,
    ArgumentTypeError,
    NotDifferentiableError,
    RecordingError,
    UnknownNameError,
)
from layerkit.numerics import sigmoid

EPSILON = 2.0**-53
SMALLEST = 5e-324
NAN = math.nan

# Values and derivatives at these points, computed from the textbook formulas with mpmath 1.4.1 at 60 digits (selu with
# the float constants 1.0507009873554805 and 1.6732632423543772) and rounded to floats.
# fmt: off
POINTS = [-746.0, -710.0, -36.0, -10.5, -3.25, -1.25, -0.5, -1e-9, 1e-310, 0.25, 1.0, 2.75, 6.0, 17.5, 36.0, 710.0]
REFERENCE = {
    "sigmoid": (
        [
            0.0, 4.47628622567513e-309, 2.3195228302435686e-16, 2.753569111458347e-05, 0.03732688734412946,
            0.22270013882530884, 0.37754066879814546, 0.49999999975, 0.5, 0.5621765008857981, 0.7310585786300049,
            0.9399133498259924, 0.9975273768433652, 0.999999974890009, 0.9999999999999998, 1.0,
        ],
        [
            0.0, 4.47628622567513e-309, 2.319522830243568e-16, 2.7534932900298313e-05, 0.03593359082532813,
            0.173104786992497, 0.2350037122015945, 0.25, 0.25, 0.24613408273759835, 0.19661193324148185,
            0.05647624464487405, 0.0024665092913600476, 2.5109990296416514e-08, 2.319522830243568e-16,
            4.47628622567513e-309,
        ],
    ),
    "tanh": (
        [
            -1.0, -1.0, -1.0, -0.9999999984834879, -0.996997635486526, -0.8482836399575129, -0.46211715726000974,
            -1e-09, 1e-310, 0.24491866240370913, 0.7615941559557649, 0.9918597245682077, 0.9999877116507956,
            0.9999999999999988, 1.0, 1.0,
        ],
        [
            0.0, 0.0, 2.1520744640084553e-31, 3.033024166565145e-09, 0.0059957148342761986, 0.28041486618043265,
            0.7864477329659274, 1.0, 1.0, 0.940014848806378, 0.4199743416140261, 0.01621428677947907,
            2.4576547405332702e-05, 2.5220467040587925e-15, 2.1520744640084553e-31, 0.0,
        ],
    ),
    "elu": (
        [
            -1.0, -1.0, -0.9999999999999998, -0.9999724635506503, -0.961225792168278, -0.7134952031398099,
            -0.3934693402873666, -9.999999995e-10, 1e-310, 0.25, 1.0, 2.75, 6.0, 17.5, 36.0, 710.0,
        ],
        [
            0.0, 4.47628622567513e-309, 2.3195228302435696e-16, 2.7536449349747158e-05, 0.03877420783172201,
            0.2865047968601901, 0.6065306597126334, 0.999999999, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0,
        ],
    ),
    "selu": (
        [
            -1.7580993408473766, -1.7580993408473766, -1.7580993408473762, -1.7580509290339257, -1.689930431616547,
            -1.2543954463378648, -0.6917581878028713, -1.7580993399683272e-09, 1.05070098735545e-310,
            0.2626752468388701, 1.0507009873554805, 2.8894277152275714, 6.304205924132883, 18.38726727872091,
            37.825235544797295, 745.9977010223911,
        ],
        [
            0.0, 7.86975586280364e-309, 4.077951558931661e-16, 4.8411813451067655e-05, 0.06816890923082966,
            0.5037038945095118, 1.0663411530445053, 1.7580993390892774, 1.0507009873554805, 1.0507009873554805,
            1.0507009873554805, 1.0507009873554805, 1.0507009873554805, 1.0507009873554805, 1.0507009873554805,
            1.0507009873554805,
        ],
    ),
    "softplus": (
        [
            0.0, 4.47628622567513e-309, 2.319522830243569e-16, 2.7536070228685513e-05, 0.038041371687783126,
            0.2519290813453729, 0.4740769841801067, 0.6931471800599454, 0.6931471805599453, 0.8259394198788436,
            1.3132616875182228, 2.8119675890031988, 6.00247568513773, 17.50000002510999, 36.0, 710.0,
        ],
        [
            0.0, 4.47628622567513e-309, 2.3195228302435686e-16, 2.753569111458347e-05, 0.03732688734412946,
            0.22270013882530884, 0.37754066879814546, 0.49999999975, 0.5, 0.5621765008857981, 0.7310585786300049,
            0.9399133498259924, 0.9975273768433652, 0.999999974890009, 0.9999999999999998, 1.0,
        ],
    ),
    "softsign": (
        [
            -0.998661311914324, -0.9985935302390999, -0.972972972972973, -0.9130434782608695, -0.7647058823529411,
            -0.5555555555555556, -0.3333333333333333, -9.999999990000001e-10, 1e-310, 0.2, 0.5, 0.7333333333333333,
            0.8571428571428571, 0.9459459459459459, 0.972972972972973, 0.9985935302390999,
        ],
        [
            1.7920857907309738e-06, 1.9781571883264987e-06, 0.0007304601899196494, 0.007561436672967864,
            0.05536332179930796, 0.19753086419753085, 0.4444444444444444, 0.9999999980000001, 1.0, 0.64, 0.25,
            0.07111111111111111, 0.02040816326530612, 0.0029218407596785976, 0.0007304601899196494,
            1.9781571883264987e-06,
        ],
    ),
    "silu": (
        [
            -7.76e-322, -3.1781632202293424e-306, -8.350282188876848e-15, -0.00028912475670312646,
            -0.12131238386842075, -0.27837517353163604, -0.18877033439907273, -4.9999999975e-10, 5e-311,
            0.14054412522144952, 0.7310585786300049, 2.584761712021479, 5.985164261060191, 17.49999956057516,
            35.99999999999999, 710.0,
        ],
        [
            -7.76e-322, -3.173686934003667e-306, -8.118329905852488e-15, -0.0002615811043385488,
            -0.07945728283818695, 0.0063191550846875815, 0.2600388126973482, 0.4999999995, 0.5, 0.6237100215701977,
            0.9276705118714867, 1.095223022599396, 1.0123264325915255, 1.0000004143148393, 1.0000000000000082, 1.0,
        ],
    ),
    "gelu": (
        [
            -0.0, -0.0, -1.505744663687022e-282, -4.534956633699692e-25, -0.0018753313877699928,
            -0.13206221708356908, -0.15426876936299344, -4.999999996010577e-10, 5e-311, 0.14967658142073093,
            0.8413447460685429, 2.7418056511035998, 5.999999994080474, 17.5, 36.0, 710.0,
        ],
        [
            -0.0, -0.0, -5.420674359367623e-281, -4.760954306868753e-24, -0.006017381143833479, -0.12266158306942213,
            0.13250487534383715, 0.49999999920211546, 0.5, 0.695373354883636, 1.0833154705876864, 1.0220275336443208,
            1.0000000354687095, 1.0, 1.0, 1.0,
        ],
    ),
    "mish": (
        [
            -7.76e-322, -3.1781632202293424e-306, -8.350282188876848e-15, -0.000289128737328122,
            -0.12357485345218235, -0.3084139611415277, -0.22074377465173, -5.9999999968e-10, 6e-311,
            0.1695724096638176, 0.8650983882673103, 2.7302142043358297, 5.999926634065253, 17.49999999999998, 36.0,
            710.0,
        ],
        [
            -7.76e-322, -3.173686934003667e-306, -8.118329905852492e-15, -0.000261588686262176, -0.08311396454279738,
            -0.01469756247301954, 0.2895106779135122, 0.59999999936, 0.6, 0.7541726677205928, 1.0490362200997922,
            1.02986523031245, 1.0001341405062099, 1.0000000000000429, 1.0, 1.0,
        ],
    ),
}
# fmt: on

EXACT = ("step", "sign", "linear", "relu", "leaky_relu", "hard_sigmoid")  # their values are worked out by hand below
EXTREMES = [
    sign * size
    for size in (0.0, SMALLEST, 1e-310, 2.3e-308, 1e-16, 36.0, 37.0, 700.0, 709.7, 710.0, 745.0, 746.0, 1e16, 1e154)
    for sign in (1.0, -1.0)
] + [1e308, -1e308, 1.7e308, -1.7e308]


def ulp(value: float) -> float:
    """The distance to the next float, as math.ulp gives; at least the smallest number that there is."""
    return max(math.ldexp(1.0, math.frexp(value)[1] - 53), SMALLEST) if value else SMALLEST


def test_every_built_in_activation_has_reference_values() -> None:
    assert sorted([*REFERENCE, *EXACT]) == sorted(found.name for found in BUILT_IN)


@pytest.mark.parametrize("name", REFERENCE)
def test_values_are_right_to_a_few_units_in_the_last_place(name: str) -> None:
    activation = get_activation(name)
    for x, expected in zip(POINTS, REFERENCE[name][0]):
        allowed = 4 * ulp(expected)
        if x < -700:  # silu and mish multiply a subnormal, which has fewer digits, by x
            allowed += abs(x) * SMALLEST
        if name == "gelu" and x < 0:  # as its source says: x / √2 is rounded before erfc magnifies that
            allowed += x * x * 2 * EPSILON * abs(expected)
        assert abs(activation(x) - expected) <= allowed, (x, activation(x), expected)


@pytest.mark.parametrize("name", REFERENCE)
def test_derivatives_are_right_to_a_few_roundings_of_the_steepest_slope(name: str) -> None:
    activation = get_activation(name)
    steepest = max(REFERENCE[name][1])
    for x, expected in zip(POINTS, REFERENCE[name][1]):
        found = activation.derivative(x, activation(x))
        assert abs(found - expected) <= 4 * EPSILON * max(1, steepest), (x, found, expected)


@pytest.mark.parametrize("name", ["softplus", "softsign", "silu", "mish"])
def test_small_slopes_far_to_the_left_are_right_too_where_no_formula_loses_them(name: str) -> None:
    activation = get_activation(name)
    for x, expected in zip(POINTS[:4], REFERENCE[name][1]):
        found = activation.derivative(x, activation(x))
        assert abs(found - expected) <= 6 * ulp(expected) + abs(x) * SMALLEST, (x, found, expected)


def test_gelu_error_in_the_left_tail_stays_within_its_bound() -> None:
    # gelu from mpmath as above; the relative error grows with x²
    tail = {-8.0: -4.976768459417427e-15, -20.0: -5.507248237212468e-88, -30.0: -1.472014178144456e-196}
    for x, expected in tail.items():
        assert abs(get_activation("gelu")(x) / expected - 1) <= (x * x + 4) * 2 * EPSILON


@pytest.mark.parametrize("activation", activations().values(), ids=lambda activation: activation.name)
def test_extreme_floats_give_finite_floats_within_the_declared_range(activation: Activation) -> None:
    low, high = activation.range
    for x in EXTREMES:
        out = activation(x)
        assert type(out) is float
        assert math.isfinite(out), x
        assert low - 4 * ulp(low if math.isfinite(low) else 0.0) <= out <= high, x
        if activation.trainable:
            assert math.isfinite(activation.derivative(x, out)), x
        if activation.differentiable:
            assert math.isfinite(recorded_derivative(activation, x)), x


@pytest.mark.parametrize("activation", activations().values(), ids=lambda activation: activation.name)
def test_the_declared_range_is_no_wider_than_the_values(activation: Activation) -> None:
    values = [activation(x) for x in (-1e308, -800.0, *(n / 1000 for n in range(-3000, 3000)), 800.0, 1e308)]
    low, high = activation.range
    assert min(values) <= (low + 1e-6 if math.isfinite(low) else -1e307)
    assert max(values) >= (high - 1e-6 if math.isfinite(high) else 1e307)
    assert min(values) >= low - 4 * EPSILON * abs(low)


@pytest.mark.parametrize("activation", activations().values(), ids=lambda activation: activation.name)
def test_nan_is_never_turned_into_a_number_except_by_the_hard_limiters(activation: Activation) -> None:
    out = activation(NAN)
    assert math.isnan(out) or activation.name in ("step", "sign")


def slopes_around(activation: Activation, x: float) -> tuple[float, float]:
    left, right = x - 1e-9, x + 1e-9
    return activation.derivative(left, activation(left)), activation.derivative(right, activation(right))


@pytest.mark.parametrize("activation", activations().values(), ids=lambda activation: activation.name)
def test_kinks_are_where_the_slope_jumps_and_nowhere_else(activation: Activation) -> None:
    if not activation.differentiable:
        return
    steeper = activation.configured(alpha=2) if activation.name == "elu" else activation  # smooth only for alpha = 1
    for x in (-6, -3, -2.5, -1, -0.5, 0, 0.5, 1, 2.5, 3, 6):
        left, right = slopes_around(steeper, x)
        assert (abs(left - right) > 0.1) is (x in activation.kinks), x


@pytest.mark.parametrize("activation", activations().values(), ids=lambda activation: activation.name)
def test_monotonic_says_whether_the_function_never_falls(activation: Activation) -> None:
    values = [activation(n / 8) for n in range(-80, 81)]
    falls = any(b < a for a, b in zip(values, values[1:]))
    assert falls is not activation.monotonic


@pytest.mark.parametrize("name", REFERENCE)
def test_smooth_functions_have_the_right_recorded_slope_at_0(name: str) -> None:
    # by hand: σ' = ¼, tanh' = 1, softplus' = ½, silu' = gelu' = ½, mish' = tanh(log 2) = 3/5
    at_zero = {"sigmoid": 0.25, "tanh": 1, "elu": 1, "softplus": 0.5, "softsign": 1, "silu": 0.5, "gelu": 0.5}
    at_zero.update(mish=0.6, selu=1.0507009873554805 * 1.6732632423543772)
    activation = get_activation(name)
    for zero in (0, 0.0, -0.0):
        assert recorded_derivative(activation.function if name != "elu" else activation, zero) == pytest.approx(
            at_zero[name], rel=1e-15
        )
        assert activation.derivative(zero, activation(zero)) == pytest.approx(at_zero[name], rel=1e-15)


HALF, THIRD = Fraction(1, 2), Fraction(1, 3)


@pytest.mark.parametrize(
    ("name", "x", "out", "slope"),
    [
        ("linear", THIRD, THIRD, 1),
        ("relu", THIRD, THIRD, 1),
        ("relu", -THIRD, 0, 0),
        ("relu", Fraction(0), 0, 0),
        ("softsign", HALF, THIRD, Fraction(4, 9)),
        ("softsign", -HALF, -THIRD, Fraction(4, 9)),
        ("hard_sigmoid", Fraction(1), Fraction(2, 3), Fraction(1, 6)),
        ("hard_sigmoid", Fraction(-1), THIRD, Fraction(1, 6)),
        ("hard_sigmoid", Fraction(10), 1, 0),
        ("hard_sigmoid", Fraction(-10), 0, 0),
        ("hard_sigmoid", Fraction(3), 1, 0),
        ("hard_sigmoid", Fraction(-3), 0, 0),
        ("step", THIRD, 1, None),
        ("step", -THIRD, 0, None),
        ("sign", THIRD, 1, None),
        ("sign", -THIRD, -1, None),
    ],
)
def test_rational_functions_of_fractions_are_exact(name: str, x: Fraction, out: Fraction, slope: Any) -> None:
    activation = get_activation(name)
    found = activation(x)
    assert found == out
    assert type(found) is Fraction
    if slope is not None:
        assert activation.derivative(x, found) == slope
        assert type(activation.derivative(x, found)) is not float
        if x not in activation.kinks:
            assert recorded_derivative(activation, x) == slope
            assert type(recorded_derivative(activation, x)) is not float


def test_leaky_relu_with_an_exact_slope_is_exact() -> None:
    leaky = get_activation("leaky_relu").configured(negative_slope=Fraction(1, 10))
    assert leaky(-THIRD) == Fraction(-1, 30)
    assert leaky.derivative(-THIRD, leaky(-THIRD)) == Fraction(1, 10)
    assert leaky(THIRD) == THIRD


def test_decimals_work_where_their_functions_exist() -> None:
    # 1 / (1 + e^-1) to 28 digits
    assert get_activation("sigmoid")(Decimal(1)) == pytest.approx(
        Decimal("0.7310585786300048792511592418"), rel=Decimal("1e-27")
    )
    assert get_activation("relu")(Decimal("-0.1")) == 0
    with pytest.raises(ArgumentTypeError, match="no tanh of a Decimal"):
        get_activation("tanh")(Decimal(1))


@pytest.mark.parametrize(
    ("name", "x", "out"),
    [
        ("step", -1e-300, 0), ("step", 0.0, 1), ("step", -0.0, 1), ("step", 5, 1),
        ("sign", -1e-300, -1), ("sign", 0.0, 1), ("sign", -0.0, 1), ("sign", 5, 1),
        ("linear", -2.5, -2.5), ("relu", -2.5, 0), ("relu", 2.5, 2.5), ("relu", 0.0, 0),
        ("leaky_relu", -2.5, -0.5), ("leaky_relu", 2.5, 2.5),
        ("hard_sigmoid", -3, 0), ("hard_sigmoid", 0, 0.5), ("hard_sigmoid", 1.5, 0.75), ("hard_sigmoid", 3.5, 1),
    ],
)  # fmt: skip
def test_values_by_hand(name: str, x: float, out: float) -> None:
    assert get_activation(name)(x) == out


@pytest.mark.parametrize(
    ("name", "x", "slope"),
    [
        ("linear", -2.5, 1), ("relu", -2.5, 0), ("relu", 2.5, 1), ("relu", 0.0, 0), ("leaky_relu", -2.5, 0.2),
        ("leaky_relu", 2.5, 1), ("hard_sigmoid", -3.5, 0), ("hard_sigmoid", 1.5, 1 / 6), ("hard_sigmoid", 3.5, 0),
    ],
)  # fmt: skip
def test_slopes_by_hand(name: str, x: float, slope: float) -> None:
    activation = get_activation(name)
    assert activation.derivative(x, activation(x)) == slope


@pytest.mark.parametrize("name", ["step", "sign"])
def test_hard_limiters_have_no_derivative_and_the_error_names_the_perceptron_rule(name: str) -> None:
    activation = get_activation(name)
    assert not activation.trainable
    with pytest.raises(NotDifferentiableError, match=f"'{name}' has no useful derivative.*perceptron rule"):
        activation.derivative(1.0, 1.0)


def test_a_surrogate_stands_in_for_the_derivative() -> None:
    def triangle(x: Any, out: Any) -> Any:
        return layerkit.maximum(1 - abs(x), 0)

    spike = Activation("spike", lambda x: layerkit.where(x >= 0, 1, 0), differentiable=False, surrogate=triangle)
    assert spike.trainable
    assert spike(0.5) == 1.0
    assert spike.derivative(0.5, 1.0) == 0.5
    assert spike.derivative(-3.0, 0.0) == 0


def test_a_plain_function_becomes_an_activation_with_a_derivative_from_its_record() -> None:
    def cubed(x: Any) -> Any:
        return x * x * x

    activation = get_activation(cubed)
    assert activation.name == "cubed"
    assert activation(3.0) == 27.0
    assert activation.derivative(3.0, 27.0) == 27.0  # 3 x²
    assert activation.derivative(HALF, HALF**3) == Fraction(3, 4)


def test_a_function_of_math_is_refused_with_advice_when_its_derivative_is_asked_for() -> None:
    activation = get_activation(math.sin)
    assert activation(0.0) == 0.0
    with pytest.raises(RecordingError, match=r"'sin': no derivative is given.*Fix: pass derivative="):
        activation.derivative(0.0, 0.0)
    given = Activation("sin", math.sin, lambda x, out: math.cos(x))
    assert given.derivative(0.0, 0.0) == 1.0


def test_a_function_that_does_not_depend_on_x_has_slope_0() -> None:
    constant = Activation("constant", lambda x: 7)
    assert constant(2.0) == 7.0
    assert constant.derivative(2.0, 7.0) == 0


def test_a_function_with_a_branch_has_the_slope_of_the_branch_taken() -> None:
    activation = Activation("bent", lambda x: 2 * x if x > 0 else -x)
    assert activation.derivative(1.0, 2.0) == 2.0
    assert activation.derivative(-1.0, 1.0) == -1.0


def test_the_derivative_of_a_recorded_value_is_recorded() -> None:
    # of x² σ(x): 2 x σ + x² σ (1 − σ); at x = 1, σ = 0.7310585786300049 and σ (1 − σ) = 0.19661193324148185
    activation = Activation("mine", lambda x: x * x * sigmoid(x))
    x = Graph().input("x", 1.0)
    slope = activation.derivative(x, activation(x))
    assert slope.value == pytest.approx(2 * 0.7310585786300049 + 0.19661193324148185, rel=1e-15)
    slope.backward()
    # 2 σ + 4 x σ' + x² σ'', with σ'' = σ' (1 − 2 σ)
    curvature = 0.19661193324148185 * (1 - 2 * 0.7310585786300049)
    assert x.grad == pytest.approx(2 * 0.7310585786300049 + 4 * 0.19661193324148185 + curvature, rel=1e-14)


def test_configured_is_a_copy_with_other_parameters() -> None:
    elu = get_activation("elu")
    steep = elu.configured(alpha=3)
    assert steep(-50.0) == -3.0
    assert elu(-50.0) == -1.0
    assert repr(steep) == "Activation('elu', alpha=3)"
    assert steep.parameters == {"alpha": 3}
    assert elu.parameters == {"alpha": 1}


def test_configured_keeps_no_range_that_the_new_parameters_may_leave() -> None:
    elu = get_activation("elu")
    assert elu.range == (-1, math.inf)
    assert elu.configured(alpha=3).range == (-math.inf, math.inf)
    assert elu.configured(alpha=-3).monotonic is None
    assert elu.configured(alpha=1).range == (-1, math.inf)


def test_configured_refuses_unknown_parameters_and_what_is_no_finite_number() -> None:
    leaky = get_activation("leaky_relu")
    with pytest.raises(ArgumentError, match=r"no parameter 'slope'\. Known: negative_slope\."):
        leaky.configured(slope=1)
    for wrong in ("0.1", True, [0.1], None):
        with pytest.raises(ArgumentTypeError, match="negative_slope must be a number"):
            leaky.configured(negative_slope=wrong)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="negative_slope must be finite"):
        leaky.configured(negative_slope=NAN)
    with pytest.raises(ArgumentError, match=r"no parameter 'alpha'\. Known: none"):
        get_activation("relu").configured(alpha=1)


@pytest.mark.parametrize(
    ("arguments", "keywords", "message"),
    [
        (("", abs), {}, "name must be text, got ''"),
        ((7, abs), {}, "name must be text, got 7"),
        (("mine", None), {}, "function must be a function of x, got None"),
        (("mine", abs, 3), {}, "derivative must be a function of x, got 3"),
        (("mine", abs), {"surrogate": "flat"}, "surrogate must be a function of x, got 'flat'"),
        (("mine", abs), {"parameters": {"slope": "steep"}}, "slope must be a number, got 'steep'"),
    ],
)
def test_wrong_arguments_are_one_clear_line(arguments: Any, keywords: Any, message: str) -> None:
    with pytest.raises(ArgumentTypeError, match=message) as caught:
        Activation(*arguments, **keywords)
    assert "\n" not in str(caught.value)
    assert "Fix: " in str(caught.value)


def test_get_activation_takes_names_activations_and_functions_and_nothing_else() -> None:
    relu = get_activation("relu")
    assert get_activation(relu) is relu
    with pytest.raises(UnknownNameError, match="unknown activation 'sigmod'; did you mean 'sigmoid'"):
        get_activation("sigmod")
    for wrong in (None, 3, ["relu"], Activation):
        with pytest.raises(ArgumentTypeError, match="activation must be a name"):
            get_activation(wrong)
