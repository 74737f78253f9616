"""Nodes: one operation each, with its local derivative written beside it (Saito, *Deep Learning from Scratch*, ch. 5).

``out = node.forward(x, y)``, then ``dx, dy = node.backward(dout)``; with one input ``dx = node.backward(dout)``. A node
knows nothing of the network around it: it multiplies what comes from upstream by its own derivative. Any number will
do: a float, an int, a ``Fraction``, a ``Decimal`` where the function exists, or a recorded value.

>>> apple = MulLayer()
>>> apple.forward(100, 2)
200
>>> apple.backward(1)
(2, 100)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from layerkit import numerics
from layerkit.errors import NumericsError, OrderError, short
from layerkit.numerics import Number, like, where


class Node:
    """One operation: `compute` is its value, `gradient` what it hands back; a subclass gives both and its `symbol`.

    `forward(*inputs)` remembers `inputs` and `out`; `backward(dout)` returns dL/dinput for each input, a tuple where
    there are several. `symbol` is how the operation is written, ``{0}``, ``{1}`` standing for its inputs.

    :raises NumericsError: where the arithmetic of the inputs has no result, as 1 / 0 or 1e200 ** 2.
    :raises OrderError: where backward is called before forward.
    """

    symbol = ""
    advice = "pass numbers closer to 0"
    compute: Callable[..., Number]
    gradient: Callable[..., Any]
    inputs: tuple[Number, ...] | None = None
    out: Number = None

    def forward(self, *inputs: Number) -> Number:
        """The value of the operation."""
        try:
            out = self.compute(*inputs)
        except ArithmeticError as error:
            raise self._without_result(error, inputs) from None
        self.inputs, self.out = inputs, out
        return out

    def backward(self, dout: Number) -> Any:
        """dout (dL/dout) times the local derivative, for each input; an int dout counts as a number of out's type."""
        if self.inputs is None:
            raise OrderError(f"{type(self).__name__}: backward needs the inputs of forward. Fix: call forward first.")
        try:
            return self.gradient(like(dout, getattr(self.out, "plain", self.out)), self.out, *self.inputs)
        except ArithmeticError as error:
            raise self._without_result(error, self.inputs) from None

    def _without_result(self, error: ArithmeticError, inputs: tuple[Number, ...]) -> NumericsError:
        if isinstance(error, NumericsError):
            return error
        reason = error.args[-1] if error.args and isinstance(error.args[-1], str) else type(error).__name__
        shown = ", ".join(map(short, inputs))
        return NumericsError(f"{self!r}: no finite result for {shown} ({reason}). Fix: {self.advice}.")

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class AddLayer(Node):
    """out = x + y; dx = dout, dy = dout: addition passes the gradient on as it is."""

    symbol = "{0} + {1}"

    def compute(self, x: Number, y: Number) -> Number:
        return x + y

    def gradient(self, dout: Number, out: Number, x: Number, y: Number) -> tuple[Number, Number]:
        return dout, dout


class SubLayer(Node):
    """out = x − y; dx = dout, dy = −dout."""

    symbol = "{0} - {1}"

    def compute(self, x: Number, y: Number) -> Number:
        return x - y

    def gradient(self, dout: Number, out: Number, x: Number, y: Number) -> tuple[Number, Number]:
        return dout, -dout


class MulLayer(Node):
    """out = x · y; dx = dout · y, dy = dout · x: multiplication swaps its inputs."""

    symbol = "{0} * {1}"

    def compute(self, x: Number, y: Number) -> Number:
        return x * y

    def gradient(self, dout: Number, out: Number, x: Number, y: Number) -> tuple[Number, Number]:
        return dout * y, dout * x


class DivLayer(Node):
    """out = x / y; dx = dout / y, dy = −dout · out / y. Two ints divide to a float.

    :raises NumericsError: where y is 0.
    """

    symbol = "{0} / {1}"
    advice = "keep y away from 0"

    def compute(self, x: Number, y: Number) -> Number:
        return x / y

    def gradient(self, dout: Number, out: Number, x: Number, y: Number) -> tuple[Number, Number]:
        return dout / y, -dout * out / y


class NegLayer(Node):
    """out = −x; dx = −dout."""

    symbol = "-{0}"

    def compute(self, x: Number) -> Number:
        return -x

    def gradient(self, dout: Number, out: Number, x: Number) -> Number:
        return -dout


class PowLayer(Node):
    """out = xⁿ; dx = dout · n · xⁿ⁻¹, dn = dout · out · log x.

    `PowLayer(n)` holds n constant and has the one input x. `PowLayer()` takes x and n; where x ≤ 0 there is no
    derivative by n, and dn is None.

    :raises NumericsError: where the power is not a real finite number.
    """

    symbol = "{0} ** {1}"
    advice = "keep the base away from 0 and the power within the floats"

    def __init__(self, exponent: Number = None) -> None:
        self.exponent = exponent

    def compute(self, x: Number, exponent: Number = None) -> Number:
        n = self.exponent if exponent is None else exponent
        out = x**n
        if isinstance(out, complex):
            raise NumericsError(
                f"PowLayer: {short(x)} ** {short(n)} is not real. Fix: use a base ≥ 0 or a whole exponent."
            )
        if type(out) is float and math.isinf(out) and numerics.is_finite(x):
            raise OverflowError("result too large")  # as CPython does; PyPy squares to inf
        return out

    def gradient(self, dout: Number, out: Number, x: Number, exponent: Number = None) -> Any:
        if exponent is not None:
            by_exponent = dout * out * numerics.log(x) if x > 0 else None
            return self._by_base(dout, x, exponent), by_exponent
        return self._by_base(dout, x, self.exponent)

    def _by_base(self, dout: Number, x: Number, n: Number) -> Number:
        if not hasattr(n, "plain") and n == 0:  # x⁰ is 1 everywhere, also at 0, where xⁿ⁻¹ is not
            return dout * 0
        return dout * (n * self.compute(x, n - 1))

    def __repr__(self) -> str:
        return "PowLayer()" if self.exponent is None else f"PowLayer({short(self.exponent)})"


class AbsLayer(Node):
    """out = |x|; dx = dout · sign(x), and 0 at the kink x = 0."""

    symbol = "abs({0})"

    def compute(self, x: Number) -> Number:
        return abs(x)

    def gradient(self, dout: Number, out: Number, x: Number) -> Number:
        return where(x > 0, dout, where(x < 0, -dout, 0))


class ExpLayer(Node):
    """out = eˣ; dx = dout · out."""

    symbol = "exp({0})"

    def compute(self, x: Number) -> Number:
        return numerics.exp(x)

    def gradient(self, dout: Number, out: Number, x: Number) -> Number:
        return dout * out


class Expm1Layer(Node):
    """out = eˣ − 1; dx = dout · (out + 1)."""

    symbol = "expm1({0})"

    def compute(self, x: Number) -> Number:
        return numerics.expm1(x)

    def gradient(self, dout: Number, out: Number, x: Number) -> Number:
        return dout * (out + 1)


class LogLayer(Node):
    """out = log x; dx = dout / x."""

    symbol = "log({0})"

    def compute(self, x: Number) -> Number:
        return numerics.log(x)

    def gradient(self, dout: Number, out: Number, x: Number) -> Number:
        return dout / x


class Log1pLayer(Node):
    """out = log(1 + x); dx = dout / (1 + x)."""

    symbol = "log1p({0})"

    def compute(self, x: Number) -> Number:
        return numerics.log1p(x)

    def gradient(self, dout: Number, out: Number, x: Number) -> Number:
        return dout / (1 + x)


class SqrtLayer(Node):
    """out = √x; dx = dout / (2 · out).

    :raises NumericsError: in backward where x is 0, where the slope is infinite.
    """

    symbol = "sqrt({0})"
    advice = "keep x above 0"

    def compute(self, x: Number) -> Number:
        return numerics.sqrt(x)

    def gradient(self, dout: Number, out: Number, x: Number) -> Number:
        return dout / (2 * out)


class TanhLayer(Node):
    """out = tanh x; dx = dout · (1 − out²)."""

    symbol = "tanh({0})"

    def compute(self, x: Number) -> Number:
        return numerics.tanh(x)

    def gradient(self, dout: Number, out: Number, x: Number) -> Number:
        return dout * (1 - out * out)


class ErfLayer(Node):
    """out = erf x; dx = dout · 2/√π · exp(−x²)."""

    symbol = "erf({0})"

    def compute(self, x: Number) -> Number:
        return numerics.erf(x)

    def gradient(self, dout: Number, out: Number, x: Number) -> Number:
        return dout * (2 / math.sqrt(math.pi) * numerics.exp(-(x * x)))


class ErfcLayer(Node):
    """out = 1 − erf x, without cancellation for large x; dx = −dout · 2/√π · exp(−x²)."""

    symbol = "erfc({0})"

    def compute(self, x: Number) -> Number:
        return numerics.erfc(x)

    def gradient(self, dout: Number, out: Number, x: Number) -> Number:
        return dout * (-2 / math.sqrt(math.pi) * numerics.exp(-(x * x)))


class MaxLayer(Node):
    """out = max(x, y); the gradient goes to the larger input, and half to each where they are equal."""

    symbol = "maximum({0}, {1})"

    def compute(self, x: Number, y: Number) -> Number:
        return numerics.maximum(x, y)

    def gradient(self, dout: Number, out: Number, x: Number, y: Number) -> tuple[Number, Number]:
        return _to_the_winner(dout, x > y, x < y)


class MinLayer(Node):
    """out = min(x, y); the gradient goes to the smaller input, and half to each where they are equal."""

    symbol = "minimum({0}, {1})"

    def compute(self, x: Number, y: Number) -> Number:
        return numerics.minimum(x, y)

    def gradient(self, dout: Number, out: Number, x: Number, y: Number) -> tuple[Number, Number]:
        return _to_the_winner(dout, x < y, x > y)


def _to_the_winner(dout: Number, x_wins: Any, y_wins: Any) -> tuple[Number, Number]:
    half = dout / 2
    return where(x_wins, dout, where(y_wins, 0, half)), where(y_wins, dout, where(x_wins, 0, half))


class CompareLayer(Node):
    """out = x < y (or another comparison, by its sign): True or False, the condition of a WhereLayer. No gradient."""

    def __init__(self, sign: str, operation: Callable[[Any, Any], Any]) -> None:
        self.symbol = "{0} " + sign + " {1}"
        self.operation = operation

    def compute(self, x: Number, y: Number) -> Any:
        return self.operation(x, y)

    def gradient(self, dout: Number, out: Number, x: Number, y: Number) -> tuple[Number, Number]:
        return 0, 0


class WhereLayer(Node):
    """out = x where the condition holds, otherwise y; the gradient goes to the one that was taken.

    Three inputs, condition, x and y: backward returns 0 for the condition, dx and dy.
    """

    symbol = "where({0}, {1}, {2})"

    def compute(self, condition: Any, x: Number, y: Number) -> Number:
        return where(condition, x, y)

    def gradient(
        self, dout: Number, out: Number, condition: Any, x: Number, y: Number
    ) -> tuple[Number, Number, Number]:
        return 0, where(condition, dout, 0), where(condition, 0, dout)
