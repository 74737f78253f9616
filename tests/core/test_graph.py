"""The computational graph: what it records, the gradients that it finds, and what it refuses."""

from __future__ import annotations

import copy
import gc
import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from layerkit import Graph, Value, numerics
from layerkit.errors import ArgumentTypeError, NumericsError, RecordingError
from layerkit.graph.value import record
from layerkit.nodes import MulLayer
from layerkit.numerics import erf, exp, expm1, log, log1p, maximum, minimum, sqrt, tanh, where

F = Fraction


def inputs(*numbers: Any, **keywords: Any) -> list[Value]:
    graph = Graph(**keywords)
    return [graph.input(f"x{k}", number) for k, number in enumerate(numbers)]


# -- values and gradients ---------------------------------------------------------------------------------------------


def test_the_square_of_a_sum() -> None:
    x, y = inputs(3, 4)
    z = (x + y) ** 2
    assert z.value == 49
    z.backward()
    assert (x.grad, y.grad, z.grad) == (14, 14, 1)


def test_a_value_used_twice_receives_the_sum() -> None:
    (x,) = inputs(3)
    square = x * x
    square.backward()
    assert x.grad == 6  # 2 x; each factor alone gives 3
    cube = square * x
    cube.backward()
    assert x.grad == 27  # 3 x²


def test_a_value_used_along_three_paths_receives_the_sum_of_all() -> None:
    (x,) = inputs(F(1, 2))
    z = x * x + 3 * x - 1 / x
    z.backward()
    assert x.grad == 2 * F(1, 2) + 3 + 4


def test_a_sigmoid_neuron_of_single_nodes() -> None:
    # Karpathy's neuron (CS231n, "Backpropagation, Intuitions"): w = 2, −3, −3; x = −1, −2
    w0, x0, w1, x1, w2 = inputs(2.0, -1.0, -3.0, -2.0, -3.0)
    net = w0 * x0 + w1 * x1 + w2
    out = 1 / (1 + exp(-net))
    assert net.value == 1
    assert out.value == pytest.approx(0.7310585786300049, rel=1e-15)
    out.backward()
    slope = 0.19661193324148185  # out (1 − out)
    assert [v.grad for v in (net, w0, x0, w1, x1, w2)] == pytest.approx(
        [slope, -slope, 2 * slope, -2 * slope, -3 * slope, slope], rel=1e-15
    )
    assert [value.node.symbol for value in out.graph.values if value.node] == [
        "{0} * {1}", "{0} * {1}", "{0} + {1}", "{0} + {1}", "-{0}", "exp({0})", "{0} + {1}", "{0} / {1}",
    ]  # fmt: skip


@pytest.mark.parametrize("number", [F, int, float, Decimal])
def test_the_shop_example_as_a_graph(number: Any) -> None:
    apple, apples, orange, oranges = inputs(number(100), number(2), number(150), number(3))
    tax = apple.graph.input("tax", F(11, 10) if number is F else number(11) / number(10))
    price = (apple * apples + orange * oranges) * tax
    price.backward()
    gradients = [value.grad for value in (apple, apples, orange, oranges, tax)]
    expected = [F("2.2"), 110, F("3.3"), 165, 650]
    if number is F:
        assert (price.value, gradients) == (715, expected)
    else:
        assert float(price.value) == pytest.approx(715)
        assert [float(gradient) for gradient in gradients] == pytest.approx([float(value) for value in expected])


def test_fractions_stay_exact_through_division_powers_and_ties() -> None:
    x, y = inputs(F(1, 3), F(1, 3))
    z = maximum(x, y) / 7 + x**-2 - abs(-y)
    z.backward()
    assert (z.value, x.grad, y.grad) == (F(1, 21) + 9 - F(1, 3), F(1, 14) - 54, F(1, 14) - 1)
    assert all(type(number) is F for number in (z.value, x.grad, y.grad))


def test_ints_and_floats_may_stand_on_either_side() -> None:
    for number in (2, 2.0, F(2), True + 1):
        (x,) = inputs(8)
        results = [x + number, number + x, x - number, number - x, x * number, number * x, x / number, number / x]
        assert [value.value for value in results] == [10, 10, 6, -6, 16, 16, 4, 0.25]
        assert [value.value for value in (x**number, number**x)] == [64, 256]


def test_bools_count_as_0_and_1() -> None:
    (x,) = inputs(3)
    assert (x * True).value == 3
    assert (False + x * x).value == 9
    flag = Graph().input("flag", True)
    assert (flag * 5).value == 5


def test_a_sum_starts_at_0_without_recording_it() -> None:
    values = inputs(1, 2, 3)
    total = sum(values)
    assert total.value == 6
    assert len(total.graph.values) == 5
    total.backward()
    assert [value.grad for value in values] == [1, 1, 1]
    assert sum(values[:1]) is values[0]


FUNCTIONS: list[tuple[Any, float, float]] = [
    # function, x, derivative by hand
    (exp, 0.5, math.exp(0.5)),
    (expm1, 0.5, math.exp(0.5)),
    (log, 0.5, 2),
    (log1p, 0.5, 1 / 1.5),
    (sqrt, 0.25, 1),
    (tanh, 0.5, 1 / math.cosh(0.5) ** 2),
    (erf, 0.5, 2 / math.sqrt(math.pi) * math.exp(-0.25)),
    (numerics.erfc, 0.5, -2 / math.sqrt(math.pi) * math.exp(-0.25)),
    (abs, -0.5, -1),
    (lambda x: -x, 0.5, -1),
    (lambda x: +x, 0.5, 1),
    (lambda x: 2**x, 3.0, 8 * math.log(2)),
    (lambda x: x**x, 2.0, 4 * (1 + math.log(2))),
    (lambda x: x**0.5, 4.0, 0.25),
    (numerics.sigmoid, 0.0, 0.25),
]


@pytest.mark.parametrize(("function", "at", "slope"), FUNCTIONS)
def test_functions_of_values_are_recorded_with_their_derivatives(function: Any, at: float, slope: float) -> None:
    (x,) = inputs(at)
    out = function(x)
    assert out.value == function(at)
    out.backward()
    assert x.grad == pytest.approx(slope, rel=1e-14)


@pytest.mark.parametrize(
    ("function", "at", "out", "gradients"),
    [
        (maximum, (3, 4), 4, (0, 1)),
        (maximum, (4, 3), 4, (1, 0)),
        (maximum, (3.0, 3.0), 3, (0.5, 0.5)),
        (minimum, (3, 4), 3, (1, 0)),
        (minimum, (4, 3), 3, (0, 1)),
        (minimum, (3.0, 3.0), 3, (0.5, 0.5)),
        (lambda x, y: where(x < y, x * x, y), (3, 4), 9, (6, 0)),
        (lambda x, y: where(x < y, x * x, y), (4, 3), 3, (0, 1)),
        (lambda x, y: where(x == y, x, 7 * y), (2, 2), 2, (1, 0)),
        (lambda x, y: maximum(0, x) + minimum(y, 0), (3, 4), 3, (1, 0)),
    ],
)
def test_kinks_and_choices(function: Any, at: Any, out: Any, gradients: Any) -> None:
    x, y = inputs(*at)
    z = function(x, y)
    assert z.value == out
    z.backward()
    assert (x.grad, y.grad) == gradients


def test_the_slope_of_abs_at_0_is_0() -> None:
    (x,) = inputs(0.0)
    abs(x).backward()
    assert x.grad == 0


def test_comparisons_are_recorded_and_true_as_their_numbers_are() -> None:
    x, y = inputs(1, 2)
    results = [x < y, x <= y, x > y, x >= y, x == y, x != y, x < 1, x <= 1, 1 > x, 1 == x, x != 1, x == 1.0]  # noqa: SIM300
    assert [value.value for value in results] == [
        True, True, False, False, False, True, False, True, False, True, False, True,
    ]  # fmt: skip
    assert [bool(value) for value in results] == [value.value for value in results]
    assert all(value.graph is x.graph for value in results)
    assert max(x, y) is y
    assert sorted([y, x]) == [x, y]
    results[0].backward()
    assert (x.grad, y.grad) == (0, 0)


def test_a_value_is_unequal_to_what_is_no_number_and_can_be_a_key() -> None:
    x, y = inputs(1, 1)
    assert (x == None) is False  # noqa: E711
    assert (x != "1") is True
    assert {x: "x", y: "y"}[x] == "x"


# -- backward ---------------------------------------------------------------------------------------------------------


def test_gradients_are_blank_before_backward() -> None:
    x, y = inputs(3, 4)
    z = x * y
    assert [value.grad for value in (x, y, z)] == [None, None, None]


def test_each_backward_sets_gradients_anew_and_adds_nothing() -> None:
    x, y = inputs(3, 4)
    z = x * y
    z.backward()
    z.backward()
    assert (x.grad, y.grad, z.grad) == (4, 3, 1)
    z.backward(10)
    assert (x.grad, y.grad, z.grad) == (40, 30, 10)


def test_backward_from_the_middle_forgets_what_came_later() -> None:
    x, y = inputs(3, 4)
    middle = x * x
    end = middle * y
    end.backward()
    middle.backward()
    assert (x.grad, middle.grad) == (6, 1)
    assert y.grad == 0  # recorded before the middle, which does not depend on it
    assert end.grad is None  # recorded later


def test_dout_may_be_any_number_and_is_a_factor() -> None:
    (x,) = inputs(F(2))
    (x * x).backward(F(1, 3))
    assert x.grad == F(4, 3)
    for wrong in ("1", None, [1], True):
        with pytest.raises(ArgumentTypeError, match=r"Graph\.backward: dout must be a number"):
            x.backward(wrong)


def test_a_failing_backward_leaves_all_gradients_as_they_were() -> None:
    x, y = inputs(4.0, 0.0)
    (x * x).backward()
    root = sqrt(y) + x
    with pytest.raises(NumericsError, match="SqrtLayer"):
        root.backward()
    assert (x.grad, y.grad) == (8.0, 0)
    n, base = inputs(2, -3)
    with pytest.raises(NumericsError, match=r"no derivative by x0 exists here\. Fix: use a base > 0"):
        (base**n).backward()
    assert (n.grad, base.grad) == (None, None)


def test_backward_of_a_value_of_another_graph_is_refused() -> None:
    (x,) = inputs(1)
    (y,) = inputs(2)
    for wrong in (y, 3, None):
        with pytest.raises(RecordingError, match=r"is not in this graph\. Fix: pass a value of it\."):
            x.graph.backward(wrong)


@pytest.mark.parametrize("length", [10_000, 200_000])
def test_a_long_chain_is_no_recursion_forward_backward_or_when_it_is_thrown_away(length: int) -> None:
    graph = Graph()
    x = graph.input("x", 1.0)
    out = x
    for _ in range(length):
        out = out * 1.0
    out.backward()
    assert (out.value, x.grad, len(graph.values)) == (1.0, 1.0, length + 1)
    del graph, x, out
    gc.collect()


def test_only_the_last_value_kept_keeps_a_chain_and_dies_without_a_crash() -> None:
    value = Graph().input("x", 1.0)
    for _ in range(50_000):
        value = value + 1.0
    value.graph.values.clear()  # so that each value is held by the next one alone
    del value
    gc.collect()


# -- what the record is -----------------------------------------------------------------------------------------------


def test_a_record_knows_its_names_operations_and_operands() -> None:
    graph = Graph()
    x = graph.input("x", 3)
    z = x * 2
    assert (x.label, z.label) == ("x", "v1")
    assert (x.node, x.operands) == (None, ())
    assert z.operands == (x, 2)
    assert isinstance(z.node, MulLayer)
    assert graph.values == [x, z]
    assert repr(z) == "Value(v1 = 6)"
    z.backward()
    assert repr(x) == "Value(x = 3, grad=2)"
    assert repr(graph) == "<Graph of 2 values>"


def test_the_numbers_themselves_are_not_changed_by_recording() -> None:
    (x,) = inputs(3)
    y = x
    y += 1
    assert (x.value, y.value) == (3, 4)
    assert copy.copy(y).value == 4


def test_an_operation_that_fails_leaves_nothing_in_the_record() -> None:
    x, zero = inputs(3, 0)
    for attempt in (lambda: x / zero, lambda: log(zero), lambda: x / 0, lambda: zero**-1, lambda: exp(x * 1000)):
        before = len(x.graph.values)
        with pytest.raises(NumericsError):
            attempt()
        del x.graph.values[before:]  # x * 1000 itself has a result
        assert len(x.graph.values) == before


@pytest.mark.parametrize(
    "wrong", ["2", b"2", None, [1, 2], (1,), {}, 1j, print], ids=lambda wrong: type(wrong).__name__
)
def test_operands_that_are_no_numbers_are_type_errors(wrong: Any) -> None:
    (x,) = inputs(3)
    attempts: list[Any] = [
        lambda: x + wrong, lambda: wrong + x, lambda: x - wrong, lambda: x * wrong, lambda: wrong * x,
        lambda: x / wrong, lambda: x < wrong, lambda: x // 2, lambda: x % 2,
    ]  # fmt: skip
    for attempt in attempts:
        with pytest.raises(TypeError):
            attempt()
    assert len(x.graph.values) == 1


@pytest.mark.parametrize("convert", [math.exp, math.floor, float, int, complex, round, hex])
def test_a_value_never_becomes_a_plain_number_silently(convert: Any) -> None:
    (x,) = inputs(3.0)
    with pytest.raises(TypeError):
        convert(x)


@pytest.mark.parametrize("wrong", ["3", None, [3], (3,), {}, 1j, print], ids=lambda wrong: type(wrong).__name__)
def test_an_input_must_be_a_number(wrong: Any) -> None:
    with pytest.raises(ArgumentTypeError, match=r"Graph\.input 'x': value must be a number, got .*Fix:"):
        Graph().input("x", wrong)


def test_an_input_must_have_a_name() -> None:
    with pytest.raises(ArgumentTypeError, match=r"name must be text, got 3\. Fix: write graph\.input\('x', 3\)\."):
        Graph().input(3, 3)  # type: ignore[arg-type]


def test_values_of_unrelated_graphs_cannot_be_mixed() -> None:
    (x,), (y,) = inputs(1), inputs(2)
    for attempt in (lambda: x + y, lambda: x < y, lambda: maximum(x, y), lambda: where(x < 3, y, 0), lambda: x**y):
        with pytest.raises(
            RecordingError, match=r"x0 belongs to another graph\. Fix: make all inputs with one Graph\."
        ):
            attempt()


def test_a_value_is_not_an_input_of_its_own_graph() -> None:
    (x,) = inputs(1)
    with pytest.raises(RecordingError, match=r"x0 is in this graph\. Fix: use it as it is\."):
        x.graph.input("again", x)


# -- graphs for programs ----------------------------------------------------------------------------------------------


def test_a_branch_on_a_value_of_a_program_is_refused() -> None:
    x, y = inputs(1.0, 2.0, for_program=True)
    attempts: list[Any] = [
        lambda: bool(x), lambda: 1 if x < y else 2, lambda: x and y, lambda: not x, lambda: max(x, y),
        lambda: sorted([x, y]), lambda: y in [x], lambda: bool(x == y),
    ]  # fmt: skip
    for attempt in attempts:
        with pytest.raises(RecordingError, match=r"a branch on a recorded value.*Fix: write where\(condition"):
            attempt()


def test_choices_without_a_branch_are_recorded_in_a_program() -> None:
    x, y = inputs(1.0, 2.0, for_program=True)
    out = where(x < y, maximum(x, y), minimum(x, 0)) + abs(x) + numerics.sigmoid(x) + numerics.logsumexp([x, y])
    out.backward()
    assert math.isfinite(x.grad)


def test_a_branch_is_refused_through_an_inner_graph_too() -> None:
    (x,) = inputs(1.0, for_program=True)
    point = Graph().input("p", x)
    with pytest.raises(RecordingError):
        bool(point > 0)


# -- graphs of graphs -------------------------------------------------------------------------------------------------


def derivatives(function: Any, at: Any) -> tuple[Any, Any]:
    """First and second derivative: the derivative by an outer graph is recorded by the inner one."""
    x = Graph().input("x", at)
    point = Graph().input("point", x)
    function(point).backward()
    first = point.grad
    assert isinstance(first, Value)
    assert first.graph is x.graph
    first.backward()
    return first.value, x.grad


def test_the_second_derivative_of_a_cube() -> None:
    assert derivatives(lambda x: x**3, 5) == (75, 30)
    assert derivatives(lambda x: x * x * x, F(1, 3)) == (F(1, 3), 2)
    assert derivatives(lambda x: 1 / (7 * x), F(2)) == (F(-1, 28), F(1, 28))


def test_fractions_stay_exact_through_two_graphs() -> None:
    first, second = derivatives(lambda x: x * x / 3, F(1, 2))
    assert (first, second) == (F(1, 3), F(2, 3))
    assert (type(first), type(second)) == (F, F)


@pytest.mark.parametrize("at", [0.0, 0.5, -0.5, 3.0, -3.0])
def test_the_second_derivatives_of_sigmoid_and_tanh_agree_with_their_formulas(at: float) -> None:
    s = 1 / (1 + math.exp(-at))
    slope, curvature = derivatives(numerics.sigmoid, at)
    assert slope == pytest.approx(s * (1 - s), rel=1e-13)
    assert curvature == pytest.approx(s * (1 - s) * (1 - 2 * s), rel=1e-13, abs=1e-16)
    t = math.tanh(at)
    slope, curvature = derivatives(tanh, at)
    assert slope == pytest.approx(1 - t * t, rel=1e-13)
    assert curvature == pytest.approx(-2 * t * (1 - t * t), rel=1e-13, abs=1e-16)


@pytest.mark.parametrize(
    ("function", "at", "second"),
    [
        (exp, 0.5, math.exp(0.5)),
        (expm1, 0.5, math.exp(0.5)),
        (log, 0.5, -4),
        (log1p, 1.0, -0.25),
        (sqrt, 4.0, -1 / 32),
        (erf, 0.5, -4 * 0.5 / math.sqrt(math.pi) * math.exp(-0.25)),
        (lambda x: abs(x) * x, -2.0, -2),
        (lambda x: maximum(x * x, 0), 3.0, 2),
        (lambda x: where(x > 0, x**4, x), 2.0, 48),
        (lambda x: x**2.5, 4.0, 2.5 * 1.5 * 2),
        (lambda x: 2**x, 3.0, 8 * math.log(2) ** 2),
    ],
)
def test_second_derivatives_by_hand(function: Any, at: float, second: float) -> None:
    assert derivatives(function, at)[1] == pytest.approx(second, rel=1e-13)


def test_three_graphs_deep() -> None:
    # x⁴: 4 x³, 12 x², 24 x
    x = Graph().input("x", 2)
    y = Graph().input("y", x)
    z = Graph().input("z", y)
    (z**4).backward()
    z.grad.backward()
    y.grad.backward()
    assert (z.grad.value.value, y.grad.value, x.grad) == (32, 48, 48)
    assert z.plain == 2


def test_the_outermost_record_takes_an_operation_of_values_of_both() -> None:
    x = Graph().input("x", 3)
    point = Graph().input("point", x)
    for mixed in (point * x, x * point):
        assert mixed.graph is point.graph
        mixed.backward()
        assert isinstance(point.grad, Value)  # x, a constant for the outer graph
        assert point.grad.value == 3


def test_record_runs_any_node() -> None:
    (x,) = inputs(3)
    assert record(MulLayer(), x, 5).value == 15
    assert record(MulLayer(), 5, x).value == 15
