"""Dropout: while training, each number is left out with a fixed probability (Srivastava et al. 2014)."""

from __future__ import annotations

from random import Random
from typing import Any

from layerkit.arguments import require_number
from layerkit.layers.base import Layer, per_number
from layerkit.linalg import Rows
from layerkit.numerics import Number


class Dropout(Layer):
    """While training out = x · mask, where the mask is 0 with probability `rate` and otherwise 1 / (1 − rate).

    Otherwise out = x. The mean of out is x either way. In a model the masks come from a generator of the layer's own,
    derived from the model's seed; `rng` gives it where the layer is used without a model.

    >>> from random import Random
    >>> Dropout(0.5, rng=Random(1)).forward([[1.0, 1.0, 1.0, 1.0]], training=True)
    [[0.0, 2.0, 2.0, 0.0]]

    :raises ArgumentError: where rate is not at least 0 and below 1.
    """

    mask: Any = None

    def __init__(self, rate: Number, *, name: str | None = None, rng: Random | None = None) -> None:
        self.rate = require_number("Dropout", "rate", rate, at_least=0, below=1)
        self.name = name
        self.rng = rng

    def build(self, fan_in: int, *, rng: Random) -> int:
        self.rng = self.rng or rng
        return super().build(fan_in, rng=rng)

    def draw_mask(self, count: int, width: int) -> list[list[Number]]:
        """The factors for a batch of `count` rows, row by row."""
        self.rng = self.rng or Random()
        kept, draw = 1 / (1 - self.rate), self.rng.random
        return [[kept if draw() >= self.rate else 0 for _ in range(width)] for _ in range(count)]

    def forward(self, x: Rows, *, training: bool = False) -> Rows:
        """x · mask while training, x otherwise."""
        self.check_x(x)
        self.x = x
        self.mask = self.draw_mask(len(x), len(x[0])) if training and self.rate else None
        self.out = x if self.mask is None else per_number(_product, x, self.mask)
        return self.out  # type: ignore[no-any-return]

    def backward(self, dout: Rows) -> Rows:
        """dout · mask.

        :raises OrderError: before forward.
        """
        self.check_dout(dout)
        self.dout = dout
        self.dx = dout if self.mask is None else per_number(_product, dout, self.mask)
        return self.dx  # type: ignore[no-any-return]

    def forget_batch(self) -> None:
        super().forget_batch()
        self.mask = None

    @property
    def random_states(self) -> tuple[Any, ...]:
        return () if self.rng is None else (self.rng.getstate(),)

    def restore_random(self, states: tuple[Any, ...]) -> None:
        if self.rng is not None and states:
            self.rng.setstate(states[0])

    def config(self) -> dict[str, Any]:
        return {"rate": self.rate}


def _product(value: Number, factor: Number) -> Number:
    return value * factor
