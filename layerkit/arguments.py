"""Checks of single arguments: a number, a whole number, a rate, each with one line that says what is wrong."""

from __future__ import annotations

from typing import Any

from layerkit.errors import ArgumentError, ArgumentTypeError
from layerkit.numerics import Number, is_finite


def is_number(value: Any) -> bool:
    """Whether the value can stand where a number is wanted: any type with arithmetic, but no bool, text or complex.

    >>> is_number(3), is_number(True), is_number("3"), is_number([3])
    (True, False, False, False)
    """
    if isinstance(value, (float, int)):
        return not isinstance(value, bool)
    return hasattr(value, "__mul__") and hasattr(value, "__sub__") and not isinstance(value, (str, bytes, complex))


def require_number(
    who: str, name: str, value: Any, *, above: Number = None, at_least: Number = None, below: Number = None
) -> Number:
    """The value, if it is a finite number within the bounds.

    :raises ArgumentTypeError: where it is not a number.
    :raises ArgumentError: where it is not finite or out of bounds.
    """
    if not is_number(value):
        raise ArgumentTypeError(f"{who}: {name} must be a number, got {value!r}. Fix: pass a number.")
    if not is_finite(value):
        raise ArgumentError(f"{who}: {name} must be finite, got {value!r}. Fix: pass a finite number.")
    for wrong, bound in (
        (above is not None and not value > above, f"> {above}"),
        (at_least is not None and not value >= at_least, f">= {at_least}"),
        (below is not None and not value < below, f"< {below}"),
    ):
        if wrong:
            raise ArgumentError(f"{who}: {name} must be {bound}, got {value!r}. Fix: pass a number {bound}.")
    return value


def require_whole(who: str, name: str, value: Any, *, at_least: int = 1) -> int:
    """The value, if it is an int of at least that size.

    :raises ArgumentTypeError: where it is not an int (True is none either).
    :raises ArgumentError: where it is too small.
    """
    if not isinstance(value, int) or isinstance(value, bool):
        raise ArgumentTypeError(f"{who}: {name} must be a whole number, got {value!r}. Fix: pass an int.")
    if value < at_least:
        raise ArgumentError(f"{who}: {name} must be at least {at_least}, got {value}. Fix: pass {at_least} or more.")
    return value
