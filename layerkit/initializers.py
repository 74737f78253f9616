"""Initializers: how the first weights are drawn.

Glorot and Bengio 2010; He et al. 2015; LeCun et al. 1998. The normal kinds with a fan are cut at two standard
deviations, as in Keras, and scaled so that the variance after the cut is the one in the table.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random
from typing import Any

from layerkit import plugins
from layerkit.arguments import require_number
from layerkit.errors import ArgumentError, ArgumentTypeError, LayerkitError, short
from layerkit.numerics import Number

Draw = Callable[[Random], Number]


class Initializer:
    """A named way to draw the numbers of a weight: `prepare(fan_in, units)` gives the function that draws one.

    >>> from random import Random
    >>> constant(0.5).matrix(2, 3, rng=Random(1))
    [[0.5, 0.5], [0.5, 0.5], [0.5, 0.5]]
    """

    def __init__(self, name: str, prepare: Callable[[int, int], Draw], **parameters: Number) -> None:
        self.name = name
        self.prepare = prepare
        self.parameters = parameters

    def matrix(self, fan_in: int, units: int, *, rng: Random) -> list[list[Number]]:
        """(units, fan_in) numbers."""
        draw = self.prepare(fan_in, units)
        return [[draw(rng) for _ in range(fan_in)] for _ in range(units)]

    def vector(self, fan_in: int, units: int, *, rng: Random) -> list[Number]:
        """(units,) numbers."""
        draw = self.prepare(fan_in, units)
        return [draw(rng) for _ in range(units)]

    def config(self) -> dict[str, Any]:
        """What `get_initializer` makes an equal initializer of."""
        return {"name": self.name, **self.parameters}

    def __reduce__(self) -> Any:
        """Pickled as its name and parameters, since the functions inside have no name."""
        return get_initializer, (self.config(),)

    def __repr__(self) -> str:
        return f"{self.name}({', '.join(f'{name}={value!r}' for name, value in self.parameters.items())})"


def constant(value: Number = 0.0) -> Initializer:
    """Every number is `value`.

    :raises ArgumentTypeError: where it is not a number.
    :raises ArgumentError: where it is not finite.
    """
    require_number("constant", "value", value)
    return Initializer("constant", lambda fan_in, units: lambda rng: value, value=value)


def zeros() -> Initializer:
    """Every number is 0."""
    return Initializer("zeros", lambda fan_in, units: lambda rng: 0.0)


def ones() -> Initializer:
    """Every number is 1."""
    return Initializer("ones", lambda fan_in, units: lambda rng: 1.0)


def uniform(low: float = -0.05, high: float = 0.05) -> Initializer:
    """Evenly between low and high: variance (high − low)² / 12.

    :raises ArgumentTypeError: where low or high is not a number.
    :raises ArgumentError: where high is below low, or one or their distance is not finite.
    """
    require_number("uniform", "low", low)
    require_number("uniform", "high", high, at_least=low)
    require_number("uniform", "high - low", high - low)
    return Initializer("uniform", lambda fan_in, units: lambda rng: rng.uniform(low, high), low=low, high=high)


def normal(mean: float = 0.0, stddev: float = 0.05) -> Initializer:
    """Normal with the given mean and standard deviation.

    :raises ArgumentTypeError: where one of them is not a number.
    :raises ArgumentError: where one is not finite, or stddev is negative.
    """
    require_number("normal", "mean", mean)
    require_number("normal", "stddev", stddev, at_least=0)
    return Initializer("normal", lambda fan_in, units: lambda rng: rng.gauss(mean, stddev), mean=mean, stddev=stddev)


def _named(name: str, prepare: Callable[[int, int], Draw]) -> Callable[[], Initializer]:
    def make() -> Initializer:
        return Initializer(name, prepare)

    make.__name__ = make.__qualname__ = name
    return make


def _uniform_of_variance(name: str, variance: Callable[[int, int], float]) -> Callable[[], Initializer]:
    def prepare(fan_in: int, units: int) -> Draw:
        limit = math.sqrt(3 * variance(fan_in, units))
        return lambda rng: rng.uniform(-limit, limit)

    return _named(name, prepare)


# The standard deviation that is left of a standard normal cut at ±2.
_STDDEV_AFTER_CUT = 0.8796256610342398


def _normal_of_variance(name: str, variance: Callable[[int, int], float]) -> Callable[[], Initializer]:
    def prepare(fan_in: int, units: int) -> Draw:
        stddev = math.sqrt(variance(fan_in, units)) / _STDDEV_AFTER_CUT

        def draw(rng: Random) -> float:
            while True:
                z = rng.gauss(0.0, 1.0)
                if abs(z) <= 2:
                    return z * stddev

        return draw

    return _named(name, prepare)


# Variance of one weight, from the number of its layer's inputs and units.
_VARIANCES: dict[str, Callable[[int, int], float]] = {
    "glorot": lambda fan_in, units: 2 / (fan_in + units),
    "he": lambda fan_in, units: 2 / fan_in,
    "lecun": lambda fan_in, units: 1 / fan_in,
}

glorot_uniform = _uniform_of_variance("glorot_uniform", _VARIANCES["glorot"])
glorot_normal = _normal_of_variance("glorot_normal", _VARIANCES["glorot"])
he_uniform = _uniform_of_variance("he_uniform", _VARIANCES["he"])
he_normal = _normal_of_variance("he_normal", _VARIANCES["he"])
lecun_uniform = _uniform_of_variance("lecun_uniform", _VARIANCES["lecun"])
lecun_normal = _normal_of_variance("lecun_normal", _VARIANCES["lecun"])

BUILT_IN = (
    zeros, ones, constant, uniform, normal,
    glorot_uniform, glorot_normal, he_uniform, he_normal, lecun_uniform, lecun_normal,
)  # fmt: skip


def get_initializer(wanted: Any) -> Initializer:
    """The initializer of that name or configuration; an `Initializer` is returned as it is.

    >>> get_initializer("glorot_uniform")
    glorot_uniform()

    :raises UnknownNameError: where no plugin brings that name.
    :raises ArgumentTypeError: where it is nothing that makes an initializer.
    :raises ArgumentError: where the configuration has a parameter that the initializer does not know.
    """
    if isinstance(wanted, Initializer):
        return wanted
    parameters: dict[str, Any] = {}
    if isinstance(wanted, dict) and isinstance(wanted.get("name"), str):
        parameters = {name: value for name, value in wanted.items() if name != "name"}
        wanted = wanted["name"]
    if isinstance(wanted, str):
        make = plugins.registry.find("initializer", wanted)
    else:
        make = wanted
    try:
        made = make(**parameters) if callable(make) else make
    except TypeError as error:
        if isinstance(error, LayerkitError):
            raise
        raise ArgumentError(f"initializer {wanted!r}: {error}. Fix: give it the parameters it takes.") from error
    if not isinstance(made, Initializer):
        raise ArgumentTypeError(
            f"initializer must be a name or an Initializer, got {short(wanted)}. Fix: 'glorot_uniform'."
        )
    if made is make and parameters and parameters != made.parameters:
        raise ArgumentError(f"{made.name}: it takes no parameters, got {short(parameters)}. Fix: give the name alone.")
    return made
