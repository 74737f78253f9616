"""The fully connected layer."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

from layerkit.arguments import require_whole
from layerkit.errors import ArgumentTypeError, OrderError, ShapeError, short
from layerkit.initializers import get_initializer
from layerkit.layers.activation_layer import ActivationLayer, get_activation_layer
from layerkit.layers.base import Layer, Parameter
from layerkit.layers.softmax import Softmax
from layerkit.linalg import Rows, affine, columns, dot, outer_sum
from layerkit.numerics import like
from layerkit.rows import as_rows


class Dense(Layer):
    """net = x Wᵀ + b, out = activation(net).

    x (n, fan_in), weight (units, fan_in), bias (units,), net and out (n, units). Row-major order of the weight is the
    order in which textbooks number w1, w2, …. Backward, with delta = dL/dnet: dW = deltaᵀ x, db = Σₙ delta and
    dx = delta W.

    `fan_in` comes from the layer before where it is not given, and weights from the initializers where none are given;
    `rng` draws them where the layer is used without a model.

    >>> dense = Dense(1, weight=[[0.5, -1.0]], bias=[2.0])
    >>> dense.forward([[4.0, 3.0]])
    [[1.0]]
    >>> dense.backward([[10.0]])
    [[5.0, -10.0]]
    >>> dense.weight.grad, dense.bias.grad
    ([[40.0, 30.0]], [10.0])

    :raises ShapeError: where weight, bias, fan_in and units do not fit together.
    :raises DataError: where weight or bias hold something else than finite numbers.
    """

    def __init__(
        self,
        units: int,
        activation: Any = None,
        *,
        fan_in: int | None = None,
        use_bias: bool = True,
        weight: Rows | None = None,
        bias: Sequence[Any] | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        name: str | None = None,
        rng: Random | None = None,
    ) -> None:
        who = "Dense" if name is None else f"Dense {name!r}"
        self.units: int = require_whole(who, "units", units)
        self.activation: ActivationLayer | Softmax | None = get_activation_layer(activation)
        if not isinstance(use_bias, bool):
            raise ArgumentTypeError(f"{who}: use_bias must be True or False, got {short(use_bias)}. Fix: pass one.")
        self.use_bias = use_bias
        self.name = name
        self.kernel_initializer = get_initializer(kernel_initializer)
        self.bias_initializer = get_initializer(bias_initializer)
        self.net: Any = None
        self.delta: Any = None
        self.rng = rng
        self._weight: Parameter | None = None
        self._bias: Parameter | None = None
        self._given_weight = _matrix(who, weight, self.units)
        self._given_bias = _vector(who, bias, self.units, use_bias)
        if fan_in is not None:
            self.fan_in = require_whole(who, "fan_in", fan_in)
        if self._given_weight is not None:
            width = len(self._given_weight[0])
            if self.fan_in not in (None, width):
                raise ShapeError(
                    f"{who}: weight has rows of {width} but fan_in is {self.fan_in}. Fix: make them equal."
                )
            self.fan_in = width

    @property
    def built(self) -> bool:
        """Whether the weights are there."""
        return self._weight is not None

    def build(self, fan_in: int, *, rng: Random) -> int:
        """Draw the weights that were not given; the number of units.

        :raises ShapeError: where the layer was made for another fan_in.
        """
        if self.fan_in is not None and self.fan_in != fan_in:
            raise ShapeError(
                f"{self.label}: it was made for rows of {self.fan_in} numbers, but the layer before gives {fan_in}. "
                f"Fix: leave fan_in out, or set it to {fan_in}."
            )
        if not self.built:
            fan_in = require_whole(self.label, "fan_in", fan_in)
            weight = self._given_weight or self.kernel_initializer.matrix(fan_in, self.units, rng=rng)
            if self.use_bias:
                bias = self._given_bias
                if bias is None:  # a drawn 0 is exact beside fractions, too
                    drawn = self.bias_initializer.vector(fan_in, self.units, rng=rng)
                    bias = [like(0, weight[0][0]) if b == 0 else b for b in drawn]
                self._bias = Parameter("bias", bias)
            self._weight = Parameter("weight", weight)
            self.fan_in = fan_in
        return self.units

    def _build_alone(self) -> None:
        """Without a model: at the first need, from the layer's own generator."""
        if self.fan_in is None:
            raise OrderError(
                f"{self.label}: it has no weights before it knows its inputs. "
                f"Fix: write Dense({self.units}, fan_in=…), or add it to a Sequential."
            )
        self.build(self.fan_in, rng=self.rng or Random())

    @property
    def weight(self) -> Parameter:
        """W, (units, fan_in)."""
        if self._weight is None:
            self._build_alone()
        return self._weight  # type: ignore[return-value]  # just built

    @property
    def bias(self) -> Parameter:
        """b, (units,).

        :raises OrderError: where the layer has no bias.
        """
        if self._weight is None:
            self._build_alone()
        if self._bias is None:
            raise OrderError(f"{self.label}: it was made with use_bias=False. Fix: make it with a bias.")
        return self._bias

    @property
    def parameters(self) -> Sequence[Parameter]:
        """Weight, then bias where there is one; none before the layer is built."""
        return [parameter for parameter in (self._weight, self._bias) if parameter is not None]

    def forward(self, x: Rows, *, training: bool = False) -> Rows:
        """activation(x Wᵀ + b), (n, fan_in) → (n, units).

        :raises ShapeError: where x is not rows of fan_in numbers.
        :raises DataError: where an entry is no number.
        """
        weight = self.weight.value
        self.check_x(x)
        try:
            net = affine(x, weight, self._bias.value if self._bias else None)
        except TypeError:
            self.check_numbers("x", x)
            raise
        self.x, self.net = x, net
        self.out = self.net if self.activation is None else self.activation.forward(self.net, training=training)
        return self.out  # type: ignore[no-any-return]

    def backward(self, dout: Rows) -> Rows:
        """dL/dout (n, units) → dL/dx (n, fan_in); sets the gradients of weight and bias.

        :raises OrderError: before forward.
        """
        return self.backward_net(self._delta(dout))

    def backward_parameters(self, dout: Rows) -> None:
        self.set_gradients(self._delta(dout))

    def backward_net(self, delta: Rows) -> Rows:
        """From delta = dL/dnet on: what `backward` does after the activation."""
        self.set_gradients(delta)
        weight_columns = columns(self.weight.value)
        self.dx = [[dot(row, column) for column in weight_columns] for row in delta]
        return self.dx  # type: ignore[no-any-return]

    def _delta(self, dout: Rows) -> Rows:
        self.check_dout(dout)
        self.dout = dout
        return dout if self.activation is None else self.activation.backward(dout)

    def set_gradients(self, delta: Rows) -> None:
        """From delta = dL/dnet the gradients of weight and bias alone, without dL/dx."""
        self.delta, self.dx = delta, None
        self.weight.grad = outer_sum(delta, self.x)
        if self._bias is not None:
            self._bias.grad = list(map(sum, zip(*delta)))

    def detached(self) -> Dense:
        copy = super().detached()
        copy.activation = self.activation and self.activation.detached()
        return copy

    def forget_batch(self) -> None:
        super().forget_batch()
        self.net = self.delta = None
        if self.activation is not None:
            self.activation.forget_batch()

    def config(self) -> dict[str, Any]:
        return {
            "units": self.units,
            "activation": None if self.activation is None else self.activation.short_config(),
            "use_bias": self.use_bias,
            "kernel_initializer": self.kernel_initializer.config(),
            "bias_initializer": self.bias_initializer.config(),
        }


def _matrix(who: str, weight: Any, units: int) -> list[list[Any]] | None:
    if weight is None:
        return None
    rows = as_rows(who, "weight", weight, exact=True)
    if len(rows) != units:
        raise ShapeError(
            f"{who}: weight must be {units} rows of fan_in numbers, got {len(rows)}. Fix: pass one row for each unit."
        )
    return rows


def _vector(who: str, bias: Any, units: int, use_bias: bool) -> list[Any] | None:
    if bias is None:
        return None
    if not use_bias:
        raise ArgumentTypeError(f"{who}: a bias was given with use_bias=False. Fix: leave one of them out.")
    rows = as_rows(who, "bias", bias, flat=True, exact=True)
    if len(rows) != units or len(rows[0]) != 1:
        raise ShapeError(f"{who}: bias must be {units} numbers, one for each unit, got {short(bias)}. Fix: pass these.")
    return [row[0] for row in rows]
