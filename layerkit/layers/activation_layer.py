"""An activation as a layer: one function for every number of the batch."""

from __future__ import annotations

from operator import mul
from typing import Any

from layerkit import plugins
from layerkit.activation import Activation, not_differentiable
from layerkit.errors import unknown_name
from layerkit.layers.base import Layer
from layerkit.layers.softmax import Softmax
from layerkit.linalg import Rows
from layerkit.numerics import Number


class ActivationLayer(Layer):
    """out = f(x), number by number, (n, width) → (n, width); dx = dout · f′(x).

    >>> layer = ActivationLayer("sigmoid")
    >>> layer.forward([[0.0]]), layer.backward([[4.0]])
    ([[0.5]], [[1.0]])

    :raises UnknownNameError: where no plugin brings an activation of that name.
    """

    def __init__(self, activation: Any, *, name: str | None = None) -> None:
        self.activation: Activation = plugins.get_activation(activation)
        self.name = name

    def forward(self, x: Rows, *, training: bool = False) -> Rows:
        """f of every number."""
        self.check_x(x)
        try:
            out = [self.activation.of_row(row) for row in x]
        except TypeError:
            self.check_numbers("x", x)
            raise
        self.x, self.out = x, out
        return self.out  # type: ignore[no-any-return]

    def backward(self, dout: Rows) -> Rows:
        """dout · f′(x).

        :raises OrderError: before forward.
        :raises NotDifferentiableError: where the activation has neither derivative nor surrogate.
        """
        if not self.activation.trainable:
            raise not_differentiable(self.activation)
        self.check_dout(dout)
        slopes = map(self.activation.slopes_of_row, self.x, self.out)
        self.dout, self.dx = dout, [list(map(mul, d, slope)) for d, slope in zip(dout, slopes)]
        return self.dx  # type: ignore[no-any-return]

    def short_config(self) -> Any:
        """The name alone, or name and parameters where they are not the defaults of that name."""
        name, parameters = self.activation.name, self.activation.parameters
        registered = plugins.activations().get(name)
        if registered is None or registered.function is not self.activation.function:
            return f"{name} (not registered)"  # no name would find it again
        return name if registered.parameters == parameters else {"name": name, **parameters}

    def __getstate__(self) -> dict[str, Any]:
        """A registered activation is pickled as its name and parameters: the functions inside may have no name."""
        registered = plugins.activations().get(self.activation.name)
        known = registered is not None and registered.function is self.activation.function
        return {**self.__dict__, "activation": self.short_config()} if known else self.__dict__

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if not isinstance(self.activation, Activation):
            self.activation = plugins.get_activation(self.activation)

    def config(self) -> dict[str, Any]:
        return {"activation": self.short_config()}


def get_activation_layer(wanted: Any) -> ActivationLayer | Softmax | None:
    """The layer for what users write as `activation=`: None, a name, a function, an Activation or such a layer.

    :raises UnknownNameError: where no plugin brings that name.
    """
    if wanted is None:
        return None
    if wanted is Softmax or getattr(wanted, "makes_activation_layer", False):
        wanted = wanted()  # Dense(3, ReLU), where ReLU() was meant
    if isinstance(wanted, (ActivationLayer, Softmax)):
        return wanted.detached()  # the one given may be given to another layer, too, and each must keep its own batch
    if wanted == "softmax":
        return Softmax()
    if isinstance(wanted, str) and wanted not in plugins.activations():
        raise unknown_name("activation", wanted, [*plugins.activations(), "softmax"])
    return None if wanted == "linear" else ActivationLayer(wanted)


def _constructor(activation: str) -> Any:
    def make(*, name: str | None = None, **parameters: Number) -> ActivationLayer:
        found = plugins.get_activation(activation)
        return ActivationLayer(found.configured(**parameters) if parameters else found, name=name)

    make.__name__ = make.__qualname__ = "".join(part.capitalize() for part in activation.split("_"))
    make.makes_activation_layer = True  # type: ignore[attr-defined]
    make.__doc__ = f"ActivationLayer({activation!r}), with the activation's parameters as keyword arguments."
    return make


Step = _constructor("step")
Sign = _constructor("sign")
Linear = _constructor("linear")
Sigmoid = _constructor("sigmoid")
Tanh = _constructor("tanh")
ReLU = _constructor("relu")
LeakyReLU = _constructor("leaky_relu")
ELU = _constructor("elu")
SELU = _constructor("selu")
Softplus = _constructor("softplus")
Softsign = _constructor("softsign")
SiLU = _constructor("silu")
GELU = _constructor("gelu")
Mish = _constructor("mish")
HardSigmoid = _constructor("hard_sigmoid")
