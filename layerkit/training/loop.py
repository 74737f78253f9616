"""The epoch loop: let an engine train, keep the history, tell the callbacks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from layerkit.errors import ArgumentTypeError, NumericsError, short
from layerkit.linalg import Rows
from layerkit.numerics import Number
from layerkit.training import inference
from layerkit.training.callbacks import Callback, TerminateOnNaN
from layerkit.training.engines import Eager
from layerkit.training.history import History
from layerkit.training.interrupts import DeferredInterrupts
from layerkit.training.progress import Progress


def run(
    model: Any,
    engine: Eager,
    *,
    epochs: int,
    validation: tuple[Rows, Rows] | None,
    callbacks: Sequence[Callback],
    progress: Progress,
    history: History,
) -> None:
    """Train for `epochs` epochs; what was measured goes into `history`. Where nobody looks after each epoch, the engine
    may train several at once.

    :raises NumericsError: where a batch gives a number that is not finite; the message names layer, epoch and batch,
        and the parameters are those of the last complete batch.
    """
    model.stop_training = False
    at_once = 1 if callbacks or validation is not None else epochs
    epoch = 0
    try:
        for callback in callbacks:
            callback.begin(model)
        while epoch < epochs and not model.stop_training:
            for callback in callbacks:
                callback.before_epoch(model, epoch)
            with DeferredInterrupts() as interrupts:
                columns = engine.run(epoch, min(at_once, epochs - epoch), interrupts)
                if validation is not None:
                    columns.update(_validate(model, epoch, validation))
                history.extend(epoch, columns)
                progress.epochs(epoch, columns)
            epoch += len(columns["loss"])
            logs = {name: values[-1] for name, values in columns.items()}
            for callback in callbacks:
                callback(model, epoch - 1, logs)
    except NumericsError:
        if not any(isinstance(callback, TerminateOnNaN) for callback in callbacks):
            raise
    finally:
        progress.close()
        engine.finish()
    for callback in callbacks:
        callback.end(model)


def _validate(model: Any, epoch: int, validation: tuple[Rows, Rows]) -> dict[str, list[Number]]:
    try:
        return {f"val_{name}": [value] for name, value in inference.measure(model, *validation).items()}
    except NumericsError as error:
        raise NumericsError(f"fit, epoch {epoch + 1}, validation_data: {error}") from None


def as_callbacks(callbacks: Any) -> list[Callback]:
    """The callbacks as objects; a plain function is called after each epoch.

    :raises ArgumentTypeError: where one can not be called.
    """
    if callable(callbacks):
        callbacks = (callbacks,)
    if not isinstance(callbacks, Iterable):
        if callbacks is not None:
            raise ArgumentTypeError(f"fit: callbacks must be a list, got {short(callbacks)}. Fix: callbacks=[...].")
        callbacks = ()
    return [given if isinstance(given, Callback) else _FunctionCallback(given) for given in callbacks]


class _FunctionCallback(Callback):
    def __init__(self, function: Callable[[Any, int, dict[str, Number]], Any]) -> None:
        if not callable(function) or isinstance(function, type):
            raise ArgumentTypeError(
                f"fit: a callback must be a function of (model, epoch, logs) or a Callback, got {short(function)}. "
                "Fix: pass one, such as EarlyStopping()."
            )
        self.function = function

    def __call__(self, model: Any, epoch: int, logs: Any) -> None:
        self.function(model, epoch, logs)
