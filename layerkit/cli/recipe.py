"""What kind of network is trained, and how: the choices of `layerkit train` beside the data."""

from __future__ import annotations

from collections.abc import Sequence

from layerkit.layers import Dense
from layerkit.linalg import Rows
from layerkit.optimizers import get_optimizer
from layerkit.sequential import Sequential
from layerkit.training import EarlyStopping
from layerkit.training.passes import require_trainable

MOST_EPOCHS = 200
LEAST_GAIN = 0.001  # a fall of the loss that counts, when training ends by itself
PATIENCE = 5  # epochs without such a fall
LARGEST_BATCH = 32


class Recipe:
    """Hidden layers of `hidden` units each, then softmax with cross-entropy or a linear unit with squared error.

    Where `epochs` is None, training ends when the training loss has stopped falling, after 200 epochs at the latest.
    Where `batch_size` is None, it is 32, but not more than a tenth of the training rows, so that a small table gets as
    many updates in an epoch as it needs to tell whether the loss falls.

    :raises UnknownNameError: where the activation or the optimizer is not known.
    :raises NotDifferentiableError: where the activation is one such as step.
    :raises ArgumentError: where a number makes no sense.
    """

    def __init__(
        self,
        hidden: Sequence[int],
        *,
        activation: str = "tanh",
        optimizer: str = "adam",
        learning_rate: float = 0.01,
        epochs: int | None = None,
        batch_size: int | None = None,
    ) -> None:
        self.hidden = list(hidden)
        self.activation = activation
        self.optimizer = type(get_optimizer(optimizer))
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.batch_size = batch_size
        require_trainable([Dense(1, activation)])  # what makes no sense is an error before a table is read
        self.optimizer(learning_rate)

    def network(self, fan_in: int, units: int, *, task: str, seed: int) -> Sequential:
        """The compiled network with its first weights."""
        output, loss = ("softmax", "categorical_crossentropy") if task == "classification" else (None, "mse")
        model = Sequential(seed=seed)
        for count in self.hidden:
            model.add(Dense(count, self.activation, fan_in=None if model.layers else fan_in))
        model.add(Dense(units, output))
        model.compile(self.optimizer(self.learning_rate), loss)
        return model

    def batch_size_for(self, count: int) -> int:
        """The batch size for that many training rows."""
        return self.batch_size or max(1, min(LARGEST_BATCH, count // 10))

    def train(self, model: Sequential, x: Rows, y: Rows, *, verbose: int | str) -> None:
        """Fit the model.

        :raises NumericsError: where a number is not finite.
        """
        stopping = EarlyStopping("loss", patience=PATIENCE, min_delta=LEAST_GAIN)
        model.fit(
            x,
            y,
            epochs=self.epochs or MOST_EPOCHS,
            batch_size=self.batch_size_for(len(x)),
            callbacks=[] if self.epochs else [stopping],
            verbose=verbose,
        )

    def describe(self, model: Sequential, task: str, rows: int) -> list[str]:
        """Lines for a reader: the network, and how it will be trained on that many rows."""
        widths = [str(model.fan_in), *(f"{count} {self.activation}" for count in self.hidden)]
        widths.append(f"{model.units} {'softmax' if task == 'classification' else 'linear'}")
        until = f"{self.epochs}" if self.epochs else f"until the loss stops falling, at most {MOST_EPOCHS}"
        return [
            f"network: {' → '.join(widths)}, {sum(map(len, model.parameters))} parameters",
            f"training: {self.optimizer.name}, learning rate {self.learning_rate:g}, "
            f"batch size {self.batch_size_for(rows)}, epochs: {until}",
        ]
