"""The epoch loop: shuffle, cut into batches, step, measure, tell the callbacks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from layerkit.errors import ArgumentTypeError, NumericsError
from layerkit.linalg import Rows
from layerkit.numerics import Number
from layerkit.training import passes
from layerkit.training.callbacks import Callback, TerminateOnNaN
from layerkit.training.history import History
from layerkit.training.progress import Progress


def train_batch(model: Any, x: Rows, target: Rows) -> tuple[Number, Rows]:
    """One update: loss and output from before it. Where it fails, everything is as before.

    :raises NumericsError: where a number is not finite; the message names the layer.
    """
    before = model.snapshot()
    try:
        try:
            loss, out = passes.measure(model.layers, model.loss, x, target, training=True)
            passes.backward(model.layers, model.loss)
            model.optimizer.update(model.parameters)
        except ArithmeticError as error:
            found = passes.where_not_finite(model.layers)
            raise NumericsError(f"{found}; {error}") from None
    except BaseException:
        restore(model, before)
        raise
    return loss, out


def restore(model: Any, snapshot: Any) -> None:
    """Put the model back, even if Ctrl-C comes again meanwhile."""
    while True:
        try:
            return model.restore(snapshot)  # type: ignore[no-any-return]
        except KeyboardInterrupt:
            continue


def run(
    model: Any,
    x: Rows,
    target: Rows,
    *,
    epochs: int,
    batch_size: int,
    shuffle: bool,
    validation: tuple[Rows, Rows] | None,
    callbacks: Sequence[Callback],
    progress: Progress,
    history: History,
) -> None:
    """Train for `epochs` epochs; what was measured goes into `history`.

    :raises NumericsError: where a batch gives a number that is not finite; the message names layer, epoch and batch,
        and the parameters are those of the last complete batch.
    """
    model.stop_training = False
    try:
        for callback in callbacks:
            callback.begin(model)
        for epoch in range(epochs):
            for callback in callbacks:
                callback.before_epoch(model, epoch)
            try:
                logs = _epoch(model, x, target, epoch, batch_size, shuffle)
            except NumericsError:
                if any(isinstance(callback, TerminateOnNaN) for callback in callbacks):
                    break
                raise
            if validation is not None:
                logs.update({f"val_{name}": value for name, value in model.measure(*validation).items()})
            history.append(epoch, logs)
            progress.epoch(epoch, logs)
            for callback in callbacks:
                callback(model, epoch, logs)
            if model.stop_training:
                break
    finally:
        progress.close()
        for callback in callbacks:
            callback.end(model)


def _epoch(model: Any, x: Rows, target: Rows, epoch: int, batch_size: int, shuffle: bool) -> dict[str, Number]:
    order = list(range(len(x)))
    if shuffle:
        model.shuffle_rng.shuffle(order)
    keep = bool(model.metrics)
    total: Number = 0
    outputs: list[Any] = []
    for batch, start in enumerate(range(0, len(order), batch_size)):
        rows = order[start : start + batch_size]
        try:
            loss, out = train_batch(model, [x[n] for n in rows], [target[n] for n in rows])
        except NumericsError as error:
            raise NumericsError(
                f"fit, epoch {epoch + 1}, batch {batch + 1}: {error} "
                "The parameters are those of the last complete batch."
            ) from None
        total = total + loss * len(rows)
        if keep:
            outputs += out
    logs = {"loss": total / len(order)}
    if keep:
        shuffled = [target[n] for n in order]
        logs.update({name: metric(outputs, shuffled) for name, metric in model.metrics})
    return logs


def as_callbacks(callbacks: Any) -> list[Callback]:
    """The callbacks as objects; a plain function is called after each epoch.

    :raises ArgumentTypeError: where one can not be called.
    """
    if callable(callbacks):
        callbacks = (callbacks,)
    return [given if isinstance(given, Callback) else _FunctionCallback(given) for given in callbacks]


class _FunctionCallback(Callback):
    def __init__(self, function: Callable[[Any, int, dict[str, Number]], Any]) -> None:
        if not callable(function):
            raise ArgumentTypeError(
                f"fit: a callback must be a function of (model, epoch, logs), got {function!r}. Fix: pass one."
            )
        self.function = function

    def __call__(self, model: Any, epoch: int, logs: Any) -> None:
        self.function(model, epoch, logs)
