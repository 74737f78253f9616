"""Dropout: what is left out, how often, and by whose random numbers."""

from __future__ import annotations

import random
from fractions import Fraction
from random import Random
from typing import Any

import pytest

from layerkit import SGD, ArgumentError, ArgumentTypeError, Dense, Dropout, Sequential


def test_while_training_each_number_is_left_out_or_scaled_up() -> None:
    layer = Dropout(0.25, rng=Random(1))
    out = layer.forward([[3.0] * 50], training=True)
    assert set(out[0]) == {0.0, 4.0}
    assert out[0] == [3.0 * factor for factor in layer.mask[0]]


def test_otherwise_everything_passes_as_it_is() -> None:
    layer = Dropout(0.9, rng=Random(1))
    assert layer.forward([[1.0, 2.0]]) == [[1.0, 2.0]]
    assert layer.backward([[5.0, 6.0]]) == [[5.0, 6.0]]
    assert layer.mask is None


def test_backward_uses_the_mask_of_the_batch_just_seen() -> None:
    layer = Dropout(0.5, rng=Random(7))
    layer.forward([[1.0] * 8], training=True)
    mask = layer.mask
    assert layer.backward([[10.0] * 8]) == [[10.0 * factor for factor in mask[0]]]
    assert 0.0 in layer.dx[0]
    assert 20.0 in layer.dx[0]


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.8])
def test_the_share_left_out_is_the_rate_and_the_mean_stays(rate: float) -> None:
    count = 40_000
    layer = Dropout(rate, rng=Random(11))
    row = layer.forward([[1.0] * count], training=True)[0]
    # The standard deviation of a share is √(p (1 − p) / n), at most .0025; of the mean √(p / (1 − p) / n), at most .01.
    assert row.count(0.0) / count == pytest.approx(rate, abs=0.01)
    assert sum(row) / count == pytest.approx(1.0, abs=0.04)


def test_neighbours_are_left_out_independently_of_one_another() -> None:
    layer = Dropout(0.5, rng=Random(5))
    rows = layer.forward([[1.0, 1.0]] * 20_000, training=True)
    assert sum(a == b == 0 for a, b in rows) / len(rows) == pytest.approx(0.25, abs=0.015)


def test_a_mask_of_fractions_is_exact() -> None:
    layer = Dropout(Fraction(1, 3), rng=Random(2))
    row = layer.forward([[Fraction(1)] * 20], training=True)[0]
    assert set(row) == {Fraction(0), Fraction(3, 2)}
    assert all(isinstance(value, Fraction) for value in row)


def test_masks_repeat_with_the_models_seed_and_differ_between_layers() -> None:
    def masks(seed: int) -> list[Any]:
        model = Sequential([Dropout(0.5), Dropout(0.5)], seed=seed)
        model.forward([[1.0] * 30], training=True)
        return [layer.mask for layer in model.layers]  # type: ignore[attr-defined]

    assert masks(3) == masks(3)
    assert masks(3) != masks(4)
    assert masks(3)[0] != masks(3)[1]


def test_masks_do_not_depend_on_shuffling_and_leave_the_global_generator_alone() -> None:
    before = random.getstate()

    def weights(shuffle: bool) -> Any:
        model = Sequential([Dropout(0.5), Dense(1, fan_in=4)], seed=1)
        model.compile(SGD(0.1), "mse", run_eagerly=True)
        # All rows are alike, so only the masks can make a difference.
        model.fit([[1.0] * 4] * 6, [1.0] * 6, epochs=2, batch_size=2, shuffle=shuffle)
        return model.parameters[0].value

    assert weights(True) == weights(False)
    assert random.getstate() == before


@pytest.mark.parametrize("rate", [-0.1, 1, 1.5, float("nan"), float("inf")])
def test_a_rate_outside_zero_to_one_is_refused(rate: float) -> None:
    with pytest.raises(ArgumentError, match="rate"):
        Dropout(rate)


@pytest.mark.parametrize("rate", ["half", None, True])
def test_a_rate_that_is_no_number_is_refused(rate: Any) -> None:
    with pytest.raises(ArgumentTypeError, match="rate"):
        Dropout(rate)
