"""Interleaved measurements: in every round each peer runs once, so that a noisy moment hits all of them."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable
from statistics import median
from time import perf_counter

from jobs import Job, Peer, layerkit_peer

TOLERANCE = 1e-6  # of the last epoch's loss, relative


def seconds(function: Callable[[], object]) -> float:
    """How long one call takes; garbage of those before is collected first.

    What is there already is kept out of the collector's sight: else whoever makes many objects pays for the hundred
    thousands of PyTorch and Keras, which happen to be in the same process.
    """
    if hasattr(gc, "freeze"):  # not on PyPy
        gc.unfreeze()
        gc.collect()
        gc.freeze()
    start = perf_counter()
    function()
    return perf_counter() - start


def shortened(build: Callable[[Job], Peer], job: Job, budget: float) -> Peer:
    """The peer with as many epochs as fit the budget in seconds, at most those of the job: slow ones do fewer.

    One that would need far more than the budget for one epoch gets only some of the rows.
    """
    trial = build(job.on_rows(1).with_epochs(1))
    trial.run()
    once = seconds(trial.run)
    if once * len(job.x) > 10 * budget:
        return build(job.on_rows(max(1, int(budget / once))).with_epochs(1))
    trial = build(job.with_epochs(1))
    trial.run()
    return build(job.with_epochs(max(1, min(job.epochs, int(budget / seconds(trial.run))))))


def mismatch(peer: Peer) -> str | None:
    """What is wrong where the peer's last loss is not layerkit's after as many epochs of the same job."""
    expected, found = layerkit_peer(peer.job, eagerly=True).run()[-1], peer.run()[-1]
    if abs(found - expected) <= TOLERANCE * abs(expected):
        return None
    return (
        f"MISMATCH, {peer.job.name}: after {peer.job.epochs} epochs the loss of {peer.name} is {found!r}, "
        f"of layerkit {expected!r}: not the same work"
    )


def interleaved(peers: Iterable[Peer], rounds: int) -> dict[str, list[float]]:
    """Seconds per row of data of each peer, one number a round."""
    peers = list(peers)
    times: dict[str, list[float]] = {peer.name: [] for peer in peers}
    for _ in range(rounds):
        for peer in peers:
            times[peer.name].append(seconds(peer.run) / peer.job.rows_seen)
    return times


def ratio(times: dict[str, list[float]], name: str, to: str = "layerkit") -> float:
    """The median over the rounds of time(name) / time(to)."""
    return median(a / b for a, b in zip(times[name], times[to]))
