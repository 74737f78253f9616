"""How fast small networks train and predict, beside other libraries: a table of work, peers and bars.

    python benchmarks/unrolled.py [--rounds 9] [--only iris] [--pypy [COMMAND]]

Times are of second fits, history included, verbose=0, shuffle=False.
"""

from __future__ import annotations

import argparse
import os
import platform
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import peers as others
from jobs import Job, Peer, digits_job, iris_job, layerkit_peer, lesson_job, model_for, trains_unrolled, unrolled_peer
from timing import interleaved, mismatch, ratio, seconds, shortened

from layerkit import Activation

HEADERS = ["work", "who", "µs per update", "time / layerkit's", "bar", "verdict", "compile, ms"]
PYPY_WARM_UP = 4  # seconds of training before the first round: PyPy compiles while it runs
BUDGET = 0.15  # seconds that a slow peer's run may take; it does fewer epochs then


@dataclass(frozen=True)
class Bar:
    """What the issue asks: this many times faster than the peer (below 1: it may be that much slower)."""

    text: str
    least: float

    def verdict(self, measured: float) -> str:
        return "met" if measured >= self.least else "missed"


def faster(times: float) -> Bar:
    return Bar(f"≥ {times:g} × faster", times)


def at_most(times: float) -> Bar:
    return Bar(f"layerkit ≤ {times:g} × its time", 1 / times)


LESSON_BARS = {
    "Python by hand": at_most(1.5), "PyTorch eager": faster(200), "NumPy by hand": faster(12), "micrograd": faster(50),
}  # fmt: skip
IRIS_BARS = {"PyTorch eager": faster(50), "NumPy by hand": faster(4), "micrograd": faster(100)}
ADAM_BARS = {"PyTorch eager": Bar("faster", 1)}
DIGITS_BARS = {"object by object": at_most(1.05), "unrolled": at_most(1.05)}


# -- training ---------------------------------------------------------------------------------------------------------


def training_rows(job: Job, bars: dict[str, Bar], rounds: int, extra: tuple[Peer, ...] = ()) -> list[list[Any]]:
    """One line for each who does this job, layerkit's first."""
    own = layerkit_peer(job)
    first = seconds(own.run)
    found, notes = _peers_of(job)
    found = [own, *extra, *found]
    notes += [wrong for peer in found if (wrong := mismatch(peer))]  # which also runs each once before it is timed
    times = interleaved(found, rounds)
    compiling = first - median(times[own.name]) * job.rows_seen
    how = "unrolled" if trains_unrolled(job) else "object by object"
    per_update = len(job.x) / len(job.batches) * 1e6
    rows = []
    for peer in found:
        line = [job.name, peer.name, median(times[peer.name]) * per_update, ratio(times, peer.name)]
        if peer is own:
            rows.append([job.name, f"layerkit, {how}", line[2], "", "", "", f"{compiling * 1e3:.1f}"])
        else:
            rows.append(["", *line[1:], *_judged(bars.get(peer.name), line[3]), ""])
    return rows + [["", note, *[""] * 5] for note in notes]


def _judged(bar: Bar | None, measured: float) -> list[str]:
    return ["", ""] if bar is None else [bar.text, bar.verdict(measured)]


def _peers_of(job: Job) -> tuple[list[Peer], list[str]]:
    found, notes = [], []
    for build in others.TRAINING:
        try:
            found.append(shortened(build, job, BUDGET))
        except others.Absent as reason:
            notes.append(f"absent: {build.__name__}: {reason}")
    return found, notes


def lesson(rounds: int) -> list[list[Any]]:
    return training_rows(lesson_job(), LESSON_BARS, rounds)


def iris_one_by_one(rounds: int) -> list[list[Any]]:
    return training_rows(iris_job(1, 30), IRIS_BARS, rounds)


def iris_adam(rounds: int) -> list[list[Any]]:
    job = iris_job(32, 50, out="softmax", adam=True, rate=0.01, name="iris 4-8-3, batch 32, Adam, softmax")
    return training_rows(job, ADAM_BARS, rounds)


def digits(rounds: int) -> list[list[Any]]:
    """fit's choice beside object by object and unrolled: it may not lose more than 5 % to the better of them."""
    rows = []
    for batch_size, epochs in ((1, 2), (32, 4)):
        job = digits_job(batch_size, epochs, 200)
        both = (layerkit_peer(job, eagerly=True, name="object by object"), unrolled_peer(job))
        rows += training_rows(job, DIGITS_BARS, rounds, both)
    return rows


def own_activation(rounds: int) -> list[list[Any]]:
    """A user's activation, one Python function without a derivative, beside the built-in of the same arithmetic."""
    user = Activation("of_the_user", lambda x: x / (1 + abs(x)))
    name = "iris 4-8-3, batch 1, softsign"
    peers = []
    for who, activation in (("built in", "softsign"), ("of the user", user)):
        peers.append(layerkit_peer(iris_job(1, 10, hidden_activation=activation, name=name), name=who))
    for peer in peers:
        peer.run()
    times = interleaved(peers, rounds)
    measured = ratio(times, "of the user", "built in")
    verdict = "met" if measured <= 1.3 else "missed"
    return [
        [name, "layerkit, built in", median(times["built in"]) * 1e6, "", "", "", ""],
        ["", "layerkit, of the user", median(times["of the user"]) * 1e6, measured, "≤ 1.3 × built in", verdict, ""],
    ]


# -- prediction -------------------------------------------------------------------------------------------------------


def prediction(rounds: int) -> list[list[Any]]:
    """predictor() on one row, beside ONNX Runtime."""
    job = iris_job(1, 1, out="softmax", name="predict, 4-8-3, one row")
    model = model_for(job)
    if not hasattr(model, "predictor"):
        return [[job.name, "skipped: this layerkit has no Sequential.predictor yet", *[""] * 5]]
    predict, row = model.predictor(), job.x[0]
    calls: dict[str, Callable[[], Any]] = {"layerkit": lambda: predict(row)}
    notes = []
    for build in others.PREDICTING:
        try:
            name, calls[name] = build(job)
        except others.Absent as reason:
            notes.append(["", f"absent: {build.__name__}: {reason}", *[""] * 5])
    expected = model.predict([row])[0]
    for name, call in calls.items():
        if any(abs(p - q) > 1e-6 for p, q in zip(call(), expected)):
            notes.append(["", f"MISMATCH: {name} predicts {list(call())}, layerkit {expected}", *[""] * 5])
    times = interleaved([_calling(name, call) for name, call in calls.items()], rounds)
    bars = {"ONNX Runtime": faster(3)}
    rows = [[job.name, "layerkit, predictor()", median(times["layerkit"]) * 1e6, *[""] * 4]]
    for name in list(calls)[1:]:
        measured = ratio(times, name)
        rows.append(["", name, median(times[name]) * 1e6, measured, *_judged(bars.get(name), measured), ""])
    return rows + notes


def _calling(name: str, call: Callable[[], Any], times: int = 5_000) -> Peer:
    def run() -> list[float]:
        for _ in range(times):
            call()
        return []

    return Peer(name, lesson_job(times), run)  # a job of one row: times are for one call


# -- PyPy -------------------------------------------------------------------------------------------------------------


def pypy_job() -> Job:
    return iris_job(32, 100)


def on_pypy(command: str, rounds: int) -> list[list[Any]]:
    """layerkit under PyPy beside NumPy under this Python: a child process trains whenever a round asks it to."""
    job = pypy_job()
    with tempfile.TemporaryDirectory() as folder:
        try:
            child = _child(shlex.split(command), folder)
        except others.Absent as reason:
            return [[job.name, f"skipped: {reason}", *[""] * 5]]

        def run() -> list[float]:
            print("run", file=child.stdin, flush=True)
            return [float(child.stdout.readline())]  # type: ignore[union-attr]

        with child:
            return _pypy_rows(job, Peer("layerkit", job, run), rounds)


def _pypy_rows(job: Job, own: Peer, rounds: int) -> list[list[Any]]:
    try:
        numpy = shortened(others.numpy_by_hand, job, BUDGET)
    except others.Absent as reason:
        return [[job.name, f"skipped: {reason}", *[""] * 5]]
    first = seconds(own.run)
    end = perf_counter() + PYPY_WARM_UP
    while perf_counter() < end:
        own.run()
    times = interleaved([own, numpy], rounds)
    measured = ratio(times, numpy.name)
    per_update = len(job.x) / len(job.batches) * 1e6
    compiling = first - median(times["layerkit"]) * job.rows_seen
    bar = Bar("faster", 1)
    notes = [["", wrong, *[""] * 5] for peer in (own, numpy) if (wrong := mismatch(peer))]
    return [
        [job.name, "layerkit, under PyPy", median(times["layerkit"]) * per_update, *[""] * 3, f"{compiling * 1e3:.1f}"],
        ["", numpy.name, median(times[numpy.name]) * per_update, measured, *_judged(bar, measured), ""],
        *notes,
    ]


def _child(command: list[str], folder: str) -> subprocess.Popen[str]:
    """This script under PyPy, with the layerkit of this Python, and with pluggy, installed for it where it is not."""
    import layerkit

    path = os.pathsep.join([str(Path(layerkit.__file__).parent.parent), folder])
    environment = {**os.environ, "PYTHONPATH": path}
    try:
        if subprocess.run([*command, "-c", "import pluggy"], capture_output=True, check=False).returncode:
            pip = [sys.executable, "-m", "pip", "install", "-q", "--target", folder, "--python-version", "3.9"]
            subprocess.run([*pip, "--no-deps", "--only-binary=:all:", "pluggy>=1.5"], capture_output=True, check=True)
        subprocess.run([*command, "-c", "import layerkit.plugins"], env=environment, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise others.Absent(f"{command[0]} does not run layerkit ({error})") from error
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    return subprocess.Popen([*command, __file__, "--serve"], text=True, env=environment, **pipes)


def serve() -> None:
    """Train once for each line on standard input, and answer with the last loss."""
    peer = layerkit_peer(pypy_job())
    for _ in sys.stdin:
        print(repr(peer.run()[-1]), flush=True)


# -- the command ------------------------------------------------------------------------------------------------------

WORK = {
    "lesson": lesson, "iris": iris_one_by_one, "adam": iris_adam, "digits": digits, "activation": own_activation,
    "predict": prediction,
}  # fmt: skip


def show(rows: list[list[Any]]) -> None:
    """Lines with numbers as a table, the others, which say who is absent and why, below it."""
    from tabulate import tabulate

    print(tabulate([row for row in rows if any(row[2:])], HEADERS, floatfmt=".3g"))
    print("\n".join(" ".join(row[:2]).strip() for row in rows if not any(row[2:])), "\n", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9, help="interleaved rounds, of which the median counts")
    parser.add_argument("--only", nargs="*", choices=[*WORK], metavar="WORK", help="some of: " + ", ".join(WORK))
    parser.add_argument("--pypy", nargs="?", const="pypy3", metavar="COMMAND", help="the iris row under PyPy too")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve()
        return
    print(f"{platform.python_implementation()} {platform.python_version()}, median of {options.rounds} rounds\n")
    for name in WORK if options.only is None else options.only:
        show(WORK[name](options.rounds))
    if options.pypy:
        show(on_pypy(options.pypy, options.rounds))


if __name__ == "__main__":
    main()
