"""The unrolled program: one training step of a model as straight-line Python, compiled."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from layerkit.linalg import Rows
from layerkit.numerics import Number
from layerkit.training.recording import Recording
from layerkit.unroll import Printer

INDENT = "    "


class Program:
    """Trains a model of one shape: `run(state, batches, rate)` → (state, losses, outputs).

    A batch is one row's numbers with `batched=False`, otherwise a list of such rows; a row is inputs, targets and what
    random layers draw, in one tuple. With `rate_varies` each batch brings its learning rate, (batch, rate), and the
    argument counts for nothing. `operations` is the size of the record.

    :raises RecordingError: where something in the step cannot be recorded.
    """

    def __init__(
        self, model: Any, x: Sequence[Number], target: Sequence[Number], *, batched: bool, outputs: bool
    ) -> None:
        self.batched = batched
        self.rate_varies = callable(model.optimizer.learning_rate)
        printer = self._print(Recording(model, x, target), outputs)  # the record is gone before the compiler comes
        self.run = _compiled(self.source, printer)["train"]

    def _print(self, recording: Recording, outputs: bool) -> Printer:
        batched, printer = self.batched, Printer()
        error, out = recording.forward(training=True)
        count = recording.graph.input("n", 1.0) if batched else None
        recording.backward(count)
        gradients = recording.gradients()
        kept = [(f"out_o{k + 1}", value) for k, value in enumerate(out)] if outputs else []
        names, comments = recording.names, recording.comments
        if batched:
            sums = {name: recording.graph.input(f"d{name}", 0.0) for name, _ in gradients}
            added = [(f"d{name}", sums[name] + gradient) for name, gradient in gradients]
            row_lines = printer.lines(
                [("E", error), *kept, *added], names, comments, "add to the gradients of the batch"
            )
            changes, state = recording.update(sums)
            update_lines = printer.lines(changes, {}, [], "update")
        else:
            changes, state = recording.update(dict(gradients))
            outputs_and_changes = [("E", error), *kept, *changes]
            comment = "update: every gradient is known by now"
            row_lines = printer.lines(outputs_and_changes, names, comments, comment, rate="rate")
            sums, update_lines = {}, []
        self.operations = len(recording.graph.values)
        self.parameter_names = [name for rows in recording.parameter_names for row in rows for name in row]
        self.state_names = [*self.parameter_names, *state]
        self.row_names = [value.label for value in (*recording.x[0], *recording.target[0])] + recording.noise
        self.noise_count = len(recording.noise)
        self.functions = printer.functions
        self._random = recording.random_widths
        self.out_names = [name for name, _ in kept]
        self.source = self._source(printer, row_lines, [f"d{name}" for name in sums], update_lines)
        recording.graph.values.clear()  # they hold the graph, and it them
        return printer

    def _source(self, printer: Printer, row: list[str], sums: list[str], update: list[str]) -> str:
        counts_steps = any(_reads(line, "step") for line in [*row, *update])
        names = _tuple([*self.state_names, "step"])
        lines = [*_import(printer), "def train(state, batches, rate):", INDENT + names + " = state"]
        lines += [INDENT + "losses, outputs = [], []"]
        also = ", rate" if self.rate_varies else ""
        begin = ["step = step + 1.0"] if counts_steps else []
        keep = [f"outputs.append({_tuple(self.out_names)})"] if self.out_names else []
        if self.batched:
            lines += [INDENT + f"for rows{also} in batches:"]
            body = [*begin, "n = float(len(rows))", "total = 0.0", *(f"{name} = 0.0" for name in sums)]
            body += [
                f"for {_tuple(self.row_names)} in rows:",
                *(INDENT + line for line in [*row, "total = total + E", *keep]),
            ]
            body += [*update, "losses.append(total / n)"]
        else:
            lines += [INDENT + f"for {_tuple(self.row_names)}{also} in batches:"]
            body = [*begin, *row, "losses.append(E)", *keep]
        lines += [INDENT * 2 + line for line in body]
        lines += [INDENT + f"return {names}, losses, outputs", ""]
        return "\n".join(lines)

    def random_layers(self, model: Any) -> list[tuple[Any, int]]:
        """The model's layers that draw numbers while training, and how many for a row."""
        return [(model.layers[k], width) for k, width in self._random]

    def load(self, model: Any) -> tuple[Number, ...]:
        """The model's parameters, optimizer state and step count as the program's state."""
        parameters = [float(v) for parameter in model.parameters for row in parameter.rows() for v in row]
        kept = [
            float(number)
            for parameter in model.parameters
            if parameter.trainable
            for rows in model.optimizer.row_states(parameter)
            for row in rows
            for number in row
        ]
        return (*parameters, *kept, float(model.optimizer.step))

    def store(self, model: Any, state: Sequence[Number], steps: int) -> None:
        """Put a state of the program into the model; `steps` updates have been made in all."""
        numbers = iter(state)
        for parameter in model.parameters:
            parameter.set_rows([[next(numbers) for _ in row] for row in parameter.rows()])
        for parameter in model.parameters:
            if parameter.trainable:
                like = model.optimizer.row_states(parameter)
                model.optimizer.set_row_states(
                    parameter, [tuple([next(numbers) for _ in row] for row in rows) for rows in like]
                )
        model.optimizer.step = steps


class ForwardProgram:
    """The forward pass for many rows: `run(parameters, rows)` → (losses, outputs), losses only `with_loss`.

    A row is the inputs, and `with_loss` the targets after them, in one tuple.

    :raises RecordingError: where a layer cannot be recorded.
    """

    def __init__(self, model: Any, x: Sequence[Number], target: Sequence[Number], *, with_loss: bool) -> None:
        recording = Recording(model, x, target if with_loss else [])
        printer = Printer()
        error, out = recording.forward(training=False) if with_loss else (None, recording.output())
        outputs = [("E", error)] if error is not None else []
        outputs += [(f"out_o{k + 1}", value) for k, value in enumerate(out)]
        lines = printer.lines(outputs, recording.names, recording.comments)
        weights = [name for rows in recording.parameter_names for row in rows for name in row]
        row = [value.label for value in (*recording.x[0], *recording.target[0])]
        body = [
            *lines,
            *(["losses.append(E)"] if with_loss else []),
            f"outputs.append([{', '.join(n for n, _ in outputs if n != 'E')}])",
        ]
        head = [*_import(printer), "def run(parameters, rows):", INDENT + _tuple(weights) + " = parameters"]
        head += [INDENT + "losses, outputs = [], []", INDENT + f"for {_tuple(row)} in rows:"]
        self.source = "\n".join([*head, *(INDENT * 2 + line for line in body), INDENT + "return losses, outputs", ""])
        self.run = _compiled(self.source, printer)["run"]


class Predictor:
    """The forward pass of a model for one row, as one function of straight-line Python: `source`, and `function`.

    The weights are numbers in the text; it does not change when the model is trained on.

    :raises RecordingError: where a layer cannot be recorded.
    """

    def __init__(self, model: Any, x: Sequence[Number]) -> None:
        recording = Recording(model, x, [])
        printer = Printer()
        out = recording.output()
        outputs = [(f"out_o{k + 1}", value) for k, value in enumerate(out)]
        weights = {
            name: number
            for names, parameter in zip(recording.parameter_names, model.parameters)
            for row, numbers in zip(names, parameter.rows())
            for name, number in zip(row, numbers)
        }
        lines = printer.lines(outputs, recording.names, recording.comments, "", weights)
        head = (
            [f"from math import {', '.join(sorted(printer.math_functions))}", "", ""] if printer.math_functions else []
        )
        head += ["def predict(row):", INDENT + _tuple([value.label for value in recording.x[0]]) + " = row"]
        body = [*lines, f"return [{', '.join(name for name, _ in outputs)}]"]
        self.source = "\n".join([*head, *(INDENT + line for line in body), ""])
        self.function = _compiled(self.source, printer)["predict"]


def _import(printer: Printer) -> list[str]:
    functions = ", ".join(sorted(printer.math_functions))
    return [f"from math import {functions}", "", ""] if functions else []


def _compiled(source: str, printer: Printer) -> dict[str, Any]:
    namespace: dict[str, Any] = dict(printer.functions)
    exec(compile(source, "<layerkit program>", "exec"), namespace)
    return namespace


def _tuple(names: Sequence[str]) -> str:
    return f"({', '.join(names)}{',' if len(names) == 1 else ''})"


def _reads(line: str, name: str) -> bool:
    return re.search(rf"\b{name}\b", line) is not None


def rows_of(x: Rows, target: Rows) -> list[tuple[Number, ...]]:
    """Each row's inputs and targets in one tuple of floats."""
    return [tuple(map(float, (*a, *b))) for a, b in zip(x, target)]
