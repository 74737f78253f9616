"""Class labels, their indices and one-hot rows."""

from __future__ import annotations

from typing import Any

import pytest

from layerkit.data import LabelEncoder, class_names, one_hot
from layerkit.errors import ArgumentError, ArgumentTypeError, DataError, ShapeError, UnknownNameError


class ArrayLike:
    """Stands for a numpy array."""

    def __init__(self, values: list[Any]) -> None:
        self.values = values

    def tolist(self) -> list[Any]:
        return self.values


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (["b", "a", "b"], ["a", "b"]),
        (["10", "9", "1"], ["1", "9", "10"]),
        (["10", "9", "x"], ["10", "9", "x"]),
        ([10, 9, 1, 9], [1, 9, 10]),
        ([2.5, -1], [-1, 2.5]),
        (ArrayLike([1, 0]), [0, 1]),
        (["1.0", "1", "01"], ["01", "1", "1.0"]),
    ],
)
def test_class_names_are_distinct_and_in_order(labels: Any, names: list[Any]) -> None:
    assert class_names(labels) == names


@pytest.mark.parametrize("wrong", [None, "", "NA", float("nan"), [1], b"x"])
def test_a_missing_label_is_named_by_its_index(wrong: Any) -> None:
    with pytest.raises((DataError, TypeError), match="label 1 is"):
        class_names(["1", wrong])


def test_text_and_numbers_are_not_mixed() -> None:
    with pytest.raises(DataError, match="'x' is text and others are not"):
        class_names([1, "x"])


def test_encode_and_decode_are_each_others_inverse() -> None:
    encoder = LabelEncoder(["a", "b", "c"])
    assert encoder.encode(["c", "a", "c"]) == [2, 0, 2]
    assert encoder.decode([2, 0, 2]) == ["c", "a", "c"]


def test_an_unknown_label_comes_with_the_nearest_known() -> None:
    encoder = LabelEncoder(["setosa", "virginica"])
    with pytest.raises(UnknownNameError, match="unknown class 'setossa'; did you mean 'setosa'"):
        encoder.encode(["setosa", "setossa"])
    with pytest.raises(UnknownNameError, match="unknown class 7"):
        LabelEncoder([1, 2]).encode([7])
    with pytest.raises(UnknownNameError, match=r"unknown class \[1\]"):
        LabelEncoder([1, 2]).encode([[1]])


@pytest.mark.parametrize(("wrong", "error"), [(2, ArgumentError), (-1, ArgumentError), (0.5, ArgumentTypeError)])
def test_an_index_of_no_class_is_refused(wrong: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="LabelEncoder: an index must be"):
        LabelEncoder(["a", "b"]).decode([0, wrong])


@pytest.mark.parametrize("classes", [[], ["a", "a"]])
def test_classes_must_be_distinct(classes: list[str]) -> None:
    with pytest.raises(ArgumentError, match="distinct labels"):
        LabelEncoder(classes)


def test_one_hot_rows_have_a_one_in_the_column_of_the_class() -> None:
    assert one_hot(["b", "a", "c"]) == [[0, 1, 0], [1, 0, 0], [0, 0, 1]]
    assert one_hot([1, 3], classes=[3, 2, 1]) == [[0, 0, 1], [1, 0, 0]]
    assert one_hot([], classes=["a"]) == []


def test_one_hot_of_bad_labels_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="unknown class 'x'"):
        one_hot(["x"], classes=["a", "b"])
    with pytest.raises(DataError, match="there is none"):
        one_hot([])
    with pytest.raises(ShapeError, match="labels must be a list, not 'abc'"):
        one_hot("abc")
