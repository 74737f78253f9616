"""Gradient checking: it agrees where gradients are right, finds planted errors, and counts honestly."""

from __future__ import annotations

import math
from typing import Any

import pytest

from layerkit import (
    SGD,
    Activation,
    ArgumentError,
    ArgumentTypeError,
    Dense,
    Layer,
    OrderError,
    Sequential,
    ShapeError,
    check_gradients,
    numerical_gradient,
)
from layerkit.gradcheck import central_difference

X, Y = [[0.5, -1.0], [1.5, 0.25]], [[0.2], [0.9]]


def compiled(*layers: Layer, loss: str = "mse") -> Sequential:
    model = Sequential(layers, seed=2)
    model.compile(SGD(0.1), loss)
    return model


def test_numerical_gradient_by_hand() -> None:
    # f = x²y + y: (2xy, x² + 1) at (3, −2)
    found = numerical_gradient(lambda v: v[0] * v[0] * v[1] + v[1], [3.0, -2.0])
    assert found == pytest.approx([-12.0, 10.0], rel=1e-9)


def test_numerical_gradient_asks_for_two_values_of_each_number_and_changes_nothing() -> None:
    calls, x = [], [1.0, 2.0, 3.0]

    def f(v: list[Any]) -> Any:
        calls.append(list(v))
        return sum(v)

    numerical_gradient(f, x)
    assert len(calls) == 6
    assert x == [1.0, 2.0, 3.0]


def test_the_step_grows_with_the_number_so_that_it_is_not_lost_in_rounding() -> None:
    assert central_difference(lambda x: x * x, 1e12) == pytest.approx(2e12, rel=1e-9)
    assert central_difference(math.sin, 0.0) == pytest.approx(1.0, rel=1e-9)


@pytest.mark.parametrize("bad", [5, "ab", None, [[1.0, 2.0]], ["a"], [None]])
def test_what_is_no_flat_list_of_numbers_is_refused(bad: Any) -> None:
    with pytest.raises(ShapeError, match="flat list"):
        numerical_gradient(lambda v: 0.0, bad)
    with pytest.raises(ArgumentTypeError, match="function"):
        numerical_gradient(5, [1.0])  # type: ignore[arg-type]


def test_right_gradients_agree_and_the_table_has_a_line_for_each_number() -> None:
    check = check_gradients(compiled(Dense(2, "tanh", fan_in=2), Dense(1, "sigmoid")), X, Y)
    assert check
    assert check.ok
    assert [n.name for n in check.numbers[:3]] == ["dense_1.weight[0][0]", "dense_1.weight[0][1]",
                                                   "dense_1.weight[1][0]"]  # fmt: skip
    assert len(check.numbers) == 9
    lines = str(check).splitlines()
    assert len(lines) == 2 + 9 + 1
    assert "All 9 gradients agree" in lines[-1]


class Counting(Layer):
    """Passes everything on, and counts."""

    forwards = backwards = 0

    def forward(self, x: Any, *, training: bool = False) -> Any:
        type(self).forwards += 1
        self.x = self.out = x
        return x

    def backward(self, dout: Any) -> Any:
        type(self).backwards += 1
        self.dout = self.dx = dout
        return dout


def test_forward_passes_are_counted_as_they_are_made() -> None:
    Counting.forwards = Counting.backwards = 0
    check = check_gradients(compiled(Dense(2, fan_in=2), Counting(), Dense(1)), X, Y)
    assert len(check.numbers) == 9
    assert check.forward_passes_backpropagation + check.forward_passes_numerical == Counting.forwards == 1 + 18
    assert Counting.backwards == 1
    assert "Forward passes: 1 and one backward by backpropagation, 18 by central differences." in str(check)


def test_a_planted_wrong_derivative_is_found_and_named() -> None:
    wrong = Activation("wrong_tanh", lambda x: math.tanh(x), lambda x, out: 1 - out)  # (1 − out²)
    check = check_gradients(compiled(Dense(2, wrong, fan_in=2), Dense(1)), X, Y)
    assert not check
    assert {n.name.split("[")[0] for n in check.numbers if not n.ok} == {"dense_1.weight", "dense_1.bias"}
    assert not check.worst.ok
    assert "gradients disagree" in str(check)
    assert str(check).count("WRONG") == 6


def test_a_layer_that_forgets_to_divide_is_found() -> None:
    class Halved(Layer):
        def forward(self, x: Any, *, training: bool = False) -> Any:
            self.x, self.out = x, [[value / 2 for value in row] for row in x]
            return self.out

        def backward(self, dout: Any) -> Any:
            self.dout = self.dx = dout
            return dout

    assert not check_gradients(compiled(Dense(1, fan_in=2), Halved()), X, Y)


def test_a_large_loss_is_no_disagreement() -> None:
    # The losses are near 1e12, so their difference is rounded at 1e-4: far above 1e-6 of a small gradient.
    model = compiled(Dense(2, "tanh", fan_in=2), Dense(1))
    check = check_gradients(model, X, [[1e6], [1e6 + 1]])
    assert check, str(check)


def test_checking_leaves_the_parameters_and_generators_as_they_are() -> None:
    model = compiled(Dense(2, "tanh", fan_in=2), Dense(1))
    before = [parameter.value for parameter in model.parameters], model.shuffle_rng.getstate()
    check_gradients(model, X, Y)
    assert ([parameter.value for parameter in model.parameters], model.shuffle_rng.getstate()) == before


def test_fixed_parameters_are_checked_too() -> None:
    model = compiled(Dense(1, fan_in=2))
    model.parameters[1].trainable = False
    assert [n.name for n in check_gradients(model, X, Y).numbers][-1] == "dense_1.bias[0]"


def test_checking_needs_a_compiled_model_and_a_sensible_tolerance() -> None:
    with pytest.raises(OrderError, match="compile"):
        check_gradients(Sequential([Dense(1, fan_in=2)]), X, Y)
    with pytest.raises(ArgumentError, match="tolerance"):
        check_gradients(compiled(Dense(1, fan_in=2)), X, Y, tolerance=0)
