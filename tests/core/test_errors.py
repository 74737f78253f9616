"""The tree of errors, and the one line that each of them says."""

from __future__ import annotations

import pytest

from layerkit import errors
from layerkit.errors import LayerkitError, UnknownNameError, short, unknown_name

BUILT_IN = {
    "ArgumentError": ValueError,
    "ArgumentTypeError": TypeError,
    "DataError": ValueError,
    "ModelFileError": ValueError,
    "NotDifferentiableError": TypeError,
    "NumericsError": ArithmeticError,
    "OrderError": RuntimeError,
    "PluginError": RuntimeError,
    "RecordingError": RuntimeError,
    "ShapeError": ValueError,
    "UnknownNameError": LookupError,
}


def test_every_error_is_a_layerkit_error_and_the_natural_built_in_one() -> None:
    own = {
        name: found
        for name, found in vars(errors).items()
        if isinstance(found, type) and issubclass(found, LayerkitError) and found is not LayerkitError
    }
    assert sorted(own) == sorted(BUILT_IN)
    for name, found in own.items():
        assert issubclass(found, BUILT_IN[name])
        assert found.__doc__


def test_an_unknown_name_gets_the_nearest_known_name_and_the_sorted_list() -> None:
    error = unknown_name("activation", "sigmod", ["tanh", "sigmoid", "relu"])
    assert isinstance(error, UnknownNameError)
    assert str(error) == "unknown activation 'sigmod'; did you mean 'sigmoid'? Known: relu, sigmoid, tanh."


@pytest.mark.parametrize(
    ("name", "known", "text"),
    [
        ("RELU", ["relu"], "unknown loss 'RELU'; did you mean 'relu'? Known: relu."),
        ("dense", ["Dense"], "unknown loss 'dense'; did you mean 'Dense'? Known: Dense."),
        ("qqqq", ["relu"], "unknown loss 'qqqq'. Known: relu."),
        ("relu", [], "unknown loss 'relu'. Known: none."),
        (None, ["relu"], "unknown loss None. Known: relu."),
        ("a\nb", ["relu"], "unknown loss 'a\\nb'. Known: relu."),
    ],
)
def test_an_unknown_name_is_one_line_whatever_it_is(name: object, known: list[str], text: str) -> None:
    assert str(unknown_name("loss", name, known)) == text


def test_without_difflib_the_list_of_known_names_must_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "difflib", None)
    assert str(unknown_name("loss", "ms", ["mse"])) == "unknown loss 'ms'. Known: mse."


class Table:
    def __repr__(self) -> str:
        return "  a  b\n0 1  2"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ([1, 2], "[1, 2]"),
        ("x" * 50, "'" + "x" * 36 + "..."),
        ("x" * 38, "'" + "x" * 38 + "'"),
        (Table(), "a b 0 1 2"),
        (10**50, "1" + "0" * 36 + "..."),
    ],
)
def test_values_are_shown_on_one_short_line(value: object, text: str) -> None:
    assert short(value) == text


def test_an_int_that_python_does_not_write_out_is_shown_all_the_same() -> None:
    assert short(10**6000) in ("<a huge int>", "1" + "0" * 36 + "...")  # older Pythons do write it out
