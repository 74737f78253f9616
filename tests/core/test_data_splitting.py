"""Splitting into a training and a test part, and into batches."""

from __future__ import annotations

import random
from typing import Any

import pytest

from layerkit.data import batches, split, split_indices
from layerkit.errors import ArgumentError, ArgumentTypeError, DataError, ShapeError


def test_rows_keep_their_targets() -> None:
    rows = [[n] for n in range(50)]
    train_x, train_y, test_x, test_y = split(rows, [10 * n for n in range(50)], seed=3)
    assert (len(train_x), len(test_x)) == (40, 10)
    assert train_y == [10 * row[0] for row in train_x]
    assert test_y == [10 * row[0] for row in test_x]
    assert sorted(train_x + test_x) == rows


def test_both_parts_are_shuffled() -> None:
    train, test = split_indices(range(100), seed=0)
    assert train != sorted(train)
    assert test != sorted(test)


def test_the_same_seed_gives_the_same_split_and_leaves_the_global_generator_alone() -> None:
    random.seed(5)
    before = random.getstate()
    first = split_indices(range(30), seed=7)
    assert random.getstate() == before
    assert split_indices(range(30), seed=7) == first
    assert split_indices(range(30), rng=random.Random(7)) == first
    assert split_indices(range(30), seed=8) != first


@pytest.mark.parametrize(
    ("count", "fraction", "in_test"),
    [(10, 0.2, 2), (10, 0.25, 3), (2, 0.2, 1), (2, 0.99, 1), (3, 0.001, 1), (5, 0.999, 4), (100, 0.29, 29)],
)
def test_the_test_part_has_its_share_rounded_and_no_part_is_empty(count: int, fraction: float, in_test: int) -> None:
    train, test = split_indices(range(count), test_fraction=fraction, seed=1)
    assert (len(train), len(test)) == (count - in_test, in_test)


def test_stratified_parts_have_each_class_in_proportion() -> None:
    labels = ["a"] * 50 + ["b"] * 30 + ["c"] * 20
    _, test = split_indices(labels, stratify=True, seed=0)
    assert [sum(labels[n] == name for n in test) for name in "abc"] == [10, 6, 4]


def test_stratified_remainders_go_to_the_largest() -> None:
    # shares of 13, 8 and 4 rows at 0.25: 3.25, 2, 1; of 25 rows 6.25 → 6. At 0.3: 3.9, 2.4, 1.2, in all 7.5 → 8.
    labels = ["a"] * 13 + ["b"] * 8 + ["c"] * 4
    for fraction, counts in [(0.25, [3, 2, 1]), (0.3, [4, 3, 1])]:
        _, test = split_indices(labels, test_fraction=fraction, stratify=True, seed=0)
        assert [sum(labels[n] == name for n in test) for name in "abc"] == counts


def test_a_stratified_test_part_is_as_large_as_an_unstratified_one() -> None:
    labels = list("abcd" * 13)  # shares of 13 at 0.2: 2.6 each, in all 10.4
    train, test = split_indices(labels, stratify=True, seed=0)
    assert (len(train), len(test)) == (42, 10)
    assert sorted(sum(labels[n] == name for n in test) for name in "abcd") == [2, 2, 3, 3]


def test_a_class_of_two_is_on_both_sides_and_a_class_of_one_is_for_training() -> None:
    labels = ["a"] * 20 + ["b"] * 2 + ["c"]
    for fraction in (0.01, 0.2, 0.9):
        train, test = split_indices(labels, test_fraction=fraction, stratify=True, seed=0)
        assert {labels[n] for n in train} == {"a", "b", "c"}
        assert {labels[n] for n in test} == {"a", "b"}


def test_one_hot_rows_can_be_stratified() -> None:
    target = [[1, 0]] * 10 + [[0, 1]] * 10
    _, _, _, test_y = split([[n] for n in range(20)], target, stratify=True, seed=0)
    assert sorted(test_y) == [[0, 1], [0, 1], [1, 0], [1, 0]]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"test_fraction": 0}, ArgumentError, "between 0 and 1, not 0"),
        ({"test_fraction": 1.0}, ArgumentError, "between 0 and 1, not 1.0"),
        ({"test_fraction": 20}, ArgumentError, "between 0 and 1, not 20"),
        ({"test_fraction": float("nan")}, ArgumentError, "not nan"),
        ({"test_fraction": "0.2"}, ArgumentError, "not '0.2'"),
        ({"seed": 1, "rng": random.Random(1)}, ArgumentError, "cannot both be given"),
        ({"seed": [1]}, ArgumentTypeError, "seed must be a whole number"),
        ({"rng": 5}, ArgumentTypeError, r"rng must be a random.Random, not 5"),
        ({"stratify": True}, DataError, "a class with two or more rows, there is none"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(arguments: Any, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        split([[1], [2], [3]], ["a", "b", "c"], **arguments)


def test_rows_and_target_must_be_equally_long() -> None:
    with pytest.raises(ShapeError, match="split: target must have one value for each of the 2 rows, it has 3"):
        split([[1], [2]], [1, 2, 3])
    with pytest.raises(ShapeError, match="batches: target"):
        batches([[1]], [], 1)


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_rows_cannot_be_split(count: int) -> None:
    with pytest.raises(DataError, match=f"at least 2 rows, there are {count}"):
        split([[1]] * count, [1] * count)


def test_labels_that_cannot_be_compared_are_refused() -> None:
    with pytest.raises(DataError, match="stratify needs labels that can be compared"):
        split_indices([{}, {}], stratify=True)


def test_batches_come_in_order_and_the_last_may_be_smaller() -> None:
    assert list(batches([1, 2, 3, 4, 5], ["a", "b", "c", "d", "e"], 2)) == [
        ([1, 2], ["a", "b"]),
        ([3, 4], ["c", "d"]),
        ([5], ["e"]),
    ]
    assert list(batches([], [], 2)) == []


def test_shuffled_batches_keep_rows_and_targets_together() -> None:
    rows = list(range(20))
    parts = list(batches(rows, [-n for n in rows], 6, rng=random.Random(1)))
    assert [len(x) for x, _ in parts] == [6, 6, 6, 2]
    assert all(y == [-n for n in x] for x, y in parts)
    assert sorted(n for x, _ in parts for n in x) == rows
    assert [n for x, _ in parts for n in x] != rows
    assert rows == list(range(20))


@pytest.mark.parametrize(("size", "error"), [(0, ArgumentError), (-1, ArgumentError), (2.0, ArgumentTypeError)])
def test_a_bad_batch_size_is_refused_at_once(size: Any, error: type) -> None:
    with pytest.raises(error, match="batch_size must be"):
        batches([1], [1], size)
