"""A model file with what prepares its data."""

from __future__ import annotations

from typing import Any

from layerkit.cli.preparation import Preparation
from layerkit.errors import LayerkitError, ModelFileError
from layerkit.saving import read_json
from layerkit.sequential import Sequential


class ModelFile:
    """The model in a file, and its preparation where there is one (None where `Sequential.save` wrote the file)."""

    def __init__(self, model: Sequential, preparation: Preparation | None) -> None:
        self.model = model
        self.preparation = preparation

    @classmethod
    def read(cls, path: str) -> ModelFile:
        """What `layerkit train --save` wrote to that path.

        :raises ModelFileError: where the file cannot be read, is damaged, or its parts do not fit together.
        """
        content = read_json(path)
        state: Any = content.get("preparation")
        try:
            model = Sequential.from_state(content.get("model") or {})
            preparation = None if state is None else Preparation.from_state(state)
        except LayerkitError as error:  # also an activation that is not known here
            raise ModelFileError(f"{path!r}: {error}") from None
        if preparation is not None and (preparation.fan_in, preparation.units) != (model.fan_in, model.units):
            raise ModelFileError(
                f"{path!r}: the preparation is for {preparation.fan_in} inputs and {preparation.units} "
                f"outputs, the model has {model.fan_in} and {model.units}. Fix: train and save it again."
            )
        return cls(model, preparation)
