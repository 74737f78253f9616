"""How the rows of a table become what a network takes, and its outputs answers: learned from the training part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from layerkit.data import FeatureEncoder, Table, TargetEncoder
from layerkit.data.features import EncodedFeatures
from layerkit.errors import ModelFileError
from layerkit.linalg import Rows


class Preparation:
    """A fitted encoder of the features and one of the target.

    >>> table = Table(["cm", "kind"], [["1", "a"], ["3", "b"]])
    >>> preparation = Preparation.fit(table, "kind", task="auto", missing="fill", kinds={})
    >>> preparation.features.transform(table).rows, preparation.target.transform(table).rows
    ([[-1.0], [1.0]], [[1.0, 0.0], [0.0, 1.0]])
    """

    def __init__(self, features: FeatureEncoder, target: TargetEncoder) -> None:
        self.features = features
        self.target = target

    @classmethod
    def fit(cls, table: Table, target: str, *, task: str, missing: str, kinds: Mapping[str, str]) -> Preparation:
        """Learn from the training part; every column but the target is a feature.

        :raises DataError: where there is nothing to learn from.
        """
        features = FeatureEncoder(missing).fit(table.drop(target), kinds)
        return cls(features, TargetEncoder(target, task).fit(table))

    @property
    def fan_in(self) -> int:
        """How many inputs the network needs."""
        return len(self.features.feature_names)

    @property
    def units(self) -> int:
        """How many outputs it needs."""
        return self.target.units

    @property
    def task(self) -> str:
        """ "classification" or "regression"."""
        return self.target.task

    def x(self, table: Table) -> EncodedFeatures:
        """The features of a table, which may have other columns too."""
        return self.features.transform(table)

    def answers(self, outputs: Rows) -> list[Any]:
        """What each row of outputs means: a class name or a number."""
        return self.target.decode(outputs)

    def state(self) -> dict[str, Any]:
        """All of it, to be saved beside the model."""
        return {"features": self.features.state(), "target": self.target.state()}

    @classmethod
    def from_state(cls, state: Any) -> Preparation:
        """The preparation whose `state()` this is.

        :raises ModelFileError: where it is none.
        """
        if not isinstance(state, dict) or not {"features", "target"} <= set(state):
            raise ModelFileError("load: the file has no proper preparation. Fix: train and save the model again.")
        return cls(FeatureEncoder.from_state(state["features"]), TargetEncoder.from_state(state["target"]))

    def describe(self) -> str:
        """Three lines for a reader."""
        classes = self.target.classes
        what = f"one of {', '.join(classes)}" if classes is not None else "a number"
        return "\n".join(
            [
                f"predicts {self.target.column}: {what}",
                f"inputs: {', '.join(self.features.feature_names)}",
                f"missing values: {self.features.missing}",
            ]
        )
