"""Whether a model is trained object by object or by the unrolled program.

The choice depends on the model's shape and the batch size alone, never on how long a training is to be, so that a run
in two parts gives the same bits as a run in one. The limits are measured by `benchmarks/thresholds.py`, which says how.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from layerkit.errors import LayerkitError
from layerkit.layers import Layer, Parameter
from layerkit.linalg import Rows
from layerkit.training.engines import Eager, Unrolled, restore, train_batch
from layerkit.training.program import ForwardProgram, Program

# The most parameters with which the unrolled program is at least as fast as the layers: (one row a batch, more rows).
LIMITS = {"cpython": (3000, 1800), "cpython before 3.12": (3000, 3000), "pypy": (220, 100)}
PROBE_TOLERANCE = 1e-6
ROWS_WORTH_A_PROGRAM = 500


def parameter_limits() -> tuple[int, int]:
    """The limits for this interpreter: with one row in a batch, and with more."""
    if sys.implementation.name == "pypy":
        return LIMITS["pypy"]
    return LIMITS["cpython" if sys.version_info >= (3, 12) else "cpython before 3.12"]


def choose(model: Any, x: Rows, target: Rows, batch_size: int, shuffle: bool, note: Any) -> Eager:
    """The way to train this model on these rows; `note` is told where a model that is small enough can not be unrolled.

    With ``LAYERKIT_STRICT`` in the environment such a failure is raised for built-in layers.
    """
    batch_size = min(batch_size, len(x))
    eager = Eager(model, x, target, batch_size, shuffle)
    size = sum(map(len, model.parameters))
    if model.run_eagerly or model.exact or not 0 < size <= parameter_limits()[batch_size > 1]:
        return eager
    key = (_fingerprint(model), batch_size > 1)
    if key not in model.programs:
        try:
            model.programs[key] = _checked_program(model, x, target, batch_size)
        except ArithmeticError:  # numbers beyond a float: the layers say in which batch
            return eager
        except Exception as error:
            if _is_strict(model):
                raise
            note(f"training object by object: the model cannot be unrolled ({error})")
            return eager
    program = model.programs[key][0]
    return Unrolled(program, model, x, target, batch_size, shuffle)


def forward_program(model: Any, x: Rows, target: Rows | None) -> ForwardProgram | None:
    """The program for the forward pass of these rows, with the loss where there are targets; None where the layers do.

    A program is worth making for rows in the hundreds.

    :raises RecordingError: with ``LAYERKIT_STRICT``, where a built-in layer cannot be recorded.
    """
    size = sum(map(len, model.parameters))
    if model.run_eagerly or model.exact or not 0 < size <= parameter_limits()[1] or len(x) < ROWS_WORTH_A_PROGRAM:
        return None
    key = ("forward", _fingerprint(model, training=target is not None), target is not None)
    if key not in model.programs:
        try:
            program = ForwardProgram(model, x[0], target[0] if target else [], with_loss=target is not None)
        except Exception:
            if _is_strict(model):
                raise
            return None
        model.programs[key] = (program, list(model.layers))
    found: ForwardProgram = model.programs[key][0]
    return found


def _is_strict(model: Any) -> bool:
    own = all(type(layer).__module__.startswith("layerkit.") for layer in model.layers)
    return own and bool(os.environ.get("LAYERKIT_STRICT"))


def _fingerprint(model: Any, *, training: bool = True) -> tuple[Any, ...]:
    """Equal as long as a recorded program still says what the model's objects do."""
    shown = {"x", "out", "dout", "dx", "net", "delta", "mask", "name", "rng"}
    layers = tuple(
        (id(layer), tuple((name, _plain(value)) for name, value in sorted(vars(layer).items()) if name not in shown))
        for layer in model.layers
    )
    rules = [_rule(rule) for rule in (model.optimizer, model.loss)] if training else []
    return layers, tuple(p.trainable for p in model.parameters), tuple(rules), bool(model.metrics)


def _rule(rule: Any) -> tuple[Any, ...]:
    return type(rule), tuple((name, _plain(value)) for name, value in rule.config().items() if name != "learning_rate")


def _plain(value: Any) -> Any:
    if isinstance(value, (int, float, str, bool, type(None))):
        return value
    if isinstance(value, Layer):
        return id(value), id(getattr(value, "activation", None))
    return id(value) if isinstance(value, Parameter) else repr(value)


def _checked_program(model: Any, x: Rows, target: Rows, batch_size: int) -> tuple[Program, Any]:
    """The program, after it has made two steps to the same numbers as the layers.

    So a layer that mixes the rows of a batch, keeps something from step to step, or draws numbers on its own is found.
    """
    rows = min(len(x), batch_size, 3) if batch_size > 1 else 1
    program = Program(model, x[0], target[0], batched=batch_size > 1, outputs=bool(model.metrics))
    before = model.snapshot()
    starts = [0, rows if len(x) >= 2 * rows else 0]
    try:
        for start in starts:
            train_batch(model, x[start : start + rows], target[start : start + rows])
        wanted = program.load(model)
        restore(model, before)
        engine = Unrolled(program, model, x, target, batch_size, False)
        for start in starts:
            result = engine._run(program.load(model), [list(range(start, start + rows)) if program.batched else start])
            if result is None:
                raise LayerkitError("its numbers are not finite")
            program.store(model, result[0], model.optimizer.step + 1)
        got = program.load(model)
    finally:
        restore(model, before)
    for a, b in zip(wanted, got):
        if abs(a - b) > PROBE_TOLERANCE * max(abs(a), abs(b), 1e-3):
            raise LayerkitError("its layers give other numbers row by row than for a batch")
    return program, list(model.layers)  # the layers stay alive, so that no other takes their id
