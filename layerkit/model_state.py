"""A model as a plain state, and back: what goes into a model file."""

from __future__ import annotations

from typing import Any

from layerkit import plugins
from layerkit.errors import DataError, ModelFileError, ShapeError, short
from layerkit.layers import Input, Layer, Parameter
from layerkit.rows import as_rows


def state_of(model: Any) -> dict[str, Any]:
    """All that makes the model, as plain dicts, lists, numbers and text."""
    return {
        "name": model.name,
        "seed": model.seed,
        "fan_in": model.fan_in,
        "layers": [_layer_state(layer) for layer in model.layers],
        "loss": model.loss and {"name": model.loss.name, **model.loss.config()},
        "optimizer": model.optimizer and {"name": model.optimizer.name, **model.optimizer.config()},
        "metrics": [name for name, _ in model.metrics],
    }


def _layer_state(layer: Layer) -> dict[str, Any]:
    return {
        "type": type(layer).__name__,
        "name": layer.name,
        "config": layer.config(),
        "parameters": [{"value": p.value, "trainable": p.trainable} for p in layer.parameters],
    }


def fill(model_class: Any, state: Any) -> Any:
    """A model of that class as the state describes it.

    :raises ModelFileError: where the state is not complete, or its numbers do not fit its layers.
    :raises UnknownNameError: where it names a layer or an activation that no plugin brings.
    """
    try:
        model = model_class(name=state["name"], seed=state["seed"])
        if state["fan_in"] is not None:
            model.add(Input(state["fan_in"]))
        for entry in state["layers"]:
            _add_layer(model, entry)
        if state["optimizer"]:
            model.compile(_made("optimizer", state["optimizer"]), _made("loss", state["loss"]), state["metrics"])
        return model
    except (DataError, ShapeError) as error:
        raise ModelFileError(f"load: the model file is damaged: {error}") from None
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise ModelFileError(
            f"load: the model file is not complete ({short(error, 99)}). Fix: save the model anew."
        ) from None


def _add_layer(model: Any, entry: dict[str, Any]) -> None:
    layer = plugins.registry.find("layer", entry["type"])(**entry["config"], name=entry["name"])
    model.add(layer)
    if len(layer.parameters) != len(entry["parameters"]):
        raise ModelFileError(f"load: {layer.label} has other parameters than the file. Fix: save the model anew.")
    for parameter, saved in zip(layer.parameters, entry["parameters"]):
        given = saved["value"] if parameter.is_matrix else [saved["value"]]
        value = Parameter(parameter.name, as_rows("load", parameter.name, given, exact=True))
        if value.shape != (len(parameter.rows()), len(parameter.rows()[0])):
            raise ModelFileError(f"load: {value!r} must be of shape {parameter.shape}. Fix: save the model anew.")
        parameter.set_rows(value.rows())
        parameter.trainable = bool(saved["trainable"])


def _made(kind: str, config: dict[str, Any] | None) -> Any:
    if config is None:
        return None
    return plugins.registry.find(kind, config["name"])(**{name: v for name, v in config.items() if name != "name"})
