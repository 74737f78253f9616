"""Elementary functions for any number: float, int, Fraction, Decimal or a recorded value.

A number type that brings a method of its own (``Decimal.exp``, ``Value.exp``) is asked for it; every other number
goes through ``math``. So a layer that calls ``exp(x)`` is written once and runs on all of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

from layerkit.errors import ArgumentTypeError, NumericsError

Number = Any  # float, int, Fraction, Decimal or a recorded value: whatever has + - * / and <


def _for_any_number(
    name: str, own_method: str, function: Callable[[float], float], doc: str
) -> Callable[[Number], Number]:
    """``function`` for any number: by the number's own method where it has one, by ``math`` otherwise."""

    def generic(x: Number) -> Number:
        if type(x) is not float and type(x) is not int:
            own = getattr(x, own_method, None)
            if own is not None:
                return own()
            if not hasattr(x, "__float__") or hasattr(x, "as_tuple"):  # as_tuple: a Decimal without this function
                raise ArgumentTypeError(f"{name}: there is no {name} of a {type(x).__name__}. Fix: pass a float.")
        try:
            return function(x)
        except OverflowError:
            raise NumericsError(f"{name}: the result for {x!r} exceeds the largest float. Fix: pass less.") from None
        except ValueError:
            raise NumericsError(f"{name}: {x!r} is outside the function's domain. Fix: see help({name}).") from None

    generic.__name__ = generic.__qualname__ = name
    generic.__doc__ = doc
    return generic


exp = _for_any_number("exp", "exp", math.exp, "e to the power x.\n\n>>> exp(0)\n1.0\n")
expm1 = _for_any_number(
    "expm1", "expm1", math.expm1, "e to the power x, minus 1, exact near 0.\n\n>>> expm1(1e-20)\n1e-20\n"
)
log = _for_any_number("log", "ln", math.log, "Natural logarithm of x > 0.\n\n>>> log(1)\n0.0\n")
log1p = _for_any_number(
    "log1p", "log1p", math.log1p, "Logarithm of 1 + x for x > −1, exact near 0.\n\n>>> log1p(1e-20)\n1e-20\n"
)
sqrt = _for_any_number("sqrt", "sqrt", math.sqrt, "Square root of x ≥ 0.\n\n>>> sqrt(9)\n3.0\n")
tanh = _for_any_number("tanh", "tanh", math.tanh, "Hyperbolic tangent.\n\n>>> tanh(0)\n0.0\n")
erf = _for_any_number("erf", "erf", math.erf, "Error function 2/√π ∫₀ˣ e^(−t²) dt.\n\n>>> erf(0)\n0.0\n")
erfc = _for_any_number("erfc", "erfc", math.erfc, "1 − erf(x), exact where erf(x) is close to 1.\n\n>>> erfc(0)\n1.0\n")


def maximum(x: Number, y: Number) -> Number:
    """The larger of x and y; a float beside an int stays a float.

    >>> maximum(-2.5, 0)
    0.0
    """
    if hasattr(x, "maximum"):
        return x.maximum(y)
    if hasattr(y, "maximum"):
        return y.maximum(x)
    return _as_float_if_either(x if x >= y else y, x, y)


def minimum(x: Number, y: Number) -> Number:
    """The smaller of x and y; a float beside an int stays a float.

    >>> minimum(2.5, 6)
    2.5
    """
    if hasattr(x, "minimum"):
        return x.minimum(y)
    if hasattr(y, "minimum"):
        return y.minimum(x)
    return _as_float_if_either(x if x <= y else y, x, y)


def where(condition: Any, x: Number, y: Number) -> Number:
    """x where the condition holds, otherwise y. Both are computed before, so neither may overflow.

    >>> where(3 > 2, 10.5, 20)
    10.5
    """
    if hasattr(condition, "where"):
        return condition.where(x, y)
    return _as_float_if_either(x if condition else y, x, y)


def _as_float_if_either(chosen: Number, x: Number, y: Number) -> Number:
    return float(chosen) if type(chosen) is int and (type(x) is float or type(y) is float) else chosen


def is_finite(x: Number) -> bool:
    """Whether x is neither infinite nor NaN.

    >>> is_finite(10 ** 400), is_finite(float("nan"))
    (True, False)
    """
    if type(x) is not float and hasattr(x, "is_finite"):
        return bool(x.is_finite())
    try:
        return math.isfinite(x)
    except OverflowError:  # an int or a Fraction beyond the largest float is still a finite number
        return True


def mean(values: Sequence[Number]) -> Number:
    """Σ values / their count, at least one; finite wherever the true mean is.

    >>> mean([1, 2]), mean([1e308, 1e308])
    (1.5, 1e+308)
    """
    count = len(values)
    if count == 1:
        return values[0]
    total = sum(values) / count
    return total if is_finite(total) else sum(value / count for value in values)


def sigmoid(x: Number) -> Number:
    """1 / (1 + e⁻ˣ), written so that no side overflows: e^(−|x|) is at most 1.

    >>> sigmoid(0.0), sigmoid(-800.0), sigmoid(800.0)
    (0.5, 0.0, 1.0)
    """
    e = exp(-abs(x))
    return where(x >= 0, 1, e) / (1 + e)


def softmax(logits: Sequence[Number]) -> list[Number]:
    """exp(xₖ) / Σⱼ exp(xⱼ), after the largest logit is taken from all, so that nothing overflows.

    >>> softmax([0.0, 0.0])
    [0.5, 0.5]
    """
    largest = reduce(maximum, logits)
    powers = [exp(x - largest) for x in logits]
    total = sum(powers)
    return [power / total for power in powers]


def _largest_and_rest(logits: Sequence[Number]) -> tuple[Number, Number]:
    """max x, and log(Σ exp(x)) − max x as log1p of all terms but the largest: exact even where it is 1e-300."""
    largest = reduce(maximum, logits)
    smaller = sum(where(x < largest, exp(x - largest), 0) for x in logits)
    ties = sum(where(x < largest, 0, 1) for x in logits) - 1
    return largest, log1p(smaller + ties)


def logsumexp(logits: Sequence[Number]) -> Number:
    """log Σⱼ exp(xⱼ).

    >>> logsumexp([1000.0, 1000.0])
    1000.69314718056
    """
    largest, rest = _largest_and_rest(logits)
    return largest + rest


def log_softmax(logits: Sequence[Number]) -> list[Number]:
    """log of softmax: −((max − xₖ) + log1p(rest)), a sum of two terms that cannot cancel.

    >>> log_softmax([40.0, 0.0])[0]
    -4.24835425529...e-18
    """
    largest, rest = _largest_and_rest(logits)
    return [-((largest - x) + rest) for x in logits]
