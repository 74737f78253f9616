"""Elementary functions for any number: float, int, Fraction, Decimal or a recorded value.

A number type that brings a method of its own (``Decimal.exp``, ``Value.exp``) is asked for it; every other number
goes through ``math``. So a layer that calls ``exp(x)`` is written once and runs on all of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

from layerkit.errors import ArgumentTypeError, NumericsError, short

Number = Any  # float, int, Fraction, Decimal or a recorded value: whatever has + - * / and <


def _for_any_number(
    name: str, own_method: str, function: Callable[[float], float], doc: str
) -> Callable[[Number], Number]:
    """``function`` for any number: by the number's own method where it has one, by ``math`` otherwise."""

    def generic(x: Number) -> Number:
        try:
            if type(x) is not float and type(x) is not int:
                own = getattr(x, own_method, None)
                if own is not None:
                    return own()
                if not hasattr(x, "__float__") or hasattr(x, "as_tuple"):  # as_tuple: a Decimal without this function
                    raise ArgumentTypeError(f"{name}: there is no {name} of a {type(x).__name__}. Fix: pass a float.")
            return function(x)
        except (ArithmeticError, ValueError) as error:
            if isinstance(error, NumericsError):
                raise
            limit = _limit(function, x) if isinstance(error, OverflowError) else math.inf
            if is_finite(limit):
                return limit
            too_large = "Overflow" in type(error).__name__  # of a float or a Decimal
        if too_large:
            raise NumericsError(f"{name}: the result for {short(x)} exceeds the largest number. Fix: pass less.")
        raise NumericsError(f"{name}: {short(x)} is outside the function's domain. Fix: see help({name}).")

    generic.__name__ = generic.__qualname__ = name
    generic.__doc__ = doc
    return generic


def _limit(function: Callable[[float], float], x: Number) -> float:
    """What the function tends to for an int or a Fraction beyond the largest float; infinite where x is a float."""
    try:
        float(x)
        return math.inf
    except OverflowError:
        pass
    try:
        return function(math.inf if x > 0 else -math.inf)
    except ValueError:
        return math.nan


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
    """The larger of x and y, NaN where either is; an int beside another type of number becomes that type.

    >>> maximum(-2.5, 0)
    0.0
    """
    if type(x) is float and (type(y) is float or type(y) is int):  # the quick way for what is asked most
        return like(y, x) if x < y or y != y else x
    if hasattr(x, "maximum"):
        return x.maximum(y)
    if hasattr(y, "maximum"):
        return y.maximum(x)
    return like(y, x) if x < y or y != y else like(x, y)


def minimum(x: Number, y: Number) -> Number:
    """The smaller of x and y, NaN where either is; an int beside another type of number becomes that type.

    >>> minimum(2.5, 6)
    2.5
    """
    if hasattr(x, "minimum"):
        return x.minimum(y)
    if hasattr(y, "minimum"):
        return y.minimum(x)
    return like(y, x) if x > y or y != y else like(x, y)


def where(condition: Any, x: Number, y: Number) -> Number:
    """x where the condition holds, otherwise y. Both are computed before, so neither may overflow.

    >>> where(3 > 2, 10.5, 20)
    10.5
    """
    if condition is not True and condition is not False and hasattr(condition, "where"):
        return condition.where(x, y)
    chosen, other = (x, y) if condition else (y, x)
    return like(chosen, other) if type(chosen) is int else chosen


def like(number: Number, model: Number) -> Number:
    """The number; an int as the model's type, where that is a float, Fraction or Decimal, so that / stays exact there.

    >>> like(1, 2.5), like(1, 2), like(0.5, 2)
    (1.0, 1, 0.5)
    """
    kind = type(model)
    if type(number) is not int or kind is int or kind is bool:
        return number
    try:
        return kind(number) if kind is float or hasattr(kind, "as_integer_ratio") else number
    except OverflowError:
        raise NumericsError(f"{short(number)} exceeds the largest float. Fix: pass less, or no float.") from None


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
    """1 / (1 + e⁻ˣ). Below −700, where e⁻ˣ nears the largest float, it is eˣ: the two differ by less than 1e-304 of it.

    >>> sigmoid(0.0), sigmoid(-800.0), sigmoid(800.0)
    (0.5, 0.0, 1.0)
    """
    if type(x) is float:  # the same for floats alone, in half the time
        return 1.0 / (1.0 + math.exp(-x)) if x > -700 else math.exp(x)
    usual = x > -700
    return where(usual, 1 / (1 + exp(where(usual, -x, 0))), exp(where(usual, 0, x)))


def softmax(logits: Sequence[Number]) -> list[Number]:
    """exp(xₖ) / Σⱼ exp(xⱼ), after the largest logit is taken from all, so that nothing overflows.

    Taking it away rounds: the relative error is a few, and at most |xₖ − max x| more, times 2⁻⁵³.

    >>> softmax([0.0, 0.0])
    [0.5, 0.5]
    """
    largest = reduce(maximum, logits)
    powers = [exp(x - largest) for x in logits]
    total = sum(powers)
    return [power / total for power in powers]


def _largest_and_rest(logits: Sequence[Number]) -> tuple[Number, Number]:
    """max x, and log(Σ exp(x)) − max x as log1p of all terms but the largest: exact even where it is 1e-300.

    expm1 is 0 for the largest logits; it stands there for its derivative, where several are the largest.
    """
    largest = reduce(maximum, logits)
    smaller = sum(where(x < largest, exp(x - largest), expm1(x - largest)) for x in logits)
    ties = sum(where(x < largest, 0, 1) for x in logits) - 1
    return largest, log1p(smaller + ties)


def logsumexp(logits: Sequence[Number]) -> Number:
    """log Σⱼ exp(xⱼ).

    >>> logsumexp([1000.0, 1000.0])
    1000.693147180...
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
