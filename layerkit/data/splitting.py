"""Splitting rows into a training and a test part, and into batches."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Hashable, Iterator
from typing import Any

from layerkit.data.checking import as_list, shown
from layerkit.errors import ArgumentError, ArgumentTypeError, DataError, ShapeError


def split(
    rows: Any,
    target: Any,
    *,
    test_fraction: float = 0.2,
    stratify: bool = False,
    seed: int | None = None,
    rng: random.Random | None = None,
) -> tuple[list[Any], list[Any], list[Any], list[Any]]:
    """Shuffle rows and target together and split them: (train_x, train_y, test_x, test_y).

    With ``stratify``, each class of the target has its share in both parts (see split_indices).

    >>> train_x, train_y, test_x, test_y = split([[0], [1], [2], [3], [4]], [0, 10, 20, 30, 40], seed=1)
    >>> len(train_x), len(test_x), test_y == [10 * row[0] for row in test_x]
    (4, 1, True)

    :raises ShapeError: where rows and target differ in length.
    :raises DataError: where there are fewer than two rows.
    :raises ArgumentError: where the fraction is not between 0 and 1, or both ``seed`` and ``rng`` are given.
    """
    rows, target = _same_length("split", rows, target)
    train, test = split_indices(target, test_fraction=test_fraction, stratify=stratify, seed=seed, rng=rng)
    return [rows[n] for n in train], [target[n] for n in train], [rows[n] for n in test], [target[n] for n in test]


def split_indices(
    labels: Any,
    *,
    test_fraction: float = 0.2,
    stratify: bool = False,
    seed: int | None = None,
    rng: random.Random | None = None,
) -> tuple[list[int], list[int]]:
    """Shuffled indices of the training and of the test part: (train, test). Both parts have at least one row.

    The test part has test_fraction · n rows, rounded. With ``stratify``, the test part has of each class a number of
    rows within one of test_fraction · (rows of the class); a class of two or more rows is on both sides, and a class of
    one row is in the training part. The shuffle has a generator of its own: random.Random(seed), or ``rng``.

    >>> train, test = split_indices(["a", "b"] * 5, stratify=True, seed=0)
    >>> sorted(train + test) == list(range(10)), sorted(n % 2 for n in test)
    (True, [0, 1])

    :raises DataError: where there are fewer than two rows, or, stratified, no class has two.
    :raises ArgumentError: where the fraction is not between 0 and 1, or both ``seed`` and ``rng`` are given.
    """
    labels = as_list("split", "labels", labels)
    if not isinstance(test_fraction, (int, float)) or not 0 < test_fraction < 1:
        raise ArgumentError(
            f"split: test_fraction must be between 0 and 1, not {shown(test_fraction)}. Fix: pass 0.2 for 20 %."
        )
    if seed is not None and rng is not None:
        raise ArgumentError("split: seed and rng cannot both be given. Fix: pass one of them.")
    if len(labels) < 2:
        raise DataError(f"split: it needs at least 2 rows, there are {len(labels)}. Fix: pass more rows.")
    classes = [_hashable(label) for label in labels] if stratify else [None] * len(labels)
    left = _test_counts(Counter(classes), test_fraction)
    order = list(range(len(labels)))
    _generator(seed, rng).shuffle(order)
    train, test = [], []
    for n in order:  # the first of each class are for the test part, until it has as many as it needs
        if left[classes[n]]:
            left[classes[n]] -= 1
            test.append(n)
        else:
            train.append(n)
    return train, test


def batches(
    rows: Any, target: Any, batch_size: int, *, rng: random.Random | None = None
) -> Iterator[tuple[list[Any], list[Any]]]:
    """Batches (x, y) of batch_size rows, in order or shuffled by ``rng``; the last batch may be smaller.

    >>> list(batches([[1], [2], [3]], ["a", "b", "c"], 2))
    [([[1], [2]], ['a', 'b']), ([[3]], ['c'])]

    :raises ShapeError: where rows and target differ in length.
    :raises ArgumentError: where batch_size is below 1.
    :raises ArgumentTypeError: where batch_size is not a whole number.
    """
    if not isinstance(batch_size, int) or isinstance(batch_size, bool):
        raise ArgumentTypeError(
            f"batches: batch_size must be a whole number, not {shown(batch_size)}. Fix: pass an int such as 32."
        )
    if batch_size < 1:
        raise ArgumentError(f"batches: batch_size must be at least 1, not {batch_size}. Fix: pass 1 or more.")
    rows, target = _same_length("batches", rows, target)
    order = list(range(len(rows)))
    if rng is not None:
        rng.shuffle(order)
    parts = (order[start : start + batch_size] for start in range(0, len(order), batch_size))
    return (([rows[n] for n in part], [target[n] for n in part]) for part in parts)


def _same_length(who: str, rows: Any, target: Any) -> tuple[list[Any], list[Any]]:
    rows, target = as_list(who, "rows", rows), as_list(who, "target", target)
    if len(rows) != len(target):
        raise ShapeError(
            f"{who}: target must have one value for each of the {len(rows)} rows, it has {len(target)}. "
            "Fix: pass rows and target of one length."
        )
    return rows, target


def _generator(seed: int | None, rng: random.Random | None) -> random.Random:
    if rng is not None and not hasattr(rng, "shuffle"):
        raise ArgumentTypeError(f"split: rng must be a random.Random, not {shown(rng)}. Fix: pass random.Random(1).")
    if seed is not None and not isinstance(seed, (int, str)):
        raise ArgumentTypeError(f"split: seed must be a whole number, not {shown(seed)}. Fix: pass an int such as 1.")
    return random.Random(seed) if rng is None else rng


def _hashable(label: Any) -> Hashable:
    """The label as a key: a one-hot row counts as the tuple of its numbers."""
    key = tuple(label) if isinstance(label, list) else label
    try:
        hash(key)
    except TypeError:
        raise DataError(
            f"split: stratify needs labels that can be compared, {shown(label)} cannot. Fix: pass text or numbers."
        ) from None
    return key


def _test_counts(counts: Counter[Any], fraction: float) -> dict[Any, int]:
    """How many rows of each class go to the test part: shares rounded down, the rest to the largest remainders."""
    shares = {label: count * fraction for label, count in counts.items()}
    most = {label: count - 1 for label, count in counts.items()}  # at least one row of each class stays for training
    quota = {label: min(max(1, math.floor(shares[label])), most[label]) for label in counts}
    wanted = math.floor(sum(counts.values()) * fraction + 0.5)
    lacking = wanted - sum(quota.values())
    for label in sorted(counts, key=lambda label: quota[label] - shares[label]):  # stable: ties in order of appearance
        if lacking > 0 and quota[label] < min(shares[label], most[label]):
            quota[label] += 1
            lacking -= 1
    if not any(quota.values()):
        raise DataError("split: stratify needs a class with two or more rows, there is none. Fix: split without it.")
    return quota
