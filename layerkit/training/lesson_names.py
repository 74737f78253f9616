"""The names of the lesson: i1, w5, b2, h1, o1, so that a program reads like the page of a textbook.

Only layerkit makes these names; no name that a user or a file chose gets into a program.
"""

from __future__ import annotations

from collections.abc import Sequence

from layerkit.layers import ActivationLayer, Dense, Layer, Softmax


class LayerNames:
    """How one layer's numbers are called: its `number` in the chain, the quantity it puts out, its units."""

    def __init__(self, number: int, quantity: str, unit: str) -> None:
        self.number = number
        self.quantity = quantity
        self.unit = unit

    def of(self, quantity: str, count: int) -> list[str]:
        """The names of a quantity for all units: net_h1, net_h2, …"""
        return [f"{quantity}_{self.unit}{k + 1}" for k in range(count)]


def layer_names(layers: Sequence[Layer]) -> list[LayerNames]:
    """Units are h1, h2, … in a hidden layer (h1_1, … where there are several), o1, o2, … in the last.

    A Dense layer begins new units. An activation after one without makes their `out`, the Dense then their `net`; any
    other layer's output has its number: out3_h1.
    """
    dense = [k for k, layer in enumerate(layers) if isinstance(layer, Dense)]
    names: list[LayerNames] = []
    for k, layer in enumerate(layers):
        begun = [j for j in dense if j <= k]
        if not begun:
            unit = "i" if dense else "o"
        elif len(begun) == len(dense):
            unit = "o"
        else:
            unit = "h" if len(dense) == 2 else f"h{len(begun)}_"
        if isinstance(layer, Dense):
            then = layers[k + 1] if k + 1 < len(layers) else None
            quantity = "net" if layer.activation is None and isinstance(then, (ActivationLayer, Softmax)) else "out"
        elif k and isinstance(layer, (ActivationLayer, Softmax)) and names[-1].quantity == "net":
            quantity = "out"
        else:
            quantity = f"out{k + 1}"
        names.append(LayerNames(k + 1, quantity, unit))
    return names


def parameter_names(layers: Sequence[Layer]) -> list[list[list[str]]]:
    """For each parameter the names of its rows: w1, w2, … through all weights in row-major order, b1, … the biases."""
    counts = {"w": 0, "b": 0, "p": 0}
    names = []
    for layer in layers:
        letters = "wb" if isinstance(layer, Dense) else ""
        for k, parameter in enumerate(layer.parameters):
            letter, rows = letters[k : k + 1] or "p", []
            for row in parameter.rows():
                rows.append([f"{letter}{counts[letter] + i + 1}" for i in range(len(row))])
                counts[letter] += len(row)
            names.append(rows)
    return names
