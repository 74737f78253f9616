"""Activations: a scalar function, its derivative, and what is known about it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from layerkit.arguments import require_number
from layerkit.errors import ArgumentError, ArgumentTypeError, NotDifferentiableError, RecordingError, short
from layerkit.graph import Graph, Value
from layerkit.numerics import Number, erfc, exp, expm1, like, log1p, maximum, minimum, sigmoid, tanh, where


class Activation:
    """out = function(x) on one number, and derivative(x, out) = d out / d x.

    With no derivative, layerkit finds it from the graph of `function`, which then must be arithmetic and the functions
    of `layerkit` (`exp`, `maximum`, `where`, …). `parameters` are keyword arguments of both functions, as
    ``{"negative_slope": 0.2}``; calling the activation's `configured` changes them. `kinks` are the points where the
    slope jumps, at these or at other parameters. An activation with ``differentiable=False`` trains only by its
    `surrogate`, a stand-in for the derivative with the same arguments.

    The built-in functions are right to a few units in the last place (gelu's left tail to x² 2⁻⁵²), their derivatives
    to a few 1e-16 of the steepest slope: ``out * (1 - out)`` is 0, not 4e-18, where sigmoid rounds to 1.

    >>> from layerkit import Activation
    >>> square = Activation("square", lambda x: x * x)
    >>> square(3.0), square.derivative(3.0, 9.0)
    (9.0, 6.0)

    :raises ArgumentTypeError: where the name is not text, a function cannot be called or a parameter is no number.
    :raises ArgumentError: where a parameter is not finite.
    """

    def __init__(
        self,
        name: str,
        function: Callable[..., Number],
        derivative: Callable[..., Number] | None = None,
        *,
        parameters: Mapping[str, Number] = {},
        differentiable: bool = True,
        surrogate: Callable[..., Number] | None = None,
        kinks: Sequence[float] = (),
        domain: tuple[float, float] = (-math.inf, math.inf),
        range: tuple[float, float] = (-math.inf, math.inf),
        monotonic: bool | None = None,
        formula: str = "",
    ) -> None:
        if not isinstance(name, str) or not name:
            raise ArgumentTypeError(f"Activation: name must be text, got {name!r}. Fix: Activation('square', ...).")
        for role, given in (("function", function), ("derivative", derivative), ("surrogate", surrogate)):
            if not callable(given) and (given is not None or role == "function"):
                raise ArgumentTypeError(
                    f"Activation {name!r}: {role} must be a function of x, got {short(given)}. Fix: pass one."
                )
        for parameter, value in parameters.items():
            require_number(f"Activation {name!r}", parameter, value)
        self.name = name
        self.function = function
        self.given_derivative = derivative
        self.parameters = dict(parameters)
        self.differentiable = differentiable
        self.surrogate = surrogate
        self.kinks = tuple(kinks)
        self.domain = domain
        self.range = range
        self.monotonic = monotonic
        self.formula = formula

    def __call__(self, x: Number) -> Number:
        """function(x); a float gives a float, a Fraction a Fraction where the function is rational."""
        out = self.function(x, **self.parameters) if self.parameters else self.function(x)
        return like(out, x) if type(out) is int else out

    def of_row(self, row: Sequence[Number]) -> list[Number]:
        """The activation of each number of a row."""
        if self.parameters:
            return list(map(self, row))
        out = list(map(self.function, row))
        return list(map(self, row)) if int in set(map(type, out)) else out

    def slopes_of_row(self, row: Sequence[Number], out: Sequence[Number]) -> list[Number]:
        """The derivative at each number of a row."""
        given = self.given_derivative if self.differentiable else self.surrogate
        return list(map(self.derivative if given is None or self.parameters else given, row, out))

    @property
    def trainable(self) -> bool:
        """Whether gradient descent can go through it."""
        return self.differentiable or self.surrogate is not None

    def derivative(self, x: Number, out: Number) -> Number:
        """d out / d x at x, where out = function(x): as given, or from the graph of the function.

        :raises NotDifferentiableError: where there is neither a derivative nor a surrogate.
        :raises RecordingError: where no derivative is given and the function cannot be recorded.
        """
        given = self.given_derivative if self.differentiable else self.surrogate
        if given is not None:
            return given(x, out, **self.parameters) if self.parameters else given(x, out)
        if not self.differentiable:
            raise not_differentiable(self)
        try:
            return recorded_derivative(self, x)
        except TypeError as error:
            raise RecordingError(
                f"activation {self.name!r}: no derivative is given, and the function cannot be recorded ({error}). "
                "Fix: pass derivative=, or write the function with layerkit.exp, tanh, … instead of those of math."
            ) from error

    def configured(self, **parameters: Number) -> Activation:
        """A copy with other parameters; `range` and `monotonic`, which may differ with them, are forgotten.

        >>> from layerkit import get_activation
        >>> get_activation("leaky_relu").configured(negative_slope=0.5)(-2.0)
        -1.0

        :raises ArgumentError: where a parameter is not one of this activation's, or is not finite.
        :raises ArgumentTypeError: where it is not a number.
        """
        for name, value in parameters.items():
            if name not in self.parameters:
                known = ", ".join(self.parameters) or "none"
                raise ArgumentError(f"{self.name}: no parameter {name!r}. Known: {known}. Fix: use one of these.")
            require_number(self.name, name, value)
        copy = object.__new__(type(self))
        copy.__dict__.update(self.__dict__, parameters={**self.parameters, **parameters})
        if copy.parameters != self.parameters:
            copy.range, copy.monotonic = (-math.inf, math.inf), None
        return copy

    def __repr__(self) -> str:
        shown = "".join(f", {name}={value!r}" for name, value in self.parameters.items())
        return f"Activation({self.name!r}{shown})"


def not_differentiable(activation: Activation) -> NotDifferentiableError:
    """The error for training through a function such as step."""
    return NotDifferentiableError(
        f"activation {activation.name!r} has no useful derivative, so gradient descent cannot train through it. "
        "Fix: train a single unit by the perceptron rule, Δw = η (target − out) x, or use 'sigmoid' or 'tanh'."
    )


def recorded_derivative(function: Callable[[Number], Number], x: Number) -> Number:
    """d function / d x at x, by recording the function's own arithmetic and going back through it.

    x may be a recorded value: then the derivative is recorded too.

    >>> recorded_derivative(lambda x: x ** 3, 2)
    12
    """
    point = Graph().input("x", x)
    out = function(point)
    if not isinstance(out, Value) or out.graph is not point.graph:
        return 0  # the function does not depend on x here
    out.backward()
    return point.grad


# The built-in activations. Formula, derivative: one block each, constants as ints so that Fractions stay exact.


def _silu(x: Number) -> Number:
    return x * sigmoid(x)


def _silu_derivative(x: Number, out: Number) -> Number:
    return sigmoid(x) + out * sigmoid(-x)


def _softplus(x: Number) -> Number:
    return maximum(x, 0) + log1p(exp(-abs(x)))


def _mish(x: Number) -> Number:
    return x * tanh(_softplus(x))


def _mish_derivative(x: Number, out: Number) -> Number:
    positive = x >= 0
    e = exp(where(positive, -x, x))
    q = where(positive, e, 1)
    r = 2 * q * q / ((1 + e) * (1 + e) + q * q)  # 1 − tanh(softplus(x)) without cancellation
    return tanh(_softplus(x)) + x * (r * (2 - r)) * sigmoid(x)


_SQRT_HALF = math.sqrt(0.5)
_SQRT_2PI = math.sqrt(2 * math.pi)


def _gelu(x: Number) -> Number:
    # Rounding √½ and x √½ costs up to x² 2⁻⁵² in the left tail, relatively: 3e-13 at −37, where gelu is −2e-298.
    return x / 2 * erfc(x * -_SQRT_HALF)


def _gelu_derivative(x: Number, out: Number) -> Number:
    return erfc(x * -_SQRT_HALF) / 2 + x * exp(-(x * x) / 2) / _SQRT_2PI


def _elu(x: Number, alpha: Number) -> Number:
    positive = x > 0
    return where(positive, x, alpha * expm1(where(positive, 0, x)))


def _softsign_derivative(x: Number, out: Number) -> Number:
    q = 1 / (1 + abs(x))
    return q * q


# Klambauer et al. 2017, "Self-Normalizing Neural Networks", equation 14.
_SELU_SCALE = 1.0507009873554805
_SELU_ALPHA = 1.6732632423543772

INF = math.inf

# fmt: off
BUILT_IN: tuple[Activation, ...] = (
    Activation("step", lambda x: where(x >= 0, 1, 0), differentiable=False,
               kinks=(0,), range=(0, 1), monotonic=True, formula="1 if x >= 0 else 0"),
    Activation("sign", lambda x: where(x >= 0, 1, -1), differentiable=False,
               kinks=(0,), range=(-1, 1), monotonic=True, formula="1 if x >= 0 else -1"),
    Activation("linear", lambda x: x, lambda x, out: 1, monotonic=True, formula="x"),
    Activation("sigmoid", sigmoid, lambda x, out: out * (1 - out), range=(0, 1), monotonic=True,
               formula="1 / (1 + exp(-x))"),
    Activation("tanh", tanh, lambda x, out: 1 - out * out, range=(-1, 1), monotonic=True, formula="tanh(x)"),
    Activation("relu", lambda x: maximum(x, 0), lambda x, out: where(x > 0, 1, 0),
               kinks=(0,), range=(0, INF), monotonic=True, formula="max(x, 0)"),
    Activation("leaky_relu", lambda x, negative_slope: where(x > 0, x, negative_slope * x),
               lambda x, out, negative_slope: where(x > 0, 1, negative_slope),
               parameters={"negative_slope": 0.2}, kinks=(0,), monotonic=True,
               formula="x if x > 0 else negative_slope * x"),
    Activation("elu", _elu, lambda x, out, alpha: where(x > 0, 1, out + alpha),
               parameters={"alpha": 1}, kinks=(0,), range=(-1, INF), monotonic=True,
               formula="x if x > 0 else alpha * (exp(x) - 1)"),
    Activation("selu", lambda x: _SELU_SCALE * _elu(x, _SELU_ALPHA),
               lambda x, out: where(x > 0, _SELU_SCALE, out + _SELU_SCALE * _SELU_ALPHA),
               kinks=(0,), range=(-_SELU_SCALE * _SELU_ALPHA, INF), monotonic=True,
               formula="1.0507 * (x if x > 0 else 1.6733 * (exp(x) - 1))"),
    Activation("softplus", _softplus, lambda x, out: sigmoid(x), range=(0, INF), monotonic=True,
               formula="log(1 + exp(x))"),
    Activation("softsign", lambda x: x / (1 + abs(x)), _softsign_derivative,
               range=(-1, 1), monotonic=True, formula="x / (1 + |x|)"),
    Activation("silu", _silu, _silu_derivative, range=(-0.2784645427610738, INF), monotonic=False,
               formula="x * sigmoid(x)"),
    Activation("gelu", _gelu, _gelu_derivative, range=(-0.16997120747990366, INF), monotonic=False,
               formula="x * (1 + erf(x / sqrt(2))) / 2"),
    Activation("mish", _mish, _mish_derivative, range=(-0.30884341301725043, INF), monotonic=False,
               formula="x * tanh(softplus(x))"),
    Activation("hard_sigmoid", lambda x: minimum(maximum(x + 3, 0), 6) / 6,
               lambda x, out: where(abs(x) < 3, 1, 0 * x) / 6,  # 0 * x: a Fraction's slope is the Fraction 1/6
               kinks=(-3, 3), range=(0, 1), monotonic=True, formula="min(max(x + 3, 0), 6) / 6"),
)
# fmt: on
