"""A network: layers one after the other, trained and used as a whole."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from random import Random
from typing import Any

from layerkit.arguments import require_whole
from layerkit.chain import Chain
from layerkit.errors import (
    ArgumentTypeError,
    LayerkitError,
    ModelFileError,
    OrderError,
    RecordingError,
    ShapeError,
    short,
)
from layerkit.layers import Layer
from layerkit.linalg import Rows
from layerkit.losses import Loss, get_loss
from layerkit.metrics import Metric, get_metric
from layerkit.model_state import fill, state_of
from layerkit.numerics import Number
from layerkit.optimizers import Optimizer, get_optimizer
from layerkit.rows import as_rows, shape_text
from layerkit.saving import read_json, write_json
from layerkit.training import History, choice, inference, loop, passes, progress
from layerkit.training.engines import train_batch
from layerkit.training.program import Predictor, Program


class Sequential(Chain):
    """Layers in a chain: the output of each is the input of the next.

    The width of the input comes from an `Input` in front, from the first layer's `fan_in`, or from the first data.
    `seed` makes a run repeatable: shuffling and every random layer get generators of their own from it. Without one a
    seed is drawn and kept as `model.seed`.

    >>> from layerkit import Dense, Sequential
    >>> model = Sequential([Dense(1, fan_in=2, weight=[[1.0, 2.0]], bias=[0.5])])
    >>> model.predict([[3.0, 4.0]])
    [[11.5]]

    :raises ArgumentTypeError: where something in `layers` is no layer.
    """

    def __init__(self, layers: Iterable[Layer] = (), *, name: str | None = None, seed: int | None = None) -> None:
        super().__init__(layers, name, seed)
        self.shuffle_rng = Random(self.seed)
        self.optimizer: Optimizer | None = None
        self.loss: Loss | None = None
        self.metrics: list[tuple[str, Metric]] = []
        self.run_eagerly = False
        self.history = History()
        self.stop_training = False
        self.programs: dict[Any, Any] = {}  # compiled, by what they depend on

    # -- what goes in -------------------------------------------------------------------------------------------------

    def _x(self, who: str, x: Any) -> list[list[Number]]:
        """x as rows of the model's width, and the model built.

        :raises ShapeError: where x has another shape.
        """
        rows = as_rows(who, "x", x, exact=self.exact)
        if self.fan_in is not None and len(rows[0]) != self.fan_in:
            raise ShapeError(
                f"{who}: x must be rows of {self.fan_in} number{'' if self.fan_in == 1 else 's'}, as the model's input "
                f"says, got {shape_text(rows)}. Fix: pass rows of {self.fan_in}, or make the model "
                f"with Input({len(rows[0])})."
            )
        self._build(len(rows[0]))
        return rows

    def rows_and_target(self, who: str, x: Any, y: Any) -> tuple[list[list[Number]], Rows]:
        """x and y as the layers and the loss take them, checked; `who` asks, for the message.

        :raises OrderError: before compile.
        """
        if self.optimizer is None:
            raise OrderError(f"{who}: the model is not compiled. Fix: call compile(optimizer, loss) first.")
        if self.loss is None:
            raise OrderError(f"{who}: the model was compiled without a loss. Fix: compile(loss='mse') or another loss.")
        with self._unbuilt_if_refused():
            rows = self._x(who, x)
            return rows, self._target(who, y, rows, self.loss)

    def _target(self, who: str, y: Any, rows: Rows, loss: Loss) -> Rows:
        if y is None:
            raise ArgumentTypeError(f"{who}: y is missing. Fix: pass the targets, one row for each row of x.")
        target = as_rows(who, "y", y, flat=True, exact=self.exact)
        if len(target) != len(rows):
            if len(target) == 1 or len(rows) != 1 or len(target[0]) != 1:
                advice = "pass one target for each row of x"
            else:
                advice = f"write y as [[…]], one row of {len(target)} targets"
            raise ShapeError(
                f"{who}: x and y must have the same number of rows, got {len(rows)} and {len(target)}. Fix: {advice}."
            )
        return loss.prepare(target, self.units)

    # -- training -----------------------------------------------------------------------------------------------------

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        metrics: Sequence[Any] = (),
        run_eagerly: bool = False,
    ) -> None:
        """Say how to train: an optimizer, a loss and metrics, by name or as objects.

        A final softmax or sigmoid is paired with its cross-entropy, which then works on the net input. With
        `run_eagerly` every batch goes through the layer objects.

        :raises UnknownNameError: where a name is not known; the message has the nearest known one.
        """
        if isinstance(metrics, str) or not isinstance(metrics, Iterable):
            raise ArgumentTypeError(f"compile: metrics must be a list, got {short(metrics)}. Fix: ['accuracy'].")
        chosen_optimizer = get_optimizer(optimizer)
        chosen_loss = None if loss is None else get_loss(loss)
        chosen_metrics = [get_metric(metric) for metric in metrics]
        self.optimizer, self.loss, self.metrics = chosen_optimizer, chosen_loss, chosen_metrics
        self.run_eagerly = bool(run_eagerly)

    def fit(
        self,
        x: Any,
        y: Any = None,
        epochs: int = 1,
        batch_size: int = 32,
        *,
        shuffle: bool = True,
        validation_data: tuple[Any, Any] | None = None,
        callbacks: Any = (),
        verbose: Any = "auto",
    ) -> History:
        """Train on rows x (n, fan_in) and targets y (n, units); a flat y will do for one output or class numbers.

        Returns the `History`, which is also `model.history`. Ctrl-C, a number that is not finite, or an error in a
        callback ends it with the parameters, optimizer and history of the last complete batch.

        >>> from layerkit import SGD, Dense, Sequential
        >>> model = Sequential([Dense(1, fan_in=1)], seed=1)
        >>> model.compile(SGD(0.1), loss="mse")
        >>> history = model.fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0], epochs=500)
        >>> round(model.predict([[10.0]])[0][0], 6)
        21.0

        :raises OrderError: before compile.
        :raises ShapeError: where x or y do not fit the model.
        :raises DataError: where x or y hold something else than finite numbers.
        :raises NotDifferentiableError: where the model has a step or sign activation.
        :raises NumericsError: where a number is not finite; the message names epoch, batch and layer.
        """
        require_whole("fit", "epochs", epochs)
        require_whole("fit", "batch_size", batch_size)
        called = loop.as_callbacks(callbacks)
        passes.require_trainable(self.layers)
        if validation_data is not None and (
            not isinstance(validation_data, (tuple, list)) or len(validation_data) != 2
        ):
            raise ArgumentTypeError("fit: validation_data must be a pair (x, y). Fix: validation_data=(x, y).")
        with self._unbuilt_if_refused():
            rows, target = self.rows_and_target("fit", x, y)
            validation = None
            if validation_data is not None:
                validation = self.rows_and_target("fit, validation_data", *validation_data)
            shown = progress.get_progress(verbose, epochs)
        self.history = History()
        engine = choice.choose(self, rows, target, batch_size, bool(shuffle), shown.note)
        loop.run(
            self,
            engine,
            epochs=epochs,
            validation=validation,
            callbacks=called,
            progress=shown,
            history=self.history,
        )
        return self.history

    def train_on_batch(self, x: Any, y: Any) -> Number:
        """One update on one batch, through the layer objects; the loss before it."""
        passes.require_trainable(self.layers)
        rows, target = self.rows_and_target("train_on_batch", x, y)
        return train_batch(self, rows, target)[0]

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "programs": {}}

    def snapshot(self) -> Any:
        """What `restore` takes to go back to this moment; cheap, since updates never change a list in place."""
        values = [parameter.value for parameter in self.parameters]
        state = self.optimizer.state() if self.optimizer is not None else None
        return values, state, [layer.random_states for layer in self.layers]

    def restore(self, snapshot: Any) -> None:
        """Go back to the moment at which `snapshot` was taken."""
        values, state, random_states = snapshot
        for parameter, value in zip(self.parameters, values):
            parameter.value = value
        if self.optimizer is not None and state is not None:
            self.optimizer.restore(state)
        for layer, states in zip(self.layers, random_states):
            layer.restore_random(states)

    # -- use ----------------------------------------------------------------------------------------------------------

    def predict(self, x: Any) -> Rows:
        """The output (n, units) for rows x (n, fan_in). What the layers show of the last batch stays as it is.

        :raises ShapeError: where x is not rows of fan_in numbers.
        :raises NumericsError: where an output is not finite.
        """
        return inference.predict(self, self._x("predict", x))

    def evaluate(self, x: Any, y: Any, *, return_dict: bool = False) -> Any:
        """The loss on x and y, or a list of loss and metrics where there are metrics; a dict with `return_dict`.

        :raises OrderError: before compile.
        """
        logs = inference.measure(self, *self.rows_and_target("evaluate", x, y))
        if return_dict:
            return logs
        return logs["loss"] if len(logs) == 1 else list(logs.values())

    def forward(self, x: Any, *, training: bool = False) -> Rows:
        """Every layer's forward in turn; each layer then shows what it saw. `model(x)` is the same.

        :raises ShapeError: where x is not rows of fan_in numbers.
        """
        rows = self._x("forward", x)
        return passes.require_finite_output(
            "forward", self.layers, passes.forward(self.layers, rows, training=training)
        )

    def __call__(self, x: Any, *, training: bool = False) -> Rows:
        return self.forward(x, training=training)

    def backward(self, dout: Any) -> Rows:
        """Every layer's backward in turn, from the last: dL/dout (n, units) → dL/dx (n, fan_in).

        :raises OrderError: before forward.
        """
        if not self.layers:
            raise OrderError("Sequential: it has no layers. Fix: add some first.")
        gradient: Rows = as_rows("backward", "dout", dout, exact=True)
        for layer in reversed(self.layers):
            gradient = layer.backward(gradient)
        return gradient

    def gradients(self, x: Any, y: Any) -> dict[str, Any]:
        """The gradient of the loss on x and y by each parameter: {name: numbers in the parameter's shape}.

        It goes through the layer objects without training: afterwards each shows what it saw, and nothing is updated.

        :raises OrderError: before compile.
        :raises NumericsError: where the loss or a gradient is not finite; the message names the layer or the parameter.
        """
        passes.require_trainable(self.layers)
        rows, target = self.rows_and_target("gradients", x, y)
        loss = get_loss(self.loss)
        passes.measure(self.layers, loss, rows, target, training=False)
        passes.backward(self.layers, loss)
        passes.require_finite_gradients("gradients", self.parameters)
        return {parameter.name: parameter.grad for parameter in self.parameters}

    # -- the unrolled program -----------------------------------------------------------------------------------------

    def unrolled_source(self, *, batch_size: int = 1) -> str:
        """One training step as straight-line Python, the program that `fit` runs for a network of this size.

        `train(state, batches, rate)` returns the new state, the losses and no outputs. STATE, below it, is the
        model's present state; a batch is one row's inputs and targets in one tuple, or with a batch_size above 1 a list
        of such rows. The text needs nothing but Python's `math`.

        :raises OrderError: before compile, or before the width of the input is known.
        :raises RecordingError: where a layer cannot be recorded.
        """
        require_whole("unrolled_source", "batch_size", batch_size)
        passes.require_trainable(self.layers)
        if self.optimizer is None or self.loss is None:
            raise OrderError(
                "unrolled_source: the model has no optimizer and loss. Fix: call compile(optimizer, loss) first."
            )
        x = self._any_row("unrolled_source")
        target = [1.0] + [0.0] * (self.units - 1)
        program = Program(self, x, target, batched=batch_size > 1, outputs=False)
        if program.functions:
            names = ", ".join(program.functions)
            raise RecordingError(
                f"unrolled_source: {names} cannot be recorded. Fix: write it with layerkit's exp, where, …."
            )
        return f"{program.source}\n\nSTATE = {program.load(self)!r}\n"

    def predictor(self) -> Callable[[Sequence[Number]], list[Number]]:
        """One fast function for one row: [x1, x2, …] → [out1, …], with the weights of this moment.

        >>> from layerkit import Dense, Sequential
        >>> predict = Sequential([Dense(1, weight=[[1.0, 2.0]], bias=[0.5])]).predictor()
        >>> predict([3.0, 4.0])
        [11.5]

        :raises OrderError: before the width of the input is known.
        """
        x = self._any_row("predictor")
        try:
            function: Callable[[Sequence[Number]], list[Number]] = Predictor(self, x).function
        except Exception:
            layers = copy.deepcopy([layer.detached() for layer in self.layers])
            return lambda row: list(passes.forward(layers, [list(row)], training=False)[0])
        return function

    def _any_row(self, who: str) -> list[float]:
        """A row of the model's width to record with.

        :raises OrderError: where the width is not known.
        """
        if self.fan_in is None or not self.layers:
            raise OrderError(
                f"{who}: the width of the input is not known yet. Fix: begin the model with Input(n), or fit it."
            )
        return [0.5] * self.fan_in

    # -- files --------------------------------------------------------------------------------------------------------

    def save(self, path: Any, *, preparation: dict[str, Any] | None = None) -> None:
        """Write the model to a JSON file that `load_model` reads back to exactly the same predictions.

        `preparation` is kept beside it: what turns a table into the model's input, as `layerkit train` uses it.

        :raises OrderError: where the weights are not drawn yet.
        :raises ModelFileError: where the file cannot be written or could not be read back, as with a layer, an
            activation or a metric of your own that no plugin brings.
        """
        if not self._units:
            raise OrderError("save: the model has no weights yet. Fix: begin it with Input(n), or fit it first.")
        state = self.state()
        try:
            self.from_state(state)
        except LayerkitError as error:
            advice = " Fix: register what is your own: layerkit.register(plugin)." if "Fix:" not in str(error) else ""
            raise ModelFileError(f"save: the file could not be read back: {error}{advice}") from None
        write_json(path, state, preparation)

    def state(self) -> dict[str, Any]:
        """All that makes the model, as plain dicts, lists, numbers and text."""
        return state_of(self)

    @classmethod
    def from_state(cls, state: Any) -> Sequential:
        """The model that `state` describes.

        :raises ModelFileError: where the state is not complete.
        """
        model: Sequential = fill(cls, state)
        return model


def load_model(path: Any) -> Sequential:
    """The model in a file that `Sequential.save` wrote.

    :raises ModelFileError: where the file cannot be read or holds no model.
    """
    return Sequential.from_state(read_json(path).get("model"))
