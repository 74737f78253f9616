"""Whether a model is trained object by object or by the unrolled program.

The choice depends on the model's shape and the batch size alone, never on how long a training is to be, so that a run
in two parts gives the same bits as a run in one. The limits are measured by `benchmarks/thresholds.py`, which says how.
"""

from __future__ import annotations

import gc
import os
import random
import sys
from collections.abc import Callable
from typing import Any

from layerkit.activation import Activation
from layerkit.errors import RecordingError
from layerkit.layers import Layer, Parameter
from layerkit.linalg import Rows
from layerkit.training import side_by_side
from layerkit.training.engines import Eager, Unrolled
from layerkit.training.program import ForwardProgram, Program

# The most parameters with which the unrolled program is at least as fast as the layers: (one row a batch, more rows).
LIMITS = {"cpython": (3000, 1800), "cpython before 3.12": (3000, 3000), "pypy": (400, 250)}
ROWS_WORTH_A_PROGRAM = 500
PROGRAMS_KEPT = 16


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
    try:
        model.optimizer.current_rate()
    except Exception:  # of the user's function; it is met again where it is needed
        return eager

    varies = callable(model.optimizer.learning_rate)

    def make() -> Program:
        program = Program(model, x[0], target[0], batched=batch_size > 1, outputs=bool(model.metrics))
        side_by_side.check_training(program, model, x, target, batch_size)
        return program

    try:
        program: Program = _kept_or_made(model, ("train", batch_size > 1, varies), make)
    except Exception as error:
        if _is_strict(model) and not isinstance(error, ArithmeticError):
            raise
        note(f"training object by object: the model cannot be unrolled ({error})")
        return eager
    return Unrolled(program, model, x, target, batch_size, shuffle)


def forward_program(model: Any, x: Rows, target: Rows | None) -> ForwardProgram | None:
    """The program for the forward pass of these rows, with the loss where there are targets; None where the layers do.

    A program is worth making for rows in the hundreds.

    :raises RecordingError: with ``LAYERKIT_STRICT``, where a built-in layer cannot be recorded.
    """
    size = sum(map(len, model.parameters))
    if model.run_eagerly or model.exact or not 0 < size <= parameter_limits()[1] or len(x) < ROWS_WORTH_A_PROGRAM:
        return None

    def make() -> ForwardProgram:
        program = ForwardProgram(model, x[0], target[0] if target else [], with_loss=target is not None)
        side_by_side.check_forward(program, model, x, target)
        return program

    try:
        program: ForwardProgram = _kept_or_made(model, ("forward", target is not None), make)
    except ArithmeticError:
        return None
    except Exception:
        if _is_strict(model):
            raise
        return None
    return program


def _kept_or_made(model: Any, use: tuple[Any, ...], make: Callable[[], Any]) -> Any:
    """The model's program for this use; made where there is none yet for a model such as it is now.

    :raises RecordingError: where there can be none, which is remembered as well.
    """
    key = (*use, _fingerprint(model, training=use != ("forward", False)))
    if key not in model.programs:
        generator = random.getstate()  # somebody's layer may draw from it
        collecting = gc.isenabled()
        gc.disable()  # a recording makes many objects, all of which stay: to search them takes a fifth of the time
        try:
            made = make()
        except ArithmeticError:  # of these rows; others may do
            raise
        except Exception as error:
            made = str(error)
            if _is_strict(model):
                raise
        finally:
            random.setstate(generator)
            if collecting:
                gc.enable()
        while len(model.programs) >= PROGRAMS_KEPT:
            del model.programs[next(iter(model.programs))]
        model.programs[key] = made
    found = model.programs[key]
    if isinstance(found, str):
        raise RecordingError(found)
    return found


def _is_strict(model: Any) -> bool:
    """Whether a failure is raised: in the tests, where layerkit's own objects cannot be unrolled."""
    return bool(os.environ.get("LAYERKIT_STRICT")) and side_by_side.is_own(model)


# -- when a program still holds -----------------------------------------------------------------------------------

_OF_A_BATCH = {"x", "out", "dout", "dx", "net", "delta", "mask", "name", "rng"}  # in a layer
_OF_A_STEP = {"_learning_rate", "step", "_state", "_seen"}  # in an optimizer or a loss


class _Same:
    """Equal only to the same object, which stays alive, so that no other takes its place."""

    def __init__(self, thing: Any) -> None:
        self.thing = thing

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.thing is other.thing

    def __hash__(self) -> int:
        return id(self.thing)


def _fingerprint(model: Any, *, training: bool = True) -> tuple[Any, ...]:
    """Equal as long as a recorded program still says what the model's objects do."""
    layers = tuple((_Same(layer), _settings(layer, _OF_A_BATCH)) for layer in model.layers)
    rules = tuple(_settings(rule, _OF_A_STEP) for rule in (model.optimizer, model.loss)) if training else ()
    return layers, tuple((p.trainable, p.shape) for p in model.parameters), rules, bool(model.metrics)


def _settings(thing: Any, left_out: set[str]) -> tuple[Any, ...]:
    """The type of an object and its attributes, but for those that change with every batch."""
    return type(thing), tuple(
        (name, _plain(value)) for name, value in sorted(vars(thing).items()) if name not in left_out
    )


def _plain(value: Any) -> Any:
    if isinstance(value, (Layer, Activation)):
        return _Same(value), _settings(value, _OF_A_BATCH)
    shown_by_address: Any = object.__repr__
    if callable(value) or isinstance(value, Parameter) or type(value).__repr__ is shown_by_address:
        return _Same(value)
    return repr(value)
