"""Checks of single arguments."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from layerkit import Graph
from layerkit.arguments import is_number, require_number, require_whole
from layerkit.errors import ArgumentError, ArgumentTypeError


class Whole:
    """Like numpy.int64: no int, but __index__."""

    def __init__(self, value: int) -> None:
        self.value = value

    def __index__(self) -> int:
        return self.value


class Array:
    """Like numpy.ndarray: arithmetic, __float__ and a length."""

    def __mul__(self, other: Any) -> Array:
        return self

    __sub__ = __mul__

    def __float__(self) -> float:
        return 1.0

    def __len__(self) -> int:
        return 2

    def __index__(self) -> int:
        return 1


class Duration:
    """Like datetime.timedelta: arithmetic, but not a number."""

    def __mul__(self, other: Any) -> Duration:
        return self

    __sub__ = __mul__


NUMBERS = [3, -2.5, Fraction(1, 3), Decimal("0.1"), 10**400, math.nan, Graph().input("x", 1)]
NO_NUMBERS: list[Any] = [True, "3", b"3", None, [3], (3,), {3}, {3: 3}, 1j, Array(), Duration(), print]


@pytest.mark.parametrize("value", NUMBERS, ids=repr)
def test_any_kind_of_real_number_is_a_number(value: Any) -> None:
    assert is_number(value)


@pytest.mark.parametrize("value", NO_NUMBERS, ids=lambda value: type(value).__name__)
def test_nothing_else_is(value: Any) -> None:
    assert not is_number(value)
    with pytest.raises(ArgumentTypeError, match=r"^SGD: momentum must be a number, got .*Fix: pass a number"):
        require_number("SGD", "momentum", value)


@pytest.mark.parametrize("value", NUMBERS[:5], ids=repr)
def test_a_number_within_its_bounds_is_returned_as_it_is(value: Any) -> None:
    assert require_number("SGD", "rate", value) is value
    assert require_number("SGD", "rate", value, above=-3, at_least=-2.5, below=10**401) is value


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity")])
def test_a_number_that_is_not_finite_is_refused(value: Any) -> None:
    with pytest.raises(ArgumentError, match=r"^SGD: rate must be finite, got .*Fix: pass a finite number"):
        require_number("SGD", "rate", value)


@pytest.mark.parametrize(
    ("value", "bounds", "text"),
    [
        (0, {"above": 0}, "> 0, got 0. Fix: pass a number > 0."),
        (-1e-9, {"at_least": 0}, ">= 0, got -1e-09. Fix: pass a number >= 0."),
        (1.0, {"at_least": 0, "below": 1}, "< 1, got 1.0. Fix: pass a number < 1."),
        (Fraction(-1, 3), {"at_least": 0}, ">= 0, got Fraction(-1, 3). Fix: pass a number >= 0."),
    ],
)
def test_a_number_out_of_bounds_is_refused_with_the_bound(value: Any, bounds: Any, text: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        require_number("SGD", "rate", value, **bounds)
    assert str(caught.value) == f"SGD: rate must be {text}"


def test_the_bounds_themselves_are_allowed_only_where_they_are_said_to_be() -> None:
    assert require_number("SGD", "rate", 0, at_least=0) == 0
    for bounds in ({"above": 1}, {"below": 1}):
        with pytest.raises(ArgumentError):
            require_number("SGD", "rate", 1, **bounds)


def test_whole_numbers_of_any_library_become_ints() -> None:
    assert require_whole("Dense", "units", 3) == 3
    units = require_whole("Dense", "units", Whole(3))
    assert (units, type(units)) == (3, int)
    assert require_whole("fit", "patience", 0, at_least=0) == 0


@pytest.mark.parametrize("value", [2.0, True, "2", None, [2], Fraction(2), Array()], ids=lambda v: type(v).__name__)
def test_what_is_no_whole_number_is_refused(value: Any) -> None:
    with pytest.raises(ArgumentTypeError, match=r"^Dense: units must be a whole number, got .*Fix: pass an int"):
        require_whole("Dense", "units", value)


def test_too_small_a_whole_number_is_refused() -> None:
    with pytest.raises(ArgumentError) as caught:
        require_whole("fit", "epochs", 0)
    assert str(caught.value) == "fit: epochs must be at least 1, got 0. Fix: pass 1 or more."
    with pytest.raises(ArgumentError):
        require_whole("fit", "epochs", -(10**5000))
