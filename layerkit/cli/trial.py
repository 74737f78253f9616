"""One split of the data, one network trained on the one part and measured on both."""

from __future__ import annotations

import math
from typing import Any

from layerkit.cli.dataset import Dataset
from layerkit.cli.preparation import Preparation
from layerkit.cli.recipe import Recipe
from layerkit.data import Table
from layerkit.metrics import ConfusionMatrix, mean_absolute_error, mean_squared_error, r2


class Trial:
    """Split by `seed`, prepare by what the training part shows, make the network; then `train`, `measure`, `save`."""

    def __init__(self, dataset: Dataset, recipe: Recipe, *, test_fraction: float, seed: int) -> None:
        self.recipe = recipe
        self.seed = seed
        self.train_part, self.test_part = dataset.split(test_fraction, seed)
        self.preparation = Preparation.fit(
            self.train_part, dataset.target, task=dataset.task, missing=dataset.missing, kinds=dataset.kinds
        )
        self.model = recipe.network(
            self.preparation.fan_in, self.preparation.units, task=self.preparation.task, seed=seed
        )
        self.train_x = self.preparation.x(self.train_part).rows
        self.train_y = self.preparation.target.transform(self.train_part).rows
        self.test_features = self.preparation.x(self.test_part)

    def train(self, *, verbose: int | str) -> None:
        """Fit the network; Ctrl-C leaves it as after the last complete batch."""
        self.recipe.train(self.model, self.train_x, self.train_y, verbose=verbose)

    @property
    def epochs(self) -> int:
        """How many complete epochs there were."""
        return len(self.model.history)

    def measure(self) -> Measured:
        """What the network gets right and wrong, on both parts."""
        return Measured(
            self.preparation.target.classes,
            self._answers(self.train_x, self.train_part),
            self._answers(self.test_features.rows, self.test_part),
        )

    def _answers(self, x: Any, part: Table) -> list[tuple[Any, Any]]:
        """(true, predicted) for each row, class names or numbers."""
        encoder = self.preparation.target
        if encoder.classes is None:
            true: list[Any] = part.numbers(encoder.column)
        else:
            true = encoder.decode(encoder.transform(part).rows)
        return list(zip(true, encoder.decode(self.model.predict(x))))

    def save(self, path: str) -> None:
        """Write the model with its preparation.

        :raises ModelFileError: where the file cannot be written.
        """
        self.model.save(path, preparation=self.preparation.state())


class Measured:
    """True and predicted answers of a training and of a test part; `classes` is None for regression.

    >>> measured = Measured(["a", "b"], [("a", "a"), ("b", "a")], [("b", "b")])
    >>> measured.train, measured.test
    ({'accuracy': 0.5}, {'accuracy': 1.0})
    """

    def __init__(self, classes: list[str] | None, train: list[tuple[Any, Any]], test: list[tuple[Any, Any]]) -> None:
        self.classes = classes
        self.train = _scores(classes, train)
        self.test = _scores(classes, test)
        self.test_answers = test


def _scores(classes: list[str] | None, answers: list[tuple[Any, Any]]) -> dict[str, float]:
    """By name: accuracy for classes; mean absolute error, root of the mean squared error and r2 for numbers."""
    if classes is not None:
        return {"accuracy": sum(true == predicted for true, predicted in answers) / len(answers)}
    true, predicted = ([[value] for value in column] for column in zip(*answers))
    return {
        "mae": mean_absolute_error(predicted, true),
        "rmse": math.sqrt(mean_squared_error(predicted, true)),
        "r2": r2(predicted, true),
    }


def confusion(classes: list[str], answers: list[tuple[Any, Any]]) -> ConfusionMatrix:
    """How often each class was taken for each."""
    true, predicted = zip(*answers)
    return ConfusionMatrix(true, predicted, classes)
