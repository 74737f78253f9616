"""Softmax: a row of net inputs becomes a row of probabilities."""

from __future__ import annotations

from typing import Any

from layerkit.layers.base import Layer
from layerkit.linalg import Rows, dot
from layerkit.numerics import softmax


class Softmax(Layer):
    """outₖ = exp(xₖ) / Σⱼ exp(xⱼ) for each row; dxₖ = outₖ (doutₖ − Σⱼ doutⱼ outⱼ).

    >>> layer = Softmax()
    >>> layer.forward([[0.0, 0.0]]), layer.backward([[1.0, 0.0]])
    ([[0.5, 0.5]], [[0.25, -0.25]])
    """

    def __init__(self, *, name: str | None = None) -> None:
        self.name = name

    def forward(self, x: Rows, *, training: bool = False) -> Rows:
        """Probabilities, each row summing to 1."""
        self.check_x(x)
        self.x, self.out = x, [softmax(row) for row in x]
        return self.out  # type: ignore[no-any-return]

    def backward(self, dout: Rows) -> Rows:
        """dL/dx.

        :raises OrderError: before forward.
        """
        self.check_dout(dout)
        self.dout, self.dx = dout, []
        for d, out in zip(dout, self.out):
            common = dot(d, out)
            self.dx.append([p * (g - common) for p, g in zip(out, d)])
        return self.dx  # type: ignore[no-any-return]

    def short_config(self) -> Any:
        """How a Dense that owns it writes it down."""
        return "softmax"
