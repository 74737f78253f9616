"""A parameter keeps its shape and holds finite numbers, whoever sets it."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from layerkit import ArgumentTypeError, DataError, Dense, Dropout, Parameter, Sequential, ShapeError

BAD_VALUES = [
    ([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], ShapeError, "must be of shape (2, 2), got (2, 3)"),
    ([[1.0], [2.0]], ShapeError, "got (2, 1)"),
    ([1.0, 2.0], ShapeError, "got (2, 1)"),
    ([[1.0, float("nan")], [0.0, 0.0]], DataError, "finite"),
    ([["a", 1.0], [0.0, 0.0]], DataError, "not a number"),
    ("ab", ArgumentTypeError, "list of rows"),
    (5, ArgumentTypeError, "list of rows"),
]


@pytest.mark.parametrize(("value", "error", "text"), BAD_VALUES)
def test_a_weight_refuses_another_shape_or_kind_and_keeps_its_own(value: Any, error: type, text: str) -> None:
    dense = Dense(2, weight=[[1.0, 2.0], [3.0, 4.0]])
    with pytest.raises(error) as caught:
        dense.weight.value = value
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)
    assert dense.weight.value == [[1.0, 2.0], [3.0, 4.0]]


def test_a_new_value_of_the_same_shape_is_taken_and_copied() -> None:
    dense, mine = Dense(1, weight=[[1.0, 2.0]], bias=[0.5]), [[Fraction(1, 3), 5]]
    dense.weight.value = mine
    dense.bias.value = (2.5,)
    mine[0][0] = Fraction(9)
    assert dense.weight.value == [[Fraction(1, 3), 5]]
    assert dense.bias.value == [2.5]


def test_a_parameter_that_is_no_list_is_refused() -> None:
    with pytest.raises(ArgumentTypeError):
        Parameter("s", 5)


def test_trainable_of_a_layer_and_of_a_model_sets_that_of_every_parameter() -> None:
    model = Sequential([Dense(2, fan_in=1), Dropout(0.5), Dense(1)], seed=1)
    model.layers[0].trainable = False
    assert [p.trainable for p in model.parameters] == [False, False, True, True]
    assert not model.layers[0].trainable
    model.trainable = False
    assert not any(p.trainable for p in model.parameters)
    model.trainable = True
    assert all(p.trainable for p in model.parameters)


def test_a_layer_frozen_before_it_is_built_stays_frozen_and_keeps_its_weights_in_fit() -> None:
    frozen = Dense(2)
    frozen.trainable = False
    model = Sequential([frozen, Dense(1)], seed=1)
    model.compile("sgd", "mse")
    model.fit([[1.0], [2.0]], [1.0, 2.0])
    before = [p.value for p in model.parameters]
    model.fit([[1.0], [2.0]], [1.0, 2.0], epochs=5)
    after = [p.value for p in model.parameters]
    assert after[:2] == before[:2]
    assert after[2] != before[2]


@pytest.mark.parametrize("setting", ["no", 0, None])
def test_trainable_is_true_or_false(setting: Any) -> None:
    dense = Dense(1, fan_in=1)
    for owner in (dense.bias, dense, Dropout(0.5)):
        with pytest.raises(ArgumentTypeError, match="trainable must be True or False"):
            owner.trainable = setting
    assert dense.bias.trainable
