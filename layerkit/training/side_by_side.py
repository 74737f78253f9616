"""Whether a new program does what the layers do: both take two steps, and must arrive at the same numbers.

So a layer that mixes the rows of a batch, remembers more than the last batch, or draws numbers of its own is found.
All of it happens on copies of the model.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from random import Random
from typing import Any

from layerkit.errors import NumericsError, RecordingError
from layerkit.layers import ActivationLayer, Parameter
from layerkit.linalg import Rows
from layerkit.numerics import Number, mean
from layerkit.training import passes
from layerkit.training.engines import Unrolled, train_batch
from layerkit.training.program import ForwardProgram, Program, rows_of
from layerkit.training.recording import is_built_in

TOLERANCE = 1e-6
ROWS_IN_A_BATCH = 3


def check_training(program: Program, model: Any, x: Rows, target: Rows, batch_size: int) -> None:
    """
    :raises RecordingError: where program and layers differ.
    :raises NumericsError: where their numbers are not finite.
    """
    in_batch = min(batch_size, ROWS_IN_A_BATCH)
    rows = different_rows(x, 2 * in_batch)
    x, target = _taken(rows + rows[:1] * (in_batch - len(rows)), x, target)
    numbers = list(range(len(x)))
    batches = [numbers[:in_batch], numbers[in_batch:] or numbers[:in_batch]]
    by_layers, by_program = copied(model), copied(model)
    engine = Unrolled(program, by_program, x, target, batch_size, False)
    for batch in batches:
        before = program.load(by_layers)
        loss, _ = train_batch(by_layers, *_taken(batch, x, target))
        result = engine.compute(program.load(by_program), [batch if program.batched else batch[0]])
        if result is None:
            raise NumericsError("its numbers are not finite")
        program.store(by_program, result[0], by_program.optimizer.step + 1)
        after, got = program.load(by_layers), program.load(by_program)
        if not (_agree([loss], result[1], 1e-3) and _changed_alike(before, after, got)):
            raise RecordingError("its layers give other numbers row by row than for a batch")
    if not is_own(model) and _remembers(model, *(_taken(batch, x, target) for batch in batches)):
        raise RecordingError("a layer remembers more than the last batch")


def check_forward(program: ForwardProgram, model: Any, x: Rows, target: Rows | None) -> None:
    """
    :raises RecordingError: where program and layers differ.
    """
    side, rows = copied(model), different_rows(x, ROWS_IN_A_BATCH)
    some, wanted = _taken(rows, x, target or [()] * len(x))
    weights = [float(value) for parameter in side.parameters for row in parameter.rows() for value in row]
    for _ in range(2):  # what draws numbers of its own gives others the second time
        losses, got = program.run(weights, rows_of(some, wanted))
        if target is None:
            out = passes.forward(side.layers, some, training=False)
        else:
            loss, out = passes.measure(side.layers, side.loss, some, wanted, training=False)
            if not _agree([loss], [mean(losses)], 1e-3):
                raise RecordingError("its loss is not the mean of the losses of the rows")
        if not all(_agree(a, b, 1e-3) for a, b in zip(out, got)):
            raise RecordingError("its layers give other numbers row by row than for a batch")


def copied(model: Any) -> Any:
    """A model of the same numbers; what happens to it does not show in this one."""
    other = copy.copy(model)
    layers = [layer.detached() for layer in model.layers]
    for layer in layers:
        layer.forget_batch()
    loss = copy.copy(model.loss)
    if loss is not None:
        loss._seen = None
    other.layers, other.optimizer, other.loss = copy.deepcopy((layers, model.optimizer, loss))
    if other.optimizer is not None and not other.optimizer.current_rate():
        other.optimizer.learning_rate = 0.001  # a step that changes nothing would say nothing
    return other


def different_rows(x: Rows, count: int) -> list[int]:
    """The numbers of the first rows that differ, at most `count`."""
    found: dict[Any, int] = {}
    for n, row in enumerate(x[:1000]):
        found.setdefault(tuple(row), n)
        if len(found) == count:
            break
    return list(found.values())


def is_own(model: Any) -> bool:
    """Whether layers, activations, loss and optimizer are all layerkit's own."""
    parts = [*model.layers, *(rule for rule in (model.loss, model.optimizer) if rule is not None)]
    if not all(type(part).__module__.startswith("layerkit.") for part in parts):
        return False
    named = [each for layer in model.layers for each in (layer, getattr(layer, "activation", None))]
    return all(is_built_in(layer.activation) for layer in named if isinstance(layer, ActivationLayer))


def _taken(batch: Sequence[int], x: Rows, target: Rows) -> tuple[list[Any], list[Any]]:
    return [x[n] for n in batch], [target[n] for n in batch]


def _agree(wanted: Iterable[Number], got: Iterable[Number], floor: float) -> bool:
    return all(abs(a - b) <= TOLERANCE * max(abs(a), abs(b), floor) for a, b in zip(wanted, got))


def _changed_alike(before: Sequence[float], wanted: Sequence[float], got: Sequence[float]) -> bool:
    """Whether both changes agree, apart from rounding; a sum that cancels leaves a little of its terms."""
    changes = [(a - old, b - old) for old, a, b in zip(before, wanted, got)]
    largest = max(max(abs(a), abs(b)) for a, b in changes[:-1])  # but for the step count
    rounding = 1e-12 * max(1e-3, *map(abs, before[:-1]))
    return all(abs(a - b) <= TOLERANCE * max(abs(a), abs(b), largest / 1000) + rounding for a, b in changes)


def _remembers(model: Any, first: tuple[Any, Any], second: tuple[Any, Any]) -> bool:
    """Whether what the model's objects keep after the second batch depends on the first."""
    alone, after_another = copied(model), copied(model)
    start = after_another.snapshot()
    train_batch(after_another, *first)
    after_another.restore(start)
    for side in (alone, after_another):
        train_batch(side, *second)
    return any(_kept(getattr(alone, part)) != _kept(getattr(after_another, part)) for part in ("layers", "loss"))


def _kept(value: Any) -> Any:
    """What an object keeps, down to its numbers, for comparison."""
    if isinstance(value, (list, tuple)):
        return [_kept(part) for part in value]
    if isinstance(value, dict):
        return [(key, _kept(part)) for key, part in value.items()]
    if isinstance(value, Random):
        return value.getstate()
    if isinstance(value, Parameter) or callable(value):
        return None
    return _kept(vars(value)) if hasattr(value, "__dict__") else repr(value)
