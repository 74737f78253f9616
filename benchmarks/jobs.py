"""The training jobs that layerkit and its peers are given: data, first weights, and how to train.

Every job is a network of two dense layers. All who take part begin with the same weights, see the same rows in the
same order (no shuffling), compute in double precision, and keep the mean loss of every epoch, as `fit` does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from random import Random
from typing import Any

from layerkit import SGD, Adam, Dense, Sequential
from layerkit.data import load_digits, load_iris, one_hot
from layerkit.training import choice

EPSILON = 1e-12
"""For Adam. So small that it does not matter where a framework adds it (PyTorch: elsewhere than Keras)."""


@dataclass(frozen=True)
class Job:
    """Train fan_in-hidden-units on rows x and targets y, `epochs` times over."""

    name: str
    x: list[list[float]]
    y: list[list[float]]
    hidden: int
    epochs: int
    batch_size: int
    weights: Any  # (weight, bias) of both layers; weight (units, fan_in)
    out: str = "sigmoid"  # linear, sigmoid: half squared error; softmax: categorical cross-entropy
    hidden_activation: Any = "sigmoid"  # the peers know only this one
    adam: bool = False  # else SGD
    rate: float = 0.1

    @property
    def widths(self) -> tuple[int, int, int]:
        return len(self.x[0]), self.hidden, len(self.y[0])

    @property
    def batches(self) -> list[tuple[list[list[float]], list[list[float]]]]:
        starts = range(0, len(self.x), self.batch_size)
        return [(self.x[s : s + self.batch_size], self.y[s : s + self.batch_size]) for s in starts]

    @property
    def rows_seen(self) -> int:
        return self.epochs * len(self.x)

    def on_rows(self, count: int) -> Job:
        return replace(self, x=self.x[:count], y=self.y[:count])

    def with_epochs(self, epochs: int) -> Job:
        return replace(self, epochs=epochs)


@dataclass
class Peer:
    """One who does a job: `run()` does all of it from the first weights on, and returns the loss of each epoch."""

    name: str
    job: Job
    run: Callable[[], list[float]]


# -- layerkit ---------------------------------------------------------------------------------------------------------


def model_for(job: Job, *, eagerly: bool = False) -> Sequential:
    """The job's network in layerkit, compiled."""
    (w1, b1), (w2, b2) = job.weights
    out = None if job.out == "linear" else job.out
    model = Sequential(
        [Dense(job.hidden, job.hidden_activation, weight=w1, bias=b1), Dense(len(w2), out, weight=w2, bias=b2)], seed=0
    )
    optimizer = Adam(job.rate, epsilon=EPSILON) if job.adam else SGD(job.rate)
    loss = "categorical_crossentropy" if job.out == "softmax" else "half_squared_error"
    model.compile(optimizer, loss, run_eagerly=eagerly)
    return model


def layerkit_peer(job: Job, *, eagerly: bool = False, name: str = "layerkit") -> Peer:
    """`fit`, of one model again and again: all but the first run are second fits."""
    model = model_for(job, eagerly=eagerly)
    start = model.snapshot()

    def run() -> list[float]:
        model.restore(start)
        history = model.fit(job.x, job.y, job.epochs, job.batch_size, shuffle=False, verbose=0)
        return history.history["loss"]

    return Peer(name, job, run)


def trains_unrolled(job: Job) -> bool:
    """Whether `fit` ran the unrolled program: then no layer object saw the batch."""
    model = model_for(job)
    model.fit(job.x, job.y, job.epochs, job.batch_size, shuffle=False, verbose=0)
    return model.layers[-1].out is None


def unrolled_peer(job: Job) -> Peer:
    """`fit` made to train through the unrolled program, however large the network is."""
    peer = layerkit_peer(job, name="unrolled")

    def run() -> list[float]:
        limits = dict(choice.LIMITS)
        choice.LIMITS.update(dict.fromkeys(limits, (10**9, 10**9)))
        try:
            return peer.run()
        finally:
            choice.LIMITS.update(limits)

    return Peer(peer.name, job, run)


# -- the jobs ---------------------------------------------------------------------------------------------------------


def draw_weights(widths: tuple[int, int, int], seed: int = 1) -> Any:
    """Glorot-uniform weights, and small biases that are not zero."""
    rng = Random(seed)

    def layer(fan_in: int, units: int) -> Any:
        limit = (6 / (fan_in + units)) ** 0.5
        weight = [[rng.uniform(-limit, limit) for _ in range(fan_in)] for _ in range(units)]
        return weight, [rng.uniform(-0.1, 0.1) for _ in range(units)]

    return layer(*widths[:2]), layer(*widths[1:])


def lesson_job(epochs: int = 10_000) -> Job:
    """The worked 2-2-2 example of the lessons, with one bias for each unit, trained."""
    weights = ([[0.15, 0.20], [0.25, 0.30]], [0.35, 0.35]), ([[0.40, 0.45], [0.50, 0.55]], [0.60, 0.60])
    return Job("2-2-2, one example", [[0.05, 0.10]], [[0.01, 0.99]], 2, epochs, 1, weights, rate=0.5)


@lru_cache
def _iris() -> Any:
    x, labels = load_iris()
    return _shuffled([[(value - 3.5) / 2 for value in row] for row in x], labels)


@lru_cache
def _digits() -> Any:
    x, labels = load_digits()
    return _shuffled([[value / 16 for value in row] for row in x], labels)


def _shuffled(x: Any, labels: Any) -> Any:
    pairs = list(zip(x, one_hot(labels)))
    Random(0).shuffle(pairs)
    return [row for row, _ in pairs], [[float(t) for t in target] for _, target in pairs]


def iris_job(batch_size: int, epochs: int, **changes: Any) -> Job:
    """4-8-3 on all 150 rows."""
    x, y = _iris()
    job = Job(f"iris 4-8-3, batch {batch_size}", x, y, 8, epochs, batch_size, draw_weights((4, 8, 3)))
    return replace(job, **changes)


def digits_job(batch_size: int, epochs: int, rows: int) -> Job:
    """64-32-10 on the first rows."""
    x, y = _digits()
    weights = draw_weights((64, 32, 10))
    return Job(f"digits 64-32-10, batch {batch_size}", x[:rows], y[:rows], 32, epochs, batch_size, weights)


def image_job(rows: int, epochs: int, batch_size: int, **changes: Any) -> Job:
    """784-32-10 on random numbers: how long it takes does not depend on what they are."""
    rng = Random(2)
    x = [[rng.random() for _ in range(784)] for _ in range(rows)]
    y = [[float(k == n % 10) for k in range(10)] for n in range(rows)]
    weights = draw_weights((784, 32, 10))
    return Job(f"784-32-10, batch {batch_size}", x, y, 32, epochs, batch_size, weights, **changes)
