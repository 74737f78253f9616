"""Class labels as indices and as one-hot rows."""

from __future__ import annotations

from collections.abc import Sequence
from operator import index as as_index
from typing import Any

from layerkit.data.cells import is_missing, parse_number
from layerkit.data.checking import as_list, shown
from layerkit.errors import ArgumentError, ArgumentTypeError, DataError, unknown_name


def class_names(labels: Any) -> list[Any]:
    """The distinct labels, sorted: by number where every one is a number, otherwise by text.

    >>> class_names(["virginica", "setosa", "virginica"])
    ['setosa', 'virginica']
    >>> class_names(["10", "9", "10"])
    ['9', '10']

    :raises DataError: where a label is missing, or some labels are text and others not.
    """
    distinct = set()
    for n, label in enumerate(as_list("class_names", "labels", labels)):
        if isinstance(label, str):
            wrong = is_missing(label)
        else:
            wrong = not hasattr(label, "__float__") or label != label  # only NaN differs from itself
        if wrong:
            raise DataError(
                f"class_names: labels must be text or numbers, label {n} is {shown(label)}. Fix: leave that row out."
            )
        distinct.add(label)
    text = [label for label in distinct if isinstance(label, str)]
    if len(text) not in (0, len(distinct)):
        raise DataError(
            f"class_names: labels must be all text or all numbers, {shown(text[0])} is text and others are not. "
            "Fix: turn all labels into text with str()."
        )
    numbers = {label: parse_number(label) for label in text}
    if None in numbers.values():
        return sorted(distinct)
    return sorted(distinct, key=lambda label: (numbers.get(label, label), label))


class LabelEncoder:
    """Turns class labels into their indices, and back.

    >>> encoder = LabelEncoder(["setosa", "versicolor", "virginica"])
    >>> encoder.encode(["virginica", "setosa"])
    [2, 0]
    >>> encoder.decode([2, 0])
    ['virginica', 'setosa']

    :param classes: the distinct labels in the order of their indices, as class_names gives them.
    :raises ArgumentError: where a label occurs twice, or there is none.
    """

    def __init__(self, classes: Sequence[Any]) -> None:
        self.classes = as_list("LabelEncoder", "classes", classes)
        self._index = {label: k for k, label in enumerate(self.classes)}
        if not self.classes or len(self._index) != len(self.classes):
            raise ArgumentError(
                f"LabelEncoder: classes must be distinct labels, got {shown(self.classes)}. "
                "Fix: pass class_names(labels)."
            )

    def encode(self, labels: Any) -> list[int]:
        """The index of each label.

        :raises UnknownNameError: where a label is not one of the classes.
        """
        labels = as_list("LabelEncoder", "labels", labels)
        try:
            return [self._index[label] for label in labels]
        except (KeyError, TypeError):  # TypeError: a label that is a list
            label = next(label for label in labels if label not in self.classes)
            raise unknown_name("class", label, map(str, self.classes)) from None

    def decode(self, indices: Any) -> list[Any]:
        """The label of each index.

        :raises ArgumentTypeError: where an index is not a whole number.
        :raises ArgumentError: where it is not that of a class.
        """
        return [self.classes[self._checked(index)] for index in as_list("LabelEncoder", "indices", indices)]

    def _checked(self, index: Any) -> int:
        try:
            whole = as_index(index)
        except TypeError:
            raise ArgumentTypeError(
                f"LabelEncoder: an index must be a whole number, not {shown(index)}. Fix: pass int(index)."
            ) from None
        if not 0 <= whole < len(self.classes):
            raise ArgumentError(
                f"LabelEncoder: an index must be from 0 to {len(self.classes) - 1}, not {shown(whole)}. "
                "Fix: pass indices of classes."
            )
        return whole


def one_hot(labels: Any, classes: Sequence[Any] | None = None) -> list[list[int]]:
    """One row for each label: 1 in the column of its class, 0 elsewhere. Shape (n, classes).

    Without ``classes``, they are those that occur: class_names(labels).

    >>> one_hot(["cat", "dog", "cat"])
    [[1, 0], [0, 1], [1, 0]]
    >>> one_hot([2], classes=[0, 1, 2])
    [[0, 0, 1]]

    :raises UnknownNameError: where a label is not one of the classes.
    """
    labels = as_list("one_hot", "labels", labels)
    if not labels and classes is None:
        raise DataError("one_hot: labels must hold at least one label, there is none. Fix: pass labels or classes.")
    encoder = LabelEncoder(class_names(labels) if classes is None else classes)
    columns = range(len(encoder.classes))
    return [[int(column == k) for column in columns] for k in encoder.encode(labels)]
