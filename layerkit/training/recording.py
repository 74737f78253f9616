"""Recording one step of training: a model's layers, loss and optimizer run on values with the lesson's names."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Sequence
from typing import Any

from layerkit.activation import BUILT_IN, Activation
from layerkit.errors import RecordingError
from layerkit.graph import Graph, Value
from layerkit.layers import ActivationLayer, Dense, Layer
from layerkit.linalg import Rows
from layerkit.numerics import Number
from layerkit.training import passes
from layerkit.training.lesson_names import layer_names, parameter_names
from layerkit.unroll import call

Output = tuple[str, Value]


class Recording:
    """One step of training, recorded: `forward`, then `backward`, then `update`.

    `row` names the numbers of one row: inputs, targets, and what random layers draw. `state` names what lasts from step
    to step: the parameters, then the optimizer's state. `names` and `comments` are for printing.

    :raises RecordingError: where something in the step cannot be recorded.
    """

    def __init__(self, model: Any, x: Sequence[Number], target: Sequence[Number]) -> None:
        self.graph = Graph(for_program=True)
        self.names: dict[Value, str] = {}
        self.comments: list[tuple[int, str]] = []
        self.layers = [_copy_for_recording(layer) for layer in model.layers]
        self.layer_names = layer_names(self.layers)
        self.parameters = [parameter for layer in self.layers for parameter in layer.parameters]
        self.parameter_names = parameter_names(self.layers)
        for parameter, rows in zip(self.parameters, self.parameter_names):
            parameter.set_rows([self._inputs(names, row) for names, row in zip(rows, parameter.rows())])
        self.x: Rows = [self._inputs([f"i{k + 1}" for k in range(len(x))], x)]
        self.target: Rows = [self._inputs([f"target_o{k + 1}" for k in range(len(target))], target)]
        self.noise: list[str] = []
        self.random_widths: list[tuple[int, int]] = []  # of each layer that draws: its place, how many for a row
        for k, layer in enumerate(self.layers):
            if hasattr(layer, "draw_mask"):
                layer.draw_mask = self._mask_of(k)
        self.loss = copy.copy(model.loss)
        self.optimizer = copy.copy(model.optimizer)

    def _inputs(self, names: Sequence[str], numbers: Sequence[Number]) -> list[Any]:
        return [self.graph.input(name, float(number)) for name, number in zip(names, numbers)]

    def _mask_of(self, place: int) -> Callable[[int, int], Rows]:
        """What a random layer draws for a row, as named values to be drawn anew for each row."""

        def draw_mask(count: int, width: int) -> Rows:
            names = [f"mask{len(self.noise) + k + 1}" for k in range(width)]
            self.noise += names
            self.random_widths.append((place, width))
            return [self._inputs(names, [1.0] * width)]

        return draw_mask

    def _note(self, comment: str) -> None:
        self.comments.append((len(self.graph.values), comment))

    def _name(self, names: Sequence[str], values: Sequence[Any]) -> None:
        for value, name in zip(values, names):
            if isinstance(value, Value) and value.node is not None:
                self.names.setdefault(value, name)

    def output(self, *, training: bool = False) -> list[Any]:
        """Record a row's output."""
        out = self.x
        for layer, label in zip(self.layers, self.layer_names):
            is_dense = isinstance(layer, Dense)
            self._note(
                f"forward, layer {label.number}: " + ("net = W x + b, out = f(net)" if is_dense else "out = f(x)")
            )
            out = layer.forward(out, training=training)
            if isinstance(layer, Dense) and layer.activation is not None:
                self._name(label.of("net", layer.units), layer.net[0])
            self._name(label.of(label.quantity, len(out[0])), out[0])
        if not all(isinstance(value, Value) for value in out[0]):
            raise RecordingError("an output does not depend on the inputs. Fix: check the last layer.")
        return list(out[0])

    def forward(self, *, training: bool) -> tuple[Value, list[Any]]:
        """Record a row's loss and output."""
        out: Rows = [self.output(training=training)]
        self._note("error of this row")
        self.paired = passes.pairs(self.layers, self.loss)
        final = passes.final_activation(self.layers)
        seen = final.x if self.paired and final is not None else out
        error = self.loss.measure(seen, self.target, from_logits=self.paired)
        if not isinstance(error, Value):
            raise RecordingError(f"the loss does not depend on the output: it is {error!r}. Fix: use another loss.")
        self.names[error] = "E"
        return error, list(out[0])

    def backward(self, count: Value | None) -> None:
        """Record the gradients of all parameters for a row, divided by `count`, the rows in the batch, if given."""
        self._note("backward: how the error changes with each output")
        dout = self.loss.backward()
        if count is not None:
            dout = [[gradient / count for gradient in row] for row in dout]
        if not self.paired:
            self._name(self.layer_names[-1].of("dout", len(dout[0])), dout[0])
        labels = {id(layer): label for layer, label in zip(self.layers, self.layer_names)}

        def visit(layer: Layer) -> None:
            rule = "delta = dE/dnet = dE/dout * dout/dnet" if isinstance(layer, Dense) else "dE/dx = dE/dout * dout/dx"
            self._note(f"backward, layer {labels[id(layer)].number}: {rule}")

        passes.propagate(self.layers, dout, from_logits=self.paired, visit=visit)
        for layer, label in zip(self.layers, self.layer_names):
            if isinstance(layer, Dense):
                self._name(label.of("delta", layer.units), layer.delta[0])

    def gradients(self) -> list[Output]:
        """The gradient of each trained parameter, by the parameter's name."""
        return [
            (name, gradient)
            for parameter, rows in zip(self.parameters, self.parameter_names)
            if parameter.trainable
            for names, row in zip(rows, parameter.grad_rows())
            for name, gradient in zip(names, row)
        ]

    def update(self, gradients: dict[str, Any]) -> tuple[list[Output], list[str]]:
        """Record the optimizer's update from gradients by parameter name: what changes, and the names of its state.

        Parameters come in the textbook's order, the last layer first.
        """
        self._note("the optimizer's rule")
        rate = self.graph.input("rate", float(self.optimizer.current_rate()))
        step = self.graph.input("step", float(self.optimizer.step + 1))
        changes: dict[int, list[Output]] = {}
        state: list[str] = []
        for parameter, rows in zip(self.parameters, self.parameter_names):
            change: list[Output] = []
            for names, row in zip(rows, parameter.rows() if parameter.trainable else []):
                before = [
                    self._inputs([f"s{slot + 1}_{name}" for name in names], numbers)
                    for slot, numbers in enumerate(self.optimizer.begin_row([value.value for value in row]))
                ]
                state += [value.label for slot in before for value in slot]
                g = [gradients[name] for name in names]
                new_row, after = self.optimizer.update_row(row, g, tuple(before), rate, step)
                for old_slot, new_slot in zip(before, after):
                    change += [(old.label, new) for old, new in zip(old_slot, new_slot)]
                change += list(zip(names, new_row))
            changes[id(parameter)] = change
        backwards = [parameter for layer in reversed(self.layers) for parameter in layer.parameters]
        ordered = [output for parameter in backwards for output in changes[id(parameter)]]
        if not all(isinstance(value, Value) for _, value in ordered):
            raise RecordingError("an update does not depend on the weights. Fix: let update_row use its arguments.")
        return ordered, state


def is_built_in(activation: Activation) -> bool:
    """Whether it is one of layerkit's own, with whatever parameters."""
    return any(
        activation.function is own.function and activation.given_derivative is own.given_derivative for own in BUILT_IN
    )


class _Recordable:
    """An activation in a recording: what cannot be recorded becomes a call, one for each value."""

    def __init__(self, activation: Activation) -> None:
        self.activation = activation
        self.name = activation.name
        self.trainable = activation.trainable
        self.by_calls = activation.derivative  # one object, so that it is one function in the program
        self.must_record = is_built_in(activation) and bool(os.environ.get("LAYERKIT_STRICT"))

    def __call__(self, x: Any) -> Any:
        try:
            return self.activation(x)
        except Exception:
            if self.must_record:
                raise
            return call(self.activation, x)

    def of_row(self, row: Sequence[Any]) -> list[Any]:
        return list(map(self, row))

    def slopes_of_row(self, row: Sequence[Any], out: Sequence[Any]) -> list[Any]:
        return list(map(self.derivative, row, out))

    def derivative(self, x: Any, out: Any) -> Any:
        try:
            return self.activation.derivative(x, out)
        except Exception:
            if self.must_record:
                raise
            return call(self.by_calls, x, out)


def _copy_for_recording(layer: Layer) -> Any:
    """A copy that shares nothing with the layer, its activations ready for values."""
    shared = layer.detached()
    shared.forget_batch()
    alone: Any = copy.deepcopy(shared)
    for owner, original in ((alone, layer), (getattr(alone, "activation", None), getattr(layer, "activation", None))):
        if isinstance(owner, ActivationLayer) and isinstance(original, ActivationLayer):
            owner.activation = _Recordable(original.activation)  # type: ignore[assignment]
    return alone
