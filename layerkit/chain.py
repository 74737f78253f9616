"""Layers in a chain: added, built and named one after the other, and shown as a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from random import Random, SystemRandom
from typing import Any

from layerkit.arguments import require_whole
from layerkit.errors import ArgumentError, ArgumentTypeError, OrderError, short
from layerkit.layers import Input, Layer, Parameter
from layerkit.tables import text_table


class Chain:
    """The layers of a model: the output of each is the input of the next.

    Weights are drawn as soon as the width of the input is known, each layer's from a generator of its own, derived from
    `seed` and the layer's place.
    """

    def __init__(self, layers: Iterable[Layer], name: str | None, seed: int | None) -> None:
        self.name = name
        self.seed = (
            SystemRandom().getrandbits(32) if seed is None else require_whole("Sequential", "seed", seed, at_least=0)
        )
        self.layers: list[Layer] = []
        self.fan_in: int | None = None
        self._units: list[int] = []  # of the layers that are built
        if isinstance(layers, (Layer, str)) or not isinstance(layers, Iterable):
            raise ArgumentTypeError(
                f"Sequential: layers must be a list of layers, got {short(layers)}. Fix: put it in a list."
            )
        for layer in layers:
            self.add(layer)

    def add(self, layer: Layer) -> None:
        """Put a layer at the end of the chain; its weights are drawn as soon as the width of its input is known.

        :raises ArgumentTypeError: where it is no layer.
        :raises ArgumentError: where it is in the chain already, or its name is.
        :raises OrderError: where an Input does not come first.
        :raises ShapeError: where the layer was made for another width than the one before it gives.
        """
        if not isinstance(layer, Layer):
            hint = f"{layer.__name__}(...)" if isinstance(layer, type) and issubclass(layer, Layer) else "Dense(3)"
            raise ArgumentTypeError(
                f"Sequential: add needs a layer, got {short(layer)}. Fix: add a layer object such as {hint}."
            )
        if isinstance(layer, Input):
            if self.layers or self.fan_in is not None:
                raise OrderError(
                    "Sequential: an Input must be the first layer, and there is one layer before. Fix: add it first."
                )
            self.fan_in = layer.fan_in
            return
        if any(layer is other for other in self.layers):
            raise ArgumentError(f"{layer.label}: it is in this Sequential already. Fix: make a second layer object.")
        if layer.name is not None and any(layer.name == other.name for other in self.layers):
            raise ArgumentError(f"{layer.label}: another layer has this name. Fix: choose another name.")
        if not self.layers and self.fan_in is None and layer.fan_in is not None:
            self._build_layer(layer, layer.fan_in)
            self.fan_in = layer.fan_in
        elif self.fan_in is not None:
            self._build_layer(layer, self._units[-1] if self._units else self.fan_in)
        self.layers.append(layer)

    def _build_layer(self, layer: Layer, fan_in: int) -> None:
        position = len(self._units)
        units = layer.build(fan_in, rng=Random(self.seed * 1_000_003 + position + 1))
        if layer.name is None:
            layer.name = self._free_name(type(layer).__name__)
        if not layer.trainable:
            layer.trainable = False  # those that were just drawn, too
        for parameter in layer.parameters:
            parameter.name = f"{layer.name}.{parameter.name.rpartition('.')[2]}"
        self._units.append(units)

    def _free_name(self, class_name: str) -> str:
        taken = {layer.name for layer in self.layers}
        stem = "".join("_" + c.lower() if c.isupper() and k else c.lower() for k, c in enumerate(class_name))
        stem = stem[: -len("_layer")] if stem.endswith("_layer") else stem
        number = 1
        while f"{stem}_{number}" in taken:
            number += 1
        return f"{stem}_{number}"

    def _build(self, fan_in: int) -> None:
        """Draw the weights of all layers, now that the width of the input is known."""
        if not self.layers:
            raise OrderError("Sequential: it has no layers. Fix: add some first.")
        if self.fan_in is None:
            with self._unbuilt_if_refused():
                for layer in self.layers:
                    self._build_layer(layer, self._units[-1] if self._units else fan_in)
                self.fan_in = fan_in

    @contextmanager
    def _unbuilt_if_refused(self) -> Iterator[None]:
        """Where data turn out not to fit, the weights that were drawn for them are forgotten again."""
        before = None if self._units else [dict(vars(layer)) for layer in self.layers]
        try:
            yield
        except BaseException:
            if before is not None and self._units:
                for layer, attributes in zip(self.layers, before):
                    vars(layer).clear()
                    vars(layer).update(attributes)
                self.fan_in, self._units = None, []
            raise

    @property
    def units(self) -> int:
        """The number of outputs.

        :raises OrderError: before the width of the input is known.
        """
        if not self._units:
            raise OrderError("units: the model is not built yet. Fix: begin it with Input(n), or fit it first.")
        return self._units[-1]

    @property
    def parameters(self) -> list[Parameter]:
        """All parameters, in the order of the layers."""
        return [parameter for layer in self.layers for parameter in layer.parameters]

    @property
    def trainable_weights(self) -> list[Parameter]:
        """The parameters that training changes."""
        return [parameter for parameter in self.parameters if parameter.trainable]

    @property
    def trainable(self) -> bool:
        """Whether training changes any parameter; setting it sets that of each layer."""
        return any(layer.trainable for layer in self.layers)

    @trainable.setter
    def trainable(self, trainable: bool) -> None:
        for layer in self.layers:
            layer.trainable = trainable

    @property
    def exact(self) -> bool:
        """Whether it computes with ints and fractions instead of floats, as its first weight says."""
        first = next((parameter.rows()[0][0] for parameter in self.parameters), 0.0)
        return type(first) is not float

    def summary_text(self) -> str:
        """The table that `summary` prints."""
        built = bool(self._units)
        rows = []
        for k, layer in enumerate(self.layers):
            count: Any = sum(map(len, layer.parameters)) if built else "?"
            shown = f"{layer.name or '?'} ({type(layer).__name__})"
            activation = getattr(layer, "activation", None)
            what = (
                ""
                if activation is None
                else activation.name
                if not isinstance(activation, Layer)
                else activation.short_config()
            )
            rows.append(
                [
                    shown,
                    what if isinstance(what, str) else what["name"],
                    f"(n, {self._units[k] if built else '?'})",
                    count,
                ]
            )
        trained = sum(len(p) for p in self.parameters if p.trainable)
        frozen = sum(len(p) for p in self.parameters if not p.trainable)
        title = f"Model {self.name!r}" if self.name else "Model"
        table = text_table(rows, ["layer", "activation", "output shape", "parameters"])
        counts = f"{trained + frozen} parameters, {trained} trained, {frozen} fixed"
        note = counts if built else "The weights are drawn when the width of the input is known."
        return f"{title}: rows of {self.fan_in or '?'} number{'' if self.fan_in == 1 else 's'}\n{table}\n{note}"

    def summary(self) -> None:
        """Print the layers with their output shapes and parameter counts."""
        print(self.summary_text())

    def __repr__(self) -> str:
        return f"<Sequential of {len(self.layers)} layers, {sum(map(len, self.parameters))} parameters>"
