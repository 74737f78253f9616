"""Callbacks: what happens after each epoch. Any function of (model, epoch, logs) is one.

Setting ``model.stop_training = True`` in a callback ends the training after the epoch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from layerkit.arguments import require_number, require_whole
from layerkit.errors import ArgumentError, ArgumentTypeError, short, unknown_name
from layerkit.numerics import Number


class Callback:
    """Called at the beginning, before and after each epoch, and at the end; a subclass overrides what it needs."""

    def begin(self, model: Any) -> None:
        """Before the first epoch."""

    def before_epoch(self, model: Any, epoch: int) -> None:
        """Before each epoch, numbered from 0."""

    def __call__(self, model: Any, epoch: int, logs: Mapping[str, Number]) -> None:
        """After each epoch; logs has the loss and all metrics by name."""

    def end(self, model: Any) -> None:
        """After the last epoch; not where an error or Ctrl-C ended the training."""


class EarlyStopping(Callback):
    """Stop when `monitor` has not improved by more than `min_delta` for `patience` epochs in a row.

    `mode` says whether "min" or "max" is better; "auto" takes max for accuracy and r2, min for all else. With
    `restore_best_weights` the parameters of the best epoch come back at the end.

    :raises UnknownNameError: while training, where logs do not hold `monitor`.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        *,
        patience: int = 0,
        min_delta: Number = 0,
        mode: str = "auto",
        restore_best_weights: bool = False,
    ) -> None:
        self.monitor = monitor
        self.patience = require_whole("EarlyStopping", "patience", patience, at_least=0)
        self.min_delta = require_number("EarlyStopping", "min_delta", min_delta, at_least=0)
        if mode not in ("auto", "min", "max"):
            raise ArgumentError(
                f"EarlyStopping: mode must be 'auto', 'min' or 'max', got {short(mode)}. Fix: use one of these."
            )
        self.larger_is_better = mode == "max" or (mode == "auto" and monitor.endswith(("accuracy", "r2")))
        self.restore_best_weights = restore_best_weights
        self.begin(None)

    def begin(self, model: Any) -> None:
        self.best: Number = None
        self.best_epoch: int | None = None
        self.stopped_epoch: int | None = None
        self._waited = 0
        self._best_values: list[Any] = []

    def __call__(self, model: Any, epoch: int, logs: Mapping[str, Number]) -> None:
        if self.monitor not in logs:
            raise unknown_name("quantity to monitor", self.monitor, logs)
        value = logs[self.monitor]
        gain = None if self.best is None else value - self.best if self.larger_is_better else self.best - value
        if gain is None or gain > self.min_delta:
            self.best, self.best_epoch, self._waited = value, epoch, 0
            self._best_values = [parameter.value for parameter in model.parameters]
        else:
            self._waited += 1
            if self._waited >= self.patience:  # as in Keras: with 0 as with 1, the first epoch without a gain ends it
                self.stopped_epoch = epoch
                model.stop_training = True

    def end(self, model: Any) -> None:
        if self.restore_best_weights and self._best_values:
            for parameter, value in zip(model.parameters, self._best_values):
                parameter.value = value


class TerminateOnNaN(Callback):
    """Where a batch gives a number that is not finite, end the training quietly with the last good parameters.

    Without it, `fit` raises a NumericsError there; the parameters are the last good ones either way.
    """


class LearningRateSchedule(Callback):
    """Before each epoch set the learning rate to schedule(epoch, rate so far).

    >>> halve = LearningRateSchedule(lambda epoch, rate: rate / 2 if epoch and epoch % 10 == 0 else rate)
    """

    def __init__(self, schedule: Callable[[int, Number], Number]) -> None:
        if not callable(schedule):
            raise ArgumentTypeError(
                "LearningRateSchedule: schedule must be a function of (epoch, rate), "
                f"got {short(schedule)}. Fix: pass one."
            )
        self.schedule = schedule

    def before_epoch(self, model: Any, epoch: int) -> None:
        model.optimizer.learning_rate = self.schedule(epoch, model.optimizer.current_rate())
