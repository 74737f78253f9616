"""The arithmetic of scaling one column: measuring it, scaling a value and scaling it back, without overflow."""

from __future__ import annotations

import math
from collections.abc import Sequence

from layerkit.errors import NumericsError


def mean_and_stddev(values: Sequence[float]) -> tuple[float, float]:
    """Mean m = Σ v / n and population standard deviation √(Σ (v − m)² / n) of finite floats.

    Neither overflows nor underflows: the sums run on values divided by a power of two, which is exact.
    The deviation is 0 only where all values are the same.

    >>> mean_and_stddev([2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0])
    (5.0, 2.0)
    >>> mean_and_stddev([1e308, -1e308])
    (0.0, 1e+308)
    """
    low, high = min(values), max(values)
    if low == high:  # the rounded sum of n equal values need not be n times the value
        return low, 0.0
    exponent = math.frexp(max(-low, high))[1]
    scaled = [math.ldexp(value, -exponent) for value in values]
    mean = math.fsum(scaled) / len(scaled)
    deviations = [value - mean for value in scaled]
    rest = math.fsum(deviations) / len(scaled)  # what the rounding of the mean left over
    variance = math.fsum((deviation - rest) ** 2 for deviation in deviations) / len(scaled)
    return math.ldexp(mean, exponent), math.ldexp(math.sqrt(variance), exponent) or math.ulp(0.0)


def standardize(value: float, mean: float, stddev: float) -> float:
    """(value − mean) / stddev; 0 where stddev is 0, since such a column was constant and says nothing.

    >>> standardize(9.0, 5.0, 2.0), standardize(9.0, 5.0, 0.0)
    (2.0, 0.0)

    :raises NumericsError: where the result exceeds the largest float.
    """
    if stddev == 0:
        return 0.0
    out = (value - mean) / stddev
    if not math.isfinite(out):
        out = _finite((value / 2 - mean / 2) / stddev * 2, value)
    return out


def unstandardize(value: float, mean: float, stddev: float) -> float:
    """value · stddev + mean, the inverse of standardize.

    >>> unstandardize(2.0, 5.0, 2.0)
    9.0

    :raises NumericsError: where the result exceeds the largest float.
    """
    out = value * stddev + mean
    if not math.isfinite(out):
        out = _finite((value * (stddev / 2) + mean / 2) * 2, value)
    return out


def to_unit(value: float, minimum: float, maximum: float) -> float:
    """(value − minimum) / (maximum − minimum); 0 where both are the same.

    >>> to_unit(15.0, 10.0, 30.0)
    0.25

    :raises NumericsError: where the result exceeds the largest float.
    """
    if minimum == maximum:
        return 0.0
    span = maximum - minimum
    if not math.isfinite(span):
        return _finite((value / 2 - minimum / 2) / (maximum / 2 - minimum / 2), value)
    out = (value - minimum) / span
    return out if math.isfinite(out) else _finite((value / 2 - minimum / 2) / span * 2, value)


def from_unit(value: float, minimum: float, maximum: float) -> float:
    """minimum + value · (maximum − minimum), the inverse of to_unit.

    >>> from_unit(0.25, 10.0, 30.0)
    15.0

    :raises NumericsError: where the result exceeds the largest float.
    """
    if minimum == maximum:
        return minimum
    if 0 <= value <= 1:  # a weighted mean is exact at 0 and 1, and cannot overflow
        return (1 - value) * minimum + value * maximum
    return _finite((minimum / 2 + value * (maximum / 2 - minimum / 2)) * 2, value)


def _finite(out: float, value: float) -> float:
    if not math.isfinite(out):
        raise NumericsError(
            f"scaling: the scaled value of {value!r} exceeds the largest float. "
            "Fix: pass values of the size that the scaler was fitted on."
        )
    return out
