"""How fast the layer objects train: 784-32-10 at batch size 32, beside a bare sumprod and beside other libraries.

python benchmarks/layers.py [--rounds 9] [--no-peers]
"""

from __future__ import annotations

import argparse
import math
import platform
from itertools import repeat
from operator import mul
from random import Random
from statistics import median
from typing import Any

import peers as others
from jobs import Job, Peer, image_job, layerkit_peer
from tabulate import tabulate
from timing import interleaved, mismatch, seconds, shortened

BAR = 1.6
NETWORKS = {
    "sigmoid, linear; half squared error": {"out": "linear"},
    "sigmoid, sigmoid; half squared error": {"out": "sigmoid"},
    "relu, softmax; cross-entropy": {"out": "softmax", "hidden_activation": "relu"},
}
SUMPRODS = 2_000


def bare_sumprod() -> Any:
    """A function that takes SUMPRODS products of 784 numbers each, in the fastest form that this Python has."""
    dot = getattr(math, "sumprod", lambda x, y: sum(map(mul, x, y)))
    rng = Random(3)
    x, y = ([rng.random() for _ in range(784)] for _ in range(2))

    def run() -> None:
        for _ in repeat(None, SUMPRODS):
            dot(x, y)

    return run


def multiply_adds(job: Job) -> int:
    """Of training on one row: forward and dW of every layer, and dx of all but the first."""
    fan_in, hidden, units = job.widths
    return 2 * fan_in * hidden + 3 * hidden * units


def against_sumprod(rounds: int) -> str:
    """The table of time per multiply-add over time per element of a bare sumprod."""
    bare = bare_sumprod()
    runs = [(name, layerkit_peer(image_job(64, 6, 32, **changes), eagerly=True)) for name, changes in NETWORKS.items()]
    times: dict[str, list[float]] = {name: [] for name, _ in runs}
    base: dict[str, list[float]] = {name: [] for name, _ in runs}
    for peer in [peer for _, peer in runs]:
        peer.run()
    for _ in range(rounds):
        for name, peer in runs:
            before = seconds(bare)
            times[name].append(seconds(peer.run) / peer.job.rows_seen / multiply_adds(peer.job))
            base[name].append((before + seconds(bare)) / 2 / SUMPRODS / 784)
    return tabulate(
        [_sumprod_row(name, times[name], base[name]) for name, _ in runs],
        ["784-32-10, batch 32, object by object", "ns per multiply-add", "ns per element of sumprod", "ratio",
         "bar", "verdict"],
        floatfmt=("", ".2f", ".2f", ".3f"),
    )  # fmt: skip


def _sumprod_row(name: str, times: list[float], base: list[float]) -> list[Any]:
    ratio = median(a / b for a, b in zip(times, base))
    if not hasattr(math, "sumprod"):
        return [name, median(times) * 1e9, median(base) * 1e9, ratio, "none before Python 3.12", ""]
    verdict = "met" if ratio <= BAR else "missed"
    return [name, median(times) * 1e9, median(base) * 1e9, ratio, f"≤ {BAR}", verdict]


def against_peers(rounds: int) -> str:
    """The table of the same training by other libraries."""
    job = image_job(64, 6, 32, out="linear")
    found, notes = _peers_of(job)
    notes += [wrong for peer in found if (wrong := mismatch(peer))]
    times = interleaved(found, rounds)
    rows = []
    for peer in found:
        ratio = median(a / b for a, b in zip(times[peer.name], times["layerkit"]))
        rows.append([peer.name, median(times[peer.name]) * 1e6, ratio, peer.job.rows_seen])
    table = tabulate(
        rows, ["784-32-10, batch 32", "µs per row", "time / layerkit's", "rows in a run"], floatfmt=("", ".1f", ".3g")
    )
    return "\n".join([table, *notes])


def _peers_of(job: Job) -> tuple[list[Peer], list[str]]:
    found, notes = [layerkit_peer(job, eagerly=True)], []
    for build in others.TRAINING:
        try:
            found.append(shortened(build, job, 0.2))
        except others.Absent as reason:
            notes.append(f"absent: {build.__name__} ({reason})")
    return found, notes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9, help="interleaved rounds, of which the median counts")
    parser.add_argument("--no-peers", action="store_true", help="only the ratio to sumprod")
    options = parser.parse_args()
    print(f"{platform.python_implementation()} {platform.python_version()}, median of {options.rounds} rounds\n")
    print(against_sumprod(options.rounds))
    if not options.no_peers:
        print()
        print(against_peers(options.rounds))


if __name__ == "__main__":
    main()
