"""Laws of numerics, nodes and graph on made-up numbers."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import pytest

hypothesis = pytest.importorskip("hypothesis")

from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from layerkit import Graph, Value  # noqa: E402
from layerkit.linalg import affine, columns, dot, outer_sum  # noqa: E402
from layerkit.numerics import log_softmax, logsumexp, maximum, minimum, sigmoid, softmax, where  # noqa: E402
from layerkit.rows import as_rows  # noqa: E402

relaxed = settings(deadline=None, max_examples=40)  # a slow machine is no failure

fractions = st.fractions(-50, 50, max_denominator=40)
floats = st.floats(-1e308, 1e308)
logits = st.lists(st.floats(-800, 800), min_size=1, max_size=8)
OPERATIONS: dict[str, Any] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / (b * b + 1),
    "maximum": maximum,
    "minimum": minimum,
    "where": lambda a, b: where(a > b, a * b, b - a),
    "abs": lambda a, b: abs(a) - b,
    "**": lambda a, b: a**2 * b,
}
programs = st.lists(
    st.tuples(st.sampled_from(sorted(OPERATIONS)), st.integers(0, 100), st.integers(0, 100)), min_size=1, max_size=8
)


def run(program: Any, numbers: list[Any]) -> Any:
    values = list(numbers)
    for name, i, j in program:
        values.append(OPERATIONS[name](values[i % len(values)], values[j % len(values)]))
    return values[-1]


class Dual:
    """A number and its derivative by one input: forward-mode differentiation, the other way to the same gradients."""

    def __init__(self, value: Fraction, slope: Fraction) -> None:
        self.value, self.slope = value, slope

    def __add__(self, other: Any) -> Dual:
        other = other if isinstance(other, Dual) else Dual(other, Fraction(0))
        return Dual(self.value + other.value, self.slope + other.slope)

    def __sub__(self, other: Dual) -> Dual:
        return Dual(self.value - other.value, self.slope - other.slope)

    def __mul__(self, other: Dual) -> Dual:
        return Dual(self.value * other.value, self.slope * other.value + self.value * other.slope)

    def __truediv__(self, other: Dual) -> Dual:
        quotient = self.value / other.value
        return Dual(quotient, (self.slope - quotient * other.slope) / other.value)

    def __pow__(self, n: int) -> Dual:
        return Dual(self.value**n, n * self.value ** (n - 1) * self.slope)

    def __abs__(self) -> Dual:
        sign = (self.value > 0) - (self.value < 0)
        return Dual(abs(self.value), sign * self.slope)

    def __gt__(self, other: Dual) -> bool:
        return self.value > other.value

    def maximum(self, other: Dual) -> Dual:
        if self.value == other.value:
            return Dual(self.value, (self.slope + other.slope) / 2)
        return self if self.value > other.value else other

    def minimum(self, other: Dual) -> Dual:
        if self.value == other.value:
            return Dual(self.value, (self.slope + other.slope) / 2)
        return self if self.value < other.value else other


@relaxed
@given(programs, st.lists(fractions, min_size=3, max_size=3))
def test_backward_and_forward_mode_find_exactly_the_same_gradients(program: Any, numbers: list[Fraction]) -> None:
    graph = Graph()
    x = [graph.input(f"x{k}", number) for k, number in enumerate(numbers)]
    out = run(program, x)
    assert out.value == run(program, numbers)
    out.backward()
    for k, value in enumerate(x):
        duals = [Dual(number, Fraction(j == k)) for j, number in enumerate(numbers)]
        assert value.grad == run(program, duals).slope
        assert type(value.grad) is not float


@relaxed
@given(programs, st.lists(fractions, min_size=3, max_size=3))
def test_the_derivative_of_the_derivative_does_not_depend_on_the_order(program: Any, numbers: list[Fraction]) -> None:
    inner, outer = Graph(), Graph()
    x = [inner.input(f"x{k}", number) for k, number in enumerate(numbers)]
    y = [outer.input(f"y{k}", value) for k, value in enumerate(x)]
    used = {name for name, _, _ in program}
    if used & {"maximum", "minimum", "abs", "where"}:
        return  # at a kink the order may matter
    run(program, y).backward()
    seconds = []
    for value in y:
        if not isinstance(value.grad, Value):
            seconds.append([0, 0, 0])
            continue
        value.grad.backward()
        seconds.append([other.grad or 0 for other in x])
    assert seconds == [list(column) for column in zip(*seconds)]


@relaxed
@given(floats, floats)
def test_maximum_and_minimum_are_those_of_python(x: float, y: float) -> None:
    assert maximum(x, y) == max(x, y)
    assert minimum(x, y) == min(x, y)
    assert maximum(x, y) == -minimum(-x, -y)


@relaxed
@given(floats)
def test_sigmoid_is_between_0_and_1_and_symmetric(x: float) -> None:
    assert 0 <= sigmoid(x) <= 1
    assert sigmoid(x) + sigmoid(-x) == pytest.approx(1, rel=1e-15)


@relaxed
@given(logits, st.floats(-100, 100))
def test_softmax_is_a_distribution_that_a_shift_leaves_alone(x: list[float], shift: float) -> None:
    probabilities = softmax(x)
    assert sum(probabilities) == pytest.approx(1, rel=1e-14)
    assert softmax([value + shift for value in x]) == pytest.approx(probabilities, rel=1e-9, abs=1e-12)
    assert [math.exp(value) for value in log_softmax(x)] == pytest.approx(probabilities, rel=1e-11, abs=1e-320)


@relaxed
@given(logits)
def test_logsumexp_lies_above_the_largest_by_at_most_the_logarithm_of_their_number(x: list[float]) -> None:
    total = logsumexp(x)
    assert max(x) <= total <= max(x) + math.log(len(x)) + 1e-12
    assert all(value <= 0 for value in log_softmax(x))


@relaxed
@given(st.lists(st.lists(floats, min_size=1, max_size=4), min_size=1, max_size=4))
def test_softmax_and_its_logarithms_of_any_floats_are_numbers(rows: list[list[float]]) -> None:
    for row in rows:
        assert all(0 <= p <= 1 for p in softmax(row))
        assert math.isfinite(logsumexp(row))
        assert not any(map(math.isnan, log_softmax(row)))


matrices = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.lists(fractions, min_size=width, max_size=width), min_size=1, max_size=4)
)


@relaxed
@given(matrices, st.data())
def test_products_of_matrices_are_associative_and_transposed_in_reverse_order(x: Any, data: Any) -> None:
    width = len(x[0])
    row = st.lists(fractions, min_size=width, max_size=width)
    weight = data.draw(st.lists(row, min_size=1, max_size=4))
    out = affine(x, weight, None)
    assert out == [[sum(a * b for a, b in zip(r, w)) for w in weight] for r in x]
    assert columns(out) == [tuple(column) for column in affine(weight, x, None)]
    # outᵀ x by its definition, entry by entry
    expected = [[sum(o[j] * r[i] for o, r in zip(out, x)) for i in range(width)] for j in range(len(weight))]
    assert outer_sum(out, x) == expected
    assert dot(x[0], x[0]) >= 0


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.fractions() | st.decimals(),
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner, inner) | st.dictionaries(st.text(max_size=1), inner),
    max_leaves=8,
)


@settings(deadline=None, max_examples=200)
@given(anything, st.booleans(), st.booleans())
def test_any_data_becomes_a_rectangle_of_finite_numbers_or_one_line(data: Any, flat: bool, exact: bool) -> None:
    from layerkit.errors import LayerkitError

    try:
        rows = as_rows("fit", "x", data, flat=flat, exact=exact)
    except LayerkitError as error:
        text = str(error)
        assert text.startswith("fit: x ")
        assert "Fix: " in text
        assert "\n" not in text
        return
    assert len({len(row) for row in rows}) == 1
    assert len(rows) == len(data)
    assert all(math.isfinite(value) for row in rows for value in row if isinstance(value, float))
    assert exact or all(type(value) is float for row in rows for value in row)
