"""Ctrl-C that waits for a good moment: the end of a chunk, where no update is half done."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any


class DeferredInterrupts:
    """A context in which Ctrl-C is kept back until `check`, or the end of the context, hands it to its usual handler.

    Only the main thread receives signals, and only a handler written in Python can be kept back: elsewhere nothing
    changes.
    """

    def __init__(self) -> None:
        self._handler: Any = None
        self._kept: list[tuple[int, FrameType | None]] = []

    def __enter__(self) -> DeferredInterrupts:
        if threading.current_thread() is threading.main_thread():
            handler = signal.getsignal(signal.SIGINT)
            if callable(handler):
                self._handler = handler
                signal.signal(signal.SIGINT, self._keep)
        return self

    def _keep(self, number: int, frame: FrameType | None) -> None:
        self._kept.append((number, frame))

    def check(self) -> None:
        """Handle what was kept back: usually by KeyboardInterrupt."""
        if self._kept:
            kept, self._kept = self._kept[0], []
            self._handler(*kept)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._handler is not None:
            signal.signal(signal.SIGINT, self._handler)
            if error is None:
                self.check()
