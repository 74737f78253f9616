"""Checks of single arguments: a number, a whole number, a rate, each with one line that says what is wrong."""

from __future__ import annotations

from operator import index
from typing import Any

from layerkit.errors import ArgumentError, ArgumentTypeError, short
from layerkit.numerics import Number, is_finite


def is_number(value: Any) -> bool:
    """Whether the value can stand where a number is wanted: any type of real number, recorded values too; no bool.

    >>> is_number(3), is_number(True), is_number("3"), is_number([3])
    (True, False, False, False)
    """
    if isinstance(value, (float, int)):
        return not isinstance(value, bool)
    real = hasattr(value, "__float__") or hasattr(value, "is_finite")  # a recorded value has no __float__
    arithmetic = hasattr(value, "__mul__") and hasattr(value, "__sub__") and not isinstance(value, complex)
    return real and arithmetic and not hasattr(value, "__len__")  # arrays can do all of that, too


def require_number(
    who: str, name: str, value: Any, *, above: Number = None, at_least: Number = None, below: Number = None
) -> Number:
    """The value, if it is a finite number within the bounds.

    :raises ArgumentTypeError: where it is not a number.
    :raises ArgumentError: where it is not finite or out of bounds.
    """
    if not is_number(value):
        raise ArgumentTypeError(f"{who}: {name} must be a number, got {short(value)}. Fix: pass a number.")
    if not is_finite(value):
        raise ArgumentError(f"{who}: {name} must be finite, got {short(value)}. Fix: pass a finite number.")
    for wrong, bound in (
        (above is not None and not value > above, f"> {above}"),
        (at_least is not None and not value >= at_least, f">= {at_least}"),
        (below is not None and not value < below, f"< {below}"),
    ):
        if wrong:
            raise ArgumentError(f"{who}: {name} must be {bound}, got {short(value)}. Fix: pass a number {bound}.")
    return value


def require_whole(who: str, name: str, value: Any, *, at_least: int = 1) -> int:
    """The value as an int, if it is a whole number (of any library) of at least that size.

    :raises ArgumentTypeError: where it is not a whole number (2.0 and True are none either).
    :raises ArgumentError: where it is too small.
    """
    if not hasattr(value, "__index__") or isinstance(value, bool) or hasattr(value, "__len__"):
        raise ArgumentTypeError(f"{who}: {name} must be a whole number, got {short(value)}. Fix: pass an int.")
    whole = index(value)
    if whole < at_least:
        raise ArgumentError(
            f"{who}: {name} must be at least {at_least}, got {short(whole)}. Fix: pass {at_least} or more."
        )
    return whole
