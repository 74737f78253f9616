"""Showing how far a training is: a bar where tqdm is installed, one plain line per epoch otherwise."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

from layerkit.errors import ArgumentError, short
from layerkit.numerics import Number

SECONDS_BETWEEN_LINES = 0.1


def get_progress(verbose: Any, epochs: int) -> Progress:
    """Nothing for 0, a bar or plain lines for 1, every epoch's line for 2; "auto" is 1 on a terminal and 0 elsewhere.

    :raises ArgumentError: where verbose is something else.
    """
    if verbose not in ("auto", 0, 1, 2):
        raise ArgumentError(f"fit: verbose must be 'auto', 0, 1 or 2, got {short(verbose)}. Fix: use one of these.")
    if verbose == "auto":
        verbose = int(sys.stderr is not None and sys.stderr.isatty())
    if verbose == 0:
        return Progress()
    if verbose == 1:
        try:
            from tqdm import tqdm
        except ImportError:
            return Lines(epochs, SECONDS_BETWEEN_LINES)
        return Bar(tqdm(total=epochs, unit="epoch", file=sys.stderr))
    return Lines(epochs, 0)


class Progress:
    """Silence."""

    def epochs(self, first: int, columns: Mapping[str, Sequence[Number]]) -> None:
        """More epochs are complete, numbered from `first`."""

    def note(self, text: str) -> None:
        """Something that the user should know."""

    def close(self) -> None:
        """No more epochs come."""


class Lines(Progress):
    """A line for each epoch; in a hurry not more than one each `pause` seconds, but always the first and the last."""

    def __init__(self, epochs: int, pause: float) -> None:
        self.total = epochs
        self.pause = pause
        self._last_shown = -pause
        self._waiting = ""

    def epochs(self, first: int, columns: Mapping[str, Sequence[Number]]) -> None:
        for k in range(len(columns["loss"])):
            self._waiting = f"epoch {first + k + 1}/{self.total}  {_text(columns, k)}"
            now = time.monotonic()
            if first + k == 0 or now - self._last_shown >= self.pause:
                self._last_shown = now
                self.close()

    def note(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    def close(self) -> None:
        if self._waiting:
            print(self._waiting, file=sys.stderr, flush=True)
        self._waiting = ""


class Bar(Progress):
    """A tqdm bar with the latest numbers."""

    def __init__(self, bar: Any) -> None:
        self.bar = bar

    def epochs(self, first: int, columns: Mapping[str, Sequence[Number]]) -> None:
        self.bar.set_postfix_str(_text(columns, -1), refresh=False)
        self.bar.update(len(columns["loss"]))

    def note(self, text: str) -> None:
        self.bar.write(text, file=sys.stderr)

    def close(self) -> None:
        self.bar.close()


def _text(columns: Mapping[str, Sequence[Number]], k: int) -> str:
    return "  ".join(f"{name} {float(values[k]):.6g}" for name, values in columns.items())
