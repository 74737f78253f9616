"""Gradient checking: every gradient beside the slope that is measured by moving the number a little."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

from layerkit.arguments import is_number, require_number
from layerkit.errors import ArgumentTypeError, ShapeError, short
from layerkit.layers import Parameter
from layerkit.numerics import Number
from layerkit.tables import text_table
from layerkit.training import passes

# The cube root of the float's precision: where rounding and curvature cost a central difference the same.
RELATIVE_STEP = sys.float_info.epsilon ** (1 / 3)


def central_difference(f: Callable[[Number], Number], x: Number) -> Number:
    """(f(x + h) − f(x − h)) / 2h, with h = 6e-6 · max(1, |x|) made exact for floats.

    >>> round(central_difference(lambda x: x * x, 3.0), 6)
    6.0
    """
    return _slope_and_size(f, x)[0]


def _slope_and_size(f: Callable[[Number], Number], x: Number) -> tuple[Number, Number]:
    """The central difference, and how large the numbers are that it is the difference of."""
    h = RELATIVE_STEP * max(1.0, abs(float(x)))
    above, below = x + h, x - h
    f_above, f_below = f(above), f(below)
    return (f_above - f_below) / (above - below), max(abs(f_above), abs(f_below))


def numerical_gradient(f: Callable[[list[Number]], Number], x: Sequence[Number]) -> list[Number]:
    """∂f/∂xᵢ at x by central differences: two calls of f for each number, which is why backpropagation exists.

    >>> [round(g, 6) for g in numerical_gradient(lambda x: x[0] * x[1], [3.0, 4.0])]
    [4.0, 3.0]

    :raises ShapeError: where x is not a flat list of numbers.
    :raises ArgumentTypeError: where f cannot be called.
    """
    if not callable(f):
        raise ArgumentTypeError(f"numerical_gradient: f must be a function of a list, got {short(f)}. Fix: pass one.")
    if isinstance(x, (str, bytes)) or not hasattr(x, "__len__") or any(not is_number(value) for value in x):
        raise ShapeError(f"numerical_gradient: x must be a flat list of numbers, got {short(x)}. Fix: write [x1, x2].")
    values = list(x)

    def moved(i: int) -> Callable[[Number], Number]:
        return lambda value: f([*values[:i], value, *values[i + 1 :]])

    return [central_difference(moved(i), value) for i, value in enumerate(values)]


class CheckedNumber:
    """One number of a parameter: its gradient by backpropagation beside the measured slope.

    `loss` is how large the losses are whose difference was measured: they are rounded, and so is the slope.
    """

    def __init__(
        self, name: str, value: Number, gradient: Number, numerical: Number, tolerance: Number, loss: Number = 1
    ) -> None:
        self.name = name
        self.value = value
        self.gradient = gradient
        self.numerical = numerical
        scale = max(abs(gradient), abs(numerical))
        self.relative_error = abs(gradient - numerical) / scale if scale else 0.0
        # Below the difference's own rounding error the relative error says nothing.
        self.ok = bool(self.relative_error <= tolerance or abs(gradient - numerical) <= 1e-9 * max(1, loss))


class GradientCheck:
    """What `check_gradients` found; true where every gradient agrees. `print` it for the table."""

    def __init__(self, numbers: list[CheckedNumber], tolerance: Number) -> None:
        self.numbers = numbers
        self.tolerance = tolerance
        self.forward_passes_numerical = 2 * len(numbers)
        self.forward_passes_backpropagation = 1

    @property
    def ok(self) -> bool:
        """Whether every gradient agrees."""
        return all(number.ok for number in self.numbers)

    @property
    def worst(self) -> CheckedNumber:
        """The number with the largest relative error of those that disagree, or of all where none does."""
        return max(self.numbers, key=lambda number: (not number.ok, number.relative_error))

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        rows = [
            [n.name, n.value, n.gradient, n.numerical, f"{n.relative_error:.1e}", "ok" if n.ok else "WRONG"]
            for n in self.numbers
        ]
        table = text_table(rows, ["parameter", "value", "backward", "numerical", "relative error", "verdict"])
        wrong = sum(not number.ok for number in self.numbers)
        verdict = f"All {len(rows)} gradients agree" if self.ok else f"{wrong} of {len(rows)} gradients disagree"
        return (
            f"{table}\n{verdict} (relative error at most {self.tolerance:g}). Forward passes: "
            f"{self.forward_passes_backpropagation} and one backward by backpropagation, "
            f"{self.forward_passes_numerical} by central differences."
        )


def check_gradients(model: Any, x: Any, y: Any, *, tolerance: Number = 1e-6) -> GradientCheck:
    """Compare the gradient of the loss by each parameter with a central difference; the model stays as it is.

    At a kink (ReLU at 0, a maximum of equals) no derivative exists, and the two may differ there with neither wrong.

    >>> from layerkit import Dense, Sequential
    >>> model = Sequential([Dense(1, "tanh", weight=[[0.5]], bias=[0.1])])
    >>> model.compile(loss="mse")
    >>> check_gradients(model, [[1.0]], [[0.0]]).ok
    True

    :raises OrderError: before compile.
    """
    require_number("check_gradients", "tolerance", tolerance, above=0)
    gradients = model.gradients(x, y)
    rows, target = model.rows_and_target("check_gradients", x, y)
    layers = [layer.detached() for layer in model.layers]

    def loss() -> Number:
        return passes.measure(layers, model.loss, rows, target, training=False)[0]

    numbers = []
    for parameter in model.parameters:
        gradient = gradients[parameter.name]
        for place, value, part in _places(parameter, gradient):
            name = parameter.name + "".join(f"[{k}]" for k in place)
            slope, size = _slope(parameter, place, loss)
            numbers.append(CheckedNumber(name, value, part, slope, tolerance, size))
    return GradientCheck(numbers, tolerance)


def _places(parameter: Parameter, gradient: Any) -> list[tuple[tuple[int, ...], Number, Number]]:
    if not parameter.is_matrix:
        return [((j,), value, gradient[j]) for j, value in enumerate(parameter.value)]
    return [((j, i), value, gradient[j][i]) for j, row in enumerate(parameter.value) for i, value in enumerate(row)]


def _slope(parameter: Parameter, place: tuple[int, ...], loss: Callable[[], Number]) -> tuple[Number, Number]:
    before = parameter.value

    def at(value: Number) -> Number:
        rows = [list(row) for row in before] if parameter.is_matrix else list(before)
        target = rows[place[0]] if parameter.is_matrix else rows
        target[place[-1]] = value
        parameter.value = rows
        return loss()

    try:
        return _slope_and_size(at, before[place[0]][place[1]] if parameter.is_matrix else before[place[0]])
    finally:
        parameter.value = before
