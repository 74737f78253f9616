"""Two ways to train an epoch: object by object through the layers, or by the unrolled program.

`run(epoch, limit, interrupts)` trains at least one and at most `limit` epochs from `epoch` on, and returns what was
measured as columns, {"loss": [...], …}.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from itertools import chain, repeat
from typing import Any

from layerkit.errors import NumericsError
from layerkit.linalg import Rows
from layerkit.numerics import Number, is_finite
from layerkit.training import passes
from layerkit.training.interrupts import DeferredInterrupts
from layerkit.training.program import Program, rows_of

CHUNK_SECONDS = 0.2
Columns = dict[str, list[Number]]


class Eager:
    """Object by object: every batch goes through the layers' forward and backward, which then show what they saw."""

    def __init__(self, model: Any, x: Rows, target: Rows, batch_size: int, shuffle: bool) -> None:
        self.model = model
        self.x = x
        self.target = target
        self.batch_size = batch_size
        self.shuffle = shuffle

    def order(self) -> list[int]:
        """The rows' order in an epoch."""
        order = list(range(len(self.x)))
        if self.shuffle:
            self.model.shuffle_rng.shuffle(order)
        return order

    def run(self, epoch: int, limit: int, interrupts: DeferredInterrupts) -> Columns:
        """One epoch; Ctrl-C is handled between batches.

        :raises NumericsError: where a number is not finite; the message names layer, epoch and batch.
        """
        order = self.order()
        total: Number = 0
        outputs: list[Any] = []
        for batch, start in enumerate(range(0, len(order), self.batch_size)):
            interrupts.check()
            loss, out = self.train(order[start : start + self.batch_size], epoch, batch)
            total = total + loss * len(out)
            if self.model.metrics:
                outputs += out
        return {"loss": [total / len(order)], **self.measured(outputs, order)}

    def train(self, rows: Sequence[int], epoch: int, batch: int) -> tuple[Number, Rows]:
        """One batch of the rows with these numbers."""
        try:
            return train_batch(self.model, [self.x[n] for n in rows], [self.target[n] for n in rows])
        except NumericsError as error:
            raise NumericsError(
                f"fit, epoch {epoch + 1}, batch {batch + 1}: {error} "
                "The parameters are those of the last complete batch."
            ) from None

    def measured(self, outputs: Rows, order: Sequence[int]) -> Columns:
        """Each metric for an epoch's outputs, which came in that order."""
        target = [self.target[n] for n in order] if self.model.metrics else []
        return {name: [metric(outputs, target)] for name, metric in self.model.metrics}

    def finish(self) -> None:
        """No more epochs come."""


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


class Unrolled(Eager):
    """By the unrolled program, in chunks of a fraction of a second; the model is up to date after each chunk.

    Where a chunk fails or gives a number that is not finite, it is repeated from its beginning batch by batch, and the
    failing batch goes through the layers, which say what is wrong.
    """

    def __init__(self, program: Program, model: Any, x: Rows, target: Rows, batch_size: int, shuffle: bool) -> None:
        super().__init__(model, x, target, batch_size, shuffle)
        self.program = program
        self.rows = rows_of(x, target)
        self.batches_per_epoch = -(-len(x) // batch_size)
        self.seconds_per_batch = CHUNK_SECONDS / 16

    def run(self, epoch: int, limit: int, interrupts: DeferredInterrupts) -> Columns:
        per_chunk = max(1, int(CHUNK_SECONDS / self.seconds_per_batch))
        count = min(limit, max(1, per_chunk // self.batches_per_epoch))
        interrupts.check()
        generator = self.model.shuffle_rng.getstate()
        orders = [self.order() for _ in range(count)] if len(self.rows) > 1 else [[0]] * count
        cuts: list[Any]
        if self.program.batched:
            cuts = [order[k : k + self.batch_size] for order in orders for k in range(0, len(order), self.batch_size)]
        else:
            cuts = list(chain.from_iterable(orders))
        losses: list[Number] = []
        outputs: list[Any] = []
        for start in range(0, len(cuts), per_chunk):
            interrupts.check()
            chunk = cuts[start : start + per_chunk]
            measured = self._chunk(chunk)
            if measured is None and count > 1:
                self.model.shuffle_rng.setstate(generator)
                return self._epoch_by_epoch(epoch, count)
            more_losses, more_outputs = measured or self._one_by_one(chunk, epoch, start)
            losses += more_losses
            outputs += more_outputs
        return self._columns(losses, outputs, orders)

    def _epoch_by_epoch(self, epoch: int, count: int) -> Columns:
        """Epochs one at a time, up to the one that fails: those before it are complete, and count."""
        columns: Columns = {}
        for k in range(count):
            before, generator = self.model.snapshot(), self.model.shuffle_rng.getstate()
            try:
                more = self.run(epoch + k, 1, DeferredInterrupts())  # Ctrl-C waits: these epochs are short
            except NumericsError:
                if k == 0:
                    raise
                restore(self.model, before)
                self.model.shuffle_rng.setstate(generator)
                break
            for name, values in more.items():
                columns.setdefault(name, []).extend(values)
        return columns

    def _columns(self, losses: list[Number], outputs: list[Any], orders: list[list[int]]) -> Columns:
        per_epoch, size = self.batches_per_epoch, len(self.rows)
        if per_epoch > 1:
            last = size - (per_epoch - 1) * self.batch_size
            weights = [self.batch_size] * (per_epoch - 1) + [last]
            losses = [
                sum(map(_times, losses[k : k + per_epoch], weights)) / size for k in range(0, len(losses), per_epoch)
            ]
        columns: Columns = {"loss": losses}
        for k, order in enumerate(orders if self.model.metrics else ()):
            for name, values in self.measured(outputs[k * size : (k + 1) * size], order).items():
                columns.setdefault(name, []).extend(values)
        return columns

    def _chunk(self, cuts: list[Any]) -> tuple[list[Number], list[Any]] | None:
        """Train these batches, given by the numbers of their rows; losses and, where metrics ask for them, outputs.

        None, and everything as before, where something is not finite.
        """
        model, program = self.model, self.program
        before = model.snapshot()
        began = time.perf_counter()
        try:
            result = self._run(program.load(model), cuts)
            if result is not None:
                program.store(model, result[0], model.optimizer.step + len(cuts))
        except BaseException:
            restore(model, before)
            raise
        if result is None:
            restore(model, before)
            return None
        self.seconds_per_batch = max(1e-7, (time.perf_counter() - began) / len(cuts))
        return result[1], result[2]

    def _run(self, state: tuple[Number, ...], cuts: list[Any]) -> tuple[Any, list[Number], list[Any]] | None:
        """The program's result, or None where something in it is not finite."""
        batches = self._batches(cuts)
        step = self.model.optimizer.step
        fixed = not callable(self.model.optimizer.learning_rate)
        try:
            rates = repeat(self._rate(step)) if fixed else [self._rate(step + k) for k in range(len(cuts))]
            after, losses, outputs = self.program.run(state, batches, rates)
        except (ArithmeticError, ValueError):
            return None
        if not all(map(math.isfinite, losses)) or not (math.isfinite(sum(after)) or all(map(is_finite, after))):
            return None
        return after, losses, outputs

    def _rate(self, step: int) -> float:
        return float(self.model.optimizer.rate_at(step))

    def _batches(self, cuts: list[Any]) -> list[Any]:
        """What the program reads for these batches, each given by the number of its row or the list of them."""
        rows = self.rows
        if self.program.noise_count:
            noisy = [[rows[n] + drawn for n, drawn in zip(cut, self._noise(len(cut)))] for cut in map(_as_list, cuts)]
            return noisy if self.program.batched else [batch[0] for batch in noisy]
        return [[rows[n] for n in cut] for cut in cuts] if self.program.batched else [rows[n] for n in cuts]

    def _noise(self, count: int) -> list[tuple[Number, ...]]:
        """What random layers draw for a batch, row by row."""
        masks = [layer.draw_mask(count, width) for layer, width in self.program.random_layers(self.model)]
        return [tuple(float(v) for mask in masks for v in mask[k]) for k in range(count)]

    def _one_by_one(self, cuts: list[Any], epoch: int, first: int) -> tuple[list[Number], list[Any]]:
        losses: list[Number] = []
        outputs: list[Any] = []
        for k, cut in enumerate(cuts):
            before = self.model.snapshot()
            result = self._run(self.program.load(self.model), [cut])
            if result is None:
                restore(self.model, before)
                place = first + k
                loss, out = self.train(
                    _as_list(cut), epoch + place // self.batches_per_epoch, place % self.batches_per_epoch
                )
                losses.append(loss)
                outputs += out
            else:
                self.program.store(self.model, result[0], self.model.optimizer.step + 1)
                losses += result[1]
                outputs += result[2]
        return losses, outputs

    def finish(self) -> None:
        """No object saw the batches: what the layers show of the last one is taken away."""
        for layer in self.model.layers:
            layer.forget_batch()
        for parameter in self.model.parameters:
            parameter.grad = None


def _as_list(cut: Any) -> list[int]:
    return cut if isinstance(cut, list) else [cut]


def _times(loss: Number, rows: int) -> Number:
    return loss * rows
