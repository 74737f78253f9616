"""The accuracies that the README publishes, and scikit-learn's on the same splits.

Ten fixed splits, seeds 0 to 9, stratified and shuffled, 80 % to train and 20 % held out; one set of defaults for all
three tables. scikit-learn gets the same rows, prepared in the same way, the same size and the same training: Adam with
learning rate 0.01, the same batch size, and the same rule for when the loss has stopped falling.
"""

from __future__ import annotations

import re
import warnings
from contextlib import redirect_stdout
from functools import cache
from io import StringIO

import pytest

from layerkit.cli import main
from layerkit.cli.dataset import Dataset
from layerkit.cli.preparation import Preparation
from layerkit.cli.recipe import LEAST_GAIN, MOST_EPOCHS, PATIENCE, Recipe
from layerkit.data import load_table

pytestmark = pytest.mark.slow

TABLES = [("iris", "species", 8, 95.0), ("penguins", "species", 8, 97.0), ("digits", "digit", 32, 96.0)]
SPLITS = 10


@cache
def mean_accuracy(table: str, target: str, hidden: int) -> float:
    """In percent, as the command prints it."""
    out = StringIO()
    with redirect_stdout(out):
        assert main(["train", table, "--target", target, "--hidden", str(hidden), "--splits", str(SPLITS)]) == 0
    found = re.search(r"accuracy held out, mean of 10 splits: ([\d.]+) %", out.getvalue())
    assert found
    return float(found.group(1))


@pytest.mark.parametrize(("table", "target", "hidden", "least"), TABLES)
def test_the_mean_of_ten_splits_is_at_least_what_is_published(
    table: str, target: str, hidden: int, least: float
) -> None:
    assert mean_accuracy(table, target, hidden) >= least


@pytest.mark.oracle("sklearn")
@pytest.mark.parametrize(("table", "target", "hidden", "least"), TABLES)
def test_scikit_learn_on_the_same_splits_is_within_one_point(
    table: str, target: str, hidden: int, least: float
) -> None:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    dataset = Dataset(load_table(table), target)
    accuracies = []
    for seed in range(SPLITS):
        train, test = dataset.split(0.2, seed)
        preparation = Preparation.fit(train, target, task="auto", missing="fill", kinds=dataset.kinds)
        classifier = MLPClassifier(
            (hidden,),
            activation="tanh",
            learning_rate_init=0.01,
            batch_size=Recipe([hidden]).batch_size_for(len(train)),
            max_iter=MOST_EPOCHS,
            tol=LEAST_GAIN,
            n_iter_no_change=PATIENCE - 1,  # scikit-learn stops after one more
            random_state=seed,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            classifier.fit(preparation.x(train).rows, train.column(target))
        accuracies.append(100 * classifier.score(preparation.x(test).rows, test.column(target)))
    assert mean_accuracy(table, target, hidden) == pytest.approx(sum(accuracies) / SPLITS, abs=1)
