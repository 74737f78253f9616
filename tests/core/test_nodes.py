"""Nodes: value and local derivative of each operation, on every kind of number."""

from __future__ import annotations

import math
import operator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from layerkit import nodes
from layerkit.errors import ArgumentTypeError, NumericsError, OrderError
from layerkit.nodes import (
    AbsLayer,
    AddLayer,
    CompareLayer,
    DivLayer,
    ErfcLayer,
    ErfLayer,
    ExpLayer,
    Expm1Layer,
    Log1pLayer,
    LogLayer,
    MaxLayer,
    MinLayer,
    MulLayer,
    NegLayer,
    Node,
    PowLayer,
    SqrtLayer,
    SubLayer,
    TanhLayer,
    WhereLayer,
)

F = Fraction
E = math.e


def as_tuple(parts: Any) -> tuple[Any, ...]:
    return parts if isinstance(parts, tuple) else (parts,)


@pytest.mark.parametrize("number", [int, float, Fraction, Decimal])
def test_the_shop_example_of_saito(number: Any) -> None:
    apple_price, apple_count, orange_price, orange_count = map(number, (100, 2, 150, 3))
    tax = number(11) / number(10)
    apples, oranges, sum_of_both, taxed = MulLayer(), MulLayer(), AddLayer(), MulLayer()

    price = taxed.forward(
        sum_of_both.forward(
            apples.forward(apple_price, apple_count),
            oranges.forward(orange_price, orange_count),
        ),
        tax,
    )
    d_sum, d_tax = taxed.backward(1)
    d_apples, d_oranges = sum_of_both.backward(d_sum)
    gradients = [*apples.backward(d_apples), *oranges.backward(d_oranges), d_tax]

    expected = [F("2.2"), 110, F("3.3"), 165, 650]  # apple price, apple count, orange price, orange count, tax
    if number is Fraction:
        assert price == 715
        assert gradients == expected
        assert all(type(gradient) is Fraction for gradient in gradients)
    else:
        assert price == pytest.approx(number(715))
        assert [float(gradient) for gradient in gradients] == pytest.approx([float(value) for value in expected])
        assert type(d_tax) is (float if number is int else number)  # the tax is a float


# Node, inputs, value, gradients for dout = 1, all by hand.
BY_HAND: list[tuple[Node, tuple[Any, ...], Any, tuple[Any, ...]]] = [
    (AddLayer(), (3, 4), 7, (1, 1)),
    (SubLayer(), (3, 4), -1, (1, -1)),
    (MulLayer(), (3, 4), 12, (4, 3)),
    (DivLayer(), (F(3), F(4)), F(3, 4), (F(1, 4), F(-3, 16))),
    (NegLayer(), (3,), -3, (-1,)),
    (PowLayer(3), (2,), 8, (12,)),
    (PowLayer(-1), (F(2),), F(1, 2), (F(-1, 4),)),
    (PowLayer(1), (0,), 0, (1,)),
    (PowLayer(0.5), (4.0,), 2.0, (0.25,)),
    (PowLayer(), (E, 2.0), E * E, (2 * E, E * E)),
    (AbsLayer(), (-3,), 3, (-1,)),
    (AbsLayer(), (3,), 3, (1,)),
    (ExpLayer(), (1,), E, (E,)),
    (Expm1Layer(), (1,), E - 1, (E,)),
    (LogLayer(), (E,), 1, (1 / E,)),
    (Log1pLayer(), (E - 1,), 1, (1 / E,)),
    (SqrtLayer(), (4,), 2, (0.25,)),
    (TanhLayer(), (0,), 0, (1,)),
    (TanhLayer(), (math.log(2),), 0.6, (0.64,)),  # tanh log 2 = (2 − ½) / (2 + ½)
    (ErfLayer(), (0,), 0, (2 / math.sqrt(math.pi),)),
    (ErfcLayer(), (0,), 1, (-2 / math.sqrt(math.pi),)),
    (MaxLayer(), (3, 4), 4, (0, 1)),
    (MaxLayer(), (4, 3), 4, (1, 0)),
    (MinLayer(), (3, 4), 3, (1, 0)),
    (MinLayer(), (4, 3), 3, (0, 1)),
    (WhereLayer(), (True, 3, 4), 3, (0, 1, 0)),
    (WhereLayer(), (False, 3, 4), 4, (0, 0, 1)),
    (CompareLayer("<", operator.lt), (3, 4), True, (0, 0)),
]


def test_every_node_is_worked_out_by_hand() -> None:
    here = {found for found in vars(nodes).values() if isinstance(found, type) and issubclass(found, Node)}
    assert here - {Node} == {type(node) for node, *_ in BY_HAND}


@pytest.mark.parametrize(("node", "inputs", "out", "gradients"), BY_HAND, ids=lambda given: repr(given))
def test_value_and_gradients_by_hand(node: Node, inputs: Any, out: Any, gradients: Any) -> None:
    assert node.forward(*inputs) == pytest.approx(out, rel=1e-15)
    assert as_tuple(node.backward(1)) == pytest.approx(gradients, rel=1e-15)
    assert as_tuple(node.backward(-10)) == pytest.approx([-10 * g for g in gradients], rel=1e-15)  # dout is a factor
    assert isinstance(node.backward(1), tuple) is (len(inputs) > 1)


SMOOTH: list[tuple[Node, tuple[float, ...]]] = [
    (AddLayer(), (0.3, -1.7)),
    (SubLayer(), (0.3, -1.7)),
    (MulLayer(), (0.3, -1.7)),
    (DivLayer(), (0.3, -1.7)),
    (NegLayer(), (0.3,)),
    (PowLayer(3), (-1.3,)),
    (PowLayer(-2), (0.7,)),
    (PowLayer(2.5), (0.7,)),
    (PowLayer(), (0.7, -1.5)),
    (PowLayer(), (2.5, 3)),
    (AbsLayer(), (-0.4,)),
    (ExpLayer(), (-0.4,)),
    (Expm1Layer(), (-0.4,)),
    (LogLayer(), (0.4,)),
    (Log1pLayer(), (-0.4,)),
    (SqrtLayer(), (0.4,)),
    (TanhLayer(), (-0.4,)),
    (ErfLayer(), (0.6,)),
    (ErfcLayer(), (0.6,)),
    (MaxLayer(), (0.3, -1.7)),
    (MinLayer(), (0.3, -1.7)),
    (WhereLayer(), (True, 0.3, -1.7)),
]


@pytest.mark.parametrize(("node", "inputs"), SMOOTH, ids=lambda given: repr(given))
def test_gradients_agree_with_central_differences(node: Node, inputs: tuple[Any, ...]) -> None:
    out = node.forward(*inputs)
    gradients = as_tuple(node.backward(0.7))
    assert len(gradients) == len(inputs)
    for i, (value, gradient) in enumerate(zip(inputs, gradients)):
        if isinstance(value, bool):
            assert gradient == 0
            continue
        h = 1e-5
        above = node.compute(*inputs[:i], value + h, *inputs[i + 1 :])
        below = node.compute(*inputs[:i], value - h, *inputs[i + 1 :])
        assert gradient == pytest.approx(0.7 * (above - below) / (2 * h), rel=1e-8)
    assert node.out == out  # compute leaves no trace


RATIONAL = [AddLayer(), SubLayer(), MulLayer(), DivLayer(), MaxLayer(), MinLayer()]


@pytest.mark.parametrize("node", RATIONAL, ids=repr)
@pytest.mark.parametrize("inputs", [(F(1, 3), F(-2, 7)), (F(1, 3), 6), (6, F(1, 3)), (F(2), F(2))], ids=repr)
def test_fractions_stay_exact_beside_ints_and_with_dout_1(node: Node, inputs: tuple[Any, Any]) -> None:
    out = node.forward(*inputs)
    gradients = node.backward(1)
    assert all(type(number) is Fraction for number in (out, *gradients))
    x, y = map(F, inputs)
    exact = {
        "AddLayer": (x + y, 1, 1),
        "SubLayer": (x - y, 1, -1),
        "MulLayer": (x * y, y, x),
        "DivLayer": (x / y, 1 / y, -x / (y * y)),
        "MaxLayer": (max(x, y), F((x > y) + (x >= y), 2), F((y > x) + (y >= x), 2)),
        "MinLayer": (min(x, y), F((x < y) + (x <= y), 2), F((y < x) + (y <= x), 2)),
    }
    assert (out, *gradients) == exact[type(node).__name__]


def test_decimals_work_beside_ints_and_with_dout_1() -> None:
    node = DivLayer()
    assert node.forward(Decimal("0.3"), 6) == Decimal("0.05")
    assert node.backward(1) == (1 / Decimal(6), -Decimal("0.05") / 6)
    root = SqrtLayer()
    assert root.forward(Decimal("0.09")) == Decimal("0.3")
    assert root.backward(3) == 5
    for name in ("ExpLayer", "LogLayer"):
        assert type(getattr(nodes, name)().forward(Decimal(2))) is Decimal
    with pytest.raises(ArgumentTypeError, match="there is no tanh of a Decimal"):
        TanhLayer().forward(Decimal(1))


def test_huge_ints_stay_exact() -> None:
    node = MulLayer()
    assert node.forward(10**400, 3) == 3 * 10**400
    assert node.backward(1) == (3, 10**400)
    assert PowLayer(2).forward(10**400) == 10**800


@pytest.mark.parametrize(("node", "inputs", "out", "gradients"), BY_HAND, ids=lambda given: repr(given))
def test_backward_before_forward_is_an_order_error(node: Node, inputs: Any, out: Any, gradients: Any) -> None:
    fresh = CompareLayer("<", operator.lt) if isinstance(node, CompareLayer) else type(node)()
    with pytest.raises(OrderError, match=r"backward needs the inputs of forward\. Fix: call forward first\."):
        fresh.backward(1)


def test_a_node_shows_its_inputs_and_output_and_two_nodes_share_nothing() -> None:
    first, second = MulLayer(), MulLayer()
    first.forward(2, 3)
    assert (first.inputs, first.out) == ((2, 3), 6)
    assert (second.inputs, second.out) == (None, None)


def test_a_forward_that_fails_leaves_the_node_as_it_was() -> None:
    node = DivLayer()
    node.forward(6.0, 3.0)
    with pytest.raises(NumericsError):
        node.forward(1, 0)
    assert (node.inputs, node.out) == ((6.0, 3.0), 2.0)
    assert node.backward(3.0) == (1.0, -2.0)


# -- kinks and corners ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("zero", [0, 0.0, -0.0, F(0)])
def test_the_slope_of_abs_at_its_kink_is_0(zero: Any) -> None:
    node = AbsLayer()
    assert node.forward(zero) == 0
    assert node.backward(5) == 0


@pytest.mark.parametrize("node", [MaxLayer(), MinLayer()], ids=repr)
def test_equal_inputs_of_maximum_and_minimum_get_half_each(node: Node) -> None:
    assert node.forward(2.0, 2.0) == 2.0
    assert node.backward(3.0) == (1.5, 1.5)


def test_the_power_0_has_slope_0_everywhere() -> None:
    for zero in (0, 0.0, F(0)):
        node = PowLayer(zero)
        for x in (0, 0.0, 2.0, F(1, 3), -1):
            assert node.forward(x) == 1
            assert node.backward(7) == 0


def test_a_negative_base_has_whole_powers_only() -> None:
    node = PowLayer()
    assert node.forward(-2, 3) == -8
    assert node.backward(1) == (12, None)  # no derivative by the exponent
    with pytest.raises(NumericsError, match=r"PowLayer: -2 \*\* 0\.5 is not real\. Fix: use a base"):
        node.forward(-2, 0.5)


@pytest.mark.parametrize(
    ("node", "inputs", "message"),
    [
        (DivLayer(), (1, 0), r"DivLayer\(\): no finite result for 1, 0 \(division by zero\)\. Fix: keep y away from 0"),
        (DivLayer(), (1.0, 0.0), r"no finite result for 1\.0, 0\.0 \(.*division by zero\)"),
        (DivLayer(), (F(1), F(0)), r"no finite result for Fraction\(1, 1\), Fraction\(0, 1\)"),
        (DivLayer(), (Decimal(1), Decimal(0)), r"no finite result for Decimal\('1'\), Decimal\('0'\)"),
        (DivLayer(), (Decimal(0), Decimal(0)), r"no finite result for Decimal\('0'\), Decimal\('0'\)"),
        (DivLayer(), (10**400, 3), "too large"),
        (PowLayer(2), (1e200,), r"PowLayer\(2\): no finite result for 1e\+200"),
        (PowLayer(-1), (0.0,), r"PowLayer\(-1\): no finite result for 0\.0"),
        (MulLayer(), (10**400, 1.5), r"MulLayer\(\): no finite result for 10000.*Fix: pass numbers closer to 0"),
        (AddLayer(), (10**5000, 1.5), r"AddLayer\(\): no finite result for "),
        (ExpLayer(), (1000,), "exp: the result for 1000 exceeds the largest number"),
        (LogLayer(), (0,), "log: 0 is outside the function's domain"),
    ],
    ids=lambda given: type(given).__name__,  # Python writes no int of more than 4300 digits
)
def test_arithmetic_without_a_result_is_one_clear_line(node: Node, inputs: Any, message: str) -> None:
    with pytest.raises(NumericsError, match=message) as caught:
        node.forward(*inputs)
    assert "\n" not in str(caught.value)
    assert "Fix: " in str(caught.value)


def test_an_infinite_slope_is_an_error_in_backward() -> None:
    root = SqrtLayer()
    root.forward(0.0)
    with pytest.raises(NumericsError, match=r"SqrtLayer\(\): no finite result for 0\.0 .*Fix: keep x above 0"):
        root.backward(1.0)
    power = PowLayer(0.5)
    power.forward(0.0)
    with pytest.raises(NumericsError, match=r"PowLayer\(0\.5\)"):
        power.backward(1.0)


@pytest.mark.parametrize("node", [TanhLayer(), ErfLayer(), ErfcLayer(), Expm1Layer(), AbsLayer()], ids=repr)
@pytest.mark.parametrize("x", [0.0, -0.0, 5e-324, 36.0, 700.0, 1e154, 1e308])
def test_saturating_nodes_are_finite_for_every_float(node: Node, x: float) -> None:
    for value in (x, -x):
        if isinstance(node, Expm1Layer) and value > 709:
            continue  # the true value exceeds the floats
        assert math.isfinite(node.forward(value))
        assert math.isfinite(node.backward(1.0))


def test_the_chosen_input_may_be_of_any_size_beside_what_is_not_chosen() -> None:
    node = WhereLayer()
    assert node.forward(True, 1.0, math.inf) == 1.0
    assert node.backward(2.0) == (0, 2.0, 0.0)


def test_a_node_is_written_with_its_constant() -> None:
    assert repr(PowLayer(2)) == "PowLayer(2)"
    assert repr(PowLayer()) == "PowLayer()"
    assert repr(MulLayer()) == "MulLayer()"
