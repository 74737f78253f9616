"""Where the unrolled program stops being faster than the layers: the limits in layerkit/training/choice.py.

For networks of growing size, one hidden sigmoid layer and softmax cross-entropy with SGD, this trains the same rows
object by object and unrolled, in turn, and prints the time of both for one example (median of the rounds) and their
ratio. The limit for this interpreter is the number of parameters up to which the ratio stays below 1.

    python benchmarks/thresholds.py [--rounds 5]
"""

from __future__ import annotations

import argparse
import platform
import random
import statistics
import time

from layerkit import SGD, Dense, Sequential
from layerkit.tables import text_table
from layerkit.training import choice

SHAPES = [
    (2, 2, 2), (4, 8, 3), (8, 16, 4), (16, 16, 4), (16, 24, 8), (24, 24, 8), (32, 32, 8), (64, 24, 10), (64, 32, 10),
]  # fmt: skip
LARGER = [(64, 48, 10), (64, 64, 10), (96, 64, 10), (128, 64, 10)]
ROWS = 96


def network(shape: tuple[int, int, int], eager: bool) -> Sequential:
    fan_in, hidden, units = shape
    model = Sequential([Dense(hidden, "sigmoid", fan_in=fan_in), Dense(units, "softmax")], seed=1)
    model.compile(SGD(0.05), "categorical_crossentropy", run_eagerly=eager)
    return model


def data(shape: tuple[int, int, int]) -> tuple[list[list[float]], list[list[int]]]:
    rng = random.Random(1)
    x = [[rng.gauss(0, 1) for _ in range(shape[0])] for _ in range(ROWS)]
    return x, [[int(k == n % shape[2]) for k in range(shape[2])] for n in range(ROWS)]


def seconds_per_example(model: Sequential, x: list, y: list, batch_size: int, epochs: int) -> float:
    began = time.perf_counter()
    model.fit(x, y, epochs=epochs, batch_size=batch_size, verbose=0)
    return (time.perf_counter() - began) / (epochs * len(x))


def measure(shape: tuple[int, int, int], batch_size: int, rounds: int) -> list:
    x, y = data(shape)
    eager, unrolled = network(shape, True), network(shape, False)
    first = time.perf_counter()
    unrolled.fit(x, y, batch_size=batch_size, verbose=0)
    first = time.perf_counter() - first
    epochs = max(1, round(0.05 / (ROWS * max(seconds_per_example(eager, x, y, batch_size, 1), 1e-7))))
    for model in (eager, unrolled):  # a compiler that works at run time gets its chance
        seconds_per_example(model, x, y, batch_size, epochs * (20 if platform.python_implementation() == "PyPy" else 1))
    times = []
    for _ in range(rounds):
        times.append([seconds_per_example(model, x, y, batch_size, epochs) for model in (eager, unrolled)])
    slow, fast = (statistics.median(column) * 1e6 for column in zip(*times))
    ratio = statistics.median(b / a for a, b in times)
    count = sum(map(len, unrolled.parameters))
    return ["-".join(map(str, shape)), count, batch_size, slow, fast, ratio, first * 1e3]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--larger", action="store_true", help="networks beyond 64-32-10 too")
    arguments = parser.parse_args()
    unlimited = dict.fromkeys(choice.LIMITS, (10 ** 9, 10 ** 9))
    choice.LIMITS.update(unlimited)
    print(platform.python_implementation(), platform.python_version())
    rows = [
        measure(shape, batch_size, arguments.rounds)
        for batch_size in (1, 32)
        for shape in SHAPES + (LARGER if arguments.larger else [])
    ]
    headers = ["network", "parameters", "batch", "layers, µs", "unrolled, µs", "unrolled/layers", "first fit, ms"]
    print(text_table(rows, headers, float_format=".3g"))


if __name__ == "__main__":
    main()
