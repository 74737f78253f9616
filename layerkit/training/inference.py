"""Using a model without training it: outputs, loss and metrics, by the layers or, for many rows, by a program.

What the layers show of the last batch stays as it is.
"""

from __future__ import annotations

from typing import Any

from layerkit.linalg import Rows
from layerkit.numerics import Number, is_finite, mean
from layerkit.training import choice, passes
from layerkit.training.program import rows_of


def predict(model: Any, x: Rows) -> Rows:
    """The output (n, units) for rows x (n, fan_in).

    :raises NumericsError: where an output is not finite; the message names the layer.
    """
    found = _by_program(model, x, None)
    if found is not None:
        return found[1]
    layers = [layer.detached() for layer in model.layers]
    return passes.require_finite_output("predict", layers, passes.forward(layers, x, training=False))


def measure(model: Any, x: Rows, target: Rows) -> dict[str, Number]:
    """Loss and metrics by name, for rows and targets that are checked already.

    :raises NumericsError: where the loss is not finite.
    """
    found = _by_program(model, x, target)
    if found is not None:
        loss, out = mean(found[0]), found[1]
    else:
        layers = [layer.detached() for layer in model.layers]
        loss, out = passes.measure(layers, model.loss, x, target, training=False)
    return {"loss": loss, **{name: metric(out, target) for name, metric in model.metrics}}


def _by_program(model: Any, x: Rows, target: Rows | None) -> tuple[list[Number], Rows] | None:
    """Losses and outputs, or None where the layers are to do it: for few rows, or to say what is not finite."""
    program = choice.forward_program(model, x, target)
    if program is None:
        return None
    weights = [float(value) for parameter in model.parameters for row in parameter.rows() for value in row]
    try:
        losses, out = program.run(weights, rows_of(x, [()] * len(x) if target is None else target))
        finite = all(map(is_finite, losses)) and all(is_finite(value) for row in out for value in row)
    except Exception:  # whatever it is: the layers repeat it, and say what is wrong
        return None
    return (losses, out) if finite else None
