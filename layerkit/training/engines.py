"""Two ways to train an epoch: object by object through the layers, or by the unrolled program.

`run(epoch, limit, interrupts)` trains at least one and at most `limit` epochs from `epoch` on, and returns what was
measured as columns, {"loss": [...], …}.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from itertools import chain
from operator import mul
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
        """One epoch or more; Ctrl-C is handled between batches.

        :raises NumericsError: where a number is not finite; the message names layer, epoch and batch.
        """
        interrupts.check()
        model = self.model
        generator = model.shuffle_rng.getstate() if self.shuffle and len(self.x) > 1 else None
        steps = model.optimizer.step
        try:
            return self._epochs(epoch, limit, interrupts)
        except BaseException:
            if generator is not None and model.optimizer.step == steps:  # no batch is complete: as before the shuffling
                model.shuffle_rng.setstate(generator)
            raise

    def _epochs(self, epoch: int, limit: int, interrupts: DeferredInterrupts) -> Columns:
        """What `run` does: here, one epoch."""
        order = self.order()
        total: Number = 0
        outputs: list[Any] = []
        for batch, start in enumerate(range(0, len(order), self.batch_size)):
            if batch:
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
            said = str(error) if str(error).endswith(".") else f"{error}."
            raise NumericsError(f"{found}; {said}" if found else said) from None
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

    Several epochs are trained in one chunk where they fit in. Where something fails there or is not finite, fewer are
    tried. A chunk of one epoch that fails is repeated batch by batch, and the failing batch goes through the layers,
    which say what is wrong.
    """

    def __init__(self, program: Program, model: Any, x: Rows, target: Rows, batch_size: int, shuffle: bool) -> None:
        super().__init__(model, x, target, batch_size, shuffle)
        self.program = program
        self.rows = rows_of(x, target)
        self.batches_per_epoch = -(-len(x) // batch_size)
        self.seconds_per_batch = CHUNK_SECONDS  # until it is measured, a chunk is one batch
        self.most_epochs = 1 << 30  # in a chunk

    def _epochs(self, epoch: int, limit: int, interrupts: DeferredInterrupts) -> Columns:
        count = min(limit, self._per_chunk() // self.batches_per_epoch, self.most_epochs)
        while count > 1:
            columns = self._at_once(count)
            if columns is not None:
                self.most_epochs *= 2
                return columns
            count = self.most_epochs = count // 2
        self.most_epochs = max(2, self.most_epochs)
        order = self._order()
        cuts = self._cuts(order)
        losses: list[Number] = []
        outputs: list[Any] = []
        while len(losses) < len(cuts):
            done = len(losses)
            if done:
                interrupts.check()
            chunk = cuts[done : done + self._per_chunk()]
            result = self._chunk(chunk) or self._one_by_one(chunk, epoch, done, interrupts)
            losses += result[0]
            outputs += result[1]
        return self._columns(losses, outputs, [order])

    def _per_chunk(self) -> int:
        return max(1, int(CHUNK_SECONDS / self.seconds_per_batch))

    def _order(self) -> list[int]:
        return self.order() if len(self.rows) > 1 else [0]

    def _cuts(self, order: list[int]) -> list[Any]:
        """The batches of an epoch: the number of its row, or the list of them."""
        if not self.program.batched:
            return order
        return [order[k : k + self.batch_size] for k in range(0, len(order), self.batch_size)]

    def _at_once(self, count: int) -> Columns | None:
        """Some epochs in one chunk; None, with everything as before, where something in them fails."""
        model = self.model
        before = model.snapshot()
        generator = model.shuffle_rng.getstate() if self.shuffle and len(self.rows) > 1 else None
        columns = None
        try:
            if len(self.rows) == 1:
                orders = [[0]] * count
                cuts: list[Any] = [0] * count
            else:
                orders = [self.order() for _ in range(count)]
                cuts = list(chain.from_iterable(map(self._cuts, orders)))
            result = self._chunk(cuts)
            columns = result and self._columns(*result, orders)
        except Exception:  # of a metric: the epoch where it comes from is found by trying fewer
            pass
        finally:
            if columns is None:
                restore(model, before)
                if generator is not None:
                    model.shuffle_rng.setstate(generator)
        return columns

    def _columns(self, losses: list[Number], outputs: list[Any], orders: list[list[int]]) -> Columns:
        per_epoch, size = self.batches_per_epoch, len(self.rows)
        if per_epoch > 1:
            last = size - (per_epoch - 1) * self.batch_size
            weights = [self.batch_size] * (per_epoch - 1) + [last]
            losses = [
                sum(map(mul, losses[k : k + per_epoch], weights)) / size for k in range(0, len(losses), per_epoch)
            ]
        columns: Columns = {"loss": losses}
        for k, order in enumerate(orders if self.model.metrics else ()):
            for name, values in self.measured(outputs[k * size : (k + 1) * size], order).items():
                columns.setdefault(name, []).extend(values)
        return columns

    def _chunk(self, cuts: list[Any]) -> tuple[list[Number], list[Any]] | None:
        """Train these batches; losses and, where metrics ask for them, outputs. None, with the model as before, where
        something fails.
        """
        model, program = self.model, self.program
        before = model.snapshot()
        began = time.perf_counter()
        try:
            result = self.compute(program.load(model), cuts)
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

    def compute(self, state: tuple[Number, ...], cuts: list[Any]) -> tuple[Any, list[Number], list[Any]] | None:
        """The program's result for these batches, or None where something in it fails or is not finite."""
        optimizer = self.model.optimizer
        if callable(optimizer.learning_rate) and not self.program.rate_varies:  # a callback changed it
            return None
        try:
            batches = self._batches(cuts)
            if self.program.rate_varies:
                batches = [(batch, float(optimizer.rate_at(optimizer.step + k))) for k, batch in enumerate(batches)]
            after, losses, outputs = self.program.run(state, batches, float(optimizer.current_rate()))
            if not (_all_finite(losses) and _all_finite(after)):
                return None
        except Exception:  # whatever it is: the layers repeat it, and say what is wrong
            return None
        return after, losses, outputs

    def _batches(self, cuts: list[Any]) -> list[Any]:
        """What the program reads for these batches, each given by the number of its row or the list of them."""
        rows = self.rows
        if self.program.noise_count:
            noisy = [[rows[n] + drawn for n, drawn in zip(cut, self._noise(len(cut)))] for cut in map(_as_list, cuts)]
            return noisy if self.program.batched else [batch[0] for batch in noisy]
        if self.program.batched:
            return [[rows[n] for n in cut] for cut in cuts]
        return [rows[n] for n in cuts] if len(rows) > 1 else rows * len(cuts)

    def _noise(self, count: int) -> list[tuple[Number, ...]]:
        """What random layers draw for a batch, row by row."""
        masks = [layer.draw_mask(count, width) for layer, width in self.program.random_layers(self.model)]
        return [tuple(float(v) for mask in masks for v in mask[k]) for k in range(count)]

    def _one_by_one(
        self, cuts: list[Any], epoch: int, first: int, interrupts: DeferredInterrupts
    ) -> tuple[list[Number], list[Any]]:
        losses: list[Number] = []
        outputs: list[Any] = []
        for k, cut in enumerate(cuts):
            interrupts.check()
            result = self._chunk([cut])
            if result is None:
                loss, out = self.train(_as_list(cut), epoch, first + k)
                result = [loss], list(out)
            losses += result[0]
            outputs += result[1]
        return losses, outputs

    def finish(self) -> None:
        """No object saw the batches: what the layers show of the last one is taken away."""
        for layer in self.model.layers:
            layer.forget_batch()
        for parameter in self.model.parameters:
            parameter.grad = None


def _as_list(cut: Any) -> list[int]:
    return cut if isinstance(cut, list) else [cut]


def _all_finite(numbers: Sequence[Number]) -> bool:
    """Whether all are; their sum says so at once, unless it exceeds a float although none of them does."""
    return math.isfinite(sum(numbers)) or all(map(is_finite, numbers))
