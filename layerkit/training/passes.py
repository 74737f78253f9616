"""One pass of a batch through the layers, forward with the loss and back with the gradients."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from layerkit import plugins
from layerkit.activation import not_differentiable
from layerkit.errors import NumericsError
from layerkit.layers import ActivationLayer, Dense, Layer, Parameter, Softmax
from layerkit.linalg import Rows
from layerkit.losses import Loss
from layerkit.numerics import Number, is_finite


def final_activation(layers: Sequence[Layer]) -> ActivationLayer | Softmax | None:
    """The activation that makes the model's output: the last layer, or the one that a last Dense owns."""
    last = layers[-1]
    owned = last.activation if isinstance(last, Dense) else last
    return owned if isinstance(owned, (ActivationLayer, Softmax)) else None


def pairs(layers: Sequence[Layer], loss: Loss) -> bool:
    """Whether the loss works on the net input of the final activation: softmax or sigmoid with its cross-entropy."""
    final = final_activation(layers)
    if isinstance(final, Softmax):
        return loss.pairs_with == "softmax"
    if final is None or final.activation.name != loss.pairs_with:
        return False
    # Somebody's own function may have that name, too; in a recording a stand-in holds the activation.
    return getattr(final.activation, "activation", final.activation) is plugins.get_activation(loss.pairs_with)


def forward(layers: Sequence[Layer], x: Rows, *, training: bool) -> Rows:
    """The output of the last layer."""
    for layer in layers:
        try:
            x = layer.forward(x, training=training)
        except ArithmeticError as error:
            raise NumericsError(f"{layer.label}: {error}") from None
    return x


def measure(layers: Sequence[Layer], loss: Loss, x: Rows, target: Rows, *, training: bool) -> tuple[Number, Rows]:
    """Loss and output for a batch; targets went through `loss.prepare` before."""
    out = forward(layers, x, training=training)
    final = final_activation(layers)
    if final is not None and pairs(layers, loss):
        return loss.measure(final.x, target, from_logits=True), out
    return loss.measure(out, target), out


def backward(layers: Sequence[Layer], loss: Loss) -> None:
    """Set the gradients of all parameters for the batch that `measure` saw, without dL/dx of the first layer."""
    propagate(layers, loss.backward(), from_logits=pairs(layers, loss))


def propagate(
    layers: Sequence[Layer], dout: Rows, *, from_logits: bool, visit: Callable[[Layer], None] = lambda layer: None
) -> None:
    """`backward` from the gradient of the loss on: at the output, or at the net input of the final activation.

    `visit` is called with each layer before its turn.
    """
    remaining = list(layers)
    if from_logits:
        last = remaining.pop()
        visit(last)
        last.dout = None
        if not isinstance(last, Dense):
            last.dx = dout
        elif remaining:
            dout = last.backward_net(dout)
        else:
            last.set_gradients(dout)
    while remaining:
        layer = remaining.pop()
        visit(layer)
        try:
            if remaining:
                dout = layer.backward(dout)
            else:
                layer.backward_parameters(dout)
        except ArithmeticError as error:
            raise NumericsError(f"{layer.label}: {error}") from None


def require_trainable(layers: Sequence[Layer]) -> None:
    """
    :raises NotDifferentiableError: where gradient descent would have to go through a function such as step.
    """
    for layer in layers:
        owned = getattr(layer, "activation", None)
        for candidate in (layer, owned):
            if isinstance(candidate, ActivationLayer) and not candidate.activation.trainable:
                raise not_differentiable(candidate.activation)


def where_not_finite(layers: Sequence[Layer]) -> str:
    """The first layer whose last output is not finite, as errors name it; nothing where all are."""
    for layer in layers:
        for name in ("net", "out"):
            for row in getattr(layer, name, None) or ():
                for value in row:
                    if not is_finite(value):
                        return f"{layer.label}: {name} is {value!r}"
    return ""


def require_finite_gradients(who: str, parameters: Sequence[Parameter]) -> None:
    """
    :raises NumericsError: where a gradient is infinite or NaN; the message names the parameter.
    """
    for parameter in parameters:
        if not all(is_finite(value) for row in parameter.grad_rows() for value in row):
            raise NumericsError(f"{who}: {parameter.name} has a gradient that is not finite. Fix: scale the data down.")


def require_finite_output(who: str, layers: Sequence[Layer], out: Rows) -> Rows:
    """The output as it is.

    :raises NumericsError: where a number of it is infinite or NaN; the message names the layer.
    """
    if not all(is_finite(value) for row in out for value in row):
        raise NumericsError(
            f"{who}: {where_not_finite(layers)}. Fix: scale the inputs, or train with a lower learning rate."
        )
    return out
