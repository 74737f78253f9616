"""The width of the rows that go in."""

from __future__ import annotations

from typing import Any

from layerkit.arguments import require_whole
from layerkit.errors import ShapeError
from layerkit.layers.base import Layer
from layerkit.linalg import Rows


class Input(Layer):
    """Says how many numbers each row of the input has; out = x.

    >>> Input(3).units
    3

    :raises ArgumentError: where fan_in is less than 1.
    """

    def __init__(self, fan_in: int, *, name: str | None = None) -> None:
        self.fan_in: int = require_whole("Input", "fan_in", fan_in)
        self.units: int = fan_in
        self.name = name

    def forward(self, x: Rows, *, training: bool = False) -> Rows:
        """x as it is."""
        self.check_x(x)
        self.x = self.out = x
        return x

    def backward(self, dout: Rows) -> Rows:
        """dout as it is.

        :raises OrderError: before forward.
        """
        self.check_dout(dout)
        self.dout = self.dx = dout
        return dout

    def config(self) -> dict[str, Any]:
        return {"fan_in": self.fan_in}


def InputLayer(input_shape: Any, *, name: str | None = None) -> Input:  # noqa: N802  Keras calls it so
    """`Input` as Keras writes it: the shape is a number or a tuple of one number.

    >>> InputLayer(input_shape=(4,))
    Input(fan_in=4)

    :raises ShapeError: where the shape has more than one dimension.
    """
    if isinstance(input_shape, (list, tuple)):
        if len(input_shape) != 1:
            raise ShapeError(
                f"InputLayer: input_shape must have one dimension, got {input_shape!r}. Fix: flatten each row first."
            )
        input_shape = input_shape[0]
    return Input(input_shape, name=name)
